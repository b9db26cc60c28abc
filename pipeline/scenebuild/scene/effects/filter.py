"""``high_pass``, ``low_pass``, ``low_shelf``, ``high_shelf`` and ``peak``: filters with constant settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, cast

from scenebuild import number_text as words
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField, numbers_of

FilterKind = Literal["high_pass", "low_pass", "low_shelf", "high_shelf", "peak"]


@dataclass(frozen=True, slots=True)
class Filter(EffectSpec):
    """A filter with constant settings."""

    kind: FilterKind
    hz: float
    gain_db: float = 0.0  # of shelves and peaks
    q: float = 1.0  # of peaks: the centre frequency over the bandwidth

    NUMBERS: ClassVar = {
        "hz": NumberField("Hz", (1000.0,)),
        "gain_db": NumberField("decibels; 0 is unity", (0.1,)),
        "q": NumberField(),
    }

    @classmethod
    def parse(cls, name: str, written: Any, scene_path: str) -> Self:
        fields = written if isinstance(written, dict) else {"hz": written}
        return cls(cast(FilterKind, name), **numbers_of(fields, cls.NUMBERS))

    def describe(self) -> str:
        gain = "" if self.kind in ("high_pass", "low_pass") else f" by {words.gain(self.gain_db)}"
        return f"{self.kind.replace('_', '-')} at {self.hz:g} Hz{gain}"
