"""The result of a comparison: one changed scene after the other, each with its sound while it is handled."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from scenebuild.review.model import Review, SceneReview

if TYPE_CHECKING:
    from scenebuild.review.compare.audition import RenderedSide
    from scenebuild.review.compare.build_folder import Build

SceneSound: TypeAlias = "RenderedSide | Build"


@dataclass(frozen=True, slots=True)
class ChangedScene:
    """A scene that changed, and the sound of its sides; None for a side that does not exist or has no sound."""

    review: SceneReview
    before: SceneSound | None = None
    after: SceneSound | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """All changes between two sides. The files of a scene are removed when the next scene is asked for."""

    before: str  # what the sides are called
    after: str
    looked_at: int  # scenes, changed or not
    scenes: Generator[ChangedScene]  # a caller that stops early must close it

    def review(self, scenes: Sequence[SceneReview]) -> Review:
        """The review of the scenes that were yielded."""
        return Review(self.before, self.after, tuple(scenes), self.looked_at)
