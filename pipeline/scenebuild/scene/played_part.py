"""How long an element sounds, and which part of its takes it plays: for planning, the mixer and the report.

Plain numbers, without numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from scenebuild.frames import frames_of
from scenebuild.scene.timing import Playback

LONGEST_OVERLAP_S = 0.5


@dataclass(frozen=True, slots=True)
class PlayedPart:
    """One pass of an element: the frames ``[first, last)`` of its joined takes, at their sample rate."""

    first: int
    last: int
    rounds: int  # how often the takes follow each other: once, unless the loop of one take fills the duration
    overlap: int  # frames of the crossfade from one take to the next
    frames: int  # of the joined takes, before the trim
    sample_rate: int  # Hz, of the takes
    speed: float

    @property
    def pass_s(self) -> float:
        """Seconds of one pass, at its speed."""
        return (self.last - self.first) / self.sample_rate / self.speed

    @property
    def whole_s(self) -> float:
        """Seconds of the joined takes, before the trim."""
        return self.frames / self.sample_rate


def take_frames(duration_s: float, sample_rate: int) -> int:
    """The frames of a take of this duration, at least one: the plan asks an engine for them, the mixer expects them.

    Half a frame is rounded to the even number, as every key so far has it; ``frames_of`` rounds positions in a mix.
    """
    return max(1, round(duration_s * sample_rate))


def overlap_of(piece_s: float) -> float:
    """Seconds of the crossfade between two takes of ``piece_s``."""
    return min(LONGEST_OVERLAP_S, piece_s / 4)


def pieces_of(duration_s: float, playback: Playback, longest_take_s: float | None) -> tuple[int, float]:
    """(number of takes, seconds of each) of an element.

    An element has several takes only where it is longer than the engine's longest take (or the author's ``piece``).
    All takes have that length, so that a longer duration keeps the takes that are made already.
    """
    limits = [limit for limit in (longest_take_s, playback.piece_s) if limit is not None]
    if playback.long == "extend" or not limits or duration_s <= min(limits):
        return 1, duration_s
    piece_s = min(limits)
    if playback.long == "loop":
        return 1, piece_s
    overlap_s = overlap_of(piece_s)
    return ceil(round((duration_s - overlap_s) / (piece_s - overlap_s), 6)), piece_s


def played_part(playback: Playback, duration_s: float | None, frames: int, sample_rate: int) -> PlayedPart:
    """The part that an element plays of its takes, which have ``frames`` each; ``duration_s`` is None for a recording.

    Where the trim leaves nothing, ``first >= last``.
    """
    rounds, overlap = 1, 0
    wanted = frames if duration_s is None else take_frames(duration_s, sample_rate)
    if playback.long != "extend" and 0 < frames < wanted:
        overlap = frames_of(overlap_of(frames / sample_rate), sample_rate)
        if playback.long == "loop":
            rounds = ceil((wanted - overlap) / max(frames - overlap, 1))
        frames = wanted
    trim_to_s = playback.trim_to_s
    last = frames if trim_to_s is None else min(frames_of(trim_to_s, sample_rate), frames)
    first = frames_of(playback.trim_from_s, sample_rate)
    return PlayedPart(first, last, rounds, overlap, frames, sample_rate, playback.speed)
