"""Loudness after ITU-R BS.1770-4, gated as EBU R 128 uses it. Mono and stereo, sample rates from 1 kHz on.

Streaming: memory stays flat (one number every 100 ms is kept), and the answer does not depend on how the samples were
cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import cos, exp, inf, isfinite, log10, pi, sin, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.biquad import Biquad, BlockFilter, Floats
from scenebuild.audio.chunks import Chunks
from scenebuild.audio.level import Samples

OFFSET_LUFS = -0.691  # ITU-R BS.1770-4, Annex 1: makes a 997 Hz sine at 0 dBFS in one channel -3.01 LUFS
ABSOLUTE_GATE_LUFS = -70.0  # ITU-R BS.1770-4
RELATIVE_GATE_LU = -10.0  # ITU-R BS.1770-4
MOMENTARY_HOPS = 4  # 400 ms in steps of 100 ms: the gating block, with 75 % overlap
SHORT_TERM_HOPS = 30  # 3 s, EBU Tech 3341
RANGE_GATE_LU = -20.0  # EBU Tech 3342
RANGE_PERCENTILES = (10.0, 95.0)  # EBU Tech 3342
LOWEST_RATE = 1000  # Hz
LOW_RATE = 4000  # below it the filter of the standard is another one, see ``_k_weighting_of_low_rates``
HOPS_PER_CHUNK = 3  # 300 ms of stereo fit into the cache, measured


def k_weighting(sample_rate: int) -> tuple[Biquad, Biquad]:
    """The two filters of BS.1770-4, Annex 1, at any sample rate: a shelf for the head, then a high-pass.

    The standard tabulates coefficients for 48 kHz only. They come from two analogue filters by the bilinear
    transform, whose parameters B. De Man found ("Evaluation of implementations of the EBU R128 loudness measurement",
    AES 145, 2018); with them the table is met to 13 digits at 48 kHz.
    """
    frequency, gain_db, q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    if sample_rate < LOW_RATE:
        return _k_weighting_of_low_rates(sample_rate)
    k = tan(pi * frequency / sample_rate)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = Biquad(
        b0=(high + band * k / q + k * k) / a0,
        b1=2 * (k * k - high) / a0,
        b2=(high - band * k / q + k * k) / a0,
        a1=2 * (k * k - 1) / a0,
        a2=(1 - k / q + k * k) / a0,
    )
    frequency, q = 38.13547087602444, 0.5003270373238773
    k = tan(pi * frequency / sample_rate)
    a0 = 1 + k / q + k * k
    return shelf, Biquad(b0=1.0, b1=-2.0, b2=1.0, a1=2 * (k * k - 1) / a0, a2=(1 - k / q + k * k) / a0)


def _k_weighting_of_low_rates(sample_rate: int) -> tuple[Biquad, Biquad]:
    """The same weighting where the shelf lies near or above half the sample rate, which the bilinear transform cannot.

    The poles of the shelf are those of the analogue filter (matched z-transform); its zeros are chosen so that the gain
    is that of the filter at 48 kHz at 0 Hz, at 0.3 and at half the sample rate. The high-pass passes as much as at
    48 kHz. Right within 0.35 dB at any frequency.
    """
    shelf, high_pass = k_weighting(48000)
    turn = 2 * pi * 1681.974450955533 / sample_rate
    damping = 1 / (2 * 0.7071752369554196)
    radius = exp(-damping * turn)
    a1, a2 = -2 * radius * cos(sqrt(1 - damping * damping) * turn), radius * radius
    middle = 0.3
    p1 = sin(pi * middle) ** 2
    p0 = 1 - p1
    below = (1 + a1 + a2) ** 2 * p0 + (1 - a1 + a2) ** 2 * p1 - 4 * a2 * 4 * p0 * p1
    low = (1 + a1 + a2) ** 2 * shelf.power(0.0)
    high = (1 - a1 + a2) ** 2 * shelf.power(sample_rate / 2 / 48000)
    bend = (below * shelf.power(middle * sample_rate / 48000) - low * p0 - high * p1) / (4 * p0 * p1)
    mean = (sqrt(low) + sqrt(high)) / 2
    b0 = (mean + sqrt(mean * mean + bend)) / 2
    matched = Biquad(b0=b0, b1=(sqrt(low) - sqrt(high)) / 2, b2=-bend / (4 * b0), a1=a1, a2=a2)
    k = tan(pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    plain = Biquad(b0=1.0, b1=-2.0, b2=1.0, a1=2 * (k * k - 1) / a0, a2=(1 - k / q + k * k) / a0)
    gain = sqrt(high_pass.power(0.5) / plain.power(0.5))
    return matched, replace(plain, b0=gain, b1=-2 * gain, b2=gain)


@cache
def _k_filter(sample_rate: int) -> BlockFilter:
    return BlockFilter(k_weighting(sample_rate))


def _lufs(power: float) -> float:
    return OFFSET_LUFS + 10 * log10(power) if power > 0 else -inf


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET_LUFS) / 10))


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was measured: K-weighted mean squares, summed over the channels, of 100 ms each.

    ``brief`` is set for sounds under 0.4 s, which have no gating block: their K-weighted energy over one block
    of 0.4 s, the rest of it silent. It is an ungated momentary loudness, so that a click, a step and a drip still have
    a level to be brought to.
    """

    hops: Floats
    brief: float | None = None

    def _over(self, hops: int) -> Floats:
        """The mean power over every run of ``hops`` hops."""
        if len(self.hops) < hops:
            return np.zeros(0)
        return np.asarray(np.lib.stride_tricks.sliding_window_view(self.hops, hops).mean(axis=1))

    def integrated_lufs(self, gain_db: float = 0.0) -> float:
        """The gated loudness of the whole, ``-inf`` where all of it lies below the absolute gate of -70 LUFS.

        With ``gain_db``, the loudness that the sound would have after that gain: not simply the sum, because
        quiet passages may come over the absolute gate.
        """
        scale = 10 ** (gain_db / 10)
        if self.brief is not None:
            return _lufs(self.brief * scale)
        blocks = self._over(MOMENTARY_HOPS) * scale
        blocks = blocks[blocks > _power(ABSOLUTE_GATE_LUFS)]
        if not len(blocks):
            return -inf
        threshold = float(blocks.mean()) * 10 ** (RELATIVE_GATE_LU / 10)
        return _lufs(float(blocks[blocks > threshold].mean()))

    def gain_to_reach(self, target_lufs: float) -> float:
        """The gain in dB that brings the sound to a loudness; 0 for silence.

        Found step by step, because gain may lift quiet passages over the gate, where they begin to count.
        """
        loud = self.hops.max(initial=0.0) if self.brief is None else self.brief
        if loud <= 0:
            return 0.0
        lifted = 0.0 if isfinite(self.integrated_lufs()) else ABSOLUTE_GATE_LUFS - _lufs(float(loud)) + 10
        gain_db = lifted
        for _ in range(12):
            reached = self.integrated_lufs(gain_db)
            if not isfinite(reached):
                return lifted
            gain_db += target_lufs - reached
        return gain_db

    def momentary_lufs(self) -> Floats:
        """The loudness of the 400 ms that end at 0.4 s, 0.5 s, … (EBU Tech 3341, M)."""
        return _decibels(self._over(MOMENTARY_HOPS))

    def short_term_lufs(self) -> Floats:
        """The loudness of the 3 s that end at 3.0 s, 3.1 s, … (EBU Tech 3341, S)."""
        return _decibels(self._over(SHORT_TERM_HOPS))

    def range_lu(self) -> float:
        """The loudness range (EBU Tech 3342): how far the short-term loudness spreads; 0 for sounds under 3 s."""
        powers = self._over(SHORT_TERM_HOPS)
        powers = powers[powers >= _power(ABSOLUTE_GATE_LUFS)]
        if not len(powers):
            return 0.0
        powers = powers[powers >= powers.mean() * 10 ** (RANGE_GATE_LU / 10)]
        low, high = np.percentile(_decibels(powers), RANGE_PERCENTILES)
        return float(high - low)


