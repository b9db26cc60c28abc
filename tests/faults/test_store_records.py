"""A damaged record is a miss that is named and repaired; the sound is known by its own digest."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scenebuild.generate.make
from engines_for_tests import CountingChildren
from forks import STRACE, WITHOUT_STRACE, break_store, forks
from scenebuild.cli import run
from scenebuild.errors import StoreError
from scenebuild.store import DamagedError, LocalStore, Record, care
from scenebuild.store import record as record_module
from scenebuild.store.digest import digest_bytes
from scenebuild.store.record import decode_record, encode_record

KEY = digest_bytes(b"a request")
FACTS = {"frames": 3, "fidelity": "real", "loudness_lufs": -19.25, "licence": "CC0-1.0", "seconds": 1e-05}
SCENE = """\
name: X
elements:
  rain: {prompt: rain, duration: 0.2}
  wind: {prompt: wind, duration: 0.2}
"""


def old_text(record: Record) -> bytes:
    """A record as earlier versions of scenebuild wrote it, without its seal."""
    plain = {"version": 1, "key": record.key, "digest": record.digest, "size": record.size, "facts": record.facts}
    return json.dumps(plain, indent=1, sort_keys=True).encode() + b"\n"


# What was written


def flipped(data: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def believed(data: bytes) -> list[bytes]:
    """The texts with one bit flipped that are taken for a record."""
    found = []
    for changed in flipped(data):
        try:
            decode_record(changed, KEY)
        except ValueError:
            continue
        found.append(changed)
    return found


def test_no_flipped_bit_of_a_record_is_believed(store: LocalStore, source: Path) -> None:
    store.put(KEY, str(source), FACTS)
    data = Path(store.record_path(KEY)).read_bytes()
    assert decode_record(data, KEY) == store.get(KEY)
    assert believed(data) == []


def test_the_harness_sees_records_without_a_seal(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, str(source), FACTS)
    data = Path(store.record_path(KEY)).read_bytes()
    break_store("unsealed records", monkeypatch.setattr)
    assert believed(data)


def test_the_harness_sees_a_store_that_does_not_verify(
    store: LocalStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    Path(store.object_path(digest)).write_bytes(b"some sounD")
    break_store("no verify on read", monkeypatch.setattr)
    store.copy(digest, str(tmp_path / "copy"))
    assert digest_bytes((tmp_path / "copy").read_bytes()) != digest


def test_a_damaged_record_is_named_and_healed_and_its_object_stays(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    path = Path(store.record_path(KEY))
    path.write_bytes(path.read_bytes().replace(b"-19.25", b"-18.25"))
    assert [damage.path for damage in care.verify(store)] == [str(path)]
    assert [damage.repaired for damage in care.verify(store, repair=True)] == [True]
    assert care.verify(store) == []
    assert store.has(digest)
    assert store.get(KEY) is None


def test_a_record_without_a_seal_is_read_and_known_as_not_sealed(store: LocalStore, source: Path) -> None:
    record = store.put(KEY, str(source), FACTS)
    Path(store.record_path(KEY)).write_bytes(old_text(record))
    assert store.get(KEY) == replace(record, sealed=False)
    assert care.verify(store) == []
    store.describe(record)
    assert store.get(KEY) == record


def test_an_earlier_scenebuild_reads_a_sealed_record(store: LocalStore, source: Path) -> None:
    """Builders of both share a store: what the earlier one looks at is there, and it ignores the rest."""
    record = store.put(KEY, str(source), FACTS)
    plain = json.loads(Path(store.record_path(KEY)).read_bytes())
    assert set(plain) - {"sha256"} == {"version", "key", "digest", "size", "facts"}
    assert (plain["version"], plain["key"], plain["digest"]) == (1, KEY, record.digest)


def test_a_record_of_a_later_version_is_a_miss_and_stays(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = store.put(KEY, str(source), FACTS)
    monkeypatch.setattr(record_module, "RECORD_VERSION", 3)
    later = encode_record(record)
    monkeypatch.undo()
    path = Path(store.record_path(KEY))
    path.write_bytes(later)
    assert store.get(KEY) is None
    assert care.verify(store, repair=True) == []
    assert path.read_bytes() == later


def test_a_wrong_size_in_an_old_record_costs_the_record_and_not_the_object(store: LocalStore, source: Path) -> None:
    record = store.put(KEY, str(source), FACTS)
    Path(store.record_path(KEY)).write_bytes(old_text(replace(record, size=11)))
    assert store.get(KEY) is None
    assert store.has(record.digest)


# What the sound says


@pytest.fixture
def built(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, LocalStore, bytes]:
    """A built scene, its store, and its mix."""
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    CountingChildren.calls = []
    path = Path("scenes/x.yaml")
    path.write_text(SCENE)
    assert run([str(path)]) == 0
    assert sorted(CountingChildren.calls) == ["rain", "wind"]
    CountingChildren.calls = []
    return path, LocalStore(os.environ["SCENEBUILD_STORE"]), Path("build/x/x.wav").read_bytes()


def rewrite(store: LocalStore, write: Callable[[Record], bytes]) -> None:
    for key in list(store.all_keys()):
        Path(store.record_path(key)).write_bytes(write(store.read(key)))


def test_a_store_of_an_earlier_scenebuild_builds_the_same_and_is_brought_up(
    built: tuple[Path, LocalStore, bytes],
) -> None:
    path, store, mix = built
    new = {key: Path(store.record_path(key)).read_bytes() for key in store.all_keys()}
    rewrite(store, old_text)
    shutil.rmtree("build")
    assert run([str(path)]) == 0
    assert CountingChildren.calls == [], "no take is lost"
    assert Path("build/x/x.wav").read_bytes() == mix
    assert {key: Path(store.record_path(key)).read_bytes() for key in store.all_keys()} == new


WRONG_SOUND: list[dict[str, Any]] = [
    {"frames": 16},
    {"loudness_lufs": -3.0},
    {"peak_dbfs": None},
    {"sample_rate": 0, "channels": True},
    {"frames": "many"},
    {"loudness_lufs": 1e300},
]


@pytest.mark.parametrize("wrong", WRONG_SOUND, ids=str)
def test_an_old_record_that_is_wrong_about_the_sound_changes_no_mix(
    built: tuple[Path, LocalStore, bytes], wrong: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path, store, mix = built
    rewrite(store, lambda record: old_text(replace(record, facts={**record.facts, **wrong})))
    assert run(["cache", "ls"]) == 0
    shutil.rmtree("build")
    assert run([str(path)]) == 0
    assert CountingChildren.calls == []
    assert Path("build/x/x.wav").read_bytes() == mix
    assert "Traceback" not in capsys.readouterr().err


def test_a_sealed_record_of_another_sound_is_put_right_by_the_file(built: tuple[Path, LocalStore, bytes]) -> None:
    path, store, mix = built
    rewrite(store, lambda record: encode_record(replace(record, facts={**record.facts, "frames": 7})))
    shutil.rmtree("build")
    assert run([str(path)]) == 0
    assert CountingChildren.calls == []
    assert Path("build/x/x.wav").read_bytes() == mix
    assert {store.read(key).facts["frames"] for key in store.all_keys()} == {3200}


@pytest.mark.parametrize("gone", ["licence", "made_by", "warnings"])
def test_a_record_that_does_not_tell_whose_a_take_is_makes_it_again(
    built: tuple[Path, LocalStore, bytes], gone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, store, mix = built
    rewrite(
        store,
        lambda record: old_text(replace(record, facts={name: v for name, v in record.facts.items() if name != gone})),
    )
    shutil.rmtree("build")
    assert run([str(path)]) == 0
    assert "its record does not tell how it was made; it is made again" in capsys.readouterr().err
    assert Path("build/x/x.wav").read_bytes() == mix


@pytest.mark.parametrize(
    "facts", [[], None, {"made_by": [], "warnings": {}, "licence": 3}, {"action": "rain"}], ids=str
)
def test_a_record_with_odd_facts_is_never_a_traceback(
    built: tuple[Path, LocalStore, bytes], facts: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path, store, mix = built
    rewrite(store, lambda record: old_text(replace(record, facts=facts)))
    shutil.rmtree("build")
    for command in (["cache", "ls"], ["cache", "gc"], ["plan", str(path)], [str(path)]):
        assert run(command) == 0
    assert Path("build/x/x.wav").read_bytes() == mix
    assert "Traceback" not in capsys.readouterr().err


def test_a_lock_that_pins_a_sound_of_another_length_is_not_followed(
    built: tuple[Path, LocalStore, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    path, store, mix = built
    longer = Path("scenes/longer.yaml")
    longer.write_text("name: L\nelements: {long: {prompt: rain, duration: 0.5}}\n")
    assert run([str(longer)]) == 0
    alien = json.loads(Path("scenes/longer.lock.json").read_text())["elements"]["long"]["digest"]
    lock_path = Path("scenes/x.lock.json")
    lock = json.loads(lock_path.read_text())
    lock["elements"]["rain"]["digest"] = alien
    lock_path.write_text(json.dumps(lock))
    shutil.rmtree("build")
    CountingChildren.calls = []
    assert run([str(path), "--frozen"]) == 3
    assert not Path("build/x/x.wav").exists()
    assert "is not its take: it has (8000, 16000, 1) (frames, Hz, channels), wanted (3200" in capsys.readouterr().err
    lock_path.write_text(json.dumps(lock))
    assert run([str(path)]) == 0
    assert Path("build/x/x.wav").read_bytes() == mix


# Care


def damaged_store(store: LocalStore, folder: Path) -> set[str]:
    """A store with one damage of each kind: the paths that have to be named."""
    keys = [digest_bytes(str(number).encode()) for number in range(60)]
    for key in keys:
        (folder / "source").write_bytes(key.encode())
        store.put(key, str(folder / "source"), FACTS)
    records = [Path(store.record_path(key)) for key in keys]
    objects = [Path(store.object_path(store.read(key).digest)) for key in keys]
    objects[0].write_bytes(objects[0].read_bytes()[:-1] + b"X")
    records[1].write_bytes(records[1].read_bytes()[:-1])
    records[2].write_bytes(b"")
    records[3].write_bytes(b"\xff" * 100)
    records[4].write_bytes(b"[" * 100_000)
    records[5].write_bytes(records[6].read_bytes())
    records[7].write_bytes(b" " * (2 << 20))
    replace_with(records[8], lambda path: path.mkdir())
    (records[8] / "deeper").write_text("not empty")
    replace_with(records[9], os.mkfifo)
    replace_with(records[10], lambda path: path.symlink_to(records[11]))
    replace_with(objects[12], lambda path: path.symlink_to(folder / "source"))
    alien = Path(store.root, "objects", "ab", "cd")
    alien.parent.mkdir(exist_ok=True)
    alien.write_text("")
    deep = Path(store.root, "actions", "stranger", "x.json")
    deep.parent.mkdir()
    deep.write_text("{}")
    free = next(name for name in (f"{n:02x}" for n in range(256)) if not Path(store.root, "objects", name).exists())
    file = Path(store.root, "objects", free)
    file.write_text("a file where a folder has to be")
    return {str(path) for path in (objects[0], *records[1:6], *records[7:11], objects[12], alien, deep, file)}


def replace_with(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def test_verify_names_every_kind_of_damage_and_repair_heals_it(
    store: LocalStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = damaged_store(store, tmp_path)
    named = {damage.path for damage in care.verify(store)}
    assert damaged <= named
    of_lost_objects = named - damaged
    assert len(of_lost_objects) <= 1, "the record of the object that is a link, which has another size"
    assert run(["cache", "verify", "--store", store.root]) == 3
    assert run(["cache", "verify", "--store", store.root, "--repair"]) == 0
    assert run(["cache", "verify", "--store", store.root]) == 0
    assert "Traceback" not in capsys.readouterr().err
    whole = list(care.entries(store))
    assert len(whole) == 60 - 11
    for one in whole:
        store.copy(one.record.digest, str(tmp_path / "copy"))


@pytest.mark.hard
@pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)
@pytest.mark.parametrize("call", ["rename", "unlink", "mkdir"])
def test_a_repair_killed_at_any_call_goes_on(store: LocalStore, tmp_path: Path, call: str) -> None:
    kills = 0
    with forks() as server:
        for number in range(1, 60):
            shutil.rmtree(store.root, ignore_errors=True)
            damaged_store(store, tmp_path)
            code = server.run({"task": "repair", "store": store.root}, call, f"signal=SIGKILL:when={number}")
            if code == 0:
                break
            kills += 1
            care.verify(store, repair=True)
            assert care.verify(store) == []
            assert len(list(care.entries(store))) == 60 - 11
    assert kills >= (10 if call == "rename" else 0)


def test_gc_keeps_what_a_record_that_can_not_be_read_may_name(store: LocalStore, source: Path) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    long_ago = os.stat(store.object_path(digest)).st_mtime - 400 * care.DAY
    path = Path(store.record_path(KEY))
    path.write_bytes(b"damaged")
    for one in (str(path), store.object_path(digest)):
        os.utime(one, (long_ago, long_ago))
    care.collect(store, unused_for_s=0, only=("real",), dry_run=False)
    assert store.has(digest)
    assert path.exists(), "gc changes nothing that it does not understand"


def test_a_folder_of_the_store_that_can_not_be_listed_is_no_empty_one(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = store.put(KEY, str(source), FACTS).digest
    listdir = os.listdir

    def broken(path: str) -> list[str]:
        if str(path).endswith("actions"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", broken)
    for command in ("verify", "gc", "ls"):
        assert run(["cache", command, "--store", store.root]) == 1
        assert "actions: this folder of the store cannot be read: Input/output error" in capsys.readouterr().err
    assert store.has(digest)


def test_an_error_of_reading_an_object_leaves_it_where_it_is(
    store: LocalStore, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = store.put(KEY, str(source), FACTS).digest

    def broken(source: Any, target: Any) -> Any:
        raise_eio = type("File", (), {"read": lambda self, size: (_ for _ in ()).throw(OSError(errno.EIO, "broken"))})
        source._file = raise_eio()
        return source.read(1)

    monkeypatch.setattr("scenebuild.store.local.copy_with_digest", broken)
    with pytest.raises(DamagedError, match="cannot be read: broken"):
        store.copy(digest, str(tmp_path / "copy"))
    monkeypatch.undo()
    assert store.has(digest)
    store.copy(digest, str(tmp_path / "copy"))


def test_a_take_is_hashed_once_before_it_is_kept(
    store: LocalStore, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("scenebuild.store.local.digest_file", hashed.append)
    store.put(KEY, str(source), FACTS, digest=digest_bytes(b"some sound"))
    assert hashed == [], "what is known is not found out again"
    other = digest_bytes(b"another sound")
    with pytest.raises(StoreError, match="was changed while it was kept"):
        store.put(KEY, str(source), FACTS, digest=other)
    assert not store.has(other), "what is kept is verified as it is copied"
