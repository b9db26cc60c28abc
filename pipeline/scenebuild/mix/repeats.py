"""The starts of an element that repeats, in seconds. Plain numbers: no numpy, no sound.

Random numbers are hashes of seed, name and count, so that a time does not depend on other elements, the machine or the
version of a library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from scenebuild.scene.timing import Repeat

TAG = "scenebuild.repeat.v1"  # a new tag whenever the same scene would have other times
MOST_TIMES = 100_000  # of one element: a drip every third of a second for ten hours


def repeat_times(
    repeat: Repeat, first_s: float, length_s: float, seed: int, name: str, end_s: float, *, loops: bool = False
) -> Iterator[float]:
    """The starts of a sound of ``length_s`` that repeats from ``first_s`` on, before ``end_s``.

    Each start is ``every_s`` after the one before, plus a uniform random time in ±``jitter_s``. If a gap is required,
    the jitter is reduced on both sides, so that the mean stays ``every_s``. In a mix that ``loops`` the last start
    leaves room for the first one of the next pass.

    >>> list(repeat_times(Repeat(5.0), 1.0, 2.0, 7, "owl", 20.0))
    [1.0, 6.0, 11.0, 16.0]
    """
    every_s, jitter_s = spacing(repeat, length_s)
    last_s = end_s + first_s - every_s + jitter_s if loops and repeat.count is None else end_s
    time_s = first_s
    for count in range(min(repeat.count or MOST_TIMES, MOST_TIMES)):
        if time_s >= end_s or (count and time_s > last_s):
            return
        yield time_s
        time_s += every_s + jitter_s * (2 * draw(seed, name, count) - 1)


def spacing(repeat: Repeat, length_s: float) -> tuple[float, float]:
    """The mean time from start to start and the jitter, both limited by the gap; seconds."""
    if repeat.gap_s is None:
        return repeat.every_s, repeat.jitter_s
    room_s = repeat.every_s - length_s - repeat.gap_s
    if room_s < 0:  # a recording, whose length is not known when the scene is checked
        return length_s + repeat.gap_s, 0.0
    return repeat.every_s, min(repeat.jitter_s, room_s)


def draw(seed: int, name: str, count: int) -> float:
    """A uniform random number in [0, 1) for a seed, a name and a count."""
    text = json.dumps([TAG, seed, name, count], separators=(",", ":")).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
