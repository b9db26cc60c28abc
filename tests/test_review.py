"""``scenebuild diff`` on repositories that a test makes: what it finds, what it says, and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

import scenebuild.review.compare.audition
from engines_for_tests import TONE, CountingChildren
from revisions import (
    EDITED,
    PATH,
    SCENE,
    build,
    commit,
    diff,
    diff_json,
    fast_engines,
    files_of,
    git,
    needs_git,
    start_repository,
    statuses,
    write,
)
from scenebuild.cli import run
from scenebuild.mix.mixer import mix_scene
from scenebuild.review.checkout.comparison import opened
from scenebuild.review.compare.compare import compare
from scenebuild.review.compare.measurements import CompareOptions
from scenebuild.review.formats.markdown import MARKER
from scenebuild.review.model import ElementChange, FieldEdit, Pair, Review, SceneReview
from signals import ffmpeg_ebur128, needs_ffmpeg

pytestmark = needs_git


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


@pytest.fixture
def repository(project: Path) -> Path:
    """One commit: a scene, built, with its lock."""
    start_repository()
    write(SCENE)
    build()
    commit("one")
    return project


def edit() -> None:
    """The second commit: the volume of one element, the prompt of another."""
    write(EDITED)
    build()
    commit("two")


def reviewed(*arguments: str) -> Review:
    with opened(arguments, ()) as comparison:
        changes = compare(comparison, CompareOptions(os.environ["SCENEBUILD_STORE"]))
        return changes.review([changed.review for changed in changes.scenes])


# Two commits


def test_one_is_generated_again_and_one_is_mixed_again(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit()
    found = diff_json(capsys, "HEAD~1..HEAD")
    (scene,) = found["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert (scene["scene"], scene["status"], scene["basis"]) == (PATH, "changed", "sound")
    edits = {one["field"]: one for one in scene["edits"]}
    assert list(edits) == ["elements.rain.volume", "elements.dog.prompt"]
    volume = edits["elements.rain.volume"]
    assert (volume["base"], volume["head"]) == (0.7, 0.35)
    assert volume["head_place"] == {"file": PATH, "line": 7, "column": 13}
    assert next(one for one in scene["elements"] if one["name"] == "dog")["reason"] == "prompt changed"
    rain = next(one for one in scene["elements"] if one["name"] == "rain")
    assert rain["sound"]["change"]["loudness_lu"] == pytest.approx(-6.02, abs=0.02)
    assert rain["sound"]["change"]["words"] == ""
    text = diff(capsys, "HEAD~1..HEAD")
    assert "elements.rain.volume: 0.7 → 0.35  scenes/harbour.yaml:7" in text
    assert text.endswith("1 scene differs: 1 generated again, 1 mixed again\n")


@needs_ffmpeg
def test_the_change_in_loudness_is_the_one_that_ffmpeg_measures(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy("build/harbour/harbour.wav", tmp_path / "before.wav")
    edit()
    before, after = (ffmpeg_ebur128(path) for path in (tmp_path / "before.wav", Path("build/harbour/harbour.wav")))
    mix = diff_json(capsys, "HEAD~1..HEAD")["scenes"][0]["mix"]
    assert abs(after[0] - before[0]) > 0.5
    assert mix["change"]["loudness_lu"] == pytest.approx(after[0] - before[0], abs=0.1)
    assert mix["change"]["true_peak_db"] == pytest.approx(after[1] - before[1], abs=0.2)
    for side, measured in (("base", before), ("head", after)):
        assert mix[side]["loudness_lufs"] == pytest.approx(measured[0], abs=0.1)


def test_the_null_test_is_what_subtracting_the_files_gives(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = soundfile.read("build/harbour/harbour.wav")
    edit()
    after, _ = soundfile.read("build/harbour/harbour.wav")
    null = diff_json(capsys, "HEAD~1..HEAD")["scenes"][0]["null_test"]
    import numpy as np

    left = 10 * np.log10(np.mean((after - before) ** 2))
    louder = max(10 * np.log10(np.mean(one**2)) for one in (before, after))
    assert null["residual_dbfs"] == pytest.approx(left, abs=0.01)
    assert null["relative_db"] == pytest.approx(left - louder, abs=0.01)
    assert not null["identical"]


MIRRORED: dict[str, Any] = {"added": "removed", "removed": "added"}


def mirrored(found: Review) -> Review:
    """The review that the other direction must give."""
    return replace(
        found, before=found.after, after=found.before, scenes=tuple(_mirrored_scene(one) for one in found.scenes)
    )


def _mirrored_scene(scene: SceneReview) -> SceneReview:
    return replace(
        scene,
        status=MIRRORED.get(scene.status, scene.status),
        path=scene.old_path or scene.path,
        old_path=scene.path if scene.old_path else "",
        edits=tuple(sorted(map(_mirrored_edit, scene.edits), key=lambda one: one.field)),
        elements=tuple(sorted(map(_mirrored_element, scene.elements), key=lambda one: one.name)),
        mix=Pair(scene.mix.after, scene.mix.before),
        gain=scene.gain[::-1],
        problems=scene.problems[::-1],
    )


def _mirrored_edit(edit: FieldEdit) -> FieldEdit:
    return replace(
        edit,
        kind=MIRRORED.get(edit.kind, edit.kind),
        before=edit.after,
        after=edit.before,
        place_before=edit.place_after,
        place_after=edit.place_before,
    )


def _mirrored_element(one: ElementChange) -> ElementChange:
    return replace(
        one,
        status=MIRRORED.get(one.status, one.status),
        takes_before=one.takes_after,
        takes_after=one.takes_before,
        name=one.old_name or one.name,
        old_name=one.name if one.old_name else "",
        sound=Pair(one.sound.after, one.sound.before),
    )


def _without_places(found: Review) -> Review:
    """An element's place is of head, or of base where it is gone: that alone does not mirror."""
    from scenebuild.errors import Place

    return replace(
        found,
        scenes=tuple(
            replace(
                scene,
                edits=tuple(sorted(scene.edits, key=lambda one: one.field)),
                elements=tuple(
                    sorted((replace(one, place=Place("")) for one in scene.elements), key=lambda one: one.name)
                ),
            )
            for scene in found.scenes
        ),
    )


