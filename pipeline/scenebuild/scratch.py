"""Scratch folders: a temporary folder for each command, and the removal of folders that killed commands left.

A process holds a lock on its folder as long as it lives: if another process can take the lock, the owner is dead,
however it ended. The temporary folder may be shared with other users: only folders with our names and this user as
owner are examined, and no link is followed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator

from scenebuild.locks import lock

PREFIX = "scenebuild-"
LOCKED = re.compile(rf"{PREFIX}[0-9a-f]{{16}}\Z")
# Folders without a lock (on file systems that have none, and of earlier versions) are removed when nothing was written
# into them for days. The names of earlier versions may be chosen by a person: all files in such a folder must be ours.
UNLOCKED = re.compile(rf"{PREFIX}unlocked-[0-9a-f]{{16}}\Z")
EARLIER = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}\Z")
EARLIER_CONTENT = re.compile(r"([a-z][a-z0-9_-]*-([0-9]+\.log|[0-9a-f]{16}\.wav)|[0-9a-f]{64}\.wav|before|after)\Z")
ABANDONED_S = 3 * 86400.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def scratch_folder(parent: str | None = None) -> Iterator[str]:
    """A fresh folder for this process alone, in ``parent`` or in the temporary folder; it is removed at the end.

    Folders of dead processes are removed first. OSError if it cannot be made; if the disk is full, the message says so
    and names the temporary folder.
    """
    place = parent or tempfile.gettempdir()
    try:
        sweep_scratch(place)
        folder, held = _locked(place)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if held is not None:
                os.close(held)
    except OSError as error:
        if parent or error.errno not in _FULL or not _is_ours(place, error.filename):
            raise
        told = "no space is left in the temporary folder; free some, or name another folder with TMPDIR"
        raise OSError(error.errno, told, place) from error


def sweep_scratch(place: str | None = None, *, dry_run: bool = False) -> int:
    """Remove the folders of dead processes in ``place`` or the temporary folder; the number of bytes they held."""
    found = place or tempfile.gettempdir()
    try:
        names = [name for name in os.listdir(found) if name.startswith(PREFIX)]
    except OSError:
        return 0
    return sum(_swept(os.path.join(found, name), dry_run) for name in sorted(names))


def _locked(place: str) -> tuple[str, int | None]:
    """A new folder and the descriptor of the lock on it; None if locks do not work here."""
    while True:
        folder = os.path.join(place, f"{PREFIX}{secrets.token_hex(8)}")
        os.mkdir(folder, 0o700)
        try:
            held = _open(folder)
        except FileNotFoundError:  # a sweep removed it before it was locked
            continue
        is_ours = lock(held) != "theirs" and _is_still(folder, held)
        if is_ours and _keeps_out(folder):
            return folder, held
        os.close(held)
        if not is_ours:
            continue
        unlocked = os.path.join(place, f"{PREFIX}unlocked-{secrets.token_hex(8)}")
        os.rename(folder, unlocked)
        return unlocked, None


def _open(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _keeps_out(folder: str) -> bool:
    """Whether the lock on a folder keeps a second one out: on some network file systems it does not."""
    other = _open(folder)
    try:
        return lock(other) == "theirs"
    finally:
        os.close(other)


def _is_still(folder: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(folder), os.fstat(descriptor))
    except OSError:
        return False


def _swept(folder: str, dry_run: bool) -> int:
    """Remove one folder, if it is ours and its process is dead; the number of bytes in it."""
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
    # A folder with a lock is in use, or its lock cannot be tried here.
    return lock(descriptor) == "ours" or not is_locked


def _size(folder: str) -> int:
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(where, name)).st_size
    return size


def _is_ours(place: str, name: object) -> bool:
    return isinstance(name, str) and name.startswith(os.path.join(place, PREFIX))
