"""How the sketch engine reads a prompt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.engines.sketch import table
from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.prompt import explain, read, warnings
from sketch_prompts import PROMPTS, UNKNOWN


def kinds(prompt: str) -> str:
    return " ".join(layer.kind for layer in read(prompt).layers)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_names_its_kinds(prompt: str) -> None:
    assert kinds(prompt) == PROMPTS[prompt]


def test_there_are_enough_prompts_and_every_kind_is_among_them() -> None:
    assert len(PROMPTS) >= 300
    assert len(UNKNOWN) >= 100
    named = {kind for found in PROMPTS.values() for kind in found.split()}
    assert named == {kind.name for kind in KINDS} - {"texture"}


@pytest.mark.parametrize("prompt", UNKNOWN)
def test_an_unknown_prompt_gives_a_texture_and_says_so(prompt: str) -> None:
    reading = read(prompt)
    assert kinds(prompt) == "texture"
    assert not reading.recognised
    assert warnings(reading)[-1].endswith("; a neutral texture stands in")


def test_the_warning_names_the_words() -> None:
    assert warnings(read("a quasar's flibber")) == (
        "sketch: no recipe for \"quasar's\", 'flibber'; a neutral texture stands in",
    )
    assert warnings(read("rain on a flibber")) == ()
    assert warnings(read("thuder")) == ("sketch: 'thuder' was read as 'thunder'",)
    assert warnings(read("thunder rolling far away")) == (), "rolling is no misspelt tolling"


@pytest.mark.parametrize(
    ("prompt", "kind", "facet"),
    [
        ("rain on a window", "rain", "window"),
        ("rain on leaves", "rain", "leaves"),
        ("rain on a tin roof", "rain", "roof"),
        ("rain falling in puddles", "rain", "puddle"),
        ("footsteps on gravel", "steps", "gravel"),
        ("footsteps in the snow", "steps", "snow"),
        ("footsteps on a wooden floor", "steps", "wood"),
        ("a door slams", "door", "slam"),
        ("an old door creaks", "door", "creak"),
        ("knocking", "door", "knock"),
        ("car engine starting", "engine", "start"),
        ("grandfather clock", "clock", "grandfather"),
        ("truck passing by", "pass", "truck"),
        ("car horn", "horn", "car"),
        ("dripping in a cave", "drips", "cave"),
    ],
)
def test_facet_words_choose_a_variant(prompt: str, kind: str, facet: str) -> None:
    layer = read(prompt).layers[0]
    assert layer.kind == kind
    assert facet in layer.traits.facets


def test_adjectives_belong_to_the_source_they_stand_beside() -> None:
    rain, thunder = read("heavy rain, thunder far away").layers
    assert (rain.traits.amount, rain.traits.distance) == (0.8, 0.0)
    assert (thunder.traits.amount, thunder.traits.distance) == (0.0, 0.8)
    rain, thunder = read("rain and distant thunder").layers
    assert rain.traits.distance == 0 < thunder.traits.distance
    fire, steps = read("a crackling fire, slow and heavy footsteps").layers
    assert fire.traits.rate == 0 > steps.traits.rate
    assert steps.traits.amount > 0 == fire.traits.amount


def test_a_denied_source_is_excluded_and_reported() -> None:
    assert read("rain without thunder or wind").left_out == ("thunder", "wind")
    assert explain("rain, no thunder") == "rain · from 'rain'\nleft out, as asked: thunder"


def test_explain_says_what_was_understood() -> None:
    assert explain("heavy rain on a tin roof, thunder far away").splitlines() == [
        "rain (roof) · from 'rain', 'heavy', 'tin', 'roof' · amount +0.8, level_db +2.0",
        "thunder · from 'thunder', 'far away' · level_db -9.0, distance +0.8",
    ]
    assert explain("quasar") == "texture · stands in\nnot understood: quasar"


def test_accents_case_and_composition_do_not_matter() -> None:
    assert read("Café") == read("CAFE") == read("cafe\u0301")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120))
def test_any_text_reads_as_at_least_one_layer(prompt: str) -> None:
    reading = read(prompt)
    assert reading.layers
    assert reading == read(prompt)
    assert reading.recognised or warnings(reading)


def test_neither_the_engine_nor_the_reading_imports_numpy() -> None:
    code = (
        "import sys, scenebuild.engines.sketch as s, scenebuild.engines.sketch.prompt as w;"
        "w.explain('rain'); s.ENGINE.facts; s.ENGINE.state(); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_page_about_the_sketch_knows_every_word(root: Path) -> None:
    page = (root / "docs" / "sketch.md").read_text(encoding="utf-8")
    assert table.kinds() in page
    assert table.adjectives() in page
