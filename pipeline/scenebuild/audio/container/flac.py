"""FLAC (RFC 9639)."""

from __future__ import annotations

import struct

from scenebuild.audio.container.header import Header
from scenebuild.audio.container.speakers import FLAC_SPEAKERS, listed_speakers, speakers_of_mask
from scenebuild.audio.container.view import View

KIND = "FLAC"
LARGEST_COMMENTS = 1 << 16
MASK_COMMENT = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] == b"fLaC"


def read(view: View, start: int) -> Header:
    """The header of a FLAC."""
    info = view.at(start + 8, 18)
    packed = struct.unpack(">Q", info[10:18])[0]
    rate, channels, total = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    speakers = listed_speakers(FLAC_SPEAKERS, channels)
    place = start + 4
    for _ in range(128):
        head = view.at(place, 4)
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == 4:  # VORBIS_COMMENT
            speakers = _commented(view.at(place + 4, min(size, LARGEST_COMMENTS)), channels) or speakers
        if head[0] & 0x80:
            break
        place += 4 + size
    return Header("FLAC", rate, channels, speakers, stated_s=total / rate if total else None)


def _commented(comments: bytes, channels: int) -> tuple[str, ...] | None:
    """The speakers that a FLAC's comment names, where its order is not the usual one (RFC 9639, 8.6.2)."""
    at = comments.upper().find(MASK_COMMENT)
    if at < 0:
        return None
    size = struct.unpack("<I", comments[at - 4 : at])[0] - len(MASK_COMMENT)
    return speakers_of_mask(int(comments[at + len(MASK_COMMENT) :][: min(size, 12)], 16), channels)
