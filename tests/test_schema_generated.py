"""The schema by itself, as an editor or another program has it, beside ``validate``: over generated scenes.

It refuses nothing that is valid, and accepts only what a schema cannot say. Both lists below are complete.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scenebuild.errors import Problem, SceneError
from scenebuild.scene.check.rulebook import RULES
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene.schema import scene_schema
from scenes_strategy import BAD, GOOD, WILD, Project, bad_scene, good_scene, wild_scene

PLAIN = Draft202012Validator(scene_schema())

# Of a file that stands by itself: why no schema can say it.
ONLY_VALIDATE = {
    "not-finite": "JSON has neither infinity nor NaN, so a schema has no word for them",
    "control-character": "the names of fields beginning with x-, and lists of lists there, are not looked into",
    "blank": "which signs are seen, beyond spaces, is a table of Unicode's",
    "model-unknown": "checkpoints are registered in the user's configuration",
    "recording": "a schema looks into no folder",
    "fade": "two numbers are added and compared with a third",
    "start": "two numbers are compared",
    "repeat": "numbers are added and compared",
    "trim": "two numbers are compared",
    "redo": "two numbers are compared",
    "expect": "two numbers are compared",
    "keyframes": "numbers of one list are compared with each other and with the length of the mix",
    "mix-length": "start and duration are added (that every element loops, the schema knows)",
    "bus": "a value has to be one of the names elsewhere",
    "duck": "a value has to be one of the names elsewhere, and the way from one to the next no circle",
    "deliver": "members of a list are compared by one of their fields (formats and rates, the schema knows)",
    "parameter": "what stands in braces inside a text has to be one of the names elsewhere",
    "matrix": "the lengths of lists are multiplied, and their values become names",
    "length": "a text is measured with its parameters filled in",
}
# Of a file that is laid over another, or that variants are laid over: what decides may stand in the other part.
ONLY_THE_WHOLE = {
    "extends": "a schema looks into no folder",
    "inherit": "whether there is anything to remove stands in the other file",
    "missing": "what is needed may be inherited",
    "source": "prompt or file may be inherited",
    "type": "null in an element that is not inherited",
    "blank": "an expectation without any field may be inherited",
    "no-effect": "an inherited recording",
    "model": "an inherited engine or model",
    "two-volumes": "an inherited volume",
    "sound-prompt": "an inherited long: takes",
    "times": "an inherited loop or repeat",
}
# Nothing is made smaller: a whole scene takes minutes to shrink, and what fails says why.
QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def findings(path: str) -> list[Problem]:
    """What is wrong with any scene of a file."""
    try:
        references = references_in(path)
    except SceneError as error:
        return list(error.problems)
    return [problem for reference in references for problem in _findings(reference)]


def _findings(reference: str) -> tuple[Problem, ...]:
    try:
        read_scene(reference)
    except SceneError as error:
        return error.problems
    return ()


def compare(project: Project, folder: Path) -> None:
    found = findings(project.write(folder))
    rules = {problem.rule for problem in found}
    against = [f"{list(error.absolute_path)}: {error.message}" for error in PLAIN.iter_errors(project.scene)]
    assert rules or not against, "the schema refuses what is valid"
    partial = {"extends", "variants"} & project.scene.keys()
    unsaid = ONLY_VALIDATE.keys() | (ONLY_THE_WHOLE.keys() if partial else set())
    of_engines = [one for one in found if one.rule == "choice" and one.message.startswith("engine: ")]
    rules -= {"choice"} if of_engines else set()  # packages offer engines: the registry says which there are
    assert against or rules <= unsaid, "the schema accepts what it could refuse"


@QUICK
@given(project=GOOD)
def test_a_good_scene_is_good_for_both(project: Project, tmp_path: Path) -> None:
    assert findings(project.write(tmp_path)) == []
    compare(project, tmp_path)


@QUICK
@given(project=st.one_of(WILD, BAD))
def test_the_schema_refuses_what_it_can_say_and_nothing_valid(project: Project, tmp_path: Path) -> None:
    compare(project, tmp_path)


@pytest.mark.hard
@pytest.mark.parametrize("kind", [wild_scene, good_scene, bad_scene])
def test_the_same_over_thousands(kind: Callable[[random.Random], Project], tmp_path: Path) -> None:
    for seed in range(1000):
        compare(kind(random.Random(seed)), tmp_path)


def test_no_way_through_lists_comes_back_to_itself() -> None:
    """Editors follow a list's items to an example, and do not notice a circle."""
    definitions = scene_schema()["$defs"]

    def follow(schema: dict[str, Any], passed: tuple[str, ...]) -> None:
        name = schema.get("items", {}).get("$ref", "").removeprefix("#/$defs/")
        assert name not in passed
        if name:
            follow(definitions[name], (*passed, name))

    for name, schema in definitions.items():
        follow(schema, (name,))


def test_the_lists_name_rules_that_there_are() -> None:
    assert {*ONLY_VALIDATE, *ONLY_THE_WHOLE} <= set(RULES)


GOOD_LAYERS: list[dict[str, Any]] = [
    {"extends": "a.yaml", "mix": {"loudness": None}, "elements": {"a": None, "b": {"pan": None, "engine": None}}},
    {"extends": "a.yaml", "version": None, "variants": None, "matrix": {"hour": None}, "params": {"hour": None}},
    {"extends": "a.yaml", "elements": {"a": {"repeat": {"jitter": 1}, "duck": {"by": 3}, "expect": {}}}},
    {"extends": "a.yaml", "elements": {"a": {"file": "a.wav", "duration": None, "prompt": None}}},
    {"extends": "a.yaml", "elements": {"a": {"piece": 4, "prompt": "rain"}}},
    {"extends": "a.yaml", "deliver": [{"preset": "game-loop"}], "elements": {"a": {"loop": True}}},
    {"name": "a", "elements": {"a": {"volume": 1}}, "variants": {"a": {"elements": {"a": {"prompt": "rain"}}}}},
    {"variants": {"a": {"name": "a", "elements": {"a": {"prompt": "rain"}}, "x-b": 1}}},
    {"name": "a", "x-a": None, "elements": {"a": {"prompt": "rain"}}},
]


