"""Stems that stay in memory: what each element gives to a finished mix, and what a loop repeats only once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.mix.shelf import Body
from scenebuild.mix.stem import Stem
from scenebuild.mix.sums import Desk, Rounder
from scenebuild.mix.timeline import Timeline

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Passes:
    """The frames ``[start, start + frames)`` of what is held sound ``times`` times in a row."""

    start: int = 0
    frames: int = 0
    times: int = 1


ONCE = Passes()


@dataclass(frozen=True, slots=True)
class KeptStem:
    """A stem in the finished mix, from where it begins to where it ends: 24-bit integers ``(frames, channels)``."""

    name: str
    start: int  # frame of the mix
    samples: Integers
    passes: Passes = ONCE

    @property
    def frames(self) -> int:
        """How long it sounds, every pass counted."""
        return len(self.samples) + self.passes.frames * (self.passes.times - 1)

    def whole(self) -> Integers:
        """All that sounds, with every pass written out."""
        one, samples = self.passes, self.samples
        again = [samples[one.start : one.start + one.frames]] * one.times
        return np.concatenate([samples[: one.start], *again, samples[one.start + one.frames :]])


Keep = Callable[[KeptStem], None]


def passes_of(stem: Stem) -> Passes:
    """What a looping stem repeats to the last bit: all whole passes between its fades."""
    if stem.crossfade is None:
        return ONCE
    first, period = max(stem.crossfade, stem.fades.fade_in), stem.body.frames - stem.crossfade
    times = (stem.stop - stem.start - stem.fades.fade_out - first) // period
    return Passes(first, period, times) if times > 1 else ONCE


def kept_frames(stem: Stem) -> int:
    """How many frames of a stem have to be held."""
    passes = passes_of(stem)
    return stem.stop - stem.start - passes.frames * (passes.times - 1)


def keep_stem(desk: Desk, stem: Stem, gain_db: float) -> KeptStem:
    """One stem as it is in the mix."""
    passes = passes_of(stem)
    again = stem.start + passes.start + passes.frames
    rest = again + passes.frames * (passes.times - 1)
    stretches = [(stem.start, stem.stop)] if passes is ONCE else [(stem.start, again), (rest, stem.stop)]
    samples = np.zeros((kept_frames(stem), desk.channels), np.int32)
    rounded, at = Rounder(gain_db, desk.block_frames, desk.channels), 0
    for first, last in stretches:
        for start in range(first, last, desk.block_frames):
            stop = min(start + desk.block_frames, last)
            for place, piece in stem.render(start, stop):
                here = at + place - start
                samples[here : here + len(piece)] = rounded(piece)
            at += stop - start
    return KeptStem(stem.name, stem.start, samples, passes)


def keep_share(desk: Desk, name: str, body: Body, gain_db: float) -> KeptStem:
    """What one layer of the desk gives to the mix, over all of it."""
    rounded = Rounder(gain_db, desk.block_frames, desk.channels)
    samples = np.empty((desk.frames, desk.channels), np.int32)
    for start in range(0, desk.frames, desk.block_frames):
        stop = min(start + desk.block_frames, desk.frames)
        samples[start:stop] = rounded(body.read(start, stop))
    return KeptStem(name, 0, samples)


def sounding_frames(timeline: Timeline, treated: Collection[str], names: Sequence[str]) -> int:
    """How many frames of stems a player has to hold: each from its start to its end, those of the desk all along."""
    return sum(
        timeline.frames if name in treated else placement.stop - placement.start
        for name, placement in zip(names, timeline.placements, strict=True)
    )
