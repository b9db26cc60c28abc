"""The rule on the number of sounds in a prompt: its clauses, without clauses that only describe another clause."""

from __future__ import annotations

import re
from functools import lru_cache

from scenebuild.scene.lint.words import phrases, plain

MOST_SOURCES = 3

_BETWEEN = re.compile(
    r"[,;:.+&/]|\b(?:and|with|while|plus|then|followed by|as well as|along with|as|over which)\b", re.I
)
# A clause that begins with one of these words says where or how: "in a hallway", "far away".
_WHERE = """
in, on, at, from, near, behind, under, over, through, against, inside, outside, into, onto, across, along,
off, by, to, around, between, beneath, beyond, down, up, far, close, very, not, without, like, no
"""
# Words that describe a sound, or do not name a source.
_HOW = r"""
a, an, the, its, their, it, some, one, two, three, once, twice, few, more, less, and, of, on, slow, fast,
quick, soft, loud, quiet, gentle, heavy, light, old, new, rusty, wet, dry, deep, high, low, warm, cold,
dark, bright, small, big, large, tiny, long, short, steady, distant, close, near, faint, muffled, sharp,
dull, hollow, rough, smooth, hard, crisp, clear, calm, busy, empty, sudden, occasional, constant, regular,
irregular, intermittent, rhythmic, metallic, wooden, mono, stereo, indoors, outdoors, inside, outside,
outdoor, indoor, night, day, morning, evening, dusk, dawn, midnight, afternoon, winter, summer, autumn,
spring, background, foreground, back, forth, up, down, off, again, later, away, pitched, nearby, apart,
gradually, then, others, saucers, lightning, pans, fork, forks, reverb, echo, echoing, reverberant, stop,
go, slightly, \w+ly, \w+ed, \w+ous, \w+less, \w+ful, \w+ish, fiction, quality, detail, detailed, field,
recording, pause, pauses, silence
"""
# A further action of the same source: "a dog barks and growls", "an engine revs and stops".
_ACTS = (
    "barks?|growls?|howls?|whines?|yelps?|revs?|accelerates?|idles?|stops?|starts?|slows?|fades?|stutters?|chirps?|coos?"
    "|croaks?|squeaks?|squeals?|creaks?|groans?|rattles?|clicks?|ticks?|chimes?|rings?|buzzes|hums?|hisses|whistles?"
    "|splashes|trickles|gurgles|drips|cracks?|crackles?|pops?|rumbles?|roars?|laughs?|cries|giggles?|coughs?|sneezes?"
    "|claps?|cheers?|yells?|screams?|speaks?|talks?|sings?|opens?|closes|slams?|shuts?|passes|falls?|breaks?|rises?"
    "|bounces?|rolls?|settles?|swells?|echoes|repeats?|continues?"
)
_DOES = rf"(?:\w+ly )?(?:{_ACTS})(?: \w+ly)?, (?:they|it) \w+(?: \w+)?, \w+ing"
# Single nouns that are sounds also after a clause with a place: "rain on a window, thunder, dogs".
_BARE = """
rain, thunder, wind, keys, birds?, birdsong, dogs?, cats?, cars?, traffic, sirens?, footsteps, voices,
crickets, frogs, owls?, waves, gulls, seagulls, bells?, people, chickens, carts, horses?, trains?, music,
fire, insects, cicadas, engines?, plates, glasses, cutlery, buses, trams, motorcycles, trucks, clocks?,
foghorns?, alarms?, helicopters?, children, rats, cows, sheep, goats, crows, pigeons, ducks, bees, flies
"""


def sources_in(prompt: str) -> list[str]:
    """The sounds that a prompt names, one clause for each.

    >>> sources_in("rain on a window, thunder far away")
    ['rain on a window', 'thunder far away']
    >>> sources_in("an old, rusty, heavy door creaks and slams, and footsteps on gravel, leaves and twigs")
    ['heavy door creaks', 'footsteps on gravel']
    """
    found: list[str] = []
    for part in _BETWEEN.split(prompt):
        clause = plain(part)
        if clause and _is_source(clause, found[-1] if found else ""):
            found.append(clause)
    return found


def _is_source(clause: str, before: str) -> bool:
    """Whether a clause names another sound; ``before`` is the last clause that did, or ""."""
    words = clause.split()
    telling = [word for word in words if not _is_how(word)]
    if not telling or _is_where(words[0]):
        return False
    if phrases(_DOES).fullmatch(clause) and (" " in before or words[-1].endswith("ing")):
        return False
    if _names_a_place(before) and len(telling) == 1 and words[0] not in ("a", "an", "the"):
        return phrases(_BARE).fullmatch(telling[0]) is not None
    return True


def _names_a_place(clause: str) -> bool:
    return any(map(_is_where, clause.split()[1:]))


@lru_cache(maxsize=1024)
def _is_where(word: str) -> bool:
    return phrases(_WHERE).fullmatch(word) is not None


@lru_cache(maxsize=1024)
def _is_how(word: str) -> bool:
    return phrases(_HOW).fullmatch(word) is not None
