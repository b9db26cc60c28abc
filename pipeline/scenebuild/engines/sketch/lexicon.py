"""The vocabulary: adjectives and their effects, phrases and the kinds that they name, and forms of words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from scenebuild.engines.sketch.catalogue import KINDS

# Adjectives, and how much they add to each trait of a layer.
ADJECTIVES: dict[str, dict[str, float]] = {
    "heavy, strong, intense, powerful, violent, fierce, pouring, torrential, raging, roaring, thick, hard, furious,"
    " massive, crashing": {"amount": 0.8, "level_db": 2.0},
    "light, gentle, soft, softly, gently, weak, delicate, thin, slight, lightly, mild":
        {"amount": -0.7, "level_db": -4.0},
    "calm, quiet, quietly, faint, faintly, subtle, low volume, subdued, peaceful": {"amount": -0.3, "level_db": -7.0},
    "loud, loudly, noisy, blaring, deafening, booming": {"amount": 0.3, "level_db": 4.0},
    "steady, steadily, constant, continuous, even, tapping, parked, flying": {},
    "busy, dense, crowded, full, lively": {"amount": 0.6, "many": 0.6},
    "distant, far away, far off, faraway, far, in the distance, from afar, distantly, remote, background,"
    " in the background": {"distance": 0.8, "level_db": -9.0},
    "close, near, nearby, close up, up close, closely, right here": {"distance": -0.5, "level_db": 2.0},
    "overhead": {"level_db": 2.0},
    "muffled, dull, through a wall, through the wall, behind a wall, next door, muted, dampened, underwater,"
    " behind glass, from inside a car": {"muffled": 0.8, "level_db": -3.0, "bright": -0.5},
    "inside, indoors, indoor, interior, in a room, from inside, room, small room, inside a room, in a small room,"
    " inside a small room": {"room": 0.35, "muffled": 0.25},
    "echo, echoing, reverberant, reverb, hall, in a hall, cathedral like, cavernous, empty hall, in a cave,"
    " in a tunnel, big room, large room": {"room": 0.9},
    "outside, outdoors, outdoor, open air": {"room": -0.5},
    "fast, quick, quickly, rapid, rapidly, hurried, brisk, hectic, frantic, racing": {"rate": 0.6},
    "slow, slowly, lazy, leisurely, unhurried": {"rate": -0.6},
    "occasional, occasionally, sparse, now and then, from time to time, rare, sometimes, single, one, lone, lonely,"
    " once": {"rests": 0.9, "many": -0.8, "amount": -0.3},
    "several, many, multiple, lots of, a lot of, numerous, plenty of, flock of, group of, pack of, hundreds of":
        {"many": 1.0, "rests": -0.5, "amount": 0.2},
    "a few, few, some, couple of, two, three": {"many": 0.3},
    "old, rusty, worn, ancient, antique, vintage": {"bright": -0.3, "size": 0.2, "rate": -0.15},
    "big, large, huge, giant, enormous, great, deep, tall, low": {"size": 0.7, "level_db": 1.0},
    "small, little, tiny, mini, high, young": {"size": -0.7, "level_db": -1.0},
    "bright, crisp, sharp, clear, sparkling, shrill": {"bright": 0.7},
    "dark, warm, mellow, rumbling, deep dark": {"bright": -0.7},
}  # fmt: skip

DENIALS = {"no", "without", "not", "never", "minus", "except", "excluding", "lacking", "neither", "nor", "hardly"}
BREAKS = {
    "and", "with", "while", "over", "under", "behind", "plus", "then", "as", "beyond", "beneath", "but", "amid",
    "among", "above", "below", "against", "into", "through", "near", "by", "from", "&", "+",
}  # fmt: skip
SMALL_WORDS = BREAKS.union(
    """
    a an the of in on at to for its it is are be being up down out off his her their my our your this
    that these those there some very quite rather slightly really so just only sound sounds noise noises
    ambience atmosphere scene recording background foreground foley field audio effect hear heard
    hearing one two three s t around across along inside onto upon during after before when where who
    which every each again like somewhere someone something day evening morning afternoon midnight
    making coming going gets get goes more less bit lot ambient playing go falling fall hitting blowing
    singing taking braking and or high quality stereo realistic
    """.split()  # noqa: SIM905
)

_SEPARATOR = re.compile(r"[,;:.!?/|()\[\]\n–—]+|\s-\s")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[&+]|,")


def plain(prompt: str) -> list[str]:
    """The words of a prompt in lower case without accents; each separator is a comma."""
    decomposed = unicodedata.normalize("NFKD", prompt.replace("’", "'")).casefold()
    text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _TOKEN.findall(_SEPARATOR.sub(" , ", text))


def forms_of(word: str) -> list[str]:
    """The word and its possible base forms, the likeliest first."""
    forms = [word]
    if word.endswith("'s"):
        forms.append(word[:-2])
    if word.endswith("ves"):
        forms += [word[:-3] + "f", word[:-3] + "fe"]
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("s") and len(word) > 3:
        forms.append(word[:-1])
    for ending in ("ing", "ed", "er", "y"):
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) > 2:
            forms += [stem, stem + "e"] + ([stem[:-1]] if stem[-1] == stem[-2] else [])
    return forms


@dataclass(frozen=True)
class Meaning:
    """A phrase names a kind (and one of its facets), or it is an adjective with effects."""

    kind: str = ""
    facet: str = ""
    act: tuple[tuple[str, float], ...] = ()


@cache
def lexicon() -> dict[tuple[str, ...], Meaning]:
    """The meaning of each phrase, by its words."""
    entries: dict[tuple[str, ...], Meaning] = {}
    for phrases, act in ADJECTIVES.items():
        for phrase in phrases.split(", "):
            entries[tuple(phrase.split())] = Meaning(act=tuple(act.items()))
    for kind in reversed(KINDS):  # the first in the catalogue wins
        for phrase in filter(None, (p.strip() for p in kind.words.split(","))):
            entries[tuple(phrase.split())] = Meaning(kind.name)
    for kind in reversed(KINDS):
        for facet, phrases in kind.own.items():
            for phrase in phrases.split(", "):
                entries[tuple(phrase.split())] = Meaning(kind.name, facet)
    return entries


@cache
def facet_words() -> dict[str, dict[str, str]]:
    """word -> kind -> facet, for words that choose a variant of a kind."""
    table: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        for facet, words in kind.facets.items():
            for word in words.split(", "):
                table.setdefault(word, {})[kind.name] = facet
    return table


_LONGEST = 4


def look_up(words: list[str], at: int) -> tuple[int, Meaning] | None:
    """(number of words, meaning) of the longest known phrase that begins at ``at``; None for none."""
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        part = words[at : at + length]
        if "," in part:
            continue
        for candidate in _spellings(tuple(part)):
            if candidate in lexicon():
                return length, lexicon()[candidate]
    return None


@cache
def _spellings(part: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """All combinations of the forms of a phrase's words."""
    spelt: list[tuple[str, ...]] = [()]
    for word in part:
        spelt = [(*before, form) for before in spelt for form in forms_of(word)]
    return tuple(spelt)


def facets_of(word: str) -> dict[str, str]:
    """kind -> facet for a word, in any of its forms."""
    for form in forms_of(word):
        if form in facet_words():
            return facet_words()[form]
    return {}


def guess(word: str) -> str | None:
    """The known word of which this word is probably a misspelling; None for none.

    Only words with the same first letter count: *rolling* and *tolling*, *train* and *rain* are different words."""
    if len(word) < 6 or not word.isascii():
        return None
    entries = [entry[0] for entry, meaning in lexicon().items() if len(entry) == 1 and meaning.kind]
    names = [name for name in entries if name[0] == word[0]]
    close = get_close_matches(word, names, n=1, cutoff=0.84)
    return close[0] if close else None


@cache
def acting() -> frozenset[str]:
    """All adjectives."""
    return frozenset(phrase for phrases in ADJECTIVES for phrase in phrases.split(", "))
