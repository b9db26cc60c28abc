"""The chunks of a WAV file that are not its sound: texts, loop, marks, and what broadcasters want to know.

Bytes only; ``wav.WavWriter`` puts them into a file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

MOST_FRAMES = (1 << 32) - 1  # a position in a cue or smpl chunk has 32 bits
BEXT_BYTES = 602  # EBU Tech 3285, without a coding history
NOT_MEASURED = 0x7FFF  # EBU Tech 3285, supplement 6
MIDDLE_C = 60


def chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk: its name, its size, its body, and a byte more where that is odd."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def info_chunk(info: Mapping[str, str]) -> bytes:
    """A LIST/INFO chunk (RIFF 1.0): ``INAM`` title, ``ICMT`` comment, ``ISFT`` software, ``ICOP`` copyright …

    Text is UTF-8. Empty texts are left out; without any text there is no chunk. Raises ValueError for a name that is
    not four capital letters or digits, and for control characters.
    """
    body = b""
    for name, text in info.items():
        if not (len(name) == 4 and name.isascii() and name.isalnum() and name.upper() == name):
            raise ValueError(f"{name!r} is not the name of a RIFF INFO field, such as INAM")
        if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
            raise ValueError(f"the {name} text of a WAV file cannot hold control characters")
        if text:
            body += chunk(name.encode(), text.encode() + b"\0")
    return chunk(b"LIST", b"INFO" + body) if body else b""


def smpl_chunk(sample_rate: int, start: int, stop: int) -> bytes:
    """A sampler chunk (RIFF 1.0) with one endless forward loop over the frames ``[start, stop)``.

    The file names the last frame that is played, not the one behind it. Nothing where a position needs more than 32
    bits.
    """
    if stop > MOST_FRAMES:
        return b""
    head = struct.pack("<9I", 0, 0, 1_000_000_000 // sample_rate, MIDDLE_C, 0, 0, 0, 1, 0)
    return chunk(b"smpl", head + struct.pack("<6I", 0, 0, start, stop - 1, 0, 0))


@dataclass(frozen=True, slots=True)
class Mark:
    """A named place in a sound."""

    frame: int
    label: str


def cue_chunks(marks: Sequence[Mark]) -> bytes:
    """A cue chunk and the labels of its points (LIST/adtl, RIFF 1.0), as editors and game engines read them.

    Marks are numbered from 1 in the order of their frames; those that need more than 32 bits are left out.
    """
    marks = sorted((mark for mark in marks if mark.frame <= MOST_FRAMES), key=lambda mark: mark.frame)
    if not marks:
        return b""
    points, labels = struct.pack("<I", len(marks)), b"adtl"
    for number, mark in enumerate(marks, 1):
        points += struct.pack("<II4sIII", number, mark.frame, b"data", 0, 0, mark.frame)
        labels += chunk(b"labl", struct.pack("<I", number) + mark.label.encode() + b"\0")
    return chunk(b"cue ", points) + chunk(b"LIST", labels)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What a Broadcast Wave file says about itself. A level that is None or -inf counts as not measured.

    There is no date and no unique number: the same sound is the same file.
    """

    description: str = ""
    originator: str = ""
    loudness_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None
    momentary_lufs: float | None = None  # the highest
    short_term_lufs: float | None = None  # the highest


def bext_chunk(facts: Broadcast) -> bytes:
    """A broadcast extension chunk, version 2 (EBU Tech 3285), of 610 bytes: texts in ASCII, levels in hundredths."""
    body = _ascii(facts.description, 256) + _ascii(facts.originator, 32) + bytes(32 + 10 + 8 + 8)
    levels = (facts.loudness_lufs, facts.range_lu, facts.true_peak_dbtp, facts.momentary_lufs, facts.short_term_lufs)
    body += struct.pack("<H", 2) + bytes(64) + b"".join(map(_hundredths, levels)) + bytes(180)
    return chunk(b"bext", body)


def _ascii(text: str, size: int) -> bytes:
    return text.encode("ascii", "replace")[:size].ljust(size, b"\0")


def _hundredths(level: float | None) -> bytes:
    """A level as EBU Tech 3285 rounds it: half a hundredth away from zero."""
    if level is None or not isfinite(level) or not -99.99 <= level <= 99.99:
        return struct.pack("<h", NOT_MEASURED)
    return struct.pack("<h", int(abs(level) * 100 + 0.5) * (1 if level >= 0 else -1))
