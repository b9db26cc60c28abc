"""Leases: which builder makes which take, so that two do not spend the GPU on the same one.

A lease is an optimisation: ``flock`` does nothing on some network file systems, and a holder may be dead, asleep or
on another machine. Nothing is ever wrong without it, only made twice.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

from scenebuild.files import open_regular
from scenebuild.locks import lock

ASLEEP_S = 30.0  # after this time without a sign of life, a holder is not waited for


class Lease:
    """The right to make the take of one key, held until ``release`` or the end of the process."""

    def __init__(self, path: str, descriptor: int | None) -> None:
        self._path = path
        self._descriptor = descriptor

    def beat(self) -> None:
        """Renew the date of the lease: the holder is alive."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.utime(self._descriptor)

    def release(self) -> None:
        """Release the lease."""
        descriptor, self._descriptor = self._descriptor, None  # first, as Ctrl-C may come between any two lines
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            os.close(descriptor)


def take_lease(root: str, key: str) -> Lease | None:
    """The lease of a key; None while another build holds it. If leases do not work here, every build gets one."""
    path = os.path.join(root, "leases", key)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError:
        return Lease(path, None)
    got = lock(descriptor)
    if got == "theirs":
        os.close(descriptor)
        return None
    if got == "none":
        return Lease(path, descriptor)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return Lease(path, descriptor)


def holder(root: str, key: str) -> str:
    """Who holds the lease of a key, for a message."""
    try:
        with open_regular(os.path.join(root, "leases", key), follow_links=False) as file:
            return file.read(200).decode("utf-8", "replace").strip() or "another build"
    except OSError:
        return "another build"


class SignsOfLife:
    """The signs of life of holders, as a waiting build sees them.

    A holder is alive if the date of its lease is recent by our clock and has changed recently: the clock of a file
    server may be ahead, or may have been set back.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}  # key -> its date, and when that was first seen

    def is_asleep(self, root: str, key: str) -> bool:
        """Whether the holder gave no sign of life for ``ASLEEP_S``."""
        try:
            date_ns = os.stat(os.path.join(root, "leases", key)).st_mtime_ns
        except OSError:
            return True
        now = time.monotonic()
        if self._seen.get(key, (None, now))[0] != date_ns:
            self._seen[key] = date_ns, now
        return time.time() - date_ns / 1e9 > ASLEEP_S or now - self._seen[key][1] > ASLEEP_S
