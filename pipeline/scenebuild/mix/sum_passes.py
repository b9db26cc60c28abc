"""The passes over a whole mix, block by block, so that memory does not grow with its length.

Each stem is rounded to 24-bit integers, and the integers are added, so that the files of the stems add up exactly to
the file of the mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples
from scenebuild.audio.meter import LevelMeter, MeasuredLevels
from scenebuild.audio.wav import FULL_SCALE, WavWriter, dequantize
from scenebuild.decibels import db_to_gain
from scenebuild.mix.stem import Stem

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class SumPass:
    """The stems and the format of a mix, for every pass."""

    stems: tuple[Stem, ...]
    sample_rate: int
    channels: int
    frames: int
    block_frames: int

    def blocks(self, progress: Progress, share: tuple[float, float]) -> Iterator[tuple[int, int]]:
        """The blocks ``[start, stop)`` of the mix; ``progress`` is called after each."""
        for start in range(0, self.frames, self.block_frames):
            stop = min(start + self.block_frames, self.frames)
            yield start, stop
            progress(share[0] + (share[1] - share[0]) * stop / self.frames)


class Quantizer:
    """Converts float samples to 24-bit integers after a gain, in buffers that are reused."""

    def __init__(self, gain_db: float, block_frames: int, channels: int) -> None:
        self._scale = np.float32(db_to_gain(gain_db) * FULL_SCALE)
        self._floats = np.empty((block_frames, channels), np.float32)
        self._integers = np.empty((block_frames, channels), np.int32)

    def __call__(self, samples: Samples) -> NDArray[np.int32]:
        floats, integers = self._floats[: len(samples)], self._integers[: len(samples)]
        np.multiply(samples, self._scale, out=floats)
        np.rint(floats, out=floats)
        np.copyto(integers, floats, casting="unsafe")
        return integers

    def clipped(self, samples: Samples) -> NDArray[np.int32]:
        """The same for samples that may exceed full scale, which are clipped; a new array."""
        most = np.float32(FULL_SCALE / self._scale)
        return np.clip(self(np.clip(samples, -most, most)), -FULL_SCALE, FULL_SCALE - 1)


def measure_sum(sums: SumPass, progress: Progress) -> MeasuredLevels:
    """The first pass: the levels of the sum before any master gain."""
    meter = LevelMeter(sums.sample_rate, sums.channels)
    buffer = np.empty((sums.block_frames, sums.channels), np.float32)
    for start, stop in sums.blocks(progress, (0.2, 0.55)):
        total = buffer[: stop - start]
        total[:] = 0
        for stem in sums.stems:
            for at, piece in stem.render(start, stop):
                total[at - start : at - start + len(piece)] += piece
        meter.feed(total)
    return meter.levels()


def write_sum(sums: SumPass, gain_db: float, file: WavWriter, progress: Progress) -> MeasuredLevels:
    """The second pass: write the mix, and measure what is written."""
    meter = LevelMeter(sums.sample_rate, sums.channels)
    for block in integer_blocks(sums, sums.stems, gain_db, progress, (0.55, 1.0)):
        file.write_integers(block)
        meter.feed(dequantize(block))
    return meter.levels()


def write_stem(sums: SumPass, stem: Stem, gain_db: float, file: WavWriter) -> None:
    """One stem as it is in the mix."""
    for block in integer_blocks(sums, [stem], gain_db, lambda share: None, (0.0, 1.0)):
        file.write_integers(block)


def write_silence(sums: SumPass, file: WavWriter) -> None:
    """The silent stem of an element that is not heard, as long as the mix."""
    for block in integer_blocks(sums, [], 0.0, lambda share: None, (0.0, 1.0)):
        file.write_integers(block)


def integer_blocks(
    sums: SumPass, stems: Sequence[Stem], gain_db: float, progress: Progress, share: tuple[float, float]
) -> Iterator[NDArray[np.int32]]:
    """The sum of the stems' 24-bit integers, block by block. A block is valid until the next one."""
    quantize = Quantizer(gain_db, sums.block_frames, sums.channels)
    buffer = np.empty((sums.block_frames, sums.channels), np.int32)
    for start, stop in sums.blocks(progress, share):
        total = buffer[: stop - start]
        total[:] = 0
        for stem in stems:
            for at, piece in stem.render(start, stop):
                total[at - start : at - start + len(piece)] += quantize(piece)
        yield total
