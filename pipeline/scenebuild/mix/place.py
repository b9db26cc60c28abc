"""From an element and its take to its sound in the mix: read into a buffer, looped, and placed in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scenebuild.audio.level import spread
from scenebuild.decibels import db_to_gain
from scenebuild.frames import frames_of
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.clip import Clip, read_clip
from scenebuild.mix.fades import Fades
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.looping import ReadTarget, close_loop, is_scored, loop_with_mix, pass_seam_db
from scenebuild.mix.occurrences import Occurrences, PeriodicPlayable, Playable
from scenebuild.mix.outline import OutlineMeter
from scenebuild.mix.stem import Stem
from scenebuild.mix.timeline import Placement
from scenebuild.scene.model import Element

ANTI_CLICK_S = 0.005  # the fade-out of a sound that the end of the mix cuts off


@dataclass(frozen=True, slots=True)
class ReadPass:
    """One pass of a clip at the mix's rate, and its outline before any gain (see ``outline``)."""

    buffer: Buffer
    peaks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlacedElement:
    """An element in its place, the outline of one pass, and the score of its seam if the author asked for it."""

    playable: Playable
    peaks: tuple[float, ...]
    seam_db: float | None = None


def levelled(element: Element, clip: Clip) -> tuple[float, str]:
    """The gain that brings an element's take to its reference, and a warning or ""."""
    normalisation, warning = normalisation_db(element.name, element.normalize, clip.source)
    return db_to_gain(normalisation), warning


def place_stem(
    element: Element, clip: Clip, placement: Placement, target: ReadTarget, pan: float | None, gain: float
) -> tuple[Stem, PlacedElement]:
    """An element that plays once or loops.

    Its gain and pan are in the buffer; ``pan`` None leaves the take's own channels.
    """
    read = read_pass(clip, placement.pass_frames, target, pan, gain)
    fades = _fades(element, placement.stop - placement.start, target.sample_rate, cut=placement.cut)
    settings = element.playback.loop
    if settings is None:
        stem = Stem(element.name, read.buffer, None, placement.start, placement.stop, fades)
        return stem, PlacedElement(stem, read.peaks)
    loop = close_loop(read.buffer, settings, target)
    stem = Stem(element.name, loop.buffer, loop.crossfade, placement.start, placement.stop, fades)
    return stem, PlacedElement(stem, read.peaks, loop.score_db)


def place_occurrences(
    element: Element, clip: Clip, placement: Placement, target: ReadTarget, pan: float | None, gain: float
) -> PlacedElement:
    """An element at all of its times, and again in every repetition of a mix that loops."""
    loop = element.playback.loop
    if loop and target.period and not (placement.start or element.fade_in_s or element.fade_out_s):
        read = read_pass(clip, placement.pass_frames, target, pan, gain)
        passes = loop_with_mix(read.buffer, loop, target, target.period)
        seam_db = pass_seam_db(passes, target) if is_scored(loop) else None
        return PlacedElement(_repeated(passes, target), read.peaks, seam_db)
    if loop:
        _, placed = place_stem(element, clip, placement, target, pan, gain)
        return replace(placed, playable=_repeated(placed.playable, target))
    read = read_pass(clip, placement.pass_frames, target, pan, gain)
    occurrences = _occurrences(element, placement, read.buffer, target.sample_rate)
    return PlacedElement(_repeated(occurrences, target), read.peaks)


def read_pass(clip: Clip, frames: int, target: ReadTarget, pan: float | None, gain: float) -> ReadPass:
    """One pass of a clip at the mix's rate, with a gain."""
    channels = target.channels if pan is not None else clip.channels
    outline, buffer = OutlineMeter(frames), None
    for at, block in read_clip(clip, frames, target.sample_rate):
        buffer = buffer or target.buffers.allocate(frames, channels)
        buffer.write(at, spread(block, channels, pan, gain) if pan is not None else block * np.float32(gain))
        outline.feed(at, block)
    assert buffer is not None  # a clip has frames, or reading it says why not
    return ReadPass(buffer, outline.peaks())


def _occurrences(element: Element, placement: Placement, buffer: Buffer, sample_rate: int) -> Occurrences:
    fades = (
        _fades(element, stop - start, sample_rate, cut=stop - start < placement.pass_frames)
        for start, stop in placement.times
    )
    return Occurrences(buffer, placement.times, tuple(fades))


def _fades(element: Element, length: int, sample_rate: int, *, cut: bool) -> Fades:
    fade_out_s = element.fade_out_s or (ANTI_CLICK_S if cut else 0.0)
    return Fades(
        min(frames_of(element.fade_in_s, sample_rate), length), min(frames_of(fade_out_s, sample_rate), length)
    )


def _repeated(playable: Playable, target: ReadTarget) -> Playable:
    return PeriodicPlayable(playable, target.period) if target.period else playable
