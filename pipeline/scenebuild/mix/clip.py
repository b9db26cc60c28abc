"""What an element plays: its take from the trim's beginning to its end, forwards or backwards, at its speed.

Everything is read in blocks; a take of any length costs the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scenebuild.audio.level import Samples, crossfade
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.speed import read_part
from scenebuild.audio.wav import AudioFileError, probe
from scenebuild.decibels import db_to_gain
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.model import PlayedTake
from scenebuild.scene.model import Element
from scenebuild.scene.played_part import PlayedPart, played_part


@dataclass(frozen=True, slots=True)
class Clip:
    """The part of a take that an element plays, or of several takes that lead into each other, at their own rate."""

    name: str
    parts: tuple[PlayedTake, ...]  # all of one rate and one number of channels
    gains: tuple[float, ...]  # one each: all parts as loud as the first
    played: PlayedPart
    reverse: bool

    @property
    def source(self) -> PlayedTake:
        """The take that stands for all."""
        return self.parts[0]

    @property
    def length_s(self) -> float:
        """How long it sounds once."""
        return self.played.pass_s

    @property
    def whole_s(self) -> float:
        """How long all that it can play from is, before the trim."""
        return self.played.whole_s

    @property
    def takes(self) -> int:
        """How many takes it is made of; one that is looped counts once."""
        return len({part.path for part in self.parts})

    @property
    def channels(self) -> int:
        return self.source.channels


def clip_of(element: Element, takes: Sequence[PlayedTake]) -> Clip:
    """What an element plays of its takes. AudioFileError where the trim leaves nothing of it."""
    playback, source = element.playback, takes[0]
    played = played_part(playback, element.duration_s, source.frames, source.sample_rate)
    if source.frames and played.first >= played.last:
        raise AudioFileError(
            f"{element.name}: trim: nothing is left from {playback.trim_from_s:g} s on: the take lasts"
            f" {played.whole_s:.3g} s"
        )
    parts = [*takes] * played.rounds
    level = normalisation_db(element.name, element.normalize, source)[0]
    gains = (db_to_gain(normalisation_db(element.name, element.normalize, part)[0] - level) for part in parts)
    return Clip(element.name, tuple(parts), tuple(gains), played, playback.reverse)


def read_clip(clip: Clip, frames: int, sample_rate: int) -> Iterator[tuple[int, Samples]]:
    """All ``frames`` that a clip has in a mix of ``sample_rate``: pieces, and the frame that each begins at.

    Raises AudioFileError where the take is not what was measured, or cannot be mixed.
    """
    for source in clip.parts:
        _check(clip, source, frames)
    source = clip.source
    if len(clip.parts) == 1:
        played = read_part(source.path, clip.played.first, clip.played.last, reverse=clip.reverse)
    else:
        played = _window(_joined(clip), *_as_played(clip))
    blocks = resample_blocks(played, source.sample_rate * clip.played.speed, sample_rate, source.channels)
    position = 0
    for block in fitted(blocks, frames, source.channels):
        yield position, block
        position += len(block)


def _as_played(clip: Clip) -> tuple[int, int]:
    """The frames of a clip, counted in the direction in which it is played."""
    if not clip.reverse:
        return clip.played.first, clip.played.last
    overlap = clip.played.overlap
    whole = sum(part.frames - overlap for part in clip.parts) + overlap
    return whole - clip.played.last, whole - clip.played.first


def _joined(clip: Clip) -> Iterator[Samples]:
    """All parts, each leading into the next with equal power; in memory one after the other."""
    parts, overlap = list(zip(clip.parts, clip.gains, strict=True)), clip.played.overlap
    leaving: Samples | None = None
    for part, gain in reversed(parts) if clip.reverse else parts:
        samples = np.concatenate(list(read_part(part.path, reverse=clip.reverse))) * np.float32(gain)
        if leaving is not None:
            samples[:overlap] = crossfade(leaving, samples[:overlap])
        leaving = samples[len(samples) - overlap :].copy()
        yield samples[: len(samples) - overlap]
    if leaving is not None:
        yield leaving


def _window(blocks: Iterable[Samples], first: int, last: int) -> Iterator[Samples]:
    at = 0
    for block in blocks:
        start, stop = max(first - at, 0), min(last - at, len(block))
        at += len(block)
        if start < stop:
            yield block[start:stop]


def _check(clip: Clip, source: PlayedTake, frames: int) -> None:
    facts = probe(source.path)
    if (facts.sample_rate, facts.channels, facts.frames) != (source.sample_rate, source.channels, source.frames):
        raise AudioFileError(f"{clip.name}: the take is not the one that was measured")
    if source.channels > 2 or not frames:
        what = "is empty" if not frames else f"has {source.channels} channels; mono and stereo can be mixed"
        raise AudioFileError(f"{clip.name}: the take {what}")
