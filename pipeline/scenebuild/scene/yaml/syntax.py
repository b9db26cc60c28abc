"""Messages for YAML syntax errors.

A parser reports where it stopped, which is often a line after the mistake. So the lines around that place are searched
for common mistakes first; a message for the parser's own error is the last resort.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from scenebuild.errors import Place, Problem
from scenebuild.scene.quoting import LONGEST_QUOTE, cut, in_yaml, label, printable, quoted
from scenebuild.scene.schema import known_names
from scenebuild.scene.yaml.slips import CURLY, slip_of_line
from scenebuild.scene.yaml.source import CONFLICT_MESSAGE, place_at

TAB_MESSAGE = "a tab cannot indent YAML; use spaces"
_INDENTATION = "the indentation does not fit the lines above; bring fields of one element to the same column"
_UNCLOSED_TEXT = "a quote is opened here and never closed; close it, or double it if it belongs to the text"
_NO_COLON = "a colon is missing in this line; write a field as name: value"
_SECOND = "a second document begins here; write one scene a file"
_LINE_END = re.compile(r"\r\n|\r|\n")
_WITH_COLON = re.compile(r":(?:\s|\Z)")
_FIELD = re.compile(r"[ ]*(?:- +)?(?P<name>[^\s:#'\"{\[][^:#]*): +(?P<value>\S.*)")
_CLOSED = {
    "'": "a ' within the text ends it; write it twice there, or use double quotes",
    '"': r'a " within the text ends it; write \" there, or use single quotes',
}

# Errors of libyaml and PyYAML; True: the mistake is at the place of the error's context.
_IN_WORDS: tuple[tuple[str, bool, str], ...] = (
    (r"unexpected end of stream", True, _UNCLOSED_TEXT),
    (r"unexpected document indicator", True, _UNCLOSED_TEXT),
    (r"mapping values are not allowed", False,
        "a colon is not expected here; put a text that holds ': ' in quotes, or check the indentation"),
    (r"(alphabetic or numeric character|did not find expected alphabetic)", True,
        "a text cannot begin with & or *; put it in quotes"),
    (r"unknown escape character|expected escape sequence", False,
        r"a \ in double quotes begins an escape; write \\ for one, or use single quotes"),
    (r"expected hexdecimal|invalid Unicode|scalar escape", False,
        "this escape in double quotes is no character; use single quotes, or write the character itself"),
    (r"expected ',' or '}'", True, "a { is opened here and not closed; check commas and }"),
    (r"expected ',' or '\]'", True, "a [ is opened here and not closed; check commas and ]"),
    (r"unexpected ':'", False, "a space is missing after this colon; put a text that holds it in quotes"),
    (r"could not find expected ':'", True, _NO_COLON),
    (r"undefined tag handle|expected URI|tag", True, "tags (!) are not used in scene files; put the text in quotes"),
    (r"expected node content", False,
        "a value is expected here; put a text that begins with this character in quotes"),
    (r"expected comment or line break|expected chomping", False,
        "after | or > the text begins on the next line; put a text that begins with | or > in quotes"),
    (r"block end|expected key|'-' indicator|document start|block (sequence|mapping) entries", False, _INDENTATION),
    (r"indentation", False, _INDENTATION),
)  # fmt: skip


def syntax_problem(path: str, text: str, error: Any) -> Problem:
    """The finding about a ``yaml.YAMLError``."""
    complaint = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "it cannot be parsed")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem("yaml-syntax", _in_words(complaint)[1], place_at(path, text, 0))
    spot = _Spot(text, complaint, mark, getattr(error, "context_mark", None) or mark)
    rule, message, line, column = next(filter(None, (look(spot) for look in _LOOKS)), None) or spot.as_said()
    return Problem(rule, message, Place(printable(path), line + 1, column + 1))


Told = tuple[str, str, int, int]  # rule, message, line and column from 0


class _Spot:
    """The place where the parser stopped, and the lines around it."""

    def __init__(self, text: str, complaint: str, mark: Any, context: Any) -> None:
        self.lines = _LINE_END.split(text)
        self.complaint = complaint
        self.number, self.column = min(mark.line, len(self.lines) - 1), mark.column
        self.context = (context.line, context.column)
        self.line = self.lines[self.number]
        self.sign = self.line[self.column : self.column + 1]
        self.before = self.line[: self.column]  # in the same line
        self.above = next((n for n in range(self.number - 1, -1, -1) if self.lines[n].strip()), None)

    def complains_of(self, *words: str) -> bool:
        return any(word in self.complaint for word in words)

    def here(self, message: str, rule: str = "yaml-syntax") -> Told:
        return rule, message, self.number, self.column

    def as_said(self) -> Told:
        at_context, message = _in_words(self.complaint)
        return "yaml-syntax", message, *(self.context if at_context else (self.number, self.column))

    def around(self) -> Iterator[int]:
        """The numbers of the lines that may have the mistake, the likeliest first."""
        if self.complains_of("could not find expected ':'"):
            yield self.context[0]
        if self.above is not None:
            yield self.above
        yield self.number


def _unclosed_quote(spot: _Spot) -> Told | None:
    return spot.as_said() if spot.complains_of("end of stream", "document indicator") else None


def _conflict(spot: _Spot) -> Told | None:
    for number in spot.around():
        if re.match(r"(={7}|<{7}|>{7}|\|{7})(?![^ ])", spot.lines[number]):
            return "merge-conflict", CONFLICT_MESSAGE, number, 0
    return None


def _tab(spot: _Spot) -> Told | None:
    if spot.complains_of("expected ',' or"):
        return None
    leading = len(spot.line) - len(spot.line.lstrip(" "))
    if spot.line[leading : leading + 1] == "\t":
        return "tab", TAB_MESSAGE, spot.number, leading
    if spot.sign == "\t":
        return spot.here("a tab cannot stand here; use a space", "tab")
    blank = spot.lines[spot.number - 1] if spot.number else ""
    if "\t" in blank and not blank.strip(" \t"):
        return "tab", "a tab stands alone in this line; remove it", spot.number - 1, blank.index("\t")
    return None


def _slip(spot: _Spot) -> Told | None:
    """A colon without a space, or a character that only looks like a colon."""
    if not spot.complains_of("mapping values", "could not find expected ':'", "expected key", "block end"):
        return None
    for number in spot.around():
        if found := slip_of_line(spot.lines[number]):
            return "yaml-syntax", found[1], number, found[0]
    return None


def _colon(spot: _Spot) -> Told | None:
    """``prompt: rain: heavy``, a line without a colon, or a line with too much indentation."""
    if not spot.complains_of("mapping values"):
        return None
    if _WITH_COLON.search(spot.before):
        return spot.here(_quote_the_whole(spot))
    above = spot.lines[spot.above] if spot.above is not None else ""
    indent = len(spot.line) - len(spot.line.lstrip(" "))
    if above and not _WITH_COLON.search(above) and not above.lstrip().startswith("-"):
        comment = "a comment begins with #" if above.lstrip().startswith("//") else _NO_COLON
        return "yaml-syntax", comment, spot.above or 0, len(above) - len(above.lstrip(" "))
    message = "this line is indented more than the field above it; bring fields of one element to the same column"
    return ("yaml-syntax", message, spot.number, indent) if above else None


def _quote_the_whole(spot: _Spot) -> str:
    found = _FIELD.fullmatch(spot.line)
    if found is None or len(found["value"]) > LONGEST_QUOTE:
        return "a text that holds a colon and a space must be in quotes"
    curly = " straight" if CURLY.search(found["value"]) else ""
    text = CURLY.sub("", found["value"]) if curly else found["value"]
    return f"a text that holds ': ' must be in{curly} quotes; write {label(found['name'])}: {in_yaml(text)}"


def _in_braces(spot: _Spot) -> Told | None:
    if not spot.complains_of("expected ',' or"):
        return None
    if spot.sign == ":" and not spot.before.strip():
        return spot.here("a colon must be in the line of its name; move it there")
    if spot.number != spot.context[0]:
        return _comment_in_braces(spot)
    if spot.sign == ":":
        return spot.here(_second_colon(spot))
    return _behind_a_quote(spot) or _comment_in_braces(spot)


def _second_colon(spot: _Spot) -> str:
    word = re.search(r"[\w-]+\Z", spot.before)
    if word and word[0] in known_names():
        return f"a comma is missing before {word[0]}; put one between fields"
    return "a text that holds a colon and a space must be in quotes"


def _comment_in_braces(spot: _Spot) -> Told | None:
    number, column = spot.context
    comment = spot.lines[number].find(" #", column)
    if comment < 0:
        return None
    message = "a # after a space begins a comment, so the bracket before it is not closed; put the text in quotes"
    return "yaml-syntax", message, number, comment + 1


def _behind_a_quote(spot: _Spot) -> Told | None:
    """``'it's raining'``, ``"rain" and wind``"""
    sign = spot.before.rstrip()[-1:]
    if sign not in _CLOSED or not spot.sign:
        return None
    if spot.before.endswith(sign):
        return "yaml-syntax", _CLOSED[sign], spot.number, spot.column - 1
    if spot.complains_of("expected ',' or"):
        return spot.here("write a comma here, or put the whole text in quotes")
    return spot.here("the text goes on after its quotes; put the whole text in quotes")


