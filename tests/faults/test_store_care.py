"""Verify, gc and leases of a store: the messages about damage, the age of removed takes, and who holds a lease."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenebuild.cli import run
from scenebuild.errors import StoreError
from scenebuild.store import DamagedError, LocalStore, Record, UnreadableError, care
from scenebuild.store import lease as lease_module
from scenebuild.store import local as local_module
from scenebuild.store.digest import CHUNK, copy_with_digest, digest_bytes, digest_file
from scenebuild.store.lease import SignsOfLife, holder, take_lease
from scenebuild.store.local import copy_file
from scenebuild.store.record import LARGEST_RECORD, NewerRecordError, decode_record, encode_record

KEY = digest_bytes(b"a request")
OTHER = digest_bytes(b"another request")
FACTS = {"fidelity": "sketch"}


def age(path: str | Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)


def failing(number: int) -> Callable[..., Any]:
    def fails(*arguments: object, **options: object) -> Any:
        raise OSError(number, os.strerror(number), str(arguments[0]))

    return fails


# What verify says


def said(store: LocalStore) -> dict[str, str]:
    return {os.path.relpath(damage.path, store.root): damage.what for damage in care.verify(store)}


def test_every_damage_is_said_in_words(store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = store.put(KEY, str(source), FACTS)
    of_object = f"objects/{record.digest[:2]}/{record.digest[2:]}"
    of_record = f"actions/{KEY[:2]}/{KEY[2:]}.json"
    assert said(store) == {}
    Path(store.root, of_object).write_bytes(b"some sounD")
    assert said(store) == {of_object: "its bytes do not have the digest in its name"}
    Path(store.root, of_object).write_bytes(b"")
    assert said(store) == {
        of_object: "its bytes do not have the digest in its name",
        of_record: "names an object of another size",
    }
    Path(store.root, of_object).unlink()
    assert said(store) == {of_record: "names an object that does not exist"}
    Path(store.root, of_object).mkdir()
    assert said(store)[of_object] == "cannot be read: is a folder, not a file"
    Path(store.root, of_object).rmdir()
    Path(store.root, of_record).write_bytes(b"{")
    assert said(store) == {of_record: "is not a well-formed record of its key"}
    Path(store.root, of_record).unlink()
    Path(store.root, of_record).mkdir()
    assert said(store) == {of_record: "cannot be read: is a folder, not a file"}
    Path(store.root, of_record).rmdir()
    for name in ("objects/ab/cd", "actions/ab/cd.json", f"actions/{KEY[:2]}/{KEY[2:]}", "actions/abc/x.json"):
        Path(store.root, name).parent.mkdir(exist_ok=True)
        Path(store.root, name).write_text("")
    for name in ("objects/.tmp-1", "objects/ab/.tmp-1", "actions/ab/.tmp-1"):
        Path(store.root, name).write_text("being written")
    Path(store.root, "objects", "file").write_text("")
    Path(store.root, "actions", "link").symlink_to("ab")
    assert said(store) == {
        "objects/ab/cd": "is not an object",
        "actions/ab/cd.json": "is not a record",
        f"actions/{KEY[:2]}/{KEY[2:]}": "is not a record",
        "actions/abc/x.json": "is not a record",
        "objects/file": "is not a folder",
        "actions/link": "is not a folder",
    }
    assert [one.repaired for one in care.verify(store)] == [False] * 6
    assert [one.repaired for one in care.verify(store, repair=True)] == [True] * 6
    assert said(store) == {}


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("kind", ["objects", "actions"])
def test_what_can_not_be_read_now_is_named_and_stays(
    store: LocalStore,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    error: int,
) -> None:
    record = store.put(KEY, str(source), FACTS)
    path = store.object_path(record.digest) if kind == "objects" else store.record_path(KEY)
    opened = os.open

    def broken(name: str, *rest: Any, **more: Any) -> int:
        if name == path:
            raise OSError(error, os.strerror(error), name)
        return opened(name, *rest, **more)

    with monkeypatch.context() as away:
        away.setattr(os, "open", broken)
        assert run(["cache", "verify", "--repair", "--store", store.root]) == 3
    why = "it stays, because it may be sound; check its permissions and its disk"
    said = f"{path}: cannot be read: {os.strerror(error)}; {why}"
    assert said in capsys.readouterr().out
    assert store.get(KEY) == record
    assert run(["cache", "verify", "--store", store.root]) == 0


@pytest.mark.parametrize("kind", ["objects", "actions"])
def test_a_file_in_the_place_of_a_folder_is_named_and_moved(store: LocalStore, source: Path, kind: str) -> None:
    Path(store.root).mkdir()
    Path(store.root, kind).write_text("in the way")
    assert said(store) == {kind: "is not a folder"}
    assert [one.repaired for one in care.verify(store, repair=True)] == [True]
    assert not Path(store.root, kind).exists()
    store.put(KEY, str(source), FACTS)


def test_a_damage_that_can_not_be_moved_is_removed_and_one_that_stays_is_said(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, str(source), FACTS)
    path = Path(store.record_path(KEY))
    path.write_bytes(b"{")
    Path(store.root, "quarantine").write_text("in the way")
    with monkeypatch.context() as broken:
        broken.setattr(os, "unlink", failing(errno.EROFS))
        assert [one.repaired for one in care.verify(store, repair=True)] == [False]
    assert path.exists()
    assert [one.repaired for one in care.verify(store, repair=True)] == [True]
    assert not path.exists()


def test_the_records_of_objects_that_went_in_a_repair_go_as_well(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    Path(store.object_path(digest)).write_bytes(b"some sounD")
    assert len(care.verify(store, repair=True)) == 1
    assert not Path(store.record_path(KEY)).exists()
    assert care.verify(store) == []


# What gc takes


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_that_may_be_in_use_goes(store: LocalStore, source: Path, dry_run: bool) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    record, found = store.record_path(KEY), store.object_path(digest)

    def collected(**more: Any) -> tuple[int, int]:
        asked = {"unused_for_s": 0.0, "only": ("sketch",), "dry_run": True, **more}
        return care.collect(store, **asked)

    for path in (record, found):
        age(path, care.IN_USE_S - 60)
    assert collected() == (0, 0), "less than an hour old"
    age(record, care.IN_USE_S + 60)
    assert collected() == (1, 0), "the object was used since"
    age(found, care.IN_USE_S + 60)
    assert collected(unused_for_s=care.DAY) == (0, 0)
    assert collected(only=("real",)) == (0, 0)
    assert collected(only=()) == (0, 0)
    assert collected(dry_run=dry_run) == (1, 10)
    assert os.path.exists(found) == dry_run
    assert os.path.exists(record) == dry_run


def test_an_object_that_another_record_names_stays(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    store.put(OTHER, str(source), {"fidelity": "real"})
    for path in (store.record_path(KEY), store.record_path(OTHER), store.object_path(digest)):
        age(path, 2 * care.DAY)
    assert care.collect(store, unused_for_s=care.DAY, only=("sketch",), dry_run=False) == (1, 0)
    assert [store.get(one) is None for one in (KEY, OTHER)] == [True, False]


def test_an_object_without_a_record_goes_where_real_takes_do_once_it_is_as_old(store: LocalStore, source: Path) -> None:
    digest = digest_bytes(b"some sound")
    store.put_back(digest, str(source))
    age(store.object_path(digest), 2 * care.DAY)
    assert care.collect(store, unused_for_s=0, only=("sketch",), dry_run=False) == (0, 0)
    assert care.collect(store, unused_for_s=3 * care.DAY, only=("real",), dry_run=False) == (0, 0)
    assert care.collect(store, unused_for_s=care.DAY, only=("real",), dry_run=False) == (0, 10)
    assert not store.has(digest)


def test_left_overs_go_after_an_hour_by_either_clock(store: LocalStore) -> None:
    names = [f"{folder}/{name}" for folder in ("quarantine", "leases") for name in ("old", "young", "ahead")]
    names += ["objects/ab/.tmp-old", "objects/ab/.tmp-young", "actions/.tmp-ahead", "objects/ab/not-.tmp-old"]
    for name in names:
        path = Path(store.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        age(path, {"old": 3700, "young": 3500}.get(name.rpartition("-")[2].rpartition("/")[2], -3700))
    folder = Path(store.root, "quarantine", "folder")
    folder.mkdir()
    (folder / "file").write_text("")
    age(folder, 3700)
    assert care.collect(store, unused_for_s=0, only=(), dry_run=True)[1] == 30 + folder.stat().st_size
    care.collect(store, unused_for_s=0, only=(), dry_run=False)
    left = sorted(str(path.relative_to(store.root)) for path in Path(store.root).rglob("*") if path.is_file())
    assert left == ["leases/young", "objects/ab/.tmp-young", "objects/ab/not-.tmp-old", "quarantine/young"]
    assert not folder.exists()


def test_what_was_used_while_gc_looked_stays(store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    for path in (store.record_path(KEY), store.object_path(digest)):
        age(path, care.DAY)
    really = care._left_overs

    def beside_a_build(one: LocalStore) -> Any:
        found = list(really(one))
        store.touch(KEY, digest)
        return found

    monkeypatch.setattr(care, "_left_overs", beside_a_build)
    care.collect(store, unused_for_s=0, only=("sketch",), dry_run=False)
    assert store.get(KEY) is not None


def test_the_size_of_a_store_is_that_of_its_objects(store: LocalStore, source: Path) -> None:
    assert care.size(store) == (0, 0)
    store.put(KEY, str(source), FACTS)
    assert care.size(store) == (1, 10)


def test_entries_are_what_can_be_read_with_the_date_of_their_use(store: LocalStore, source: Path) -> None:
    record = store.put(KEY, str(source), FACTS)
    store.put(OTHER, str(source), FACTS)
    os.utime(store.record_path(KEY), (5, 7))
    Path(store.record_path(OTHER)).write_text("{")
    assert list(care.entries(store)) == [care.Entry(record, 7.0)]


# The store's own words


def test_a_name_that_is_no_digest_is_refused(store: LocalStore) -> None:
    for name in ("", "../x", KEY[:-1], KEY + "a", KEY.upper(), KEY + "\n"):
        with pytest.raises(ValueError, match="is not a SHA-256"):
            store.object_path(name)


def test_the_tag_is_that_of_a_cache(store: LocalStore, source: Path) -> None:
    store.put(KEY, str(source), FACTS)
    tag = Path(store.root, "CACHEDIR.TAG")
    assert tag.read_bytes() == local_module.CACHEDIR_TAG
    tag.write_text("a user's own words")
    store.put(OTHER, str(source), FACTS)
    assert tag.read_text() == "a user's own words"


def test_a_store_that_can_not_keep_says_which_and_why(store: LocalStore, source: Path) -> None:
    Path(store.root).write_text("")
    with pytest.raises(StoreError) as told:
        store.put(KEY, str(source), FACTS)
    assert str(told.value) == f"the store {store.root} could not keep a take: File exists"
    with pytest.raises(StoreError, match="could not keep a take"):
        store.put_back(digest_bytes(b"some sound"), str(source))


def test_bytes_that_are_others_by_now_are_not_kept(store: LocalStore, source: Path) -> None:
    with pytest.raises(StoreError, match=f"could not keep a take: {source} was changed while it was kept"):
        store.put_back(OTHER, str(source))
    assert not store.has(OTHER)
    assert list(store.all_digests()) == []


def test_an_object_that_is_kept_again_is_used_and_not_written(store: LocalStore, source: Path) -> None:
    record = store.put(KEY, str(source), FACTS)
    path = store.object_path(record.digest)
    before = os.stat(path).st_ino
    age(path, care.DAY)
    assert store.put(OTHER, str(source), FACTS).size == 10
    assert os.stat(path).st_ino == before
    assert time.time() - os.stat(path).st_mtime < care.DAY / 2


def test_a_copy_says_whether_its_source_is_damaged_or_out_of_reach(
    store: LocalStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    target = str(tmp_path / "copy")
    short = digest[:12]
    path = Path(store.object_path(digest))
    with monkeypatch.context() as broken:
        broken.setattr(local_module, "open_regular", failing(errno.EIO))
        with pytest.raises(UnreadableError) as told:
            store.copy(digest, target)
    assert str(told.value) == f"the object {short}… cannot be read: Input/output error"
    assert path.exists(), "it may be sound: it stays"
    path.write_bytes(b"some sounD")
    with pytest.raises(DamagedError) as damaged:
        store.copy(digest, target)
    assert str(damaged.value) == f"the object {short}… was damaged"
    assert not isinstance(damaged.value, UnreadableError)
    assert not path.exists()
    with pytest.raises(UnreadableError) as told:
        store.copy(digest, target)
    assert str(told.value) == f"the object {short}… cannot be read: No such file or directory"
    path.mkdir()
    with pytest.raises(DamagedError) as damaged:
        store.copy(digest, target)
    assert str(damaged.value) == f"the object {short}… cannot be read: is a folder, not a file"
    assert not isinstance(damaged.value, UnreadableError)
    assert not path.exists()
    assert not os.path.exists(target)
    with pytest.raises(OSError, match="File exists"):
        copy_file(str(source), digest, os.path.join(str(source), "x"))
    copy_file(str(source), digest, target)
    assert Path(target).read_bytes() == b"some sound"


def test_an_error_within_an_object_says_which(
    store: LocalStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    reader = local_module._Readable(open(source, "rb"), f"the object {digest[:12]}…")  # noqa: SIM115
    reader._file.close()
    broken = type("Broken", (), {"read": failing(errno.EIO)})()
    with pytest.raises(UnreadableError) as told:
        local_module._Readable(broken, f"the object {digest[:12]}…").read(5)
    assert str(told.value) == f"the object {digest[:12]}… cannot be read: Input/output error"


def test_what_went_to_quarantine_keeps_its_name_behind_a_date(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    path = store.object_path(digest)
    assert store.quarantine(path) is True
    (kept,) = Path(store.root, "quarantine").iterdir()
    assert kept.name.endswith(f"-{os.path.basename(path)}")
    assert kept.name.split("-")[0].isdigit()
    assert kept.read_bytes() == b"some sound"
    assert store.quarantine(path) is False


def test_a_record_of_another_size_goes_and_its_sound_object_stays(store: LocalStore, source: Path) -> None:
    record = store.put(KEY, str(source), FACTS)
    store.describe(Record(KEY, record.digest, 11, FACTS))
    assert store.get(KEY) is None
    assert not os.path.exists(store.record_path(KEY))
    assert store.has(record.digest)
    assert store.has(record.digest, 10)
    assert not store.has(record.digest, 11)
    assert store.has(record.digest), "the size was wrong, not the object"


def test_a_key_is_forgotten_once(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    store.delete(KEY)
    store.delete(KEY)
    assert store.get(KEY) is None
    assert store.has(digest)
    store.touch(KEY, digest)


def test_only_names_of_keys_and_digests_are_listed(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    for name in ("actions/ab/cd.json", f"actions/{OTHER[:2]}/{OTHER[2:]}", "objects/ab/.tmp-x", "objects/file"):
        Path(store.root, name).parent.mkdir(exist_ok=True)
        Path(store.root, name).write_text("")
    assert list(store.all_keys()) == [KEY]
    assert list(store.all_digests()) == [digest]


# Records


def test_a_record_is_one_text_and_only_that(store: LocalStore) -> None:
    record = Record(KEY, OTHER, 3, {"name": "é", "a": 1})
    data = encode_record(record)
    lines = data.decode().splitlines()
    assert lines[0] == "{"
    assert lines[1] == f' "sha256": "{digest_bytes(chr(10).join(lines[2:]).encode() + chr(10).encode())}",'
    assert lines[2:] == [
        f' "digest": "{OTHER}",',
        ' "facts": {',
        '  "a": 1,',
        '  "name": "é"',
        " },",
        f' "key": "{KEY}",',
        ' "size": 3,',
        ' "version": 1',
        "}",
    ]
    assert data.endswith(b"\n}\n")
    assert decode_record(data, KEY) == record
    with pytest.raises(ValueError, match="not a well-formed record of its key"):
        decode_record(data, OTHER)
    with pytest.raises(ValueError, match="Out of range float values"):
        encode_record(Record(KEY, OTHER, 3, {"a": float("nan")}))
    assert LARGEST_RECORD == 1 << 20


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", True), ("size", 3.0), ("facts", []), ("digest", "ab"), ("key", "ab"), ("version", 2), ("version", 0)],
)
def test_an_old_record_is_well_formed_or_none(name: str, value: object) -> None:
    import json

    plain = {"version": 1, "key": KEY, "digest": OTHER, "size": 3, "facts": {}}
    assert decode_record(json.dumps(plain).encode(), KEY) == Record(KEY, OTHER, 3, {}, sealed=False)
    with pytest.raises(ValueError, match="not a well-formed record of its key"):
        decode_record(json.dumps({**plain, name: value}).encode(), KEY)
    with pytest.raises(ValueError, match="not a well-formed record of its key"):
        decode_record(json.dumps({**plain, "more": 1}).encode(), KEY)
    with pytest.raises(ValueError, match="not a record: 'facts'"):
        decode_record(json.dumps({one: plain[one] for one in plain if one != "facts"}).encode(), KEY)


def test_what_is_no_json_and_what_is_later_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from scenebuild.store import record as record_module

    with pytest.raises(ValueError, match="NaN is not JSON"):
        decode_record(b'{"version": NaN}', KEY)
    monkeypatch.setattr(record_module, "RECORD_VERSION", 3)
    later = encode_record(Record(KEY, OTHER, 3, {}))
    monkeypatch.undo()
    with pytest.raises(NewerRecordError, match="a record of version 3"):
        decode_record(later, KEY)


def test_large_files_are_copied_in_pieces_and_hashed_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * (CHUNK // 256) + b"rest"
    (tmp_path / "one").write_bytes(data)
    with open(tmp_path / "one", "rb") as one, open(tmp_path / "two", "wb") as two:
        assert copy_with_digest(one, two) == (digest_bytes(data), len(data))
    assert digest_file(str(tmp_path / "two")) == digest_bytes(data)
    (tmp_path / "link").symlink_to("two")
    assert digest_file(str(tmp_path / "link")) == digest_bytes(data)


# Leases


def test_the_holder_is_a_process_on_a_machine(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert holder(root, KEY) == "another build"
    lease = take_lease(root, KEY)
    assert lease is not None
    assert holder(root, KEY) == f"process {os.getpid()} on {socket.gethostname()}"
    path = tmp_path / "leases" / KEY
    age(path, 100)
    lease.beat()
    assert time.time() - path.stat().st_mtime < 50
    path.write_bytes(b"\xff" + b"x" * 300)
    assert holder(root, KEY) == "\ufffd" + "x" * 199
    path.write_bytes(b" \n")
    assert holder(root, KEY) == "another build"
    lease.release()
    assert not path.exists()
    lease.release()
    lease.beat()


def test_the_words_of_an_earlier_holder_go(tmp_path: Path) -> None:
    (tmp_path / "leases").mkdir()
    (tmp_path / "leases" / KEY).write_text("process 1 on a machine with a very long name, as they are made today\nx")
    lease = take_lease(str(tmp_path), KEY)
    assert lease is not None
    assert (tmp_path / "leases" / KEY).read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    lease.release()


def test_where_there_are_no_locks_everybody_gets_a_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    leases = [take_lease(str(tmp_path), KEY) for _ in range(2)]
    for lease in leases:
        assert lease is not None
        lease.beat()
        lease.release()
    assert not (tmp_path / "leases" / KEY).exists()
    lease = take_lease(str(tmp_path), KEY)
    assert lease is not None
    lease.release()
    assert not (tmp_path / "leases" / KEY).exists()


def test_a_record_and_its_object_survive_a_power_cut(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[int] = []
    monkeypatch.setattr(os, "fsync", reached.append)
    digest = store.put(KEY, str(source), FACTS).digest
    assert len(reached) == 4, "object and record, each with its folder"
    store.describe(store.read(KEY))
    assert len(reached) == 6
    store.put(OTHER, str(source), FACTS)
    assert len(reached) == 8, "the object is there"
    os.unlink(store.object_path(digest))
    store.put_back(digest, str(source))
    assert len(reached) == 10


def test_a_lease_is_never_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "leases").mkdir()
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "leases" / KEY).symlink_to(tmp_path / "precious")
    assert take_lease(str(tmp_path), KEY) is not None
    assert holder(str(tmp_path), KEY) == "another build"
    assert (tmp_path / "precious").read_text() == "precious"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now - 999_000


def test_a_holder_without_a_sign_of_life_is_asleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(lease_module, "time", clock)
    path = tmp_path / "leases" / KEY
    path.parent.mkdir()
    root, signs = str(tmp_path), SignsOfLife()
    assert signs.is_asleep(root, KEY) is True, "it is gone"
    path.write_text("")
    os.utime(path, (clock.now - 30, clock.now - 30))
    assert signs.is_asleep(root, KEY) is False
    os.utime(path, (clock.now - 31, clock.now - 31))
    assert signs.is_asleep(root, KEY) is True, "by its date"
    ahead = clock.now + 10_000  # the clock of a file server
    os.utime(path, (ahead, ahead))
    assert signs.is_asleep(root, KEY) is False
    clock.now += 30
    assert signs.is_asleep(root, KEY) is False
    clock.now += 1
    assert signs.is_asleep(root, KEY) is True, "nothing changed for as long"
    os.utime(path, (ahead + 1, ahead + 1))
    assert signs.is_asleep(root, KEY) is False, "a sign of life"
    clock.now += 30
    assert signs.is_asleep(root, KEY) is False


# What comes in between


def test_a_record_is_never_read_through_a_link(store: LocalStore, source: Path, tmp_path: Path) -> None:
    store.put(KEY, str(source), FACTS)
    path = Path(store.record_path(KEY))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is a link, not a file"):
        store.read(KEY)
    assert store.get(KEY) is None


def test_what_goes_while_verify_looks_is_no_damage(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, str(source), FACTS)
    really = store.listed

    def beside_a_gc(folder: str) -> list[str]:
        found = really(folder)
        for name in found:
            if os.path.isfile(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        return found

    monkeypatch.setattr(store, "listed", beside_a_gc)
    assert care.verify(store) == []
