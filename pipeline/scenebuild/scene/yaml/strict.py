"""Finds documents that libyaml accepts and YAML 1.2 does not, or reads differently, as editors would.

The parser's events have the begin and end of each value; the text between the values is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yaml.events import Event, ScalarEvent

_LOOSE_KEY = re.compile(r"(?<![^\s\[{,])\?(?=\S)")  # { ?foo: bar }: libyaml drops the question mark, YAML 1.2 keeps it
_LOOSE_COMMENT = re.compile(r"(?<=[^\s#])#")  # "rain"# soft: a comment for libyaml, an error in YAML 1.2
_LINE_END = re.compile(r"[\r\n]")

_KEY_MESSAGE = "a text cannot begin with ? here; put it in quotes"
_COMMENT_MESSAGE = "a comment needs a space before its #; write one, or put the text in quotes"


class StrictEvents:
    """An iterator over the parser's events that collects findings about the text between them."""

    def __init__(self, events: Iterator[Event], text: str) -> None:
        self.events = events
        self.text = text
        self.found: list[tuple[int, str]] = []  # (offset, message) of each finding
        self._keys = {one.end() for one in _LOOSE_KEY.finditer(text)}
        self._signs = [one.start() for one in _LOOSE_COMMENT.finditer(text)][::-1]  # in reverse order
        self._behind = 0  # the text before this offset is checked

    def __iter__(self) -> Iterator[Event]:
        return self._watched() if self._keys or self._signs else self.events

    def _watched(self) -> Iterator[Event]:
        for event in self.events:
            marks: Any = (event.start_mark, event.end_mark)
            begins, ends = (mark.index for mark in marks)
            if begins in self._keys:
                self._keys.remove(begins)
                self.found.append((begins - 1, _KEY_MESSAGE))
            self._look(begins)
            if isinstance(event, ScalarEvent):
                self._look(self._header_end(event))
                while self._signs and self._signs[-1] < ends:
                    self._signs.pop()  # inside the scalar
            self._behind = max(self._behind, ends)
            yield event

    def _header_end(self, event: Any) -> int:
        """The end of the line of a | or >; the begin of any other scalar."""
        begins: int = event.start_mark.index
        if event.style not in ("|", ">"):
            return begins
        self._behind = begins
        line_end = _LINE_END.search(self.text, begins)
        return line_end.start() if line_end else len(self.text)

    def _look(self, until: int) -> None:
        """Check each # outside of values: it is an error unless a comment has begun before it in its line."""
        while self._signs and self._signs[-1] < until:
            at = self._signs.pop()
            found = _LINE_END.search(self.text, at)
            line_end = found.start() if found else len(self.text)
            while self._signs and self._signs[-1] < line_end:
                self._signs.pop()  # the rest of the line is a comment
            line_start = max(self._behind, *(self.text.rfind(end, self._behind, at) + 1 for end in "\r\n"))
            if self.text.find("#", line_start, at) < 0:
                self.found.append((at, _COMMENT_MESSAGE))
            self._behind = line_end
