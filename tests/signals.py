"""Sounds with known properties, and ffmpeg as an oracle. float32, shape (frames, channels)."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 48000
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg, the oracle, is not installed")


def stereo(line: NDArray[np.floating]) -> Samples:
    """One line on both channels."""
    return np.stack([line, line], axis=1).astype(np.float32)


def tone(hz: float, seconds: float, dbfs: float = 0.0, rate: int = RATE, phase: float = 0.0) -> NDArray[np.float64]:
    """A sine; ``dbfs`` is the level of its peak, ``phase`` is in degrees."""
    time = np.arange(round(seconds * rate)) / rate
    return np.asarray(10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time + np.radians(phase)))


def noise(seconds: float, rms: float = 0.1, channels: int = 2, rate: int = RATE, seed: int = 0) -> Samples:
    """White Gaussian noise."""
    generator = np.random.default_rng(seed)
    return (rms * generator.standard_normal((round(seconds * rate), channels))).astype(np.float32)


def band_noise(
    seconds: float, low_hz: float, high_hz: float, rms: float = 0.1, rate: int = RATE, seed: int = 0
) -> Samples:
    """Gaussian noise between two frequencies, on one channel."""
    white = noise(seconds, 1.0, 1, rate, seed)[:, 0]
    spectrum = np.fft.rfft(white)
    frequencies = np.fft.rfftfreq(len(white), 1 / rate)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    line = np.fft.irfft(spectrum, len(white))
    return np.asarray(line * rms / np.sqrt(np.mean(line**2)), np.float32)[:, None]


def speech_like(seconds: float, rms: float = 0.08, rate: int = RATE, seed: int = 0) -> Samples:
    """Noise of a voice's bandwidth in syllables of a fifth of a second, with a pause of 0.7 s after every 2 s."""
    carrier = band_noise(seconds, 150, 5000, rms, rate, seed)
    time = np.arange(len(carrier)) / rate
    syllables = np.sin(2 * np.pi * 2.5 * time) ** 2
    return stereo(carrier[:, 0] * syllables * (time % 2.7 < 2.0))


def impulses(seconds: float, rate: int = RATE, seed: int = 0) -> Samples:
    """Clicks of a few samples every quarter of a second, and silence between them."""
    generator = np.random.default_rng(seed)
    line = np.zeros(round(seconds * rate))
    for start in range(rate // 8, len(line) - 200, rate // 4):
        line[start : start + 150] = 0.6 * generator.standard_normal(150).clip(-1.5, 1.5) * np.exp(-np.arange(150) / 30)
    return stereo(line)


def level_db(samples: NDArray[np.floating]) -> float:
    """The root mean square in decibels."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def ffmpeg_ebur128(path: Path) -> tuple[float, float]:
    """(integrated loudness in LUFS, true peak in dBTP) of a file, as ffmpeg's ebur128 filter measures them.

    The loudness has three decimals. So has the true peak where it is high enough; its metadata are linear, to
    0.001, and the summary rounds to 0.1 dB.
    """
    command = ["ffmpeg", "-hide_banner", "-nostats", "-nostdin", "-i", str(path)]
    command += ["-af", "ebur128=peak=true:metadata=1,ametadata=print:file=-", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    integrated = float(re.findall(r"lavfi\.r128\.I=(\S+)", done.stdout)[-1])
    peak = float(re.findall(r"True peak:\s+Peak:\s+(\S+) dBFS", done.stderr)[-1])
    linear = max(map(float, re.findall(r"lavfi\.r128\.true_peaks_ch\d=(\S+)", done.stdout)))
    if linear > 0.1 and abs(20 * np.log10(linear) - peak) < 0.1:
        peak = float(20 * np.log10(linear))
    return integrated, peak
