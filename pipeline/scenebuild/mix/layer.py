"""What the desk does with an element or a bus beyond placing it: the strip that its sound runs through."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.curves import Curve, Point
from scenebuild.audio.effect import Chain
from scenebuild.audio.level import Samples, db_to_gain
from scenebuild.audio.pan import spread_along
from scenebuild.mix.effects import effects_of
from scenebuild.mix.series import Sounding, summed
from scenebuild.scene.desk import Channel, Movement


@dataclass(frozen=True, slots=True)
class Layer:
    """An element on the desk: what is heard of it, and its strip."""

    name: str
    sounding: Sounding
    channels: int  # of the sounding
    gain: float  # of the fader, where it does not move
    channel: Channel


@dataclass(frozen=True, slots=True)
class Format:
    """The form of a mix while it is rendered."""

    sample_rate: int
    channels: int
    frames: int
    goes_round: bool = False


class Track:
    """A movement, frame by frame; in a mix that goes round it comes again with it."""

    def __init__(self, movement: Movement, form: Format) -> None:
        points = [Point(point.at_s, point.value, point.curve) for point in movement.points]
        self._curve = Curve(points, form.sample_rate)
        self._is_db = movement.unit == "db"
        self._period = form.frames if form.goes_round else None

    def over(self, start: int, stop: int) -> NDArray[np.float32]:
        """The values of frames ``[start, stop)``; a level in dB as a gain."""
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


class Strip:
    """One pass through the filters, the effects and the fader of a channel. Fed in order, from ``first`` on."""

    def __init__(self, channel: Channel, gain: float, form: Format, first: int) -> None:
        self._chain = Chain(effects_of(channel, form, first))
        self._gain = np.float32(gain)
        self._fader = Track(channel.fader, form) if channel.fader else None

    @property
    def tail_frames(self) -> int:
        return self._chain.tail_frames

    def run(self, samples: Samples, start: int) -> Samples:
        out = self._chain.run(samples)
        out *= self._fader.over(start, start + len(out))[:, None] if self._fader else self._gain
        return out


class LayerPass:
    """One pass over an element: what is heard of it, through its strip."""

    def __init__(self, layer: Layer, form: Format, first: int) -> None:
        self._layer = layer
        self._form = form
        self._pan = Track(layer.channel.pan, form) if layer.channel.pan else None
        self._strip = Strip(layer.channel, layer.gain, form, first)

    @property
    def tail_frames(self) -> int:
        return self._strip.tail_frames

    def run(self, start: int, stop: int) -> Samples:
        """The frames ``[start, stop)``, in the channels of the mix."""
        samples = summed(self._layer.sounding, start, stop, self._layer.channels)
        if self._pan is not None:
            samples = spread_along(samples, self._form.channels, self._pan.over(start, stop))
        return self._strip.run(samples, start)


def highest_gain(movement: Movement | None, gain: float) -> float:
    """The most that a fader gives, as a plain gain."""
    if movement is None:
        return gain
    most = max((point.value for point in movement.points), default=-inf)
    return db_to_gain(most) if movement.unit == "db" else most
