"""Soft chords as a placeholder for music."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, arrivals, call
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import LayerStage
from scenebuild.engines.sketch.recipes.birds import times

# Four-chord progressions as semitones above the key, voiced so that each moves to the next by small steps.
_BRIGHT = (
    ((0, 7, 16, 23), (-3, 9, 12, 19), (-7, 5, 12, 21), (-5, 7, 14, 21)),
    ((0, 7, 14, 16), (5, 9, 12, 16), (-3, 7, 12, 16), (-7, 5, 9, 16)),
)
_DARK = (
    ((0, 7, 15, 22), (-4, 8, 15, 19), (3, 10, 14, 19), (-2, 10, 14, 17)),
    ((0, 7, 12, 15), (5, 8, 12, 15), (-4, 8, 12, 15), (-5, 7, 11, 14)),
)


def chords(stage: LayerStage) -> Array:
    """A pad: a chord every five seconds or so swells and fades into the next; each tone is two voices a few cents
    apart, which makes it breathe, under a spectrum that opens and closes slowly."""
    traits = stage.traits
    scale = _DARK if "dark" in traits.facets or traits.bright < -0.9 else _BRIGHT
    progression = np.array(scale[stage.choose("progression", 2)], dtype=np.float64)
    key = 110.0 * ratio(stage.choose("key", 8) / 12.0 - 0.25 - 0.5 * traits.size)
    period = stage.pick("pace", 5.0, 0.15) * ratio(-0.7 * traits.rate)
    changes = arrivals(stage, "chord", lambda rng, n: period * (0.96 + 0.08 * rng.random(n)), 0.0)
    sound = _held(stage, changes, key * exp2(progression[changes.number % 4] / 12.0), period)
    return room(stage, "hall", sound, 1.3, 0.55, size_m=12.0, bright_hz=4500.0)


def _held(stage: LayerStage, changes: Events, hertz: Array, period: float) -> Array:
    """The tones of each chord, ``hertz`` of shape ``(n, 4)``: a soft attack, held, let go as the next comes in.

    Two voices a tone, nine cents apart; harmonics fall by some 9 dB an octave.
    """
    organ = "organ" in stage.traits.facets
    onset = (0.06 if organ else 0.7) * ratio(-0.4 * stage.traits.rate)
    time, voices = times(1.3 * period), np.arange(8)
    swell = (1.0 - decay(time / onset)) * np.where(time < period, 1.0, decay(np.maximum(time - period, 0.0) / 0.45))
    swell = swell * np.clip((1.3 * period - time) / 0.3, 0.0, 1.0)
    shift = changes.u[:, :, None]
    slow = 1.0 + 0.18 * sine(time[None] * (0.21 + 0.04 * voices[:, None]) + shift)
    vibrato = 1.0 + 0.0011 * sine(time[None] * (4.6 + 0.15 * voices[:, None]) + shift) * np.clip(time - 0.8, 0.0, 1.0)
    pitch = np.repeat(hertz, 2, axis=1) * exp2(np.tile([-4.0, 5.0], 4) / 1200.0)
    loud = 0.06 * (1.15 - 0.06 * voices)[:, None] * slow * swell
    order = np.arange(1, 7)
    shares = decay(order / (1.6 * ratio(0.6 * stage.traits.bright))) / np.sqrt(order)
    place = np.tile(np.array([-0.55, 0.55, -0.3, 0.3, -0.55, 0.55, -0.3, 0.3]), len(changes))
    points = time.shape[1]
    return call(
        stage,
        "tones",
        np.repeat(changes.at, 8),
        (pitch[:, :, None] * vibrato).reshape(-1, points),
        loud.reshape(-1, points),
        shares,
        place,
    )