def _decibels(powers: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(OFFSET_LUFS + 10 * np.log10(powers))


class LoudnessMeter:
    """Measures a sound that comes in blocks. Feed it; ask for ``loudness()`` at any time, which changes nothing."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        if channels not in (1, 2):
            raise ValueError(f"loudness is measured of mono and stereo, not of {channels} channels")
        if sample_rate < LOWEST_RATE:
            raise ValueError(f"loudness is measured from {LOWEST_RATE} Hz on, not at {sample_rate} Hz")
        self._hop = (sample_rate + 5) // 10  # frames in 100 ms, to the nearest
        self._filter = _k_filter(sample_rate)
        self._state = self._filter.at_rest(channels)
        self._chunks = Chunks(HOPS_PER_CHUNK * self._hop, channels)
        self._powers: list[NDArray[np.float64]] = []

    def feed(self, samples: Samples) -> None:
        """Take in the next samples, ``(frames, channels)``. Raises ValueError for NaN and infinity."""
        for chunk in self._chunks.push(samples):
            powers, self._state = self._measure(chunk)
            self._powers.append(powers)

    def loudness(self) -> Loudness:
        """What was fed so far. A last stretch under 100 ms counts only in sounds under 0.4 s."""
        rest = self._chunks.rest
        missing = (MOMENTARY_HOPS - sum(map(len, self._powers))) * self._hop - len(rest)
        if missing > 0:
            silence = np.zeros((missing, rest.shape[1]), np.float32)
            powers, _ = self._measure(np.concatenate([rest, silence]))
            return Loudness(hops=np.zeros(0), brief=float(np.concatenate([*self._powers, powers]).mean()))
        powers, _ = self._measure(rest[: len(rest) - len(rest) % self._hop])
        return Loudness(hops=np.concatenate([*self._powers, powers]))

    def _measure(self, samples: Samples) -> tuple[Floats, Floats]:
        """The mean square of each hop after the K-weighting, and the filter's state after them."""
        if not np.isfinite(samples).all():
            raise ValueError("the sound holds samples that are not finite numbers")
        weighted, state = self._filter.run(samples, self._state)
        by_hop = weighted.T.reshape(samples.shape[1], -1, self._hop)
        return np.einsum("chk,chk->h", by_hop, by_hop) / self._hop, state


def measure_loudness(samples: Samples, sample_rate: int) -> float:
    """The integrated loudness in LUFS of ``(frames, channels)`` samples; ``-inf`` for silence.

    >>> measure_loudness(np.zeros((48000, 2), np.float32), 48000)
    -inf
    """
    meter = LoudnessMeter(sample_rate, samples.shape[1])
    meter.feed(samples)
    return meter.loudness().integrated_lufs()
