"""Filters with a fixed setting: high- and low-pass, shelves, a peak.

The passes are Butterworth filters, -3.01 dB at their corner and 6 dB an octave for each order. Shelves and peak follow
R. Bristow-Johnson's "Audio EQ Cookbook" (W3C note, 2021). All come from analogue filters by the bilinear transform,
which keeps the curve at the frequency that is named and squeezes what lies close to half the sample rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, log, pi, sin, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.biquad import Biquad, BlockFilter, Floats
from scenebuild.audio.effect import TAIL_DB
from scenebuild.audio.level import Samples

Sections = tuple[Biquad, ...]

SHELF_SLOPE = 1.0  # the steepest shelf that neither overshoots nor dips (Cookbook, S)
HIGHEST_PART = 0.49  # of the sample rate: a corner above it is brought down to it


def _prewarped(hz: float, sample_rate: int) -> float:
    """tan of half the angle that a frequency has on the unit circle. Raises ValueError at 0 Hz and below."""
    if hz <= 0:
        raise ValueError(f"a filter needs a frequency above 0 Hz, not {hz}")
    return tan(pi * min(hz / sample_rate, HIGHEST_PART))


def butterworth_qs(order: int) -> tuple[float, ...]:
    """The Q of each second-order section of a Butterworth filter; an odd order has a first-order section beside them.

    >>> [round(q, 4) for q in butterworth_qs(4)]
    [0.5412, 1.3066]
    """
    return tuple(1 / (2 * cos(pi * (order - 1 - 2 * k) / (2 * order))) for k in reversed(range(order // 2)))


def low_pass(hz: float, sample_rate: int, order: int = 2) -> Sections:
    """A Butterworth low-pass of ``order`` 1 to 8."""
    k = _prewarped(hz, sample_rate)
    sections = []
    for q in _checked(order):
        a0 = 1 + k / q + k * k
        b0 = k * k / a0
        sections.append(Biquad(b0, 2 * b0, b0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0))
    if order % 2:
        b0 = k / (1 + k)
        sections.append(Biquad(b0, b0, 0.0, (k - 1) / (1 + k), 0.0))
    return tuple(sections)


def high_pass(hz: float, sample_rate: int, order: int = 2) -> Sections:
    """A Butterworth high-pass of ``order`` 1 to 8."""
    k = _prewarped(hz, sample_rate)
    sections = []
    for q in _checked(order):
        a0 = 1 + k / q + k * k
        b0 = 1 / a0
        sections.append(Biquad(b0, -2 * b0, b0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0))
    if order % 2:
        b0 = 1 / (1 + k)
        sections.append(Biquad(b0, -b0, 0.0, (k - 1) / (1 + k), 0.0))
    return tuple(sections)


def _checked(order: int) -> tuple[float, ...]:
    if not 1 <= order <= 8:
        raise ValueError(f"a filter has an order of 1 to 8, not {order}")
    return butterworth_qs(order)


def peak(hz: float, db: float, q: float, sample_rate: int) -> Sections:
    """A bell of ``db`` at ``hz``; ``q`` is the frequency over the width between the points at half the gain in dB."""
    angle, gain = _angle(hz, sample_rate), 10 ** (db / 40)
    alpha = sin(angle) / (2 * q)
    a0 = 1 + alpha / gain
    middle = -2 * cos(angle) / a0
    return (Biquad((1 + alpha * gain) / a0, middle, (1 - alpha * gain) / a0, middle, (1 - alpha / gain) / a0),)


def low_shelf(hz: float, db: float, sample_rate: int) -> Sections:
    """``db`` well below ``hz``, half of it there, nothing well above."""
    return _shelf(hz, db, sample_rate, side=1.0)


def high_shelf(hz: float, db: float, sample_rate: int) -> Sections:
    """``db`` well above ``hz``, half of it there, nothing well below."""
    return _shelf(hz, db, sample_rate, side=-1.0)


def _shelf(hz: float, db: float, sample_rate: int, side: float) -> Sections:
    """Both shelves of the Cookbook: the high one is the low one with the frequency axis turned round."""
    angle, gain = _angle(hz, sample_rate), 10 ** (db / 40)
    turn = side * cos(angle)
    alpha = sin(angle) / 2 * sqrt((gain + 1 / gain) * (1 / SHELF_SLOPE - 1) + 2)
    bow = 2 * sqrt(gain) * alpha
    a0 = (gain + 1) + (gain - 1) * turn + bow
    return (
        Biquad(
            b0=gain * ((gain + 1) - (gain - 1) * turn + bow) / a0,
            b1=side * 2 * gain * ((gain - 1) - (gain + 1) * turn) / a0,
            b2=gain * ((gain + 1) - (gain - 1) * turn - bow) / a0,
            a1=side * -2 * ((gain - 1) + (gain + 1) * turn) / a0,
            a2=((gain + 1) + (gain - 1) * turn - bow) / a0,
        ),
    )


def _angle(hz: float, sample_rate: int) -> float:
    if hz <= 0:
        raise ValueError(f"a filter needs a frequency above 0 Hz, not {hz}")
    return 2 * pi * min(hz / sample_rate, HIGHEST_PART)


def response(sections: Sequence[Biquad], hz: NDArray[np.floating], sample_rate: int) -> NDArray[np.complex128]:
    """What a cascade does to a tone of each frequency: its gain is the magnitude, its turn the angle.

    >>> curve = response(low_pass(1000, 48000), np.array([10.0, 1000.0, 4000.0]), 48000)
    >>> [round(float(db), 2) + 0.0 for db in 20 * np.log10(abs(curve))]
    [0.0, -3.01, -24.48]
    """
    back = np.exp(-2j * np.pi * np.asarray(hz) / sample_rate)  # one sample later
    out = np.ones(len(back), np.complex128)
    for one in sections:
        out *= (one.b0 + one.b1 * back + one.b2 * back**2) / (1 + one.a1 * back + one.a2 * back**2)
    return out


class Equalizer:
    """A cascade of sections as an effect. Several filters together cost little more than one."""

    def __init__(self, sections: Sequence[Biquad], channels: int) -> None:
        self._filter = BlockFilter(sections)
        self._state: Floats = self._filter.at_rest(channels)
        self._tail = ringing_frames(sections)

    def run(self, samples: Samples) -> Samples:
        out, self._state = self._filter.run(samples, self._state)
        return np.ascontiguousarray(out, np.float32)

    @property
    def tail_frames(self) -> int:
        return self._tail


def ringing_frames(sections: Sequence[Biquad]) -> int:
    """How many frames the slowest pole of a cascade takes to -60 dB."""
    radius = max((float(abs(np.roots([1.0, one.a1, one.a2])).max()) for one in sections), default=0.0)
    return ceil(TAIL_DB / 20 * log(10) / log(radius)) if radius > 1e-6 else 0
