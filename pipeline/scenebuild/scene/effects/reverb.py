"""``reverb``: an algorithmic reverb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from scenebuild import number_text as words
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField


@dataclass(frozen=True, slots=True)
class Reverb(EffectSpec):
    """An algorithmic reverb."""

    decay_s: float = 1.5  # RT60
    size_m: float = 10.0
    damping: float = 0.5
    predelay_s: float = 0.0
    wet: float = 0.25  # the share of the reverberation in the power of the output, 0 ... 1

    NUMBERS: ClassVar = {
        "decay": NumberField("seconds", attribute="decay_s"),
        "size": NumberField("metres", attribute="size_m"),
        "damping": NumberField(slips=(0.01,)),
        "predelay": NumberField("seconds", (0.001,), "predelay_s"),
        "wet": NumberField(slips=(0.01,)),
    }

    def describe(self) -> str:
        return f"reverb of {words.duration(self.decay_s)}, {round(self.wet * 100)} %"
