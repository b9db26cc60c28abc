"""What a kind of sound is: the words that name it, the recipe that plays it, its level. Data only, no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SoundKind:
    """One kind. ``facets`` are words that choose a variant beside the kind's own words; ``own`` name both."""

    name: str
    recipe: str  # module:function below this package
    words: str  # phrases that name it, separated by commas
    own: Mapping[str, str] = field(default_factory=dict)  # facet -> phrases
    facets: Mapping[str, str] = field(default_factory=dict)  # facet -> words
    level_db: float = 0.0  # brings the recipe to about −18 LUFS, or its peaks to about −4 dBFS
    texture: bool = True  # sounds all the time; False: events with rests between them
