"""The lint of a scene: where findings stand, which engine they are about, how they are silenced, what the verbs say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenebuild.cli import run
from scenebuild.errors import Place, Problem
from scenebuild.plan.models import findings_about
from scenebuild.scene.check.rulebook import RULES
from scenebuild.scene.lint.comments import read_comments
from scenebuild.scene.lint.rulebook import LINT_RULES

PATH = "scenes/test.yaml"


def lint(text: str, path: str = PATH) -> list[Problem]:
    Path(path).write_text(text, encoding="utf-8")
    return findings_about(path)


def found(text: str) -> list[tuple[str, int, int]]:
    return [(one.rule, one.place.line, one.place.column) for one in lint(text)]


def test_a_finding_is_a_warning_at_its_prompt(project: Path) -> None:
    (one,) = lint("name: X\nelements:\n  a: {prompt: rain}\n  b:\n    volume: 1\n    prompt:   slow piano\n")
    assert one == Problem(
        "prompt-music",
        "prompt: 'piano' is music, and AudioGen makes sounds, not music; write engine: musicgen,"
        " and give music an element of its own",
        Place(PATH, 6, 15),
        "warning",
    )


@pytest.mark.parametrize(
    ("head", "element", "rules"),
    [
        ("", "prompt: slow piano", ["prompt-music"]),
        ("", "prompt: slow piano, engine: auto", ["prompt-music"]),
        ("", "prompt: slow piano, engine: audiogen", ["prompt-music"]),
        ("", "prompt: slow piano, engine: musicgen", []),
        ("", "prompt: slow piano, engine: sketch", []),
        ("", "prompt: slow piano, model: facebook/musicgen-small", []),
        ("defaults: {engine: musicgen}\n", "prompt: slow piano", []),
        ("defaults: {engine: musicgen}\n", "prompt: slow piano, engine: audiogen", ["prompt-music"]),
        ("defaults: {engine: sketch}\n", "prompt: ein Klavier und eine Geige", []),
        ("", "prompt: rain, engine: musicgen", ["prompt-not-music"]),
        ("", "prompt: rain, duration: 10", []),
        ("", "prompt: rain, duration: 10.5", ["long-take"]),
        ("", "prompt: slow piano, engine: musicgen, duration: 30", []),
        ("", "prompt: slow piano, engine: musicgen, duration: 31", ["long-take"]),
        ("", "prompt: rain, engine: sketch, duration: 60", []),
        ("", "prompt: rain, redo: {from: 2, to: 6}", []),
        ("", "prompt: rain, redo: {from: 2, to: 6.1}", ["redo-most"]),
        ("", "prompt: rain, engine: sketch, redo: {from: 3}", ["redo-most"]),
        ("", "prompt: rain, melody: sounds/a.wav", ["melody-engine"]),
        ("", "prompt: rain, melody: sounds/a.wav, engine: sketch", []),
        ("defaults: {engine: sketch}\n", "prompt: rain, melody: sounds/a.wav", []),
    ],
)
def test_the_rules_go_by_the_engine_as_far_as_the_scene_says_it(
    head: str, element: str, rules: list[str], project: Path, root: Path
) -> None:
    Path("scenes/sounds").mkdir()
    Path("scenes/sounds/a.wav").write_bytes((root / "scenes" / "sounds" / "shop_bell.wav").read_bytes())
    assert [rule for rule, _, _ in found(f"name: X\n{head}elements:\n  a: {{{element}}}\n")] == rules


def test_a_recording_is_not_looked_at(project: Path, root: Path) -> None:
    Path("scenes/piano_music.wav").write_bytes((root / "scenes" / "sounds" / "shop_bell.wav").read_bytes())
    assert lint("name: X\nelements:\n  piano: {file: piano_music.wav}\n") == []


def test_a_long_take_is_told_where_its_duration_stands(project: Path) -> None:
    (own,) = lint("name: X\nelements:\n  a:\n    prompt: rain\n    duration: 20\n")
    assert own.place == Place(PATH, 5, 15)
    assert own.message == (
        "duration: 20 s is longer than the 10 s that AudioGen was trained on; the model continues from its own last"
        " seconds, and the sound may drift or repeat; generate less and write loop: true, or use several elements"
        " with fades"
    )
    elements = "  a: {prompt: rain}\n  b: {prompt: wind, duration: 3}\n  c: {prompt: hail}\n"
    shared = f"name: X\ndefaults: {{duration: 12}}\nelements:\n{elements}"
    assert found(shared) == [("long-take", 2, 22)]  # said once, where it is written once


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("prompt: slow piano  # scenebuild: ignore=prompt-music", []),
        ("prompt: slow piano # scenebuild:ignore=prompt-music", []),
        ("prompt: slow piano  # scenebuild: ignore=all", []),
        ("prompt: slow piano  # scenebuild: ignore=prompt-speech, prompt-music", []),
        ("prompt: slow piano  # scenebuild: ignore=prompt-speech", ["prompt-music"]),
        ("prompt: slow piano  # scenebuild: ignore=", ["prompt-music"]),
        ("prompt: 'slow piano # scenebuild: ignore=all'", ["prompt-music"]),
        ("prompt: 'slow piano # scenebuild: ignore=all' # yes", ["prompt-music"]),
        ("prompt: 'slow piano' # really # scenebuild: ignore=all", []),
        ('prompt: "slow\n      piano"  # scenebuild: ignore=prompt-music', []),
        ("prompt: >  # scenebuild: ignore=prompt-music\n      slow\n      piano", []),
        ("prompt: |\n      slow piano # scenebuild: ignore=prompt-music", ["prompt-music"]),
        ("prompt: slow piano\n    # scenebuild: ignore=prompt-music", ["prompt-music"]),
        ("prompt: a choir and a piano  # scenebuild: ignore=prompt-music", ["prompt-speech"]),
        ("prompt: rain  # scenebuild: ignore=long-take\n    duration: 20", []),
        ("prompt: rain\n    duration: 20  # scenebuild: ignore=long-take", []),
        ("prompt: rain\n    duration: 20\n    volume: 1  # scenebuild: ignore=long-take", ["long-take"]),
    ],
)
def test_a_comment_on_the_line_of_the_prompt_silences_a_rule(line: str, rules: list[str], project: Path) -> None:
    assert [rule for rule, _, _ in found(f"name: X\nelements:\n  a:\n    {line}\n")] == rules


def test_a_comment_silences_its_own_line_only(project: Path) -> None:
    text = "name: X\nelements:\n  a: {prompt: piano}  # scenebuild: ignore=all\n  b: {prompt: violin}\n"
    assert found(text) == [("prompt-music", 4, 15)]
    assert found(text.replace("\n", "\r\n")) == [("prompt-music", 4, 15)]


def test_a_rule_that_there_is_not_is_said_with_the_nearest(project: Path) -> None:
    near, far = lint("name: X\nelements:\n  a: {prompt: rain}  # scenebuild: ignore=prompt_musik,zzz\n")
    assert (near.rule, near.place.line, near.severity) == ("unknown-ignore", 3, "warning")
    assert {near.message, far.message} == {
        "ignore: 'prompt_musik' is not a rule, so the comment has no effect. Did you mean prompt-music?",
        "ignore: 'zzz' is not a rule, so the comment has no effect; write the id of a rule, or all",
    }


def test_comments_are_read_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yaml.parse", lambda *_, **__: pytest.fail("parsed again"))
    assert read_comments("x.yaml", "name: X\n# a comment\n").by_line == {}


def test_many_findings_are_counted_and_stay_warnings(project: Path) -> None:
    elements = "".join(f"  e{number}: {{prompt: piano}}\n" for number in range(60))
    problems = lint(f"name: X\nelements:\n{elements}")
    assert len(problems) == 51
    assert problems[-1].message == "… and 10 more"
    assert {one.severity for one in problems} == {"warning"}


def test_hostile_text_stays_text_on_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompt = "a piano ::error:: ##[command] [link=x] \\u202e " + "x" * 400
    lint(f'name: X\nelements:\n  a: {{prompt: "{prompt}"}}\n')
    for style in ("text", "github"):
        assert run(["lint", PATH, "--format", style]) == 0
        out = capsys.readouterr().out
        assert len(out.splitlines()) == 1
        assert "##[" not in out
        assert "\u202e" not in out


def test_lint_says_its_findings_on_stdout_and_strict_makes_them_count(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint("name: X\nelements:\n  a: {prompt: piano}\n")
    assert run(["lint", "scenes"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("scenes/test.yaml:3:15: warning: prompt: 'piano' is music")
    assert captured.err == ""
    assert run(["lint", "scenes", "--strict"]) == 1
    lint("name: X\nelements:\n  a: {prompt: rain}\n")
    capsys.readouterr()
    assert run(["lint", "scenes", "--strict"]) == 0
    assert capsys.readouterr() == ("", "no warnings in 1 scene\n")
    assert run(["lint", "scenes", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_lint_speaks_to_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint("name: X\nelements:\n  a: {prompt: piano}\n")
    assert run(["lint", PATH, "--format", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["problems"]
    assert (one["rule"], one["severity"], one["line"], one["column"]) == ("prompt-music", "warning", 3, 15)
    assert run(["lint", PATH, "--format", "github"]) == 0
    assert capsys.readouterr().out.startswith(
        "::warning file=scenes/test.yaml,line=3,col=15,title=prompt-music::prompt: "
    )
    assert run(["lint", PATH, "--format", "sarif"]) == 0
    (log,) = json.loads(capsys.readouterr().out)["runs"]
    (result,) = log["results"]
    rule = log["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], result["ruleId"], result["level"]) == ("prompt-music", "prompt-music", "warning")
    assert rule["shortDescription"]["text"].startswith("A prompt for AudioGen names sounds and no music.")


def test_a_scene_that_is_not_valid_is_an_error_for_lint_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/good.yaml").write_text("name: X\nelements:\n  a: {prompt: piano}\n")
    lint("name: X\nelements:\n  a: {prompt: piano, volume: loud}\n")
    assert run(["lint", "scenes"]) == 1
    good, bad = capsys.readouterr().out.splitlines()
    assert good.startswith("scenes/good.yaml:3:15: warning: prompt: ")
    assert bad.startswith("scenes/test.yaml:3:30: volume: ")


def test_validate_shows_the_warnings_and_they_change_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint("name: X\nelements:\n  a: {prompt: piano}\n")
    assert run(["validate", PATH]) == 0
    captured = capsys.readouterr()
    assert captured.out == "1 scene is valid\n"
    assert captured.err.startswith("scenes/test.yaml:3:15: warning: prompt: 'piano' is music")
    assert run(["validate", PATH, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["validate", PATH, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"][0]["severity"] == "warning"


def test_every_rule_has_its_own_id_and_can_be_explained() -> None:
    assert not RULES.keys() & LINT_RULES.keys()
    for rule in LINT_RULES.values():
        assert rule.help.endswith(".")
        assert rule.help.count(". ") >= 1
        assert rule.asks.endswith(".")
