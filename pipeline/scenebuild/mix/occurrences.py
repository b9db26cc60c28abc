"""A sound that plays several times, and sounds that repeat with a mix that loops."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from scenebuild.audio.level import Samples
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.fades import Fades, faded


class Playable(Protocol):
    """A sound in the mix, of which any span can be rendered, in pieces."""

    @property
    def start(self) -> int:
        """Its first frame in the mix."""
        ...

    @property
    def stop(self) -> int:
        """The frame of the mix after its last."""
        ...

    def render(self, start: int, stop: int) -> Iterator[tuple[int, Samples]]:
        """The frames ``[start, stop)``, as pieces with the frame that each begins at. Pieces may overlap."""
        ...


@dataclass(frozen=True, slots=True)
class Occurrences:
    """One buffer that plays several times, each time from its beginning and with its own fades."""

    buffer: Buffer
    times: tuple[tuple[int, int], ...]  # (start, stop) in frames of the mix, in the order of their starts
    fades: tuple[Fades, ...]  # one each
    skip: int = 0  # frames at the beginning of the buffer that never play
    starts: list[int] = field(init=False)
    longest: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", [start for start, _ in self.times])
        object.__setattr__(self, "longest", max((stop - start for start, stop in self.times), default=0))

    @property
    def start(self) -> int:
        return self.starts[0] if self.starts else 0

    @property
    def stop(self) -> int:
        return max((stop for _, stop in self.times), default=0)

    def render(self, start: int, stop: int) -> Iterator[tuple[int, Samples]]:
        for index in range(bisect_left(self.starts, start - self.longest), bisect_left(self.starts, stop)):
            begins, ends = self.times[index]
            first, last = max(start, begins), min(stop, ends)
            if first < last:
                samples = self.buffer.read(self.skip + first - begins, self.skip + last - begins)
                yield first, faded(samples, first - begins, ends - begins, self.fades[index])


@dataclass(frozen=True, slots=True)
class PeriodicPlayable:
    """A sound that repeats every ``period`` frames, before the beginning of the mix too."""

    playable: Playable
    period: int

    @property
    def start(self) -> int:
        return self.playable.start

    @property
    def stop(self) -> int:
        return self.playable.stop

    def render(self, start: int, stop: int) -> Iterator[tuple[int, Samples]]:
        first = (start - self.playable.stop) // self.period
        for turn in range(first, (stop - self.playable.start) // self.period + 1):
            shift = turn * self.period
            for at, piece in self.playable.render(start - shift, stop - shift):
                yield at + shift, piece


def summed(playable: Playable, start: int, stop: int, channels: int) -> Samples:
    """The frames ``[start, stop)`` of a sound in one array, silence included."""
    total = np.zeros((stop - start, channels), np.float32)
    for at, piece in playable.render(start, stop):
        total[at - start : at - start + len(piece)] += piece
    return total
