"""A lock is read only as what a build wrote, and written only over what that build read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import scenebuild.files
import scenebuild.render.stages
from scenebuild.cli import run
from scenebuild.errors import LockError
from scenebuild.files import publish_in_place_of
from scenebuild.mix.mixer import mix_scene
from scenebuild.plan.lockfile import LockEntry, LockMix, merged_mix, parse_lock, read_lock, write_lock_text

SCENE = "name: x\nelements:\n  rain: {prompt: rain, duration: 0.5, engine: sketch, loop: true}\nmix: {duration: 1}\n"
LOCK = Path("scenes/x.lock.json")
ODD: tuple[Any, ...] = (None, True, -1, 10**15, 0.5, "", "\x1b[31m", "\ud800", [], [1], {}, {"a": {"b": []}})


@pytest.fixture(autouse=True)
def scene(project: Path) -> Path:
    path = project / "scenes" / "x.yaml"
    path.write_text(SCENE)
    return path


def whole_lock() -> dict[str, Any]:
    """A lock with every field that one can have."""
    hexadecimal = "ab" * 32
    entry = {
        "engine": "audiogen", "engine_version": "1", "key": hexadecimal, "digest": hexadecimal, "content": hexadecimal,
        "model": "a/b", "revision": "c" * 40, "precision": "fp32", "licence": "MIT", "frames": 1, "seed": 1, "top_k": 1,
        "sample_rate": 1, "channels": 1, "temperature": 1.0, "top_p": 1.0, "cfg": 1.0, "length_s": 1.0,
        "loudness_lufs": -20.0, "peak_dbfs": -1.0, "prompt": "rain", "made_by": {"device": "cpu"},
        "continues": hexadecimal, "melody": hexadecimal, "redo": hexadecimal, "redo_from": 1, "redo_to": 2,
        "redo_base": hexadecimal,
    }  # fmt: skip
    delivered = {"x.podcast.mp3": {"loudness_lufs": -16.0, "true_peak_dbtp": -1.0, "passes": True}}
    mix = {
        "length_s": 1.0, "loudness_lufs": None, "true_peak_dbtp": -3.0, "licence": "MIT", "seam_db": 1.0,
        "seams_db": {"rain": 1.0}, "delivered": delivered,
    }  # fmt: skip
    return {"version": 1, "elements": {"rain": entry, "rain.2": dict(entry)}, "mix": mix}


def everywhere(plain: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield way
    for name, value in plain.items() if isinstance(plain, dict) else ():
        yield from everywhere(value, (*way, name))


def with_value(plain: Any, way: tuple[str, ...], value: Any) -> Any:
    if not way:
        return value
    return {**plain, way[0]: with_value(plain[way[0]], way[1:], value)}


def test_a_whole_lock_is_read_and_written_again_to_the_letter() -> None:
    lock = parse_lock(json.dumps(whole_lock()), "x")
    assert lock.elements.keys() == {"rain", "rain.2"}
    assert not lock.elements["rain"].others, "a field that no entry of a lock has"
    assert json.loads(write_lock_text(lock)) == whole_lock()


def test_every_field_of_an_entry_is_checked_before_it_is_believed() -> None:
    lock = whole_lock()
    assert {field.name for field in fields(LockEntry)} - {"others"} == lock["elements"]["rain"].keys()
    for name in lock["elements"]["rain"]:
        with pytest.raises(LockError, match=rf"\(not as it was written: elements\.rain\.{name}\)"):
            parse_lock(json.dumps(with_value(lock, ("elements", "rain", name), [])), "x")


def test_an_entry_without_the_version_of_its_engine_stays_without_it() -> None:
    lock = whole_lock()
    del lock["elements"]["rain"]["engine_version"]
    assert json.loads(write_lock_text(parse_lock(json.dumps(lock), "x"))) == lock


def test_whatever_stands_in_a_lock_it_is_read_or_one_line_says_what_is_wrong() -> None:
    told: list[str] = []
    for way in everywhere(whole_lock()):
        for odd in ODD:
            text = json.dumps(with_value(whole_lock(), way, odd))
            try:
                parse_lock(text, "x\x1b.lock.json")
            except LockError as error:
                told.append(str(error))
    assert len(told) > 300
    assert all(one.isprintable() and one.startswith("x\\x1b.lock.json:1:1: the lockfile ") for one in told)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"version": 1e999}', '{"version": ' + "9" * 5000 + "}", "\ud800"])
def test_a_lock_that_no_build_writes_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(LockError) as error:
        parse_lock(text, "x.lock.json")
    assert "\n" not in str(error.value)


def link_to_text(path: Path) -> None:
    path.with_suffix(".else").write_text("{}")
    path.symlink_to(path.with_suffix(".else"))


def file_with_a_hole(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)


def special_file(path: Path, kind: str) -> None:
    makers: dict[str, Callable[[], object]] = {
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
        "terminal": lambda: path.symlink_to("/dev/ptmx"),
        "link": lambda: link_to_text(path),
        "dangling link": lambda: path.symlink_to("nowhere"),
        "1 TB": lambda: file_with_a_hole(path, 1 << 40),
        "not text": lambda: path.write_bytes(b"\xff\xfe"),
    }
    makers[kind]()


KINDS = ("fifo", "folder", "device", "terminal", "link", "dangling link", "1 TB", "not text")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_lock_is_refused_in_one_line_without_waiting(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    special_file(LOCK, kind)
    with pytest.raises(LockError, match=r"scenes/x\.lock\.json:1:1: the lockfile cannot be read: [^\n]*; "):
        read_lock(str(LOCK))
    assert run(["scenes/x.yaml"]) == 3
    capsys.readouterr()
    assert run(["validate", "--locks-only", "scenes"]) != 0
    assert "scenes/x.lock.json:1:1: the lockfile cannot be read" in "".join(capsys.readouterr())
    assert not Path("build").exists()


def test_a_length_is_exact_and_a_level_is_what_a_meter_reads(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes/x.yaml", "-q"]) == 0
    scene.write_text(SCENE.replace("duration: 1}", "duration: 1.019}"))
    assert run(["scenes/x.yaml", "--frozen"]) == 3
    assert "length_s is 1.019, the lock says 1.0" in capsys.readouterr().err
    assert run(["scenes/x.yaml", "-q"]) == 0
    assert json.loads(LOCK.read_text())["mix"]["length_s"] == 1.019
    assert merged_mix(LockMix(loudness_lufs=-20.0), LockMix(loudness_lufs=-20.01)) == LockMix(loudness_lufs=-20.0)
    seams = LockMix(seams_db={"length_s": 1.0})
    assert merged_mix(seams, LockMix(seams_db={"length_s": 1.01})) == seams


@pytest.mark.parametrize("before", [True, False], ids=["another lock", "the first lock"])
def test_a_lock_that_is_replaced_during_a_build_stays(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], before: bool
) -> None:
    assert run(["scenes/x.yaml", "-q"]) == 0
    theirs = json.loads(LOCK.read_text())
    theirs["elements"]["rain"]["made_by"] = {"machine": "of the other branch"}
    if not before:
        LOCK.unlink()
    scene.write_text(SCENE.replace("prompt: rain", "prompt: steady rain"))

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        LOCK.write_text(json.dumps(theirs))
        return mix_scene(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(scenebuild.render.stages, "mix_scene", meanwhile)
        assert run(["scenes/x.yaml"]) == 0
    told = capsys.readouterr()
    assert "scenes/x.lock.json was replaced while the scene was built, so it stays" in told.out + told.err
    assert json.loads(LOCK.read_text()) == theirs
    assert run(["scenes/x.yaml"]) == 0
    assert "up-to-date" not in capsys.readouterr().out
    assert json.loads(LOCK.read_text()) != theirs


def test_the_lock_of_a_scene_that_is_saved_during_a_build_stays(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two branches, git may have put the lock in place before it was read, and the scene after that."""
    assert run(["scenes/x.yaml", "-q"]) == 0
    before = LOCK.read_bytes()
    scene.write_text(SCENE.replace("prompt: rain", "prompt: steady rain"))

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        scene.write_text(SCENE)
        return mix_scene(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(scenebuild.render.stages, "mix_scene", meanwhile)
        assert run(["scenes/x.yaml"]) == 0
    told = capsys.readouterr()
    assert "scenes/x.lock.json stays as it is, because the scene was saved while it was built" in told.out + told.err
    assert LOCK.read_bytes() == before
    assert run(["scenes/x.yaml"]) == 0
    assert "up-to-date" not in capsys.readouterr().out


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_file_is_replaced_only_where_it_is_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(scenebuild.files, "exchange", lambda one, other: False)
    path = tmp_path / "locks" / "lock"
    path.parent.mkdir()
    assert publish_in_place_of(str(path), b"one", None)
    one = scenebuild.files.digest_of(str(path))
    assert not publish_in_place_of(str(path), b"two", None)
    assert publish_in_place_of(str(path), b"two", one)
    assert not publish_in_place_of(str(path), b"three", one)
    assert publish_in_place_of(str(path), b"two", one), "it is that already"
    path.unlink()
    assert not publish_in_place_of(str(path), b"three", one)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_is_replaced_at_the_last_moment_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locks" / "lock"
    path.parent.mkdir()
    path.write_bytes(b"one")
    exchanged = scenebuild.files.exchange
    if not exchanged(str(path), str(path)):
        pytest.skip("this file system cannot exchange two files in one step")
    saves = [b"saved", b"saved again"]

    def late(one: str, other: str) -> bool:
        if saves:
            path.write_bytes(saves.pop(0))
        return exchanged(one, other)

    monkeypatch.setattr(scenebuild.files, "exchange", late)
    assert not publish_in_place_of(str(path), b"ours", scenebuild.files.digest_of(str(path)))
    assert path.read_bytes() == b"saved again"
    assert [one.name for one in path.parent.iterdir()] == ["lock"]
