"""Safe opening and atomic writing: every file that another program or person may have named is opened here, and every
file gets its final name here.

Folders: nothing below a folder that the user named is written or removed through a link (``real_folder``).

Reading: regular files only, and at most as many bytes as are asked for. A named pipe or a device never hangs a command.

Writing: into a temporary file, which is checked and renamed. A reader sees the old file, the new file or none, never
half a file. The temporary file is in the same folder, so that the rename never crosses a file system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from io import BufferedReader
from typing import BinaryIO

Aside = Callable[[str], AbstractContextManager[str]]  # what ``aside`` is

TEMPORARY = ".tmp-"  # such files may be swept once they are old
_LARGEST_OF_GIT = 1 << 20  # of .gitignore and .gitattributes
_ELSEWHERE = "remove it, or name another folder with --out or SCENEBUILD_OUT"
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
        try:
            content = file.read(largest + 1)
        except OSError as error:
            error.filename = path  # Python does not say which file
            raise
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"is larger than {largest} bytes", path)
    return content


def is_reachable(path: str) -> bool:
    """Whether this user can see something at a path; OSError if the file system fails.

    In a home that is not a folder, or that this user may not enter, nothing can be seen.
    """
    try:
        os.stat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM):
            return False
        raise
    return True


def _refuse_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(f"is {_KINDS.get(stat.S_IFMT(mode), 'a device')}, not a file")


def real_folder(root: str, folder: str) -> None:
    """Make ``folder``, which is ``root`` or lies below it, part by part. OSError if a part below the root is a link or
    a file: a checkout must not decide where files are written."""
    if not os.path.isdir(root):
        os.makedirs(root, exist_ok=True)
    for part in _parts_below(root, folder):
        with contextlib.suppress(FileExistsError):
            os.mkdir(part)
        mode = os.lstat(part).st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, f"is a link, and nothing is written through it; {_ELSEWHERE}", part)
        if not stat.S_ISDIR(mode):
            raise OSError(errno.ENOTDIR, f"is not a folder; {_ELSEWHERE}", part)


def is_real(root: str, path: str) -> bool:
    """Whether ``path`` is a regular file, and no folder between ``root`` and it is a link."""
    *folders, last = _parts_below(root, path)
    try:
        return all(stat.S_ISDIR(os.lstat(part).st_mode) for part in folders) and stat.S_ISREG(os.lstat(last).st_mode)
    except OSError:
        return False


def remove_below(root: str, path: str) -> None:
    """Remove a file below ``root``, and its folder if that is empty then; nothing if a folder on the way is a link. An
    error is ignored."""
    *folders, last = _parts_below(root, path)
    with contextlib.suppress(OSError):
        if all(stat.S_ISDIR(os.lstat(part).st_mode) for part in folders):
            os.unlink(last)
            os.rmdir(os.path.dirname(last))


def _parts_below(root: str, path: str) -> list[str]:
    """Every folder between ``root`` and ``path``, without the root, and ``path`` itself."""
    names = os.path.relpath(path, root).split(os.sep)
    if ".." in names:
        raise OSError(errno.EINVAL, "does not lie in the output folder", path)
    return [os.path.join(root, *names[: depth + 1]) for depth in range(len(names)) if names != ["."]]


@contextlib.contextmanager
def aside(path: str) -> Iterator[str]:
    """A fresh name in the folder of ``path``; the file is renamed to ``path`` at the end of the block, and removed on
    any exception."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    temporary = _beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and (error.filename == temporary or _is_of_writing(error)):
            error.filename = path  # the name that the user knows
        raise


def _is_of_writing(error: OSError) -> bool:
    """A disk that is full while a file is written: Python does not name the file."""
    return error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def publish(path: str, write: Callable[[BinaryIO], object], *, durable: bool = False) -> None:
    """Let ``write`` fill a file and publish it. ``durable``: it survives a power cut once this returns.

    An error of fsync means that the bytes may not have reached the disk: the file is then not published.
    """
    with aside(path) as temporary:
        _write(temporary, write, durable=durable)
    if durable:
        _sync_folder(os.path.dirname(path) or ".")


def _beside(path: str) -> str:
    import secrets

    folder, name = os.path.split(path)
    return os.path.join(folder, f"{TEMPORARY}{secrets.token_hex(8)}-{name[-40:]}")


