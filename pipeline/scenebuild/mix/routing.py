"""The layers and buses of a scene on the desk, run block after block in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.dynamics import Ducker
from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.frames import frames_of
from scenebuild.audio.level import Samples
from scenebuild.mix.automation import MixFormat
from scenebuild.mix.channel_strip import ChannelInput, ChannelStrip, LayerPass
from scenebuild.mix.fades import Fades, faded
from scenebuild.scene.channel import Bus, Channel, Compression, Duck

END_FADE_S = 0.005  # where the end of the mix cuts off what still rings
LONGEST_CHAIN = 3  # a layer that ducks under one that is compressed, on a bus that ducks: seldom more
LONGEST_TAIL_S = 60.0  # what rings on for longer is not waited for


@dataclass(frozen=True, slots=True)
class Routing:
    """All that is treated. ``silenced`` names layers that only others listen to."""

    layers: tuple[ChannelInput, ...]
    buses: tuple[Bus, ...]
    form: MixFormat
    silenced: frozenset[str] = frozenset()

    @property
    def outs(self) -> tuple[str, ...]:
        """What adds up to the sum: every layer without a bus, and every bus with a layer that is heard."""
        buses = (bus.name for bus in self.buses if not self.is_only_a_key(bus.name))
        return (*(layer.name for layer in self.layers if self.is_out(layer)), *buses)

    def is_out(self, layer: ChannelInput) -> bool:
        """Whether a layer goes straight into the sum."""
        return layer.channel.bus is None and layer.name not in self.silenced

    def members(self, bus: str) -> tuple[str, ...]:
        """The layers that are heard through a bus."""
        unheard = frozenset[str]() if self.is_only_a_key(bus) else self.silenced
        return tuple(one.name for one in self.layers if one.channel.bus == bus and one.name not in unheard)

    def is_only_a_key(self, bus: str) -> bool:
        """Whether others make room for a bus of which nothing is heard."""
        return all(one.name in self.silenced for one in self.layers if one.channel.bus == bus)


def in_order(console: Routing) -> tuple[str, ...]:
    """Layers and buses so that each comes after what it is made of and what it ducks under."""
    needs = {layer.name: _keys(layer.channel) for layer in console.layers}
    for bus in console.buses:
        needs[bus.name] = _keys(bus.channel) | set(console.members(bus.name))
    return tuple(TopologicalSorter(needs).static_order())


def _keys(channel: Channel) -> set[str]:
    return set(channel.duck.under) if channel.duck else set()


class RoutingPass:
    """One pass over everything, from frame ``first`` on, all of it at rest before."""

    def __init__(self, console: Routing, first: int, *, split: bool = False) -> None:
        self._console = console
        self._layers = {layer.name: LayerPass(layer, console.form, first) for layer in console.layers}
        self._buses = {bus.name: ChannelStrip(bus.channel, bus.gain, console.form, first) for bus in console.buses}
        self._order = in_order(console)
        self._duckers = {name: (duck, _ducker(duck, console.form)) for name, duck in _ducks(console).items()}
        self._ducked: dict[str, NDArray[np.float32]] = {}  # the gains of this block
        self._shares = _own_strips(console, first, self._buses) if split else {}

    @property
    def tail_frames(self) -> int:
        """How long it goes on after the last sound."""
        layers = max((one.tail_frames for one in self._layers.values()), default=0)
        return layers + max((one.tail_frames for one in self._buses.values()), default=0)

    @property
    def memory_frames(self) -> int:
        """How long it goes on hearing what was: what rings, and the gains that are on their way back."""
        back_s = max((_way_back_s(one.channel) for one in _strips(self._console)), default=0.0)
        return self.tail_frames + frames_of(LONGEST_CHAIN * back_s, self._console.form.sample_rate)

    def run(self, start: int, stop: int) -> dict[str, Samples]:
        """What every layer and bus gives out in frames ``[start, stop)``."""
        heard: dict[str, Samples] = {}
        for name in self._order:
            if name in self._layers:
                heard[name] = self._layers[name].run(start, stop)
            else:
                members = [heard[member] for member in self._console.members(name)]
                heard[name] = self._buses[name].run(total_of(members, stop - start, self._console.form.channels), start)
            if name in self._duckers:
                self._duck(name, heard)
        return heard

    def _duck(self, name: str, heard: dict[str, Samples]) -> None:
        duck, ducker = self._duckers[name]
        key = reduce(np.maximum, [np.abs(heard[other]) for other in duck.under])
        self._ducked[name] = ducker.gains(key)
        heard[name] *= self._ducked[name][:, None]

    def ended(self, heard: Mapping[str, Samples], start: int) -> Mapping[str, Samples]:
        """The same with a short fade where the end of the mix cuts off what rings on."""
        form = self._console.form
        length = min(frames_of(END_FADE_S, form.sample_rate), form.frames)
        stop = start + max(map(len, heard.values()), default=0)
        if form.goes_round or not self.tail_frames or stop <= form.frames - length:
            return heard
        fades = Fades(fade_out=length)
        return {name: faded(samples, start, form.frames, fades) for name, samples in heard.items()}

    def shares(self, heard: Mapping[str, Samples], start: int) -> dict[str, Samples]:
        """What each layer gives to the sum: itself, or what it alone leaves behind in the effects of its bus."""
        layers = (layer for layer in self._console.layers if layer.name not in self._console.silenced)
        return {layer.name: self._share(layer, heard[layer.name], start) for layer in layers}

    def _share(self, layer: ChannelInput, samples: Samples, start: int) -> Samples:
        if layer.name not in self._shares:
            return samples
        share = self._shares[layer.name].run(samples, start)
        gains = self._ducked.get(layer.channel.bus or "")
        return share if gains is None else np.asarray(share * gains[:, None])


def _strips(console: Routing) -> tuple[ChannelInput | Bus, ...]:
    return (*console.layers, *console.buses)


def _way_back_s(channel: Channel) -> float:
    """How long ducking and compression go on after what caused them."""
    pressed = sum(5 * one.release_s for one in channel.effects if isinstance(one, Compression))
    duck = channel.duck
    return pressed + (duck.attack_s + duck.hold_s + duck.release_s if duck else 0.0)


def _ducks(console: Routing) -> dict[str, Duck]:
    return {one.name: one.channel.duck for one in _strips(console) if one.channel.duck}


def _ducker(duck: Duck, form: MixFormat) -> Ducker:
    return Ducker(
        form.sample_rate,
        depth_db=duck.by_db,
        attack_s=duck.attack_s,
        release_s=duck.release_s,
        threshold_db=duck.threshold_db,
        hold_s=duck.hold_s,
    )


def _own_strips(console: Routing, first: int, buses: Mapping[str, ChannelStrip]) -> dict[str, ChannelStrip]:
    """For each layer on a bus a copy of the bus's strip."""
    return {
        name: ChannelStrip(bus.channel, bus.gain, console.form, first, buses[bus.name])
        for bus in console.buses
        for name in console.members(bus.name)
    }


