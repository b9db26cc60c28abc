"""Findings for people, programs, GitHub and code scanning; the author's text never becomes more than text."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from scenebuild.errors import Place, Problem
from scenebuild.scene.check.findings import FORMATS, as_github, as_json, as_sarif, as_text, capped
from scenebuild.scene.check.rulebook import RULES
from scenebuild.scene.lint.rulebook import LINT_RULES

PROBLEMS = (
    Problem("range", "gain_db: 60 is more than 24. Did you mean 6.0?", Place("scenes/harbour.yaml", 12, 9)),
    Problem("blank", "prompt: nothing", Place("scenes/a b,c:d.yaml", 3, 1), severity="warning"),
)
HOSTILE = Problem("type", "volume: '100%\r\n::error::x' %0A", Place("a%0A,b\n::warning::.yaml", 1, 1))


def test_text_is_one_line_each() -> None:
    assert as_text(PROBLEMS) == (
        "scenes/harbour.yaml:12:9: gain_db: 60 is more than 24. Did you mean 6.0?\n"
        "scenes/a b,c:d.yaml:3:1: warning: prompt: nothing\n"
    )


def test_json_holds_every_fact() -> None:
    found = json.loads(as_json(PROBLEMS))
    assert found["version"] == 1
    assert found["problems"][1] == {
        "file": "scenes/a b,c:d.yaml",
        "line": 3,
        "column": 1,
        "severity": "warning",
        "rule": "blank",
        "message": "prompt: nothing",
    }


def test_github_annotations_point_to_the_place() -> None:
    assert as_github(PROBLEMS) == (
        "::error file=scenes/harbour.yaml,line=12,col=9,title=range::gain_db: 60 is more than 24. Did you mean 6.0?\n"
        "::warning file=scenes/a b%2Cc%3Ad.yaml,line=3,col=1,title=blank::prompt: nothing\n"
    )


def test_no_text_becomes_a_workflow_command() -> None:
    line = as_github([HOSTILE])
    assert line.count("\n") == 1
    assert line.startswith("::error file=a%250A%2Cb%0A%3A%3Awarning%3A%3A.yaml,line=1,col=1,title=type::")
    assert unquote(line.split("title=type::")[1]) == HOSTILE.message + "\n"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_an_output_without_findings(name: str) -> None:
    said = FORMATS[name]([])
    if name in ("json", "sarif"):
        assert json.loads(said)["version"] == {"json": 1, "sarif": "2.1.0"}[name]
    else:
        assert said == ""


def test_sarif_has_the_structure_of_2_1_0() -> None:
    log = json.loads(as_sarif([*PROBLEMS, HOSTILE]))
    assert set(log) == {"$schema", "version", "runs"}
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "scenebuild"
    assert [rule["id"] for rule in driver["rules"]] == [*RULES, *LINT_RULES]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["help"] == rule["shortDescription"]
    for problem, result in zip([*PROBLEMS, HOSTILE], run["results"], strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == problem.rule
        assert result["level"] == problem.severity
        assert result["message"] == {"text": problem.message}
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert unquote(physical["artifactLocation"]["uri"]) == problem.place.file
        assert physical["region"] == {"startLine": problem.place.line, "startColumn": problem.place.column}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("scenes/rainy café.yaml", "scenes/rainy%20caf%C3%A9.yaml"),
        ("/tmp/a b.yaml", "file:///tmp/a%20b.yaml"),
        ("a:b#c?.yaml", "a%3Ab%23c%3F.yaml"),
    ],
)
def test_sarif_names_files_by_uri(file: str, uri: str) -> None:
    result = json.loads(as_sarif([Problem("type", "x", Place(file))]))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_fifty_findings_are_shown_and_the_others_counted() -> None:
    many = [Problem("type", "x", Place("a.yaml", line)) for line in range(60, 0, -1)]
    shown = capped(many)
    assert [problem.place.line for problem in shown] == list(range(1, 52))
    assert str(shown[-1]) == "a.yaml:51:1: … and 10 more"
    assert len(capped(many[:50])) == 50
    assert capped(many, 1000)[-1].message == "… and 950 more"


def test_equal_findings_are_shown_once() -> None:
    assert capped([PROBLEMS[0], PROBLEMS[0]]) == [PROBLEMS[0]]