def test_the_other_direction_mirrors_everything(repository: Path) -> None:
    write(EDITED.replace("  bell:\n", "  gong:\n") + "  loudness: -20\n")
    write(SCENE, "scenes/second.yaml")
    build()
    commit("two")
    there, back = reviewed("HEAD~1", "HEAD"), reviewed("HEAD", "HEAD~1")
    assert {scene.status for scene in there.scenes} == {"changed", "added"}
    assert {one.status for one in there.elements("mixed", "generated", "added", "removed")} == {
        "mixed",
        "generated",
        "added",
        "removed",
    }
    assert _without_places(mirrored(there)) == _without_places(back)
    for name in ("loudness_lufs", "true_peak_dbtp", "length_s"):
        one, other = there.scenes[0].mix.change(name), back.scenes[0].mix.change(name)
        assert one is not None
        assert other == -one


# Nothing, and exit codes


def test_nothing_changed_is_an_empty_report(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit("nothing")
    for arguments in (["HEAD~1..HEAD"], ["HEAD"], []):
        assert diff(capsys, *arguments, "--exit-code") == ""
        assert diff_json(capsys, *arguments)["scenes"] == []
        lines = diff(capsys, "--format", "md", *arguments).splitlines()
        assert lines[0] == MARKER
        assert len(lines) == 2
        assert diff(capsys, "--format", "github", *arguments) == ""
        assert json.loads(diff(capsys, "--format", "sarif", *arguments))["runs"][0]["results"] == []
        assert "No scene differs" in diff(capsys, "--format", "html", *arguments)


def test_the_exit_code_tells_of_a_change_where_it_is_asked_to(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit()
    diff(capsys, "HEAD~1..HEAD")
    diff(capsys, "HEAD~1..HEAD", "--exit-code", code=1)
    assert diff(capsys, "HEAD~1..HEAD", "--exit-code", "-q", code=1) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("# A comment.", "# Another one.\n\n# And more."),
        lambda text: text.replace(
            "    prompt: soft rain\n    volume: 0.7\n", "    volume: 0.70\n    prompt: soft rain\n"
        ),
        lambda text: text.replace("prompt: soft rain", "prompt: >-\n      soft\n      rain"),
        lambda text: text.replace("duration: 4", "duration: 4.0"),
        lambda text: text + "x-note: mine\n",
    ],
    ids=["comment", "order", "folding", "zero", "note"],
)
def test_what_says_the_same_is_no_change(
    repository: Path, capsys: pytest.CaptureFixture[str], change: Callable[[str], str]
) -> None:
    assert change(SCENE) != SCENE
    write(change(SCENE))
    assert diff_json(capsys, "HEAD")["scenes"] == []


