"""Looking after a store: what is in it, what is damaged, what may go."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from scenebuild.files import TEMPORARY, open_regular
from scenebuild.store.digest import digest_file
from scenebuild.store.local import LocalStore, Record

DAY = 86400.0
# A builder publishes an object and then its record, and copies a take soon after it looked it up: what is younger
# than this is never touched, so that gc can run beside any number of builds.
IN_USE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One record with what gc needs to know about it."""

    record: Record
    last_used_s: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing in the store that is not what it should be."""

    path: str
    what: str


def entries(store: LocalStore) -> Iterator[Entry]:
    """Every sound record, in the order of the keys."""
    for key in store.all_keys():
        record = store.get(key)
        if record is not None:
            with contextlib.suppress(OSError):
                yield Entry(record, os.stat(store.record_path(key)).st_mtime)


def size(store: LocalStore) -> tuple[int, int]:
    """How many objects there are, and how many bytes they take."""
    sizes = [_size(store.object_path(digest)) for digest in store.all_digests()]
    return len(sizes), sum(sizes)


def verify(store: LocalStore, *, repair: bool = False) -> list[Damage]:
    """Read every byte and name all damage. ``repair`` removes what is damaged, so that it is made again when needed."""
    damages = list(_damaged_objects(store)) + list(_damaged_records(store))
    if repair:
        for damage in damages:
            _remove(damage.path)
        for dangling in list(_damaged_records(store)):  # those of the objects that just went
            _remove(dangling.path)
    return damages


def collect(store: LocalStore, *, unused_for_s: float, only: Collection[str], dry_run: bool) -> tuple[int, int]:
    """Remove records unused for that long whose fidelity is in ``only``, then their objects, then left-overs.

    An object without a record may be a real take that only a lockfile names: it goes where real takes do.
    Returns how many records went, and how many bytes were freed (or would be).
    """
    now = time.time()
    idle_s = max(unused_for_s, IN_USE_S)
    found = list(entries(store))
    removed = [one for one in found if now - one.last_used_s > idle_s and one.record.facts.get("fidelity") in only]
    gone = {one.record.digest for one in removed}
    named = {one.record.digest for one in found if one not in removed}
    loose = [digest for digest in store.all_digests() if digest not in named and digest not in gone]
    paths = [store.object_path(digest) for digest in sorted(gone - named)]
    paths += [path for path in map(store.object_path, loose) if "real" in only and _age(path, now) > idle_s]
    paths += [path for path in _left_overs(store) if _age(path, now) > IN_USE_S]
    freed = sum(_size(path) for path in paths)
    if not dry_run:
        for one in removed:
            store.delete(one.record.key)
        for path in paths:
            _remove(path)
    return len(removed), freed


def _damaged_objects(store: LocalStore) -> Iterator[Damage]:
    for name in store.names("objects"):
        path = os.path.join(store.root, "objects", name[:2], name[2:])
        if TEMPORARY in name:
            continue
        try:
            with open_regular(path, follow_links=False):
                pass
            if digest_file(path) != name:
                yield Damage(path, "its bytes are not what its name says")
        except OSError as error:
            yield Damage(path, f"can not be read: {error.strerror or error}")


def _damaged_records(store: LocalStore) -> Iterator[Damage]:
    for name in store.names("actions"):
        path = os.path.join(store.root, "actions", name[:2], name[2:])
        if TEMPORARY in name:
            continue
        key = name.removesuffix(".json")
        problem = store.problem_of(key) if name.endswith(".json") and len(key) == 64 else "is not a record"
        if problem:
            yield Damage(path, problem)


def _left_overs(store: LocalStore) -> Iterator[str]:
    """Temporary files of builds that were killed, and what is in quarantine."""
    for folder, _, files in os.walk(store.root):
        for name in files:
            if name.startswith(TEMPORARY) or os.path.basename(folder) in ("quarantine", "leases"):
                yield os.path.join(folder, name)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _age(path: str, now: float) -> float:
    try:
        return now - os.lstat(path).st_mtime
    except OSError:
        return 0.0
