"""The spectrum of a sound over time: the numbers of the spectrogram."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.report.pictures.outline import Samples, SoundReader, runs

LOWEST_HZ = 30.0
HIGHEST_HZ = 20_000.0
FLOOR_DB = -140.0  # below what 24 bit can hold
_WINDOW_S = 0.085  # long enough to separate low tones, short enough for footsteps and doors
_LOOKS = 4  # the largest number of windows in one column of a long file


@dataclass(frozen=True, slots=True)
class Spectrum:
    """``levels_db``: shape ``(rows, columns)``, row 0 the highest band; 0 dB is a sine at full scale."""

    levels_db: NDArray[np.float64]
    top_hz: float
    duration_s: float


def row_of(hertz: float, top_hz: float, rows: int) -> float:
    """The row, counted from the top, whose band has its middle at ``hertz``, on a logarithmic axis."""
    return rows * (1 - math.log(hertz / LOWEST_HZ) / math.log(top_hz / LOWEST_HZ)) - 0.5


def spectrum(wav: SoundReader, rows: int, columns: int, top_hz: float | None = None) -> Spectrum:
    """Energy per band and column, the powers of all channels added, so that nothing cancels.

    A column has one Hann window in its middle; a column that is longer than a window has the mean of up to four, spread
    evenly, so that the cost depends on the picture and not on the file. The frequencies end at ``top_hz``; without it,
    at ``highest_hz``.
    """
    size = _window_frames(wav)
    looks = int(np.clip(np.ceil(wav.frames / columns / size), 1, _LOOKS))
    middles = (np.arange(columns * looks) + 0.5) * (wav.frames / (columns * looks))
    starts = np.round(middles).astype(np.int64) - size // 2
    top_hz = top_hz or highest_hz(wav)
    edges = _edges(rows, top_hz, wav.sample_rate / size, size // 2)
    power = np.concatenate([_bands(run, edges) for run in runs(wav, starts, size)])
    mean = power.reshape(columns, looks, rows).mean(axis=1).T
    levels_db = 10 * np.log10(np.maximum(mean, 10 ** (FLOOR_DB / 10)))
    return Spectrum(levels_db, top_hz, wav.duration_s)


def highest_hz(wav: SoundReader) -> float:
    """The highest frequency of a picture: half the sample rate, at most ``HIGHEST_HZ``."""
    return min(HIGHEST_HZ, wav.sample_rate / 2)


def _window_frames(wav: SoundReader) -> int:
    """A power of two near 85 ms, shorter in a sound that is itself short."""
    wanted = min(_WINDOW_S * wav.sample_rate, wav.frames / 6)
    return int(2 ** np.clip(np.round(np.log2(max(wanted, 1))), 7, 14))


Edges = tuple[NDArray[np.float64], NDArray[np.float64]]


def _edges(rows: int, top_hz: float, bin_hz: float, last: int) -> Edges:
    """Lower and upper edge of each row's band, in bins. A band is at least as wide as a tone's main lobe, four bins."""
    octaves = np.log2(top_hz / LOWEST_HZ)
    middle = top_hz * 2 ** (-(np.arange(rows) + 0.5) / rows * octaves) / bin_hz
    half = np.maximum(middle * (2 ** (octaves / rows / 2) - 1), 2.0)
    return np.clip(middle - half, 0, last), np.clip(middle + half, 0, last)


def _bands(run: Samples, edges: Edges) -> NDArray[np.float64]:
    """``(channels, n, size)`` samples to ``(n, rows)`` power: the spectrum summed up once, then read at the edges."""
    size = run.shape[-1]
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    lines = np.fft.rfft(run * window, axis=-1)
    power = (lines.real**2 + lines.imag**2).sum(axis=0, dtype=np.float64)
    # A sine at full scale has |X| = size/4 in its line and 3/2 of that power in its lobe.
    power *= (4 / size) ** 2 / 1.5
    total = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    lower, upper = (_read(total, edge + 0.5) for edge in edges)
    return upper - lower


def _read(total: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = np.minimum(at.astype(np.int64), total.shape[1] - 2)
    part = at - whole
    read: NDArray[np.float64] = total[:, whole] * (1 - part) + total[:, whole + 1] * part
    return read
