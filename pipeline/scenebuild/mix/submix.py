"""The sum of all inputs and buses with channel strips, rendered once into a buffer.

Later passes read it like a take. A short buffer is in memory, a long one in a temporary file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scenebuild.audio.level import Samples
from scenebuild.mix.buffers import Buffer, BufferPool
from scenebuild.mix.routing import Routing, passes, total_of, whole_passes
from scenebuild.mix.stem import StemLevels, StemMeter


@dataclass(frozen=True, slots=True)
class Submix:
    """The sum of a routing, the levels of its inputs and buses, and the share of each input if that is wanted."""

    buffer: Buffer
    levels: Mapping[str, StemLevels]
    shares: Mapping[str, Buffer]


def render_submix(routing: Routing, buffers: BufferPool, *, split: bool = False) -> Submix:
    """Render a routing in one pass over the whole mix. ``split``: with the share of each input."""
    form = routing.form
    buffer = buffers.allocate(form.frames, form.channels)
    names = [one.name for one in routing.inputs] + [bus.name for bus in routing.buses]
    meters = {name: StemMeter(form.sample_rate, form.channels) for name in names}
    share_buffers = {name: buffers.allocate(form.frames, form.channels) for name in routing.audible if split}
    for start, stop, heard, shares in whole_passes(routing) if split else _without_shares(routing):
        buffer.write(start, total_of([heard[name] for name in routing.outs], stop - start, form.channels))
        for name, meter in meters.items():
            meter.feed(heard[name])
        for name, share in share_buffers.items():
            share.write(start, shares[name])
    return Submix(buffer, {name: meter.levels() for name, meter in meters.items()}, share_buffers)


def _without_shares(routing: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples], Mapping[str, Samples]]]:
    return ((start, stop, heard, {}) for start, stop, heard in passes(routing))
