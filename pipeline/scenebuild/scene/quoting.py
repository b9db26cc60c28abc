"""The author's text inside our own sentences: one line, short, and inert in a terminal or a CI log."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

LONGEST_QUOTE = 100  # characters; a message quotes at most two pieces, so it holds at most 200 of the author's
MOST_LISTED = 20  # names in one message


def printable(text: str) -> str:
    r"""The text itself where every character can be shown, escaped like ``\x1b`` where one cannot.

    >>> printable("scenes/café.yaml"), printable("a\x1b[31m")
    ('scenes/café.yaml', 'a\\x1b[31m')
    """
    return text if text.isprintable() else repr(text)[1:-1]


def quoted(text: str) -> str:
    r"""The text in quotes, cut at ``LONGEST_QUOTE``. ``repr`` escapes C0, C1, bidi controls and lone surrogates.

    >>> quoted("loud"), quoted("\x1b[31m\u202e")
    ("'loud'", "'\\x1b[31m\\u202e'")
    """
    cut = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    # GitHub's runner obeys "##[command]" anywhere in a line of a log.
    return repr(cut).replace("##[", "#\\x23[")


def cut(text: str) -> str:
    """The text as ``quoted`` shows it, without the quotes."""
    return quoted(text)[1:-1]


def in_yaml(text: str) -> str:
    r"""The text as an author would put it in quotes in YAML, on one line and cut like every quote.

    >>> in_yaml("it's raining"), in_yaml("wind, gentle")
    ('"it\'s raining"', "'wind, gentle'")
    """
    shown = cut(" ".join(text.split()))
    if "'" not in shown:
        return f"'{shown}'"
    return f'"{shown}"' if '"' not in shown and "\\\\" not in shown else "'" + shown.replace("'", "''") + "'"


def label(key: str) -> str:
    """A field or element's name: bare where it is a plain word, quoted otherwise."""
    plain = key.isascii() and key.replace("-", "_").isidentifier()
    return key if plain and len(key) <= LONGEST_QUOTE else quoted(key)


def number(value: float) -> str:
    """A number as a person would write it: 8 for 8.0, 0.7, 1e+30.

    >>> number(8.0), number(0.7), number(10**9), number(1e300)
    ('8', '0.7', '1000000000', '1e+300')
    """
    if isinstance(value, int) and abs(value) >= 10**15:
        value = float(value)  # a number of four hundred digits says no more than its size
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def described(value: Any) -> str:
    """What stands there, for the middle of a sentence: ``'loud'``, ``60``, ``true``, ``a list``, ``nothing``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return quoted(value)
    return "a list" if isinstance(value, list) else "a set of fields"


def meant_or_listed(key: str, known: Iterable[str]) -> str:
    """``. Did you mean rain?``, or ``; there are rain, wind``: the end of a sentence on a name that there is not.

    >>> meant_or_listed("rian", ["rain", "wind"]), meant_or_listed("dog", ["rain", "wind"]), meant_or_listed("dog", [])
    ('. Did you mean rain?', '; there are rain, wind', '')
    """
    names = list(dict.fromkeys(known))
    if meant := nearest(key, names):
        return f".{meant}"
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"; there {'are' if len(names) > 1 else 'is'} {', '.join(names[:MOST_LISTED])}{more}" if names else ""


def nearest(key: str, known: list[str]) -> str:
    """`` Did you mean prompt?``, with its leading space, or nothing where no known word is close."""
    from difflib import get_close_matches

    close = get_close_matches(key[:LONGEST_QUOTE].lower().replace("-", "_"), known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


class Nearest:
    """``nearest`` for as many names as somebody reads the findings of; for 50,000 it would take minutes."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, key: str, *known: Iterable[str]) -> str:
        """As ``nearest``; nothing once it was asked often enough."""
        self._left -= 1
        return nearest(key, list(chain(*known))) if self._left >= 0 else ""
