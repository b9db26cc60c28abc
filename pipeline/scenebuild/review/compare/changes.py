"""What a comparison yields: one changed scene after the other, each with its sound for as long as it is looked at."""

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
    """A scene that changed, and each of its sides that can be heard; one that exists and has no sound is None, too."""

    review: SceneReview
    before: SceneSound | None = None
    after: SceneSound | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that changed between two sides. The files of a scene are gone when the next scene is asked for."""

    before: str  # what the sides are called
    after: str
    looked_at: int  # scenes, changed or not
    scenes: Generator[ChangedScene]  # to be closed by whoever stops early

    def review(self, scenes: Sequence[SceneReview]) -> Review:
        """The review of the scenes that were yielded."""
        return Review(self.before, self.after, tuple(scenes), self.looked_at)
