"""``scenebuild diff`` from the lockfiles alone, and where they are missing, old or broken."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import scenebuild.review.compare.audition
from engines_for_tests import TONE, CountingChildren
from revisions import (
    EDITED,
    SCENE,
    build,
    commit,
    diff,
    diff_json,
    edit,
    fast,
    git,
    needs_git,
    repository,
    statuses,
    write,
)

__all__ = ["fast", "repository"]
pytestmark = needs_git


# From the locks alone


def test_without_the_sound_the_locks_tell_and_the_report_says_so(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(SCENE.replace("engine: sketch", "engine: audiogen"))
    build()
    commit("by a model")
    write(EDITED.replace("engine: sketch", "engine: audiogen"))
    build()
    commit("edited")
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    monkeypatch.setattr(TONE, "ready", False)
    CountingChildren.calls.clear()
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert CountingChildren.calls == []
    assert scene["basis"] == "locks"
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert any("rain: its take (Tone) is not in the store" in line for line in scene["why"])
    locks = [json.loads(git("show", f"{one}:scenes/harbour.lock.json")) for one in ("HEAD~1", "HEAD")]
    loudness = [lock["mix"]["loudness_lufs"] for lock in locks]
    assert scene["mix"]["change"]["loudness_lu"] == pytest.approx(loudness[1] - loudness[0], abs=1e-6)
    dog = next(one for one in scene["elements"] if one["name"] == "dog")
    assert dog["measured"] == "take"
    assert dog["sound"]["head"]["loudness_lufs"] == locks[1]["elements"]["dog"]["loudness_lufs"]
    text = diff(capsys, "HEAD~1..HEAD")
    assert "numbers from the lockfiles" in text


def test_only_the_locks_are_looked_at_where_that_is_asked_for(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit()
    monkeypatch.delattr(scenebuild.review.compare.audition, "mix_scene")
    (scene,) = diff_json(capsys, "HEAD~1..HEAD", "--locks-only")["scenes"]
    assert (scene["basis"], scene["null_test"]) == ("locks", None)
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert scene["mix"]["change"]["loudness_lu"] < -0.5


def test_an_edit_that_was_not_built_yet_is_told_without_a_take_of_a_model(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock's own engine is still the one that is wanted, and a sketch is no stand-in for its take."""
    Path("scenes/harbour.lock.json").unlink()
    write(SCENE.replace(", engine: sketch", ""))
    build()
    commit("by a model")
    monkeypatch.setattr(TONE, "ready", False)
    write(EDITED.replace(", engine: sketch", ""))
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert scene["basis"] == "locks"
    assert scene["elements"][1]["reason"] == "prompt changed; not made yet"
    assert any("was not made yet" in line for line in scene["why"])
    assert any("older than the scene (dog:" in note for note in scene["notes"])


def test_sketches_that_the_store_has_lost_are_made_again(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert scene["basis"] == "sound"
    assert scene["notes"] == []


def test_another_take_of_the_same_request_is_another_take(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = json.loads(Path("scenes/harbour.lock.json").read_text())
    lock["elements"]["dog"]["digest"] = "0" * 64
    Path("scenes/harbour.lock.json").write_text(json.dumps(lock))
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"dog": "generated"}
    assert scene["elements"][0]["reason"] == "another take of the same request"
    assert scene["edits"] == []
    assert any("dog: the take made here is not the one that the lock pins" in note for note in scene["notes"]) or any(
        "dog" in line for line in scene["why"]
    )


def test_a_lock_that_is_gone_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/harbour.lock.json").unlink()
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["notes"] == ["the working tree: the scene has no lockfile"]
    assert statuses(scene) == {}
    assert scene["null_test"]["identical"]
    assert "identical, to the bit" in diff(capsys, "HEAD")


def test_a_lock_that_was_old_before_is_no_change(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(EDITED)
    commit("not built")
    write(EDITED.replace("# A comment.", "# Another one."))
    assert diff_json(capsys, "HEAD")["scenes"] == []
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert [note.partition(" the lockfile")[0] for note in scene["notes"]] == [
        f"HEAD ({git('rev-parse', 'HEAD')[:7]}):"
    ]
    assert scene["notes"] == diff_json(capsys, "HEAD..HEAD~1")["scenes"][0]["notes"]


def test_what_only_the_lock_says_of_the_mix_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As after an update of the mixer."""
    lock = json.loads(Path("scenes/harbour.lock.json").read_text())
    lock["mix"]["loudness_lufs"] += 0.5
    Path("scenes/harbour.lock.json").write_text(json.dumps(lock))
    (scene,) = diff_json(capsys, "HEAD", "--locks-only")["scenes"]
    assert (scene["edits"], scene["elements"]) == ([], [])
    assert scene["mix"]["change"]["loudness_lu"] == pytest.approx(0.5)


def test_an_engine_that_the_configuration_changes_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(SCENE.replace(", engine: sketch", ""))
    Path("scenebuild.toml").write_text('engine = "sketch"\n')
    build()
    commit("configured")
    Path("scenebuild.toml").write_text('engine = "audiogen"\n')
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert set(statuses(scene).values()) == {"generated"}
    assert scene["elements"][0]["reason"] == "engine changed from sketch to audiogen"


def test_of_a_project_without_a_folder_of_scenes_every_scene_counts(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(SCENE, "storm.yaml")
    write("on: push\njobs: {a: {steps: []}}\n", "workflow.yaml")
    for name in os.listdir("scenes"):
        Path("scenes", name).unlink()
    Path("scenes").rmdir()
    build("storm.yaml")
    commit("flat")
    write(EDITED, "storm.yaml")
    write("on: pull_request\n", "workflow.yaml")
    assert [one["scene"] for one in diff_json(capsys, "HEAD")["scenes"]] == ["storm.yaml"]


def test_a_lock_with_a_conflict_is_told_with_the_path_of_the_project(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("scenes/harbour.lock.json").write_text("<<<<<<< ours\n")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["notes"][0].startswith("the working tree: scenes/harbour.lock.json:1:1: the lockfile holds a merge")
