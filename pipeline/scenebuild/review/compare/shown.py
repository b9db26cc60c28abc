"""One side of a scene, to be looked at and listened to: its mix as a file, and what the page shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scenebuild.report.pages.mixer_page import MixerSide
from scenebuild.review.model import SceneReview


@dataclass(frozen=True, slots=True)
class Shown:
    """``mix`` is there for as long as whoever is given this looks at it."""

    mix: Path
    desk: MixerSide | None = None  # where there is to be a page


Keep = Callable[[SceneReview, Shown | None, Shown | None], None]
