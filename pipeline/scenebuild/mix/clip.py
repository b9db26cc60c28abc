"""What an element plays: its take from the trim's beginning to its end, forwards or backwards, at its speed.

Everything is read in blocks; a take of any length costs the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from scenebuild.audio.level import Samples, crossfade
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.speed import read_part
from scenebuild.audio.wav import AudioFileError, probe
from scenebuild.decibels import db_to_gain
from scenebuild.frames import frames_of
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.model import PlayedTake
from scenebuild.scene.channel import overlap_of
from scenebuild.scene.model import Element


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames ``[first, last)`` of a take, or of several that lead into each other, at their own rate."""

    name: str
    parts: tuple[PlayedTake, ...]  # all of one rate and one number of channels
    gains: tuple[float, ...]  # one each: all parts as loud as the first
    overlap: int  # frames in which one part leads into the next
    frames: int  # of all parts put together, as far as they are wanted
    first: int
    last: int
    reverse: bool
    speed: float

    @property
    def source(self) -> PlayedTake:
        """The take that stands for all."""
        return self.parts[0]

    @property
    def length_s(self) -> float:
        """How long it sounds once."""
        return (self.last - self.first) / self.source.sample_rate / self.speed

    @property
    def whole_s(self) -> float:
        """How long all that it can play from is, before the trim."""
        return self.frames / self.source.sample_rate

    @property
    def takes(self) -> int:
        """How many takes it is made of; one that is looped counts once."""
        return len({part.path for part in self.parts})

    @property
    def channels(self) -> int:
        return self.source.channels


def tape_of(element: Element, takes: Sequence[PlayedTake]) -> Clip:
    """What an element plays of its takes. AudioFileError where the trim leaves nothing of it."""
    parts = list(takes)
    rate, frames, overlap = parts[0].sample_rate, parts[0].frames, 0
    wanted = frames_of(element.duration_s, rate) if element.duration_s is not None else frames
    if element.playing.long != "extend" and 0 < frames < wanted:
        overlap = frames_of(overlap_of(frames / rate), rate)
        if element.playing.long == "loop":
            parts = parts * ceil((wanted - overlap) / max(frames - overlap, 1))
        frames = wanted
    first, last = _trimmed(element, frames, rate)
    level = normalisation_db(element.name, element.normalize, parts[0])[0]
    gains = (db_to_gain(normalisation_db(element.name, element.normalize, part)[0] - level) for part in parts)
    playing = element.playing
    return Clip(element.name, tuple(parts), tuple(gains), overlap, frames, first, last, playing.reverse, playing.speed)


def _trimmed(element: Element, frames: int, rate: int) -> tuple[int, int]:
    playing = element.playing
    first = frames_of(playing.trim_from_s, rate)
    last = frames if playing.trim_to_s is None else min(frames_of(playing.trim_to_s, rate), frames)
    if frames and first >= last:
        raise AudioFileError(
            f"{element.name}: trim: nothing is left from {playing.trim_from_s:g} s on: the take lasts"
            f" {frames / rate:.3g} s"
        )
    return first, last


def read_tape(tape: Clip, frames: int, sample_rate: int) -> Iterator[tuple[int, Samples]]:
    """All ``frames`` that a tape has in a mix of ``sample_rate``: pieces, and the frame that each begins at.

    Raises AudioFileError where the take is not what was measured, or can not be mixed.
    """
    for source in tape.parts:
        _check(tape, source, frames)
    source = tape.source
    if len(tape.parts) == 1:
        played = read_part(source.path, tape.first, tape.last, reverse=tape.reverse)
    else:
        played = _window(_joined(tape), *_as_played(tape))
    blocks = resample_blocks(played, source.sample_rate * tape.speed, sample_rate, source.channels)
    position = 0
    for block in fitted(blocks, frames, source.channels):
        yield position, block
        position += len(block)


def _as_played(tape: Clip) -> tuple[int, int]:
    """The frames of a tape, counted in the direction in which it is played."""
    if not tape.reverse:
        return tape.first, tape.last
    whole = sum(part.frames - tape.overlap for part in tape.parts) + tape.overlap
    return whole - tape.last, whole - tape.first


def _joined(tape: Clip) -> Iterator[Samples]:
    """All parts, each leading into the next with equal power; in memory one after the other."""
    parts = list(zip(tape.parts, tape.gains, strict=True))
    leaving: Samples | None = None
    for part, gain in reversed(parts) if tape.reverse else parts:
        samples = np.concatenate(list(read_part(part.path, reverse=tape.reverse))) * np.float32(gain)
        if leaving is not None:
            samples[: tape.overlap] = crossfade(leaving, samples[: tape.overlap])
        leaving = samples[len(samples) - tape.overlap :].copy()
        yield samples[: len(samples) - tape.overlap]
    if leaving is not None:
        yield leaving


def _window(blocks: Iterable[Samples], first: int, last: int) -> Iterator[Samples]:
    at = 0
    for block in blocks:
        start, stop = max(first - at, 0), min(last - at, len(block))
        at += len(block)
        if start < stop:
            yield block[start:stop]


def _check(tape: Clip, source: PlayedTake, frames: int) -> None:
    facts = probe(source.path)
    if (facts.sample_rate, facts.channels, facts.frames) != (source.sample_rate, source.channels, source.frames):
        raise AudioFileError(f"{tape.name}: the take is not the one that was measured")
    if source.channels > 2 or not frames:
        what = "is empty" if not frames else f"has {source.channels} channels; mono and stereo can be mixed"
        raise AudioFileError(f"{tape.name}: the take {what}")
