"""Stems of a finished mix in memory; the repeated part of a loop is kept once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.frames import frames_of
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.stem import Stem
from scenebuild.mix.sum_passes import Quantizer, SumPass
from scenebuild.mix.timeline import Placement, Timeline
from scenebuild.scene.model import Element

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class RepeatedSpan:
    """The frames ``[start, start + frames)`` of the captured samples play ``times`` times in a row."""

    start: int = 0
    frames: int = 0
    times: int = 1


ONCE = RepeatedSpan()


@dataclass(frozen=True, slots=True)
class CapturedStem:
    """A stem of the finished mix, from its first to its last frame: 24-bit integers ``(frames, channels)``."""

    name: str
    start: int  # frame of the mix
    samples: Integers
    passes: RepeatedSpan = ONCE

    @property
    def frames(self) -> int:
        """Its length, every pass counted."""
        return len(self.samples) + self.passes.frames * (self.passes.times - 1)

    def whole(self) -> Integers:
        """All samples, with every pass."""
        one, samples = self.passes, self.samples
        again = [samples[one.start : one.start + one.frames]] * one.times
        return np.concatenate([samples[: one.start], *again, samples[one.start + one.frames :]])


Capture = Callable[[CapturedStem], None]


def passes_of(stem: Stem) -> RepeatedSpan:
    """The part of a looping stem that repeats exactly: all whole passes between its fades."""
    if stem.crossfade is None:
        return ONCE
    first, period = max(stem.crossfade, stem.fades.fade_in), stem.buffer.frames - stem.crossfade
    times = (stem.stop - stem.start - stem.fades.fade_out - first) // period
    return RepeatedSpan(first, period, times) if times > 1 else ONCE


def captured_frames(stem: Stem) -> int:
    """How many frames of a stem are captured."""
    passes = passes_of(stem)
    return stem.stop - stem.start - passes.frames * (passes.times - 1)


def capture_stem(sums: SumPass, stem: Stem, gain_db: float) -> CapturedStem:
    """One stem with the master gain, as it is in the mix."""
    passes = passes_of(stem)
    again = stem.start + passes.start + passes.frames
    rest = again + passes.frames * (passes.times - 1)
    stretches = [(stem.start, stem.stop)] if passes is ONCE else [(stem.start, again), (rest, stem.stop)]
    samples = np.zeros((captured_frames(stem), sums.channels), np.int32)
    quantize, at = Quantizer(gain_db, sums.block_frames, sums.channels), 0
    for first, last in stretches:
        for start in range(first, last, sums.block_frames):
            stop = min(start + sums.block_frames, last)
            for place, piece in stem.render(start, stop):
                here = at + place - start
                samples[here : here + len(piece)] = quantize(piece)
            at += stop - start
    return CapturedStem(stem.name, stem.start, samples, passes)


def capture_share(sums: SumPass, name: str, buffer: Buffer, gain_db: float) -> CapturedStem:
    """The share of one input of the routing in the mix, without the silence before and after it."""
    quantize = Quantizer(gain_db, sums.block_frames, sums.channels)
    samples = np.empty((sums.frames, sums.channels), np.int32)
    for start in range(0, sums.frames, sums.block_frames):
        stop = min(start + sums.block_frames, sums.frames)
        samples[start:stop] = quantize.clipped(buffer.read(start, stop))
    first, stop = audible_range(samples)
    return CapturedStem(name, first, samples[first:stop].copy())


def audible_range(samples: NDArray[np.integer]) -> tuple[int, int]:
    """The frames ``[first, stop)`` outside which all samples are 0; (0, 0) for silence.

    >>> audible_range(np.array([[0, 0], [0, 5], [0, 0], [1, 0], [0, 0]]))
    (1, 4)
    """
    loud = samples.reshape(-1) != 0
    if not len(loud) or not loud[first := int(loud.argmax())]:
        return 0, 0
    return first // samples.shape[1], len(samples) - int(loud[::-1].argmax()) // samples.shape[1]


def frames_to_capture(elements: Sequence[Element], timeline: Timeline, routed: Collection[str]) -> int:
    """About how many frames all captured stems have: of a loop two passes and its fades, of ``routed`` elements every
    time that they play."""
    pairs = zip(elements, timeline.placements, strict=True)
    return sum(
        _frames_to_capture(one, place, timeline.sample_rate, is_routed=one.name in routed) for one, place in pairs
    )


def _frames_to_capture(element: Element, placement: Placement, sample_rate: int, *, is_routed: bool) -> int:
    if is_routed:
        return sum(stop - start for start, stop in placement.times)
    frames = placement.stop - placement.start
    if not element.playback.loop:
        return frames
    return min(frames, 2 * placement.pass_frames + frames_of(element.fade_in_s + element.fade_out_s, sample_rate))
