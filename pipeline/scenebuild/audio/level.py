"""Gain, pan, fades and crossfades.

Samples are float32, shape ``(frames, channels)``. Every function returns a new array and leaves its input alone.
"""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def pan_gains(pan: float, channels: int) -> tuple[tuple[float, float], ...]:
    """What each input channel gives to (left, right), for ``pan`` from -1 (left) to 1 (right).

    The equal-power law of the Web Audio API's StereoPannerNode (W3C Recommendation, section 1.33), so that a web
    page can play the same mix. Mono: a quarter turn of a circle, -3.01 dB on both sides in the middle. Stereo: the
    middle leaves the sound as it is; towards a side, the other side's channel is turned over to it.
    """
    if channels == 1:
        angle = (pan + 1) / 2 * pi / 2
        return ((cos(angle), sin(angle)),)
    angle = (pan + 1 if pan <= 0 else pan) * pi / 2
    if pan == 0:  # exactly as it is: cos(pi/2) is not quite 0 in floating point
        return ((1.0, 0.0), (0.0, 1.0))
    if pan < 0:
        return ((1.0, 0.0), (cos(angle), sin(angle)))
    return ((cos(angle), sin(angle)), (0.0, 1.0))


def spread(samples: Samples, channels: int, pan: float = 0.0, gain: float = 1.0) -> Samples:
    """A mono or stereo take as it sounds in a mix of ``channels`` (1 or 2), panned and with a gain.

    In a mono mix a stereo take is the average of its two sides, and pan has nothing to act on.
    """
    inputs = samples.shape[1]
    if inputs not in (1, 2) or channels not in (1, 2):
        raise ValueError(f"{inputs} channels into {channels}: only mono and stereo can be mixed")
    matrix = np.full((inputs, 1), 1.0 / inputs) if channels == 1 else np.array(pan_gains(pan, inputs))
    # Column by column and not as a matrix product: the result does not depend on how many frames come at once.
    matrix = (matrix * gain).astype(np.float32)
    out = np.empty((len(samples), channels), np.float32)
    for column in range(channels):
        np.multiply(samples[:, 0], matrix[0, column], out=out[:, column])
        if inputs == 2 and matrix[1, column] != 0.0:
            out[:, column] += samples[:, 1] * matrix[1, column]
    return out


def fade_curve(frames: int, start: int, stop: int) -> NDArray[np.float32]:
    """The gains of frames ``[start, stop)`` of a fade-in that is ``frames`` long; read backwards it is a fade-out.

    A raised cosine: it leaves silence and reaches unity without a corner, so that a fade of a few milliseconds does
    not click. It passes -6.02 dB half-way. Frame ``k`` takes the value in its middle, ``k + 0.5``.
    """
    position = (np.arange(start, stop) + 0.5) / frames
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * position), np.float32)


def fade_in(samples: Samples, frames: int) -> Samples:
    """Fade the first ``frames`` in. A fade longer than the sound is cut to the sound's length."""
    frames = min(frames, len(samples))
    faded = samples.copy()
    faded[:frames] *= fade_curve(frames, 0, frames)[:, None]
    return faded


def fade_out(samples: Samples, frames: int) -> Samples:
    """Fade the last ``frames`` out. A fade longer than the sound is cut to the sound's length."""
    return fade_in(samples[::-1], frames)[::-1]


def crossfade_curves(frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The gains (of the sound that leaves, of the sound that comes) over ``frames``; their squares sum to 1."""
    angle = (np.arange(frames) + 0.5) / max(frames, 1) * (np.pi / 2)
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def crossfade(leaving: Samples, coming: Samples) -> Samples:
    """Pass from one sound to another of the same length with equal power.

    The level holds for sounds that are unrelated, as two moments of rain are; two copies of one sound rise by 3 dB
    half-way.
    """
    if leaving.shape != coming.shape:
        raise ValueError(f"a crossfade needs two sounds of one shape, not {leaving.shape} and {coming.shape}")
    down, up = crossfade_curves(len(leaving))
    return np.asarray(leaving * down[:, None] + coming * up[:, None], np.float32)