def test_only_what_changed_is_mixed(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        write(SCENE.replace("duration: 4", "duration: 2"), f"scenes/other{number}.yaml")
    build()
    commit("more")
    edit()
    mixed: list[str] = []

    def counted(scene: Any, *arguments: Any, **options: Any) -> Any:
        mixed.append(Path(scene.path).name)
        return mix_scene(scene, *arguments, **options)

    monkeypatch.setattr(scenebuild.review.compare.audition, "mix_scene", counted)
    found = diff_json(capsys, "HEAD~1..HEAD")
    assert mixed == ["harbour.yaml", "harbour.yaml"]
    assert found["looked_at"] == 7


def test_nothing_is_written_into_the_working_tree(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree("build")
    write(EDITED)
    before = files_of()
    diff(capsys, "HEAD", "-o", str(tmp_path / "out"))
    assert files_of() == before
    assert git("status", "--porcelain") == "M scenes/harbour.yaml"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"index.html", "diff.md", "diff.json", "harbour.png", "harbour.svg"}
    comment = (tmp_path / "out" / "diff.md").read_text(encoding="utf-8")
    assert "](index.html)" in comment
    assert "](harbour.png)" in comment
    assert json.loads((tmp_path / "out" / "diff.json").read_text(encoding="utf-8"))["scenes"]


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


# Scenes


def test_scenes_are_added_removed_and_renamed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        SCENE.replace("Harbour", "Gone").replace("rain", "wind").replace("church bell", "ship horn"), "scenes/gone.yaml"
    )
    write({"name": "Old", "elements": {"sea": {"prompt": "waves", "duration": 1}}}, "scenes/old.yaml")
    build()
    commit("three")
    for name in ("gone", "old"):
        Path(f"scenes/{name}.lock.json").unlink()
    Path("scenes/gone.yaml").unlink()
    Path("scenes/old.yaml").rename("scenes/renamed.yaml")
    write(
        {"name": "New", "elements": {"wolf": {"prompt": "a wolf howling", "duration": 1, "pan": 0.5}}},
        "scenes/new.yaml",
    )
    build()
    commit("four")
    found = {one["scene"]: one for one in diff_json(capsys, "HEAD~1..HEAD")["scenes"]}
    assert {path: one["status"] for path, one in found.items()} == {
        "scenes/gone.yaml": "removed",
        "scenes/new.yaml": "added",
        "scenes/renamed.yaml": "renamed",
    }
    assert found["scenes/renamed.yaml"]["renamed_from"] == "scenes/old.yaml"
    assert found["scenes/renamed.yaml"]["null_test"]["identical"]
    assert statuses(found["scenes/new.yaml"]) == {"wolf": "added"}
    assert statuses(found["scenes/gone.yaml"]) == {"wind": "removed", "bell": "removed", "dog": "removed"}
    assert found["scenes/new.yaml"]["mix"]["base"] is None


def test_an_element_that_plays_the_same_take_under_another_name_is_renamed(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(SCENE.replace("    prompt: a church bell\n", "    prompt: a church bell\n    seed: 7\n"))
    build()
    commit("seeded")
    write(Path(PATH).read_text().replace("bell:", "gong:"))
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"gong": "renamed"}
    assert scene["elements"][0]["renamed_from"] == "bell"
    assert scene["null_test"]["identical"]


