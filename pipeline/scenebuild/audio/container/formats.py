"""What the header of a recording says, read without decoding anything and without numpy.

A header may be wrong: a copy broke off, a recorder died, a program wrote into a pipe and never knew the length. What
the sizes alone show of that is said here, in words; the sound itself is not decoded.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO, Protocol

from scenebuild.audio.container import aac, aiff, caf, flac, matroska, mp3, mpeg4, ogg, wav
from scenebuild.audio.container.header import NO_HEADER, Header
from scenebuild.audio.container.view import View

SLACK_S = 0.1  # writers that count their header or a last frame too much are no damage


class ContainerFormat(Protocol):
    """A module of this package that reads one format."""

    KIND: str

    def knows(self, head: bytes) -> bool:
        """Whether a file that begins so (16 bytes are enough) is of this format."""
        ...

    def read(self, view: View, start: int) -> Header:
        """The header of a file that begins at ``start``. struct.error, IndexError, … where it breaks off."""
        ...


FORMATS: tuple[ContainerFormat, ...] = (wav, aiff, flac, ogg, caf, mpeg4, matroska, mp3, aac)


def read_header(file: BinaryIO) -> Header | None:
    """The header of a recording, from the first bytes on; ``None`` for what is not audio. Never fails on odd bytes."""
    view = View(file)
    start = mp3.after_id3(view)
    found = _format_of(view.at(start, 16))
    if found is None:
        return Header(mp3.KIND) if start else None  # an ID3 tag stands before MP3 mostly
    try:
        header = found.read(view, start)
    except (struct.error, IndexError, OverflowError, ValueError, ZeroDivisionError):
        return Header(found.KIND, damage=NO_HEADER)
    return _with_damage(header)


def is_audio(head: bytes) -> bool:
    """Whether a file that begins so (16 bytes are enough) is a container of audio that can be read."""
    return head[:3] == b"ID3" or _format_of(head) is not None


def _format_of(head: bytes) -> ContainerFormat | None:
    return next((one for one in FORMATS if one.knows(head)), None)


def _with_damage(header: Header) -> Header:
    stated, there = header.stated_s, header.there_s
    if header.damage or stated is None or there is None or stated - there <= SLACK_S:
        return header
    return replace(header, damage=f"its header says {stated:.3f} s, and {there:.3f} s are there")
