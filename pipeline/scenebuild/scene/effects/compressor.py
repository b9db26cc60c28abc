"""``compress``: a compressor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scenebuild import number_text as words
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField


@dataclass(frozen=True, slots=True)
class Compression(EffectSpec):
    """A compressor: gain reduction above a threshold."""

    threshold_db: float = -20.0
    ratio: float = 3.0
    attack_s: float = 0.01
    release_s: float = 0.15
    knee_db: float = 6.0
    makeup_db: float = 0.0

    NUMBERS: ClassVar = {
        "threshold": NumberField("dBFS", (-1.0,), "threshold_db"),
        "ratio": NumberField(),
        "attack": NumberField("seconds", (0.001,), "attack_s"),
        "release": NumberField("seconds", (0.001,), "release_s"),
        "knee": NumberField(attribute="knee_db"),
        "makeup": NumberField("decibels", attribute="makeup_db"),
    }

    def describe(self) -> str:
        threshold = f"{self.threshold_db:g}".replace("-", words.MINUS)
        return f"compressor above {threshold} dBFS, {self.ratio:g} to 1"

    @property
    def memory_s(self) -> float:
        return 5 * self.release_s
