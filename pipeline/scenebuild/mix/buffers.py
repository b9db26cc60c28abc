"""Buffers for the samples of a mix: in memory as far as they fit, the others in a temporary file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

import numpy as np

from scenebuild.audio.level import Samples

MEMORY_BYTES = 96 * 2**20  # four minutes of stereo at 48 kHz


class Buffer(Protocol):
    """A sound of fixed length at the mix's rate and channels, which can be read at any position."""

    frames: int

    def read(self, start: int, stop: int) -> Samples:
        """Frames ``[start, stop)``; the array must not be changed."""
        ...

    def write(self, start: int, samples: Samples) -> None:
        """Write samples at frame ``start``."""
        ...


class MemoryBuffer:
    """A buffer in memory."""

    def __init__(self, frames: int, channels: int) -> None:
        self.frames = frames
        self._samples = np.zeros((frames, channels), np.float32)

    def read(self, start: int, stop: int) -> Samples:
        return self._samples[start:stop]

    def write(self, start: int, samples: Samples) -> None:
        self._samples[start : start + len(samples)] = samples


class ShortenedBuffer:
    """The beginning of another buffer."""

    def __init__(self, buffer: Buffer, frames: int) -> None:
        self.frames = frames
        self._buffer = buffer

    def read(self, start: int, stop: int) -> Samples:
        return self._buffer.read(start, stop)

    def write(self, start: int, samples: Samples) -> None:
        self._buffer.write(start, samples)


class FileBuffer:
    """A buffer in a part of a temporary file."""

    def __init__(self, file: BinaryIO, offset: int, frames: int, channels: int) -> None:
        self.frames = frames
        self._file = file
        self._offset = offset
        self._channels = channels
        self._frame_bytes = 4 * channels

    def read(self, start: int, stop: int) -> Samples:
        wanted = (stop - start) * self._frame_bytes
        found = os.pread(self._file.fileno(), wanted, self._offset + start * self._frame_bytes)
        if len(found) != wanted:
            raise OSError("the temporary file of the mix ends too early")
        return np.frombuffer(found, np.float32).reshape(-1, self._channels)

    def write(self, start: int, samples: Samples) -> None:
        self._file.seek(self._offset + start * self._frame_bytes)
        self._file.write(np.ascontiguousarray(samples, np.float32).tobytes())


class BufferPool:
    """Allocates buffers. The temporary file has no name, so a killed mix leaves no file."""

    def __init__(self, folder: Path, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._left = memory_bytes
        self._file: BinaryIO | None = None
        self._spilled = 0

    def __enter__(self) -> BufferPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def allocate(self, frames: int, channels: int) -> Buffer:
        """A buffer of silence, in memory if it fits."""
        size = 4 * frames * channels
        if size <= self._left:
            self._left -= size
            return MemoryBuffer(frames, channels)
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed with the pool
        buffer = FileBuffer(self._file, self._spilled, frames, channels)
        self._spilled += size
        self._file.truncate(self._spilled)
        return buffer
