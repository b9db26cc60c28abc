"""A recording, decoded: exactly the bytes whose digest is told, in blocks, and never more of them than a mix can hold.

The file is copied once, hashed on the way, and closed. All that is looked at and decoded after that is the copy, which
has no name, so that nobody can exchange it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedIOBase, RawIOBase
from os import PathLike
from typing import IO, Any, BinaryIO, cast

import numpy as np

from scenebuild.audio.container.faults import EMPTY, converted, fault_of, needs_av, oddity_of, too_long, unplaced
from scenebuild.audio.container.formats import SLACK_S, read_header
from scenebuild.audio.container.header import Header
from scenebuild.audio.container.ogg import ogg_links, ogg_pages
from scenebuild.audio.downmix import can_mix_down, layout_name, mixed_down
from scenebuild.audio.level import Samples
from scenebuild.audio.wav import READ_FRAMES, AudioFileError
from scenebuild.decibels import gain_to_db
from scenebuild.files import open_regular

LARGEST_FILE = 32 << 30  # ten hours of stereo in 32 bits at 96 kHz fit
MOST_LINKS = 1000  # Ogg files in one file
COPY_BYTES = 1 << 20
_UNKNOWN_FRAMES = 1 << 62  # libsndfile says 2^63 - 1 of a FLAC whose header does not know its length


class RecordingChangedError(AudioFileError):
    """A recording is not the one that was planned: it was replaced or written to since."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording: float32 samples of shape ``(frames, 1 or 2)``, mapped from a file, not held in memory."""

    samples: Samples
    sample_rate: int  # Hz
    digest: str  # SHA-256 of the bytes that were decoded
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A private copy of a recording, ready to be decoded."""

    name: str
    copy: BinaryIO
    digest: str
    header: Header

    def blocks(self, notes: list[str]) -> tuple[int, Iterator[Samples]]:
        """(the sample rate, float32 blocks of ``(frames, 1 or 2)``); ``notes`` takes up what is worth a warning.

        The blocks raise AudioFileError where the file is damaged, or longer than a recording may be.
        """
        rate, stated, blocks = self._source()
        return rate, self._watched(blocks, rate, stated, notes)

    def _source(self) -> tuple[int, int, Iterator[tuple[Samples, tuple[str, ...] | None]]]:
        self.copy.seek(0)
        if needs_av(self.copy.read(16)):
            from scenebuild.audio.compressed import decoded

            return decoded(self.copy, self.name)
        speakers = self.header.speakers
        rate, stated, blocks = _by_libsndfile(self)
        return rate, stated, ((block, speakers) for block in blocks)

    def _watched(
        self, blocks: Iterable[tuple[Samples, tuple[str, ...] | None]], rate: int, stated: int, notes: list[str]
    ) -> Iterator[Samples]:
        frames = 0
        for block, speakers in blocks:
            frames += len(block)
            if fault := too_long(frames, rate):
                raise AudioFileError(f"{self.name} {fault}; cut it: {converted(self.name, '-t 36000')}")
            if not np.isfinite(block).all():
                raise AudioFileError(
                    f"{self.name} holds samples that are not numbers (NaN or infinity); export it again"
                )
            yield _stereo(self.name, block, speakers, notes)
        if not frames:
            raise AudioFileError(f"{self.name} {EMPTY}")
        if stated - frames > SLACK_S * rate:
            damage = f"its header says {stated / rate:.3f} s, and {frames / rate:.3f} s are there"
            raise AudioFileError(f"{self.name} {fault_of(replace(self.header, damage=damage), self.name)}")


@contextmanager
def open_recording(path: str | PathLike[str], digest: str | None = None) -> Iterator[Opened]:
    """Copy and hash a recording, and look at its header.

    Raises ChangedError where its bytes do not have ``digest``, AudioFileError for what is no recording, is damaged or
    larger than one may be, OSError where the file cannot be read, or there is no space for the copy.
    """
    name = os.path.basename(os.fspath(path))
    with tempfile.TemporaryFile(prefix=".tmp-") as written:
        found = _copied(os.fspath(path), name, written)
        # Without a buffer: libsndfile moves the place in the file, which a buffer would not know of.
        copy = open(written.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
        if digest is not None and found != digest:
            raise RecordingChangedError(
                f"{name} changed while it was built: it is not the file that was planned; build again"
            )
        header = read_header(copy)
        if header is None:
            raise AudioFileError(f"{name} cannot be read as audio; convert it: {converted(name)}")
        if fault := fault_of(header, name):
            raise AudioFileError(f"{name} {fault}")
        for place, patch in header.patches:
            os.pwrite(written.fileno(), patch, place)
        yield Opened(name, cast(BinaryIO, copy), found, header)


def decode_recording(path: str | PathLike[str], digest: str | None = None) -> Recording:
    """A whole recording. One that peaks over full scale, as a float file can, is brought down to it.

    Surround becomes stereo (ITU-R BS.775). Raises what ``open_recording`` and its blocks raise.
    """
    with open_recording(path, digest) as opened, tempfile.TemporaryFile(prefix=".tmp-") as spool:
        notes: list[str] = []
        rate, blocks = opened.blocks(notes)
        channels, peak = 1, 0.0
        for block in blocks:
            channels = block.shape[1]
            peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
            spool.write(np.ascontiguousarray(block, "<f4").data)
        spool.flush()
        if peak > 1.0:
            notes.append(f"{opened.name} peaks {gain_to_db(peak):.1f} dB over full scale; it is played that much lower")
            _divide(spool, peak)
        if odd := oddity_of(opened.header, opened.name):
            notes.append(odd)
        mapped = mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)
        samples = np.frombuffer(mapped, "<f4").reshape(-1, channels)
        return Recording(samples, rate, opened.digest, tuple(notes))


def _copied(path: str, name: str, copy: IO[bytes]) -> str:
    sha, size = hashlib.sha256(), 0
    with open_regular(path) as source:
        while chunk := source.read(COPY_BYTES):
            size += len(chunk)
            if size > LARGEST_FILE:
                raise AudioFileError(f"{name} is larger than {LARGEST_FILE >> 30} GiB; cut it: {converted(name)}")
            sha.update(chunk)
            copy.write(chunk)
    copy.flush()
    return sha.hexdigest()


def _divide(spool: IO[bytes], peak: float) -> None:
    place = 0
    while True:
        spool.seek(place)
        block = np.frombuffer(spool.read(COPY_BYTES), "<f4")
        if not len(block):
            break
        spool.seek(place)
        spool.write((block / peak).astype("<f4").data)
        place += block.nbytes
    spool.flush()


def _stereo(name: str, block: Samples, speakers: tuple[str, ...] | None, notes: list[str]) -> Samples:
    channels = block.shape[1]
    if channels <= 2:
        return block
    if speakers is None or not can_mix_down(speakers) or len(speakers) != channels:
        where = "does not say" if speakers is None else "says otherwise than ITU-R BS.775 knows"
        raise AudioFileError(f"{name} {unplaced(channels, name, where)}")
    note = f"{name} has {channels} channels ({layout_name(speakers)}) and is mixed down to stereo (ITU-R BS.775)"
    if note not in notes:
        notes.append(note)
    return mixed_down(block, speakers)


def _by_libsndfile(opened: Opened) -> tuple[int, int, Iterator[Samples]]:
    """(sample rate, frames as the header has them, 0 where it does not say, blocks)."""
    links = ogg_links(ogg_pages(opened.copy)) if opened.header.kind == "Ogg" else []
    if len(links) > MOST_LINKS:
        raise AudioFileError(
            f"{opened.name} is made of {len(links)} Ogg files; at most {MOST_LINKS} are read; join them: "
            f"{converted(opened.name)}"
        )
    if len(links) > 1:
        return _by_links(opened, links)
    file = _sound_file(opened.name, opened.copy.fileno())
    return file.samplerate, 0 if file.frames > _UNKNOWN_FRAMES else file.frames, _read(opened.name, file)


def _by_links(opened: Opened, links: list[tuple[int, int]]) -> tuple[int, int, Iterator[Samples]]:
    """Ogg files behind one another, as radio recorders write them (RFC 3533, chaining)."""
    first = _sound_file(opened.name, _Part(opened.copy, *links[0]))
    form = (first.samplerate, first.channels)

    def blocks() -> Iterator[Samples]:
        for number, (start, stop) in enumerate(links):
            file = _sound_file(opened.name, _Part(opened.copy, start, stop))
            if (file.samplerate, file.channels) != form:
                raise AudioFileError(
                    f"{opened.name} is made of {len(links)} Ogg files, and number {number + 1} has another sample rate "
                    f"or other channels than the first; join them: {converted(opened.name)}"
                )
            yield from _read(opened.name, file)

    return first.samplerate, 0, blocks()


class _Part(RawIOBase):
    """A part of an open file, as if it were all of it."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file, self._start, self._stop, self._at = file, start, stop, start

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (self._start, self._at, self._stop)[whence]
        self._at = min(max(base + offset, self._start), self._stop)
        return self._at - self._start

    def tell(self) -> int:
        return self._at - self._start

    def read(self, size: int = -1) -> bytes:
        left = self._stop - self._at
        self._file.seek(self._at)
        found = self._file.read(left if size < 0 else min(size, left))
        self._at += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _sound_file(name: str, source: int | RawIOBase | BufferedIOBase) -> Any:
    """An open sound that is read from its first frame to its last and never sought in: a FLAC whose header does not
    know its length can be read no other way."""
    import soundfile

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    if isinstance(source, int):
        os.lseek(source, 0, os.SEEK_SET)
    try:
        return Stream(source, closefd=False)
    except soundfile.LibsndfileError as error:
        reason = str(error.error_string).strip().rstrip(".") or "its format is not known"
        raise AudioFileError(f"{name} cannot be read as audio: {reason}; convert it: {converted(name)}") from None


def _read(name: str, file: Any) -> Iterator[Samples]:
    import soundfile

    frames = 0
    with file:
        rate = file.samplerate
        try:
            while len(block := file.read(READ_FRAMES, dtype="float32", always_2d=True)):
                frames += len(block)
                yield block
        except (soundfile.LibsndfileError, RuntimeError) as error:
            words = str(getattr(error, "error_string", error)).strip().rstrip(".")
            raise AudioFileError(
                f"{name} is damaged after {frames / rate:.3f} s: {words}; copy it again, or keep what is there: "
                f"{converted(name)}"
            ) from None
