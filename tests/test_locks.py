"""``validate --locks-only``: whether each lock matches its scene, without takes or models on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from locks import lock_as_audiogen
from scenebuild.cli import run

SCENE = "name: Porch\nelements:\n  rain:\n    prompt: steady rain\n    duration: 0.3\n"
PATH = "scenes/porch.yaml"


@pytest.fixture
def built(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project with one scene that was built."""
    Path(PATH).write_text(SCENE)
    assert run(["build", PATH]) == 0
    capsys.readouterr()
    return project


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and what was said."""
    code = run(["validate", "--locks-only", *(arguments or ("scenes",))])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_a_scene_that_was_built_fits_and_a_volume_changes_nothing(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(capsys) == (0, "1 scene matches its lock\n")
    Path(PATH).write_text(SCENE + "    volume: 0.5\n")
    assert answer(capsys, "-q", "scenes") == (0, "")


def test_what_the_lock_does_not_say_is_named_with_its_line(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(PATH).write_text(SCENE.replace("steady rain", "gentle rain") + "  wind:\n    prompt: wind\n")
    code, said = answer(capsys)
    assert code == 3
    assert said == (
        "scenes/porch.yaml:3:3: rain: prompt changed, and scenes/porch.lock.json does not say so; "
        "build the scene and commit the lock\n"
        "scenes/porch.yaml:6:3: wind: new element, and scenes/porch.lock.json does not say so; "
        "build the scene and commit the lock\n"
    )
    Path(PATH).write_text("name: Porch\nelements:\n  wind: {prompt: wind}\n")
    assert "scenes/porch.lock.json:1:1: rain: is in the lock, but no longer in the scene" in answer(capsys)[1]


def test_takes_that_this_machine_neither_has_nor_can_make_are_no_news(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(PATH).write_text(SCENE)
    lock_as_audiogen(PATH)
    assert run(["plan", PATH, "--frozen"]) == 3, "a plan asks what can be had here"
    capsys.readouterr()
    assert answer(capsys) == (0, "1 scene matches its lock\n")
    Path(PATH).write_text(SCENE.replace("steady", "gentle"))
    code, said = answer(capsys)
    assert code == 3
    assert "rain: prompt changed, and" in said, "and not that the engine did"


def test_a_lock_that_is_not_there_or_can_not_be_read(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = Path("scenes/porch.lock.json")
    lock.write_text("<<<<<<< ours\n" + lock.read_text())
    code, said = answer(capsys)
    assert (code, said.split(": ")[0]) == (3, "scenes/porch.lock.json:1:1")
    assert "merge conflict" in said
    lock.unlink()
    assert answer(capsys) == (
        3,
        "scenes/porch.yaml:1:1: there is no scenes/porch.lock.json; build the scene and commit the lock\n",
    )
    Path(PATH).write_text("name: Porch\n")
    assert answer(capsys)[0] == 1, "a scene that cannot be read is no matter of its lock"


def test_each_variant_has_a_lock_of_its_own_and_programs_are_answered_too(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(PATH).write_text(SCENE + "variants:\n  day: {}\n  night: {}\n")
    assert run(["build", PATH]) == 0
    Path("scenes/porch@night.lock.json").unlink()
    capsys.readouterr()
    code, said = answer(capsys, "--format", "github", "scenes")
    assert code == 3
    assert said.startswith("::error file=scenes/porch.yaml,line=1,col=1,title=lock::there is no scenes/porch@night")
    code, said = answer(capsys, "--format", "sarif", "scenes")
    (found,) = json.loads(said)["runs"][0]["results"]
    assert found["ruleId"] == "lock"