def test_variants_are_scenes_of_their_own(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forest = (
        "name: Forest\nelements:\n  wind: {prompt: wind in trees, duration: 1}\n"
        "variants:\n  day: {}\n  night:\n    elements:\n      owl: {prompt: an owl, duration: 1, volume: 0.8}\n"
    )
    write(forest, "scenes/forest.yaml")
    build()
    commit("forest")
    write(forest.replace("volume: 0.8", "volume: 0.4"), "scenes/forest.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["scene"] == "scenes/forest.yaml@night"
    assert statuses(scene) == {"owl": "mixed"}
    assert scene["edits"][0]["head_place"]["line"] == 8
    assert diff_json(capsys, "HEAD", "--", "scenes/forest.yaml@day")["scenes"] == []
    assert len(diff_json(capsys, "HEAD", "--", "scenes/forest.yaml@night")["scenes"]) == 1


def test_an_edit_in_a_file_that_others_extend_is_told_where_it_stands(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("name: Base\nelements:\n  wind: {prompt: wind, duration: 1, volume: 0.8}\n", "scenes/_base.yaml")
    write("extends: _base.yaml\nname: Child\n", "scenes/child.yaml")
    build()
    commit("base")
    write(Path("scenes/_base.yaml").read_text().replace("0.8", "0.4"), "scenes/_base.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["scene"] == "scenes/child.yaml"
    assert scene["edits"][0]["head_place"]["file"] == "scenes/_base.yaml"


def test_a_scene_that_can_not_be_read_keeps_no_other_from_being_compared(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(SCENE, "scenes/other.yaml")
    build()
    commit("other")
    write(SCENE.replace("volume:", "volumn:"))
    write(EDITED, "scenes/other.yaml")
    broken, other = diff_json(capsys, "HEAD")["scenes"]
    assert broken["status"] == "unreadable"
    assert broken["problems"]["base"] == []
    assert broken["problems"]["head"][0]["message"].startswith("volumn")
    assert broken["problems"]["head"][0]["file"] == PATH
    assert broken["notes"] == [], "nobody looked for its lock"
    assert other["status"] == "changed"
    write("name: [", PATH)
    commit("broken")
    (one, _) = diff_json(capsys, "HEAD~1", "HEAD")["scenes"]
    assert one["problems"]["head"][0]["file"] == PATH, "not the folder of the copy"


def test_a_recording_that_changed_is_another_take(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/sounds").mkdir()
    soundfile.write("scenes/sounds/a.wav", [0.1, -0.1] * 12000, 24000)
    write("name: R\nelements:\n  hum: {file: sounds/a.wav}\n", "scenes/recorded.yaml")
    build()
    commit("recording")
    soundfile.write("scenes/sounds/a.wav", [0.2, -0.2] * 12000, 24000)
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"hum": "generated"}
    assert scene["elements"][0]["reason"] == "recording changed"
    assert (scene["basis"], scene["edits"]) == ("sound", [])


# Sides


def test_two_folders_are_compared(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree("scenes", tmp_path / "old" / "scenes")
    edit()
    found = diff_json(capsys, str(tmp_path / "old"), ".")
    (scene,) = found["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert scene["scene"] == PATH


@pytest.mark.parametrize("stems", [True, False])
def test_two_builds_are_compared(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stems: bool
) -> None:
    flags = ["--stems"] if stems else []
    assert run(["build", "scenes", "-q", "-o", str(tmp_path / "one"), *flags]) == 0
    write(EDITED)
    assert run(["build", "scenes", "-q", "-o", str(tmp_path / "two"), *flags]) == 0
    for one, other in ((tmp_path / "one", tmp_path / "two"), (tmp_path / "one/harbour", tmp_path / "two/harbour")):
        (scene,) = diff_json(capsys, str(one), str(other))["scenes"]
        expected = {"rain": "mixed", "dog": "generated"} if stems else {"dog": "generated"}
        assert statuses(scene) == expected
        assert scene["mix"]["change"]["loudness_lu"] < -0.5
        assert scene["null_test"]["residual_dbfs"] < 0
    assert diff_json(capsys, str(tmp_path / "one"), str(tmp_path / "one"))["scenes"] == []


def test_the_default_is_what_the_branch_changed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "-b", "topic")
    edit()
    git("checkout", "-q", "main")
    write(SCENE, "scenes/elsewhere.yaml")
    commit("main went on")
    git("checkout", "-q", "topic")
    (scene,) = diff_json(capsys)["scenes"]
    assert scene["scene"] == PATH, "not what main did meanwhile"
    assert {one["scene"] for one in diff_json(capsys, "main..topic")["scenes"]} == {PATH, "scenes/elsewhere.yaml"}


def test_one_revision_is_held_against_the_files_as_they_are(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(EDITED)
    write(SCENE, "scenes/untracked.yaml")
    found = {one["scene"]: one["status"] for one in diff_json(capsys, "main")["scenes"]}
    assert found == {PATH: "changed", "scenes/untracked.yaml": "added"}
    only = diff_json(capsys, "main", "--", PATH)["scenes"]
    assert [one["scene"] for one in only] == [PATH]


def test_a_project_in_a_folder_of_a_repository_is_told_as_git_does(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_repository()
    Path("audio").mkdir()
    Path("audio/scenebuild.toml").write_text("")
    write(SCENE, "audio/scenes/harbour.yaml")
    write(SCENE, "scenes/of_another_project.yaml")
    monkeypatch.chdir("audio")
    build()
    commit("one")
    write(EDITED)
    write(EDITED, "../scenes/of_another_project.yaml")
    commit("two")
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert scene["scene"] == "audio/scenes/harbour.yaml"
    assert scene["edits"][0]["head_place"]["file"] == "audio/scenes/harbour.yaml"
    monkeypatch.chdir("scenes")
    assert len(diff_json(capsys, "HEAD~1..HEAD", "--", "harbour.yaml")["scenes"]) == 1


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["diff", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_what_can_not_be_compared_is_a_usage_error(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "'nowhere' is no revision of this repository" in complaint(capsys, "nowhere")
    assert "scenebuild diff -- scenes" in complaint(capsys, "scenes")
    assert "leads out of the project" in complaint(capsys, "HEAD", "--", "../elsewhere.yaml")
    assert "is on neither side" in complaint(capsys, "HEAD", "--", "scenes/none.yaml")
    assert "too many" in complaint(capsys, "a", "b", "c")
    assert "--out" in complaint(capsys, "HEAD", "--video")
    git("checkout", "-q", "--orphan", "alone")
    commit("alone")
    assert "no commit in common" in complaint(capsys, "main...alone")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in complaint(capsys, "HEAD")


def test_outside_of_a_repository_two_folders_are_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no git repository; compare two folders instead" in complaint(capsys, "HEAD")


def test_a_shallow_clone_is_told_what_it_lacks(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "-q", "-b", "topic")
    edit()
    git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repository}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert "fetch-depth: 0" in complaint(capsys, "origin/main...HEAD")


# Safety


@pytest.mark.parametrize("name", ["--output=canary", "-p", "--help-all", "HEAD\nx"])
def test_a_revision_is_never_an_option_of_git(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    with opened_error() as said:
        opened([name], ()).__enter__()
    assert "is no revision" in str(said.value)
    assert not Path("canary").exists()


def opened_error() -> Any:
    from scenebuild.errors import UsageError

    return pytest.raises(UsageError)


def test_nothing_that_a_repository_configures_is_run(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Filters, textconv and the file system monitor come from its configuration; what an archive leaves out does not
    hide from a review."""
    canary = "sh -c 'touch canary; cat'"
    for name in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor"):
        git("config", name, canary)
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        path = Path(".git/hooks", hook)
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\ntouch canary\n")
        path.chmod(0o755)
    Path(".gitattributes").write_text("*.yaml filter=evil diff=evil export-ignore\n*.json export-subst\n")
    git("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "filter.evil.clean=cat", "add", "-A")
    write(EDITED)
    Path("canary").unlink(missing_ok=True)
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert not Path("canary").exists()


def test_a_link_in_an_old_commit_leads_nowhere_outside(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "secret.wav", [0.1, -0.1] * 4000, 8000)
    Path("scenes/sounds").symlink_to(tmp_path)
    write("name: S\nelements:\n  a: {file: sounds/secret.wav}\n", "scenes/secret.yaml")
    commit("link")
    shutil.move("scenes/secret.yaml", "scenes/.secret.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["status"] == "unreadable" or scene["basis"] == "locks"
    assert scene["problems"]["base"], "a recording outside of the project is not read"


@pytest.mark.parametrize(
    "facts",
    [
        {"length_s": "long"}, {"length_s": 1e999}, {"length_s": 10**400}, {"loudness_lufs": "<script>"},
        {"loudness_lufs": [1]}, {"peak_dbfs": {"a": 1}, "true_peak_dbtp": True}, {"engine": "no-such-engine"},
        {"prompt": ["x"]}, {"model": "/etc/passwd"}, {"precision": "\x1b[31m"}, {"seed": -1}, {"licence": 7},
    ],
    ids=str,
)  # fmt: skip
def test_odd_facts_in_a_lock_break_no_review(
    repository: Path, capsys: pytest.CaptureFixture[str], facts: dict[str, Any]
) -> None:
    lock = json.loads(Path("scenes/harbour.lock.json").read_text())
    lock["elements"]["dog"].update(facts)
    lock["mix"].update(facts)
    text = json.dumps(lock).replace("Infinity", "1e999")
    Path("scenes/harbour.lock.json").write_text(text)
    for style in ("text", "md", "json"):
        said = diff(capsys, "HEAD", "--locks-only", "--format", style)
        assert "<script" not in said
        assert "\x1b" not in said


def test_no_link_in_a_copy_leads_out_of_it(repository: Path, tmp_path: Path) -> None:
    """Not by itself, and not through another; and nothing is written through one, as a tree made by hand could ask."""
    (tmp_path / "outside").mkdir()
    Path("scenes/up").symlink_to("../..")
    Path("scenes/absolute").symlink_to(tmp_path / "outside")
    Path("scenes/deep").mkdir()
    Path("scenes/deep/self").symlink_to(".")
    Path("scenes/through").symlink_to("deep/self/self/self/../../../..")
    Path("scenes/inside").symlink_to("harbour.yaml")
    commit("links")
    blob = git("rev-parse", "HEAD:scenes/harbour.yaml")
    listing = git("ls-tree", "HEAD:scenes")
    evil = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        input=str(tmp_path / "outside"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    inner = _tree(f"100644 blob {blob}\tescaped.yaml\n")
    scenes = _tree(f"{listing}\n120000 blob {evil}\tout\n040000 tree {inner}\tout\n")
    tree = _tree(f"040000 tree {scenes}\tscenes\n")
    forged = git("commit-tree", tree, "-m", "forged")
    for commit_name in ("HEAD", forged):
        with opened([commit_name, "HEAD~1"], ()) as comparison:
            root = Path(comparison.before.root)
            links = [path for path in root.rglob("*") if path.is_symlink()]
            assert all(path.resolve().is_relative_to(root) for path in links)
            assert {path.name for path in links} >= {"inside", "self"}
    assert list((tmp_path / "outside").iterdir()) == []


def _tree(listing: str) -> str:
    made = subprocess.run(["git", "mktree"], input=listing, capture_output=True, text=True, check=True)
    return made.stdout.strip()


def test_a_link_within_the_project_is_followed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sounds").mkdir()
    soundfile.write("sounds/a.wav", [0.1, -0.1] * 4000, 8000)
    Path("scenes/sounds").symlink_to("../sounds")
    write("name: S\nelements:\n  a: {file: sounds/a.wav}\n", "scenes/linked.yaml")
    build()
    commit("link")
    write("name: S\nelements:\n  a: {file: sounds/a.wav, volume: 0.5}\n", "scenes/linked.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert (scene["status"], scene["basis"]) == ("changed", "sound")
    assert statuses(scene) == {"a": "mixed"}


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 16044\n"


@pytest.mark.parametrize("kept", [True, False])
def test_a_recording_that_git_lfs_keeps(repository: Path, capsys: pytest.CaptureFixture[str], kept: bool) -> None:
    """In the commit there is only a pointer. What it stands for may lie in the repository's own store of large files;
    if it does not, the lock tells."""
    from scenebuild.store.digest import digest_file

    Path("scenes/sounds").mkdir()
    sound = Path("scenes/sounds/a.wav")
    soundfile.write(sound, [0.1, -0.1] * 4000, 8000)
    write("name: S\nelements:\n  a: {file: sounds/a.wav}\n", "scenes/large.yaml")
    build()
    digest, content = digest_file(str(sound)), sound.read_bytes()
    sound.write_text(POINTER.format(digest))
    commit("pointer")
    sound.write_bytes(content)
    if kept:
        large = Path(".git/lfs/objects", digest[:2], digest[2:4], digest)
        large.parent.mkdir(parents=True)
        large.write_bytes(content)
    write("name: S\nelements:\n  a: {file: sounds/a.wav, volume: 0.5}\n", "scenes/large.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"a": "mixed"}
    assert scene["basis"] == ("sound" if kept else "locks")
    if not kept:
        assert scene["why"] == [
            f"HEAD ({git('rev-parse', 'HEAD')[:7]}): scenes/sounds/a.wav is kept by Git LFS and is not here"
        ]


def test_no_control_character_reaches_a_terminal(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(SCENE, "scenes/a\x1b[31mred.yaml")
    text = diff(capsys, "HEAD", "--color", "never", "--locks-only")
    assert "\x1b" not in text
    assert "\\x1b[31mred.yaml" in text
    coloured = diff(capsys, "HEAD", "--color", "always", "--locks-only")
    assert "\x1b[31mred" not in coloured


def test_an_element_of_a_null_that_is_not_possible_says_why(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(SCENE + "  sample_rate: 44100\n")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["null_test"]["not_possible"] == "the sample rates differ: 48000 Hz and 44100 Hz"
    assert "not possible" in diff(capsys, "HEAD")


def test_the_module_runs_as_a_command(repository: Path) -> None:
    """By itself, with child processes and all."""
    write(EDITED)
    done = subprocess.run(
        [sys.executable, "-m", "scenebuild", "diff", "HEAD", "--exit-code"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 generated again, 1 mixed again" in done.stdout
