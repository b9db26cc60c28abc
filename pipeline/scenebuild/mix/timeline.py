"""The place of each element in the mix, and the length of the mix. Plain numbers: no numpy, no sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scenebuild.frames import frames_of
from scenebuild.mix.repeats import repeat_times
from scenebuild.scene.timing import Repeat


@dataclass(frozen=True, slots=True)
class Span:
    """The facts about an element that the timeline needs."""

    start_s: float
    length_s: float  # of one pass of its take
    loop: bool
    more_starts_s: tuple[float, ...] = ()
    repeat: Repeat | None = None
    name: str = ""  # random times are drawn by seed and name
    seed: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it plays to the end of the mix, and so does not decide the length of the mix."""
        return self.loop or (self.repeat is not None and self.repeat.count is None)

    def starts_s(self, end_s: float, *, loops: bool = False) -> tuple[float, ...]:
        """Every time at which it starts in a mix that ends at ``end_s``."""
        if self.repeat is None:
            return (self.start_s, *self.more_starts_s)
        times = repeat_times(self.repeat, self.start_s, self.length_s, self.seed, self.name, end_s, loops=loops)
        return tuple(times) or (self.start_s,)


@dataclass(frozen=True, slots=True)
class Placement:
    """The frames ``[start, stop)`` of the mix in which an element plays; none if ``start == stop``."""

    start: int
    stop: int
    pass_frames: int  # one pass of its take
    cut: bool  # the last pass is cut short by the end of the mix
    times: tuple[tuple[int, int], ...] = ()  # each time that it plays; in a mix that loops, also after its end


@dataclass(frozen=True, slots=True)
class Timeline:
    """The mix in frames. ``placements`` are in the order of the spans."""

    sample_rate: int  # Hz
    frames: int
    placements: tuple[Placement, ...]


def lay_out(
    spans: Sequence[Span], sample_rate: int, duration_s: float | None = None, *, loops: bool = False
) -> Timeline:
    """Place every element to the nearest frame.

    The mix lasts ``duration_s``; without it, until the latest end of any element that does not loop; if all loop, until
    the latest end of one pass. A looping element plays from its start to the end of the mix. Elements that end later
    are cut off, unless the mix ``loops``: then they continue at the beginning.

    >>> lay_out([Span(0, 8, loop=True), Span(4.5, 2, loop=False)], 1000).frames
    6500
    >>> lay_out([Span(0, 8, loop=True), Span(4.5, 2, loop=True)], 1000).frames
    8000
    """
    frames = frames_of(duration_s, sample_rate) if duration_s is not None else _latest_end(spans, sample_rate)
    return Timeline(sample_rate, frames, tuple(_place(span, sample_rate, frames, loops) for span in spans))


def _latest_end(spans: Sequence[Span], sample_rate: int) -> int:
    ends = [_ends(span, sample_rate) for span in spans if not span.is_open]
    return max(ends or [_ends(span, sample_rate) for span in spans], default=0)


def _ends(span: Span, sample_rate: int) -> int:
    last_s = span.start_s if span.is_open else max(span.starts_s(inf))
    return frames_of(last_s, sample_rate) + frames_of(span.length_s, sample_rate)


def _place(span: Span, sample_rate: int, frames: int, loops: bool) -> Placement:
    length = frames_of(span.length_s, sample_rate)
    starts = [frames_of(start_s, sample_rate) for start_s in span.starts_s(frames / sample_rate, loops=loops)]
    if span.loop:
        start = min(starts[0], frames)
        return Placement(start, frames, length, cut=False, times=((start, frames),) if start < frames else ())
    ends_by = frames + length if loops else frames
    times = tuple((start, min(start + length, ends_by)) for start in starts if start < frames)
    if not times:
        return Placement(frames, frames, length, cut=True)
    last_start, last_stop = times[-1]
    stop = min(max(stop for _, stop in times), frames)
    return Placement(times[0][0], stop, length, cut=last_stop < last_start + length, times=times)
