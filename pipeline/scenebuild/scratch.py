"""The folder in which a command keeps its files on their way, and what commands left there that were killed.

The folder belongs to one process, which holds a lock on it as long as it lives: whoever gets that lock knows that the
process is dead, however it ended. The temporary folder may be shared with strangers: only folders of ours are looked
at, by name and owner, and no link is followed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator

PREFIX = "scenebuild-"
LOCKED = re.compile(rf"{PREFIX}[0-9a-f]{{16}}\Z")
# Where no lock can be had there is none to ask, and what earlier versions made holds none: such folders go once nothing
# was written into them for days. The latter may be a person's by their names: all that is in them has to be ours.
UNLOCKED = re.compile(rf"{PREFIX}unlocked-[0-9a-f]{{16}}\Z")
EARLIER = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}\Z")
EARLIER_CONTENT = re.compile(r"([a-z][a-z0-9_-]*-([0-9]+\.log|[0-9a-f]{16}\.wav)|[0-9a-f]{64}\.wav|before|after)\Z")
ABANDONED_S = 3 * 86400.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def scratch_folder(parent: str | None = None) -> Iterator[str]:
    """A fresh folder in ``parent`` (the temporary folder, if none is named), for this process alone; gone at the end.

    What dead processes left there is swept first. OSError where there is no room for one; where the disk is full, it
    says so and names the temporary folder.
    """
    place = parent or tempfile.gettempdir()
    try:
        sweep_scratch(place)
        folder, lock = _locked(place)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if lock is not None:
                os.close(lock)
    except OSError as error:
        if parent or error.errno not in _FULL or not _is_ours(place, error.filename):
            raise
        told = "no space is left in the temporary folder; make room there, or name another one with TMPDIR"
        raise OSError(error.errno, told, place) from error


def sweep_scratch(place: str | None = None, *, dry_run: bool = False) -> int:
    """Remove the folders of dead processes in the temporary folder: how many bytes they held."""
    found = place or tempfile.gettempdir()
    try:
        names = [name for name in os.listdir(found) if name.startswith(PREFIX)]
    except OSError:
        return 0
    return sum(_swept(os.path.join(found, name), dry_run) for name in sorted(names))


def _locked(place: str) -> tuple[str, int | None]:
    """A new folder and the lock that is held on it; None where a lock does not keep anybody out."""
    while True:
        folder = os.path.join(place, f"{PREFIX}{secrets.token_hex(8)}")
        os.mkdir(folder, 0o700)
        try:
            lock = _open(folder)
        except FileNotFoundError:  # a sweep came by before it was locked
            continue
        if not _lock(lock):
            os.close(lock)
            continue
        if not _is_still(folder, lock):
            os.close(lock)
            continue
        if _keeps_out(folder):
            return folder, lock
        os.close(lock)
        unlocked = os.path.join(place, f"{PREFIX}unlocked-{secrets.token_hex(8)}")
        os.rename(folder, unlocked)
        return unlocked, None


def _open(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _lock(descriptor: int) -> bool:
    """False while somebody else has it; True where it is ours, and where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _keeps_out(folder: str) -> bool:
    """Whether a lock that is held keeps another one out: on some network file systems it does not."""
    other = _open(folder)
    try:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(other)
    return False


def _is_still(folder: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(folder), os.fstat(descriptor))
    except OSError:
        return False


def _swept(folder: str, dry_run: bool) -> int:
    """Remove one folder, if it is ours and nobody's any more: the bytes in it."""
    name = os.path.basename(folder)
    if not any(kind.match(name) for kind in (LOCKED, UNLOCKED, EARLIER)):
        return 0
    with contextlib.suppress(OSError):
        descriptor = _open(folder)
        try:
            if EARLIER.match(name) and not _is_of_earlier_version(descriptor):
                return 0
            if _is_dead(descriptor, is_locked=LOCKED.match(name) is not None) and _is_still(folder, descriptor):
                size = _size(folder)
                if not dry_run:
                    shutil.rmtree(folder, ignore_errors=True)
                return size
        finally:
            os.close(descriptor)
    return 0


def _is_of_earlier_version(descriptor: int) -> bool:
    found = os.listdir(descriptor)
    is_private = stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o700
    return bool(found) and is_private and all(map(EARLIER_CONTENT.match, found))


def _is_dead(descriptor: int, *, is_locked: bool) -> bool:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
        return False
    if not is_locked and time.time() - found.st_mtime < ABANDONED_S:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return not is_locked  # one that was locked is in use, or cannot be asked here
    return True


def _size(folder: str) -> int:
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(where, name)).st_size
    return size


def _is_ours(place: str, name: object) -> bool:
    return isinstance(name, str) and name.startswith(os.path.join(place, PREFIX))
