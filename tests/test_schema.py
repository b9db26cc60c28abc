"""The schema: valid, complete for an editor, and consistent with the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.check.violations import whole_schema
from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.convolution import Convolution
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.resolve import resolve
from scenebuild.scene.schema import scene_schema
from scenebuild.scene.sound_prompt import Redo
from scenebuild.scene.timing import LoopSettings, MixLoop
from scenebuild.scene.yaml.document import read_document

SCHEMA = scene_schema()
PLAIN = whole_schema()
ELEMENT = PLAIN["properties"]["elements"]["additionalProperties"]
VALID = Path(__file__).parent / "data" / "scenes" / "valid"

# The limits that the format promises, once more and apart from the schema: lowest, highest.
LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1), "elements.seed": (0, 2**32 - 1), "elements.take": (1, 1_000_000),
    "elements.duration": (0.01, 600), "elements.temperature": (0, 5), "elements.top_k": (1, 2048),
    "elements.top_p": (0, 1), "elements.cfg": (0, 20), "elements.volume": (0, 16), "elements.gain_db": (-96, 24),
    "elements.pan": (-1, 1), "elements.start": (0, 36000),
    "elements.fade_in": (0, 3600), "elements.fade_out": (0, 3600),
    "mix.duration": (0.01, 36000), "mix.sample_rate": (8000, 192000), "mix.channels": (1, 2), "mix.true_peak": (-20, 0),
    "mix.loudness": (-70, -5), "mix.seed": (0, 2**32 - 1), "elements.loop.crossfade": (0, 60),
    "elements.loop.worst_seam": (0, 60), "mix.loop.worst_seam": (0, 60),
    "elements.piece": (1, 60), "deliver.loudness": (-70, -5), "deliver.true_peak": (-20, 0),
    "deliver.sample_rate": (8000, 192000), "deliver.channels": (1, 2), "elements.repeat.every": (0.01, 36000),
    "elements.repeat.jitter": (0, 36000), "elements.repeat.gap": (0, 36000), "elements.repeat.count": (1, 10000),
    "elements.redo.from": (0, 600), "elements.redo.to": (0.001, 600), "elements.redo.take": (1, 1_000_000),
    "elements.trim.from": (0, 36000), "elements.trim.to": (0.001, 36000), "elements.speed": (0.25, 4),
    **{
        f"{owner}.expect.{name}": limits
        for owner in ("elements", "mix")
        for name, limits in {
            "no_silence_over": (0, 3600), "loop_seam": (0, 60), "similar_to_lock": (0, 60),
            "energy_above.hz": (0, 96000), "energy_above.share": (0, 1),
        }.items()
    },
}  # fmt: skip
MOVING = {"volume": (0, 16), "gain_db": (-96, 24), "pan": (-1, 1), "high_pass": (20, 20000), "low_pass": (20, 20000)}
STRIP = {
    "distance": (0.25, 1000), "duck.by": (0, 60), "duck.attack": (0, 10), "duck.release": (0, 30),
    "duck.hold": (0, 30), "duck.threshold": (-80, 0), "effects.high_pass": (20, 20000),
    "effects.low_pass": (20, 20000), "effects.low_shelf.hz": (20, 20000), "effects.low_shelf.gain_db": (-24, 24),
    "effects.high_shelf.hz": (20, 20000), "effects.high_shelf.gain_db": (-24, 24), "effects.peak.hz": (20, 20000),
    "effects.peak.gain_db": (-24, 24), "effects.peak.q": (0.1, 20), "effects.reverb.decay": (0.1, 20),
    "effects.reverb.size": (1, 200), "effects.reverb.damping": (0, 1), "effects.reverb.predelay": (0, 0.5),
    "effects.reverb.wet": (0, 1), "effects.convolve.wet": (0, 1), "effects.compress.threshold": (-80, 0),
    "effects.compress.ratio": (1, 50), "effects.compress.attack": (0, 2), "effects.compress.release": (0, 5),
    "effects.compress.knee": (0, 24), "effects.compress.makeup": (0, 24),
}  # fmt: skip
for owner in ("elements", "buses"):
    LIMITS |= {f"{owner}.{name}": limits for name, limits in {**MOVING, **STRIP}.items()}
    LIMITS |= {
        f"{owner}.{name}.{inner}": (0, 36000) if inner == "at" else limits
        for name, limits in MOVING.items()
        for inner in ("at", "value")
    }
LIMITS = {name: limits for name, limits in LIMITS.items() if not name.startswith("buses.pan")}


def properties(schema: dict[str, Any], owner: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        yield owner + name, field
        yield from properties(field, f"{owner}{name}.")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from properties(schema["additionalProperties"], owner)
    if "items" in schema:
        yield from properties(schema["items"], owner)


PROPERTIES = dict(properties(PLAIN))
REQUIRED = {name: field.get("items", field).get("required", ()) for name, field in PROPERTIES.items()}


def test_the_schema_is_one_of_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


def test_it_ships_with_the_package() -> None:
    assert json.loads(files("scenebuild.schema").joinpath("scene.schema.json").read_text("utf-8")) == SCHEMA


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_helps_in_an_editor(name: str) -> None:
    field = PROPERTIES[name]
    assert field["description"].endswith(".")
    assert field["examples"]
    if name not in ("name", "elements") and name.rpartition(".")[2] not in REQUIRED.get(name.rpartition(".")[0], ()):
        # what has no default says what happens without it
        assert "default" in field or "eft out" in field["description"]


@pytest.mark.parametrize("name", PROPERTIES)
def test_examples_and_defaults_satisfy_their_own_schema(name: str) -> None:
    field = PROPERTIES[name]
    validator = Draft202012Validator(field)
    for value in [*field["examples"], *([field["default"]] if "default" in field else [])]:
        assert not list(validator.iter_errors(value))


def test_unknown_names_are_refused_everywhere_but_x_at_the_top() -> None:
    closed = [PLAIN, ELEMENT, PLAIN["properties"]["defaults"], PLAIN["properties"]["mix"]]
    assert all(schema["additionalProperties"] is False for schema in closed)
    assert list(PLAIN["patternProperties"]) == ["^x-"]


def test_only_what_a_scene_needs_is_required() -> None:
    assert SCHEMA["anyOf"] == [
        {"required": ["name", "elements"]},
        {"required": ["extends"]},
        {"required": ["variants"]},
    ]
    assert PLAIN["required"] == ["name", "elements"]
    assert "required" not in ELEMENT


def test_defaults_are_fields_of_an_element() -> None:
    for name, field in PLAIN["properties"]["defaults"]["properties"].items():
        assert ELEMENT["properties"][name] == field


def test_limits_are_as_promised() -> None:
    limited = {
        name: (field.get("minimum", field.get("exclusiveMinimum")), field["maximum"])
        for name, field in PROPERTIES.items()
        if "maximum" in field and not name.startswith("defaults.")
    }
    assert limited == LIMITS
    assert ELEMENT["properties"]["prompt"]["maxLength"] == 2000
    assert PLAIN["properties"]["elements"]["maxProperties"] == 2000


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_themselves_are_read_and_what_is_beyond_is_not(name: str, tmp_path: Path) -> None:
    least, most = LIMITS[name]
    step = 1 if PROPERTIES[name]["type"] == "integer" else 0.0001
    open_end = "exclusiveMinimum" in PROPERTIES[name]
    for value, good in ((least, not open_end), (most, True), (least - step, False), (most + step, False)):
        problems = validate_document(read_document(_scene_with(tmp_path, name, value)))
        assert ("range" in {problem.rule for problem in problems}) is not good, value


def _scene_with(tmp_path: Path, name: str, value: float) -> str:
    owner, _, inside = name.rpartition(".") if name.count(".") == 0 else name.partition(".")
    data: dict[str, Any] = {"name": "a", "elements": {"a": {"prompt": "a"}}, "mix": {"duration": 36000}}
    fields = {"": data, "mix": data["mix"], "elements": data["elements"]["a"], "buses": {}, "deliver": {}}[owner]
    if owner == "buses":
        data["buses"] = {"b": fields}
    if owner == "deliver":
        fields["preset"] = "master"
        data["deliver"] = [fields]
    first, *rest = inside.split(".")
    fields[first] = _around(PROPERTIES[f"{owner}.{first}" if owner else first], rest, value)
    path = tmp_path / "scene.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return str(path)


def _around(schema: dict[str, Any], inside: list[str], value: float) -> Any:
    """A value inside a field, with what is required beside it."""
    if not inside:
        return value
    fields = schema.get("items", schema)
    name, *rest = inside
    needed = {one: fields["properties"][one]["examples"][0] for one in fields.get("required", ())}
    full = needed | {name: _around(fields["properties"][name], rest, value)}
    return [full] if "items" in schema else full


def test_defaults_in_the_schema_are_what_the_program_fills_in() -> None:
    scene = resolve(read_document(str(VALID / "minimal.yaml")))
    element, mix = scene.elements[0], scene.mix
    filled = {
        "description": scene.description,
        "seed": scene.seed,
        "elements.duration": element.duration_s,
        "elements.take": element.take,
        "elements.temperature": element.sampling.temperature,
        "elements.normalize": element.normalize,
        "elements.volume": element.volume.value,
        "elements.loop": element.playback.loop is not None,
        "elements.start": element.start_s,
        "elements.pan": element.pan.value,
        "elements.fade_in": element.fade_in_s,
        "elements.fade_out": element.fade_out_s,
        "mix.sample_rate": mix.sample_rate,
        "mix.channels": mix.channels,
        "mix.true_peak": mix.true_peak_dbtp,
        "policy.commercial": scene.commercial,
    } | _filled_inside()
    told = {name: field["default"] for name, field in PROPERTIES.items() if "default" in field}
    decided_later = {"version", "policy", "defaults", "mix", "elements.engine", "buses", "params"}
    decided_later |= {"elements.expect.no_clipping", "mix.expect.no_clipping"}
    assert {
        name: told[name] for name in told if name not in decided_later and not name.startswith("defaults.")
    } == filled


def _filled_inside() -> dict[str, Any]:
    """What is filled in where the author begins to say something and leaves the rest out."""
    path = VALID / "minimal_mixing.yaml"
    scene = resolve(read_document(str(path)))
    rain, owl, fire = scene.elements
    repeat, duck = owl.playback.repeat, fire.channel.duck
    peak, reverb, convolution, compressor = fire.channel.effects
    assert repeat is not None
    assert duck is not None
    assert isinstance(peak, Filter)
    assert isinstance(reverb, Reverb)
    assert isinstance(convolution, Convolution)
    assert isinstance(compressor, Compression)
    moving = ("volume", "gain_db", "pan", "high_pass", "low_pass")
    curves = {
        f"{owner}.{field}.curve": fire.volume.points[0].curve for owner in ("elements", "buses") for field in moving
    }
    del curves["buses.pan.curve"]
    effects = {
        "peak.q": peak.q, "convolve.wet": convolution.wet,
        "reverb.decay": reverb.decay_s, "reverb.size": reverb.size_m, "reverb.damping": reverb.damping,
        "reverb.predelay": reverb.predelay_s, "reverb.wet": reverb.wet,
        "compress.threshold": compressor.threshold_db, "compress.ratio": compressor.ratio,
        "compress.attack": compressor.attack_s, "compress.release": compressor.release_s,
        "compress.knee": compressor.knee_db, "compress.makeup": compressor.makeup_db,
    }  # fmt: skip
    ducks = {
        "by": duck.by_db, "attack": duck.attack_s, "release": duck.release_s, "hold": duck.hold_s,
        "threshold": duck.threshold_db,
    }  # fmt: skip
    owners = ("elements", "buses")
    return {
        "mix.loop": scene.mix.loop is not None,
        "mix.loop.worst_seam": MixLoop().worst_seam,
        "elements.long": rain.playback.long,
        "deliver.limiter": scene.deliver[0].limiter,
        "elements.loop.seam": LoopSettings().seam,
        "elements.reverse": rain.playback.reverse,
        "elements.mute": rain.mute,
        "elements.speed": rain.playback.speed,
        "elements.trim.from": owl.playback.trim_from_s,
        "elements.redo.from": Redo().from_s,
        "elements.redo.take": Redo().take,
        "elements.repeat.jitter": repeat.jitter_s,
        "buses.volume": scene.buses[0].volume.value,
        **curves,
        **{f"{owner}.effects.{name}": value for owner in owners for name, value in effects.items()},
        **{f"{owner}.duck.{name}": value for owner in owners for name, value in ducks.items()},
    }


@pytest.mark.parametrize("scene", sorted(VALID.glob("*.yaml")), ids=lambda path: path.stem)
def test_good_scenes_have_no_findings(scene: Path) -> None:
    assert validate_document(read_document(str(scene))) == []
