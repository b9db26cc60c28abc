"""Everything that runs through the desk becomes one body, once: later passes read it like a take.

The body lies on the shelf, in memory while it is short and in a temporary file while it is long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from scenebuild.audio.level import Samples, gain_to_db
from scenebuild.audio.loudness import LoudnessMeter
from scenebuild.mix.buffers import Buffer, BufferPool
from scenebuild.mix.routing import Routing, passes, total_of, whole_passes
from scenebuild.mix.stem import StemLevels


@dataclass(frozen=True, slots=True)
class Submix:
    """The sum of all that was treated, how loud each layer and bus is in it, and what each layer gives to it, if
    that was asked for."""

    body: Buffer
    surveys: Mapping[str, StemLevels]
    shares: Mapping[str, Buffer]


class _Gauge:
    def __init__(self, sample_rate: int, channels: int) -> None:
        self._meter = LoudnessMeter(sample_rate, channels)
        self._peak = 0.0

    def feed(self, samples: Samples) -> None:
        self._meter.feed(samples)
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))

    def survey(self) -> StemLevels:
        return StemLevels(self._meter.loudness(), gain_to_db(self._peak))


def treat(console: Routing, shelf: BufferPool, *, split: bool = False) -> Submix:
    """Run the desk once over the whole mix."""
    form = console.form
    body = shelf.room(form.frames, form.channels)
    names = [layer.name for layer in console.layers] + [bus.name for bus in console.buses]
    gauges = {name: _Gauge(form.sample_rate, form.channels) for name in names}
    heard_names = [layer.name for layer in console.layers if layer.name not in console.silenced]
    bodies = {name: shelf.room(form.frames, form.channels) for name in heard_names if split}
    for start, stop, heard, shares in whole_passes(console) if split else _without_shares(console):
        body.write(start, total_of([heard[name] for name in console.outs], stop - start, form.channels))
        for name, gauge in gauges.items():
            gauge.feed(heard[name])
        for name, share in bodies.items():
            share.write(start, shares[name])
    return Submix(body, {name: gauge.survey() for name, gauge in gauges.items()}, bodies)


def _without_shares(console: Routing) -> Iterator[tuple[int, int, Mapping[str, Samples], Mapping[str, Samples]]]:
    return ((start, stop, heard, {}) for start, stop, heard in passes(console))
