"""WAV, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088)."""

from __future__ import annotations

import struct
from dataclasses import replace

from scenebuild.audio.container.chunks import chunks
from scenebuild.audio.container.header import NO_FORMAT, NO_SOUND, Header
from scenebuild.audio.container.speakers import speakers_of_mask
from scenebuild.audio.container.view import View

KIND = "WAV"
# Sizes that stand for "not known": SoX, arecord, ffmpeg and others write one of these into pipes.
_STREAMED = (range(0x7FFFF000, 0x80001000), range(0xFFFF0000, 1 << 32))


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE"


def read(view: View, start: int) -> Header:
    """The header of a WAV."""
    head = view.at(start, 12)
    patches = [(start, b"RF64")] if head[:4] == b"BW64" else []
    riff_size, wide = struct.unpack("<I", head[4:8])[0], 0
    before: dict[bytes, tuple[int, int]] = {}
    for name, place, size in chunks(view, start + 12):
        before.setdefault(name, (place, size))
        if name == b"data":
            break
    else:
        return Header("WAV", damage=NO_SOUND)
    if b"fmt " not in before:
        return Header("WAV", damage=NO_FORMAT)
    ds64 = before.get(b"ds64", (0, 0))[0]
    if ds64:
        riff_size, wide = struct.unpack("<QQ", view.at(ds64, 16))
    there = view.size - place
    if size == 0xFFFFFFFF and wide:
        size = wide
    elif ds64 and size == 0xFFFFFFFF:
        patches += [(ds64, struct.pack("<QQ", view.size - start - 8, there))]
        size = there
    elif _is_unfinished(size, riff_size, there, view.size - start):
        patches += [(place - 4, struct.pack("<I", min(there, 0xFFFFFFFF)))]
        size = there
    fact = view.at(before[b"fact"][0], 4) if b"fact" in before else b""
    found = _described(view.at(before[b"fmt "][0], 40), size, min(size, there), fact)
    return replace(found, patches=tuple(patches))


def _is_unfinished(size: int, riff_size: int, there: int, whole: int) -> bool:
    """Whether the sizes were never filled in: zero in a file that goes on, or one that only says "not known"."""
    return (size == 0 and riff_size + 8 < whole) or (there < size and any(size in one for one in _STREAMED))


def _described(fmt: bytes, size: int, there: int, fact: bytes) -> Header:
    tag, channels, rate, _, block, _ = struct.unpack("<HHIIHH", fmt[:16])
    speakers = None
    if tag == 0xFFFE and len(fmt) >= 26:  # WAVE_FORMAT_EXTENSIBLE
        speakers = speakers_of_mask(struct.unpack("<I", fmt[20:24])[0], channels) if channels > 2 else None
        tag = struct.unpack("<H", fmt[24:26])[0]
    found = Header("WAV", rate, channels, speakers)
    if tag in (1, 3, 6, 7) and rate * block:  # PCM, float, A-law, mu-law: a frame is a block
        return replace(found, stated_s=size / (rate * block), there_s=there / (rate * block))
    if len(fact) == 4 and rate and size:  # of what is compressed, the fact chunk says the frames
        stated_s = struct.unpack("<I", fact)[0] / rate
        return replace(found, stated_s=stated_s, there_s=stated_s * there / size)
    return found
