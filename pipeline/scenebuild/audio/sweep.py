"""A low- or high-pass whose corner moves with every frame.

The filter is a state-variable one with trapezoidal integrators (V. Zavalishin, "The Art of VA Filter Design", 2012;
A. Simper's form of it): its state is the charge of two capacitors, which stays what it is while the corner moves, so
that neither a step nor zipper noise is heard. With a corner that stands still it is the Butterworth filter of
``equalizer``.

Every frame is a small linear map of the two states. A block is cut into lanes of ``LANE_FRAMES`` that run side by side,
each once from rest and once from either state alone; the states at the lanes' ends then follow one from the other, and
with them what each lane really did. The Python loop is over the frames of one lane.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log, pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.biquad import Floats
from scenebuild.audio.equalizer import HIGHEST_PART, butterworth_qs
from scenebuild.audio.level import Samples

LANE_FRAMES = 64  # of a block of 4096: as many lanes as steps, measured
LOWEST_HZ = 1.0

Corner = Callable[[int, int], NDArray[np.floating]]  # (start, stop) -> the corner in Hz of each of those frames


class Sweep:
    """A moving Butterworth low- or high-pass of an even ``order``, 12 dB an octave for each 2.

    ``corner_hz`` is asked for the corners of the frames ``[start, stop)``, counted from the first frame that the effect
    is fed; ``Curve.over`` is such a function. Corners are kept between 1 Hz and 0.49 of the sample rate.

    >>> rising = Sweep("low", lambda start, stop: np.linspace(100, 9000, stop - start), 48000, channels=1)
    >>> round(float(rising.run(np.ones((4800, 1), np.float32))[-1, 0]), 3)  # what does not move passes
    1.0
    """

    def __init__(
        self, kind: Literal["low", "high"], corner_hz: Corner, sample_rate: int, channels: int, order: int = 2
    ) -> None:
        if order not in (2, 4, 6, 8):
            raise ValueError(f"a moving filter has an order of 2, 4, 6 or 8, not {order}")
        self._corner_hz = corner_hz
        self._sample_rate = sample_rate
        self._sections = [_Section(kind, 1 / q, channels) for q in butterworth_qs(order)]
        self._at = 0
        self._lowest_hz = sample_rate * HIGHEST_PART

    def run(self, samples: Samples) -> Samples:
        corner = np.asarray(self._corner_hz(self._at, self._at + len(samples)), np.float64)
        self._at += len(samples)
        corner = np.clip(corner, LOWEST_HZ, HIGHEST_PART * self._sample_rate)
        self._lowest_hz = min(self._lowest_hz, float(corner.min(initial=self._lowest_hz)))
        g = np.tan(pi / self._sample_rate * corner)
        out: NDArray[np.floating] = samples
        for section in self._sections:
            out = section.run(out, g)
        return np.ascontiguousarray(out, np.float32)

    @property
    def tail_frames(self) -> int:
        """From the lowest corner so far: a second-order Butterworth falls by e in every 1 / (sqrt(2) pi hz) seconds."""
        slowest = min(1 / (2 * q) for q in butterworth_qs(2 * len(self._sections)))
        return ceil(3 * log(10) * self._sample_rate / (2 * pi * self._lowest_hz * slowest))


class _Section:
    """Two integrators in a loop with damping ``k``, the inverse of Q."""

    def __init__(self, kind: Literal["low", "high"], k: float, channels: int) -> None:
        self._high = kind == "high"
        self._k = k
        self._state: Floats = np.zeros((2, channels))

    def run(self, samples: NDArray[np.floating], g: Floats) -> Floats:
        """Filter ``(frames, channels)`` with ``g``, the tangent of each frame's corner."""
        frames, channels = samples.shape
        lanes = -(-frames // LANE_FRAMES)
        missing = lanes * LANE_FRAMES - frames
        a1 = 1 / (1 + g * (g + self._k))
        a2 = g * a1
        a3 = g * a2
        x = np.pad(samples.T.astype(np.float64), ((0, 0), (0, missing)))
        # (position in the lane, lane) of all that changes; frames behind the end leave the state as it is
        one, two, three = (
            np.ascontiguousarray(np.pad(a, (0, missing), constant_values=fill).reshape(lanes, LANE_FRAMES).T)
            for a, fill in ((a1, 1.0), (a2, 0.0), (a3, 0.0))
        )
        drive = x.reshape(channels, lanes, LANE_FRAMES).transpose(2, 0, 1)  # (position, channel, lane)
        states = self._states_of(one, two, three, drive)  # (position, state, channel, lane) before each frame
        first, second = states[:, 0], states[:, 1]
        rest = drive - second
        band = one[:, None] * first + two[:, None] * rest
        low = second + two[:, None] * first + three[:, None] * rest
        out = drive - self._k * band - low if self._high else low
        return out.transpose(2, 0, 1).reshape(-1, channels)[:frames]

    def _states_of(self, one: Floats, two: Floats, three: Floats, drive: Floats) -> Floats:
        """The states before every frame; the state that the section goes on with is put away."""
        positions, channels, lanes = drive.shape
        from_first = np.stack([2 * one - 1, 2 * two], axis=1)[:, :, None]  # what each state gives to both
        from_second = np.stack([-2 * two, 1 - 2 * three], axis=1)[:, :, None]
        pushed = np.zeros((positions, 2, channels + 2, lanes))  # the last two columns are driven by nothing
        pushed[:, 0, :channels] = 2 * two[:, None] * drive
        pushed[:, 1, :channels] = 2 * three[:, None] * drive
        states = np.zeros((positions + 1, 2, channels + 2, lanes))
        states[0, 0, channels] = 1.0
        states[0, 1, channels + 1] = 1.0
        carried = np.empty((2, channels + 2, lanes))
        for at in range(positions):
            after = states[at + 1]
            np.multiply(from_first[at], states[at, 0], out=after)
            np.multiply(from_second[at], states[at, 1], out=carried)
            after += carried
            after += pushed[at]
        starts = self._chain(states[positions])
        own, kept = states[:positions, :, :channels], states[:positions, :, channels:]
        return np.asarray(own + kept[:, :, :1] * starts[0] + kept[:, :, 1:] * starts[1])

    def _chain(self, ends: Floats) -> Floats:
        """The states ``(2, channels, lanes)`` before each lane, from what each does from rest and to either state."""
        channels = self._state.shape[1]
        starts = np.empty((2, channels, ends.shape[2]))
        from_rest, kept = ends[:, :channels].transpose(2, 0, 1), ends[:, channels:].transpose(2, 0, 1)
        state = self._state
        for lane in range(ends.shape[2]):
            starts[:, :, lane] = state
            state = kept[lane] @ state + from_rest[lane]
        self._state = state
        return starts
