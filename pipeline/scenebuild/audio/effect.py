"""What every effect is: a machine that is made at rest and then fed the mix, block after block.

``GRID_FRAMES`` is the grid on which the mixer feeds them, from frame 0 on. On one grid the result is the same to the
bit; cut otherwise, it agrees up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from scenebuild.audio.level import Samples

GRID_FRAMES = 4096
TAIL_DB = -60.0  # where the ringing of an effect counts as over


class Effect(Protocol):
    """One pass over one sound. Its state is inside, so a second pass needs a second effect."""

    def run(self, samples: Samples) -> Samples:
        """The next samples, ``(frames, channels)`` float32, as they sound after the effect; in time with the input.

        The input is left alone and the answer is the caller's.
        """
        ...

    @property
    def tail_frames(self) -> int:
        """The length of the tail after the sound has ended, to about -60 dB; 0 without a tail."""
        ...


class Chain:
    """Effects one after the other. Without any the sound passes as it is."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self._effects = tuple(effects)

    def run(self, samples: Samples) -> Samples:
        for effect in self._effects:
            samples = effect.run(samples)
        return samples if self._effects else samples.copy()

    @property
    def tail_frames(self) -> int:
        return sum(effect.tail_frames for effect in self._effects)


class Blend:
    """The sound as it was beside what an effect makes of it, each with a gain: how a reverb is mixed in."""

    def __init__(self, effect: Effect, wet: float, dry: float = 1.0) -> None:
        self._effect = effect
        self._wet, self._dry = np.float32(wet), np.float32(dry)

    def run(self, samples: Samples) -> Samples:
        out = self._effect.run(samples)
        out *= self._wet
        out += samples * self._dry
        return out

    @property
    def tail_frames(self) -> int:
        return self._effect.tail_frames
