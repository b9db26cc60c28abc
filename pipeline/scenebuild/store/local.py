"""The store on a local folder: a few verbs, every read verified, every write atomic.

::

    <root>/objects/ab/cdef…        the bytes, named by SHA-256, immutable
    <root>/actions/ab/cdef….json   the record of an action key: digest, size and what was measured
    <root>/quarantine/             what was found damaged, kept for a look
    <root>/leases/                 which builder makes which take now; an optimisation
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from scenebuild.errors import ScenebuildError, StoreError
from scenebuild.files import open_regular, publish, publish_bytes, read_bounded
from scenebuild.store.digest import copy_with_digest, digest_file, digest_of
from scenebuild.store.record import HEX, LARGEST_RECORD, NewerRecordError, Record, decode_record, encode_record

CACHEDIR_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"  # https://bford.info/cachedir/
    b"# This folder is the store of scenebuild: takes by content hash. 'scenebuild cache gc' tidies it.\n"
)


class DamagedError(ScenebuildError):
    """Bytes do not have their digest. In the store they went to quarantine, and the key is a miss from now on."""


class UnreadableError(DamagedError):
    """Bytes cannot be read now: they are gone, or the file system fails. They may be sound and stay where they are."""


class LocalStore:
    """A store in the folder ``root``, which is made when something is first put into it."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def object_path(self, digest: str) -> str:
        """Where the object of that digest lies, or would lie."""
        return self._path("objects", digest)

    def record_path(self, key: str) -> str:
        """Where the record of that key lies, or would lie."""
        return self._path("actions", key) + ".json"

    # The verbs

    def get(self, key: str) -> Record | None:
        """The record of a key whose object is there in the right size; its bytes are verified when they are copied.

        What is malformed goes to quarantine and counts as absent, as does all that cannot be read.
        """
        path = self.record_path(key)
        try:
            record = self.read(key)
        except NewerRecordError:
            return None
        except OSError:
            self._free(path)
            return None
        except ValueError:
            self.quarantine(path)
            return None
        if self.has(record.digest, record.size):
            return record
        if self.has(record.digest):  # the object is sound, so that it is the record which has another size
            self.quarantine(path)
        return None

    def read(self, key: str) -> Record:
        """The record of a key as it stands. OSError where it cannot be read, ValueError where it is none. Changes
        nothing and does not look for the object."""
        return decode_record(read_bounded(self.record_path(key), LARGEST_RECORD, follow_links=False), key)

    def has(self, digest: str, size: int | None = None) -> bool:
        """Whether an object of that name, and of that size if it is given, is there.

        One of another size goes to quarantine, unless its bytes are those of its name: then it is the size that is
        wrong.
        """
        path = self.object_path(digest)
        try:
            found = os.lstat(path)
        except OSError:  # gone, or out of reach for now
            return False
        is_file = stat.S_ISREG(found.st_mode)
        if is_file and size in (None, found.st_size):
            return True
        if not (is_file and self._is_sound(digest)):
            self.quarantine(path)
        return False

    def put(self, key: str, source: str, facts: Mapping[str, Any], *, digest: str | None = None) -> Record:
        """Keep the bytes of the file ``source`` under ``key``; StoreError where that is not possible.

        ``digest``: what its bytes were found to be, where somebody has read them already; they are read once more, to
        be copied, and have to be the same.
        """
        with self._keeping():
            known = digest or digest_file(source)
            record = Record(key, known, self._put_object(source, known), dict(facts))
            self._free(self.record_path(key))
            publish_bytes(self.record_path(key), encode_record(record), durable=True)
        return record

    def put_back(self, digest: str, source: str) -> None:
        """Keep the bytes of that digest without a record; StoreError if that is not possible."""
        with self._keeping():
            self._put_object(source, digest)

    def describe(self, record: Record) -> None:
        """Write the record of a key anew, sealed, about the same object. Failing harms nothing."""
        with contextlib.suppress(OSError):
            publish_bytes(self.record_path(record.key), encode_record(record), durable=True)

    def copy(self, digest: str, target: str) -> None:
        """Copy an object to ``target``, verified on the way.

        DamagedError where it is not what its name says, and where it is gone; OSError where ``target`` cannot be
        written.
        """
        try:
            copy_file(self.object_path(digest), digest, target)
        except UnreadableError:
            raise
        except DamagedError:
            self.quarantine(self.object_path(digest))
            raise

    def delete(self, key: str) -> None:
        """Forget a key. Its object stays until no record names it and gc comes by."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.record_path(key))

    # Listing and maintenance

    def all_keys(self) -> Iterator[str]:
        """All keys that have a record, sorted. StoreError where a folder cannot be listed."""
        for name in self.names("actions"):
            if name.endswith(".json") and HEX.match(name[:-5]):
                yield name[:-5]

    def all_digests(self) -> Iterator[str]:
        """All digests that have an object, sorted. StoreError where a folder cannot be listed."""
        return (name for name in self.names("objects") if HEX.match(name))

    def names(self, kind: str) -> Iterator[str]:
        """The full names in ``objects`` or ``actions``, sorted, whatever they are."""
        folder = os.path.join(self.root, kind)
        for prefix in self.listed(folder):
            for rest in self.listed(os.path.join(folder, prefix)):
                yield prefix + rest

    def listed(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none where there is no such folder. An error of the file system is not taken
        for an empty folder: StoreError."""
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"{folder}: this folder of the store cannot be read: {_why(error)}") from error

    def touch(self, key: str, digest: str) -> None:
        """Note that a key and its object were used, for gc. Failing to note it harms nothing."""
        for path in (self.record_path(key), self.object_path(digest)):
            with contextlib.suppress(OSError):
                os.utime(path)

    def quarantine(self, path: str) -> bool:
        """Move what is damaged out of the way, so that its name is free; where even that fails, leave it."""
        folder = os.path.join(self.root, "quarantine")
        try:
            os.makedirs(folder, exist_ok=True)
            os.replace(path, os.path.join(folder, f"{time.time_ns()}-{os.path.basename(path)}"))
        except OSError:
            return False
        return True

    def _path(self, kind: str, name: str) -> str:
        if not HEX.match(name):
            raise ValueError(f"{name!r} is not a SHA-256")
        return os.path.join(self.root, kind, name[:2], name[2:])

    def _prepare(self) -> None:
        tag = os.path.join(self.root, "CACHEDIR.TAG")
        if not os.path.exists(tag):
            publish_bytes(tag, CACHEDIR_TAG)

    @contextlib.contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            self._prepare()
            yield
        except OSError as error:
            raise StoreError(f"the store {self.root} could not keep a take: {_why(error)}") from error

    def _put_object(self, source: str, digest: str) -> int:
        """Object first, record last. Only bytes that were seen to have the digest get its name; their size."""
        path = self.object_path(digest)
        if self._is_sound(digest):
            with contextlib.suppress(OSError):
                os.utime(path)  # so that a gc beside us does not take it for unused
            return os.lstat(path).st_size
        self._free(path)
        sizes: list[int] = []

        def checked(target: BinaryIO) -> None:
            with open_regular(source) as file:
                found, size = copy_with_digest(file, target)
            if found != digest:
                raise OSError(f"{source} is no longer what it was")
            sizes.append(size)

        publish(path, checked, durable=True)
        return sizes[-1]

    def _free(self, path: str) -> None:
        """Move a link, a folder or a FIFO away that has the name of a file."""
        if not _is_regular_or_gone(path):
            self.quarantine(path)

    def _is_sound(self, digest: str) -> bool:
        try:
            with open_regular(self.object_path(digest), follow_links=False) as file:
                return digest_of(file) == digest
        except OSError:
            return False


