"""Bells and horns."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import bank, beats, burst, call
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import LayerStage
from scenebuild.engines.sketch.recipes.birds import times

# Partials of a church bell: hum, prime, tierce (a minor third), quint, nominal and those above it, with how long each
# lives relative to the hum and how loud it is struck (Lehr 1986, Rossing 1984).
_PARTIALS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.01, 4.17, 5.43, 6.8])
_LIVES = np.array([1.0, 0.45, 0.38, 0.20, 0.28, 0.11, 0.10, 0.13, 0.08, 0.05, 0.035])
_SHARES = np.array([0.32, 0.4, 0.7, 0.35, 1.0, 0.3, 0.25, 0.5, 0.4, 0.28, 0.2])


def bell(stage: LayerStage) -> Array:
    """A bell: each partial is a pair that beats slowly, as no bell is perfectly round; the clapper dies first."""
    traits = stage.traits
    small, gong = "small" in traits.facets, "gong" in traits.facets
    prime = stage.pick("bell", 1250.0 if small else 150.0 if gong else 330.0, 0.25) * ratio(-0.6 * traits.size)
    life = (0.6 if small else 2.6) * ratio(0.3 * traits.size)
    period = (0.9 if small else 2.4) * ratio(0.8 * traits.rests - 0.7 * traits.rate)
    strokes = beats(stage, "stroke", period, 0.25 if small else 0.03, 0.06)
    u, n = strokes.u, len(_PARTIALS)
    crook = 1.0 + (0.05 * np.arange(n) / n if gong else 0.0)
    pair = []
    for k, beat in enumerate((-0.1, 0.35)):
        hertz = prime * _PARTIALS * crook + beat * (0.6 + 0.4 * _PARTIALS)
        loud = 0.16 * _SHARES * (0.85 + 0.3 * u[:, 0:1]) * (0.8 + 0.4 * u[:, 1:2] * (np.arange(n) % 2))
        pair.append(bank(stage, f"pair{k}", strokes.at, hertz, life * _LIVES, loud * ratio(0.4 * traits.amount)))
    sound = np.stack((pair[0] + 0.3 * pair[1], 0.9 * pair[0] + 0.45 * pair[1]))
    clang = pool(stage, "clang", band(1200.0, 7000.0, 1))
    sound = sound + burst(stage, "clang", strokes.at, clang, 0.0005, 0.018, 0.12)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "square", sound, 0.5 if small else 1.1, 0.35, size_m=14.0) + air


def horn(stage: LayerStage) -> Array:
    """A ship's diaphone: 90–140 Hz with dozens of harmonics, slow to speak, 2–4 s long, answered by the harbour.

    A car horn is a pair of discs a third apart near 400 and 500 Hz, short and bright.
    """
    traits, car = stage.traits, "car" in stage.traits.facets
    period = (2.4 if car else 7.5) * ratio(0.8 * traits.rests - 0.6 * traits.many)
    blasts = beats(stage, "blast", period, 0.3 if not car else 0.5, 0.12)
    u = blasts.u
    length = ((0.22 + 0.5 * u[:, 0:1] * u[:, 1:2]) if car else (2.2 + 1.4 * u[:, 0:1])) * ratio(-0.4 * traits.rate)
    time = times(1.0 if car else 5.2)
    rise, fall = (0.015, 0.03) if car else (0.16, 0.35)
    speak = (1.0 - decay(time / rise)) * np.where(time < length, 1.0, decay(np.maximum(time - length, 0.0) / fall))
    base = stage.pick("horn", 405.0 if car else 112.0, 0.2) * ratio(-0.6 * traits.size)
    order = np.arange(1, 15)
    shares = np.sqrt(1.0 / order) * decay(order / (7.0 if car else 4.5))
    sound = np.zeros((2, 1))
    for k, chord in enumerate((1.0, 1.257 if car else 1.498)):
        slide = exp2(-0.10 * decay(time / (2.0 * rise)) - 0.05 * np.maximum(time - length, 0.0))
        waver = 1.0 + 0.0012 * sine(5.3 * time + u[:, 2:3])
        loud = (0.26 if car else 0.16) * (1.0 if k == 0 else 0.6) * speak * (1.0 + 0.03 * sine(time * 11.0))
        sound = sound + call(stage, f"disc{k}", blasts.at, base * chord * slide * waver, loud, shares, 0.2 * k - 0.1)
    air = noise(stage, "air", tilted(60.0, 2500.0, 3, 1)) * 0.0035
    return room(stage, "quay", sound, 0.6 if car else 1.3, 0.30 if car else 0.55, size_m=20.0, bright_hz=3000.0) + air
