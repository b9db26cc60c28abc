"""Exact results of small parts of the reader: variants, labels, parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import Place, SceneError, UsageError
from scenebuild.scene.compose.parameters import filled, written
from scenebuild.scene.compose.variants import composed, of_label, slug, variants_of
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene.yaml.document import Document, parse_document


def document(text: str) -> Document:
    return parse_document("a.yaml", text)


# Recipes


RECIPE = """\
name: "{{ weather }} in {{place}}"
description: "{{ n }}"
params: {place: "the {wood}", n: 3.0}
matrix:
  weather: [Heavy rain, sun]
variants:
  day: {}
  night: {params: {place: town}}
elements:
  a: {prompt: "{{weather}}, {{ place }}"}
"""


def test_variants_times_matrix_are_scenes_with_labels(project: Path) -> None:
    Path("scenes/x.yaml").write_text(RECIPE)
    references = references_in("scenes/x.yaml")
    assert references == [
        f"scenes/x.yaml@{label}" for label in ("day+heavy-rain", "day+sun", "night+heavy-rain", "night+sun")
    ]
    scenes = [read_scene(one) for one in references]
    assert [one.name for one in scenes] == [
        "Heavy rain in the {wood}",
        "sun in the {wood}",
        "Heavy rain in town",
        "sun in town",
    ]
    assert {one.description for one in scenes} == {"3"}
    assert [one.elements[0].prompt for one in scenes][0] == "Heavy rain, the {wood}"


def test_a_label_means_its_scenes_and_an_unknown_one_is_answered() -> None:
    found = document(RECIPE)
    whole = variants_of(found, {})
    assert [one.label for one in of_label(found, whole, "night")] == ["night+heavy-rain", "night+sun"]
    assert [one.label for one in of_label(found, whole, "day+sun")] == ["day+sun"]

    def said(label: str, text: str = RECIPE) -> str:
        other = document(text)
        with pytest.raises(SceneError) as caught:
            of_label(other, variants_of(other, {}), label)
        return str(caught.value)

    there = "there are day+heavy-rain, day+sun, night+heavy-rain, night+sun"
    assert said("evening") == f"a.yaml:6:1: there is no variant 'evening'; {there}"
    assert said("day+sum") == "a.yaml:6:1: there is no variant 'day+sum'. Did you mean day+sun?"
    assert said("x", "name: y\n") == ("a.yaml:1:1: there is no variant 'x': the file holds one scene; leave out the @")


def test_a_chosen_parameter_takes_the_place_of_its_row_or_is_unknown() -> None:
    found = document(RECIPE)
    assert [one.label for one in variants_of(found, {"weather": "snow"})] == ["day+snow", "night+snow"]
    with pytest.raises(UsageError) as caught:
        variants_of(found, {"wether": "snow"})
    assert str(caught.value) == "--set wether: a.yaml has no such parameter. Did you mean weather?"
    with pytest.raises(UsageError) as caught:
        variants_of(found, {"zzz": "snow"})
    assert str(caught.value) == "--set zzz: a.yaml has no such parameter; there are n, place, weather"
    with pytest.raises(UsageError) as caught:
        variants_of(document("name: x\n"), {"zzz": "snow"})
    assert str(caught.value) == "--set zzz: a.yaml has no such parameter; it has none"


def test_a_composed_scene_holds_nothing_of_its_recipe() -> None:
    found = document(RECIPE)
    scene = composed(found, variants_of(found, {})[3])
    assert scene.data == {"name": "sun in town", "description": "3", "elements": {"a": {"prompt": "sun, town"}}}
    assert scene.problems == ()
    assert found.data["elements"] == {"a": {"prompt": "{{weather}}, {{ place }}"}}
    assert scene.value(()) == Place("a.yaml", 1, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [("Heavy rain, caf\u00e9", "heavy-rain-cafe"), (0.5, "0-5"), (True, "true"), ("\u96e8", "axis2"), ("--", "axis2"),
     ("x" * 50, "x" * 40), ("x" * 39 + " y", "x" * 39), ("-a-", "a")],
)  # fmt: skip
def test_a_value_becomes_a_part_of_a_label(value: str | float | bool, text: str) -> None:
    assert slug(value, "axis", 2) == text


def test_parameters_are_filled_in_or_named() -> None:
    assert [written(one) for one in (True, False, 3.0, 2.5, "x")] == ["true", "false", "3", "2.5", "x"]

    def said(text: str, values: dict[str, Any], *, strict: bool = True) -> list[str]:
        found = filled(document(f"name: '{text}'\n"), values, strict=strict)
        return [str(problem) for problem in found.problems] or [found.data["name"]]

    assert said("{{ a }}-{{a}}", {"a": 1}) == ["1-1"]
    assert said("{{ b }}", {}, strict=False) == [
        "a.yaml:1:7: name: {{ b }} is a parameter, and the scene has none; write params: {b: …}"
    ]
    assert said("{{ weathr }}", {"weather": 1}) == [
        "a.yaml:1:7: name: there is no parameter weathr. Did you mean weather?"
    ]
    assert said("{{ zzz }}", {"b": 1, "a": 2}) == ["a.yaml:1:7: name: there is no parameter zzz; there are a, b"]
    assert said("{{ 1 + 1 }}", {"a": 1}) == [
        "a.yaml:1:7: name: '{{ 1 + 1 }}' is not a parameter; write a plain name in the braces, such as {{ a }}"
    ]
    assert said("{{ 1 + 1 }}", {}, strict=False) == ["{{ 1 + 1 }}"]
    assert said("{{ a }}", {"a": "x" * 3993}) == ["x" * 3993]
    assert said("{{ a }}", {"a": "x" * 3994}) == [
        "a.yaml:1:7: name: is longer than 4000 characters with its parameters filled in; shorten it"
    ]
