"""The store: bytes come out as they went in, or the key is a miss. Nothing is ever incomplete."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.errors import StoreError
from scenebuild.files import publish_bytes, publish_if_changed
from scenebuild.store import DamagedError, LocalStore, care
from scenebuild.store.digest import digest_bytes
from scenebuild.store.lease import holder, take_lease

KEY = digest_bytes(b"a request")
FACTS = {"frames": 3, "fidelity": "real"}


def read_back(store: LocalStore, tmp_path: Path) -> bytes | None:
    """What a reader gets for the key: the right bytes, or a miss."""
    record = store.get(KEY)
    if record is None:
        return None
    try:
        store.copy(record.digest, str(tmp_path / "copy"))
    except DamagedError:
        return None
    return (tmp_path / "copy").read_bytes()


@given(data=st.binary(max_size=2000))
@settings(max_examples=30, deadline=None)
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("store")
    (folder / "source").write_bytes(data)
    store = LocalStore(str(folder / "store"))
    record = store.put(KEY, str(folder / "source"), FACTS)
    assert record.digest == digest_bytes(data)
    assert store.get(KEY) == record
    assert read_back(store, folder) == data


def test_the_layout_is_two_levels_and_marked_as_a_cache(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    names = sorted(str(path.relative_to(store.root)) for path in Path(store.root).rglob("*") if path.is_file())
    assert names == ["CACHEDIR.TAG", f"actions/{KEY[:2]}/{KEY[2:]}.json", f"objects/{digest[:2]}/{digest[2:]}"]


def test_any_flipped_bit_of_an_object_is_a_miss_and_heals(store: LocalStore, source: Path, tmp_path: Path) -> None:
    for position in range(len(b"some sound")):
        path = Path(store.object_path(store.put(KEY, str(source), FACTS).digest))
        data = bytearray(path.read_bytes())
        data[position] ^= 1
        path.write_bytes(data)
        assert read_back(store, tmp_path) is None
        assert store.get(KEY) is None, "the damaged object is out of the way"
        store.put(KEY, str(source), FACTS)
        assert read_back(store, tmp_path) == b"some sound"


def test_any_flipped_bit_of_a_record_never_gives_other_bytes(
    store: LocalStore, source: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store.put(KEY, str(source), FACTS)
    path = Path(store.record_path(KEY))
    good = path.read_bytes()
    for position in range(len(good)):
        data = bytearray(good)
        data[position] ^= 1
        path.write_bytes(data)
        assert read_back(store, tmp_path) in (None, b"some sound")
        store.put(KEY, str(source), FACTS)
    record_property("damages", len(good))


@pytest.mark.parametrize("size", [0, 1, 5, 9, 11])
def test_an_object_of_another_size_is_a_miss(store: LocalStore, source: Path, size: int) -> None:
    path = Path(store.object_path(store.put(KEY, str(source), FACTS).digest))
    path.write_bytes(b"some sound!"[:size])
    assert store.get(KEY) is None


def test_two_swapped_objects_are_both_misses(store: LocalStore, tmp_path: Path) -> None:
    paths = []
    for number, data in enumerate((b"sound one!", b"sound two!")):
        (tmp_path / "source").write_bytes(data)
        key = digest_bytes(str(number).encode())
        paths.append(Path(store.object_path(store.put(key, str(tmp_path / "source"), FACTS).digest)))
    one, two = (path.read_bytes() for path in paths)
    paths[0].write_bytes(two)
    paths[1].write_bytes(one)
    for path in paths:
        with pytest.raises(DamagedError):
            store.copy(path.parent.name + path.name, str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
@pytest.mark.parametrize("which", ["record", "object"])
def test_what_is_no_file_never_hangs_and_is_a_miss(
    store: LocalStore, source: Path, tmp_path: Path, kind: str, which: str
) -> None:
    record = store.put(KEY, str(source), FACTS)
    path = Path(store.record_path(KEY) if which == "record" else store.object_path(record.digest))
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(source)
    assert store.get(KEY) is None
    store.put(KEY, str(source), FACTS)
    assert read_back(store, tmp_path) == b"some sound"


def test_a_record_of_another_key_is_a_miss(store: LocalStore, source: Path) -> None:
    store.put(KEY, str(source), FACTS)
    other = digest_bytes(b"another request")
    target = Path(store.record_path(other))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(Path(store.record_path(KEY)).read_bytes())
    assert store.get(other) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', "[" * 100_000, "null", '{"version": NaN}'])
def test_a_malformed_record_is_a_miss(store: LocalStore, source: Path, text: str) -> None:
    store.put(KEY, str(source), FACTS)
    Path(store.record_path(KEY)).write_text(text)
    assert store.get(KEY) is None


def test_an_interrupted_publish_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    publish_bytes(str(target), b"old")

    def interrupted(file: object) -> None:
        raise KeyboardInterrupt

    from scenebuild.files import publish

    with pytest.raises(KeyboardInterrupt):
        publish(str(target), interrupted)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_an_error_of_fsync_means_not_published(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreError, match="could not keep a take: Input/output error"):
        store.put(KEY, str(source), FACTS)
    monkeypatch.undo()
    assert store.get(KEY) is None


def test_a_file_in_the_place_of_the_store_is_a_store_error(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    store = LocalStore(str(tmp_path / "file"))
    assert store.get(KEY) is None
    with pytest.raises(StoreError):
        store.put(KEY, str(source), FACTS)


def test_publishing_the_same_bytes_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert publish_if_changed(str(path), b"x")
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert not publish_if_changed(str(path), b"x")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


# Care


def fill(store: LocalStore, tmp_path: Path, count: int) -> list[str]:
    keys = []
    for number in range(count):
        (tmp_path / "source").write_bytes(f"sound {number:04}".encode())
        keys.append(digest_bytes(str(number).encode()))
        store.put(keys[-1], str(tmp_path / "source"), FACTS)
    return keys


def test_verify_names_exactly_what_is_damaged(store: LocalStore, tmp_path: Path) -> None:
    keys = fill(store, tmp_path, 40)
    digests = [store.get(key).digest for key in keys]  # type: ignore[union-attr]
    flipped, shorter, gone = (Path(store.object_path(digest)) for digest in digests[:3])
    flipped.write_bytes(b"sound 000X")
    shorter.write_bytes(b"")
    Path(store.record_path(keys[3])).write_text("{")
    alien = Path(store.root, "actions", "ab", "cd.json")
    alien.parent.mkdir(exist_ok=True)
    alien.write_text("{}")
    gone.unlink()
    named = {damage.path for damage in care.verify(store)}
    # an object that is gone or has another size is named by its record as well
    assert named == {
        str(flipped),
        str(shorter),
        store.record_path(keys[1]),
        store.record_path(keys[2]),
        store.record_path(keys[3]),
        str(alien),
    }
    care.verify(store, repair=True)
    assert care.verify(store) == []
    assert len(list(care.entries(store))) == 36


def age(path: str, days: float) -> None:
    then = os.stat(path).st_mtime - days * care.DAY
    os.utime(path, (then, then))


def test_gc_takes_what_was_not_used_and_leaves_real_takes(store: LocalStore, tmp_path: Path) -> None:
    old, young, real = fill(store, tmp_path, 3)
    for key in (old, young):
        store.describe(replace(store.read(key), facts={"fidelity": "sketch"}))
    for key in (old, real):
        age(store.record_path(key), 40)
        age(store.object_path(store.get(key).digest), 40)  # type: ignore[union-attr]
    dry = care.collect(store, unused_for_s=30 * care.DAY, only=("sketch",), dry_run=True)
    assert dry == (1, 10)
    assert care.collect(store, unused_for_s=30 * care.DAY, only=("sketch",), dry_run=False) == dry
    assert [store.get(key) is not None for key in (old, young, real)] == [False, True, True]
    assert care.size(store) == (2, 20)
    assert care.collect(store, unused_for_s=30 * care.DAY, only=("sketch", "real"), dry_run=False) == (1, 10)


def test_gc_leaves_an_object_that_only_a_lockfile_names(store: LocalStore, source: Path, tmp_path: Path) -> None:
    locked = store.put(KEY, str(source), FACTS).digest
    source.write_bytes(b"forced anew")
    store.put(KEY, str(source), FACTS)
    age(store.object_path(locked), 400)
    care.collect(store, unused_for_s=0, only=("sketch", "recording"), dry_run=False)
    assert store.has(locked)


def test_gc_sweeps_what_a_killed_build_left_but_not_what_is_in_use(store: LocalStore, tmp_path: Path) -> None:
    fill(store, tmp_path, 1)
    for name, days in ((".tmp-old", 1.0), (".tmp-young", 0.0)):
        path = Path(store.root, "objects", name)
        path.write_bytes(b"half")
        age(str(path), days)
    care.collect(store, unused_for_s=0, only=("sketch",), dry_run=False)
    assert [path.name for path in Path(store.root, "objects").glob(".tmp*")] == [".tmp-young"]


# Leases


def test_a_lease_is_held_by_one_and_names_its_holder(tmp_path: Path) -> None:
    lease = take_lease(str(tmp_path), KEY)
    assert lease is not None
    assert take_lease(str(tmp_path), KEY) is None
    assert holder(str(tmp_path), KEY).startswith(f"process {os.getpid()} on ")
    lease.release()
    again = take_lease(str(tmp_path), KEY)
    assert again is not None
    again.release()


def test_where_leases_do_not_work_everybody_gets_one(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("a file in the way")
    one, two = (take_lease(str(tmp_path), KEY) for _ in range(2))
    assert one is not None
    assert two is not None
