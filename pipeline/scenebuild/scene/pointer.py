"""Git LFS pointers: the small text files that stand in for sounds which are not fetched yet."""

from __future__ import annotations

import re

from scenebuild.files import open_regular

LARGEST_POINTER = 1024  # bytes, by the specification of Git LFS
VERSION = b"version https://git-lfs.github.com/spec/"
_CONTENT = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)


def pointer_in(path: str) -> str | None:
    """The SHA-256 of the file that a Git LFS pointer stands for; None where ``path`` is no pointer or no file."""
    try:
        with open_regular(path) as file:
            text = file.read(LARGEST_POINTER + 1).replace(b"\r\n", b"\n")
    except OSError:
        return None
    found = _CONTENT.search(text) if text.startswith(VERSION) and len(text) <= LARGEST_POINTER else None
    return found[1].decode("ascii") if found else None
