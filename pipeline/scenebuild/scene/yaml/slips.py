"""Signs that look like others: a space that is none, a colon of another script, curly quotes, a colon without a space.

YAML takes them for letters, without a word. A person does not see them.
"""

from __future__ import annotations

import re

from scenebuild.scene.quoting import cut, label

CURLY = re.compile("[\u201c-\u201f\u2018-\u201b]")  # quotes in print
_BLANK = "\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"  # spaces of other widths, and of none
ODD_BLANK = re.compile(f"[{_BLANK}]")
_NAME = r"[A-Za-z_][\w-]*"
_FULL_WIDTH = re.compile(rf"(?P<name>{_NAME})\uff1a *(?P<value>.*)", re.DOTALL)
_NO_SPACE = re.compile(rf"(?P<name>{_NAME}):(?P<value>(?![/\\:])\S.*)", re.DOTALL)
_ODD_SPACE = re.compile(rf"(?P<name>{_NAME}):[{_BLANK}](?P<value>.*)", re.DOTALL)
_BEGIN = re.compile(r"[ ]*(?:- +)*")
_NAMES = {"\u00a0": "a non-breaking space", "\u200b": "a space of no width", "\u3000": "a full-width space"}


def slip_of_line(line: str) -> tuple[int, str] | None:
    """The column, from 0, of what only looks like a field in a line of a file, and what to say of it."""
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
    """What to say of a text that is meant as ``name: value``; "" where it is not.

    >>> slip_of("prompt:rain"), slip_of("steady rain"), slip_of("http://x")
    ('a space is missing behind the colon; write prompt: rain', '', '')
    """
    if found := _ODD_SPACE.match(text):
        return blank_message(text[found.end("name") + 1], f"follows the colon; write {_written(found)}")
    if found := _FULL_WIDTH.match(text):
        return f"a full-width colon is no colon of YAML; write {_written(found)}"
    if found := _NO_SPACE.match(text):
        return f"a space is missing behind the colon; write {_written(found)}"
    return ""


def blank_message(sign: str, what: str) -> str:
    """The sentence on a space that is none."""
    return f"{_NAMES.get(sign, 'a space of another kind')} (U+{ord(sign):04X}) {what}"


def _written(found: re.Match[str]) -> str:
    return f"{label(found['name'])}: {cut(found['value'].strip())}".rstrip()
