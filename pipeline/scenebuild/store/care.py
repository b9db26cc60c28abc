"""Maintenance of a store: list, verify, repair, and remove what is not used."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from scenebuild.files import TEMPORARY, open_regular
from scenebuild.store.digest import digest_of
from scenebuild.store.local import LocalStore
from scenebuild.store.record import HEX, NewerRecordError, Record

DAY = 86400.0
# A build publishes an object and then its record, and copies a take soon after it looked it up. Younger files are never
# removed, so that gc can run beside any number of builds.
IN_USE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, and when it was used last."""

    record: Record
    last_used_s: float  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged file or folder of the store."""

    path: str
    what: str
    repaired: bool = False
    out_of_reach: bool = False  # it cannot be read by this user: it may be sound, and stays


def entries(store: LocalStore) -> Iterator[Entry]:
    """Every record that can be read, in the order of the keys. Changes nothing."""
    return (found for found in _read_all(store) if isinstance(found, Entry))


def _read_all(store: LocalStore) -> Iterator[Entry | None]:
    """An entry for every record; None for a record that cannot be read and may name any object."""
    for key in store.all_keys():
        try:
            yield Entry(store.read(key), os.lstat(store.record_path(key)).st_mtime)
        except FileNotFoundError:  # removed meanwhile
            continue
        except (OSError, ValueError):
            yield None


def size(store: LocalStore) -> tuple[int, int]:
    """How many objects there are, and how many bytes they take."""
    sizes = [_size(store.object_path(digest)) for digest in store.all_digests()]
    return len(sizes), sum(sizes)


def verify(store: LocalStore, *, repair: bool = False) -> list[Damage]:
    """Read every byte and list all damage. ``repair`` moves damaged files to the quarantine, so that their takes are
    made again when they are needed. The store can be used after every step, so a repair may be killed. A file that
    cannot be read now (an unreachable server, another user's file) may be sound and stays.

    StoreError if a folder cannot be listed.
    """
    damages = list(_damaged(store))
    if not damages or not repair:
        return damages
    done = [_repaired(store, damage) for damage in damages]
    for dangling in list(_damaged_in(store, "actions")):  # records of the objects that were just removed
        _repaired(store, dangling)
    return done


def collect(store: LocalStore, *, unused_for_s: float, only: Collection[str], dry_run: bool) -> tuple[int, int]:
    """Remove records whose fidelity is in ``only`` and that were not used for ``unused_for_s``, then their objects,
    then the remains of killed builds.

    An object without a record may be a real take that only a lockfile names: it is removed only together with real
    takes. While a record cannot be read, no object without a record is removed: it may belong to that record.

    Returns the number of records and of bytes that were removed (or would be).
    """
    now = time.time()
    idle_s = max(unused_for_s, IN_USE_S)
    found = list(_read_all(store))
    known = [one for one in found if one is not None]
    removed = [one for one in known if now - one.last_used_s > idle_s and one.record.facts.get("fidelity") in only]
    keys = {one.record.key for one in removed}
    gone = {one.record.digest for one in removed}
    named = {one.record.digest for one in known if one.record.key not in keys}
    loose = set(store.all_digests()) - named - gone if "real" in only and len(known) == len(found) else set()
    paths = [path for path in map(store.object_path, sorted(gone - named)) if _age(path, now) > IN_USE_S]
    paths += [path for path in map(store.object_path, sorted(loose)) if _age(path, now) > idle_s]
    paths += [path for path in _left_overs(store) if abs(_age(path, now)) > IN_USE_S]
    freed = sum(_size(path) for path in paths)
    if not dry_run:
        for one in removed:
            if _age(store.record_path(one.record.key), now) > idle_s:  # no build used it since
                store.delete(one.record.key)
        for path in paths:
            if abs(_age(path, time.time())) > IN_USE_S:
                _remove(path)
    return len(removed), freed


def _damaged(store: LocalStore) -> Iterator[Damage]:
    for kind in ("objects", "actions"):
        yield from _damaged_folders(store, kind)
        yield from _damaged_in(store, kind)


def _damaged_folders(store: LocalStore, kind: str) -> Iterator[Damage]:
    """Files and links in the place of a folder."""
    root = os.path.join(store.root, kind)
    if os.path.lexists(root) and not os.path.isdir(root):
        yield Damage(root, "is not a folder")
    for prefix in store.listed(root):
        path = os.path.join(root, prefix)
        if TEMPORARY not in prefix and (os.path.islink(path) or not os.path.isdir(path)):
            yield Damage(path, "is not a folder")


def _damaged_in(store: LocalStore, kind: str) -> Iterator[Damage]:
    root = os.path.join(store.root, kind)
    for prefix in store.listed(root):
        folder = os.path.join(root, prefix)
        names = [] if os.path.islink(folder) else store.listed(folder)
        for path in (os.path.join(folder, name) for name in names if TEMPORARY not in name):
            if problem := _problem_of(store, path):
                yield Damage(path, problem)


def _problem_of(store: LocalStore, path: str) -> str:
    """The damage of an object or a record, in words; "" if it is sound."""
    folder, rest = os.path.split(path)
    folder, prefix = os.path.split(folder)
    name = prefix + rest if len(prefix) == 2 else ""
    return _problem_of_object(store, name) if folder.endswith("objects") else _problem_of_record(store, name)


def _problem_of_object(store: LocalStore, name: str) -> str:
    if not HEX.match(name):
        return "is not an object"
    path = store.object_path(name)
    try:
        with open_regular(path, follow_links=False) as file:
            return "" if digest_of(file) == name else "its bytes do not have the digest in its name"
    except FileNotFoundError:  # removed by a gc meanwhile
        return ""
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _problem_of_record(store: LocalStore, name: str) -> str:
    key = name.removesuffix(".json")
    if not name.endswith(".json") or not HEX.match(key):
        return "is not a record"
    try:
        record = store.read(key)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except NewerRecordError:
        return ""
    except ValueError:
        return "is not a well-formed record of its key"
    try:
        found = os.lstat(store.object_path(record.digest))
    except (FileNotFoundError, NotADirectoryError):
        return "names an object that does not exist"
    except OSError:  # the object itself is reported
        return ""
    return "" if found.st_size == record.size else "names an object of another size"


def _repaired(store: LocalStore, damage: Damage) -> Damage:
    if _is_out_of_reach(damage.path):
        return replace(damage, out_of_reach=True)
    return replace(damage, repaired=_repair(store, damage.path))


def _is_out_of_reach(path: str) -> bool:
    """Whether a regular file cannot be read now. A folder, a link or a pipe in its place is damage instead."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open_regular(path, follow_links=False) as file:
            digest_of(file)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _repair(store: LocalStore, path: str) -> bool:
    """Move a damaged file to the quarantine, unless it was repaired meanwhile; whether the place is sound now."""
    is_below = os.path.dirname(os.path.dirname(os.path.dirname(path))) == store.root
    if is_below and not _problem_of(store, path):
        return True
    if not store.quarantine(path):
        _remove(path)
    return not os.path.lexists(path)


def _left_overs(store: LocalStore) -> Iterator[str]:
    """Temporary files of killed builds, leases, and the files in quarantine."""
    for whole in ("quarantine", "leases"):
        folder = os.path.join(store.root, whole)
        yield from (os.path.join(folder, name) for name in store.listed(folder))
    for folder, _, files in os.walk(store.root):
        yield from (os.path.join(folder, name) for name in files if name.startswith(TEMPORARY))


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        os.unlink(path)


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
