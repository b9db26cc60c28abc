"""Convolution with an impulse response of any length, by FFT in partitions: no latency, flat memory.

Overlap-save (W. G. Gardner, JAES 43, 1995): the response is cut into partitions of the length of a block, each block is
transformed once, and a block of the result is the sum of what the last blocks give through the partitions, transformed
back. A long response has its first ``LONG`` frames in partitions of ``SHORT`` and the rest in partitions of ``LONG``,
which are due only after a block of that length is complete, so that its price grows slowly with its length.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.level import Samples

SHORT = GRID_FRAMES
LONG = 8 * SHORT

Complex = NDArray[np.complex64]


class _Partitions:
    """A piece of the response in partitions of one size, and the blocks that they still need.

    ``spectra`` has the shape (partitions, inputs, outputs, lines); where every channel has only itself to go to,
    ``outputs`` is 1 and the sum is over the partitions alone.
    """

    def __init__(self, impulse: NDArray[np.float32], size: int, channels: int) -> None:
        count = -(-len(impulse) // size)
        padded = np.pad(impulse, ((0, count * size - len(impulse)), (0, 0), (0, 0)))
        cut = padded.reshape(count, size, *impulse.shape[1:]).transpose(0, 2, 3, 1)
        self._spectra: Complex = np.fft.rfft(cut, 2 * size).astype(np.complex64, copy=False)
        self._size = size
        self._before = np.zeros((channels, size), np.float32)
        self._heard: Complex = np.zeros((count, channels, size + 1), np.complex64)  # a ring, newest at ``_newest``
        self._newest = 0

    def answer(self, block: NDArray[np.float32], done: bool) -> NDArray[np.float32]:
        """What sounds during ``block``, ``(channels, size)``; what is not there yet of it is 0.

        ``done``: the block is complete and the next one follows; otherwise it comes again with more in it.
        """
        self._heard[self._newest] = np.fft.rfft(np.concatenate([self._before, block], axis=1))
        total = np.zeros((len(block), self._size + 1), np.complex64)
        product = np.empty_like(total)
        for age, spectra in enumerate(self._spectra):
            heard = self._heard[self._newest - age]
            if len(spectra) == 1:
                total += np.multiply(heard, spectra[0], out=product)
                continue
            for line, to_outputs in zip(heard, spectra, strict=True):
                total += np.multiply(line, to_outputs, out=product)
        if done:
            self._before[:] = block
            self._newest = (self._newest + 1) % len(self._heard)
        return np.asarray(np.fft.irfft(total, 2 * self._size)[:, self._size :], np.float32)


class Convolver:
    """A sound through an impulse response, as an effect.

    ``impulse`` is ``(frames, 1)`` for all channels alike, ``(frames, channels)`` for each its own, or ``(frames,
    channels, channels)`` for what each input channel gives to each output. Raises ValueError for other shapes.

    >>> echo = np.array([[1.0], [0.0], [0.5]])
    >>> Convolver(echo, 1).run(np.array([[4.0], [2.0], [0.0], [0.0]], np.float32)).round(4).ravel().tolist()
    [4.0, 2.0, 2.0, 1.0]
    """

    def __init__(self, impulse: NDArray[np.floating], channels: int) -> None:
        paths = _paths(np.asarray(impulse, np.float32), channels)
        self._tail = len(impulse) - 1
        self._head = _Partitions(paths[:LONG], SHORT, channels)
        self._rest = _Partitions(paths[LONG:], LONG, channels) if len(paths) > LONG else None
        self._block = np.zeros((channels, SHORT), np.float32)
        self._filled = 0
        self._long = np.zeros((channels, LONG), np.float32)
        self._late = np.zeros((channels, LONG), np.float32)  # what the long partitions give to this long block
        self._long_filled = 0

    def run(self, samples: Samples) -> Samples:
        out = np.empty(samples.shape, np.float32)
        at = 0
        while at < len(samples):
            taken = samples[at : at + SHORT - self._filled]
            out[at : at + len(taken)] = self._piece(taken.T).T
            at += len(taken)
        return out

    @property
    def tail_frames(self) -> int:
        return self._tail

    def _piece(self, taken: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next frames, no more than the short block still has room for."""
        start, stop = self._filled, self._filled + taken.shape[1]
        self._block[:, start:stop] = taken
        done = stop == SHORT
        out = self._head.answer(self._block, done)[:, start:stop]
        if self._rest is not None:
            out = out + self._late[:, self._long_filled + start : self._long_filled + stop]
        self._filled = stop
        if done:
            self._next_block()
        return out

    def _next_block(self) -> None:
        if self._rest is not None:
            self._long[:, self._long_filled : self._long_filled + SHORT] = self._block
            self._long_filled += SHORT
            if self._long_filled == LONG:
                self._late = self._rest.answer(self._long, done=True)
                self._long_filled = 0
        self._block[:] = 0
        self._filled = 0


def _paths(impulse: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """The response as ``(frames, inputs, outputs)``; one input stands for each channel to itself."""
    if impulse.ndim == 2 and len(impulse) and impulse.shape[1] in (1, channels):
        return impulse[:, None, :]
    if impulse.ndim == 3 and len(impulse) and impulse.shape[1:] == (channels, channels):
        return impulse
    raise ValueError(f"an impulse response of shape {impulse.shape} does not fit a sound of {channels} channels")
