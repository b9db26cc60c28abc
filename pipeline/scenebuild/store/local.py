"""The store in a local folder: every read is verified, every write is atomic.

::

    <root>/objects/ab/cdef…        the bytes, named by SHA-256, immutable
    <root>/actions/ab/cdef….json   the record of an action key: digest, size and what was measured
    <root>/quarantine/             damaged files, kept for inspection
    <root>/leases/                 which build makes which take now; an optimisation
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
    """Bytes do not have their digest. In the store they are in quarantine now, and their key is a miss."""


class UnreadableError(DamagedError):
    """Bytes cannot be read now: the file is missing, or the file system fails. They may be sound and stay."""


class LocalStore:
    """A store in the folder ``root``, which is made when something is first put into it."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def object_path(self, digest: str) -> str:
        """The path of the object of that digest, whether it exists or not."""
        return self._path("objects", digest)

    def record_path(self, key: str) -> str:
        """The path of the record of that key, whether it exists or not."""
        return self._path("actions", key) + ".json"

    # The verbs

    def get(self, key: str) -> Record | None:
        """The record of a key whose object exists with the right size; its bytes are verified when they are copied.

        A malformed record goes to quarantine and counts as absent, and so does a record that cannot be read.
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
        if self.has(record.digest):  # the object is sound, so the size in the record is wrong
            self.quarantine(path)
        return None

    def read(self, key: str) -> Record:
        """The record of a key. OSError if it cannot be read, ValueError if it is malformed. Changes nothing and does
        not look for the object."""
        return decode_record(read_bounded(self.record_path(key), LARGEST_RECORD, follow_links=False), key)

    def has(self, digest: str, size: int | None = None) -> bool:
        """Whether an object of that digest exists, with ``size`` bytes if that is given.

        An object of another size goes to quarantine, unless its bytes have the digest: then ``size`` is wrong.
        """
        path = self.object_path(digest)
        try:
            found = os.lstat(path)
        except OSError:  # missing, or not readable now
            return False
        is_file = stat.S_ISREG(found.st_mode)
        if is_file and size in (None, found.st_size):
            return True
        if not (is_file and self._is_sound(digest)):
            self.quarantine(path)
        return False

    def put(self, key: str, source: str, facts: Mapping[str, Any], *, digest: str | None = None) -> Record:
        """Keep the bytes of the file ``source`` under ``key``. StoreError if that is not possible.

        ``digest``: of its bytes, if the caller has read them; they are read again to be copied, and must be the same.
        """
        with self._keeping():
            known = digest or digest_file(source)
            record = Record(key, known, self._put_object(source, known), dict(facts))
            self._free(self.record_path(key))
            publish_bytes(self.record_path(key), encode_record(record), durable=True)
        return record

    def put_back(self, digest: str, source: str) -> None:
        """Keep the bytes of that digest without a record. StoreError if that is not possible."""
        with self._keeping():
            self._put_object(source, digest)

    def describe(self, record: Record) -> None:
        """Replace the record of a key by a sealed one about the same object. An error is ignored."""
        with contextlib.suppress(OSError):
            publish_bytes(self.record_path(record.key), encode_record(record), durable=True)

    def copy(self, digest: str, target: str) -> None:
        """Copy an object to ``target``, verified on the way.

        DamagedError if its bytes do not have its digest, UnreadableError if it is missing or cannot be read, OSError if
        ``target`` cannot be written.
        """
        try:
            copy_file(self.object_path(digest), digest, target)
        except UnreadableError:
            raise
        except DamagedError:
            self.quarantine(self.object_path(digest))
            raise

    def delete(self, key: str) -> None:
        """Remove the record of a key. The next gc removes its object if no other record names it."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.record_path(key))

    # Listing and maintenance

    def all_keys(self) -> Iterator[str]:
        """All keys that have a record, sorted. StoreError if a folder cannot be listed."""
        for name in self.names("actions"):
            if name.endswith(".json") and HEX.match(name[:-5]):
                yield name[:-5]

    def all_digests(self) -> Iterator[str]:
        """All digests that have an object, sorted. StoreError if a folder cannot be listed."""
        return (name for name in self.names("objects") if HEX.match(name))

    def names(self, kind: str) -> Iterator[str]:
        """All file names in ``objects`` or ``actions``, sorted, with the name of their folder in front."""
        folder = os.path.join(self.root, kind)
        for prefix in self.listed(folder):
            for rest in self.listed(os.path.join(folder, prefix)):
                yield prefix + rest

    def listed(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none if it does not exist. StoreError if it cannot be listed."""
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"{folder}: this folder of the store cannot be read: {_why(error)}") from error

    def touch(self, key: str, digest: str) -> None:
        """Set the dates of a record and its object to now, for gc. An error is ignored."""
        for path in (self.record_path(key), self.object_path(digest)):
            with contextlib.suppress(OSError):
                os.utime(path)

    def quarantine(self, path: str) -> bool:
        """Move a damaged file to the quarantine, so that its name is free; False if that is not possible."""
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
        """Write an object, unless it exists: its size. The bytes are hashed while they are copied."""
        path = self.object_path(digest)
        if self._is_sound(digest):
            with contextlib.suppress(OSError):
                os.utime(path)  # so that a gc at the same time does not remove it as unused
            return os.lstat(path).st_size
        self._free(path)
        sizes: list[int] = []

        def checked(target: BinaryIO) -> None:
            with open_regular(source) as file:
                found, size = copy_with_digest(file, target)
            if found != digest:
                raise OSError(f"{source} was changed while it was kept")
            sizes.append(size)

        publish(path, checked, durable=True)
        return sizes[-1]

    def _free(self, path: str) -> None:
        """Move a link, a folder or a FIFO in the place of a file to the quarantine."""
        if not _is_regular_or_gone(path):
            self.quarantine(path)

    def _is_sound(self, digest: str) -> bool:
        try:
            with open_regular(self.object_path(digest), follow_links=False) as file:
                return digest_of(file) == digest
        except OSError:
            return False


def copy_file(source: str, digest: str, target: str, *, called: str = "") -> None:
    """Copy a file whose digest is known, verified on the way: DamagedError if its bytes do not have the digest,
    UnreadableError if they cannot be read, OSError if ``target`` cannot be written. Messages call the file ``called``;
    without it, the object of that digest."""
    called = called or f"the object {digest[:12]}…"
    try:
        file = open_regular(source, follow_links=False)
    except OSError as error:
        kind = UnreadableError if _is_regular_or_gone(source) else DamagedError
        raise kind(f"{called} cannot be read: {_why(error)}") from error

    def verified(copy: BinaryIO) -> None:
        if copy_with_digest(_Readable(file, called), copy)[0] != digest:
            raise DamagedError(f"{called} was damaged")

    with file:
        publish(target, verified)


class _Readable:
    """A file whose read errors are UnreadableError, to distinguish them from errors of writing the copy."""

    def __init__(self, file: BinaryIO, called: str) -> None:
        self._file = file
        self._called = called

    def read(self, size: int) -> bytes:
        """The next bytes. UnreadableError for an error of the file system."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise UnreadableError(f"{self._called} cannot be read: {_why(error)}") from error


def _is_regular_or_gone(path: str) -> bool:
    """Whether a path is a regular file, or cannot be examined now; False for a link, a folder or a FIFO."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True


def _why(error: OSError) -> str:
    return error.strerror or str(error)