def _in_a_line(spot: _Spot) -> Told | None:
    """Text after a value in its line, or a colon without a name."""
    if not spot.complains_of("block end", "expected key", "document start"):
        return None
    if spot.above is not None and re.match(r"\.\.\.(?!\S)", spot.lines[spot.above]):
        return spot.here(_SECOND, "several-documents")
    sign = spot.before.rstrip()[-1:]
    if spot.sign in tuple("]}"):
        return spot.here(f"this {spot.sign} closes no bracket; remove it, or open a bracket before it")
    if sign in tuple("]}"):
        opened = "[" if sign == "]" else "{"
        return spot.here(f"only a comment (#) may follow a {sign}; put a text that begins with {opened} in quotes")
    if spot.sign == ":":
        return spot.here("a name is missing before this colon; write a field as name: value")
    return _behind_a_quote(spot)


def _first_sign(spot: _Spot) -> Told | None:
    if not spot.complains_of("cannot start any token"):
        return None
    return spot.here(f"a text cannot begin with {cut(spot.sign) or 'this character'}; put it in quotes")


_LOOKS: tuple[Callable[[_Spot], Told | None], ...] = (
    _unclosed_quote,
    _conflict,
    _tab,
    _slip,
    _colon,
    _in_braces,
    _in_a_line,
    _first_sign,
)


def _in_words(complaint: str) -> tuple[bool, str]:
    for pattern, at_context, message in _IN_WORDS:
        if re.search(pattern, complaint):
            return at_context, message
    return False, f"this is not YAML: {quoted(complaint)}"
