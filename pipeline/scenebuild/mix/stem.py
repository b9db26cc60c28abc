"""One element as it sounds in the mix.

A stem renders any span of itself at the mix's rate and channels, before the master gain; a mix is the sum of its stems.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from scenebuild.audio.level import Samples
from scenebuild.audio.loop import loop_slices
from scenebuild.audio.loudness import Loudness, LoudnessMeter
from scenebuild.decibels import gain_to_db
from scenebuild.frames import frames_of
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.fades import Fades, faded

LEAST_SURVEY_S = 10.0  # of a loop, so that the gated loudness of a short loop has many blocks


@dataclass(frozen=True, slots=True)
class Stem:
    """A take in its place: resampled, panned and with its gain in ``buffer``; looped and faded when it is rendered."""

    name: str
    buffer: Buffer
    crossfade: int | None  # frames, of a looping buffer; None: the buffer plays once
    start: int  # frame of the mix
    stop: int
    fades: Fades = Fades()

    def render(self, start: int, stop: int) -> Iterator[tuple[int, Samples]]:
        """The frames ``[start, stop)`` of the mix, as pieces with the frame that each begins at, in order.

        Between the pieces is silence. Pieces may be views of the buffer and must not be changed.
        """
        start, stop = max(start, self.start), min(stop, self.stop)
        if start >= stop:
            return
        for first, last in self._slices(start - self.start, stop - self.start):
            samples = self.buffer.read(first, last)
            yield start, faded(samples, start - self.start, self.stop - self.start, self.fades)
            start += last - first

    def _slices(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        if self.crossfade is None:
            return iter([(start, stop)])
        return loop_slices(self.buffer.frames, self.crossfade, start, stop)


@dataclass(frozen=True, slots=True)
class StemLevels:
    """The levels of a stem before the master gain."""

    loudness: Loudness
    peak_dbfs: float  # highest sample; -inf for silence


SILENT = StemLevels(Loudness(np.zeros(0), brief=0.0), -inf)


class StemMeter:
    """Measures a stem that comes in blocks ``(frames, channels)``."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._meter = LoudnessMeter(sample_rate, channels)
        self._peak = 0.0

    def feed(self, samples: Samples) -> None:
        """Take in the next samples."""
        self._meter.feed(samples)
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))

    def levels(self) -> StemLevels:
        """The levels of all samples so far."""
        return StemLevels(self._meter.loudness(), gain_to_db(self._peak))


def measure_stem(stem: Stem, sample_rate: int, channels: int, block_frames: int) -> StemLevels:
    """Measure a whole stem, or the fade-in of a loop and one pass after it: the rest repeats that pass or fades it
    out."""
    stop = stem.stop
    if stem.crossfade is not None:
        one_pass = max(stem.buffer.frames, frames_of(LEAST_SURVEY_S, sample_rate))
        stop = min(stop, stem.start + stem.fades.fade_in + one_pass)
    meter = StemMeter(sample_rate, channels)
    for start in range(stem.start, stop, block_frames):
        for _, piece in stem.render(start, min(start + block_frames, stop)):
            meter.feed(piece)
    return meter.levels()
