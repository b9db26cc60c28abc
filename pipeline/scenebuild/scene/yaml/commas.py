"""Texts with commas in braces: in ``{prompt: wind in the trees, gentle}`` YAML reads ``gentle`` as a field.

The pieces are joined again, and one finding says that the text needs quotes.
"""

from __future__ import annotations

import re
from typing import Any

from yaml.events import ScalarEvent

from scenebuild.errors import Place, Problem
from scenebuild.scene.quoting import cut, in_yaml, label, quoted
from scenebuild.scene.schema import known_names

_DIGITS = re.compile(r"[-+]?[0-9]+")
_FRACTION = re.compile(r"[0-9]+")
_CURLY = re.compile("[\u201c-\u201f]")


class BraceEntries:
    """Collects the entries of one set of fields in braces while they are read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._before: tuple[ScalarEvent, ScalarEvent] | None = None  # the last field, if its value is plain text
        self._pieces: list[tuple[Place, ScalarEvent]] = []  # pieces of its text after commas

    def cuts(self, key: Any, value: Any) -> bool:
        """Whether an entry is not a field, but a piece of the text before it."""
        return (
            self._before is not None
            and _is_plain(key)
            and _is_plain(value)
            and key.value != ""
            and value.start_mark.index == value.end_mark.index
            and ":" not in self._text[key.end_mark.index : value.start_mark.index]
            and key.value not in known_names()
        )

    def piece(self, place: Place, key: Any) -> None:
        """Add an entry that is a piece."""
        self._pieces.append((place, key))

    def entry(self, key: Any, value: Any) -> None:
        """Add an entry that is a field."""
        text = isinstance(key, ScalarEvent) and isinstance(value, ScalarEvent) and _is_plain(value) and value.value
        self._before = (key, value) if text else None

    def put_together(self) -> tuple[str, str, Problem] | None:
        """(name, whole text, finding) of the last field; None where its text has no further pieces."""
        if not self._pieces or self._before is None:
            return None
        (name, value), ((place, first), *_) = self._before, self._pieces
        parts = [value.value, *(piece.value for _, piece in self._pieces)]
        self._pieces = []
        message = f"{label(name.value)}: {_sentence(name.value, parts, first.value)}"
        return name.value, ", ".join(parts), Problem("comma", message, place)


def _sentence(name: str, parts: list[str], first: str) -> str:
    if len(parts) == 2 and _DIGITS.fullmatch(parts[0]) and _FRACTION.fullmatch(parts[1]):
        return f"{cut(','.join(parts))} has a comma; a number has a point, write {cut('.'.join(parts))}"
    ends = f"a comma ends it before {quoted(first)};"
    if all(map(_DIGITS.fullmatch, parts)):
        return f"{ends} write a list in brackets, {label(name)}: [{cut(', '.join(parts))}]"
    whole = ", ".join(parts)
    if _CURLY.match(whole):
        return f"{ends} put the whole text in straight quotes, {label(name)}: {in_yaml(_CURLY.sub('', whole))}"
    return f"{ends} put the whole text in quotes, {label(name)}: {in_yaml(whole)}"


def _is_plain(event: Any) -> bool:
    return isinstance(event, ScalarEvent) and event.style in (None, "") and event.implicit[0]
