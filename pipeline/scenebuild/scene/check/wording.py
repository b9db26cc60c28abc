"""The message for each violation of the schema: what, got, allowed, what to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene import automation, channel, delivery, timing
from scenebuild.scene.check.misnomers import written_here
from scenebuild.scene.check.violations import Violation
from scenebuild.scene.effects import EFFECTS
from scenebuild.scene.fields import NumberField
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import LONGEST_QUOTE, MOST_LISTED, cut, described, in_yaml, label, nearest, number, quoted
from scenebuild.scene.schema import effect_names, known_names, listed_models, scene_schema
from scenebuild.scene.yaml.slips import ODD_BLANK, blank_message, slip_of

# Every field with a number; a name has the same meaning in each set of fields.
_NUMBERS: dict[str, NumberField] = {
    "temperature": NumberField(slips=(0.1, 0.01)),
    "top_p": NumberField(slips=(0.01,)),
    **automation.NUMBERS,
    **channel.NUMBERS,
    **channel.Duck.NUMBERS,
    **timing.NUMBERS,
    **delivery.NUMBERS,
}
for _effect in EFFECTS.values():
    _NUMBERS |= _effect.NUMBERS
_KINDS = {
    "number": "a number", "integer": "a whole number", "string": "text", "boolean": "true or false",
    "object": "a set of fields", "array": "a list",
}  # fmt: skip
QUIETEST_DB = -96
_IN_DECIBELS = "gain_db: "
_YES = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def problem_of(violation: Violation) -> Problem:
    """The finding about a violation, with its message."""
    rule, sentence = _SENTENCES[violation.keyword]
    return Problem(rule, f"{label(_name(violation.field))}: {sentence(violation)}", violation.place)


def _name(field: Field) -> str:
    """The name of a value: its field's name, also for an item of a list."""
    if not field or _names_a_member(field):
        return field[-1] if field else "scene"
    return next((part for part in reversed(field) if not part.isdecimal()), field[-1])


def _names_a_member(field: Field) -> bool:
    return len(field) == 2 and field[0] in _MEMBERS


def _number_field(name: str) -> NumberField:
    return _NUMBERS.get(name, NumberField())


def _unit(name: str) -> str:
    return _number_field(name).unit


def _wanted(it: Violation) -> list[str]:
    """The types that a value may have, the usual one first."""
    wanted = it.schema["type"]
    return wanted if isinstance(wanted, list) else [wanted]


def _kinds(it: Violation) -> str:
    return _KINDS[_wanted(it)[0]]  # the first type: an author who writes 1 for true did not mean a set of fields


def _wrong_kind(it: Violation) -> str:
    wanted = _wanted(it)
    if it.value is None and wanted == ["string"] and it.spelled not in ("", "~"):
        return f"{it.spelled} is null in YAML; put it in quotes: {in_yaml(it.spelled)}"
    if it.value is None:
        optional = ", or remove the line" if wanted[0] not in ("object", "string") else ""
        return f"nothing is written here; write {_such(it)}{optional}"
    if _stands_for_an_element(it):
        return "is a field of an element, but is in the place of an element's name; indent it below that name"
    if isinstance(it.value, str):
        return _text_instead(it, wanted)
    if wanted[0] == "array" and isinstance(it.value, dict) and any(key.startswith("-") for key in it.value):
        return "a space is missing after the - of a list; write one, such as - high_pass: 120"
    if wanted == ["string"]:
        collection = isinstance(it.value, dict | list)
        shown = described(it.value) if collection else cut(it.spelled) or described(it.value)
        advice = f"write {_such(it)}" if collection else f"put it in quotes: '{shown}'"
        return f"{shown} is not text; {advice}"
    if isinstance(it.value, float) and (meant := _meant(it)):
        return f"{number(it.value)} is not {_kinds(it)}.{meant}"
    return f"{described(it.value)} is not {_kinds(it)}; write {_such(it)}"


def _stands_for_an_element(it: Violation) -> bool:
    field = scene_schema()["$defs"]["element"]["properties"].get(it.field[-1]) if _names_a_member(it.field) else None
    return field is not None and not isinstance(it.value, dict)


