"""The fades of one occurrence of a sound, on any span of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples, fade_curve
from scenebuild.audio.seam import LEAST_CORRELATION


@dataclass(frozen=True, slots=True)
class Fades:
    """Fade-in and fade-out of an occurrence in frames; each at most as long as the occurrence."""

    fade_in: int = 0
    fade_out: int = 0
    # In a crossfade with the next occurrence: the correlation of both, -1 ... 1 (see ``audio.seam``).
    crossing: float | None = None


def faded(samples: Samples, position: int, length: int, fades: Fades) -> Samples:
    """Samples from ``position`` in an occurrence of ``length`` frames, with its fades."""
    end, fades_out_at = position + len(samples), length - fades.fade_out
    if position >= fades.fade_in and end <= fades_out_at:
        return samples
    curve = fade_curve if fades.crossing is None else partial(_crossing_curve, fades.crossing)
    gains = np.ones(len(samples), np.float32)
    if position < fades.fade_in:
        rise = curve(fades.fade_in, position, min(end, fades.fade_in))
        gains[: len(rise)] *= rise
    if end > fades_out_at:
        fall = curve(fades.fade_out, length - end, length - max(position, fades_out_at))
        gains[len(gains) - len(fall) :] *= fall[::-1]
    return samples * gains[:, None]


def _crossing_curve(correlation: float, frames: int, start: int, stop: int) -> NDArray[np.float32]:
    """Frames ``[start, stop)`` of the fade-in of ``seam.gains_by``; the fade-out is its mirror image."""
    angle = (np.arange(start, stop) + 0.5) / frames * (np.pi / 2)
    power = 1 + min(max(correlation, LEAST_CORRELATION), 1.0) * np.sin(2 * angle)
    return np.asarray(np.sin(angle) / np.sqrt(power), np.float32)
