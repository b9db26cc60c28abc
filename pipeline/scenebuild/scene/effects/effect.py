"""The base class of the effects of a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from scenebuild.scene.fields import NumberField, numbers_of


class EffectSpec(ABC):
    """The settings of an effect. Subclasses are frozen dataclasses; their defaults are the defaults of the schema."""

    __slots__ = ()
    NUMBERS: ClassVar[Mapping[str, NumberField]]  # its fields that hold a number
    FILES: ClassVar[tuple[str, ...]] = ()  # its fields that hold the path of a sound file

    @classmethod
    def parse(cls, name: str, written: Any, scene_path: str) -> Self:
        """The effect ``name`` with the value ``written``; its paths are relative to the folder of ``scene_path``."""
        return cls(**numbers_of(written, cls.NUMBERS))

    @abstractmethod
    def describe(self) -> str:
        """A short description: ``reverb of 1.5 s, 25 %``."""

    @property
    def memory_s(self) -> float:
        """Seconds for which it reacts to a past sound, without its tail."""
        return 0.0

    @property
    def files(self) -> Mapping[tuple[str, str], str]:
        """The absolute path of each sound file that it needs, by (effect, field)."""
        return {}

    def with_files(self, changed: Callable[[str], str]) -> Self:
        """The same effect with ``changed`` applied to each path."""
        return self
