"""The outline of a sound file for pictures, in memory and time that do not grow with its length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from scenebuild.audio.recording import decode_recording
from scenebuild.audio.wav import open_sound

Samples = NDArray[np.float32]

LONGEST_KNOWN = 2**62  # libsndfile gives 2^63 - 1 for an unknown length
MOST_FRAMES = 2**22  # 87 s at 48 kHz, 32 MiB in stereo
BATCH = 2**18  # frames handled at once, so that memory stays flat


class SoundReader(Protocol):
    """A sound that can be read at any position: a file, or one made of files."""

    @property
    def sample_rate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def most_frames(self) -> int: ...
    @property
    def duration_s(self) -> float: ...
    def read(self, start: int, frames: int) -> Samples: ...


@dataclass(frozen=True, slots=True)
class Wav:
    """An open sound file, of which at most ``most_frames`` are read. A shorter file is in memory as a whole."""

    file: soundfile.SoundFile
    sample_rate: int  # Hz
    channels: int
    frames: int  # may be 0
    most_frames: int
    samples: Samples | None  # (channels, frames)

    @property
    def duration_s(self) -> float:
        return self.frames / self.sample_rate

    def read(self, start: int, frames: int) -> Samples:
        """``(channels, frames)`` from frame ``start`` on, which may be negative; silence beyond either end."""
        first, last = min(max(start, 0), self.frames), min(max(start + frames, 0), self.frames)
        block = self._block(first, last)
        if block.shape[1] == frames:
            return block
        samples = np.zeros((self.channels, frames), np.float32)
        samples[:, first - start : first - start + block.shape[1]] = block
        return samples

    def _block(self, first: int, last: int) -> Samples:
        if self.samples is not None:
            return self.samples[:, first:last]
        self.file.seek(first)
        return _across(self.file, last - first)


def _across(file: soundfile.SoundFile, frames: int) -> Samples:
    return np.ascontiguousarray(file.read(frames, dtype="float32", always_2d=True).T)


@contextmanager
def opened(path: Path, most_frames: int = MOST_FRAMES) -> Iterator[Wav]:
    """Open a sound file for reading at any position.

    A file without its length in the header, such as a FLAC from a pipe, is first decoded into a mapped file.
    """
    with open_sound(path) as file:
        if file.frames > LONGEST_KNOWN:
            decoded = decode_recording(path).samples.T
            yield Wav(file, file.samplerate, decoded.shape[0], decoded.shape[1], most_frames, decoded)
            return
        size = file.frames * max(1, file.channels // 2)  # a small file may have 255 channels
        samples = _across(file, file.frames) if size <= most_frames else None
        yield Wav(file, file.samplerate, file.channels, file.frames, most_frames, samples)


def runs(wav: SoundReader, starts: NDArray[np.int64], length: int) -> Iterator[Samples]:
    """The ``length`` frames from each of ``starts`` (ascending), in batches of shape ``(channels, n, length)``.

    Runs that are close together are read at once; others one by one, without the frames between them.
    """
    size = max(1, BATCH // length)
    for batch in (starts[at : at + size] for at in range(0, len(starts), size)):
        first, span = int(batch[0]), int(batch[-1] - batch[0]) + length
        if span <= 2 * BATCH:
            block = wav.read(first, span)
            yield np.lib.stride_tricks.sliding_window_view(block, length, axis=1)[:, batch - first]
        else:
            yield np.stack([wav.read(int(start), length) for start in batch], axis=1)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outline of a sound in equal columns of time: arrays ``(channels, columns)``, nominally in [-1, 1]."""

    low: Samples
    high: Samples
    rms: Samples
    duration_s: float

    @property
    def peak(self) -> Samples:
        """The highest absolute sample, ``(channels, columns)``."""
        return np.maximum(self.high, -self.low)


def envelope(wav: SoundReader, columns: int) -> Envelope:
    """Lowest, highest and root-mean-square sample of each of ``columns`` equal parts of a sound.

    Exact for a file that is in memory. Of a longer file, ``most_frames`` are read, in eight runs spread evenly over
    each column, so that an hour costs no more than a minute and a half.
    """
    width = wav.frames / columns
    parts = 8 if wav.frames > wav.most_frames else 1
    length = max(1, math.ceil(min(wav.frames, wav.most_frames) / columns / parts))
    starts = np.floor(np.arange(columns * parts) * (width / parts)).astype(np.int64)
    pieces = [
        (run.min(axis=2), run.max(axis=2), np.einsum("cnl,cnl->cn", run, run) / length)
        for run in runs(wav, starts, length)
    ]
    low, high, power = (
        np.concatenate(kind, axis=1).reshape(wav.channels, columns, parts) for kind in zip(*pieces, strict=True)
    )
    return Envelope(low.min(axis=2), high.max(axis=2), np.sqrt(power.mean(axis=2)), wav.duration_s)
