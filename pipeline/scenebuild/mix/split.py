"""The stems of what was treated together: each layer's share of the sum, whole numbers that add up to it exactly.

Each layer goes alone through a copy of its bus. Filters, reverbs and gains let the shares add up to the sum but for
rounding; the last stem takes what rounding leaves, a few units of 24 bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.wav import FULL_SCALE, WavWriter
from scenebuild.mix.console import Console, split_passes
from scenebuild.mix.sums import Rounder
from scenebuild.mix.treated import Treated


def write_split(console: Console, treated: Treated, gain_db: float, files: Mapping[str, WavWriter]) -> None:
    """Write every layer that is heard into its file, all of them at once."""
    form = console.form
    rounded = Rounder(gain_db, GRID_FRAMES, form.channels)
    heard = [layer.name for layer in console.layers if layer.name not in console.silenced]
    if not heard:
        return
    *others, last = heard
    for start, stop, shares in split_passes(console):
        rest = rounded(treated.body.read(start, stop)).copy()
        for name in others:
            share = np.clip(rounded(shares[name]), -FULL_SCALE, FULL_SCALE - 1)
            files[name].write_integers(share)
            rest -= share
        files[last].write_integers(rest)
