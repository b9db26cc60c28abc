"""The sentence for each violation of the schema: what, got, allowed, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene.document import Field
from scenebuild.scene.quoting import described, label, nearest, number, quoted
from scenebuild.scene.violations import Violation, scene_schema

# What a bare number means, or which end is which.
NOTES = {
    "volume": "1.0 is unity", "gain_db": "decibels; 0 is unity", "pan": "-1 is left, 1 is right",
    "duration": "seconds", "start": "seconds", "fade_in": "seconds", "fade_out": "seconds",
    "sample_rate": "Hz", "true_peak": "dBTP", "loudness": "LUFS",
}  # fmt: skip
# How a number is usually mistaken: a slipped point, percent, milliseconds, kilohertz, a lost sign. Factors back.
SLIPS = {
    "volume": (0.01,), "pan": (0.01,), "top_p": (0.01,), "gain_db": (0.1,), "temperature": (0.1, 0.01),
    "duration": (0.001,), "start": (0.001,), "fade_in": (0.001,), "fade_out": (0.001,),
    "sample_rate": (1000.0,), "true_peak": (-1.0,), "loudness": (-1.0,),
}  # fmt: skip
_KINDS = {
    "number": "a number", "integer": "a whole number", "string": "text", "boolean": "true or false",
    "object": "a set of fields", "array": "a list",
}  # fmt: skip
_YES = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def worded(violation: Violation) -> Problem:
    """The finding for a person."""
    rule, sentence = _SENTENCES[violation.keyword]
    field = violation.field
    if field[-3:-2] == ("expect",) and field[-1].isdigit():
        field = field[:-1]  # of a pair, not which of the two
    name = label(field[-1]) if field else "scene"
    return Problem(rule, f"{name}: {sentence(violation)}", violation.place)


def _wrong_kind(it: Violation) -> str:
    wanted = it.schema["type"]
    if it.value is None:
        optional = ", or remove the line" if wanted not in ("object", "string") else ""
        return f"nothing is written here; write {_such(it)}{optional}"
    if isinstance(it.value, str):
        return _text_instead(it, wanted)
    if wanted == "string":
        collection = isinstance(it.value, dict | list)
        advice = f"write {_such(it)}" if collection else f"put it in quotes: '{described(it.value)}'"
        return f"{described(it.value)} is not text; {advice}"
    if isinstance(it.value, float) and (meant := _meant(it)):
        return f"{number(it.value)} is not {_KINDS[wanted]}.{meant}"
    return f"{described(it.value)} is not {_KINDS[wanted]}; write {_such(it)}"


def _text_instead(it: Violation, wanted: str) -> str:
    from scenebuild.scene.scalars import plain

    shown, bare = quoted(it.value), it.value.strip()
    if wanted in ("number", "integer") and isinstance(plain(bare), int | float):
        return f"{shown} is text, not a number; write it without quotes: {quoted(bare)[1:-1]}"
    if wanted == "boolean" and bare.lower() in _YES:
        return f"{shown} is text, not true or false; write {_YES[bare.lower()]}"
    if "prompt" in it.schema.get("properties", ()):
        return f"{shown} is not a set of fields; write it as a field of its own, prompt: {shown}"
    return f"{shown} is not {_KINDS[wanted]}; write {_such(it)}"


def _such(it: Violation) -> str:
    """``one such as 0.7 (1.0 is unity)``"""
    if it.schema["type"] == "boolean":
        return "true or false"
    note = NOTES.get(it.field[-1]) if it.field else None
    return f"one such as {_written(it.schema['examples'][0])}{f' ({note})' if note else ''}"


def _written(value: Any) -> str:
    """A value of the schema's own as YAML on one line."""
    if isinstance(value, dict):
        inside = (f"{key}: {_written(inner)}" for key, inner in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, str) and ", " in value:
        return f"'{value}'"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _too_much(it: Violation) -> str:
    return f"{number(it.value)} is more than {number(it.limit)}{_way_back(it)}"


def _too_little(it: Violation) -> str:
    return f"{number(it.value)} is less than {number(it.limit)}{_way_back(it)}"


def _at_the_edge(it: Violation) -> str:
    return f"{number(it.value)} is not more than {number(it.limit)}{_way_back(it)}"


