"""Writing 16- and 24-bit WAV, the same bytes for the same samples, and reading any sound that libsndfile knows.

The writer makes the plainest file there is: a ``fmt`` chunk, the ``data``, then what there is to say about it (texts,
marks, a loop), so that the sound starts at byte 44 also for readers that look nowhere else. Only the chunk of
broadcasters stands before it, where they look for it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples
from scenebuild.audio.riff import chunk, info_chunk
from scenebuild.errors import ScenebuildError
from scenebuild.files import open_regular

if TYPE_CHECKING:
    from soundfile import SoundFile

FULL_SCALE = 1 << 23  # the 24-bit integer that 1.0 stands for, which is also how libsndfile reads it
PCM = 1  # WAVE_FORMAT_PCM
LARGEST_RIFF = (1 << 32) - 1
READ_FRAMES = 65536
COUNTED = ("WAV", "WAVEX", "RF64")  # formats of which libsndfile knows exactly how many frames there are


class AudioFileError(ScenebuildError, RuntimeError):
    """A file that should be sound is not, or holds samples that are not finite numbers."""


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a sound file says about itself."""

    frames: int
    sample_rate: int  # Hz
    channels: int
    format: str  # as libsndfile names it: "WAV", "FLAC", "OGG", "MP3", "AIFF" …


def quantize(samples: NDArray[np.floating]) -> NDArray[np.int32]:
    """The 24-bit integers nearest to float samples, 1.0 being 2**23.

    A tie goes to the even neighbour, so rounding is the same on both sides of zero and adds no offset; it is not
    dithered. What lies beyond the range (-2**23 … 2**23 - 1) is brought to its end. Samples that came out of a 24-bit
    file go back unchanged. Raises ValueError for NaN and infinity.

    >>> quantize(np.array([0.5, -0.5, 1.0, -1.0])).tolist()
    [4194304, -4194304, 8388607, -8388608]
    """
    if not np.isfinite(samples).all():
        raise ValueError("the sound holds samples that are not finite numbers")
    scaled = np.rint(samples * samples.dtype.type(FULL_SCALE))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int32)


def dequantize(integers: NDArray[np.int32]) -> Samples:
    """The float samples that 24-bit integers stand for; exact."""
    return integers.astype(np.float32) * np.float32(1 / FULL_SCALE)


class WavWriter:
    """Writes a WAV of 24 or 16 bits block by block, to be used in a ``with``.

    The sizes in the header are right once the block is left. When the ``with`` ends in an exception the file is closed
    and left as it is: whoever chose the path cleans up.

    ``info`` is text (see ``info_chunk``), ``more`` further chunks behind it; ``front`` is a chunk before the sound,
    which may be replaced by another of its length until the block is left.

    ``expected_frames``: where they need more than 4 GiB, the file is an RF64 (EBU Tech 3306); a plain WAV that outgrows
    4 GiB is refused with AudioFileError.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        sample_rate: int,
        channels: int,
        *,
        bits: Literal[16, 24] = 24,
        info: Mapping[str, str] | None = None,
        front: bytes = b"",
        more: bytes = b"",
        expected_frames: int = 0,
    ) -> None:
        self._path = Path(path)
        self._sample_rate = sample_rate
        self._channels = channels
        self._sample_bytes = bits // 8
        self._front = front
        self._behind = info_chunk(info or {}) + more
        self._large = self._size_around(expected_frames * channels * self._sample_bytes, 36) > LARGEST_RIFF
        self._data_bytes = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> WavWriter:
        self._file = self._path.open("wb")
        self._file.write(self._header())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file = self._open_file()
        self._file = None
        with file:
            if kind is None:
                file.write(b"\0" * (self._data_bytes % 2) + self._behind)
                file.seek(0)
                file.write(self._header())

    def replace_front(self, front: bytes) -> None:
        """Put another chunk before the sound, of the same length, once it is known what it has to say."""
        if len(front) != len(self._front):
            raise ValueError(f"the chunk before the sound has {len(self._front)} bytes, not {len(front)}")
        self._front = front

    def write(self, samples: NDArray[np.floating]) -> None:
        """Append float samples, ``(frames, channels)``, to a file of 24 bits. Raises ValueError for NaN and infinity,
        before writing any. (For 16 bits they are dithered first, see ``dither``.)"""
        if self._sample_bytes != 3:
            raise ValueError("floats are rounded to 24 bits only; a file of 16 bits takes integers")
        self.write_integers(quantize(samples))

    def write_integers(self, integers: NDArray[np.int32]) -> None:
        """Append integers of the file's bits, ``(frames, channels)``. Raises ValueError where one needs more."""
        if integers.ndim != 2 or integers.shape[1] != self._channels:
            raise ValueError(f"expected (frames, {self._channels}), not {integers.shape}")
        bits = 8 * self._sample_bytes
        if integers.size and (integers.min() < -1 << bits - 1 or integers.max() >= 1 << bits - 1):
            raise ValueError(f"a sample does not fit into {bits} bits")
        if not self._large and self._size_around(self._data_bytes + integers.size * self._sample_bytes) > LARGEST_RIFF:
            raise AudioFileError(f"{self._path.name} would be larger than the 4 GiB that a WAV file can hold")
        as_bytes = np.ascontiguousarray(integers, "<i4").view(np.uint8).reshape(-1, 4)
        self._data_bytes += self._open_file().write(as_bytes[:, : self._sample_bytes].tobytes())

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("a WavWriter writes inside its `with` only")
        return self._file

    def _size_around(self, data_bytes: int, sizes: int = 0) -> int:
        """The size of all that follows the first eight bytes."""
        return 36 + sizes + len(self._front) + data_bytes + data_bytes % 2 + len(self._behind)

    def _header(self) -> bytes:
        frame_bytes = self._channels * self._sample_bytes
        fmt = struct.pack(
            "<HHIIHH",
            PCM,
            self._channels,
            self._sample_rate,
            self._sample_rate * frame_bytes,
            frame_bytes,
            8 * self._sample_bytes,
        )
        before = self._front + chunk(b"fmt ", fmt)
        if not self._large:
            size = struct.pack("<I", self._size_around(self._data_bytes))
            return b"RIFF" + size + b"WAVE" + before + b"data" + struct.pack("<I", self._data_bytes)
        frames = self._data_bytes // frame_bytes
        sizes = struct.pack("<QQQI", self._size_around(self._data_bytes, 36), self._data_bytes, frames, 0)
        elsewhere = struct.pack("<I", LARGEST_RIFF)  # "see the ds64 chunk"
        return b"RF64" + elsewhere + b"WAVE" + chunk(b"ds64", sizes) + before + b"data" + elsewhere


