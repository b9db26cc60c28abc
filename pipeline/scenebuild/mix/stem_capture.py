"""Stems that stay in memory: what each element gives to a finished mix, and what a loop repeats only once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.frames import frames_of
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.stem import Stem
from scenebuild.mix.sum_passes import Quantizer, SumPass
from scenebuild.mix.timeline import Placement, Timeline
from scenebuild.scene.model import Element

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class RepeatedSpan:
    """The frames ``[start, start + frames)`` of what is held sound ``times`` times in a row."""

    start: int = 0
    frames: int = 0
    times: int = 1


ONCE = RepeatedSpan()


@dataclass(frozen=True, slots=True)
class CapturedStem:
    """A stem in the finished mix, from where it begins to where it ends: 24-bit integers ``(frames, channels)``."""

    name: str
    start: int  # frame of the mix
    samples: Integers
    passes: RepeatedSpan = ONCE

    @property
    def frames(self) -> int:
        """How long it sounds, every pass counted."""
        return len(self.samples) + self.passes.frames * (self.passes.times - 1)

    def whole(self) -> Integers:
        """All that sounds, with every pass written out."""
        one, samples = self.passes, self.samples
        again = [samples[one.start : one.start + one.frames]] * one.times
        return np.concatenate([samples[: one.start], *again, samples[one.start + one.frames :]])


Keep = Callable[[CapturedStem], None]


def passes_of(stem: Stem) -> RepeatedSpan:
    """What a looping stem repeats to the last bit: all whole passes between its fades."""
    if stem.crossfade is None:
        return ONCE
    first, period = max(stem.crossfade, stem.fades.fade_in), stem.body.frames - stem.crossfade
    times = (stem.stop - stem.start - stem.fades.fade_out - first) // period
    return RepeatedSpan(first, period, times) if times > 1 else ONCE


def kept_frames(stem: Stem) -> int:
    """How many frames of a stem have to be held."""
    passes = passes_of(stem)
    return stem.stop - stem.start - passes.frames * (passes.times - 1)


def keep_stem(desk: SumPass, stem: Stem, gain_db: float) -> CapturedStem:
    """One stem as it is in the mix."""
    passes = passes_of(stem)
    again = stem.start + passes.start + passes.frames
    rest = again + passes.frames * (passes.times - 1)
    stretches = [(stem.start, stem.stop)] if passes is ONCE else [(stem.start, again), (rest, stem.stop)]
    samples = np.zeros((kept_frames(stem), desk.channels), np.int32)
    rounded, at = Quantizer(gain_db, desk.block_frames, desk.channels), 0
    for first, last in stretches:
        for start in range(first, last, desk.block_frames):
            stop = min(start + desk.block_frames, last)
            for place, piece in stem.render(start, stop):
                here = at + place - start
                samples[here : here + len(piece)] = rounded(piece)
            at += stop - start
    return CapturedStem(stem.name, stem.start, samples, passes)


def keep_share(desk: SumPass, name: str, body: Buffer, gain_db: float) -> CapturedStem:
    """What one layer of the desk gives to the mix, without the silence before and behind it."""
    rounded = Quantizer(gain_db, desk.block_frames, desk.channels)
    samples = np.empty((desk.frames, desk.channels), np.int32)
    for start in range(0, desk.frames, desk.block_frames):
        stop = min(start + desk.block_frames, desk.frames)
        samples[start:stop] = rounded.clipped(body.read(start, stop))
    first, stop = sounding(samples)
    return CapturedStem(name, first, samples[first:stop].copy())


def sounding(samples: NDArray[np.integer]) -> tuple[int, int]:
    """The frames ``[first, stop)`` outside which there is silence; none where all is silent.

    >>> sounding(np.array([[0, 0], [0, 5], [0, 0], [1, 0], [0, 0]]))
    (1, 4)
    """
    loud = samples.reshape(-1) != 0
    if not len(loud) or not loud[first := int(loud.argmax())]:
        return 0, 0
    return first // samples.shape[1], len(samples) - int(loud[::-1].argmax()) // samples.shape[1]


def held_frames(elements: Sequence[Element], timeline: Timeline, treated: Collection[str]) -> int:
    """About how many frames of sound all stems have: of a loop two passes and its fades, on the desk every time."""
    pairs = zip(elements, timeline.placements, strict=True)
    return sum(_held(one, place, timeline.sample_rate, is_treated=one.name in treated) for one, place in pairs)


def _held(element: Element, placement: Placement, sample_rate: int, *, is_treated: bool) -> int:
    if is_treated:
        return sum(stop - start for start, stop in placement.times)
    frames = placement.stop - placement.start
    if not element.loop:
        return frames
    return min(frames, 2 * placement.pass_frames + frames_of(element.fade_in_s + element.fade_out_s, sample_rate))
