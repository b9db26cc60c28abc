"""Recordings that libsndfile does not read and PyAV does: AAC, alone or in MPEG-4 (m4a), and Matroska or WebM.

FFmpeg can open far more than sound, playlists that name other files among it. So it is told the one format that the
first bytes are, and it gets an open file, never a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from scenebuild.audio.container.faults import HIGHEST_RATE, LOWEST_RATE, converted, lacking, needs_av
from scenebuild.audio.level import Samples
from scenebuild.audio.wav import AudioFileError

_DEMUXERS = {"MPEG-4 (m4a)": "mov", "Matroska or WebM": "matroska", "AAC": "aac"}
Block = tuple[Samples, tuple[str, ...] | None]


def decoded(file: BinaryIO, name: str) -> tuple[int, int, Iterator[Block]]:
    """(sample rate, frames as the header has them, 0 where it does not say, blocks with their speakers)."""
    file.seek(0)
    head = file.read(16)
    if words := lacking(head, name):
        raise AudioFileError(f"{name} {words}")
    import av

    file.seek(0)
    try:
        container = av.open(file, "r", format=_DEMUXERS[needs_av(head)], metadata_errors="ignore")
        stream = next(iter(container.streams.audio), None)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    if stream is None:
        container.close()
        raise AudioFileError(f"{name} holds no sound: it has no audio track")
    rate = int(stream.rate or 0)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioFileError(f"{name} has a sample rate of {rate} Hz; convert it: {converted(name, '-ar 48000')}")
    stated = round(float(stream.duration * stream.time_base) * rate) if stream.duration else 0
    return rate, stated, _blocks(container, stream, rate, name)


def _blocks(container: Any, stream: Any, rate: int, name: str) -> Iterator[Block]:
    import av

    planar = av.AudioResampler(format="fltp")
    try:
        with container:
            for frame in container.decode(stream):
                if frame.sample_rate != rate:
                    raise AudioFileError(
                        f"{name} changes its sample rate on the way, from {rate} to {frame.sample_rate} Hz; "
                        f"convert it: {converted(name)}"
                    )
                for one in planar.resample(frame):
                    speakers = tuple(channel.name for channel in one.layout.channels)
                    yield np.ascontiguousarray(one.to_ndarray().T, np.float32), speakers
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> AudioFileError:
    words = str(getattr(error, "strerror", None) or error)[:200]
    return AudioFileError(f"{name} cannot be read as audio: {words}; convert it: {converted(name)}")
