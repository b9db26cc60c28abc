"""What the JSON Schema has against a document, as plain facts: where, which keyword, what was there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any, cast

from scenebuild.engines import RECORDINGS, REGISTRY, is_prompt_engine, prompt_engines
from scenebuild.errors import Place
from scenebuild.scene.names import Field
from scenebuild.scene.schema import scene_schema
from scenebuild.scene.yaml.document import Document

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

# What the schema says for editors and rules.py says in better words, or what tells the two of a pair apart.
_FOR_EDITORS = frozenset(
    {
        "allOf",
        "if",
        "then",
        "else",
        "pattern",
        "patternErrorMessage",
        "errorMessage",
        "propertyNames",
        "uniqueItems",
        "doNotSuggest",
        "$defs",
    }
)
_OF_PARAMETERS = (("params",), ("matrix",))
NEEDED = ("name", "elements")  # of a whole scene; a file may have them from the one that it extends


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword of the schema that one value does not satisfy."""

    place: Place
    field: Field  # the value's; for `unknown` and `required` with the name in question at its end
    keyword: str  # as JSON Schema has it; `unknown` for a name that additionalProperties does not know
    value: Any
    schema: dict[str, Any]  # the subschema that holds the keyword
    spelled: str = ""  # how the author wrote a number or a word such as true

    @property
    def limit(self) -> Any:
        """What the keyword says."""
        return self.schema.get(self.keyword)


@lru_cache(maxsize=1)
def whole_schema() -> dict[str, Any]:
    """What a scene is held to that has been put together from all its files: plain keywords only, nothing to look up.

    The schema that is shipped tells an editor more about one file: what belongs together, which names there may be,
    that ``null`` removes what is inherited. Of a scene that is whole, ``rules`` says all that with better words.
    """
    schema = scene_schema()
    built_in = ["auto", *(name for name in REGISTRY if name != RECORDINGS)]  # of others, ``_facts`` asks the registry
    engine = {**schema["$defs"]["engine"], "enum": built_in}
    definitions = {**schema["$defs"], "engine": engine}
    whole = {key: value for key, value in schema.items() if key != "anyOf"}
    needed = (inlined(definitions[name], definitions) for name in ("whole", "not_laid_over"))
    return reduce(_joined, needed, inlined(whole, definitions))


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with every ``$ref`` into ``$defs`` replaced by what it names: a look-up less for each value.

    What only an editor needs is left out, and that ``null`` may stand where something is inherited.
    """
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    schema = _without_null(schema)
    return {key: _part(key, value, definitions) for key, value in schema.items() if key not in _FOR_EDITORS}


def _part(key: str, value: Any, definitions: dict[str, Any]) -> Any:
    if key == "properties":  # names, whatever keywords they are called like
        return {name: inlined(field, definitions) for name, field in value.items()}
    return value if key in ("anyOf", "default", "examples") else inlined(value, definitions)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kept = dict(schema)
    if {"type": "null"} in kept.get("anyOf", ()):
        kept |= kept.pop("anyOf")[0]
    if isinstance(kept.get("type"), list) and "null" in kept["type"]:
        kinds = [kind for kind in kept["type"] if kind != "null"]
        kept["type"] = kinds[0] if len(kinds) == 1 else kinds
    if None in kept.get("enum", ()):
        kept["enum"] = [choice for choice in kept["enum"] if choice is not None]
    return kept


def _joined(schema: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Both as one: sets of keywords are merged by name."""
    same = {key for key in more if isinstance(schema.get(key), dict) and isinstance(more[key], dict)}
    return schema | more | {key: _joined(schema[key], more[key]) for key in same}


@lru_cache(maxsize=1)
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(whole_schema())


def wants_text(violation: Violation) -> bool:
    """Whether a text is asked for, and something else is there."""
    return violation.keyword == "type" and violation.schema["type"] == "string"


def violations(document: Document) -> Iterator[Violation]:
    """Everything that the schema has against the document; of one value, what matters first."""
    wrong: set[Field] = set()  # a value of the wrong kind has no range
    for error in _validator().iter_errors(document.data):
        field = tuple(map(str, error.absolute_path))
        if field in wrong or _is_parameter(field, error):
            continue
        if error.validator == "type":
            wrong.add(field)
        yield from _facts(document, field, error)


def _is_parameter(field: Field, error: ValidationError) -> bool:
    """A value that may be of several kinds: variants.py has the words for it."""
    return error.validator == "type" and field[:1] in _OF_PARAMETERS and isinstance(error.validator_value, list)


def _facts(document: Document, field: Field, error: ValidationError) -> Iterator[Violation]:
    schema: Any = error.schema
    keyword, value = str(error.validator), cast(Any, error.instance)
    if keyword == "required":
        for name in schema["required"]:
            if name not in value:
                place = document.keys.get(field) or document.value(field)  # what is in a list has no name
                yield Violation(place, (*field, name), keyword, value, schema)
    elif keyword == "additionalProperties":
        for name in value:
            if name not in schema["properties"] and not (field == () and name.startswith("x-")):
                yield Violation(document.key((*field, name)), (*field, name), "unknown", value, schema)
    elif keyword == "enum" and field[-1] == "engine":
        if not (isinstance(value, str) and is_prompt_engine(value)):
            there = {**schema, "enum": ["auto", *prompt_engines()]}
            place = document.value(field)
            yield Violation(place, field, keyword, value, there, document.spelled.get(place, ""))
    else:
        place = document.value(field)
        yield Violation(place, field, keyword, value, schema, document.spelled.get(place, ""))