def _text_instead(it: Violation, wanted: list[str]) -> str:
    from scenebuild.scene.yaml.scalars import plain

    shown, bare = quoted(it.value), it.value.strip()
    if odd := ODD_BLANK.search(it.value):
        return f"{shown} is not {_kinds(it)}; {blank_message(odd[0], 'stands in it; remove it')}"
    if wanted[0] in ("number", "integer") and isinstance(plain(bare), int | float):
        return f"{shown} is text, not a number; write it without quotes: {quoted(bare)[1:-1]}"
    if wanted[0] == "boolean" and bare.lower() in _YES:
        return f"{shown} is text, not true or false; write {_YES[bare.lower()]}"
    if wanted[0] in ("number", "integer") and (meant := _number_instead(it) or _list_instead(it, wanted)):
        return f"{shown} {'has a comma' if ',' in it.value else f'is not {_kinds(it)}'}; write {meant}"
    if wanted[0] == "object" and (slip := slip_of(bare)):
        return f"{shown} is not a set of fields; {slip}"
    if "prompt" in it.schema.get("properties", ()):
        return f"{shown} is not a set of fields; write it as a field of its own, prompt: {shown}"
    return f"{shown} is not {_kinds(it)}; write {_such(it)}"


def _number_instead(it: Violation) -> str:
    """``1.5 (seconds)`` for ``1,5``; "" where the text means no number that the field allows."""
    from scenebuild.scene.check.numerals import decibels_in, number_in

    name = _name(it.field)
    level_db = decibels_in(it.value) if name == "volume" else None
    if level_db is not None:
        return f"{_IN_DECIBELS}{number(level_db)} instead"
    note = _unit(name)
    meant = number_in(it.value, note.split(";")[0])
    if meant is None or not _within(meant, it.schema):
        return ""
    return f"{number(int(meant) if meant == int(meant) else meant)}{f' ({note})' if note else ''}"


def _list_instead(it: Violation, wanted: list[str]) -> str:
    """``[1, 2]`` for the text ``1, 2`` where a list is allowed."""
    from scenebuild.scene.check.numerals import number_in

    parts = it.value[:LONGEST_QUOTE].split(",") if "array" in wanted and it.value.count(",") < MOST_LISTED else []
    numbers = [number_in(part, _unit(_name(it.field)).split(";")[0]) for part in parts]
    known = [number(one) for one in numbers if one is not None]
    return f"a list in brackets: [{', '.join(known)}]" if len(known) == len(parts) > 1 else ""


def _within(value: float, schema: dict[str, Any]) -> bool:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    whole = value == int(value) or _first(schema) != "integer"
    return bool(least <= value <= most and value > schema.get("exclusiveMinimum", -math.inf) and whole)


def _first(schema: dict[str, Any]) -> str:
    wanted = schema["type"]
    return str(wanted[0] if isinstance(wanted, list) else wanted)


def _such(it: Violation) -> str:
    """``one such as 0.7 (1.0 is unity)``"""
    if _wanted(it)[0] == "boolean":
        return "true or false"
    note = _unit(_name(it.field))
    return f"one such as {_written(it.schema['examples'][0])}{f' ({note})' if note else ''}"