def _write(path: str, write: Callable[[BinaryIO], object], *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        write(file)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def publish_bytes(path: str, data: bytes, *, durable: bool = False) -> None:
    """``publish`` for bytes in memory."""
    publish(path, lambda file: file.write(data), durable=durable)


def publish_text(path: str, text: str, *, durable: bool = False) -> None:
    """``publish`` for a text, as ``utf8`` gives it."""
    publish_bytes(path, utf8(text), durable=durable)


def utf8(text: str) -> bytes:
    r"""A text as bytes. Bytes of a file's name that are not UTF-8 become escapes, which JSON reads back.

    >>> utf8("caf\udce9")
    b'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace")


def publish_if_changed(path: str, data: bytes, *, durable: bool = False) -> bool:
    """``publish_bytes``, unless the file already holds exactly these bytes; whether it was written."""
    with contextlib.suppress(OSError):
        if read_bounded(path, len(data)) == data:
            return False
    publish_bytes(path, data, durable=durable)
    return True


def publish_in_place_of(path: str, data: bytes, was: str | None) -> bool:
    """Publish ``data`` durably in the place of a file whose SHA-256 is ``was`` (None: where there is none), with its
    permissions.

    False, and nothing is changed, if the file is another one by now. A file that already holds ``data`` stays.
    """
    with contextlib.suppress(OSError):
        if read_bounded(path, len(data), follow_links=False) == data:
            return True
    temporary = _beside(path)
    try:
        _write(temporary, lambda file: file.write(data), durable=True)
        if was is not None:
            os.chmod(temporary, stat.S_IMODE(os.lstat(path).st_mode))
        placed = _placed(temporary, path, was)
    except FileNotFoundError:  # an editor removes the file before it puts the new one there
        placed = False
    except OSError as error:
        if error.filename == temporary:
            error.filename = path  # the name that its reader knows
        raise
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    if placed:
        _sync_folder(os.path.dirname(path) or ".")
    return placed


def _placed(temporary: str, path: str, was: str | None) -> bool:
    if was is None:
        return _placed_anew(temporary, path)
    if digest_of(path, follow_links=False) != was:
        return False
    ours = digest_of(temporary)
    if not exchange(temporary, path):
        os.replace(temporary, path)
    elif digest_of(temporary) != was:  # the file was replaced since the look
        _give_back(temporary, path, ours)
        return False
    return True


def _placed_anew(temporary: str, path: str) -> bool:
    try:
        os.link(temporary, path)  # fails where there is a file by now
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            return False
        os.replace(temporary, path)
    return True


def _give_back(temporary: str, path: str, ours: str) -> None:
    """Put back the version that was saved after the file was read: the exchange moved it aside, so the two files are
    exchanged again. If another version than ours comes out, that one is newer still, and goes back in turn."""
    there = ours
    while True:
        mine = digest_of(temporary)
        try:
            exchange(temporary, path)
        except FileNotFoundError:  # removed by an editor that will save again; until it does, this version stays
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            return
        if digest_of(temporary) == there:
            return
        there = mine


def digest_of(path: str, *, follow_links: bool = True) -> str:
    """The SHA-256 of a regular file. OSError for anything else."""
    import hashlib

    with open_regular(path, follow_links=follow_links) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def add_lines(path: str, lines: Sequence[str]) -> int:
    """Append the lines that a file such as .gitignore does not hold yet; how many were appended.

    The file may have any line ends and encoding, and need not end with a newline. OSError if it is a link or not a
    regular file: git ignores those, and a link leads to another file.
    """
    try:
        old = read_bounded(path, _LARGEST_OF_GIT, follow_links=False)
    except FileNotFoundError:
        old = b""
    there = {line.strip() for line in old.splitlines()}
    missing = [line.encode() for line in lines if line.encode() not in there]
    if missing:
        end = b"\r\n" if old.count(b"\r\n") * 2 > old.count(b"\n") else b"\n"
        gap = b"" if not old or old.endswith(b"\n") else end
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
            file.write(gap + b"".join(line + end for line in missing))
    return len(missing)


def exchange(one: str, other: str) -> bool:
    """Exchange two files in one step, so that neither is ever missing; False if the system cannot."""
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
    """Remove the temporary files of killed writers in a folder and below it; younger ones may still be written."""
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
