"""Parameters: ``{{ weather }}`` in the texts of a scene. Only plain names, no expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene.check.findings import MOST_SHOWN
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import Nearest, label, meant_or_listed, number, quoted
from scenebuild.scene.yaml.document import Document

Value = str | int | float | bool
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
LONGEST_TEXT = 4000  # characters; no text of a scene may be longer

_PLACE = re.compile(r"\{\{[ \t\r\n]*([a-z][a-z0-9_]{0,63})[ \t\r\n]*\}\}")


def filled(document: Document, values: Mapping[str, Value], *, strict: bool) -> Document:
    """The document with the values filled into its name, description and prompts; unknown names are problems of it.

    ``strict``: the scene has parameters, so anything in double braces must be one. In other scenes double braces
    around anything but a plain name are ordinary text.
    """
    data, problems, nearest = dict(document.data), list(document.problems), Nearest(MOST_SHOWN)
    for field, text in _texts(document):
        faults = list(_faults(text, values, nearest, strict=strict)) if "{{" in text else []
        place = document.value(field)
        problems += [Problem("parameter", f"{field[-1]}: {fault}", place) for fault in faults]
        if "{{" in text and not faults:
            _put(data, field, _PLACE.sub(lambda found: written(values[found[1]]), text))
    return replace(document, data=data, problems=tuple(problems))


def written(value: Value) -> str:
    """A value as text.

    >>> written("heavy rain"), written(3.0), written(True)
    ('heavy rain', '3', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number(value)


def _texts(document: Document) -> Iterator[tuple[Field, str]]:
    elements = document.data.get("elements")
    names = elements if isinstance(elements, dict) else {}
    for field in (("name",), ("description",), *(("elements", name, "prompt") for name in names)):
        text: Any = document.data
        for key in field:
            text = text.get(key) if isinstance(text, dict) else None
        if isinstance(text, str):
            yield field, text


def _faults(text: str, values: Mapping[str, Value], nearest: Nearest, *, strict: bool) -> Iterator[str]:
    names = _PLACE.findall(text)
    for name in dict.fromkeys(names):
        if name not in values:
            yield _unknown(name, values, nearest)
    odd = _PLACE.sub("", text)
    if strict and "{{" in odd:
        shown = quoted(odd[odd.index("{{") :].partition("}}")[0][:40] + "}}")
        yield f"{shown} is not a parameter; write a plain name in the braces, such as {{{{ {next(iter(values))} }}}}"
    length = len(text) + sum(len(written(values[name])) for name in names if name in values)
    if length > LONGEST_TEXT:
        yield f"is longer than {LONGEST_TEXT} characters with its parameters filled in; shorten it"


def _unknown(name: str, values: Mapping[str, Value], nearest: Nearest) -> str:
    if not values:
        return f"{{{{ {name} }}}} is a parameter, and the scene has none; write params: {{{name}: …}}"
    return f"there is no parameter {label(name)}{meant_or_listed(name, sorted(values), nearest)}"


def _put(data: dict[str, Any], field: Field, text: str) -> None:
    """Replace one text. The dicts on the way to it are copied, as variants share them."""
    for key in field[:-1]:
        data[key] = dict(data[key])
        data = data[key]
    data[field[-1]] = text
