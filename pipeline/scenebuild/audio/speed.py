"""Which part of a take is read, in which direction and how fast: streams of blocks, in flat memory.

Speed changes the pitch with it, as a tape does: the take is taken for one of another sample rate and resampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

import numpy as np

from scenebuild.audio.level import Samples
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.wav import READ_FRAMES, AudioFileError, open_sound
from scenebuild.frames import frames_of


def read_part(
    path: str | PathLike[str],
    start: int = 0,
    stop: int | None = None,
    *,
    reverse: bool = False,
    block_frames: int = READ_FRAMES,
) -> Iterator[Samples]:
    """The frames ``[start, stop)`` of a sound file in float32 blocks of ``(frames, channels)``, or the same backwards.

    ``stop`` beyond the end, or None, is the end. Each block is the caller's. Raises AudioFileError where the file is
    not sound or holds NaN or infinity, OSError where it is not there.
    """
    with open_sound(path) as file:
        end = file.frames if stop is None else min(stop, file.frames)
        for at, length in _cuts(start, end, block_frames, reverse):
            if file.tell() != at:
                file.seek(at)
            block = file.read(length, dtype="float32", always_2d=True)
            if not np.isfinite(block).all():
                raise AudioFileError(f"{Path(path).name} holds samples that are not finite numbers")
            yield block[::-1].copy() if reverse else block


def _cuts(start: int, stop: int, size: int, reverse: bool) -> Iterator[tuple[int, int]]:
    """(position, length) of each block, in the order of reading.

    >>> list(_cuts(10, 35, 10, reverse=False)), list(_cuts(10, 35, 10, reverse=True))
    ([(10, 10), (20, 10), (30, 5)], [(25, 10), (15, 10), (10, 5)])
    """
    if reverse:
        for end in range(stop, start, -size):
            yield max(end - size, start), min(size, end - start)
        return
    for at in range(start, stop, size):
        yield at, min(size, stop - at)


def frames_at_speed(frames: int, from_rate: int, to_rate: int, speed: float = 1.0) -> int:
    """How many frames at ``to_rate`` a sound of ``frames`` has at a speed.

    >>> frames_at_speed(48000, 48000, 48000, 2.0), frames_at_speed(16000, 16000, 48000, 0.5)
    (24000, 96000)
    """
    return frames_of(frames / from_rate / speed, to_rate)


def at_speed(
    blocks: Iterable[Samples], frames: int, from_rate: int, to_rate: int, channels: int, speed: float = 1.0
) -> Iterator[Samples]:
    """A sound of ``frames`` at another speed and sample rate, exactly ``frames_at_speed`` long.

    At speed 2 it lasts half as long and sounds an octave higher; what would come to lie above half the rate is
    filtered out. Raises ValueError at a speed of 0 and below.
    """
    if speed <= 0:
        raise ValueError(f"a speed is more than 0, not {speed}")
    played = resample_blocks(blocks, from_rate * speed, to_rate, channels)
    yield from fitted(played, frames_at_speed(frames, from_rate, to_rate, speed), channels)
