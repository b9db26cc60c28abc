"""Where the YAML parser gives up: its complaint in words that say what to do."""

from __future__ import annotations

import re
from typing import Any

from scenebuild.errors import Place, Problem
from scenebuild.scene.quoting import printable
from scenebuild.scene.source import place_at

_INDENTATION = "the indentation does not fit the lines above; bring fields of one element to the same column"
_UNCLOSED_TEXT = "a quote is opened here and never closed; close it, or double it if it belongs to the text"
# libyaml's complaints and PyYAML's own words for the same. True: what is wrong began at the context's place.
_IN_WORDS: tuple[tuple[str, bool, str], ...] = (
    (r"mapping values are not allowed", False,
        "a colon is not expected here; put a text that holds ': ' in quotes, or check the indentation"),
    (r"unexpected end of stream", True, _UNCLOSED_TEXT),
    (r"unexpected document indicator", True, _UNCLOSED_TEXT),
    (r"cannot start any token", False, "a text cannot begin with this character; put it in quotes"),
    (r"(alphabetic or numeric character|did not find expected alphabetic)", False,
        "a text cannot begin with & or *; put it in quotes"),
    (r"unknown escape character|expected escape sequence", False,
        r"a \ in double quotes begins an escape; write \\ for one, or use single quotes"),
    (r"expected hexdecimal|invalid Unicode|scalar escape", False,
        "an escape in double quotes that names no character; use single quotes, or write the character itself"),
    (r"expected ',' or '}'", True, "a { is opened here and not closed as it should be; check commas and }"),
    (r"expected ',' or '\]'", True, "a [ is opened here and not closed as it should be; check commas and ]"),
    (r"could not find expected ':'", False, "a colon is missing before here; a field is written as name: value"),
    (r"undefined tag handle|expected URI|tag", True, "tags (!) are not used in scene files; put the text in quotes"),
    (
        r"expected node content",
        False,
        "a value is expected here; put a text that begins with this character in quotes",
    ),
    (
        r"expected comment or line break|expected chomping",
        False,
        "after | or > the text begins on the next line; put a text that begins with one in quotes",
    ),
    (r"block end|expected key|'-' indicator|document start|block (sequence|mapping) entries", False, _INDENTATION),
    (r"indentation", False, _INDENTATION),
)  # fmt: skip


def syntax_problem(path: str, text: str, error: Any) -> Problem:
    """The one finding that a ``yaml.YAMLError`` is worth."""
    complaint = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "it cannot be parsed")
    at_context, message = _in_words(complaint)
    mark = getattr(error, "problem_mark", None)
    if at_context:
        mark = getattr(error, "context_mark", None) or mark
    if mark is None:
        return Problem("yaml-syntax", message, place_at(path, text, 0))
    return Problem("yaml-syntax", message, Place(printable(path), mark.line + 1, mark.column + 1))


def _in_words(complaint: str) -> tuple[bool, str]:
    for pattern, at_context, message in _IN_WORDS:
        if re.search(pattern, complaint):
            return at_context, message
    return False, f"this is not YAML: {printable(complaint)[:100]}"
