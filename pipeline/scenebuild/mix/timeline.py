"""Where each element lies in the mix, and how long the mix is. Plain numbers: no numpy, no sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scenebuild.audio.frames import frames_of, seconds_of


@dataclass(frozen=True, slots=True)
class Span:
    """What the timeline needs to know about an element."""

    start_s: float
    length_s: float  # of one pass of its take
    loop: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """The frames ``[start, stop)`` of the mix in which an element sounds; none where ``start == stop``."""

    start: int
    stop: int
    pass_frames: int  # one pass of its take
    cut: bool  # a single pass that the end of the mix cuts short


@dataclass(frozen=True, slots=True)
class Timeline:
    """The mix in frames. ``placements`` are in the order of the spans."""

    sample_rate: int  # Hz
    frames: int
    placements: tuple[Placement, ...]


def lay_out(spans: Sequence[Span], sample_rate: int, duration_s: float | None = None) -> Timeline:
    """Place every element to the nearest frame.

    The mix lasts ``duration_s``; without it, until the latest end of any element that does not loop; if all loop, until
    the latest end of one pass. A looping element sounds from its start to the end of the mix.
    """
    passes = [frames_of(span.length_s, sample_rate) for span in spans]
    starts = [frames_of(span.start_s, sample_rate) for span in spans]
    if duration_s is not None:
        frames = frames_of(duration_s, sample_rate)
    else:
        ends = [(start + length, span.loop) for span, start, length in zip(spans, starts, passes, strict=True)]
        single = [end for end, loop in ends if not loop]
        frames = max(single or [end for end, _ in ends], default=0)
    placements = (
        _place(start, length, span.loop, frames) for span, start, length in zip(spans, starts, passes, strict=True)
    )
    return Timeline(sample_rate, frames, tuple(placements))


def _place(start: int, length: int, loop: bool, frames: int) -> Placement:
    start = min(start, frames)
    end = frames if loop else min(start + length, frames)
    return Placement(start, end, length, cut=not loop and end < start + length)


def mix_length(spans: Sequence[Span], duration_s: float | None = None, sample_rate: int = 48000) -> float:
    """How many seconds a mix of these elements lasts; see ``lay_out``.

    >>> mix_length([Span(0, 8, loop=True), Span(4.5, 2, loop=False)])
    6.5
    >>> mix_length([Span(0, 8, loop=True), Span(4.5, 2, loop=True)])
    8.0
    """
    return seconds_of(lay_out(spans, sample_rate, duration_s).frames, sample_rate)
