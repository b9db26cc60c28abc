"""The sounds of both sides of a comparison, with the same length and channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenebuild.report.pictures.outline import Samples, Wav, opened

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class AlignedFile:
    """A sound file with the length and the channels of the comparison; silence after its end."""

    wav: Wav
    channels: int
    duration_s: float
    most_frames: int

    @property
    def sample_rate(self) -> int:
        return self.wav.sample_rate

    @property
    def frames(self) -> int:
        return round(self.duration_s * self.wav.sample_rate)

    def read(self, start: int, frames: int) -> Samples:
        block = self.wav.read(start, frames)
        if self.wav.channels == self.channels:
            return block
        shape = (self.channels, frames)
        if self.wav.channels == 1:  # mono plays on every loudspeaker
            return np.ascontiguousarray(np.broadcast_to(block, shape))
        return np.concatenate([block, np.zeros((self.channels - self.wav.channels, frames), np.float32)])


@dataclass(frozen=True, slots=True)
class Residual:
    """``after`` minus ``before``, sample by sample; both have the same sample rate."""

    before: AlignedFile
    after: AlignedFile

    @property
    def sample_rate(self) -> int:
        return self.after.sample_rate

    @property
    def channels(self) -> int:
        return self.after.channels

    @property
    def frames(self) -> int:
        return self.after.frames

    @property
    def most_frames(self) -> int:
        return self.after.most_frames

    @property
    def duration_s(self) -> float:
        return self.after.duration_s

    def read(self, start: int, frames: int) -> Samples:
        return self.after.read(start, frames) - self.before.read(start, frames)


AlignedFiles = tuple[tuple[str, AlignedFile], ...]


@contextmanager
def aligned(before: Path | None, after: Path | None, most_frames: int) -> Iterator[AlignedFiles]:
    """The one or two files, with their names, aligned in length and channels. ValueError if both are None."""
    paths = {name: path for name, path in ((BEFORE, before), (AFTER, after)) if path is not None}
    if not paths:
        raise ValueError("a comparison needs a sound before or a sound after")
    with ExitStack() as stack:
        wavs = {name: stack.enter_context(opened(path, most_frames)) for name, path in paths.items()}
        channels = max(wav.channels for wav in wavs.values())
        duration_s = max(wav.duration_s for wav in wavs.values())
        yield tuple((name, AlignedFile(wav, channels, duration_s, most_frames)) for name, wav in wavs.items())
