"""The stems of a submix: the share of each input, as integers whose sum is exactly the mix.

Each input goes alone through a copy of its bus. Filters, reverbs and gains are linear, so the shares add up to the sum
except for rounding; the last stem takes the difference, a few units of 24 bits. Samples over full scale are clipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.wav import FULL_SCALE, WavWriter
from scenebuild.mix.routing import Routing, split_passes
from scenebuild.mix.submix import Submix
from scenebuild.mix.sum_passes import Quantizer


def write_split(routing: Routing, submix: Submix, gain_db: float, files: Mapping[str, WavWriter]) -> None:
    """Write every audible input into its file, all of them at once."""
    form, audible = routing.form, routing.audible
    if not audible:
        return
    quantize = Quantizer(gain_db, GRID_FRAMES, form.channels)
    for start, stop, shares in split_passes(routing):
        total = quantize(submix.buffer.read(start, stop)).copy()
        for name, share in zip(
            audible, adding_up([quantize.clipped(shares[name]) for name in audible], total), strict=True
        ):
            files[name].write_integers(share)


def adding_up(shares: Sequence[NDArray[np.int32]], total: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """The shares, each within 24 bits, changed so that their sum is ``total``, which is within 24 bits too.

    The last share takes the difference as far as it has room, then the shares before it. If members of a boosted bus
    cancel each other, a share alone may exceed full scale: the clipped part is subtracted from the others.
    """
    missing = total - np.sum(shares, axis=0, dtype=np.int64)
    changed: list[NDArray[np.int32]] = []
    for share in reversed(shares):
        fitted = np.clip(share + missing, -FULL_SCALE, FULL_SCALE - 1)
        missing = missing - (fitted - share)
        changed.append(fitted.astype(np.int32))
    return changed[::-1]
