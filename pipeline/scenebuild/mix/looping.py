"""Loops: a take that loops by itself, and one that repeats with a mix that loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenebuild.audio.loop import crossfade_frames, lengthened, seam
from scenebuild.audio.seam import REACH_S, Seam, crossfade_by, find_seam, seam_score
from scenebuild.frames import frames_of
from scenebuild.mix.buffers import Buffer, BufferPool, ShortenedBuffer
from scenebuild.mix.fades import Fades
from scenebuild.mix.occurrences import Occurrences, PeriodicPlayable, summed
from scenebuild.scene.timing import LoopSettings

PLACES = 48  # the positions of the seam that are tried in a take that is longer than a pass


@dataclass(frozen=True, slots=True)
class ReadTarget:
    """The buffers and the format that takes are read into."""

    buffers: BufferPool
    sample_rate: int
    channels: int
    period: int | None = None  # frames of a mix that loops; None: it plays once


@dataclass(frozen=True, slots=True)
class Loop:
    """A buffer that is prepared for looping, and the score of its seam."""

    buffer: Buffer
    crossfade: int  # frames
    score_db: float | None  # None if the author did not ask for it


def is_scored(looping: LoopSettings) -> bool:
    """Whether the author asked for the best seam or set a limit."""
    return looping.seam == "best" or looping.worst_seam is not None


def close_loop(buffer: Buffer, looping: LoopSettings, target: ReadTarget) -> Loop:
    """A buffer whose end crossfades into its beginning."""
    crossfade = _crossfade(looping, buffer.frames, target.sample_rate)
    if looping.seam == "best":
        buffer = _closed_best(buffer, crossfade)
    elif crossfade:
        end = buffer.frames - crossfade
        buffer.write(end, seam(head=buffer.read(0, crossfade), tail=buffer.read(end, buffer.frames)))
    score_db = _loop_score(buffer, crossfade, target.sample_rate) if is_scored(looping) else None
    if buffer.frames >= target.sample_rate:
        return Loop(buffer, crossfade, score_db)
    return Loop(_lengthened(buffer, crossfade, target), crossfade, score_db)


def _closed_best(buffer: Buffer, crossfade: int) -> Buffer:
    head = buffer.read(0, crossfade)
    found = find_seam(head, buffer.read(max(buffer.frames - 2 * crossfade, 0), buffer.frames), crossfade)
    shortened = ShortenedBuffer(buffer, buffer.frames - found.cut)
    if found.crossfade:
        end = shortened.frames - crossfade
        shortened.write(end, crossfade_by(found.correlation, shortened.read(end, shortened.frames), head))
    return shortened


def _loop_score(buffer: Buffer, crossfade: int, sample_rate: int) -> float:
    """As ``seam.loop_score``, which needs only a part of the buffer."""
    reach = frames_of(REACH_S, sample_rate)
    before = buffer.read(max(buffer.frames - reach, 0), buffer.frames)
    after = buffer.read(crossfade, max(min(crossfade + reach, buffer.frames - crossfade), crossfade))
    return seam_score(before, after, sample_rate, crossfade).score_db


def loop_with_mix(buffer: Buffer, looping: LoopSettings, target: ReadTarget, frames: int) -> Occurrences:
    """A take as whole passes of nearly equal length, each crossfaded into the next, in a mix of ``frames`` that loops.

    The passes divide the mix evenly, so that the last one leads into the first.
    """
    if buffer.frames < target.sample_rate:
        buffer = _lengthened(buffer, 0, target)
    crossfade = min(_crossfade(looping, buffer.frames, target.sample_rate), frames)
    count = -(-frames // max(buffer.frames - crossfade, 1))
    starts = [round(index * frames / count) for index in range(count + 1)]
    length = max(stop - start for start, stop in zip(starts, starts[1:], strict=False))
    found = _joint(buffer, length, crossfade, PLACES if looping.seam == "best" else 1)
    times = tuple((start, stop + crossfade) for start, stop in zip(starts, starts[1:], strict=False))
    fades = Fades(crossfade, crossfade, crossing=found.correlation)
    return Occurrences(buffer, times, (fades,) * count, skip=found.cut)


def _joint(buffer: Buffer, length: int, crossfade: int, places: int) -> Seam:
    """The start in a take that is most similar to the sound ``length`` frames later; ``cut`` frames are skipped."""
    spare = max(buffer.frames - crossfade - length, 0)
    found = [Seam(0, crossfade, -1.0)]
    for skip in np.unique(np.linspace(0, spare, places if spare else 1).astype(int)).tolist():
        head = buffer.read(skip, skip + crossfade)
        alike = find_seam(head, buffer.read(skip + length, skip + length + crossfade), crossfade).correlation
        found.append(Seam(skip, crossfade, alike))
    return max(found, key=lambda one: one.correlation)


def pass_seam_db(occurrences: Occurrences, target: ReadTarget) -> float:
    """The score of the seam between two passes."""
    repeated = PeriodicPlayable(occurrences, target.period or occurrences.stop)
    reach = frames_of(REACH_S, target.sample_rate)
    channels = occurrences.buffer.read(0, 1).shape[1]
    crossfade = occurrences.fades[0].fade_in
    at = occurrences.times[0][0] + crossfade  # where the crossfade into the first pass is over
    length = occurrences.longest - crossfade
    before = summed(repeated, at - min(reach, length), at, channels)
    after = summed(repeated, at, at + min(reach, max(length - crossfade, 1)), channels)
    return seam_score(before, after, target.sample_rate, crossfade).score_db


def _lengthened(buffer: Buffer, crossfade: int, target: ReadTarget) -> Buffer:
    samples = lengthened(buffer.read(0, buffer.frames), crossfade, target.sample_rate)
    longer = target.buffers.allocate(*samples.shape)
    longer.write(0, samples)
    return longer


def _crossfade(looping: LoopSettings, frames: int, sample_rate: int) -> int:
    asked_s = looping.crossfade_s
    default = crossfade_frames(frames, sample_rate)
    return default if asked_s is None else min(frames_of(asked_s, sample_rate), frames // 2)
