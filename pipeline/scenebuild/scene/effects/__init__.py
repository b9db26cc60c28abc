"""The effects of a channel, by their names in a scene file.

A new effect needs a module here, a line below, an entry in the schema and a function in ``mix/effects.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.convolution import Convolution
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb

EFFECTS: Mapping[str, type[EffectSpec]] = {
    "high_pass": Filter,
    "low_pass": Filter,
    "low_shelf": Filter,
    "high_shelf": Filter,
    "peak": Filter,
    "reverb": Reverb,
    "convolve": Convolution,
    "compress": Compression,
}


def effect_of(fields: Mapping[str, Any], scene_path: str) -> EffectSpec:
    """The effect of one entry of ``effects``, a single field with the effect's name."""
    ((name, written),) = fields.items()
    return EFFECTS[name].parse(name, written, scene_path)
