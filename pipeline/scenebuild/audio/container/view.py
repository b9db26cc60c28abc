"""Bytes of an open file, by their place."""

from __future__ import annotations

from typing import BinaryIO


class View:
    """Bytes of an open file, by their place. What lies beyond its end is missing from the answer."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)

    def at(self, place: int, length: int) -> bytes:
        if not 0 <= place <= self.size:
            return b""
        self.file.seek(place)
        return self.file.read(length)

    def find(self, what: bytes, place: int, stop: int) -> int:
        """The first place of a few bytes in ``[place, stop)``, -1 where there is none."""
        step = 1 << 16
        for start in range(place, min(stop, self.size), step):
            found = self.at(start, step + len(what) - 1).find(what)
            if found >= 0:
                return start + found
        return -1
