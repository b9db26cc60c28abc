"""Rounding to 16 bits with dither: noise in place of distortion.

Noise of triangular density, one step wide to each side, makes the error of rounding independent of the sound up to its
second moment (Lipshitz, Wannamaker and Vanderkooy, JAES 40, 1992). It lies 4.77 dB over the plain rounding's noise, at
-93.3 dBFS in a channel. The noise starts from a constant, so that the same sound is the same file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples

SEED = 16
FULL_SCALE_16 = 1 << 15


class Dither:
    """Rounds a sound that comes in blocks; where they are cut does not matter."""

    def __init__(self) -> None:
        self._bits = np.random.PCG64(SEED)

    def run(self, samples: Samples) -> NDArray[np.int32]:
        """16-bit integers of ``(frames, channels)`` samples; what is beyond the range is brought to its end.

        The bits of the generator are used as they come, which numpy promises to keep; its floats it may change.

        >>> Dither().run(np.array([[0.5, -0.5], [2.0, -2.0]], np.float32)).tolist()
        [[16383, -16384], [32767, -32768]]
        """
        drawn = np.asarray(self._bits.random_raw(samples.size), "<u8").view("<i4").reshape(*samples.shape, 2)
        noise = (drawn[..., 0].astype(np.float32) + drawn[..., 1].astype(np.float32)) * np.float32(2.0**-32)
        scaled = np.rint(samples * np.float32(FULL_SCALE_16) + noise)
        return np.asarray(np.clip(scaled, -FULL_SCALE_16, FULL_SCALE_16 - 1), np.int32)
