"""AAC in ADTS (ISO 13818-7), which PyAV decodes."""

from __future__ import annotations

from scenebuild.audio.container.header import Header
from scenebuild.audio.container.view import View

KIND = "AAC"


def knows(head: bytes) -> bool:
    """Whether bytes can begin a frame of AAC (ISO 13818-7: twelve set bits, layer 0)."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13


def read(view: View, start: int) -> Header:
    """The header of the first frame."""
    head = view.at(start, 4)
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    return Header("AAC", rates[head[2] >> 2 & 15])
