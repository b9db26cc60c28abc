"""SHA-256 of bytes and files."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import BinaryIO

CHUNK = 1 << 20


def digest_bytes(data: bytes) -> str:
    """64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def open_regular(path: str) -> BinaryIO:
    """Open a regular file for reading. A FIFO never hangs, a link or a folder is refused: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def digest_file(path: str) -> str:
    """The digest of a file's bytes; follows links, as a recording may be one. OSError where it can not be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_with_digest(source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
    """Copy all bytes; the digest and size of what was copied, so that they are read once."""
    sha = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK):
        sha.update(chunk)
        target.write(chunk)
        size += len(chunk)
    return sha.hexdigest(), size
