"""Ogg pages (RFC 3533): putting other comments into an Ogg Vorbis file, and the same bytes for the same sound.

Encoders give every stream a serial number by chance. Here it becomes a constant, which costs a new checksum for every
page; the file is gone through page by page.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from scenebuild.audio.vorbis_comment import pack_comments, vendor_of

SERIAL = 0x5343454E
HEADERS = 3  # identification, comments, setup (Vorbis I, section 4.2)
COMMENT_HEAD = b"\x03vorbis"
MOST_SEGMENTS = 255
MOST_PAGE_BYTES = MOST_SEGMENTS * 255
NO_POSITION = (1 << 64) - 1
_MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


@dataclass(frozen=True, slots=True)
class OggPage:
    """One page. ``lacing``: the lengths of its segments; one under 255 ends a packet."""

    flags: int  # 1: goes on with a packet, 2: the first page, 4: the last
    position: int  # in frames, at the end of the page
    sequence: int
    lacing: bytes
    body: bytes

    def pack(self) -> bytes:
        head = struct.pack("<4sBBQIII", b"OggS", 0, self.flags, self.position, SERIAL, self.sequence, 0)
        page = head + bytes([len(self.lacing)]) + self.lacing + self.body
        return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def checksum(page: bytes) -> int:
    """The CRC of Ogg: the polynomial of zlib's, but the highest bit first, and started from 0.

    So the bits of each byte are turned round, what zlib adds at both ends is taken off, and the answer is turned back.

    >>> hex(checksum(b"123456789"))
    '0x89a1897f'
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def read_pages(file: BinaryIO) -> Iterator[OggPage]:
    """The pages of a file with one stream. Raises ValueError where it is not Ogg."""
    while head := file.read(27):
        if len(head) < 27 or head[:4] != b"OggS":
            raise ValueError("this is not a page of an Ogg file")
        _, _, flags, position, _, sequence, _, segments = struct.unpack("<4sBBQIIIB", head)
        lacing = file.read(segments)
        yield OggPage(flags, position, sequence, lacing, file.read(sum(lacing)))


def with_comments(source: BinaryIO, target: BinaryIO, comments: Mapping[str, str]) -> None:
    """Copy an Ogg Vorbis file with other comments and the constant serial number.

    Raises ValueError where ``source`` is not Ogg Vorbis.
    """
    pages = read_pages(source)
    packets, headers = [b""], 0
    for page in pages:
        if page.sequence == 0:
            target.write(page.pack())
            continue
        headers += 1
        _unpack(page, packets)
        if len(packets) == HEADERS:  # the comments, the setup, and a last empty one when both are complete
            break
    if not packets[0].startswith(COMMENT_HEAD):
        raise ValueError("this is not an Ogg Vorbis file")
    vendor = vendor_of(packets[0][len(COMMENT_HEAD) :])
    packets[0] = COMMENT_HEAD + pack_comments(vendor, comments) + b"\x01"  # the framing bit
    rewritten = _lay_out(packets[:2])
    for page in rewritten:
        target.write(page.pack())
    shift = len(rewritten) - headers
    for page in pages:
        target.write(replace(page, sequence=page.sequence + shift).pack())


def _unpack(page: OggPage, packets: list[bytes]) -> None:
    """Add a page's segments to the packets; the last of them is the one that still grows."""
    at = 0
    for length in page.lacing:
        packets[-1] += page.body[at : at + length]
        at += length
        if length < 255:
            packets.append(b"")


def _lay_out(packets: list[bytes]) -> list[OggPage]:
    """Header packets on pages of their own, from page 1 on."""
    lacing, body = b"", b""
    for packet in packets:
        lacing += b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
        body += packet
    pages: list[OggPage] = []
    while lacing:
        part, lacing = lacing[:MOST_SEGMENTS], lacing[MOST_SEGMENTS:]
        size = sum(part)
        goes_on = bool(pages) and pages[-1].lacing[-1] == 255
        ends_packet = any(length < 255 for length in part)
        pages.append(OggPage(int(goes_on), 0 if ends_packet else NO_POSITION, len(pages) + 1, part, body[:size]))
        body = body[size:]
    return pages
