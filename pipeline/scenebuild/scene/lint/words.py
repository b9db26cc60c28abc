"""Normalised prompts, and the notation of the rules' lists of words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import groupby

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@lru_cache(maxsize=256)
def plain(prompt: str) -> str:
    """Lower case, one space between words, no punctuation but the apostrophe inside a word.

    >>> plain("Lo-fi  hip‑hop, the cat’s “purr”!")
    "lo fi hip hop the cat's purr"
    """
    return " ".join(_WORD.findall(prompt.replace("’", "'").lower()))


@cache
def phrases(listed: str) -> re.Pattern[str]:
    """A pattern for whole words that match an entry of a list such as ``"pianos?, drum (?:kit|set)"``.

    Entries with the same first letter are grouped, so that a word is compared with few of them; the longest is tried
    first. The pattern is compiled at the first use.
    """
    entries = sorted(_entries(listed.replace("\n", "")), key=lambda entry: (_first_letter(entry), -len(entry)))
    groups = (
        letter + f"(?:{'|'.join(entry.removeprefix(letter) for entry in group)})"
        for letter, group in groupby(entries, _first_letter)
    )
    return re.compile(rf"\b(?:{'|'.join(groups)})\b")


def _entries(listed: str) -> list[str]:
    """The entries of a list, split at commas and ``|`` outside of brackets."""
    depth, found = 0, [""]
    for sign in listed:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and sign in ",|":
            found.append("")
        else:
            found[-1] += sign
    return [entry.strip() for entry in found if entry.strip()]


def _first_letter(entry: str) -> str:
    """The letter that every match of an entry begins with; "" where matches differ."""
    return entry[0] if entry[0].isalpha() and entry[1:2] not in ("?", "*") else ""


def first(listed: str, text: str) -> str:
    """The first words of ``text`` that match an entry of the list; "" for none."""
    found = phrases(listed).search(text)
    return found.group() if found else ""


def without(listed: str, text: str) -> str:
    """``text`` with each match of the list replaced by ``|``, which no entry matches.

    >>> without("sheet music", "a page of sheet music turning")
    'a page of | turning'
    """
    return phrases(listed).sub("|", text)