def _written(value: Any) -> str:
    """An example of the schema as YAML on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
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
    if _name(it.field) == "volume" and it.field[-1] == "volume" and QUIETEST_DB <= it.value < 0:
        return f"{number(it.value)} is less than 0 (1.0 is unity); for decibels write {_IN_DECIBELS}{number(it.value)}"
    return f"{number(it.value)} is less than {number(it.limit)}{_way_back(it)}"


def _at_the_edge(it: Violation) -> str:
    return f"{number(it.value)} is not more than {number(it.limit)}{_way_back(it)}"


def _way_back(it: Violation) -> str:
    if meant := _meant(it):
        return f".{meant}"
    note = f" ({unit})" if (unit := _unit(_name(it.field))) else ""
    most = number(it.schema["maximum"])
    if "exclusiveMinimum" in it.schema:
        return f"; write more than {it.schema['exclusiveMinimum']}, up to {most}{note}"
    return f"; write {number(it.schema['minimum'])} to {most}{note}"


def _meant(it: Violation) -> str:
    for factor in _number_field(_name(it.field)).slips:
        meant = round(it.value * factor, 6)
        # A slipped point leaves a round number: 8000 ms is likely, 601 is just more than 600.
        round_number = abs(factor) >= 1 or (it.value == int(it.value) and float(f"{meant:.2g}") == meant)
        if round_number and _fits(meant, it.schema):
            return f" Did you mean {int(meant) if it.schema['type'] == 'integer' else meant}?"
    return ""


def _fits(value: float, schema: dict[str, Any]) -> bool:
    if "maximum" not in schema:  # a number in the place of a set of fields
        return False
    above = value > schema["exclusiveMinimum"] if "exclusiveMinimum" in schema else value >= schema["minimum"]
    return above and value != 0 and value <= schema["maximum"]


def _no_choice(it: Violation) -> str:
    known = [str(choice) for choice in it.limit]
    meant = nearest(it.value, known) if isinstance(it.value, str) else ""
    return f"{described(it.value)} is not one of {', '.join(known)}.{meant}"


def _no_model(it: Violation) -> str:
    known = listed_models()
    allowed = f"write {known[0]} or another of 'scenebuild models list', or the name of a registered checkpoint"
    return f"{quoted(it.value)} is no model; {allowed} (a-z, 0-9, _ and -).{nearest(it.value, known)}"


def _other_version(it: Violation) -> str:
    return (
        f"this scenebuild reads version {it.limit} of the scene format, not {number(it.value)};"
        f" update scenebuild, or write version: {it.limit}"
    )


def _too_long(it: Violation) -> str:
    return f"{len(it.value)} characters are more than {it.limit}; shorten it"


def _too_many(it: Violation) -> str:
    if it.limit == 1:
        return f"{' and '.join(map(label, it.value))} are in one item; begin a line with - for each"
    return f"{len(it.value)} are more than {it.limit}; split the scene into several"


def _too_few(it: Violation) -> str:
    if not it.value:
        return f"the list is empty; write {_such(it)}, or remove the line"
    return f"{len(it.value)} values; write {it.limit}, such as {_written(it.schema['examples'][0])}"


def _too_many_items(it: Violation) -> str:
    """A list of a fixed length has one message for too few and too many."""
    return _too_few(it) if it.schema.get("minItems") == it.limit else _too_many(it)


def _nothing(it: Violation) -> str:
    return f"nothing is written here; write {_such(it)}"


def _missing(it: Violation) -> str:
    return f"is missing; write one such as {_written(it.schema['properties'][it.field[-1]]['examples'][0])}"


def _unknown(it: Violation) -> str:
    key, owner = it.field[-1], _owner(it.field[:-1])
    if told := _mistyped(key, owner, it.value[key]):
        return told
    home = next((home for home, names in _homes().items() if key in names), None)
    if home is not None:
        return f"is not a field of {owner}; it is one of {home}"
    known = list(it.schema["properties"])
    meant = nearest(key, known)
    return f"is not a field of {owner}" + (f".{meant}" if meant else f"; there are {_listed(known)}")


def _mistyped(key: str, owner: str, value: Any) -> str:
    if ODD_BLANK.match(key):
        return blank_message(key[0], "stands here; indent with plain spaces")
    if slip := slip_of(key):
        return slip
    if key.startswith("-") and key[1:] in known_names():
        return f"a space is missing after the -; write - {key[1:]}:"
    if instead := written_here(owner, key):
        return f"is not a field of {owner}; {instead}"
    if key in effect_names() and owner in ("an element", "a bus"):
        return f"is an effect, not a field of {owner}; write effects: [{{{key}: …}}]"
    if owner == "a scene" and isinstance(value, dict) and {"prompt", "file"} & value.keys():
        return "is not a field of a scene; if it is an element, indent it below elements"
    return ""


def _listed(names: list[str]) -> str:
    if len(names) <= MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_LISTED])} and {len(names) - MOST_LISTED} more: scenebuild schema lists them"


def _owner(field: Field) -> str:
    """The owner of a field, in words: ``an element``, ``mix``."""
    if not field:
        return "a scene"
    if _names_a_member(field):
        return _MEMBERS[field[0]]
    return _INSIDE.get(_name(field), _name(field)) if field[-1].isdecimal() else field[-1]


_MEMBERS = {"elements": "an element", "buses": "a bus"}  # sets whose members the author names
_INSIDE = {"effects": "an effect", "deliver": "a delivery"} | dict.fromkeys(
    automation.AUTOMATED, "a keyframe"
)  # lists, and the word for one of their items


def _homes() -> dict[str, set[str]]:
    schema = scene_schema()
    return {
        "an element": set(schema["$defs"]["element"]["properties"]),
        "a bus": set(schema["$defs"]["bus"]["properties"]),
        "mix": set(schema["$defs"]["mix"]["properties"]),
        "policy": set(schema["properties"]["policy"]["properties"]),
        "a scene": set(schema["properties"]),
    }


_SENTENCES: dict[str, tuple[str, Callable[[Violation], str]]] = {
    "type": ("type", _wrong_kind),
    "const": ("version", _other_version),
    "enum": ("choice", _no_choice),
    "anyOf": ("choice", _no_model),
    "minimum": ("range", _too_little),
    "exclusiveMinimum": ("range", _at_the_edge),
    "maximum": ("range", _too_much),
    "minLength": ("blank", _nothing),
    "maxLength": ("length", _too_long),
    "minProperties": ("blank", _nothing),
    "maxProperties": ("length", _too_many),
    "minItems": ("blank", _too_few),
    "maxItems": ("length", _too_many_items),
    "required": ("missing", _missing),
    "unknown": ("unknown-field", _unknown),
}
