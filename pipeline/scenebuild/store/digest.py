"""SHA-256 of bytes and files."""

from __future__ import annotations

import hashlib
from io import BufferedReader
from typing import BinaryIO, Protocol

from scenebuild.files import open_regular

CHUNK = 1 << 20


class Readable(Protocol):
    """A source of bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        ...


def digest_bytes(data: bytes) -> str:
    """64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: str) -> str:
    """The digest of a regular file's bytes, links followed. OSError where it cannot be read."""
    with open_regular(path) as file:
        return digest_of(file)


def digest_of(file: BufferedReader) -> str:
    """The digest of an open file from its position to the end."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def copy_with_digest(source: Readable, target: BinaryIO) -> tuple[str, int]:
    """Copy all bytes: (their digest, their number). They are read once."""
    sha = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK):
        sha.update(chunk)
        target.write(chunk)
        size += len(chunk)
    return sha.hexdigest(), size
