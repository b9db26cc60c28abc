"""Characters that look like others: odd spaces, a full-width colon, curly quotes; and a colon without a space.

YAML reads them as letters without an error, and an author does not see them.
"""

from __future__ import annotations

import re

from scenebuild.scene.quoting import cut, label

CURLY = re.compile("[\u201c-\u201f\u2018-\u201b]")  # typographic quotes
_BLANK = "\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"  # spaces of other widths and of no width
ODD_BLANK = re.compile(f"[{_BLANK}]")
_NAME = r"[A-Za-z_][\w-]*"
_FULL_WIDTH = re.compile(rf"(?P<name>{_NAME})\uff1a *(?P<value>.*)", re.DOTALL)
_NO_SPACE = re.compile(rf"(?P<name>{_NAME}):(?P<value>(?![/\\:])\S.*)", re.DOTALL)
_ODD_SPACE = re.compile(rf"(?P<name>{_NAME}):[{_BLANK}](?P<value>.*)", re.DOTALL)
_BEGIN = re.compile(r"[ ]*(?:- +)*")
_NAMES = {"\u00a0": "a non-breaking space", "\u200b": "a space of no width", "\u3000": "a full-width space"}


def slip_of_line(line: str) -> tuple[int, str] | None:
    """(column from 0, message) of the first such character in a line of a file; None for none."""
    found = _BEGIN.match(line)
    start = found.end() if found else 0
    text = line[start:]
    if ODD_BLANK.match(text):
        return start, blank_message(text[0], "stands here; indent with plain spaces")
    if message := slip_of(text):
        colon = next(at for at, sign in enumerate(text) if sign in ":\uff1a")
        return start + colon, message
    return None


def slip_of(text: str) -> str:
    """The message about a text that is meant as ``name: value``; "" for any other text.

    >>> slip_of("prompt:rain"), slip_of("steady rain"), slip_of("http://x")
    ('a space is missing after the colon; write prompt: rain', '', '')
    """
    if found := _ODD_SPACE.match(text):
        return blank_message(text[found.end("name") + 1], f"follows the colon; write {_written(found)}")
    if found := _FULL_WIDTH.match(text):
        return f"a full-width colon is no colon of YAML; write {_written(found)}"
    if found := _NO_SPACE.match(text):
        return f"a space is missing after the colon; write {_written(found)}"
    return ""


def blank_message(sign: str, what: str) -> str:
    """The message about an odd space."""
    return f"{_NAMES.get(sign, 'a space of another kind')} (U+{ord(sign):04X}) {what}"


def _written(found: re.Match[str]) -> str:
    return f"{label(found['name'])}: {cut(found['value'].strip())}".rstrip()
