"""What the desk does with an element or a bus beyond placing it: the strip that its sound runs through."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from scenebuild.audio.effect import Chain
from scenebuild.audio.level import Samples, db_to_gain
from scenebuild.audio.pan import spread_along
from scenebuild.mix.automation import AutomationReader, MixFormat
from scenebuild.mix.effects import LinkedCompressor, effects_of
from scenebuild.mix.occurrences import Playable, summed
from scenebuild.scene.channel import Automation, Channel


@dataclass(frozen=True, slots=True)
class ChannelInput:
    """An element on the desk: what is heard of it, and its strip."""

    name: str
    sounding: Playable
    channels: int  # of the sounding
    gain: float  # of the fader, where it does not move
    channel: Channel


class ChannelStrip:
    """One pass through the filters, the effects and the fader of a channel. Fed in order, from ``first`` on.

    ``whole``: the strip of the whole bus, where this is the one of a part of it; its compressors lead.
    """

    def __init__(
        self, channel: Channel, gain: float, form: MixFormat, first: int, whole: ChannelStrip | None = None
    ) -> None:
        effects = effects_of(channel, form, first, whole.pressed if whole else ())
        self.pressed: tuple[LinkedCompressor, ...] = tuple(one for one in effects if isinstance(one, LinkedCompressor))
        self._chain = Chain(effects)
        self._gain = np.float32(gain)
        self._fader = AutomationReader(channel.fader, form) if channel.fader else None

    @property
    def tail_frames(self) -> int:
        return self._chain.tail_frames

    def run(self, samples: Samples, start: int) -> Samples:
        out = self._chain.run(samples)
        out *= self._fader.over(start, start + len(out))[:, None] if self._fader else self._gain
        return out


class LayerPass:
    """One pass over an element: what is heard of it, through its strip."""

    def __init__(self, layer: ChannelInput, form: MixFormat, first: int) -> None:
        self._layer = layer
        self._form = form
        self._pan = AutomationReader(layer.channel.pan, form) if layer.channel.pan else None
        self._strip = ChannelStrip(layer.channel, layer.gain, form, first)

    @property
    def tail_frames(self) -> int:
        return self._strip.tail_frames

    def run(self, start: int, stop: int) -> Samples:
        """The frames ``[start, stop)``, in the channels of the mix."""
        samples = summed(self._layer.sounding, start, stop, self._layer.channels)
        if self._pan is not None:
            samples = spread_along(samples, self._form.channels, self._pan.over(start, stop))
        return self._strip.run(samples, start)


def highest_gain(movement: Automation | None, gain: float) -> float:
    """The most that a fader gives, as a plain gain."""
    if movement is None:
        return gain
    most = max((point.value for point in movement.points), default=-inf)
    return db_to_gain(most) if movement.unit == "db" else most
