"""What can be told of a sound by measuring it once: its levels over time, its spectrum, its ends, what is broken.

A sound comes in blocks of any size and of any length; what is kept of it is 10 ms levels, one spectrum and its ends.
The answer does not depend on how the blocks were cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.chunks import Chunks
from scenebuild.audio.level import Samples
from scenebuild.audio.loudness import LoudnessMeter
from scenebuild.decibels import gain_to_db
from scenebuild.frames import frames_of

Floats = NDArray[np.float64]

HOP_S = 0.01
WINDOW = 4096  # frames of one spectrum; 12 Hz apart at 48 kHz
FULL_SCALE = 0.999  # -0.01 dBFS: no converter leaves room above it
CLIPPED_FRAMES = 3  # in a row at full scale: a peak that was cut off, not one that touched
SILENCE_DBFS = -60.0
ONSET_DB = 6.0  # above the 50 ms before
ONSET_GAP_S = 0.1
ONSET_RANGE_DB = 30.0  # what is that far below the loudest moment is no event
EDGE_S = 0.05
_STEP_DB = np.linspace(-140.0, 6.1, 1462)  # edges of the histogram of steps, 0.1 dB apart


@dataclass(frozen=True, slots=True)
class Traits:
    """The measurements of one sound."""

    sample_rate: int  # Hz
    frames: int
    loudness_lufs: float  # -inf for silence
    peak_dbfs: float
    levels_db: Floats  # RMS of each 10 ms over all channels, in dBFS
    clipped_s: tuple[float, ...]  # where samples stay at full scale
    spectrum: Floats  # power by frequency, 0 Hz ... half the sample rate
    dc: float  # the largest mean of a channel, linear
    first: Samples  # the first and last 50 ms, (frames, channels)
    last: Samples
    usual_step: float  # 999 of 1,000 steps from sample to sample are no larger; linear

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.sample_rate


def measure_traits(blocks: Iterable[Samples], sample_rate: int, channels: int) -> Traits:
    """Measure a sound that comes in float32 blocks of ``(frames, channels)``, mono or stereo."""
    ear = _Ear(sample_rate, channels)
    for block in blocks:
        ear.hear(block)
    return ear.traits()


def silences(traits: Traits) -> list[tuple[float, float]]:
    """Where nothing is heard: (start, length) in seconds of each run below -60 dBFS, in order."""
    quiet = np.concatenate([[False], traits.levels_db < SILENCE_DBFS, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    return [
        (float(start * HOP_S), float(min(end * HOP_S, traits.duration_s) - start * HOP_S))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def onsets(traits: Traits) -> list[float]:
    """When something begins, in seconds: a rise of 6 dB above the 50 ms before, at least 100 ms apart.

    A sound that begins at once has its first onset at 0.
    """
    levels = np.maximum(traits.levels_db, -120.0)
    before = np.concatenate([np.full(5, -120.0), levels])
    recent = np.lib.stride_tricks.sliding_window_view(before, 5)[: len(levels)].max(axis=1, initial=-120.0)
    floor = max(levels.max(initial=-120.0) - ONSET_RANGE_DB, SILENCE_DBFS)
    found: list[float] = []
    for hop in np.flatnonzero((levels > recent + ONSET_DB) & (levels > floor)):
        at = float(hop * HOP_S)
        if not found or at - found[-1] >= ONSET_GAP_S:
            found.append(at)
    return found


def share_above(traits: Traits, hertz: float) -> float:
    """The share of the sound's power at and above a frequency, 0 ... 1; 0 for silence."""
    total = float(traits.spectrum.sum())
    at = np.linspace(0, traits.sample_rate / 2, len(traits.spectrum))
    return float(traits.spectrum[at >= hertz].sum()) / total if total > 0 else 0.0


def edge_step(traits: Traits) -> float:
    """The larger of the steps from silence into the sound and from its end into silence, linear."""
    return max((float(np.abs(end).max()) for end in (traits.first[:1], traits.last[-1:]) if end.size), default=0.0)


def seam(traits: Traits) -> tuple[float, float]:
    """How the end of a sound meets its beginning when it is played again: (the step in multiples of its usual step,
    the change in level over the 50 ms on both sides in dB)."""
    if not traits.frames:
        return 0.0, 0.0
    step = float(np.abs(traits.first[0].astype(np.float64) - traits.last[-1]).max())
    levels = [
        gain_to_db(float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))) for part in (traits.last, traits.first)
    ]
    change = 0.0 if levels[0] == levels[1] else abs(max(levels[0], -120.0) - max(levels[1], -120.0))
    return (step / traits.usual_step if traits.usual_step > 0 else (inf if step > 0 else 0.0)), change


