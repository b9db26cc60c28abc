"""Measurements of a sound, and of the difference of two sounds. Files are read in blocks: memory does not grow with
their length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.chunks import Chunks
from scenebuild.audio.level import Samples
from scenebuild.audio.loudness import LOWEST_RATE, LoudnessMeter
from scenebuild.audio.true_peak import TruePeakMeter
from scenebuild.audio.wav import AudioFileError, probe, read_blocks
from scenebuild.decibels import gain_to_db, power_to_db
from scenebuild.review.compare.spectral_balance import EDGES_HZ
from scenebuild.review.model import NullTest, SoundFacts

WINDOW = 4096  # frames: 85 ms at 48 kHz, a line every 12 Hz
BATCH = 16  # windows that are measured at once


class BandMeter:
    """The mean power in each band, in dB; 0 dB is a sine at full scale in all channels.

    Hann windows that overlap by half. The powers of the channels are added, so that nothing cancels.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._chunks = Chunks(BATCH * WINDOW // 2, channels)
        self._before = np.zeros((WINDOW // 2, channels), np.float32)
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
        lines = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
        self._band = np.digitize(lines, EDGES_HZ)  # 0 below the first edge, then the bands
        self._power = np.zeros(len(EDGES_HZ) + 1)
        self._windows = 0
        self._channels = channels

    def feed(self, samples: Samples) -> None:
        """Take in the next samples, ``(frames, channels)``."""
        for chunk in self._chunks.push(samples):
            self._take(chunk)

    def bands_db(self) -> tuple[float, ...]:
        """The level in each band so far; -inf for silence."""
        half = WINDOW // 2
        rest = self._chunks.rest
        power, windows = self._power.copy(), self._windows
        silence = half + -len(rest) % half  # the last samples stand in two windows, too
        more, count = self._measured(np.pad(rest, ((0, silence), (0, 0))))
        return tuple(power_to_db(one / max(windows + count, 1)) for one in (power + more)[1 : len(EDGES_HZ)])

    def _take(self, chunk: Samples) -> None:
        power, count = self._measured(chunk)
        self._power += power
        self._windows += count
        self._before = chunk[-WINDOW // 2 :].copy()

    def _measured(self, chunk: Samples) -> tuple[NDArray[np.float64], int]:
        line = np.concatenate([self._before, chunk]).T  # (channels, frames)
        views = np.lib.stride_tricks.sliding_window_view(line, WINDOW, axis=1)[:, :: WINDOW // 2]
        spectra = np.fft.rfft(views * self._window, axis=-1)
        power = (spectra.real**2 + spectra.imag**2).sum(axis=(0, 1), dtype=np.float64)
        # A sine at full scale has 3/2 of |X|² = (size/4)² in its lobe.
        power *= (4 / WINDOW) ** 2 / 1.5 / self._channels
        return np.bincount(self._band, power, minlength=len(EDGES_HZ) + 1).astype(np.float64), views.shape[1]


def measure_sound(path: Path, *, over_time: bool = False) -> SoundFacts:
    """All measurements of a sound file with one or two channels, in one pass. AudioFileError for any other file."""
    facts = probe(path)
    if facts.channels > 2 or facts.sample_rate < LOWEST_RATE:
        form = f"{facts.channels} channels at {facts.sample_rate} Hz"
        raise AudioFileError(f"{path.name} has {form}; mono and stereo from {LOWEST_RATE} Hz on can be measured")
    loudness = LoudnessMeter(facts.sample_rate, facts.channels)
    peaks = TruePeakMeter(facts.channels)
    bands = BandMeter(facts.sample_rate, facts.channels)
    for block in read_blocks(path):
        loudness.feed(block)
        peaks.feed(block)
        bands.feed(block)
    found = loudness.loudness()
    momentary = found.momentary_lufs()
    return SoundFacts(
        length_s=facts.frames / facts.sample_rate,
        loudness_lufs=found.integrated_lufs(),
        true_peak_dbtp=peaks.true_peak_dbtp(),
        peak_dbfs=peaks.sample_peak_dbfs(),
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        bands_db=bands.bands_db(),
        over_time=tuple(momentary.tolist() if len(momentary) else [found.integrated_lufs()]) if over_time else (),
    )


def null_test(before: Path, after: Path) -> NullTest:
    """The null test of two mixes: one minus the other. The shorter one is followed by silence."""
    one, other = probe(before), probe(after)
    if one.sample_rate != other.sample_rate:
        return NullTest(False, not_possible=f"the sample rates differ: {one.sample_rate} Hz and {other.sample_rate} Hz")
    if one.channels != other.channels:
        return NullTest(False, not_possible=f"the channels differ: {one.channels} and {other.channels}")
    squares = np.zeros(3)  # before, after, difference
    peak = 0.0
    for first, second in _together(before, after, one.channels):
        left = second - first  # exact for 24-bit samples: a difference is never rounded to 0
        squares += [_energy(it) for it in (first, second, left)]
        peak = max(peak, float(np.abs(left).max(initial=0.0)))
    frames = max(one.frames, other.frames)
    powers = squares / max(frames * one.channels, 1)
    residual, louder = power_to_db(powers[2]), power_to_db(float(powers[:2].max()))
    return NullTest(
        identical=peak == 0.0 and one.frames == other.frames,
        residual_dbfs=residual,
        relative_db=residual - louder if math.isfinite(residual) else -math.inf,
        peak_dbfs=gain_to_db(peak),
        padded_s=abs(one.frames - other.frames) / one.sample_rate,
    )


def _together(before: Path, after: Path, channels: int) -> Iterator[tuple[Samples, Samples]]:
    """Blocks of both files, of the same length, with silence after the end of the shorter one."""
    one, other = read_blocks(before), read_blocks(after)
    nothing = np.zeros((0, channels), np.float32)
    while True:
        first, second = next(one, nothing), next(other, nothing)
        longest = max(len(first), len(second))
        if not longest:
            return
        yield _padded(first, longest), _padded(second, longest)


def _energy(samples: Samples) -> float:
    # Not by BLAS, whose threads wait for each other on a busy machine.
    return float(np.einsum("fc,fc->", samples, samples, dtype=np.float64))


def _padded(samples: Samples, frames: int) -> Samples:
    return np.pad(samples, ((0, frames - len(samples)), (0, 0))) if len(samples) < frames else samples
