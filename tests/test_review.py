"""``scenebuild diff`` on repositories that a test makes: what changed between two commits, and in which scenes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

import scenebuild.review.compare.audition
from revisions import (
    EDITED,
    PATH,
    SCENE,
    build,
    commit,
    diff,
    diff_json,
    edit,
    fast,
    files_of,
    git,
    needs_git,
    repository,
    statuses,
    write,
)
from scenebuild.mix.mixer import mix_scene
from scenebuild.review.checkout.comparison import opened
from scenebuild.review.compare.compare import compare
from scenebuild.review.compare.measurements import CompareOptions
from scenebuild.review.formats.markdown import MARKER
from scenebuild.review.model import ElementChange, FieldEdit, Pair, Review, SceneReview
from signals import ffmpeg_ebur128, needs_ffmpeg

__all__ = ["fast", "repository"]
pytestmark = needs_git


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
