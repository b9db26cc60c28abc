"""Each effect is whole: its schema, its module in ``scene/effects`` and its function in the mixer say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scenebuild.mix.effects import effect_of as processor_of
from scenebuild.scene import automation, channel, delivery, timing
from scenebuild.scene.effects import EFFECTS, effect_of
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.fields import NumberField
from scenebuild.scene.schema import scene_schema

SCHEMA: dict[str, Any] = scene_schema()["$defs"]["effects"]["items"]["properties"]


def test_every_effect_of_the_schema_has_a_module() -> None:
    assert set(EFFECTS) == set(SCHEMA)


@pytest.mark.parametrize("name", EFFECTS)
def test_the_fields_of_an_effect_are_those_of_the_schema(name: str) -> None:
    fields: dict[str, Any] = SCHEMA[name].get("properties", {"hz": {"type": "number"}})
    numbers = {field for field, schema in fields.items() if schema.get("type") == "number"}
    assert numbers <= set(EFFECTS[name].NUMBERS)
    assert set(fields) - numbers == set(EFFECTS[name].FILES)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_says_what_it_does_and_where_its_files_are(name: str) -> None:
    spec = effect_of({name: SCHEMA[name]["examples"][0]}, "scenes/x.yaml")
    assert spec.describe()
    assert list(spec.files) == [(name, field) for field in spec.FILES]
    assert set(spec.with_files(lambda path: "other").files.values()) <= {"other"}


@pytest.mark.parametrize("kind", dict.fromkeys(EFFECTS.values()))
def test_the_mixer_has_a_function_for_every_effect(kind: type[EffectSpec]) -> None:
    assert processor_of.dispatch(kind) is not processor_of.dispatch(object)


def test_a_field_means_the_same_wherever_it_stands() -> None:
    tables: list[Mapping[str, NumberField]] = [automation.NUMBERS, channel.NUMBERS, timing.NUMBERS, delivery.NUMBERS]
    tables += [channel.Duck.NUMBERS, *(effect.NUMBERS for effect in EFFECTS.values())]
    meant: dict[str, tuple[str, tuple[float, ...]]] = {}
    for table in tables:
        for name, field in table.items():
            assert meant.setdefault(name, (field.unit, field.slips)) == (field.unit, field.slips)
