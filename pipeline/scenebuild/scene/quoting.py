"""The author's text in our messages: on one line, short, and without effect on a terminal or a CI log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import chain, islice
from typing import Any

LONGEST_QUOTE = 100  # characters; a message has at most two quotes, so at most 200 characters of the author's
MOST_LISTED = 20  # names in one message


def printable(text: str) -> str:
    r"""The text where every character is printable, otherwise the text with escapes such as ``\x1b``.

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
    # GitHub's runner executes "##[command]" anywhere in a line of a log.
    return repr(cut).replace("##[", "#\\x23[")


def cut(text: str) -> str:
    """The text as ``quoted`` shows it, without the quotes."""
    return quoted(text)[1:-1]


def in_yaml(text: str) -> str:
    r"""The text in YAML quotes, on one line, cut at ``LONGEST_QUOTE``.

    >>> in_yaml("it's raining"), in_yaml("wind, gentle")
    ('"it\'s raining"', "'wind, gentle'")
    """
    shown = cut(" ".join(text.split()))
    if "'" not in shown:
        return f"'{shown}'"
    return f'"{shown}"' if '"' not in shown and "\\\\" not in shown else "'" + shown.replace("'", "''") + "'"


def label(key: str) -> str:
    """The name of a field or element: bare where it is a plain word, quoted otherwise."""
    plain = key.isascii() and key.replace("-", "_").isidentifier()
    return key if plain and len(key) <= LONGEST_QUOTE else quoted(key)


def number(value: float) -> str:
    """A number without needless digits: 8 for 8.0, 0.7, 1e+30.

    >>> number(8.0), number(0.7), number(10**9), number(1e300)
    ('8', '0.7', '1000000000', '1e+300')
    """
    if isinstance(value, int) and abs(value) >= 10**15:
        value = float(value)  # the message of a number of 400 digits needs its magnitude only
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def described(value: Any) -> str:
    """A value in a sentence: ``'loud'``, ``60``, ``true``, ``a list``, ``nothing``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return quoted(value)
    return "a list" if isinstance(value, list) else "a set of fields"


def nearest(key: str, known: Iterable[str]) -> str:
    """`` Did you mean prompt?``, with its leading space; "" where no known word is close."""
    from difflib import get_close_matches

    close = get_close_matches(key[:LONGEST_QUOTE].lower().replace("-", "_"), list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""


class Nearest:
    """``nearest`` for the first ``most`` names, "" for all others: 50,000 searches would take minutes."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, key: str, *known: Iterable[str]) -> str:
        """The suggestion for a name, as long as there are searches left."""
        self._left -= 1
        return nearest(key, chain(*known)) if self._left >= 0 else ""


def meant_or_listed(key: str, known: Collection[str], find: Callable[[str, Iterable[str]], str] = nearest) -> str:
    """``. Did you mean rain?`` or ``; there are rain, wind``: the end of a sentence about an unknown name.

    >>> meant_or_listed("rian", ["rain", "wind"]), meant_or_listed("dog", ["rain", "wind"]), meant_or_listed("dog", [])
    ('. Did you mean rain?', '; there are rain, wind', '')
    """
    if meant := find(key, known):
        return f".{meant}"
    more = f" and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
    listed = ", ".join(islice(known, MOST_LISTED))
    return f"; there {'are' if len(known) > 1 else 'is'} {listed}{more}" if known else ""
