"""Ogg (RFC 3533) with Vorbis, Opus, FLAC or Speex in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from scenebuild.audio.container.header import Header
from scenebuild.audio.container.speakers import FLAC_SPEAKERS, VORBIS_SPEAKERS, listed_speakers
from scenebuild.audio.container.view import View

KIND = "Ogg"


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] == b"OggS"


@dataclass(frozen=True, slots=True)
class OggPageHeader:
    """Where a page of an Ogg file lies, and what its head says."""

    place: int
    size: int
    flags: int  # 2: the first of its stream, 4: the last
    position: int  # in frames, -1 where no packet ends on it
    is_whole: bool


def ogg_pages(file: BinaryIO, start: int = 0) -> Iterator[OggPageHeader]:
    """Every page (RFC 3533), by its head alone; what lies between pages is passed over."""
    view = View(file)
    place = view.find(b"OggS", start, view.size)
    while place >= 0:
        head = view.at(place, 27)
        lacing = view.at(place + 27, head[26]) if len(head) == 27 else b""
        if len(head) < 27 or len(lacing) < head[26]:
            yield OggPageHeader(place, len(head) + len(lacing), 0, -1, is_whole=False)
            return
        size = 27 + len(lacing) + sum(lacing)
        position = struct.unpack("<q", head[6:14])[0]
        yield OggPageHeader(place, size, head[5], position, is_whole=place + size <= view.size)
        place = view.find(b"OggS", place + size, view.size)


def ogg_links(pages: Iterator[OggPageHeader]) -> list[tuple[int, int]]:
    """``[start, stop)`` of each part of an Ogg file that is a whole Ogg file itself: of most files, one."""
    links: list[tuple[int, int]] = []
    begun = False  # the first pages of all streams of a part stand before any other
    for page in pages:
        if page.flags & 2 and not begun:
            links.append((page.place, page.place))
        begun = bool(page.flags & 2)
        if links:
            links[-1] = (links[-1][0], page.place + page.size)
    return links


def read(view: View, start: int) -> Header:
    """The header of an Ogg file, and what its last pages say of its length."""
    packet = view.at(start + 27 + view.at(start + 26, 1)[0], 64)
    found = Header("Ogg")
    if packet[:7] == b"\x01vorbis":
        channels, rate = struct.unpack("<BI", packet[11:16])
        found = Header("Ogg", rate, channels, listed_speakers(VORBIS_SPEAKERS, channels))
    elif packet[:8] == b"OpusHead":
        family = packet[18]
        found = Header("Ogg", 48000, packet[9], listed_speakers(VORBIS_SPEAKERS, packet[9]) if family == 1 else None)
    elif packet[:5] == b"\x7fFLAC":
        packed = struct.unpack(">Q", packet[27:35])[0]
        channels = (packed >> 41 & 7) + 1
        found = Header("Ogg", packed >> 44, channels, listed_speakers(FLAC_SPEAKERS, channels))
    elif packet[:8] == b"Speex   ":
        found = Header("Ogg", *struct.unpack("<I4xI", packet[36:48]))
    return _ogg_end(view, found)


def _ogg_end(view: View, found: Header) -> Header:
    """What the last pages of an Ogg file say of its length, and whether they are its last."""
    last = None
    tail = max(0, view.size - 2 * 65307)  # the largest page there can be
    for page in ogg_pages(view.file, tail):
        last = page if page.is_whole or last is None else replace(last, is_whole=False)
        if page.is_whole and page.position >= 0:
            found = replace(found, there_s=page.position / found.sample_rate if found.sample_rate else None)
    there = "" if found.there_s is None else f" after {found.there_s:.3f} s"
    if last is None or not last.is_whole:
        return replace(found, damage=f"it breaks off in the middle of a page{there}")
    if not last.flags & 4:
        return replace(
            found,
            oddity=f"ends without an end-of-stream page{there}, as a copy that broke off does; what is there is used",
        )
    return replace(found, stated_s=found.there_s)
