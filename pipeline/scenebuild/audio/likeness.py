"""How far two sounds are apart for a listener, who does not compare them sample by sample.

A model that draws other codes makes another sound of the same prompt. Two such sounds are compared by their statistics:
the mean spectrum, how much it moves, the loudness, and how well a loop of the sound closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples
from scenebuild.audio.loudness import measure_loudness
from scenebuild.audio.seam import best_seam, closed, loop_score

BANDS = 40
LOWEST_HZ = 50.0
WINDOW_S = 0.046
RANGE_DB = 80.0  # what is further below the loudest band is as good as silent
SAME = 1e-3  # -60 dBFS: the arithmetic of a codec is far below it, another code far above
GATE_LUFS = -70.0  # ITU-R BS.1770-4: below it nothing is measured

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoundStatistics:
    """What a sound is like as a whole."""

    spectrum_db: Floats  # (BANDS,): mean level of each mel band over time
    movement_db: Floats  # (BANDS,): standard deviation of that level over time
    loudness_lufs: float  # at least GATE_LUFS
    seam_db: float  # see ``audio.seam``: the score of its loop


@dataclass(frozen=True, slots=True)
class SoundDistance:
    """How far two sounds, or two sets of them, are apart."""

    spectrum_db: float  # RMS over the bands: the log-mel distance
    balance_db: float  # the same without the difference in level
    movement_db: float  # RMS over the bands
    loudness_lu: float
    seam_db: float


def statistics_of(samples: Samples, sample_rate: int) -> SoundStatistics:
    """The statistics of ``(frames, channels)``."""
    levels = _mel_levels(samples.mean(axis=1), sample_rate)
    loudness = max(measure_loudness(samples, sample_rate), GATE_LUFS)
    return SoundStatistics(levels.mean(axis=0), levels.std(axis=0), loudness, _seam_db(samples, sample_rate))


def distance(one: SoundStatistics, other: SoundStatistics) -> SoundDistance:
    """How far apart two sounds are."""
    apart = one.spectrum_db - other.spectrum_db
    return SoundDistance(
        _rms(apart),
        _rms(apart - apart.mean()),
        _rms(one.movement_db - other.movement_db),
        abs(one.loudness_lufs - other.loudness_lufs),
        abs(one.seam_db - other.seam_db),
    )


def same_until(one: Samples, other: Samples) -> int:
    """The first frame at which two sounds of one shape differ by more than SAME, or their length."""
    differ = (np.abs(one - other) > SAME).any(axis=1)
    return int(differ.argmax()) if differ.any() else len(one)


def mean_distance(distances: Sequence[SoundDistance]) -> SoundDistance:
    """The mean of each measure."""
    return SoundDistance(
        *(float(np.mean([getattr(one, field.name) for one in distances])) for field in fields(SoundDistance))
    )


def shift(ones: Sequence[SoundStatistics], others: Sequence[SoundStatistics]) -> SoundDistance:
    """How far apart the means of two sets are: differences that point the same way add up, chance cancels."""
    return distance(_mean(ones), _mean(others))


def _mean(sounds: Sequence[SoundStatistics]) -> SoundStatistics:
    return SoundStatistics(
        np.mean([one.spectrum_db for one in sounds], axis=0),
        np.mean([one.movement_db for one in sounds], axis=0),
        float(np.mean([one.loudness_lufs for one in sounds])),
        float(np.mean([one.seam_db for one in sounds])),
    )


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _mel_levels(mono: NDArray[np.float32], sample_rate: int) -> Floats:
    """dB in (windows, BANDS); Hann windows that overlap by half, at most RANGE_DB below the loudest."""
    size = 1 << round(np.log2(WINDOW_S * sample_rate))
    padded = np.pad(mono, (0, max(0, size - len(mono))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 2] * np.hanning(size + 1)[:-1]
    power = np.square(np.abs(np.fft.rfft(windows)))
    bands = power @ _mel_filters(size, sample_rate).T
    loudest = max(float(bands.max()), 1e-20)
    return 10 * np.log10(np.maximum(bands, loudest * 10 ** (-RANGE_DB / 10)))


def _mel_filters(size: int, sample_rate: int) -> Floats:
    """Triangles (BANDS, lines) of one area, spaced evenly on O'Shaughnessy's mel scale, 2595 log10(1 + f / 700)."""
    first, last = 2595 * np.log10(1 + np.array([LOWEST_HZ, sample_rate / 2]) / 700)
    edges = 700 * (10 ** (np.linspace(first, last, BANDS + 2) / 2595) - 1)
    lines = np.fft.rfftfreq(size, 1 / sample_rate)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((lines - low) / (middle - low), (high - lines) / (high - middle)))
    narrow = triangles.sum(axis=1) == 0  # between two lines: the nearest one
    triangles[narrow, np.abs(lines - middle[narrow]).argmin(axis=1)] = 1
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True))


def _seam_db(samples: Samples, sample_rate: int) -> float:
    """The score of the loop that a build would make of it."""
    seam = best_seam(samples, sample_rate)
    return loop_score(closed(samples, seam), seam.crossfade, sample_rate).score_db