def copy_file(source: str, digest: str, target: str) -> None:
    """Copy a file whose digest is known, verified on the way: DamagedError where its bytes are others, UnreadableError
    where they cannot be read; OSError where ``target`` cannot be written."""
    try:
        file = open_regular(source, follow_links=False)
    except OSError as error:
        kind = UnreadableError if _is_regular_or_gone(source) else DamagedError
        raise kind(f"the object {digest[:12]}… cannot be read: {_why(error)}") from error

    def verified(copy: BinaryIO) -> None:
        if copy_with_digest(_Readable(file, digest), copy)[0] != digest:
            raise DamagedError(f"the object {digest[:12]}… was damaged")

    with file:
        publish(target, verified)


class _Readable:
    """A file whose read errors are UnreadableError, to tell them from errors of writing the copy."""

    def __init__(self, file: BinaryIO, digest: str) -> None:
        self._file = file
        self._digest = digest

    def read(self, size: int) -> bytes:
        """The next bytes; UnreadableError where the file system gives none."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise UnreadableError(f"the object {self._digest[:12]}… cannot be read: {_why(error)}") from error


def _is_regular_or_gone(path: str) -> bool:
    """False for a link, a folder or a FIFO, which can never become a record; a passing error of the disk is none."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True


def _why(error: OSError) -> str:
    return error.strerror or str(error)
