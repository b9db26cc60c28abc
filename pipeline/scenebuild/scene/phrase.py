"""Prompts in the order of the models' training texts: what sounds, where, how, and how it changes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenebuild.scene.compose.variants import slug
from scenebuild.scene.resolve import one_line

_ARTICLE = re.compile(r"(?P<article>an?|the) (?P<rest>.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PromptParts:
    """The parts of a prompt; all but ``source`` may be empty."""

    source: str  # "a dog barking"
    where: str = ""  # "behind a fence"
    quality: str = ""  # "large", "old and rusty"
    dynamics: str = ""  # "slowly coming closer"


def prompt_of(wish: PromptParts) -> str:
    """The parts as one prompt.

    >>> prompt_of(PromptParts("a door", where="in a hallway", quality="old wooden", dynamics="creaking open"))
    'an old wooden door in a hallway, creaking open'
    >>> prompt_of(PromptParts("rain", quality="steady")), prompt_of(PromptParts("an owl", where="far away"))
    ('steady rain', 'an owl far away')
    """
    source, where, quality, dynamics = map(one_line, (wish.source, wish.where, wish.quality, wish.dynamics))
    heard = " ".join(filter(None, (_qualified(source, quality), where)))
    return ", ".join(filter(None, (heard, dynamics)))


def name_for(source: str, taken: set[str] | frozenset[str] = frozenset()) -> str:
    """A name for the element: the first two words of what sounds, with a number where the name is taken.

    >>> name_for("a dog barking behind a fence"), name_for("rain", {"rain", "rain_2"})
    ('dog_barking', 'rain_3')
    """
    found = _ARTICLE.match(source)
    words = (found["rest"] if found else source).split()[:2]
    name = slug(" ".join(words), "sound", 1).replace("-", "_")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _qualified(source: str, quality: str) -> str:
    """The quality between article and noun: "old" and "a door" are "an old door"."""
    found = _ARTICLE.match(source)
    if not quality or found is None:
        return f"{quality} {source}".strip()
    article = found["article"]
    if article.lower() != "the":
        article = "an" if quality[0].lower() in "aeiou" else "a"
    return f"{article} {quality} {found['rest']}"
