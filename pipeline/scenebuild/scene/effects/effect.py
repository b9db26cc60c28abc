"""What every effect of a channel knows of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from scenebuild.scene.fields import NumberField, numbers_of


class EffectSpec(ABC):
    """An effect as the author asked for it. Its subclasses are frozen dataclasses, whose defaults are the format's."""

    __slots__ = ()
    NUMBERS: ClassVar[Mapping[str, NumberField]]  # its fields that hold a number
    FILES: ClassVar[tuple[str, ...]] = ()  # its fields that hold the path of a sound file; the rules look at each

    @classmethod
    def parse(cls, name: str, written: Any, scene_path: str) -> Self:
        """The effect that stands under ``name`` in a checked scene; paths begin at the folder of ``scene_path``."""
        return cls(**numbers_of(written, cls.NUMBERS))

    @abstractmethod
    def describe(self) -> str:
        """What it does, in a few words of a sentence: ``reverb of 1.5 s, 25 %``."""

    @property
    def memory_s(self) -> float:
        """How long it acts on what comes after a loud moment, beside what rings on."""
        return 0.0

    @property
    def files(self) -> Mapping[tuple[str, str], str]:
        """The absolute paths of the sound files that it needs, by the names of the effect and the field."""
        return {}

    def with_files(self, changed: Callable[[str], str]) -> Self:
        """The same effect with other paths."""
        return self
