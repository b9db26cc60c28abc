"""The keywords of the JSON Schema that a document violates, as values: place, field, keyword, value."""

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

# Keywords for editors (rules.py has better messages), and keywords without a meaning of their own.
_FOR_EDITORS = {
    "allOf", "if", "then", "else", "pattern", "patternErrorMessage", "errorMessage", "propertyNames", "uniqueItems",
    "doNotSuggest", "$defs",
}  # fmt: skip
_OF_PARAMETERS = (("params",), ("matrix",))


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword of the schema that one value violates."""

    place: Place
    field: Field  # of the value; for `unknown` and `required` of the name in question
    keyword: str  # of JSON Schema; `unknown` for a name that violates additionalProperties
    value: Any
    schema: dict[str, Any]  # the subschema that holds the keyword
    spelled: str = ""  # the author's spelling of a number or of a word such as true

    @property
    def limit(self) -> Any:
        """The value of the keyword in the schema."""
        return self.schema.get(self.keyword)


@lru_cache(maxsize=1)
def whole_schema() -> dict[str, Any]:
    """The schema of a scene that is composed from all its files: plain keywords, no references.

    The published schema also tells editors which fields belong together, which names are allowed and that ``null``
    removes an inherited field. For a composed scene ``rules`` checks all that, with better messages.
    """
    schema = scene_schema()
    built_in = ["auto", *(name for name in REGISTRY if name != RECORDINGS)]  # ``_facts`` asks the registry for others
    engine = {**schema["$defs"]["engine"], "enum": built_in}
    definitions = {**schema["$defs"], "engine": engine}
    whole = {key: value for key, value in schema.items() if key != "anyOf"}
    needed = (inlined(definitions[name], definitions) for name in ("whole", "not_laid_over"))
    return reduce(_joined, needed, inlined(whole, definitions))


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with every ``$ref`` into ``$defs`` replaced by its definition, which saves a look-up for each value.

    Keywords for editors are left out, and so is ``null`` as a value that removes an inherited field.
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
    if key == "properties":  # its keys are names of fields, not keywords
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
    """Both schemas as one: keywords that hold objects are merged."""
    same = {key for key in more if isinstance(schema.get(key), dict) and isinstance(more[key], dict)}
    return schema | more | {key: _joined(schema[key], more[key]) for key in same}


@lru_cache(maxsize=1)
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(whole_schema())


def wants_text(violation: Violation) -> bool:
    """Whether the field holds text, and the value is none."""
    return violation.keyword == "type" and violation.schema["type"] == "string"


def violations(document: Document) -> Iterator[Violation]:
    """Every violation of the schema; for a value of the wrong type only that."""
    wrong: set[Field] = set()  # fields with a value of the wrong type
    for error in _validator().iter_errors(document.data):
        field = tuple(map(str, error.absolute_path))
        if field in wrong or _is_parameter(field, error):
            continue
        if error.validator == "type":
            wrong.add(field)
        yield from _facts(document, field, error)


def _is_parameter(field: Field, error: ValidationError) -> bool:
    """Whether it is a type of a parameter, which variants.py reports."""
    return error.validator == "type" and field[:1] in _OF_PARAMETERS and isinstance(error.validator_value, list)


def _facts(document: Document, field: Field, error: ValidationError) -> Iterator[Violation]:
    schema: Any = error.schema
    keyword, value = str(error.validator), cast(Any, error.instance)
    if keyword == "required":
        for name in schema["required"]:
            if name not in value:
                place = document.keys.get(field) or document.value(field)  # an item of a list has no name
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