def _way_back(it: Violation) -> str:
    if meant := _meant(it):
        return f".{meant}"
    note = f" ({NOTES[it.field[-1]]})" if it.field[-1] in NOTES else ""
    most = number(it.schema["maximum"])
    if "exclusiveMinimum" in it.schema:
        return f"; write more than {it.schema['exclusiveMinimum']}, up to {most}{note}"
    return f"; write {number(it.schema['minimum'])} to {most}{note}"


def _meant(it: Violation) -> str:
    for factor in SLIPS.get(it.field[-1], ()):
        meant = round(it.value * factor, 6)
        # A slipped point leaves a round number: 8000 ms is likely, 601 is just more than 600.
        round_number = abs(factor) >= 1 or (it.value == int(it.value) and float(f"{meant:.2g}") == meant)
        if round_number and _fits(meant, it.schema):
            return f" Did you mean {int(meant) if it.schema['type'] == 'integer' else meant}?"
    return ""


def _fits(value: float, schema: dict[str, Any]) -> bool:
    above = value > schema["exclusiveMinimum"] if "exclusiveMinimum" in schema else value >= schema["minimum"]
    return above and value != 0 and value <= schema["maximum"]


def _no_choice(it: Violation) -> str:
    known = [str(choice) for choice in it.limit]
    meant = nearest(it.value, known) if isinstance(it.value, str) else ""
    return f"{described(it.value)} is not one of {', '.join(known)}.{meant}"


def _other_version(it: Violation) -> str:
    return (
        f"this scenebuild reads version {it.limit} of the scene format, not {number(it.value)};"
        f" update scenebuild, or write version: {it.limit}"
    )


def _too_long(it: Violation) -> str:
    return f"{len(it.value)} characters are more than {it.limit}; shorten it"


def _too_many(it: Violation) -> str:
    return f"{len(it.value)} are more than {it.limit}; split the scene into several"


def _nothing(it: Violation) -> str:
    return f"nothing is written here; write {_such(it)}"


def _too_few(it: Violation) -> str:
    if not it.value:
        return _nothing(it)
    return f"{len(it.value)} values; write {it.limit}, such as {_written(it.schema['examples'][0])}"


def _missing(it: Violation) -> str:
    return f"is missing; write one such as {_written(it.schema['properties'][it.field[-1]]['examples'][0])}"


def _unknown(it: Violation) -> str:
    key, owner = it.field[-1], _owner(it.field)
    home = next((home for home, names in _homes().items() if key in names), None)
    if home is not None:
        return f"is not a field of {owner}; it is one of {home}"
    known = list(it.schema["properties"])
    meant = nearest(key, known)
    return f"is not a field of {owner}" + (f".{meant}" if meant else f"; there are {', '.join(known)}")


def _owner(field: Field) -> str:
    if field[-2:-1] in (("expect",), ("energy_above",)):
        return field[-2]
    return _OWNERS.get(field[:1] if len(field) > 1 else (), "an element")


_OWNERS: dict[Field, str] = {
    (): "a scene",
    ("defaults",): "defaults",
    ("elements",): "an element",
    ("mix",): "mix",
    ("policy",): "policy",
}


def _homes() -> dict[str, set[str]]:
    schema = scene_schema()
    return {
        "an element": set(schema["$defs"]["element"]["properties"]),
        "mix": set(schema["$defs"]["mix"]["properties"]),
        "policy": set(schema["properties"]["policy"]["properties"]),
        "a scene": set(schema["properties"]),
    }


_SENTENCES: dict[str, tuple[str, Callable[[Violation], str]]] = {
    "type": ("type", _wrong_kind),
    "const": ("version", _other_version),
    "enum": ("choice", _no_choice),
    "minimum": ("range", _too_little),
    "exclusiveMinimum": ("range", _at_the_edge),
    "maximum": ("range", _too_much),
    "minLength": ("blank", _nothing),
    "maxLength": ("length", _too_long),
    "minProperties": ("blank", _nothing),
    "minItems": ("blank", _too_few),
    "maxItems": ("length", _too_few),
    "maxProperties": ("length", _too_many),
    "required": ("missing", _missing),
    "unknown": ("unknown-field", _unknown),
}
