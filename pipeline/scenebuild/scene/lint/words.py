"""A prompt as the rules look at it, and the small language that their lists are written in."""

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
    """Whole words that match an entry of a list such as ``"pianos?, drum (?:kit|set)"``; compiled when first used.

    Entries with the same first letter stand together, so that most words are told from hundreds of entries by a few
    looks; the longest is tried first.
    """
    entries = sorted(_entries(listed.replace("\n", "")), key=lambda entry: (_first_letter(entry), -len(entry)))
    groups = (
        letter + f"(?:{'|'.join(entry.removeprefix(letter) for entry in group)})"
        for letter, group in groupby(entries, _first_letter)
    )
    return re.compile(rf"\b(?:{'|'.join(groups)})\b")


def _entries(listed: str) -> list[str]:
    """The list taken apart at commas and strokes that stand in no bracket."""
    depth, found = 0, [""]
    for sign in listed:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and sign in ",|":
            found.append("")
        else:
            found[-1] += sign
    return [entry.strip() for entry in found if entry.strip()]


def _first_letter(entry: str) -> str:
    """The letter that every match of an entry begins with, "" where there is not one."""
    return entry[0] if entry[0].isalpha() and entry[1:2] not in ("?", "*") else ""


def first(listed: str, text: str) -> str:
    """The first words of ``text`` that an entry of the list matches, "" where none does."""
    found = phrases(listed).search(text)
    return found.group() if found else ""


def without(listed: str, text: str) -> str:
    """``text`` with everything that the list matches taken out, each replaced by a stroke that no entry bridges.

    >>> without("sheet music", "a page of sheet music turning")
    'a page of | turning'
    """
    return phrases(listed).sub("|", text)
