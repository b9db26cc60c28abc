"""Recursive filters (cascades of biquads) over blocks, without a Python loop per sample.

A recursive filter is a small linear machine: a state ``s`` of two numbers a section, ``s' = A s + B x`` and
``y = C s + D x`` for each sample. Over a short block of ``n`` samples that becomes three small matrices::

    y  = H x + O s        H: n x n, the impulse response; O: n x states, how the state rings on
    s' = A^n s + W x      W: states x n

so that a whole chunk is two matrix products over all its blocks at once, and the states between the blocks come from
a scan that doubles its reach with every step. The answer is that of the sample-wise loop up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.product import product

Floats = NDArray[np.float64]

BLOCK_FRAMES = 32  # the product with H costs n per sample, the scan 1/n: least near 32, measured


@dataclass(frozen=True, slots=True)
class Biquad:
    """One second-order section, ``y[k] = b0 x[k] + b1 x[k-1] + b2 x[k-2] - a1 y[k-1] - a2 y[k-2]``."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float

    def power(self, frequency: float) -> float:
        """The gain, squared, at a frequency in parts of the sample rate."""
        turn = np.exp(-2j * np.pi * frequency)
        response = (self.b0 + turn * (self.b1 + turn * self.b2)) / (1 + turn * (self.a1 + turn * self.a2))
        return float(abs(response) ** 2)


def _one_sample(sections: Sequence[Biquad], state: Floats, x: float) -> tuple[Floats, float]:
    """One sample through the cascade, each section in transposed direct form II: (the next state, the output)."""
    after = np.empty_like(state)
    for i, section in enumerate(sections):
        first, second = state[2 * i], state[2 * i + 1]
        y = section.b0 * x + first
        after[2 * i] = section.b1 * x - section.a1 * y + second
        after[2 * i + 1] = section.b2 * x - section.a2 * y
        x = y
    return after, x


class BlockFilter:
    """A cascade of biquads, ready to run. It never changes: the state goes in and comes out of every call."""

    def __init__(self, sections: Sequence[Biquad]) -> None:
        states = 2 * len(sections)
        columns = [_one_sample(sections, unit, 0.0) for unit in np.eye(states)]
        transition = np.stack([after for after, _ in columns], axis=1)  # A
        read_out = np.array([y for _, y in columns])  # C
        drive, direct = _one_sample(sections, np.zeros(states), 1.0)  # B, D

        powers = [np.eye(states)]
        for _ in range(BLOCK_FRAMES):
            powers.append(powers[-1] @ transition)
        response = np.array([direct, *(read_out @ power @ drive for power in powers[:-1])])[:BLOCK_FRAMES]
        lag = np.subtract.outer(np.arange(BLOCK_FRAMES), np.arange(BLOCK_FRAMES))
        self._powers = powers
        self._response = np.where(lag >= 0, response[np.abs(lag)], 0.0)  # H
        self._ringing = np.stack([read_out @ power for power in powers[:-1]])  # O
        self._answer = np.concatenate([self._response, self._ringing], axis=1)  # (H O), for both at once
        self._driving = np.stack([power @ drive for power in powers[-2::-1]], axis=1)  # W

    def at_rest(self, channels: int) -> Floats:
        """The state of a filter that has heard only silence; shape ``(channels, states)``."""
        return np.zeros((channels, len(self._powers[0])))

    def run(self, samples: NDArray[np.floating], state: Floats) -> tuple[Floats, Floats]:
        """Filter ``(frames, channels)`` samples: (float64 samples of that shape, the state to go on with)."""
        channels, frames = samples.shape[1], len(samples)
        rest = frames % BLOCK_FRAMES
        blocks = np.empty((channels, frames // BLOCK_FRAMES, BLOCK_FRAMES + len(self._powers[0])))
        heard = blocks[:, :, :BLOCK_FRAMES]
        heard[:] = samples[: frames - rest].T.reshape(channels, -1, BLOCK_FRAMES)
        states = self._scan(product(heard, self._driving.T), state)
        blocks[:, :, BLOCK_FRAMES:] = states[:, :-1]
        y = product(blocks, self._answer.T).reshape(channels, -1)
        state = states[:, -1]
        if rest:
            tail = samples[frames - rest :].T.astype(np.float64)
            end = tail @ self._response[:rest, :rest].T + state @ self._ringing[:rest].T
            y = np.concatenate([y, end], axis=1)
            state = state @ self._powers[rest].T + tail @ self._driving[:, BLOCK_FRAMES - rest :].T
        return y.T, state

    def _scan(self, driven: Floats, state: Floats) -> Floats:
        """The state before each block and after the last, from what each block alone adds to it.

        After a step with reach ``r`` every entry holds what the ``r`` blocks up to it have left behind.
        """
        states = np.concatenate([state[:, None], driven], axis=1)  # (channels, blocks + 1, states)
        reach, carry = 1, self._powers[BLOCK_FRAMES].T
        while reach < states.shape[1]:
            states[:, reach:] += states[:, :-reach] @ carry
            reach, carry = 2 * reach, carry @ carry
        return states
