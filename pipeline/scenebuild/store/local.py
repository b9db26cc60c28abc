"""The store on a local folder: a few verbs, every read verified, every write atomic.

::

    <root>/objects/ab/cdef…        the bytes, named by SHA-256, immutable
    <root>/actions/ab/cdef….json   the record of an action key: digest, size and what was measured
    <root>/quarantine/             what was found damaged, kept for a look
    <root>/leases/                 who is making what now; an optimisation, never needed for correctness
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenebuild.errors import ScenebuildError, StoreError
from scenebuild.files import open_regular, publish, publish_bytes
from scenebuild.store.digest import copy_with_digest

RECORD_VERSION = 1
LARGEST_RECORD = 1 << 20
CACHEDIR_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"  # https://bford.info/cachedir/
    b"# This folder is the store of scenebuild: takes by content hash. 'scenebuild cache gc' tidies it.\n"
)
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Record:
    """What the store knows about one action key. ``facts`` is plain JSON that the store does not look into."""

    key: str
    digest: str
    size: int
    facts: Mapping[str, Any]


class DamagedError(ScenebuildError):
    """Bytes are not what their digest says. In the store they went to quarantine: from now on the key is a miss."""


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

        What is malformed goes to quarantine and counts as absent, as does all that can not be read.
        """
        path = self.record_path(key)
        try:
            record = _read_record(path, key)
        except OSError:
            if not _is_regular_or_gone(path):
                self._quarantine(path)
            return None
        except (ValueError, KeyError, TypeError, RecursionError):
            self._quarantine(path)
            return None
        return record if self.has(record.digest, record.size) else None

    def has(self, digest: str, size: int | None = None) -> bool:
        """Whether an object of that name, and of that size if it is given, is there."""
        path = self.object_path(digest)
        try:
            found = os.lstat(path)
        except OSError:  # gone, or out of reach for now
            return False
        if stat.S_ISREG(found.st_mode) and size in (None, found.st_size):
            return True
        self._quarantine(path)
        return False

    def put(self, key: str, source: str, facts: Mapping[str, Any]) -> Record:
        """Keep the bytes of the file ``source`` under ``key``; StoreError where that is not possible."""
        try:
            self._prepare()
            digest, size = self._put_object(source)
            record = Record(key, digest, size, dict(facts))
            publish_bytes(self.record_path(key), _encode(record), durable=True)
        except OSError as error:
            raise StoreError(f"the store {self.root} could not keep a take: {_why(error)}") from error
        return record

    def put_back(self, digest: str, source: str) -> None:
        """Keep the bytes of that digest without a record, for who knows the digest; StoreError where not possible."""
        try:
            self._prepare()
            found, _ = self._put_object(source)
        except OSError as error:
            raise StoreError(f"the store {self.root} could not keep a take: {_why(error)}") from error
        if found != digest:  # it changed since it was looked at: loose bytes under their own name, which harm nobody
            raise StoreError(f"{source} is no longer what the lock says")

    def copy(self, digest: str, target: str) -> None:
        """Copy an object to ``target``, verified on the way.

        DamagedError where it is not what its name says, and where it is gone; OSError where ``target`` can not be
        written.
        """
        try:
            copy_file(self.object_path(digest), digest, target)
        except DamagedError:
            self._quarantine(self.object_path(digest))
            raise

    def delete(self, key: str) -> None:
        """Forget a key. Its object stays until no record names it and gc comes by."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.record_path(key))

    # Around them

    def all_keys(self) -> Iterator[str]:
        """All keys that have a record, sorted."""
        for name in self.names("actions"):
            if name.endswith(".json") and _HEX.match(name[:-5]):
                yield name[:-5]

    def all_digests(self) -> Iterator[str]:
        """All digests that have an object, sorted."""
        return (name for name in self.names("objects") if _HEX.match(name))

    def names(self, kind: str) -> Iterator[str]:
        """The full names in ``objects`` or ``actions``, sorted, whatever they are."""
        folder = os.path.join(self.root, kind)
        for prefix in _listed(folder):
            for rest in _listed(os.path.join(folder, prefix)):
                yield prefix + rest

    def problem_of(self, key: str) -> str:
        """What is wrong with the record of a key, in words; "" where nothing is. Changes nothing."""
        try:
            record = _read_record(self.record_path(key), key)
            found = os.lstat(self.object_path(record.digest))
        except FileNotFoundError:
            return "names an object that is not there"
        except OSError as error:
            return f"can not be read: {_why(error)}"
        except (ValueError, KeyError, TypeError, RecursionError):
            return "is not a well-formed record of its key"
        return "" if found.st_size == record.size else "names an object of another size"

    def touch(self, key: str) -> None:
        """Note that a key was used, for gc. Failing to note it harms nothing."""
        with contextlib.suppress(OSError):
            os.utime(self.record_path(key))

    def _path(self, kind: str, name: str) -> str:
        if not _HEX.match(name):
            raise ValueError(f"{name!r} is not a SHA-256")
        return os.path.join(self.root, kind, name[:2], name[2:])

    def _prepare(self) -> None:
        tag = os.path.join(self.root, "CACHEDIR.TAG")
        if not os.path.exists(tag):
            publish_bytes(tag, CACHEDIR_TAG)

    def _put_object(self, source: str) -> tuple[str, int]:
        """Object first, record last. The name is only known once the bytes were read, so they are read twice: what is
        kept is checked against what was named."""
        with open(source, "rb") as file, open(os.devnull, "wb") as nowhere:
            digest, size = copy_with_digest(file, nowhere)
        if self.has(digest, size) and self._is_sound(digest):
            return digest, size

        def checked(target: Any) -> None:
            with open(source, "rb") as file:
                if copy_with_digest(file, target) != (digest, size):
                    raise OSError(f"{source} changed while it was read")

        publish(self.object_path(digest), checked, durable=True)
        return digest, size

    def _is_sound(self, digest: str) -> bool:
        try:
            with open_regular(self.object_path(digest), follow_links=False) as file, open(os.devnull, "wb") as nowhere:
                return copy_with_digest(file, nowhere)[0] == digest
        except OSError:
            return False

    def _quarantine(self, path: str) -> None:
        """Move what is damaged out of the way, so that its name is free; where even that fails, leave it."""
        with contextlib.suppress(OSError):
            folder = os.path.join(self.root, "quarantine")
            os.makedirs(folder, exist_ok=True)
            os.replace(path, os.path.join(folder, f"{time.time_ns()}-{os.path.basename(path)}"))


def copy_file(source: str, digest: str, target: str) -> None:
    """Copy a file whose digest is known, verified on the way: DamagedError where its bytes are others, or gone."""
    try:
        file = open_regular(source, follow_links=False)
    except OSError as error:
        raise DamagedError(f"the object {digest[:12]}… can not be read: {_why(error)}") from error

    def verified(copy: Any) -> None:
        if copy_with_digest(file, copy)[0] != digest:
            raise DamagedError(f"the object {digest[:12]}… was damaged")

    with file:
        publish(target, verified)


def _encode(record: Record) -> bytes:
    plain = {
        "version": RECORD_VERSION, "key": record.key, "digest": record.digest, "size": record.size,
        "facts": dict(record.facts),
    }  # fmt: skip
    return (json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read_record(path: str, key: str) -> Record:
    """Raises ValueError, KeyError or TypeError for anything that is not the record of exactly that key."""
    with open_regular(path, follow_links=False) as file:
        plain = json.loads(file.read(LARGEST_RECORD))
    record = Record(plain["key"], plain["digest"], plain["size"], plain["facts"])
    well_formed = (
        plain["version"] == RECORD_VERSION
        and record.key == key
        and isinstance(record.size, int)
        and isinstance(record.facts, dict)
        and _HEX.match(record.digest)
    )
    if not well_formed:
        raise ValueError(f"{path} is not the record of {key}")
    return record


def _is_regular_or_gone(path: str) -> bool:
    """False for a link, a folder or a FIFO, which can never become a record; a passing error of the disk is none."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _why(error: OSError) -> str:
    return error.strerror or str(error)
