"""From an element and its take to what is heard of it: read into a body, looped, and put at its times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenebuild.audio.frames import frames_of
from scenebuild.audio.level import db_to_gain, spread
from scenebuild.audio.loop import crossfade_frames, lengthened, seam
from scenebuild.mix.fades import Fades
from scenebuild.mix.levels import normalisation_db
from scenebuild.mix.series import Round, Series, Sounding
from scenebuild.mix.shelf import Body, Shelf
from scenebuild.mix.stem import Stem
from scenebuild.mix.tape import Tape, read_tape
from scenebuild.mix.timeline import Placement
from scenebuild.scene.model import Element

ANTI_CLICK_S = 0.005  # a sound that the end of the mix cuts off is faded over this long


@dataclass(frozen=True, slots=True)
class Room:
    """Where the takes of a mix are read into, and in which form."""

    shelf: Shelf
    sample_rate: int
    channels: int
    goes_round: int | None = None  # the frames after which a mix that loops begins again


@dataclass(frozen=True, slots=True)
class Loop:
    """A body that is prepared for looping."""

    body: Body
    crossfade: int  # frames


def levelled(element: Element, tape: Tape) -> tuple[float, str]:
    """The gain that brings an element's take to its reference, and a warning or ""."""
    normalisation, warning = normalisation_db(element.name, element.normalize, tape.source)
    return db_to_gain(normalisation), warning


def place_stem(element: Element, tape: Tape, placement: Placement, room: Room, gain: float) -> Stem:
    """An element that sounds once, or loops, and to which nothing else is done: its gain and pan are in the body."""
    body, crossfade = read_body(tape, placement.pass_frames, room, element.pan, gain), None
    if element.loop:
        loop = looped(element, body, room)
        body, crossfade = loop.body, loop.crossfade
    fades = _fades(element, placement.stop - placement.start, room.sample_rate, cut=placement.cut)
    return Stem(element.name, body, crossfade, placement.start, placement.stop, fades)


def place_sounding(
    element: Element, tape: Tape, placement: Placement, room: Room, pan: float | None, gain: float
) -> Sounding:
    """An element at all of its times. ``pan`` None leaves the take's own channels."""
    if not element.loop:
        body = read_body(tape, placement.pass_frames, room, pan, gain)
        return _round(_series(element, placement, body, room.sample_rate), room)
    if room.goes_round and not (placement.start or element.fade_in_s or element.fade_out_s):
        body = read_body(tape, placement.pass_frames, room, pan, gain)
        return Round(_unbroken(element, body, room, room.goes_round), room.goes_round)
    loop = looped(element, read_body(tape, placement.pass_frames, room, pan, gain), room)
    fades = _fades(element, placement.stop - placement.start, room.sample_rate, cut=False)
    return _round(Stem(element.name, loop.body, loop.crossfade, placement.start, placement.stop, fades), room)


def read_body(tape: Tape, frames: int, room: Room, pan: float | None, gain: float) -> Body:
    """One pass of a tape at the mix's rate, with a gain."""
    channels = room.channels if pan is not None else tape.channels
    body = None
    for at, block in read_tape(tape, frames, room.sample_rate):
        body = body or room.shelf.room(frames, channels)
        body.write(at, spread(block, channels, pan, gain) if pan is not None else block * np.float32(gain))
    assert body is not None  # a tape has frames, or reading it says why not
    return body


def looped(element: Element, body: Body, room: Room) -> Loop:
    """A body whose end leads into its beginning."""
    crossfade = _crossfade(element, body.frames, room.sample_rate)
    if crossfade:
        end = body.frames - crossfade
        body.write(end, seam(head=body.read(0, crossfade), tail=body.read(end, body.frames)))
    if body.frames >= room.sample_rate:
        return Loop(body, crossfade)
    return Loop(_longer(body, crossfade, room), crossfade)


def _longer(body: Body, crossfade: int, room: Room) -> Body:
    samples = lengthened(body.read(0, body.frames), crossfade, room.sample_rate)
    longer = room.shelf.room(*samples.shape)
    longer.write(0, samples)
    return longer


def _crossfade(element: Element, frames: int, sample_rate: int) -> int:
    asked_s = element.playing.looping.crossfade_s
    return (
        crossfade_frames(frames, sample_rate) if asked_s is None else min(frames_of(asked_s, sample_rate), frames // 2)
    )


def _unbroken(element: Element, body: Body, room: Room, frames: int) -> Series:
    """A loop that goes round with the mix: whole passes of nearly one length, each crossfaded into the next.

    A pass is as long as the mix divided by their number, so that the last leads into the first.
    """
    if body.frames < room.sample_rate:
        body = _longer(body, 0, room)
    crossfade = min(_crossfade(element, body.frames, room.sample_rate), frames)
    count = -(-frames // max(body.frames - crossfade, 1))
    starts = [round(index * frames / count) for index in range(count + 1)]
    times = tuple((start, stop + crossfade) for start, stop in zip(starts, starts[1:], strict=False))
    return Series(body, times, (Fades(crossfade, crossfade, equal_power=True),) * count)


def _series(element: Element, placement: Placement, body: Body, sample_rate: int) -> Series:
    fades = (
        _fades(element, stop - start, sample_rate, cut=stop - start < placement.pass_frames)
        for start, stop in placement.times
    )
    return Series(body, placement.times, tuple(fades))


def _fades(element: Element, length: int, sample_rate: int, *, cut: bool) -> Fades:
    fade_out_s = element.fade_out_s or (ANTI_CLICK_S if cut else 0.0)
    return Fades(
        min(frames_of(element.fade_in_s, sample_rate), length), min(frames_of(fade_out_s, sample_rate), length)
    )


def _round(sounding: Sounding, room: Room) -> Sounding:
    return Round(sounding, room.goes_round) if room.goes_round else sounding
