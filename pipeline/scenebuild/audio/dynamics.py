"""Gain that follows a level: a compressor, and a ducker that makes room for another sound.

The level is read once a step of ``STEP_FRAMES``, and so is the gain; between two steps the gain goes straight. The few
hundred numbers that a second has are a plain loop. The channels are never moved apart: one gain is for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, exp, log, log10, pi

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples
from scenebuild.frames import frames_of

STEP_FRAMES = 32  # two thirds of a millisecond at 48 kHz: finer than any attack that does not distort
SILENCE = 1e-6  # -120 dBFS: what the level of silence is taken for


class _Steps:
    """Cuts a key into steps and turns a gain in dB a step into gains a frame, however the blocks fall.

    A step that a block leaves unfinished goes on in the next one; until then its level is that of its beginning.
    """

    def __init__(self) -> None:
        self._gain_db = 0.0  # at the last frame so far

    def levels(self, key: Samples) -> list[float]:
        """The highest sample of each step of a block, all channels together."""
        height = np.abs(key).max(axis=1, initial=0.0)
        return [float(level) for level in np.maximum.reduceat(height, np.arange(0, len(height), STEP_FRAMES))]

    def gains(self, gains_db: list[float], frames: int) -> NDArray[np.float32]:
        """The linear gain of each frame of a block, which reaches each step's gain at the step's last frame."""
        ends = np.minimum(STEP_FRAMES * np.arange(1, len(gains_db) + 1), frames)
        marks = np.concatenate([[0], ends])
        values = np.array([self._gain_db, *gains_db])
        self._gain_db = gains_db[-1]
        if not values.any():
            return np.ones(frames, np.float32)
        in_db = np.interp(np.arange(1, frames + 1), marks, values)
        return np.asarray(np.exp(in_db * (log(10) / 20)), np.float32)


class Compressor:
    """Turns down what is over a threshold, after Giannoulis, Massberg and Reiss (JAES 60, 2012).

    Over ``threshold_db`` (dBFS, of the peaks) a level grows by only 1 dB for every ``ratio`` dB; over ``knee_db``
    around the threshold the one passes into the other. The gain moves by 63 % of its way within ``attack_s`` where it
    falls, and within ``release_s`` where it rises. ``makeup_db`` is added to all.
    """

    tail_frames = 0

    def __init__(
        self,
        sample_rate: int,
        *,
        threshold_db: float,
        ratio: float,
        attack_s: float = 0.010,
        release_s: float = 0.150,
        knee_db: float = 6.0,
        makeup_db: float = 0.0,
    ) -> None:
        if ratio < 1 or knee_db < 0:
            raise ValueError(f"a compressor has a ratio of 1 or more and a knee of 0 or more, not {ratio}, {knee_db}")
        self._threshold, self._slope, self._knee = threshold_db, 1 / ratio - 1, knee_db
        self._keep_falling = _keep(attack_s, sample_rate)
        self._keep_rising = _keep(release_s, sample_rate)
        self._makeup = np.float32(10 ** (makeup_db / 20))
        self._steps = _Steps()
        self._gain_db = 0.0

    def static_db(self, level_db: float) -> float:
        """The gain in dB, 0 or less, that a level comes to when it holds; without the makeup.

        >>> Compressor(48000, threshold_db=-20, ratio=4).static_db(-8.0)
        -9.0
        """
        over = level_db - self._threshold
        if 2 * over <= -self._knee:
            return 0.0
        if 2 * over < self._knee:
            return self._slope * (over + self._knee / 2) ** 2 / (2 * self._knee)
        return self._slope * over

    def gains(self, key: Samples) -> NDArray[np.float32]:
        """The gain of each frame for the next block of a key, the makeup with it."""
        if not len(key):
            return np.ones(0, np.float32)
        gains_db = []
        for level in self._steps.levels(key):
            wanted = self.static_db(20 * log10(max(level, SILENCE)))
            keep = self._keep_falling if wanted < self._gain_db else self._keep_rising
            self._gain_db = wanted + keep * (self._gain_db - wanted)
            gains_db.append(self._gain_db)
        return np.asarray(self._steps.gains(gains_db, len(key)) * self._makeup)

    def run(self, samples: Samples) -> Samples:
        return np.asarray(samples * self.gains(samples)[:, None])


def _keep(seconds: float, sample_rate: int) -> float:
    """What a step leaves of the distance to the goal."""
    return exp(-STEP_FRAMES / (seconds * sample_rate)) if seconds > 0 else 0.0


class Ducker:
    """Makes room for another sound: ``depth_db`` less while the key is over ``threshold_db`` (dBFS, of its peaks).

    The way down lasts ``attack_s`` from the moment the key comes, the way back ``release_s`` from ``hold_s`` after it
    has gone, both as an s-curve in dB: it leaves and arrives without a corner. A key that comes back on the way turns
    the gain round where it is.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        depth_db: float,
        attack_s: float = 0.15,
        release_s: float = 0.6,
        threshold_db: float = -40.0,
        hold_s: float = 0.3,
    ) -> None:
        if depth_db < 0:
            raise ValueError(f"a ducker's depth is 0 dB or more, not {depth_db}")
        self._depth = depth_db
        self._threshold = 10 ** (threshold_db / 20)
        self._down = STEP_FRAMES / max(attack_s * sample_rate, STEP_FRAMES)
        self._up = STEP_FRAMES / max(release_s * sample_rate, STEP_FRAMES)
        self._hold = frames_of(hold_s, sample_rate) // STEP_FRAMES
        self._steps = _Steps()
        self._way = 0.0  # 0 where the sound is as it was, 1 at full depth
        self._held = 0  # steps that the hold still has

    def gains(self, key: Samples) -> NDArray[np.float32]:
        """The gain of each frame, for the next block of the key."""
        if not len(key):
            return np.ones(0, np.float32)
        return self._steps.gains(list(self._gains_db(self._steps.levels(key))), len(key))

    def _gains_db(self, levels: list[float]) -> Iterator[float]:
        for level in levels:
            loud = level > self._threshold
            self._held = self._hold if loud else max(self._held - 1, -1)
            if loud or self._held >= 0:
                self._way = min(self._way + self._down, 1.0)
            else:
                self._way = max(self._way - self._up, 0.0)
            yield self._depth * (0.5 * cos(pi * self._way) - 0.5)