def total_of(parts: Sequence[Samples], frames: int, channels: int) -> Samples:
    """The sum of parts in their order."""
    total = np.zeros((frames, channels), np.float32)
    for part in parts:
        total += part
    return total


def passes(console: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples]]]:
    """One pass over the mix on the grid: (start, stop, what every layer and bus gives out)."""
    one_pass, first = _begun(console, split=False)
    for start, stop in _grid(first, console.form.frames):
        heard = one_pass.run(start, stop)
        if start >= 0:
            yield start, stop, one_pass.ended(heard, start)


def split_passes(console: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples]]]:
    """The same pass once more: (start, stop, what every layer gives to the sum)."""
    one_pass, first = _begun(console, split=True)
    for start, stop in _grid(first, console.form.frames):
        shares = one_pass.shares(one_pass.run(start, stop), start)
        if start >= 0:
            yield start, stop, one_pass.ended(shares, start)


def whole_passes(console: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples], Mapping[str, Samples]]]:
    """Both in one pass: (start, stop, what every layer and bus gives out, what every layer gives to the sum)."""
    one_pass, first = _begun(console, split=True)
    for start, stop in _grid(first, console.form.frames):
        heard = one_pass.run(start, stop)
        shares = one_pass.shares(heard, start)
        if start >= 0:
            yield start, stop, one_pass.ended(heard, start), one_pass.ended(shares, start)


def _begun(console: Routing, *, split: bool) -> tuple[RoutingPass, int]:
    """In a mix that goes round a pass begins as long before as anything rings: the beginning hears the end."""
    form, first = console.form, 0
    if form.goes_round:
        tail = min(RoutingPass(console, 0).memory_frames, int(LONGEST_TAIL_S * form.sample_rate))
        first = -(-tail // GRID_FRAMES) * -GRID_FRAMES
    return RoutingPass(console, first, split=split), first


def _grid(first: int, frames: int) -> Iterator[tuple[int, int]]:
    for start in range(first, frames, GRID_FRAMES):
        yield start, min(start + GRID_FRAMES, frames)
