"""A pan and a gain that move: each frame has its own.

The law is that of ``level.pan_gains``, so a curve that stands still sounds as a plain pan does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples, spread

Moving = NDArray[np.float32] | float  # one value a frame, or one for all


def spread_along(samples: Samples, channels: int, pan: Moving = 0.0, gain: Moving = 1.0) -> Samples:
    """A mono or stereo take in a mix of ``channels`` (1 or 2), with pan (-1 … 1) and gain by the frame.

    In a mono mix pan has nothing to act on.

    >>> mono = np.ones((3, 1), np.float32)
    >>> spread_along(mono, 2, np.array([-1, 0, 1], np.float32)).astype(float).round(4).tolist()
    [[1.0, 0.0], [0.7071, 0.7071], [-0.0, 1.0]]
    """
    if not isinstance(gain, np.ndarray) and (not isinstance(pan, np.ndarray) or channels == 1):
        return spread(samples, channels, pan if isinstance(pan, float) else 0.0, gain)
    if channels == 2 and isinstance(pan, np.ndarray):
        out = _panned(samples, pan)
    else:
        out = spread(samples, channels, pan if isinstance(pan, float) else 0.0)
    out *= gain[:, None] if isinstance(gain, np.ndarray) else np.float32(gain)
    return out


def _panned(samples: Samples, pan: NDArray[np.float32]) -> Samples:
    out = np.empty((len(samples), 2), np.float32)
    if samples.shape[1] == 1:
        to_left, to_right = _quarter_turn((pan + 1) / 2)
        np.multiply(samples[:, 0], to_left, out=out[:, 0])
        np.multiply(samples[:, 0], to_right, out=out[:, 1])
        return out
    left, right = samples[:, 0], samples[:, 1]
    to_left, to_right = _quarter_turn(np.where(pan <= 0, pan + 1, pan))
    leftwards = pan <= 0  # there the right channel is turned over to the left
    out[:, 0] = np.where(leftwards, left + right * to_left, left * to_left)
    out[:, 1] = np.where(leftwards, right * to_right, right + left * to_right)
    return out


def _quarter_turn(share: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosine and sine of a quarter turn's part. In the middle of a stereo pan they are 0 and 1 but for 4e-8."""
    angle = np.asarray(share * (np.pi / 2), np.float32)
    return np.cos(angle), np.sin(angle)
