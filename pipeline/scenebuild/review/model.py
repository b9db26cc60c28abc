"""The values of a review; each format shows a part of them."""

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
    """The edit of one field. A value is None on a side that does not have the field."""

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
    """The measurements of a sound, or the facts of a lock about it, which have no bands and may lack the true peak.

    Levels are -inf for silence and None if they are not known.
    """

    length_s: float
    loudness_lufs: float
    true_peak_dbtp: float | None = None
    peak_dbfs: float | None = None  # the highest sample
    sample_rate: int | None = None  # Hz
    channels: int | None = None
    bands_db: tuple[float, ...] | None = None  # level in each of ``spectral_balance.BANDS``
    over_time: tuple[float, ...] = ()  # LUFS, momentary, every 0.1 s; of mixes only


@dataclass(frozen=True, slots=True)
class Pair:
    """One sound before and after; None on a side that has no sound, or whose sound is not known."""

    before: SoundFacts | None
    after: SoundFacts | None

    def change(self, name: str) -> float | None:
        """After minus before, of a level or a length; None if one of them is not known, 0 if both are silent."""
        if self.before is None or self.after is None:
            return None
        first, second = getattr(self.before, name), getattr(self.after, name)
        if first is None or second is None:
            return None
        return 0.0 if first == second else float(second - first)


@dataclass(frozen=True, slots=True)
class NullTest:
    """The difference of two mixes. Levels are -inf if there is none."""

    identical: bool  # the same samples, and equally many
    residual_dbfs: float = -math.inf  # root mean square; a sine at full scale is -3.0
    relative_db: float = -math.inf  # relative to the louder mix
    peak_dbfs: float = -math.inf  # the highest sample of the difference
    padded_s: float = 0.0  # the silence that was added after the shorter mix
    not_possible: str = ""  # why there is no number


@dataclass(frozen=True, slots=True)
class TakeId:
    """The take that an element plays: its key, and its digest if that is known."""

    key: str
    digest: str | None
    engine: str


@dataclass(frozen=True, slots=True)
class ElementChange:
    """The change of one element."""

    name: str
    status: ElementStatus
    place: Place  # in head; of a removed element in base
    reason: str = ""
    old_name: str = ""  # if it was renamed
    takes_before: tuple[TakeId, ...] = ()
    takes_after: tuple[TakeId, ...] = ()
    sound: Pair = Pair(None, None)
    measured: Literal["mix", "take"] = "mix"  # in the mix, or the take alone


@dataclass(frozen=True, slots=True)
class SceneReview:
    """All changes in one scene."""

    path: str  # in head, of a removed scene in base; of a variant scenes/forest.yaml@night
    status: Status
    old_path: str = ""  # if it was renamed
    name: str = ""  # the title
    edits: tuple[FieldEdit, ...] = ()
    elements: tuple[ElementChange, ...] = ()  # all, in the order of head, removed ones last
    mix: Pair = Pair(None, None)
    gain: tuple[float | None, float | None] = (None, None)  # master gain, dB
    null: NullTest | None = None
    basis: Basis = "locks"  # the source of the numbers
    why: tuple[str, ...] = ()  # why not from sound, one sentence each
    notes: tuple[str, ...] = ()
    problems: tuple[tuple[Problem, ...], tuple[Problem, ...]] = ((), ())  # before, after: why it cannot be read

    def having(self, *statuses: ElementStatus) -> tuple[ElementChange, ...]:
        """The elements of these statuses."""
        return tuple(one for one in self.elements if one.status in statuses)

    @property
    def changed_elements(self) -> tuple[ElementChange, ...]:
        """All elements that are not unchanged."""
        return tuple(one for one in self.elements if one.status != "unchanged")


@dataclass(frozen=True, slots=True)
class Review:
    """The differences between two sides of a project; false if nothing changed."""

    before: str  # what the sides are called: "main (1a2b3c4)", "the working tree"
    after: str
    scenes: tuple[SceneReview, ...] = ()
    looked_at: int = 0  # scenes, changed or not

    def __bool__(self) -> bool:
        return bool(self.scenes)

    def elements(self, *statuses: ElementStatus) -> Iterator[ElementChange]:
        """The elements of these statuses, of all scenes."""
        return (one for scene in self.scenes for one in scene.having(*statuses))
