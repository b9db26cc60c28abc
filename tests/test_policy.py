"""Policies of commercial use: a forbidden build generates nothing and loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engines_for_tests import MISBEHAVING, TONE, TONE_FACTS, CountingChildren
from scenebuild.build import plan
from scenebuild.cli import run as command
from scenebuild.cli.options import Flags
from scenebuild.config import read_config
from scenebuild.errors import PolicyError, SceneError, UsageError
from scenebuild.plan.mix_licence import forbids_commerce
from scenebuild.scene.read import read_scene
from tone_builds import SCENE, calls, changed, lock, outputs, run, write

__all__ = ["calls"]  # the fixture that counts engine calls

# The same engine under a licence that allows everything.
FREE = replace(
    TONE_FACTS, licence="CC0-1.0", models=tuple(replace(model, licence="CC0-1.0") for model in TONE_FACTS.models)
)
POLICY = {"policy": {"commercial": True}}
ADVICE = (
    "write engine: sketch, or file: with a recording that you may sell, or a model whose licence allows commercial use"
)


def refused(**settings: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        run(**settings)
    assert caught.value.exit_code == 3
    return str(caught.value)


def everything() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file()}


def test_a_non_commercial_take_is_refused_before_anything_is_generated(project: Path, calls: list[str]) -> None:
    Path("scenes/test.yaml").write_text(
        "name: X\npolicy: {commercial: true}\nelements:\n"
        "  drawn: {prompt: rain, engine: sketch, duration: 0.2}\n"
        "  hum:\n    prompt: a hum\n    engine: audiogen\n    duration: 0.2\n"
        "  thud: {prompt: a thud, engine: audiogen, duration: 0.2}\n"
    )
    before = everything()
    assert refused().splitlines() == [
        "scenes/test.yaml:6:13: hum: commercial use is asked for, but the take is of Tone (tone-small), whose licence"
        " CC-BY-NC-4.0 forbids it",
        "scenes/test.yaml:9:18: thud: commercial use is asked for, but the take is of Tone (tone-small), whose licence"
        " CC-BY-NC-4.0 forbids it",
        f"replace hum, thud: {ADVICE}",
        "the policy stands in scenes/test.yaml:2:22; nothing was made and no take is lost",
    ]
    assert calls == []
    assert everything() == before


def test_sketches_and_own_recordings_do_not_inherit_it(project: Path, root: Path) -> None:
    Path("scenes/bell.wav").write_bytes((root / "scenes" / "sounds" / "shop_bell.wav").read_bytes())
    elements = {"rain": {"prompt": "rain", "engine": "sketch", "duration": 0.2}, "bell": {"file": "bell.wav"}}
    write({"name": "X", **POLICY, "elements": elements})
    (scene,) = run().scenes
    assert scene.status == "built"
    assert lock()["mix"]["licence"] == "CC0-1.0, and the recordings' own terms"


def test_another_engine_for_all_satisfies_it(project: Path) -> None:
    write({**SCENE, **POLICY})
    refused()
    (scene,) = run(engine="sketch").scenes
    assert scene.status == "built"
    assert {one.engine for one in scene.elements} == {"sketch"}


def test_takes_at_hand_and_locked_takes_are_refused_and_kept(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    built, pinned = outputs(), lock()
    calls.clear()
    write({**SCENE, **POLICY})
    said = refused()
    assert [line.split(": ")[1] for line in said.splitlines()[:3]] == ["one", "two", "three"]
    assert said.endswith("no take is lost (scenes/test.lock.json is left as it is)")
    assert (outputs(), lock()) == (built, pinned)
    write(SCENE)
    assert run().scenes[0].status in ("built", "up-to-date")
    assert calls == []


def test_the_licence_of_today_counts_not_that_of_the_day_when_a_take_was_made(
    project: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways: what is corrected in the list reaches the takes that are there; none is made again."""
    write(SCENE)
    monkeypatch.setattr(TONE, "facts", FREE)
    run()
    assert lock()["mix"]["licence"] == "CC0-1.0"
    monkeypatch.setattr(TONE, "facts", TONE_FACTS)
    calls.clear()
    write({**SCENE, **POLICY})
    assert [line.split(": ")[1] for line in refused().splitlines()[:3]] == ["one", "two", "three"]
    write(changed(one__volume=0.3))
    run()
    assert {entry["licence"] for entry in lock()["elements"].values()} == {"CC-BY-NC-4.0"}
    assert lock()["mix"]["licence"] == "CC-BY-NC-4.0"
    monkeypatch.setattr(TONE, "facts", FREE)
    write({**SCENE, **POLICY})
    assert run().scenes[0].status == "built"
    assert lock()["mix"]["licence"] == "CC0-1.0"
    assert calls == []


def test_with_keep_going_the_other_scenes_are_built(project: Path) -> None:
    write({**SCENE, **POLICY})
    write(changed(one__volume=0.2), "scenes/other.yaml")
    result = run("scenes/test.yaml", "scenes/other.yaml", keep_going=True)
    assert [(one.status, one.exit_code) for one in result.scenes] == [("failed", 3), ("built", 0)]
    assert "forbids it" in str(result.scenes[0].errors[0])
    assert result.exit_code == 3


def test_mistakes_in_scenes_go_before_the_policy(project: Path) -> None:
    write({**SCENE, **POLICY})
    Path("scenes/bad.yaml").write_text("name: X\nelements: {}\n")
    with pytest.raises(SceneError):
        run("scenes/test.yaml", "scenes/bad.yaml")


