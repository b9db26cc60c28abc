"""The chunks of RIFF and IFF files."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from scenebuild.audio.container.header import MOST_PARTS
from scenebuild.audio.container.view import View


def chunks(view: View, place: int, order: str = "<") -> Iterator[tuple[bytes, int, int]]:
    """(name, place of the body, stated size) of the chunks from a place on."""
    for _ in range(MOST_PARTS):
        head = view.at(place, 8)
        if len(head) < 8:
            return
        size = struct.unpack(f"{order}I", head[4:])[0]
        yield head[:4], place + 8, size
        place += 8 + size + size % 2
