"""Filling any length from one take, with an equal-power crossfade at each seam.

A take is made into a *loop body* once: as long as the take, but its last frames carry the crossfade from the take's
end into its beginning. Played to its end and continued from just behind the crossfade, it goes on for ever::

    take   |head .............................. tail|
    body   |head .............................. seam|     seam = tail fading out + head fading in
    played |head ........ seam|........ seam|........ seam| ...

So any stretch of an endless loop is a few slices of the body, and nothing else has to be rendered to get at it. This
is also how samplers store loops: the body, and a loop that runs from ``crossfade`` to the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenebuild.audio.level import Samples, crossfade
from scenebuild.frames import frames_of

LONGEST_CROSSFADE_S = 0.5  # long enough for waves and wind; a longer one thins out a short take


def crossfade_frames(frames: int, sample_rate: int) -> int:
    """How long the crossfade of a take is: half a second, or a quarter of a take that is shorter than two.

    Never more than half the take, so that two seams never meet.
    """
    return min(frames_of(LONGEST_CROSSFADE_S, sample_rate), frames // 4)


def seam(head: Samples, tail: Samples) -> Samples:
    """What replaces the last frames of a take in its loop body; all three have the length of the crossfade."""
    return crossfade(tail, head)


def loop_body(take: Samples, crossfade: int) -> Samples:
    """The loop body of a take, as long as the take. ``crossfade`` is in frames, at most half the take."""
    if not 0 <= 2 * crossfade <= len(take):
        raise ValueError(f"a crossfade of {crossfade} frames does not fit twice into a take of {len(take)}")
    body = take.copy()
    if crossfade:
        body[-crossfade:] = seam(take[:crossfade], take[-crossfade:])
    return body


def lengthened(body: Samples, crossfade: int, frames: int) -> Samples:
    """A loop body of at least ``frames`` that plays the same, with more passes.

    A loop of a few samples would otherwise be put together from millions of slices.
    """
    period = len(body) - crossfade
    passes = max(1, -(-(frames - crossfade) // period))
    return render_loop(body, crossfade, 0, crossfade + passes * period)


def loop_slices(frames: int, crossfade: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The slices ``[a, b)`` of a loop body of ``frames`` that sound, one after the other, from ``start`` to ``stop``.

    >>> list(loop_slices(frames=10, crossfade=2, start=8, stop=21))
    [(8, 10), (2, 10), (2, 5)]
    """
    period = frames - crossfade
    while start < stop:
        at = start if start < frames else crossfade + (start - crossfade) % period
        length = min(stop - start, frames - at)
        yield at, at + length
        start += length


def render_loop(body: Samples, crossfade: int, start: int, stop: int) -> Samples:
    """Frames ``[start, stop)`` of the endless loop of a body."""
    pieces = [body[a:b] for a, b in loop_slices(len(body), crossfade, start, stop)]
    return np.concatenate(pieces) if pieces else body[:0].copy()


def fill(take: Samples, frames: int, sample_rate: int) -> Samples:
    """Exactly ``frames`` of sound from a take, looped with its default crossfade."""
    overlap = crossfade_frames(len(take), sample_rate)
    return render_loop(loop_body(take, overlap), overlap, 0, frames)
