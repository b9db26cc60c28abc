"""A look-ahead true-peak limiter: what would go over the ceiling is turned down, smoothly and in time.

What the waveform needs to be turned down by is known ``LOOK_AHEAD_S`` before it is due. It is spread to both sides (the
highest need within half that time counts), held up by a slow release, and rounded off by a window as long as the
look-ahead: a weighted mean of values none of which is too small. Where nothing is needed the samples pass unchanged, to
the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.chunks import Chunks
from scenebuild.audio.level import Samples
from scenebuild.audio.true_peak import CHUNK_FRAMES, TAPS, heights_over
from scenebuild.decibels import db_to_gain
from scenebuild.frames import frames_of

LOOK_AHEAD_S = 0.005
RELEASE_S = 0.100  # in which a reduction falls by 63 %, in dB
MARGIN_DB = 0.1  # what is limited stays under the ceiling by as much: meters differ by it, on noise and clicks
LEAST_DB = 1e-3  # a reduction that small is over

Floats = NDArray[np.float64]


def limit(blocks: Iterable[Samples], ceiling_dbtp: float, sample_rate: int, channels: int) -> Iterator[Samples]:
    """A sound in blocks with no true peak over the ceiling; in time with the input and as long.

    The answer does not depend on how the sound is cut. Every block that is yielded is the caller's. The channels are
    turned down together.

    >>> loud = np.ones((9000, 1), np.float32)
    >>> out = np.concatenate(list(limit([loud], -6.0, 48000, 1)))
    >>> len(out), round(float(20 * np.log10(out[4500, 0])), 2)
    (9000, -6.1)
    """
    limiter = _Limiter(ceiling_dbtp, sample_rate, channels)
    chunks = Chunks(CHUNK_FRAMES, channels)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        for chunk in chunks.push(block):
            for out in limiter.push(chunk):
                given += len(out)
                yield out
    silence = np.zeros((CHUNK_FRAMES, channels), np.float32)
    last = np.pad(chunks.rest, ((0, CHUNK_FRAMES - len(chunks.rest)), (0, 0)))
    for chunk in (last, silence, silence):
        for out in limiter.push(chunk):
            out = out[: taken - given]
            given += len(out)
            yield out


class _Limiter:
    """Takes chunks and gives each back when the two after it are known. A silent one goes before them all."""

    def __init__(self, ceiling_dbtp: float, sample_rate: int, channels: int) -> None:
        self._ceiling = db_to_gain(ceiling_dbtp)
        self._goal = db_to_gain(ceiling_dbtp - MARGIN_DB)
        self._reach = min(max(1, frames_of(LOOK_AHEAD_S / 2, sample_rate)), CHUNK_FRAMES // 4)
        window = np.hanning(2 * self._reach + 3)[1:-1]
        self._window = window / window.sum()
        self._decay = 1 / (RELEASE_S * sample_rate)
        self._before = np.zeros((TAPS, channels), np.float32)
        self._chunks: list[Samples] = [np.zeros((CHUNK_FRAMES, channels), np.float32)]  # at most three
        self._needs: list[Floats] = []  # of all of them but the last
        self._begun = False
        self._held = np.zeros(2 * self._reach)  # the reduction up to ``reach`` into the first chunk, before smoothing

    def push(self, chunk: Samples) -> Iterator[Samples]:
        self._chunks.append(chunk.copy())
        self._needs.append(self._need_of(self._chunks[-2], self._chunks[-1][:TAPS]))
        if len(self._chunks) == 3:
            out = self._first()
            if self._begun:
                yield out
            self._begun = True
            del self._chunks[0], self._needs[0]

    def _need_of(self, chunk: Samples, after: Samples) -> Floats:
        """The reduction in dB that each frame of a chunk needs by itself."""
        line = np.concatenate([self._before, chunk, after]).T
        self._before = chunk[-TAPS:]
        height = heights_over(line, self._ceiling)
        needs = np.zeros(len(height))
        over = height > self._ceiling
        needs[over] = 20 * np.log10(height[over] / self._goal)
        return needs

    def _first(self) -> Samples:
        """The first chunk, turned down as far as it and its neighbours need."""
        reach = self._reach
        needs = np.concatenate([self._needs[0], self._needs[1][: 2 * reach]])
        if not needs.any() and not self._held.any():
            return self._chunks[0]
        highest = _sliding_maximum(needs, 2 * reach + 1)  # from ``reach`` within the chunk on
        released = self._release(highest, self._held[-1])
        reduction = np.concatenate([self._held, released])
        self._held = reduction[-2 * reach :]
        smooth = np.convolve(reduction, self._window, "valid")
        gain = np.exp(smooth * (-np.log(10) / 20)).astype(np.float32)
        return np.asarray(self._chunks[0] * gain[:, None])

    def _release(self, needs: Floats, before: float) -> Floats:
        """The needs, with each one falling off slowly: the maximum over all earlier ones of what is left of them."""
        grown = np.exp(self._decay * np.arange(1, len(needs) + 1))
        held = np.maximum(np.maximum.accumulate(needs * grown), before) / grown
        return np.where(held < LEAST_DB, 0.0, held)


def _sliding_maximum(values: Floats, width: int) -> Floats:
    """The maximum of every ``width`` values in a row, by doubling the reach of what is known.

    >>> _sliding_maximum(np.array([1.0, 5.0, 2.0, 0.0, 1.0, 3.0]), 3).tolist()
    [5.0, 5.0, 2.0, 3.0]
    """
    known = 1
    while known < width:
        step = min(known, width - known)
        values = np.maximum(values[:-step], values[step:])
        known += step
    return values
