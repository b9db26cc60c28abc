"""How long an element sounds, and which part of its takes: planning, the mixer and the report ask here.

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
    """The frames ``[first, last)`` that an element plays once, of all its takes put together, at their rate."""

    first: int
    last: int
    rounds: int  # how often the takes come one after the other: once, unless a loop of one fills the duration
    overlap: int  # frames in which one take leads into the next
    frames: int  # of all of them together, as far as they are wanted
    sample_rate: int  # Hz, of the takes
    speed: float

    @property
    def pass_s(self) -> float:
        """How long it sounds once."""
        return (self.last - self.first) / self.sample_rate / self.speed

    @property
    def whole_s(self) -> float:
        """How long all that it can play from is, before the trim."""
        return self.frames / self.sample_rate


def take_frames(duration_s: float, sample_rate: int) -> int:
    """How many frames a take of this duration has, at least one: what a plan asks an engine for, and the mixer expects.

    Half a frame goes to the even number, as in every key so far; ``frames`` rounds places in a mix.
    """
    return max(1, round(duration_s * sample_rate))


def overlap_of(piece_s: float) -> float:
    """How long two takes of ``piece_s`` sound together where one leads into the other, in seconds."""
    return min(LONGEST_OVERLAP_S, piece_s / 4)


def pieces_of(duration_s: float, playback: Playback, longest_take_s: float | None) -> tuple[int, float]:
    """How many takes an element is made of, and how long each is, in seconds.

    Only what is longer than the engine's longest take (or the author's ``piece``) is made of several; all of them have
    that length, so that a longer duration keeps the takes that there are.
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
    """What an element plays of its takes, which have ``frames`` each; ``duration_s`` None: of a recording.

    Where the trim leaves nothing, ``first`` is not before ``last``.
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
