"""The Markdown tables of ``docs/sketch.md``."""

from __future__ import annotations

from typing import Any, ClassVar

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kind import SoundKind
from scenebuild.engines.sketch.kit.stage import LayerStage
from scenebuild.engines.sketch.lexicon import ADJECTIVES
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.render import recipe


def kinds() -> str:
    """The table of kinds: words, variants with their words, and the traits that its recipe reads."""
    rows = [
        f"| {kind.name} | {kind.words or 'whatever is not known'} | {_variants(kind)} | {', '.join(_asked(kind))} |"
        for kind in KINDS
    ]
    head = "| kind | named by | variants, and the words that choose them | moved by |"
    return "\n".join([head, "| --- | --- | --- | --- |", *rows])


class _Noting(LayerTraits):
    """Traits that record which of them are read."""

    noted: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        _Noting.noted.add(name)
        return super().__getattribute__(name)


def _asked(kind: SoundKind) -> list[str]:
    """The traits that a recipe reads in one segment, without a variant and in each variant."""
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
    """The table of adjectives and their effects."""
    rows = [
        f"| {words} | {', '.join(f'{name} {value:+g}' for name, value in act.items()) or 'nothing'} |"
        for words, act in ADJECTIVES.items()
    ]
    return "\n".join(["| words | what they move |", "| --- | --- |", *rows])
