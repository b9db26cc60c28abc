"""Endless noise of any colour, shaped in the frequency domain, decorrelated between the channels.

A block is made from random spectral lines under a magnitude curve, and joins the next by an equal-power crossfade
of 85 ms: independent noises add by power, so the level stays constant at the joint.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, cosine, sine
from scenebuild.engines.sketch.kit.stage import BLOCK, RATE, SEGMENT, TAIL, LayerStage

Shape = Callable[[Array], Array]  # frequencies in Hz -> magnitudes

LINES: Array = np.arange(BLOCK // 2 + 1, dtype=np.float64) * (RATE / BLOCK)
_TURN = (np.arange(TAIL) + 0.5) / TAIL / 4.0
_RISE, _FALL = sine(_TURN), cosine(_TURN)


def _steep(ratio: Array, order: int) -> Array:
    """Butterworth's denominator: 1 / sqrt(1 + ratio^(2 order)), by squaring (``**`` rounds differently by CPU)."""
    power = ratio * ratio
    for _ in range({1: 0, 2: 1, 4: 2, 8: 3}[order]):
        power = power * power
    return 1.0 / np.sqrt(1.0 + power)


def band(low: float, high: float, order: int = 2) -> Shape:
    """A band between two corners (−3 dB) with slopes of 6 dB per octave times the order (1, 2, 4 or 8)."""

    def shape(hertz: Array) -> Array:
        safe = np.maximum(hertz, 1e-3)
        return _steep(low / safe, order) * _steep(hertz / high, order)

    return shape


def tilted(low: float, high: float, halves: int = 1, order: int = 2) -> Shape:
    """A band that falls by ``halves`` × 1.5 dB per octave: 2 is pink, 4 is brown."""
    inside = band(low, high, order)

    def shape(hertz: Array) -> Array:
        root = np.sqrt(np.sqrt(1000.0 / np.maximum(hertz, 1.0)))
        out = inside(hertz)
        for _ in range(halves):
            out = out * root
        return out

    return shape


def resonance(centre: float, q: float) -> Shape:
    """A second-order resonance: −3 dB bandwidth centre / q, 6 dB per octave outside."""

    def shape(hertz: Array) -> Array:
        ratio = np.maximum(hertz, 1e-3) / centre
        return 1.0 / np.sqrt(1.0 + q * q * (ratio - 1.0 / ratio) * (ratio - 1.0 / ratio))

    return shape


def summed(*parts: tuple[float, Shape]) -> Shape:
    """The sum of several curves, each with its amplitude, by power."""

    def shape(hertz: Array) -> Array:
        power = np.zeros_like(hertz)
        for gain, part in parts:
            magnitude = part(hertz)
            power += gain * gain * magnitude * magnitude
        return np.sqrt(power)

    return shape


_LOWEST_HZ = 20.0  # lower frequencies only move the loudspeaker's cone


def _lines(shape: Shape) -> Array:
    """Interleaved gains of real and imaginary parts for noise of RMS 1 above 20 Hz."""
    magnitude = shape(LINES) * _steep(_LOWEST_HZ / np.maximum(LINES, 1e-3), 2)
    magnitude[0] = magnitude[-1] = 0.0
    # A uniform part has variance 1/12, a line two parts; irfft gives 2/BLOCK² of the sum of powers.
    power = float(np.cumsum(magnitude * magnitude)[-1]) / 6.0 * 2.0 / BLOCK / BLOCK
    return np.repeat(magnitude / np.sqrt(power), 2)


def noise(stage: LayerStage, role: str, shape: Shape, *, channels: int = 2, alike: float = 0.0) -> Array:
    """A segment of endless noise, shape ``(channels, SEGMENT)``, RMS 1.

    ``alike`` is the correlation between left and right: 0 is diffuse, 1 is mono.
    """
    gains = stage.keep(f"lines:{role}", lambda: _lines(shape))
    joint = stage.keep(f"joint:{role}", lambda: np.zeros((channels, TAIL)))
    parts = stage.stream(f"noise:{role}").random((channels, len(gains)))
    parts -= 0.5
    parts *= gains
    block = np.fft.irfft(parts.view(np.complex128), BLOCK, axis=-1)
    if channels == 2 and alike > 0.0:
        middle, side = np.sqrt(0.5 + 0.5 * alike), np.sqrt(0.5 - 0.5 * alike)
        block = np.stack((middle * block[0] + side * block[1], middle * block[0] - side * block[1]))
    if stage.start:
        block[:, :TAIL] *= _RISE
        block[:, :TAIL] += joint
    joint[:] = block[:, SEGMENT:] * _FALL
    return block[:, :SEGMENT]


def pool(stage: LayerStage, role: str, shape: Shape) -> Array:
    """A circular buffer of noise (RMS 1, shape ``(BLOCK,)``) from which short bursts are cut."""

    def make() -> Array:
        parts = stage.stream(f"pool:{role}").random(2 * len(LINES)) - 0.5
        parts *= _lines(shape)
        return np.fft.irfft(parts.view(np.complex128), BLOCK)

    return stage.keep(f"pool:{role}", make)
