"""MP3 (ISO 11172-3)."""

from __future__ import annotations

import struct
from dataclasses import replace

from scenebuild.audio.container.header import Header
from scenebuild.audio.container.view import View

KIND = "MP3"
_RATES = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))  # MPEG 2.5, -, 2, 1


def knows(head: bytes) -> bool:
    """Whether bytes can begin a frame of MP3."""
    # ISO 11172-3, 2.4.1.3: eleven set bits, a version that is not reserved (01), layer III (01)
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08


def read(view: View, start: int) -> Header:
    """The header of an MP3: its first frame, and what Xing and VBRI say of all."""
    head = view.at(start, 4)
    version, rate_index, mono = head[1] >> 3 & 3, head[2] >> 2 & 3, head[3] >> 6 == 3
    rate = _RATES[version][rate_index]
    found = Header("MP3", rate, 1 if mono else 2)
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    tag = view.at(start + 4 + side, 120)
    frames = size = 0
    if tag[:4] in (b"Xing", b"Info"):
        flags = struct.unpack(">I", tag[4:8])[0]
        numbers = struct.unpack(">II", tag[8:16])
        frames, size = numbers if flags & 3 == 3 else (0, 0)
    elif view.at(start + 36, 4) == b"VBRI":
        size, frames = struct.unpack(">II", view.at(start + 46, 8))
    if not frames or not size:
        return found
    stated_s = frames * (1152 if version == 3 else 576) / rate
    there = view.size - start
    if view.at(view.size - 128, 3) == b"TAG":  # ID3v1
        there -= 128
    if _another_mp3(view, start + size):
        found = replace(
            found, oddity=f"holds another MP3 behind the {stated_s:.3f} s that its header speaks of, which is not read"
        )
    return replace(found, stated_s=stated_s, there_s=stated_s * min(1.0, there / size))


def _another_mp3(view: View, place: int) -> bool:
    head = view.at(place, 4)
    return head[:3] == b"ID3" or knows(head)


def after_id3(view: View) -> int:
    """Where a file begins after its ID3v2 tags (id3.org: four times seven bits of size)."""
    start = 0
    for _ in range(8):
        head = view.at(start, 10)
        if head[:3] != b"ID3" or len(head) < 10:
            break
        size = sum((byte & 0x7F) << 7 * (3 - index) for index, byte in enumerate(head[6:]))
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    return start if start < view.size else 0
