"""``--frozen``, and previews: a lock is never changed silently."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines_for_tests import MISBEHAVING, TONE
from scenebuild.errors import LockError
from scenebuild.store import LocalStore
from tone_builds import SCENE, calls, changed, lock, no_leftovers, run, write

__all__ = ["calls", "no_leftovers"]


# Frozen


def test_frozen_brings_back_the_locked_takes(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    before = lock()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    shutil.rmtree("build")
    calls.clear()
    (scene,) = run(frozen=True).scenes
    assert len(calls) == 3
    assert {one.name: one.digest for one in scene.elements} == {
        name: entry["digest"] for name, entry in before["elements"].items()
    }
    assert lock() == before


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ({"two__prompt": "another"}, "two: prompt changed; --frozen builds only what the lock says"),
        ({"two__seed": 1}, "two: seed changed; --frozen builds only what the lock says"),
        ({"two__duration": 1}, "two: duration changed; --frozen builds only what the lock says"),
        ({"elements": {"one": SCENE["elements"]["one"], "four": {"prompt": "x"}}},
         "four: new element; --frozen builds only what the lock says"),
        ({"elements": {"one": SCENE["elements"]["one"]}},
         "scenes/test.lock.json:1:1: two: is in the lock, but no longer in the scene"),
        ({"two__volume": 0.1}, "scenes/test.lock.json:1:1: mix: loudness_lufs is "),
    ],
    ids=str,
)  # fmt: skip
def test_frozen_refuses_what_drifted(project: Path, calls: list[str], by: dict[str, Any], line: str) -> None:
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    calls.clear()
    write(changed(**by))
    with pytest.raises(LockError) as error:
        run(frozen=True)
    assert line in str(error.value)
    assert error.value.exit_code == 3
    assert calls == []
    assert Path("scenes/test.lock.json").read_bytes() == before


def test_frozen_refuses_other_bytes_under_the_same_key(
    project: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model gives other bytes on another machine: the lock still says which ones are meant."""
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    shutil.rmtree("build")
    monkeypatch.setattr(TONE, "session", MISBEHAVING.session)
    monkeypatch.setattr("engines_for_tests.tone", lambda request: np.full((8000, 1), 0.1, np.float32))
    with pytest.raises(LockError, match=r"two: the lock pins [0-9a-f]{12}…, which is not in the store, and making it"):
        run(frozen=True)
    assert Path("scenes/test.lock.json").read_bytes() == before
    (scene,) = run().scenes
    assert "two: the locked take is missing; another take with the same key was used" in scene.warnings
    assert Path("scenes/test.lock.json").read_bytes() != before


def test_frozen_without_a_lock_says_so(project: Path) -> None:
    write(SCENE)
    with pytest.raises(LockError, match=r"--frozen, but there is no scenes/test.lock.json"):
        run(frozen=True)


def test_a_locked_sketch_comes_back_whatever_the_store_holds_under_its_key(project: Path) -> None:
    write({**SCENE, "defaults": {"duration": 0.5, "engine": "sketch"}})
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    shutil.rmtree("build")
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    Path("other.wav").write_bytes(b"other bytes")
    for key in list(store.all_keys()):
        record = store.get(key)
        assert record is not None
        store.put(key, "other.wav", record.facts)
        Path(store.object_path(record.digest)).unlink()
    (scene,) = run().scenes
    assert {one.status for one in scene.elements} == {"generated"}
    assert Path("scenes/test.lock.json").read_bytes() == before


# Previews


def test_a_sketch_never_replaces_a_real_take_in_the_lock(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    (preview,) = run(engine="sketch").scenes
    assert preview.preview
    assert {one.engine for one in preview.elements} == {"sketch"}
    assert Path("scenes/test.lock.json").read_bytes() == before
    assert "preview" in Path("build/test/README.md").read_text(encoding="utf-8").lower()
    calls.clear()
    (real,) = run().scenes
    assert (real.status, real.preview, calls) == ("built", False, [])
    assert {one.status for one in real.elements} == {"locked"}


def test_a_real_engine_asked_for_by_name_replaces_a_sketch(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write({**SCENE, "defaults": {"duration": 0.5}})
    monkeypatch.setattr(TONE, "ready", False)
    (sketched,) = run().scenes
    assert {one.engine for one in sketched.elements} == {"sketch"}
    assert not sketched.preview
    monkeypatch.setattr(TONE, "ready", True)
    (real,) = run(engine="audiogen").scenes
    assert {entry["engine"] for entry in lock()["elements"].values()} == {"audiogen"}
    assert not real.preview
