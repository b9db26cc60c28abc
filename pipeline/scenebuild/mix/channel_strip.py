"""Channel strips: the filters, effects and fader of an element or a bus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenebuild.audio.effect import Chain
from scenebuild.audio.level import Samples
from scenebuild.audio.pan import spread_along
from scenebuild.mix.automation import AutomationReader, MixFormat
from scenebuild.mix.effects import LinkedCompressor, effects_of
from scenebuild.mix.occurrences import Playable, summed
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Channel


@dataclass(frozen=True, slots=True)
class ChannelInput:
    """An element as input of a channel strip: its sound, and the settings of the channel."""

    name: str
    playable: Playable
    channels: int  # of the playable
    volume: Automation
    moving_pan: Automation | None  # None: the pan is constant and already applied to the playable
    channel: Channel


class ChannelStrip:
    """One pass through the filters, the effects and the fader of a channel, in order from frame ``first``.

    ``whole``: if this is the copy of a bus's strip for one input, the strip of the bus: the compressors of the copy use
    its gains.
    """

    def __init__(
        self, channel: Channel, volume: Automation, form: MixFormat, first: int, whole: ChannelStrip | None = None
    ) -> None:
        effects = effects_of(channel, form, first, whole.compressors if whole else ())
        self.compressors: tuple[LinkedCompressor, ...] = tuple(
            one for one in effects if isinstance(one, LinkedCompressor)
        )
        self._chain = Chain(effects)
        self._gain = None if volume.value is None else np.float32(volume.value)
        self._volume = AutomationReader(volume, form)

    @property
    def tail_frames(self) -> int:
        return self._chain.tail_frames

    def run(self, samples: Samples, start: int) -> Samples:
        out = self._chain.run(samples)
        out *= self._volume.over(start, start + len(out))[:, None] if self._gain is None else self._gain
        return out


class ChannelInputPass:
    """One pass of an element through its channel strip."""

    def __init__(self, source: ChannelInput, form: MixFormat, first: int) -> None:
        self._source = source
        self._form = form
        self._pan = AutomationReader(source.moving_pan, form) if source.moving_pan else None
        self._strip = ChannelStrip(source.channel, source.volume, form, first)

    @property
    def tail_frames(self) -> int:
        return self._strip.tail_frames

    def run(self, start: int, stop: int) -> Samples:
        """The frames ``[start, stop)``, in the channels of the mix."""
        samples = summed(self._source.playable, start, stop, self._source.channels)
        if self._pan is not None:
            samples = spread_along(samples, self._form.channels, self._pan.over(start, stop))
        return self._strip.run(samples, start)
