"""The dataclass of a kind of sound. Data only, without numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SoundKind:
    """One kind. A word of ``facets`` chooses a variant beside a word of the kind; a phrase of ``own`` names kind and
    variant."""

    name: str
    recipe: str  # module:function in ``recipes``
    words: str  # phrases that name it, separated by commas
    own: Mapping[str, str] = field(default_factory=dict)  # facet -> phrases
    facets: Mapping[str, str] = field(default_factory=dict)  # facet -> words
    level_db: float = 0.0  # calibrates the recipe to about −18 LUFS, or its peaks to about −4 dBFS
    texture: bool = True  # continuous sound; False: events with silence between them
