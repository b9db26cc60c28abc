"""MPEG-4 (m4a), which PyAV decodes."""

from __future__ import annotations

import struct

from scenebuild.audio.container.header import MOST_PARTS, NO_INDEX, Header
from scenebuild.audio.container.view import View

KIND = "MPEG-4"


def knows(head: bytes) -> bool:
    """Whether a file begins so."""
    return head[4:8] == b"ftyp"


def read(view: View, start: int) -> Header:
    """Whether an MPEG-4 file is whole; its index is left to PyAV."""
    place, has_index = start, False
    for _ in range(MOST_PARTS):
        head = view.at(place, 16)
        if len(head) < 8:
            break
        size = struct.unpack(">I", head[:4])[0]
        size = struct.unpack(">Q", head[8:16])[0] if size == 1 else size or view.size - place
        has_index = has_index or head[4:8] == b"moov"
        if size < 8 or place + size > view.size + 8:
            missing = place + size - view.size
            return Header("MPEG-4", damage=f"it breaks off, {missing} bytes before its end" if has_index else NO_INDEX)
        place += size
    return Header("MPEG-4", damage="" if has_index else NO_INDEX)