@pytest.mark.parametrize("data", GOOD_LAYERS)
def test_what_may_be_inherited_may_be_left_out_or_removed(data: dict[str, Any]) -> None:
    assert not list(PLAIN.iter_errors(data))


RAIN = {"prompt": "rain"}
SAID: list[tuple[str, dict[str, Any]]] = [
    ("a prompt and a file", {"elements": {"a": RAIN | {"file": "a.wav"}}}),
    ("neither", {"elements": {"a": {"volume": 1}}}),
    ("two volumes", {"elements": {"a": RAIN | {"volume": 1, "gain_db": [{"at": 0, "value": 1}]}}}),
    ("two volumes of a bus", {"buses": {"b": {"volume": 1, "gain_db": 1}}}),
    ("two volumes for all", {"defaults": {"volume": 1, "gain_db": 1}}),
    ("null without extends", {"mix": {"loudness": None}}),
    ("null deep inside", {"elements": {"a": RAIN | {"trim": {"to": None}}}}),
    ("no element", {"elements": {"a": None}}),
    ("loop and repeat", {"elements": {"a": RAIN | {"loop": {}, "repeat": {"every": 9}}}, "mix": {"duration": 9}}),
    ("repeat and starts", {"elements": {"a": RAIN | {"start": [1, 2], "repeat": {"every": 9, "count": 2}}}}),
    ("loop and starts", {"elements": {"a": RAIN | {"start": [1, 2], "loop": True}}, "mix": {"duration": 9}}),
    ("only loops", {"elements": {"a": RAIN | {"loop": True}, "b": RAIN | {"repeat": {"every": 9}}}}),
    ("a piece of one take", {"elements": {"a": RAIN | {"piece": 4}}}),
    ("a piece of one take, said", {"elements": {"a": RAIN | {"piece": 4, "long": "extend"}}}),
    ("a pan by factors", {"elements": {"a": RAIN | {"pan": [{"at": 0, "value": 0, "curve": "exp"}]}}}),
    ("a repeat without every", {"elements": {"a": RAIN | {"repeat": {"gap": 1}}}}),
    (
        "a model of another engine",
        {"elements": {"a": RAIN | {"engine": "audiogen", "model": "facebook/musicgen-small"}}},
    ),
    (
        "a default engine for another model",
        {"defaults": {"engine": "musicgen"}, "elements": {"a": RAIN | {"model": "facebook/audiogen-medium"}}},
    ),
    (
        "a default model for another engine",
        {"defaults": {"model": "facebook/audiogen-medium"}, "elements": {"a": RAIN | {"engine": "musicgen"}}},
    ),
    ("both for all", {"defaults": {"model": "facebook/audiogen-medium", "engine": "musicgen"}}),
    ("a device for a name", {"elements": {"con": RAIN}}),
    ("a line end in a name", {"elements": {"a\n": RAIN}}),
    ("a blank", {"name": " \u00a0"}),
    ("a control character", {"x-a": ["\x1b"]}),
    ("an mp3 of 96 kHz", {"deliver": [{"preset": "music", "format": "mp3", "sample_rate": 96000}]}),
    ("a podcast of 96 kHz", {"deliver": [{"preset": "podcast", "sample_rate": 96000}]}),
    ("bits of an ogg", {"deliver": [{"preset": "game-mobile", "bits": 16}]}),
    ("a loop in mp3", {"deliver": [{"preset": "game-loop", "format": "mp3"}], "mix": {"loop": True, "duration": 9}}),
    ("a loop of no loop", {"deliver": [{"preset": "game-loop"}], "mix": {"loop": False}}),
    ("a file name that is none", {"deliver": [{"preset": "music", "name": "A b"}]}),
    ("a value twice", {"matrix": {"hour": ["dawn", "dusk", "dawn"]}}),
    ("a matrix in a variant", {"variants": {"a": {"matrix": {"hour": ["dawn"]}}}}),
    ("an unknown field in a variant", {"variants": {"a": {"elements": {"a": {"promt": "rain"}}}}}),
    *((f"the path {path!r}", {"elements": {"a": {"file": path}}}) for path in (
        "/a.wav", "../a.wav", "a/../b.wav", "c:/a.wav", "a\\b.wav", "https://a.b/c.wav", "a//b.wav", "a/", "CON.wav",
        "a/nul", "a ", "a./b.wav", "a?.wav", "a\x07.wav",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("what", "fields"), SAID, ids=[what for what, _ in SAID])
def test_what_a_schema_can_say_it_says(what: str, fields: dict[str, Any], tmp_path: Path) -> None:
    data = {"name": "a", "elements": {"a": RAIN}} | fields
    assert list(PLAIN.iter_errors(data)), what
    assert findings(Project({"scene.yaml": data}).write(tmp_path)), what


@pytest.mark.parametrize("path", ["a.wav", "./a.wav", "a/b c/é.wav", "a..b.wav", ".a", "console.wav", "a/./b.wav"])
def test_good_paths_are_good(path: str) -> None:
    assert not list(PLAIN.iter_errors({"name": "a", "elements": {"a": {"file": path}}}))
