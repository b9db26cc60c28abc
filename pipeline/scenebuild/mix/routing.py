"""The inputs and buses of a scene, processed block by block in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.dynamics import Ducker
from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.level import Samples
from scenebuild.frames import frames_of
from scenebuild.mix.automation import MixFormat
from scenebuild.mix.channel_strip import ChannelInput, ChannelInputPass, ChannelStrip
from scenebuild.mix.fades import Fades, faded
from scenebuild.scene.channel import Bus, Channel, Duck

END_FADE_S = 0.005  # if the end of the mix cuts off a tail
LONGEST_CHAIN = 3  # such as an input that ducks under a compressed one, on a bus that ducks
LONGEST_TAIL_S = 60.0  # a longer tail is cut


@dataclass(frozen=True, slots=True)
class Routing:
    """All inputs and buses with channel strips. ``muted``: inputs that are only the key of a ducker."""

    inputs: tuple[ChannelInput, ...]
    buses: tuple[Bus, ...]
    form: MixFormat
    muted: frozenset[str] = frozenset()

    @property
    def audible(self) -> tuple[str, ...]:
        """The inputs that are heard."""
        return tuple(one.name for one in self.inputs if one.name not in self.muted)

    @property
    def outs(self) -> tuple[str, ...]:
        """The parts of the sum: every audible input without a bus, and every bus with an audible input."""
        buses = (bus.name for bus in self.buses if not self.is_only_a_key(bus.name))
        return (*(one.name for one in self.inputs if self.is_out(one)), *buses)

    def is_out(self, source: ChannelInput) -> bool:
        """Whether an input goes directly into the sum."""
        return source.channel.bus is None and source.name not in self.muted

    def members(self, bus: str) -> tuple[str, ...]:
        """The inputs that are heard through a bus."""
        unheard = frozenset[str]() if self.is_only_a_key(bus) else self.muted
        return tuple(one.name for one in self.inputs if one.channel.bus == bus and one.name not in unheard)

    def is_only_a_key(self, bus: str) -> bool:
        """Whether a bus is only the key of duckers and is not heard."""
        return all(one.name in self.muted for one in self.inputs if one.channel.bus == bus)


def in_order(routing: Routing) -> tuple[str, ...]:
    """Inputs and buses, each after its inputs and the keys of its ducker."""
    needs = {one.name: _keys(one.channel) for one in routing.inputs}
    for bus in routing.buses:
        needs[bus.name] = _keys(bus.channel) | set(routing.members(bus.name))
    return tuple(TopologicalSorter(needs).static_order())


def _keys(channel: Channel) -> set[str]:
    return set(channel.duck.under) if channel.duck else set()


class RoutingPass:
    """One pass over all inputs and buses from frame ``first``; all effects begin at rest."""

    def __init__(self, routing: Routing, first: int, *, split: bool = False) -> None:
        self._routing = routing
        self._inputs = {one.name: ChannelInputPass(one, routing.form, first) for one in routing.inputs}
        self._buses = {bus.name: ChannelStrip(bus.channel, bus.volume, routing.form, first) for bus in routing.buses}
        self._order = in_order(routing)
        self._duckers = {name: (duck, _ducker(duck, routing.form)) for name, duck in _ducks(routing).items()}
        self._ducked: dict[str, NDArray[np.float32]] = {}  # the gains of this block
        self._shares = _own_strips(routing, first, self._buses) if split else {}

    @property
    def tail_frames(self) -> int:
        """The length of the tail after the last sound."""
        inputs = max((one.tail_frames for one in self._inputs.values()), default=0)
        return inputs + max((one.tail_frames for one in self._buses.values()), default=0)

    @property
    def memory_frames(self) -> int:
        """The time for which earlier samples have an effect: tails, and the release of gains."""
        release_s = max((one.channel.memory_s for one in _strips(self._routing)), default=0.0)
        return self.tail_frames + frames_of(LONGEST_CHAIN * release_s, self._routing.form.sample_rate)

    def run(self, start: int, stop: int) -> dict[str, Samples]:
        """The output of every input and bus in frames ``[start, stop)``."""
        heard: dict[str, Samples] = {}
        for name in self._order:
            if name in self._inputs:
                heard[name] = self._inputs[name].run(start, stop)
            else:
                members = [heard[member] for member in self._routing.members(name)]
                heard[name] = self._buses[name].run(total_of(members, stop - start, self._routing.form.channels), start)
            if name in self._duckers:
                self._duck(name, heard)
        return heard

    def _duck(self, name: str, heard: dict[str, Samples]) -> None:
        duck, ducker = self._duckers[name]
        key = reduce(np.maximum, [np.abs(heard[other]) for other in duck.under])
        self._ducked[name] = ducker.gains(key)
        heard[name] *= self._ducked[name][:, None]

    def ended(self, heard: Mapping[str, Samples], start: int) -> Mapping[str, Samples]:
        """The same samples, with a short fade if the end of the mix cuts off a tail."""
        form = self._routing.form
        length = min(frames_of(END_FADE_S, form.sample_rate), form.frames)
        stop = start + max(map(len, heard.values()), default=0)
        if form.loops or not self.tail_frames or stop <= form.frames - length:
            return heard
        fades = Fades(fade_out=length)
        return {name: faded(samples, start, form.frames, fades) for name, samples in heard.items()}

    def shares(self, heard: Mapping[str, Samples], start: int) -> dict[str, Samples]:
        """The share of each audible input in the sum: itself, or itself through a copy of its bus."""
        audible = (one for one in self._routing.inputs if one.name not in self._routing.muted)
        return {one.name: self._share(one, heard[one.name], start) for one in audible}

    def _share(self, source: ChannelInput, samples: Samples, start: int) -> Samples:
        if source.name not in self._shares:
            return samples
        share = self._shares[source.name].run(samples, start)
        gains = self._ducked.get(source.channel.bus or "")
        return share if gains is None else np.asarray(share * gains[:, None])


def _strips(routing: Routing) -> tuple[ChannelInput | Bus, ...]:
    return (*routing.inputs, *routing.buses)


def _ducks(routing: Routing) -> dict[str, Duck]:
    return {one.name: one.channel.duck for one in _strips(routing) if one.channel.duck}


def _ducker(duck: Duck, form: MixFormat) -> Ducker:
    return Ducker(
        form.sample_rate,
        depth_db=duck.by_db,
        attack_s=duck.attack_s,
        release_s=duck.release_s,
        threshold_db=duck.threshold_db,
        hold_s=duck.hold_s,
    )


def _own_strips(routing: Routing, first: int, buses: Mapping[str, ChannelStrip]) -> dict[str, ChannelStrip]:
    """A copy of the bus's strip for each input on a bus."""
    return {
        name: ChannelStrip(bus.channel, bus.volume, routing.form, first, buses[bus.name])
        for bus in routing.buses
        for name in routing.members(bus.name)
    }


