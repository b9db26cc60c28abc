"""Cutting a stream of blocks of any size into chunks of one size.

A measurement that only ever sees such chunks gives the same answer, to the bit, however its input was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenebuild.audio.level import Samples


class Chunks:
    """Collects samples, float32 of shape ``(frames, channels)``, and hands out chunks of ``size`` frames."""

    def __init__(self, size: int, channels: int) -> None:
        self._buffer = np.zeros((size, channels), np.float32)
        self._filled = 0

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Take in samples and yield each chunk that they complete. A chunk is valid until the next one is asked for."""
        if samples.ndim != 2 or samples.shape[1] != self._buffer.shape[1]:
            raise ValueError(f"expected (frames, {self._buffer.shape[1]}), not {samples.shape}")
        while len(samples):
            room = len(self._buffer) - self._filled
            taken, samples = samples[:room], samples[room:]
            self._buffer[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            if self._filled == len(self._buffer):
                self._filled = 0
                yield self._buffer

    @property
    def rest(self) -> Samples:
        """The samples that do not fill a chunk yet."""
        return self._buffer[: self._filled]