def test_the_plan_says_what_the_build_would(project: Path, calls: list[str]) -> None:
    write({**SCENE, **POLICY})
    with pytest.raises(PolicyError):
        plan(["scenes/test.yaml"], Flags(store="store").settings())


@pytest.mark.parametrize(
    ("file", "text"),
    [("scenebuild.toml", "commercial = true\n"), ("pyproject.toml", "[tool.scenebuild]\ncommercial = true\n")],
)
def test_the_configuration_of_a_project_asks_for_all_its_scenes(file: str, text: str, project: Path) -> None:
    Path(file).write_text(text)
    write(changed(policy={"commercial": False}))
    said = refused()
    assert said.count("forbids it") == 3


def test_it_says_that_the_configuration_asks(project: Path) -> None:
    Path("scenebuild.toml").write_text("commercial = true\n")
    write(SCENE)
    assert "the policy stands in the configuration (commercial = true); nothing was made" in refused()


def test_each_scene_goes_by_the_configuration_of_its_own_project(project: Path) -> None:
    """Also where the one was up to date before: what a project asks for depends on no other."""
    other = project.parent / "other" / "scenes"
    other.mkdir(parents=True)
    (other.parent / "scenebuild.toml").write_text("commercial = true\n")
    write(SCENE)
    write(SCENE, str(other / "strict.yaml"))
    result = run("scenes/test.yaml", str(other / "strict.yaml"), keep_going=True)
    assert [one.status for one in result.scenes] == ["built", "failed"]


def test_a_policy_that_comes_later_is_seen_by_a_build_that_had_nothing_to_do(project: Path) -> None:
    write(SCENE)
    assert run().scenes[0].status == "built"
    assert run().scenes[0].status == "up-to-date"
    Path("scenebuild.toml").write_text("commercial = true\n")
    refused()


def test_a_checkout_can_ask_for_more_than_its_user_not_for_less(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    monkeypatch.setattr("scenebuild.config.user_file", lambda: str(own))
    for user, theirs, wanted in ((False, False, False), (True, False, True), (False, True, True), (True, None, True)):
        own.write_text(f"commercial = {str(user).lower()}\n")
        Path("scenebuild.toml").write_text("" if theirs is None else f"commercial = {str(theirs).lower()}\n")
        assert read_config(str(project)).commercial is wanted


@pytest.mark.parametrize("value", ["1", '"yes"', "[]"])
def test_the_setting_is_true_or_false(value: str, project: Path) -> None:
    Path("scenebuild.toml").write_text(f"commercial = {value}\n")
    with pytest.raises(UsageError, match="is of the wrong type; write for example: commercial = true"):
        read_config(str(project))


def test_jobs_is_still_no_truth_value(project: Path) -> None:
    Path("scenebuild.toml").write_text("jobs = true\n")
    with pytest.raises(UsageError, match="of the wrong type"):
        read_config(str(project))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("policy: {comercial: true}", "2:10: comercial: is not a field of policy. Did you mean commercial?"),
        ("policy: {commercial: yes}", "2:22: commercial: 'yes' is text, not true or false; write true"),
        ("policy: true", "2:9: policy: true is not a set of fields; write one such as {commercial: true}"),
        ("commercial: true", "2:1: commercial: is not a field of a scene; it is one of policy"),
    ],
)
def test_a_policy_is_read_strictly(policy: str, message: str, project: Path) -> None:
    Path("scenes/test.yaml").write_text(f"name: X\n{policy}\nelements: {{a: {{prompt: rain}}}}\n")
    with pytest.raises(SceneError) as caught:
        read_scene("scenes/test.yaml")
    assert str(caught.value) == f"scenes/test.yaml:{message}"


def test_no_policy_is_no_restriction(project: Path) -> None:
    policies: list[dict[str, Any]] = [{}, {"policy": {}}, {"policy": {"commercial": False}}]
    for policy in policies:
        write({**SCENE, **policy})
        assert read_scene("scenes/test.yaml").commercial is False
    write({**SCENE, **POLICY})
    assert read_scene("scenes/test.yaml").commercial is True


def test_the_command_exits_3_with_the_names(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write({**SCENE, **POLICY})
    assert command(["scenes/test.yaml"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("forbids it") == 3
    assert "Traceback" not in captured.err
    assert command(["scenes/test.yaml", "--json", "--keep-going"]) == 3
    assert json.loads(capsys.readouterr().out)["scenes"][0]["exit_code"] == 3


@pytest.mark.parametrize(
    ("licence", "forbidden"),
    [
        ("CC-BY-NC-4.0", True), ("CC-BY-NC-SA-4.0", True), ("CC-BY-NC-ND-3.0-DE", True), ("cc-by-nc-4.0", True),
        ("CC0-1.0", False), ("CC-BY-4.0", False), ("MIT", False), ("NCSA", False), ("as recorded", False), ("", False),
    ],
)  # fmt: skip
def test_non_commercial_is_told_by_the_id(licence: str, forbidden: bool) -> None:
    assert forbids_commerce(licence) is forbidden


def test_the_engines_of_these_tests_are_what_they_are_taken_for() -> None:
    assert TONE.facts.licence == MISBEHAVING.facts.licence == "CC-BY-NC-4.0"
    assert CountingChildren.calls == []
