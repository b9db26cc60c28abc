"""The fades of one sounding, on any stretch of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples, fade_curve


@dataclass(frozen=True, slots=True)
class Fades:
    """How a sounding comes and goes, in frames; each not longer than the sounding."""

    fade_in: int = 0
    fade_out: int = 0
    equal_power: bool = False  # as one side of a crossfade, where another sounding goes and comes at the same time


def faded(samples: Samples, position: int, length: int, fades: Fades) -> Samples:
    """The samples, which begin at ``position`` of a sounding of ``length``, with the fades that reach into them."""
    end, fades_out_at = position + len(samples), length - fades.fade_out
    if position >= fades.fade_in and end <= fades_out_at:
        return samples
    curve = _power_curve if fades.equal_power else fade_curve
    gains = np.ones(len(samples), np.float32)
    if position < fades.fade_in:
        rise = curve(fades.fade_in, position, min(end, fades.fade_in))
        gains[: len(rise)] *= rise
    if end > fades_out_at:
        fall = curve(fades.fade_out, length - end, length - max(position, fades_out_at))
        gains[len(gains) - len(fall) :] *= fall[::-1]
    return samples * gains[:, None]


def _power_curve(frames: int, start: int, stop: int) -> NDArray[np.float32]:
    """The coming side of ``level.crossfade_curves``, of which the going side is the mirror image."""
    return np.asarray(np.sin((np.arange(start, stop) + 0.5) / frames * (np.pi / 2)), np.float32)