def total_of(parts: Sequence[Samples], frames: int, channels: int) -> Samples:
    """The sum of parts in their order."""
    total = np.zeros((frames, channels), np.float32)
    for part in parts:
        total += part
    return total


def passes(routing: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples]]]:
    """One pass over the mix on the grid: (start, stop, the output of every input and bus)."""
    one_pass, first = _begun(routing, split=False)
    for start, stop in _grid(first, routing.form.frames):
        heard = one_pass.run(start, stop)
        if start >= 0:
            yield start, stop, one_pass.ended(heard, start)


def split_passes(routing: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples]]]:
    """A pass for the split: (start, stop, the share of every audible input)."""
    one_pass, first = _begun(routing, split=True)
    for start, stop in _grid(first, routing.form.frames):
        shares = one_pass.shares(one_pass.run(start, stop), start)
        if start >= 0:
            yield start, stop, one_pass.ended(shares, start)


def whole_passes(routing: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples], Mapping[str, Samples]]]:
    """Both in one pass: (start, stop, the output of every input and bus, the share of every audible input)."""
    one_pass, first = _begun(routing, split=True)
    for start, stop in _grid(first, routing.form.frames):
        heard = one_pass.run(start, stop)
        shares = one_pass.shares(heard, start)
        if start >= 0:
            yield start, stop, one_pass.ended(heard, start), one_pass.ended(shares, start)


def _begun(routing: Routing, *, split: bool) -> tuple[RoutingPass, int]:
    """A pass and its first frame. In a mix that loops, it begins one tail earlier, so that the beginning of the mix has
    the tail of its end."""
    form, first = routing.form, 0
    if form.loops:
        tail = min(RoutingPass(routing, 0).memory_frames, int(LONGEST_TAIL_S * form.sample_rate))
        first = -(-tail // GRID_FRAMES) * -GRID_FRAMES
    return RoutingPass(routing, first, split=split), first


def _grid(first: int, frames: int) -> Iterator[tuple[int, int]]:
    for start in range(first, frames, GRID_FRAMES):
        yield start, min(start + GRID_FRAMES, frames)
