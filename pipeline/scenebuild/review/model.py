"""What a review holds: finished values, of which each output shows what it can."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scenebuild.errors import Place, Problem

Status = Literal["changed", "added", "removed", "renamed", "unreadable"]
ElementStatus = Literal["generated", "mixed", "added", "removed", "renamed", "unchanged"]
Basis = Literal["sound", "locks"]


@dataclass(frozen=True, slots=True)
class FieldEdit:
    """One field that the author wrote otherwise. A value is None on the side that does not have it."""

    field: tuple[str, ...]
    kind: Literal["changed", "added", "removed"]
    before: Any
    after: Any
    place_before: Place  # of the value, or of the nearest parent that is written
    place_after: Place

    @property
    def name(self) -> str:
        """``elements.rain.volume``"""
        return ".".join(self.field)


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What was measured of a sound, or what a lock says of it: then there are no bands, and the peak may be a sample's.

    Levels are -inf for silence and None where they are not known.
    """

    length_s: float
    loudness_lufs: float
    true_peak_dbtp: float | None = None
    peak_dbfs: float | None = None  # the highest sample
    sample_rate: int | None = None  # Hz
    channels: int | None = None
    bands_db: tuple[float, ...] | None = None  # level in each of measure.BANDS
    over_time: tuple[float, ...] = ()  # LUFS, momentary, every 0.1 s; of mixes only


@dataclass(frozen=True, slots=True)
class Pair:
    """One sound before and after; None on the side that has none, or of which nothing is known."""

    before: SoundFacts | None
    after: SoundFacts | None

    def change(self, name: str) -> float | None:
        """After less before, of a level or a length; None where one of them is not known, 0 where both are silent."""
        if self.before is None or self.after is None:
            return None
        first, second = getattr(self.before, name), getattr(self.after, name)
        if first is None or second is None:
            return None
        return 0.0 if first == second else float(second - first)


@dataclass(frozen=True, slots=True)
class NullTest:
    """What is left of a mix when the other one is taken away from it. Levels are -inf where nothing is left."""

    identical: bool  # each sample is the same, and there are as many
    residual_dbfs: float = -math.inf  # root mean square; a sine at full scale is -3.0
    relative_db: float = -math.inf  # below the louder of both mixes
    peak_dbfs: float = -math.inf  # the highest sample that is left
    padded_s: float = 0.0  # so much silence was put behind the shorter one
    not_possible: str = ""  # why there is no number


@dataclass(frozen=True, slots=True)
class TakeId:
    """Which take an element plays: by what it was asked for, and by its bytes where those are known."""

    key: str
    digest: str | None
    engine: str


@dataclass(frozen=True, slots=True)
class ElementChange:
    """What became of one element."""

    name: str
    status: ElementStatus
    place: Place  # in head; in base where head has it no more
    reason: str = ""
    old_name: str = ""  # where it was renamed
    takes_before: tuple[TakeId, ...] = ()
    takes_after: tuple[TakeId, ...] = ()
    sound: Pair = Pair(None, None)
    measured: Literal["mix", "take"] = "mix"  # as it sounds in the mix, or its take by itself


@dataclass(frozen=True, slots=True)
class SceneReview:
    """All that changed in one scene."""

    path: str  # in head, or in base where it was removed; of a variant scenes/forest.yaml@night
    status: Status
    old_path: str = ""  # where it was renamed
    name: str = ""  # the title
    edits: tuple[FieldEdit, ...] = ()
    elements: tuple[ElementChange, ...] = ()  # in the order of head, removed ones last; also those that did not change
    mix: Pair = Pair(None, None)
    gain: tuple[float | None, float | None] = (None, None)  # master gain, dB
    null: NullTest | None = None
    basis: Basis = "locks"  # where the numbers come from
    why: tuple[str, ...] = ()  # why not from sound, one sentence each
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[Problem, ...], tuple[Problem, ...]] = ((), ())  # before, after: why it cannot be read

    def having(self, *statuses: ElementStatus) -> tuple[ElementChange, ...]:
        """The elements of these statuses."""
        return tuple(one for one in self.elements if one.status in statuses)

    @property
    def changed_elements(self) -> tuple[ElementChange, ...]:
        """All but the unchanged."""
        return tuple(one for one in self.elements if one.status != "unchanged")


@dataclass(frozen=True, slots=True)
class Review:
    """The differences between two sides of a project. Empty where nothing changed."""

    before: str  # what the sides are called: "main (1a2b3c4)", "the working tree"
    after: str
    scenes: tuple[SceneReview, ...] = ()
    looked_at: int = 0  # scenes, changed or not

    def __bool__(self) -> bool:
        return bool(self.scenes)

    def elements(self, *statuses: ElementStatus) -> Iterator[ElementChange]:
        """Of all scenes."""
        return (one for scene in self.scenes for one in scene.having(*statuses))