class _Ear:
    """Hears a sound block by block."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._meter = LoudnessMeter(sample_rate, channels)
        self._hops = Chunks(frames_of(HOP_S, sample_rate), channels)
        self._windows = Chunks(WINDOW, channels)
        self._edge = frames_of(EDGE_S, sample_rate)
        self._shape = np.hanning(WINDOW)[:, None]
        self._powers: list[float] = []
        self._spectrum = np.zeros(WINDOW // 2 + 1)
        self._sums = np.zeros(channels)
        self._steps = np.zeros(len(_STEP_DB) - 1, np.int64)
        self._clipped: list[float] = []
        self._full = 0  # frames at full scale until now, in a row
        self._frames, self._peak = 0, 0.0
        self._first = self._last = np.zeros((0, channels), np.float32)

    def hear(self, block: Samples) -> None:
        """Take in the next samples."""
        if not len(block):
            return
        self._meter.feed(block)
        self._powers += [float(np.mean(np.square(chunk, dtype=np.float64))) for chunk in self._hops.push(block)]
        for chunk in self._windows.push(block):
            self._spectrum += _power(chunk * self._shape)
        self._sums += block.sum(axis=0, dtype=np.float64)
        self._find_clipping(np.abs(block).max(axis=1))
        self._count_steps(np.concatenate([self._last[-1:], block]))
        self._first = np.concatenate([self._first, block[: self._edge - len(self._first)]])
        self._last = np.concatenate([self._last, block[-self._edge :]])[-self._edge :]
        self._frames += len(block)

    def traits(self) -> Traits:
        """What was heard until now."""
        rests = [float(np.mean(np.square(rest, dtype=np.float64))) for rest in [self._hops.rest] if len(rest)]
        rest = np.concatenate([self._windows.rest, np.zeros((WINDOW - len(self._windows.rest), len(self._sums)))])
        with np.errstate(divide="ignore"):
            levels = 10 * np.log10(np.array([*self._powers, *rests]))
        return Traits(
            sample_rate=self._rate,
            frames=self._frames,
            loudness_lufs=self._meter.loudness().integrated_lufs(),
            peak_dbfs=gain_to_db(self._peak),
            levels_db=levels,
            clipped_s=tuple(self._clipped),
            spectrum=self._spectrum + _power(rest * self._shape),
            dc=float(np.abs(self._sums / max(self._frames, 1)).max()),
            first=self._first,
            last=self._last,
            usual_step=_usual(self._steps),
        )

    def _find_clipping(self, heights: NDArray[np.float32]) -> None:
        self._peak = max(self._peak, float(heights.max()))
        if self._peak < FULL_SCALE:
            return
        for index in np.flatnonzero(np.diff(np.concatenate([[0], heights >= FULL_SCALE, [0]]).astype(np.int8)) == 1):
            run = int(np.argmin(np.append(heights[index:] >= FULL_SCALE, False)))
            before = self._full if index == 0 else 0
            if before < CLIPPED_FRAMES <= before + run:
                self._clipped.append((self._frames + int(index) - before) / self._rate)
        backwards = np.append((heights >= FULL_SCALE)[::-1], False)
        tail = int(np.argmin(backwards))
        self._full = tail + (self._full if tail == len(heights) else 0)

    def _count_steps(self, samples: Samples) -> None:
        steps = np.abs(np.diff(samples, axis=0)).ravel()
        with np.errstate(divide="ignore"):
            decibels = np.clip(20 * np.log10(steps), _STEP_DB[0], _STEP_DB[-1])
        self._steps += np.histogram(decibels, _STEP_DB)[0]


def _power(windowed: Floats) -> Floats:
    return np.asarray((np.abs(np.fft.rfft(windowed, axis=0)) ** 2).sum(axis=1))


def _usual(counts: NDArray[np.int64]) -> float:
    """The step that 999 of 1,000 do not exceed; 0 where there are none, or all are silent."""
    total = int(counts.sum())
    if not total or counts[0] == total:
        return 0.0
    index = int(np.searchsorted(np.cumsum(counts), 0.999 * total))
    return float(10 ** (_STEP_DB[index + 1] / 20))
