"""The one way a file is opened that somebody else may have named, and the one way a file gets its final name.

Reading: regular files only, and no more than is asked for. A named pipe or a device never hangs a command.
Writing: aside, checked, renamed. A reader sees the old file, the new file or none, never half of one. The temporary
file lies in the same folder, so that the rename never crosses a file system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import BinaryIO

TEMPORARY = ".tmp-"  # such files may be swept once they are old
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}


def regular_file(path: str, *, follow_links: bool = True) -> int:
    """A descriptor of a regular file, for reading; OSError for anything else.

    Never waits: a named pipe or a device is not even opened.
    """
    _refuse_kind(os.stat(path, follow_symlinks=follow_links).st_mode)
    flags = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    descriptor = os.open(path, flags if follow_links else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        _refuse_kind(os.fstat(descriptor).st_mode)  # it may have been exchanged since the look
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_regular(path: str, *, follow_links: bool = True) -> BufferedReader:
    """A regular file, opened for reading; OSError for anything else, without waiting."""
    return os.fdopen(regular_file(path, follow_links=follow_links), "rb")


def read_bounded(path: str, largest: int, *, follow_links: bool = True) -> bytes:
    """All bytes of a regular file; OSError (EFBIG) where there are more than ``largest``."""
    with open_regular(path, follow_links=follow_links) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"is larger than {largest} bytes", path)
    return content


def _refuse_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(f"is {_KINDS.get(stat.S_IFMT(mode), 'a device')}, not a file")


@contextlib.contextmanager
def aside(path: str) -> Iterator[str]:
    """A fresh name in the folder of ``path``; renamed to ``path`` at the end of the block, removed on any exception."""
    import secrets

    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    temporary = os.path.join(folder, f"{TEMPORARY}{secrets.token_hex(8)}-{name[-40:]}")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename == temporary:
            error.filename = path  # the name that its reader knows
        raise


def publish(path: str, write: Callable[[BinaryIO], object], *, durable: bool = False) -> None:
    """Let ``write`` fill a file and put it in place. ``durable``: it survives a power cut once this returns.

    An error of fsync means that the bytes may not have reached the disk: the file is then not published.
    """
    with aside(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
    if durable:
        _sync_folder(os.path.dirname(path) or ".")


def publish_bytes(path: str, data: bytes, *, durable: bool = False) -> None:
    """``publish`` for bytes at hand."""
    publish(path, lambda file: file.write(data), durable=durable)


def publish_if_changed(path: str, data: bytes, *, durable: bool = False) -> bool:
    """``publish_bytes``, unless the file already holds exactly that; says whether it was written."""
    with contextlib.suppress(OSError):
        if read_bounded(path, len(data)) == data:
            return False
    publish_bytes(path, data, durable=durable)
    return True


def exchange(one: str, other: str) -> bool:
    """Let two files change places in one step, so that neither is ever missing; False where the system can not."""
    import ctypes

    here = -2 if sys.platform == "darwin" else -100  # AT_FDCWD
    names = (os.fsencode(one), os.fsencode(other))
    try:
        library = ctypes.CDLL(None, use_errno=True)
        call = library.renameatx_np if sys.platform == "darwin" else library.renameat2
        failed = call(here, names[0], here, names[1], ctypes.c_uint(2))  # RENAME_EXCHANGE, RENAME_SWAP
    except (AttributeError, OSError, TypeError):
        return False
    if failed:
        number = ctypes.get_errno()
        if number in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS):
            raise OSError(number, os.strerror(number), other)
        return False
    return True


def sweep(folder: str, older_than_s: float) -> None:
    """Remove what killed writers left in a folder and below it; what is younger may still be written."""
    now = time.time()
    for where, _, names in os.walk(folder):
        for path in (os.path.join(where, name) for name in names if name.startswith(TEMPORARY)):
            with contextlib.suppress(OSError):
                if now - os.lstat(path).st_mtime > older_than_s:
                    os.unlink(path)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
