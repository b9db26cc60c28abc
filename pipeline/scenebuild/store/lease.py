"""Who is making what, so that two builders do not spend the GPU on the same take.

A lease is an optimisation: ``flock`` does nothing on some network file systems, and a holder may be dead, asleep or
on another machine. Nothing is ever wrong without it, only made twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time

ASLEEP_S = 30.0  # a holder that did not say anything for that long is not waited for


class Lease:
    """The right to make the take of one key, held until ``release`` or the end of the process."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def beat(self) -> None:
        """Say that the holder is alive and at work."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.utime(self._descriptor)

    def release(self) -> None:
        """Give it back."""
        descriptor, self._descriptor = self._descriptor, None  # first, as Ctrl-C may come between any two lines
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            os.close(descriptor)


def take_lease(root: str, key: str) -> Lease | None:
    """The lease of a key, or None while somebody else holds it. Where leases do not work, everybody gets one."""
    path = os.path.join(root, "leases", key)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError:
        return Lease(path, None)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        return Lease(path, descriptor)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return Lease(path, descriptor)


def holder(root: str, key: str) -> str:
    """Who holds the lease of a key, for a message."""
    try:
        with open(os.path.join(root, "leases", key), encoding="utf-8", errors="replace") as file:
            return file.read(200).strip() or "another build"
    except OSError:
        return "another build"


def is_asleep(root: str, key: str) -> bool:
    """Whether the holder gave no sign of life for a while."""
    try:
        return time.time() - os.stat(os.path.join(root, "leases", key)).st_mtime > ASLEEP_S
    except OSError:
        return True
