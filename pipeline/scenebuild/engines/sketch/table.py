"""The catalogue as tables in Markdown, for ``docs/sketch.md``; a test keeps the page true."""

from __future__ import annotations

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kind import Kind
from scenebuild.engines.sketch.lexicon import ADJECTIVES


def kinds() -> str:
    """Every kind: the words that name it, and the variants with theirs."""
    rows = [f"| {kind.name} | {kind.words or 'whatever is not known'} | {_variants(kind)} |" for kind in KINDS]
    return "\n".join(["| kind | named by | variants, and the words that choose them |", "| --- | --- | --- |", *rows])


def _variants(kind: Kind) -> str:
    names = dict.fromkeys([*kind.own, *kind.facets])
    told = []
    for name in names:
        words = [part for part in (kind.own.get(name), kind.facets.get(name)) if part]
        told.append(f"**{name}**: {', '.join(dict.fromkeys(', '.join(words).split(', ')))}")
    return "; ".join(told)


def adjectives() -> str:
    """Every adjective and what it moves."""
    rows = [
        f"| {words} | {', '.join(f'{name} {value:+g}' for name, value in act.items()) or 'nothing'} |"
        for words, act in ADJECTIVES.items()
    ]
    return "\n".join(["| words | what they move |", "| --- | --- |", *rows])
