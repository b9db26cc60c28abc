"""The catalogue as tables in Markdown, for ``docs/sketch.md``; a test keeps the page true."""

from __future__ import annotations

from typing import Any, ClassVar

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kind import SoundKind
from scenebuild.engines.sketch.kit.stage import LayerStage
from scenebuild.engines.sketch.lexicon import ADJECTIVES
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.render import recipe


def kinds() -> str:
    """Every kind: the words that name it, the variants with theirs, and which adjectives its recipe asks about."""
    rows = [
        f"| {kind.name} | {kind.words or 'whatever is not known'} | {_variants(kind)} | {', '.join(_asked(kind))} |"
        for kind in KINDS
    ]
    head = "| kind | named by | variants, and the words that choose them | moved by |"
    return "\n".join([head, "| --- | --- | --- | --- |", *rows])


class _Noting(LayerTraits):
    """Traits that say which of them a recipe looked at."""

    noted: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        _Noting.noted.add(name)
        return super().__getattribute__(name)


def _asked(kind: SoundKind) -> list[str]:
    """What a recipe asks its traits for while it plays one segment, plainly and in each variant."""
    _Noting.noted.clear()
    for facet in ("", *kind.own, *kind.facets):
        recipe(kind.name)(LayerStage(1, kind.name, 1.0, _Noting(facets=frozenset({facet}))))
    return [name for name in ("amount", "rate", "size", "rests", "many") if name in _Noting.noted]


def _variants(kind: SoundKind) -> str:
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
