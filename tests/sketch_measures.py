"""Measures of sound for the sketch's tests: bands, crest, onsets, modulation."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from scenebuild.engines.sketch.render import render

RATE = 48000
Line = NDArray[np.float64]


@cache
def played(prompt: str, seconds: float = 8.0, seed: int = 7, temperature: float = 1.0) -> NDArray[np.float32]:
    """The prompt as sound, shape (frames, 2); the same array for everybody."""
    samples = render(prompt, seed, int(seconds * RATE), temperature)
    samples.flags.writeable = False
    return samples


def middle(samples: NDArray[np.float32]) -> Line:
    return np.asarray(samples.astype(np.float64).mean(axis=1))


def rms_db(samples: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def crest_db(samples: NDArray[np.float32]) -> float:
    return float(20 * np.log10(np.abs(samples).max())) - rms_db(samples)


def spectrum(samples: NDArray[np.float32]) -> tuple[Line, Line]:
    line = middle(samples)
    power: Line = np.abs(np.fft.rfft(line)) ** 2
    return np.asarray(np.fft.rfftfreq(len(line), 1 / RATE), np.float64), power


def share_db(samples: NDArray[np.float32], low: float, high: float) -> float:
    """Power between two frequencies, relative to all of it."""
    hertz, power = spectrum(samples)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() / power.sum() + 1e-20))


def centroid(samples: NDArray[np.float32]) -> float:
    hertz, power = spectrum(samples)
    return float((hertz * power).sum() / power.sum())


def peak_hz(samples: NDArray[np.float32], low: float = 20.0, high: float = 20000.0) -> float:
    hertz, power = spectrum(samples)
    inside = (hertz >= low) & (hertz < high)
    return float(hertz[inside][np.argmax(power[inside])])


def envelope(samples: NDArray[np.float32], low: float = 0.0, step_s: float = 0.002) -> Line:
    """RMS in steps; ``low`` takes away what is below that frequency first."""
    line = middle(samples)
    if low:
        lines = np.fft.rfft(line)
        lines[np.fft.rfftfreq(len(line), 1 / RATE) < low] = 0
        line = np.fft.irfft(lines, len(line))
    step = int(step_s * RATE)
    line = line[: len(line) // step * step]
    return np.asarray(np.sqrt(np.mean(line.reshape(-1, step) ** 2, axis=1)))


def onsets(samples: NDArray[np.float32], low: float = 0.0, rise: float = 4.0, quiet_s: float = 0.05) -> Line:
    """Times at which the envelope jumps to ``rise`` times its recent mean, at least ``quiet_s`` apart."""
    level = envelope(samples, low)
    floor = np.median(level) + 1e-6
    recent = np.convolve(level, np.ones(10) / 10)[: len(level)]
    recent = np.concatenate((np.full(1, floor), recent[:-1]))
    loud = level > rise * np.maximum(recent, floor)
    found: list[float] = []
    for index in np.flatnonzero(loud):
        time = index * 0.002
        if not found or time - found[-1] > quiet_s:
            found.append(time)
    return np.array(found)


def bouts(samples: NDArray[np.float32], share: float, gap_s: float, low: float = 0.0) -> Line:
    """When the envelope comes above a share of its highest, after at least ``gap_s`` below it."""
    level = envelope(samples, low, 0.01)
    times: Line = np.flatnonzero(level > share * level.max()) * np.float64(0.01)
    return times[np.diff(times, prepend=-1e9) > gap_s]


def modulation_peak(samples: NDArray[np.float32], low: float, high: float, above: float = 0.0) -> float:
    """The strongest frequency of the envelope between two limits, in Hz."""
    level = envelope(samples, above)
    level = level - level.mean()
    power = np.abs(np.fft.rfft(level * np.hanning(len(level)))) ** 2
    hertz = np.fft.rfftfreq(len(level), 0.002)
    inside = (hertz >= low) & (hertz <= high)
    return float(hertz[inside][np.argmax(power[inside])])


def loudest_gap_s(samples: NDArray[np.float32], below_db: float = -66.0) -> float:
    """The longest time that both channels stay below a level."""
    level = np.abs(samples).max(axis=1)[: len(samples) // 480 * 480].reshape(-1, 480).max(axis=1)
    longest = run = 0
    for quiet in level < 10 ** (below_db / 20):
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * 0.01
