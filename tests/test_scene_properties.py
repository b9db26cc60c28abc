"""Properties of all scenes: a scene that the schema allows is read, its YAML style has no effect, damage is refused."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scenebuild.errors import Problem, SceneError
from scenebuild.scene.check.violations import whole_schema
from scenebuild.scene.model import Scene
from scenebuild.scene.read import read_scene
from scenebuild.scene.recording import DEVICE
from scenes_strategy import PIECES, SIGNS, dumped

SCHEMA = whole_schema()
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.text(SIGNS, min_size=1, max_size=30)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True).filter(lambda name: not DEVICE.fullmatch(name))


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a field's own limits allow."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]  # lists have rules of their own
    if kind == "object" and schema.get("maxProperties") == 1:  # an effect; a file of its own each would be too much
        known = {name: values(one) for name, one in schema["properties"].items() if name != "convolve"}
        return st.one_of([st.fixed_dictionaries({name: one}) for name, one in known.items()])
    if kind == "object":
        return fields(schema["properties"], (), tuple(schema.get("required", ())))
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if kind == "array":  # of one kind; nothing in them hangs together
        return st.lists(values(schema["items"]), min_size=schema["minItems"], max_size=3)
    if kind == "number":
        least: float = schema["minimum"] if "minimum" in schema else schema["exclusiveMinimum"]
        real = st.floats(least, schema["maximum"], exclude_min="exclusiveMinimum" in schema, allow_subnormal=False)
        lowest, highest = math.floor(least) + 1, math.floor(schema["maximum"])
        return real | st.integers(lowest, highest) if lowest <= highest else real
    return WORDS.filter(lambda text: any(sign.isprintable() and not sign.isspace() for sign in text))


def fields(
    properties: dict[str, Any], left_out: tuple[str, ...], required: tuple[str, ...] = ()
) -> st.SearchStrategy[dict[str, Any]]:
    known = {name: values(schema) for name, schema in properties.items() if name not in left_out}
    needed = {name: known.pop(name) for name in required}
    return st.fixed_dictionaries(needed, optional=known)


# What only makes sense together is drawn so that it does; the rules on it have tests of their own.
RECIPE = ("extends", "params", "variants", "matrix")
ALONE = (
    "file", "gain_db", "fade_in", "fade_out", "model", "loop", "prompt", "start", "repeat", "trim", "bus", "duck",
    "piece", "expect", "continues", "melody", "redo",
)  # fmt: skip
ELEMENT = st.builds(
    lambda written, prompt: {"prompt": prompt, **written},
    fields(SCHEMA["properties"]["elements"]["additionalProperties"]["properties"], ALONE),
    values(SCHEMA["properties"]["elements"]["additionalProperties"]["properties"]["prompt"]),
)
SCENES = st.builds(
    lambda rest, name, elements, defaults, mix, buses: {
        **rest,
        "name": name,
        "elements": elements,
        "defaults": defaults,
        "mix": mix,
        "buses": {name: bus for name, bus in buses.items() if name not in elements},
    },
    fields(SCHEMA["properties"], ("name", "elements", "defaults", "mix", "buses", "deliver", *RECIPE)),
    values(SCHEMA["properties"]["name"]),
    st.dictionaries(NAMES, ELEMENT, min_size=1, max_size=4),
    fields(SCHEMA["properties"]["defaults"]["properties"], ALONE),
    fields(SCHEMA["properties"]["mix"]["properties"], ("expect",)),
    st.dictionaries(
        NAMES, fields(SCHEMA["properties"]["buses"]["additionalProperties"]["properties"], ALONE), max_size=2
    ),
)


def read(folder: Path, text: str) -> Scene:
    path = folder / "scene.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return read_scene(str(path))


def meaning(scene: Scene) -> Scene:
    """The scene without what depends on where things stand in the file."""
    nowhere = scene.place_of()
    elements = sorted((replace(element, place=nowhere) for element in scene.elements), key=lambda it: it.name)
    buses = sorted(scene.buses, key=lambda it: it.name)
    return replace(scene, elements=tuple(elements), buses=tuple(buses), places={})


@QUICK
@given(data=SCENES)
def test_a_scene_that_the_schema_allows_is_read(data: dict[str, Any], tmp_path: Path) -> None:
    scene = read(tmp_path, dumped(data))
    assert [element.name for element in scene.elements] == list(data["elements"])
    assert scene.seed == data.get("seed", 0)
    for element in scene.elements:
        assert element.duration_s == data["elements"][element.name].get("duration", data["defaults"].get("duration", 8))


@QUICK
@given(data=SCENES, seed=st.integers(0, 1000))
def test_order_layout_comments_and_decimal_points_change_nothing(
    data: dict[str, Any], seed: int, tmp_path: Path
) -> None:
    block = dumped(data)
    chance = random.Random(seed)
    other = "# a comment\n" + written(retyped(data, chance), chance) + "\n# the end\n"
    assert meaning(read(tmp_path, other)) == meaning(read(tmp_path, block))


def retyped(value: Any, chance: random.Random) -> Any:
    """The same data in another order, with 3.0 for 3 and 3 for 3.0."""
    if isinstance(value, dict):
        keys = chance.sample(list(value), len(value))
        return {key: retyped(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [retyped(item, chance) for item in value]
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return float(value) if chance.random() < 0.5 else value


def written(value: Any, chance: random.Random) -> str:
    """Flow style, broken over commented lines by chance; JSON's text and numbers are YAML's."""
    if isinstance(value, list):
        return "[" + ", ".join(written(item, chance) for item in value) + "]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    gaps = (chance.choice([" ", "\n ", "  # rain\n  "]) for _ in value)
    inner = (
        f"{gap}{json.dumps(key)}: {written(item, chance)}" for gap, (key, item) in zip(gaps, value.items(), strict=True)
    )
    return "{" + ",".join(inner) + "\n }"


@QUICK
@given(data=SCENES, name=NAMES)
def test_another_element_changes_no_element(data: dict[str, Any], name: str, tmp_path: Path) -> None:
    assume(name not in data["elements"] and name not in data["buses"])
    more = data | {"elements": {name: {"prompt": "rain"}, **data["elements"]}}
    bigger = meaning(read(tmp_path, dumped(more)))
    others = tuple(element for element in bigger.elements if element.name != name)
    assert others == meaning(read(tmp_path, dumped(data))).elements


@settings(QUICK, max_examples=250)
@given(data=SCENES, chance=st.randoms(use_true_random=False))
def test_a_damaged_scene_is_read_or_refused_with_messages(
    data: dict[str, Any], chance: random.Random, tmp_path: Path
) -> None:
    text = dumped(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) + 1)
        piece = chance.choice(PIECES + [text[at : at + 8]])
        text = text[:at] + piece + text[at + chance.choice([0, 0, 1, 5]) :]
    problems = problems_of(tmp_path, text)
    assert all(problem.message.isprintable() for problem in problems)
    assert all(problem.place.line >= 1 and problem.place.column >= 1 for problem in problems)


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    """What is wrong with the text; anything but a SceneError is a fault of ours and ends the test."""
    try:
        read(folder, text)
    except SceneError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("data", [None, True, 0, -1, 1.5, "", "x", [], [1], {}, {"a": 1}, {"at": 0, "value": 1}])
def test_any_value_in_any_field_is_read_or_refused(data: Any, tmp_path: Path) -> None:
    element = {"prompt": "rain"}
    known = SCHEMA["properties"]
    cases: list[dict[str, Any]] = [{"name": "a", "elements": {"a": element}, field: data} for field in known]
    for field in known["elements"]["additionalProperties"]["properties"]:
        cases.append({"name": "a", "elements": {"a": element | {field: data}}})
        cases.append({"name": "a", "elements": {"a": {field: data}}})
    for owner in ("defaults", "mix"):
        for field in known[owner]["properties"]:
            cases.append({"name": "a", "elements": {"a": element}, owner: {field: data}})
            cases.append({"name": "a", "elements": {"a": data}, owner: {field: data}})
    for case in cases:
        assert all(problem.message.isprintable() for problem in problems_of(tmp_path, json.dumps(case)))
