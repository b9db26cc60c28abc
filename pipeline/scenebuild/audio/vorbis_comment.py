"""Vorbis comments (Xiph.Org, "Ogg Vorbis I format specification: comment field"): the texts of Ogg and FLAC files."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def pack_comments(vendor: bytes, comments: Mapping[str, str]) -> bytes:
    """The comments, ``NAME`` -> text, in their order. Empty texts are left out.

    Raises ValueError for a name that is not of printable ASCII without ``=``, and for control characters in a text.

    >>> pack_comments(b"me", {"TITLE": "Rain", "ARTIST": ""}).hex(" ", 4)
    '02000000 6d650100 00000a00 00005449 544c453d 5261696e'
    """
    entries = [f"{_checked(name, text)}={text}".encode() for name, text in comments.items() if text]
    body = b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(entries)) + body


def _checked(name: str, text: str) -> str:
    if not name or any(not " " <= character <= "}" or character == "=" for character in name):
        raise ValueError(f"{name!r} is not the name of a comment")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise ValueError(f"the {name} text cannot hold control characters")
    return name


def vendor_of(packed: bytes) -> bytes:
    """Who encoded the file, as its comments begin with it."""
    size = int.from_bytes(packed[:4], "little")
    return packed[4 : 4 + size]