def write_wav(
    path: str | PathLike[str], samples: NDArray[np.floating], sample_rate: int, info: Mapping[str, str] | None = None
) -> None:
    """Write a whole sound, float samples of shape ``(frames, channels)``. Raises ValueError for NaN and infinity, and
    leaves no file then.

    In blocks: samples that are mapped from a file are never all in memory.
    """
    try:
        with WavWriter(path, sample_rate, samples.shape[1], info=info, expected_frames=len(samples)) as writer:
            for at in range(0, len(samples), READ_FRAMES):
                writer.write(samples[at : at + READ_FRAMES])
    except ValueError:
        Path(path).unlink(missing_ok=True)
        raise


def probe(path: str | PathLike[str]) -> AudioFacts:
    """What a sound file holds, from its header. AudioFileError where it is not sound, OSError where it is not there."""
    import soundfile

    Path(path).stat()  # a file that is not there says so itself, and does not look like a damaged one
    try:
        found = soundfile.info(os.fsencode(path))
    except soundfile.LibsndfileError as error:
        raise why_unread(path, f"is not a sound file: {error.error_string}") from None
    return AudioFacts(found.frames, found.samplerate, found.channels, found.format)


def read_blocks(path: str | PathLike[str], block_frames: int = READ_FRAMES) -> Iterator[Samples]:
    """A sound file in float32 blocks of ``(frames, channels)``; the last may be shorter. Each block is the caller's.

    Raises AudioFileError where it is not sound or holds NaN or infinity, OSError where it is not there.
    """
    with open_sound(path) as file:
        read = 0
        while len(block := file.read(block_frames, dtype="float32", always_2d=True)):
            if not np.isfinite(block).all():
                raise AudioFileError(f"{Path(path).name} holds samples that are not finite numbers")
            read += len(block)
            yield block
        if file.format in COUNTED and read != file.frames:
            raise why_unread(path, f"ends after {read} of {file.frames} frames")


@contextmanager
def open_sound(path: str | PathLike[str]) -> Iterator[SoundFile]:
    """A sound file, open for reading. OSError where the file system does not give it, AudioFileError where it is not
    sound; both also for what is read of it within the block."""
    import soundfile

    Path(path).stat()
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise why_unread(path, f"cannot be read as sound: {error.error_string}") from None


def why_unread(path: str | PathLike[str], what: str) -> OSError | AudioFileError:
    """Why libsndfile could not read a file, which itself does not tell a broken disk from a damaged file: the file is
    read once more, and an error of the file system is that one."""
    try:
        with open_regular(str(path)) as file:
            while file.read(1 << 20):
                pass
    except OSError as error:
        error.filename = error.filename or str(path)
        return error
    return AudioFileError(f"{Path(path).name} {what}")


def read_wav(path: str | PathLike[str]) -> tuple[Samples, int]:
    """A whole sound file, WAV or any other: (float32 samples of shape ``(frames, channels)``, the sample rate)."""
    facts = probe(path)
    blocks = list(read_blocks(path))
    samples = np.concatenate(blocks) if blocks else np.zeros((0, facts.channels), np.float32)
    return samples, facts.sample_rate
