"""Loops: a take that goes round by itself, and one that goes round with a mix that loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenebuild.audio.frames import frames_of
from scenebuild.audio.loop import crossfade_frames, lengthened, seam
from scenebuild.audio.seam import REACH_S, Seam, crossfade_by, find_seam, seam_score
from scenebuild.mix.buffers import Buffer, BufferPool, ShortenedBuffer
from scenebuild.mix.fades import Fades
from scenebuild.mix.occurrences import Occurrences, PeriodicPlayable, summed
from scenebuild.scene.channel import LoopSettings

PLACES = 48  # of the seam that are tried in a take with room left


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """Where the takes of a mix are read into, and in which form."""

    shelf: BufferPool
    sample_rate: int
    channels: int
    goes_round: int | None = None  # the frames after which a mix that loops begins again


@dataclass(frozen=True, slots=True)
class Loop:
    """A body that is prepared for looping, and how its seam scores."""

    body: Buffer
    crossfade: int  # frames
    score_db: float | None  # None where nobody asked


def is_scored(looping: LoopSettings) -> bool:
    """Whether the author asked about the seam."""
    return looping.seam == "best" or looping.worst_seam is not None


def close_loop(body: Buffer, looping: LoopSettings, room: ReadTarget) -> Loop:
    """A body whose end leads into its beginning."""
    crossfade = _crossfade(looping, body.frames, room.sample_rate)
    if looping.seam == "best":
        body = _closed_best(body, crossfade)
    elif crossfade:
        end = body.frames - crossfade
        body.write(end, seam(head=body.read(0, crossfade), tail=body.read(end, body.frames)))
    score_db = _loop_score(body, crossfade, room.sample_rate) if is_scored(looping) else None
    if body.frames >= room.sample_rate:
        return Loop(body, crossfade, score_db)
    return Loop(_longer(body, crossfade, room), crossfade, score_db)


def _closed_best(body: Buffer, crossfade: int) -> Buffer:
    head = body.read(0, crossfade)
    found = find_seam(head, body.read(max(body.frames - 2 * crossfade, 0), body.frames), crossfade)
    body = ShortenedBuffer(body, body.frames - found.cut)
    if found.crossfade:
        end = body.frames - crossfade
        body.write(end, crossfade_by(found.correlation, body.read(end, body.frames), head))
    return body


def _loop_score(body: Buffer, crossfade: int, sample_rate: int) -> float:
    """As ``seam.loop_score``, of as much of a body as it looks at."""
    reach = frames_of(REACH_S, sample_rate)
    before = body.read(max(body.frames - reach, 0), body.frames)
    after = body.read(crossfade, max(min(crossfade + reach, body.frames - crossfade), crossfade))
    return seam_score(before, after, sample_rate, crossfade).score_db


def go_round(body: Buffer, looping: LoopSettings, room: ReadTarget, frames: int) -> Occurrences:
    """A take as whole passes of nearly one length, each crossfaded into the next, in a mix of ``frames`` that loops.

    A pass is as long as the mix divided by their number, so that the last one leads into the first.
    """
    if body.frames < room.sample_rate:
        body = _longer(body, 0, room)
    crossfade = min(_crossfade(looping, body.frames, room.sample_rate), frames)
    count = -(-frames // max(body.frames - crossfade, 1))
    starts = [round(index * frames / count) for index in range(count + 1)]
    length = max(stop - start for start, stop in zip(starts, starts[1:], strict=False))
    found = _joint(body, length, crossfade, PLACES if looping.seam == "best" else 1)
    times = tuple((start, stop + crossfade) for start, stop in zip(starts, starts[1:], strict=False))
    fades = Fades(crossfade, crossfade, crossing=found.correlation)
    return Occurrences(body, times, (fades,) * count, skip=found.cut)


def _joint(body: Buffer, length: int, crossfade: int, places: int) -> Seam:
    """Where to begin in a take, so that what sounds after ``length`` is most like it: ``cut`` frames are left away."""
    room = max(body.frames - crossfade - length, 0)
    found = [Seam(0, crossfade, -1.0)]
    for skip in np.unique(np.linspace(0, room, places if room else 1).astype(int)).tolist():
        head = body.read(skip, skip + crossfade)
        alike = find_seam(head, body.read(skip + length, skip + length + crossfade), crossfade).correlation
        found.append(Seam(skip, crossfade, alike))
    return max(found, key=lambda one: one.correlation)


def round_score(series: Occurrences, room: ReadTarget) -> float:
    """How the seam between two passes scores."""
    period = room.goes_round or series.stop
    sounding, reach = PeriodicPlayable(series, period), frames_of(REACH_S, room.sample_rate)
    channels = series.body.read(0, 1).shape[1]
    crossfade = series.fades[0].fade_in
    at = series.times[0][0] + crossfade  # where the crossfade into the first pass is over
    length = series.longest - crossfade
    before = summed(sounding, at - min(reach, length), at, channels)
    after = summed(sounding, at, at + min(reach, max(length - crossfade, 1)), channels)
    return seam_score(before, after, room.sample_rate, crossfade).score_db


def _longer(body: Buffer, crossfade: int, room: ReadTarget) -> Buffer:
    samples = lengthened(body.read(0, body.frames), crossfade, room.sample_rate)
    longer = room.shelf.room(*samples.shape)
    longer.write(0, samples)
    return longer


def _crossfade(looping: LoopSettings, frames: int, sample_rate: int) -> int:
    asked_s = looping.crossfade_s
    default = crossfade_frames(frames, sample_rate)
    return default if asked_s is None else min(frames_of(asked_s, sample_rate), frames // 2)
