"""Counting frames. Plain numbers: planning and validation use this without numpy."""

from __future__ import annotations

from math import floor

LONGEST_S = 36_000.0  # ten hours: the longest that a mix, and so a recording, may last


def frames_of(seconds: float, sample_rate: int) -> int:
    """The number of frames nearest to a time; a time half-way between two frames takes the later one.

    Every length and position in a mix goes through here, so that a take of 3 s at 16 kHz and the place reserved for it
    in a mix at 48 kHz are the same number of frames. How long a take is made, ``scene.played_part`` says.

    >>> frames_of(0.1, 44100), frames_of(2.0, 48000)
    (4410, 96000)
    """
    return floor(seconds * sample_rate + 0.5)


def seconds_of(frames: int, sample_rate: int) -> float:
    """The time that so many frames last."""
    return frames / sample_rate
