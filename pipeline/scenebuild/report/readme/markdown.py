"""Text of an author as Markdown that stays text, whatever it contains and wherever a template puts it.

Punctuation with a meaning in Markdown becomes a character reference (``&#42;``) rather than a backslash escape: by
CommonMark a reference is never structure, and references work in every place where a template may put a value: a
paragraph, a heading, a table cell, an HTML block such as ``<summary>``, a double-quoted attribute.

References are not enough if a reader finds links in the *rendered* text (GFM finds ``a@b.c``; code hosts find
``@team``, ``#1``, ``~label`` and the ids of commits). There an invisible WORD JOINER separates the pattern, written as
a reference so that it is visible in the file.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote

JOINER = "&#8288;"

# Control characters, surrogates, non-characters, and the bidi controls that could reorder what surrounds them.
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]")
_BLANK = re.compile(r"[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")

_SPECIAL = re.compile(
    r"""(?P<both>\$)                                     # formulas, snippets of GitLab
    | (?P<after>[@#~%](?=\S) | !(?=[\d\[]) | &(?=\w) | \[ | \*(?=iteration) | :(?=//|:|[\w+-]+:))
    #                                                   @team, a@b.c, #1, ~label, %milestone, !1, &1, [^1], ://, :smile:
    | (?P<before>(?<=www)\. | (?<=gh)-(?=\d) | (?<=cve)- | (?<=ghsa)- | (?<=\w)> | ^/)
    #                                                   www.example.com, GH-1, GHSA-, group/project>, /merge
    | (?P<commit>(?=\d{0,39}[a-f])[0-9a-f]{6}(?=[0-9a-f]))    # the id of a commit, and no seed
    | (?P<alone>^[-+](?=[-+:\ ]|$) | ^= | :(?=\S) | (?<![^\W_])_ | _(?![^\W_]) | [&<>"`*\]{}|~\\^\#])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ORDERED = re.compile(r"(\d{1,9})([.)])(?= |$)")  # would start an ordered list


def _reference(character: str) -> str:
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    return named.get(character) or f"&#{ord(character)};"


def _escaped(match: re.Match[str]) -> str:
    if match.lastgroup == "commit":
        return match[0] + JOINER
    reference = _reference(match[0])
    before = JOINER if match.lastgroup in ("before", "both") else ""
    return before + reference + (JOINER if match.lastgroup in ("after", "both") else "")


def shown(value: str) -> str:
    """``value`` on one line, with U+FFFD for control, bidi and invalid characters. Not escaped."""
    return _UNSHOWABLE.sub("\ufffd", _BLANK.sub(" ", value).strip())


def text(value: str) -> str:
    """One line of inert Markdown that reads as ``value``.

    >>> text("rain *far* away, <b>@team</b> #1")
    'rain &#42;far&#42; away, &lt;b&#8288;&gt;&#64;&#8288;team&lt;/b&#8288;&gt; &#35;&#8288;1'
    """
    line = shown(value)
    if ordered := _ORDERED.match(line):
        return ordered[1] + _reference(ordered[2]) + _SPECIAL.sub(_escaped, line[ordered.end() :])
    return _SPECIAL.sub(_escaped, line)


def paragraphs(value: str) -> str:
    """Inert Markdown with the author's paragraphs, which blank lines separate."""
    return "\n\n".join(filter(None, map(text, re.split(r"\n[ \t]*\n", value.replace("\r\n", "\n")))))


def _fence(value: str, least: int) -> str:
    return "`" * max(least, 1 + max(map(len, re.findall("`+", value)), default=0))


def code(value: str) -> str:
    """A code span that reads as ``value``, in a table too.

    A pipe ends a table cell even inside a code span, and site generators interpret braces: both need an HTML element.

    >>> code("a`b"), code("a|b")
    ('``a`b``', '<code>a&#124;b</code>')
    """
    line = shown(value)
    if not line:
        return ""
    if re.search(r"[|{]", line):
        return f"<code>{text(line)}</code>"
    fence = _fence(line, 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def sentence(value: str) -> str:
    """A sentence of ours as Markdown; it may have one command, from the first backtick to the last.

    >>> sentence("Type `make a`b` now."), sentence("Type nothing.")
    ('Type ``make a`b`` now.', 'Type nothing.')
    """
    before, opening, rest = shown(value).partition("`")
    command, closing, after = rest.rpartition("`")
    if not closing or not shown(command):
        return text(value)
    return _SPECIAL.sub(_escaped, before) + code(command) + _SPECIAL.sub(_escaped, after)


def code_block(value: str, language: str = "sh") -> str:
    """A fenced code block; it must be at the start of a line."""
    lines = [_UNSHOWABLE.sub("\ufffd", line) for line in re.split(r"\r\n|[\n\r\x85\u2028\u2029]", value)]
    body = "\n".join(lines)
    fence = _fence(body, 3)
    return f"{fence}{language}\n{body}\n{fence}"


def url(path: str) -> str:
    """A relative path as the destination of a link: without scheme or host, with all special characters quoted.

    >>> url("sounds/my door (1).wav"), url("javascript:x"), url("//host/x")
    ('sounds/my%20door%20%281%29.wav', 'javascript%3Ax', './/host/x')
    """
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        name = path.encode("utf-8", "replace")
    quoted = quote(name, safe="/")
    return f".{quoted}" if quoted.startswith("/") else quoted
