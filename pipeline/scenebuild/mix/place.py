"""From an element and its take to what is heard of it: read into a body, looped, and put at its times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenebuild.audio.frames import frames_of
from scenebuild.audio.level import db_to_gain, spread
from scenebuild.mix.buffers import Buffer
from scenebuild.mix.clip import Clip, read_tape
from scenebuild.mix.fades import Fades
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.looping import ReadTarget, close_loop, go_round, is_scored, round_score
from scenebuild.mix.occurrences import Occurrences, PeriodicPlayable, Playable
from scenebuild.mix.stem import Stem
from scenebuild.mix.timeline import Placement
from scenebuild.scene.model import Element

ANTI_CLICK_S = 0.005  # a sound that the end of the mix cuts off is faded over this long


@dataclass(frozen=True, slots=True)
class PlacedElement:
    """An element in its place, and how its seam scores where somebody asked for it."""

    heard: Playable
    seam_db: float | None = None


def levelled(element: Element, tape: Clip) -> tuple[float, str]:
    """The gain that brings an element's take to its reference, and a warning or ""."""
    normalisation, warning = normalisation_db(element.name, element.normalize, tape.source)
    return db_to_gain(normalisation), warning


def place_stem(
    element: Element, tape: Clip, placement: Placement, room: ReadTarget, pan: float | None, gain: float
) -> tuple[Stem, float | None]:
    """An element that sounds once or loops, and the score of its seam where that is asked for.

    Its gain and pan are in the body; ``pan`` None leaves the take's own channels.
    """
    body = read_body(tape, placement.pass_frames, room, pan, gain)
    fades = _fades(element, placement.stop - placement.start, room.sample_rate, cut=placement.cut)
    if not element.loop:
        return Stem(element.name, body, None, placement.start, placement.stop, fades), None
    loop = close_loop(body, element.playing.looping, room)
    stem = Stem(element.name, loop.body, loop.crossfade, placement.start, placement.stop, fades)
    return stem, loop.score_db


def place_sounding(
    element: Element, tape: Clip, placement: Placement, room: ReadTarget, pan: float | None, gain: float
) -> PlacedElement:
    """An element at all of its times, and again in every turn of a mix that goes round."""
    if element.loop and room.goes_round and not (placement.start or element.fade_in_s or element.fade_out_s):
        body = read_body(tape, placement.pass_frames, room, pan, gain)
        looping = element.playing.looping
        series = go_round(body, looping, room, room.goes_round)
        return PlacedElement(
            PeriodicPlayable(series, room.goes_round), round_score(series, room) if is_scored(looping) else None
        )
    if element.loop:
        stem, seam_db = place_stem(element, tape, placement, room, pan, gain)
        return PlacedElement(_round(stem, room), seam_db)
    body = read_body(tape, placement.pass_frames, room, pan, gain)
    return PlacedElement(_round(_series(element, placement, body, room.sample_rate), room))


def read_body(tape: Clip, frames: int, room: ReadTarget, pan: float | None, gain: float) -> Buffer:
    """One pass of a tape at the mix's rate, with a gain."""
    channels = room.channels if pan is not None else tape.channels
    body = None
    for at, block in read_tape(tape, frames, room.sample_rate):
        body = body or room.shelf.room(frames, channels)
        body.write(at, spread(block, channels, pan, gain) if pan is not None else block * np.float32(gain))
    assert body is not None  # a tape has frames, or reading it says why not
    return body


def _series(element: Element, placement: Placement, body: Buffer, sample_rate: int) -> Occurrences:
    fades = (
        _fades(element, stop - start, sample_rate, cut=stop - start < placement.pass_frames)
        for start, stop in placement.times
    )
    return Occurrences(body, placement.times, tuple(fades))


def _fades(element: Element, length: int, sample_rate: int, *, cut: bool) -> Fades:
    fade_out_s = element.fade_out_s or (ANTI_CLICK_S if cut else 0.0)
    return Fades(
        min(frames_of(element.fade_in_s, sample_rate), length), min(frames_of(fade_out_s, sample_rate), length)
    )


def _round(sounding: Playable, room: ReadTarget) -> Playable:
    return PeriodicPlayable(sounding, room.goes_round) if room.goes_round else sounding
