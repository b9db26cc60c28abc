"""Takes as the mixer reads them."""

from __future__ import annotations

from scenebuild.generate.gather import Takes
from scenebuild.generate.take import Take
from scenebuild.mix.model import PlayedTake


def sources_of(takes: Takes) -> dict[str, tuple[PlayedTake, ...]]:
    """The takes as the mixer wants them."""
    return {element: tuple(map(source_of, several)) for element, several in takes.items()}


def source_of(take: Take) -> PlayedTake:
    """A take as the mixer wants it."""
    return PlayedTake(take.path, take.sample_rate, take.channels, take.frames, take.loudness_lufs, take.peak_dbfs)
