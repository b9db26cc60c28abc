"""Curves through keyframes: how a value that the author moves goes from point to point.

The values are in the unit that the author moves (a gain, decibels, a pan, Hz); each point says how it is *reached* from
the one before. Before the first point and after the last the curve holds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from scenebuild.frames import frames_of

Way = Literal["linear", "exp", "s", "hold"]

# A held value changes in the last 5 ms before the next point: at once, it would click.
HOLD_RAMP_S = 0.005
# An exponential way has no end at 0, so it aims a thousandth of the other end (-60 dB) below it.
EXP_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A value at a time, and the way to it from the point before.

    ``linear``: evenly. ``exp``: by equal factors in equal times, as a level in dB or a pitch in octaves moves
    evenly. ``s``: leaves and arrives without a corner. ``hold``: stays, and changes just before this point.
    """

    at_s: float
    value: float
    curve: Way = "linear"


class Curve:
    """A curve at a sample rate. It passes through each point at the frame nearest to its time.

    Raises ValueError where there is no point, where points are not in the order of their times, and for an
    exponential way from or to a value below 0.
    """

    def __init__(self, points: Sequence[CurvePoint], sample_rate: int) -> None:
        if not points:
            raise ValueError("a curve needs at least one point")
        for before, point in zip(points, points[1:], strict=False):
            if point.at_s <= before.at_s:
                raise ValueError(f"the points of a curve follow each other in time: {point.at_s} after {before.at_s}")
            if point.curve == "exp" and min(before.value, point.value) < 0:
                raise ValueError(f"an exponential way needs values of 0 and more: {before.value} to {point.value}")
        self._points = tuple(points)
        self._frames = [frames_of(point.at_s, sample_rate) for point in points]
        self._ramp = max(1, frames_of(HOLD_RAMP_S, sample_rate))

    def over(self, start: int, stop: int) -> NDArray[np.float32]:
        """The values of the frames ``[start, stop)``."""
        out = np.empty(max(stop - start, 0), np.float32)
        at = start
        while at < stop:
            after = bisect_right(self._frames, at)  # the first point behind the frame ``at``
            end = min(stop, self._frames[after]) if after < len(self._frames) else stop
            out[at - start : end - start] = self._piece(after, at, end)
            at = end
        return out

    def constant_over(self, start: int, stop: int) -> float | None:
        """The one value of the frames ``[start, stop)``, where they all have the same."""
        first, last = bisect_right(self._frames, start), bisect_left(self._frames, max(stop - 1, start))
        values = {point.value for point in self._points[max(first - 1, 0) : last + 1]}
        return values.pop() if len(values) == 1 else None

    def _piece(self, after: int, start: int, stop: int) -> NDArray[np.float64] | float:
        """The values of frames that lie between the points ``after - 1`` and ``after``."""
        if after in (0, len(self._points)):
            return self._points[max(after - 1, 0)].value
        before, point = self._points[after - 1], self._points[after]
        first, length = self._frames[after - 1], self._frames[after] - self._frames[after - 1]
        if before.value == point.value:
            return before.value
        if point.curve == "hold":
            ramp = min(self._ramp, length)
            first, length = first + length - ramp, ramp
        share = np.clip((np.arange(start, stop, dtype=np.float64) - first) / length, 0.0, 1.0)
        return _between(before.value, point.value, share, point.curve)


def _between(low: float, high: float, share: NDArray[np.float64], way: Way) -> NDArray[np.float64]:
    """From one value to another as ``share`` goes from 0 to 1; exactly ``low`` at 0.

    >>> _between(100.0, 1600.0, np.array([0.0, 0.25, 0.5]), "exp").round(6).tolist()
    [100.0, 200.0, 400.0]
    """
    if way == "exp":
        # Never quite 0, as a share of the smallest numbers would be.
        floor = max(EXP_FLOOR * max(low, high), np.finfo(np.float64).tiny) if min(low, high) == 0 else 0.0
        # By logarithms, as the factor between two numbers can be more than the largest one.
        moved = np.exp((1 - share) * np.log(low + floor) + share * np.log(high + floor)) - floor
        return np.where(share == 0, low, moved)
    if way in ("s", "hold"):
        share = 0.5 - 0.5 * np.cos(np.pi * share)
    return low + (high - low) * share
