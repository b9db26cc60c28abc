"""What an element plays: its take from the trim's beginning to its end, forwards or backwards, at its speed.

Everything is read in blocks; a take of any length costs the same memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scenebuild.audio.frames import frames_of
from scenebuild.audio.level import Samples
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.speed import read_part
from scenebuild.audio.wav import AudioFileError, probe
from scenebuild.mix.model import Source
from scenebuild.scene.model import Element


@dataclass(frozen=True, slots=True)
class Tape:
    """Frames ``[first, last)`` of a take, at the take's own rate."""

    name: str
    source: Source
    first: int
    last: int
    reverse: bool
    speed: float

    @property
    def length_s(self) -> float:
        """How long it sounds once."""
        return (self.last - self.first) / self.source.sample_rate / self.speed

    @property
    def channels(self) -> int:
        return self.source.channels


def tape_of(element: Element, source: Source) -> Tape:
    """The part of a take that an element plays. AudioFileError where the trim leaves nothing of it."""
    playing, rate = element.playing, source.sample_rate
    first = frames_of(playing.trim_from_s, rate)
    last = source.frames if playing.trim_to_s is None else min(frames_of(playing.trim_to_s, rate), source.frames)
    if source.frames and first >= last:
        raise AudioFileError(
            f"{element.name}: trim: nothing is left from {playing.trim_from_s:g} s on: the take lasts"
            f" {source.frames / rate:.3g} s"
        )
    return Tape(element.name, source, first, last, playing.reverse, playing.speed)


def read_tape(tape: Tape, frames: int, sample_rate: int) -> Iterator[tuple[int, Samples]]:
    """All ``frames`` that a tape has in a mix of ``sample_rate``: pieces, and the frame that each begins at.

    Raises AudioFileError where the take is not what was measured, or can not be mixed.
    """
    _check(tape, frames)
    source = tape.source
    played = read_part(source.path, tape.first, tape.last, reverse=tape.reverse)
    blocks = resample_blocks(played, source.sample_rate * tape.speed, sample_rate, source.channels)
    position = 0
    for block in fitted(blocks, frames, source.channels):
        yield position, block
        position += len(block)


def _check(tape: Tape, frames: int) -> None:
    source = tape.source
    facts = probe(source.path)
    if (facts.sample_rate, facts.channels, facts.frames) != (source.sample_rate, source.channels, source.frames):
        raise AudioFileError(f"{tape.name}: the take is not the one that was measured")
    if source.channels > 2 or not frames:
        what = "is empty" if not frames else f"has {source.channels} channels; mono and stereo can be mixed"
        raise AudioFileError(f"{tape.name}: the take {what}")
