"""AIFF and AIFC."""

from __future__ import annotations

import struct

from scenebuild.audio.container.chunks import chunks
from scenebuild.audio.container.header import NO_FORMAT, NO_SOUND, Header
from scenebuild.audio.container.speakers import apple_speakers
from scenebuild.audio.container.view import View

KIND = "AIFF"


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")


def read(view: View, start: int) -> Header:
    """The header of an AIFF."""
    rate = frames = channels = 0
    stated = there = None
    speakers = None
    for name, place, size in chunks(view, start + 12, ">"):
        if name == b"COMM":
            channels, frames, _ = struct.unpack(">hIh", view.at(place, 8))
            rate = _extended(view.at(place + 8, 10))
            if view.at(place + 18, 4) == b"ima4":
                frames *= 64  # it counts packets
        elif name == b"CHAN":
            speakers = apple_speakers(view.at(place, 8), channels)
        elif name == b"SSND" and size:
            stated, there = size, min(size, view.size - place)
    if there is None or not rate:
        missing = NO_SOUND if rate else NO_FORMAT
        return Header(
            "AIFF", rate or None, channels or None, stated_s=0.0, damage="" if rate and not frames else missing
        )
    seconds = frames / rate
    return Header("AIFF", rate, channels, speakers, seconds, seconds * there / (stated or 1))


def _extended(number: bytes) -> int:
    """A whole number in the 80 bits of IEEE 754 that AIFF has its rate in."""
    exponent: int
    mantissa: int
    exponent, mantissa = struct.unpack(">HQ", number)
    shift = (exponent & 0x7FFF) - 16383 - 63
    return mantissa >> -shift if shift <= 0 else mantissa << min(shift, 64)
