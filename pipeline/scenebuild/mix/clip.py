"""The sound that an element plays: its trimmed take, forwards or backwards, at its speed.

It is read in blocks, so that a take of any length needs the same memory.
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
    """The part of one take, or of several takes that lead into each other, that an element plays; at their own rate."""

    name: str
    parts: tuple[PlayedTake, ...]  # all of one rate and one number of channels
    gains: tuple[float, ...]  # of each part, so that all are as loud as the first
    played: PlayedPart
    reverse: bool

    @property
    def source(self) -> PlayedTake:
        """The first take, whose rate and channels all others have."""
        return self.parts[0]

    @property
    def length_s(self) -> float:
        """The length of one pass."""
        return self.played.pass_s

    @property
    def whole_s(self) -> float:
        """The length of all takes together, before the trim."""
        return self.played.whole_s

    @property
    def takes(self) -> int:
        """The number of takes that it is made of; a looped take counts once."""
        return len({part.path for part in self.parts})

    @property
    def channels(self) -> int:
        return self.source.channels


def clip_of(element: Element, takes: Sequence[PlayedTake]) -> Clip:
    """The clip of an element. AudioFileError if the trim leaves nothing."""
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
    """All ``frames`` of a clip at ``sample_rate``, as pieces with the frame that each begins at.

    AudioFileError if the take is not the one that was measured, or cannot be mixed.
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
    """All parts, each crossfaded into the next with equal power; one part is in memory at a time."""
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
