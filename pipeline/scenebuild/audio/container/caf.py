"""CAF, the Core Audio Format."""

from __future__ import annotations

import struct
from dataclasses import replace

from scenebuild.audio.container.header import MOST_PARTS, NO_SOUND, Header
from scenebuild.audio.container.speakers import apple_speakers
from scenebuild.audio.container.view import View

KIND = "CAF"


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] == b"caff"


def read(view: View, start: int) -> Header:
    """The header of a CAF."""
    found = Header("CAF", damage=NO_SOUND)
    per_second, place = 0.0, start + 8
    for _ in range(MOST_PARTS):
        head = view.at(place, 12)
        if len(head) < 12:
            break
        name, size = head[:4], struct.unpack(">q", head[4:])[0]
        place += 12
        if name == b"desc":
            rate, _, _, packet, frames, channels = struct.unpack(">d4sIIII", view.at(place, 28))
            found = replace(found, sample_rate=int(rate), channels=channels)
            per_second = rate * packet / frames if frames else 0.0
        elif name == b"chan" and found.channels:
            found = replace(found, speakers=apple_speakers(view.at(place, 8), found.channels))
        elif name == b"data":
            there = view.size - place
            stated = there if size < 0 else size  # -1: to the end of the file
            found = replace(found, damage="")
            if per_second:
                found = replace(found, stated_s=stated / per_second, there_s=min(stated, there) / per_second)
        if size < 0:
            break
        place += size
    return found
