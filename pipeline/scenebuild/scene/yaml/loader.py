"""From the events of the YAML parser to plain data, in one pass that refuses anchors, aliases, merge keys and tags."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.check.findings import capped
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import label, printable, quoted
from scenebuild.scene.yaml.commas import BraceEntries
from scenebuild.scene.yaml.scalars import Scalar, plain
from scenebuild.scene.yaml.source import CONTROL, MOST_NODES

DEEPEST = 32  # collections within collections

_EMPTY = "the file is empty; a scene has at least a name and elements"
_WRITE_OUT = "write the value out where it is used, or put what elements share under defaults"
_REFUSED = {
    "anchor": f"anchors (&{{}}) are not used in scene files; {_WRITE_OUT}",
    "alias": f"aliases (*{{}}) are not used in scene files; {_WRITE_OUT}",
    "merge-key": f"merge keys (<<) are not used in scene files; {_WRITE_OUT}",
    "tag": "tags ({}) are not used in scene files; remove it",
}


class Loader:
    """One pass over the events of one file."""

    def __init__(self, path: str, text: str, events: Iterator[Event]) -> None:
        self.file = printable(path)
        self.text = text
        self.events = events
        self.keys: dict[Field, Place] = {}
        self.values: dict[Field, Place] = {}
        self.refused: list[Problem] = []  # findings that make the file unreadable
        self.problems: list[Problem] = []  # findings with which the rest can still be validated
        self.spelled: dict[Place, str] = {}
        self.nodes = 0

    def root(self) -> dict[str, Any]:
        next(self.events)  # the stream starts
        if not isinstance(next(self.events), DocumentStartEvent):
            raise self._fatal("empty", _EMPTY, Place(self.file))
        first = next(self.events)
        data = self._node(first, (), 0)
        next(self.events)  # the document ends
        after = next(self.events)
        if not isinstance(after, StreamEndEvent):
            message = "a second document begins here; write one scene a file"
            raise self._fatal("several-documents", message, self._place(after))
        if data is None:
            raise self._fatal("empty", _EMPTY, self._place(first))
        if not isinstance(data, dict):
            kind = "a list" if isinstance(data, list) else "a single value"
            message = f"a scene is a set of fields, such as name: Rainy café, not {kind}"
            raise self._fatal("root-type", message, self._place(first))
        return data

    def _node(self, event: Event, field: Field, depth: int) -> Any:
        place = self.values[field] = self._place(event)
        self._count(place)
        if isinstance(event, AliasEvent):
            self._refuse("alias", event.anchor or "", place)
            return None
        if isinstance(event, ScalarEvent | CollectionStartEvent):
            self._refuse_properties(event, place)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, label(field[-1]) if field else "scene", place)
        if depth >= DEEPEST:
            raise self._fatal("too-deep", f"nested deeper than {DEEPEST} levels; a scene needs four", place)
        if isinstance(event, MappingStartEvent):
            return self._mapping(field, depth, flow=bool(event.flow_style))
        return self._sequence(field, depth)

    def _count(self, place: Place) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            message = f"more than {MOST_NODES} values in one file; split the scene into several"
            raise self._fatal("too-many-values", message, place)

    def _scalar(self, event: ScalarEvent, what: str, place: Place) -> Scalar:
        text: str = event.value
        self._refuse_controls(text, what, place)
        value = plain(text) if event.implicit[0] else text
        if not isinstance(value, str) and text:
            self.spelled[place] = text
        if isinstance(value, float) and not math.isfinite(value):
            message = f"{what}: {quoted(text)[1:-1]} is not a finite number; write one in digits"
            self.problems.append(Problem("not-finite", message, place))
        return value

    def _refuse_controls(self, text: str, what: str, place: Place) -> None:
        if CONTROL.search(text):
            message = f"{what}: {quoted(text)} holds a control character; remove it"
            self.problems.append(Problem("control-character", message, place))

    def _mapping(self, field: Field, depth: int, *, flow: bool) -> dict[str, Any]:
        data: dict[str, Any] = {}
        commas = BraceEntries(self.text) if flow else None
        while not isinstance(event := next(self.events), MappingEndEvent):
            place = self._place(event)
            key = self._key(event, (*field, "?"), depth)
            named = (*field, key)
            if key in data:
                message = f"{label(key)} occurs twice: here and in line {self.keys[named].line}; remove one of the two"
                self.problems.append(Problem("duplicate-key", message, place))
            self.keys[named] = place
            value = next(self.events)
            if commas is not None and commas.cuts(event, value):
                commas.piece(place, event)
                self._count(place)
                del self.keys[named]
                continue
            if commas is not None:
                self._put_together(commas, data, field)
                commas.entry(event, value)
            data[key] = self._node(value, named, depth + 1)
        if commas is not None:
            self._put_together(commas, data, field)
        return data

    def _put_together(self, commas: BraceEntries, data: dict[str, Any], owner: Field) -> None:
        """Replace a value that commas have cut by its whole text, so that no rule concludes anything from a part."""
        if found := commas.put_together():
            name, text, problem = found
            data[name] = text
            self.values[(*owner, name)] = problem.place  # the place of its only finding
            self.problems.append(problem)

    def _key(self, event: Event, field: Field, depth: int) -> str:
        place = self._place(event)
        if not isinstance(event, ScalarEvent):
            self._node(event, field, depth + 1)
            message = "the name of a field must be plain text; put it in quotes if it begins with [ { or *"
            self.refused.append(Problem("key-type", message, place))
            return ""
        self._refuse_properties(event, place)
        self._refuse_controls(event.value, "the name of a field", place)
        if event.value == "<<" and event.implicit[0]:
            self._refuse("merge-key", "", place)
        # A key is always text: 808 and no are names, though YAML reads a number and a boolean.
        return str(event.value)

    def _sequence(self, field: Field, depth: int) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            data.append(self._node(event, (*field, str(len(data))), depth + 1))
        return data

    def _refuse_properties(self, event: ScalarEvent | CollectionStartEvent, place: Place) -> None:
        if event.anchor is not None:
            self._refuse("anchor", event.anchor, place)
        if event.tag is not None:
            self._refuse("tag", event.tag.replace("tag:yaml.org,2002:", "!!", 1), place)

    def _refuse(self, rule: str, text: str, place: Place) -> None:
        shown = quoted(text)[1:-1]
        self.refused.append(Problem(rule, _REFUSED[rule].format(shown), place))

    def _fatal(self, rule: str, message: str, place: Place) -> SceneError:
        return SceneError(capped([*self.refused, *self.problems, Problem(rule, message, place)]))

    def _place(self, event: Event) -> Place:
        mark: Any = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)
