"""``convolve``: convolution with the recorded impulse response of a room, a loudspeaker or a telephone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField, numbers_of
from scenebuild.scene.recording import locate


@dataclass(frozen=True, slots=True)
class Convolution(EffectSpec):
    """Convolution with a recorded impulse response."""

    path: str  # absolute: an impulse response inside the project
    wet: float = 1.0

    NUMBERS: ClassVar = {"wet": NumberField(slips=(0.01,))}
    FILES: ClassVar = ("file",)

    @classmethod
    def parse(cls, name: str, written: Any, scene_path: str) -> Self:
        return cls(locate(written["file"], scene_path), **numbers_of(written, cls.NUMBERS))

    def describe(self) -> str:
        return f"convolution with {os.path.basename(self.path)}, {round(self.wet * 100)} %"

    @property
    def files(self) -> Mapping[tuple[str, str], str]:
        return {("convolve", "file"): self.path}

    def with_files(self, changed: Callable[[str], str]) -> Self:
        return replace(self, path=changed(self.path))
