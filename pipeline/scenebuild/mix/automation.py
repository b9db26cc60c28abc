"""The values of automations, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.curves import Curve, CurvePoint
from scenebuild.mix.impulse_responses import ImpulseResponse
from scenebuild.scene.automation import Automation


@dataclass(frozen=True, slots=True)
class MixFormat:
    """The format of a mix while it is rendered."""

    sample_rate: int
    channels: int
    frames: int
    loops: bool = False
    responses: Mapping[str, ImpulseResponse] = field(default_factory=dict)  # of the convolutions, by path


class AutomationReader:
    """The values of an automation, frame by frame; in a mix that loops they repeat with it."""

    def __init__(self, automation: Automation, form: MixFormat) -> None:
        points = [CurvePoint(point.at_s, point.value, point.curve) for point in automation.points]
        self._curve = Curve(points, form.sample_rate)
        self._is_db = automation.unit == "db"
        self._period = form.frames if form.loops else None

    def over(self, start: int, stop: int) -> NDArray[np.float32]:
        """The values of frames ``[start, stop)``; a level in dB is a gain."""
        values = self._values(start, stop)
        return np.power(np.float32(10), values / np.float32(20)) if self._is_db else values

    def _values(self, start: int, stop: int) -> NDArray[np.float32]:
        if self._period is None:
            return self._curve.over(start, stop)
        pieces = []
        while start < stop:
            at = start % self._period
            length = min(stop - start, self._period - at)
            pieces.append(self._curve.over(at, at + length))
            start += length
        return np.concatenate(pieces)
