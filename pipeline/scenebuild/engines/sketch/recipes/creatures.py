"""A dog's bark and a heartbeat."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, beats, bouts, burst, call, ring
from scenebuild.engines.sketch.kit.noise import noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.space import echo
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage
from scenebuild.engines.sketch.recipes.animals import somewhere
from scenebuild.engines.sketch.recipes.birds import bump, times


def dog(stage: LayerStage) -> Array:
    """Barks in bouts of two to five: 150–250 ms, pitch up and down around 400–700 Hz, harsh at the onset (Yin 2002)."""
    traits = stage.traits
    pause = 2.7 * ratio(0.8 * traits.rests - 0.4 * traits.many - 0.4 * traits.rate)
    rounds = beats(stage, "bout", pause, 0.5, 0.1)
    gap = 0.36 * ratio(0.2 * traits.size - 0.3 * traits.rate) + 0.22 * rounds.u[:, 1]
    at, which, k = bouts(rounds, np.floor(2 + 3.4 * rounds.u[:, 0]), gap)
    v, time = rounds.u[which], times(0.30)
    length = (0.15 + 0.07 * v[:, 2] + 0.02 * (k % 2))[:, None] * ratio(0.35 * traits.size)
    base = (stage.pick("throat", 430.0, 0.25) * ratio(-0.8 * traits.size) * exp2(0.15 * v[:, 3] - 0.03 * k))[:, None]
    arch = exp2(0.55 * sine(0.5 * np.clip(time / length * 1.1, 0.0, 1.0)) - 0.25)
    loud = (0.15 + 0.05 * v[:, 4:5]) * bump(time, length, 0.18)
    partials = np.array([0.55, 1.0, 0.95, 0.6, 0.38, 0.34, 0.2, 0.15, 0.1, 0.08, 0.05, 0.04, 0.03, 0.02])
    place = somewhere(stage)
    chaos = 1.0 + 0.05 * sine(time * 97.0) * bump(time, length * 0.5, 0.1)
    sound = call(stage, "bark", at, base * arch * chaos, loud, partials, place)
    throat = pool(
        stage,
        "throat",
        summed((1.0, resonance(1100.0, 1.5)), (0.8, resonance(2300.0, 2.0)), (0.3, tilted(500.0, 7000.0, 1, 1))),
    )
    sound += burst(stage, "rasp", at, throat, 0.012, 0.045, 0.16 * (0.6 + v[:, 5]), place)
    return echo(stage, "yard", sound, 0.55) + noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.0035


def heartbeat(stage: LayerStage) -> Array:
    """Two thumps: the first (30–60 Hz, mitral) longer, the second (50–90 Hz, aortic) 0.3 s later and shorter."""
    traits = stage.traits
    period = stage.pick("pulse", 0.86, 0.12) * ratio(-0.8 * traits.rate)
    first = beats(stage, "beat", period, 0.03, 0.08)
    second = Events(first.at + RATE * (0.20 + 0.12 * period), first.u, first.number)
    low, sound = ratio(-0.4 * traits.size), np.zeros((2, 1))
    for name, events, base, life, gain in (("lub", first, 38.0, 0.050, 1.0), ("dub", second, 52.0, 0.036, 0.7)):
        u = events.u
        hertz = base * low * np.array([1.0, 1.62, 2.3]) * (1.0 + 0.06 * u[:, 0:1])
        share = gain * 0.42 * (0.9 + 0.2 * u[:, 1:2]) * np.array([1.0, 0.7, 0.35])
        lives = life * np.array([1.0, 0.7, 0.5])
        sound = sound + ring(stage, name, events.at[:, None], hertz, lives, share, 0.03)
        soft = pool(stage, f"soft:{name}", tilted(40.0, 140.0, 1, 2))
        sound = sound + burst(stage, name, events.at, soft, 0.018, 0.03, 0.12 * gain)
    return sound + noise(stage, "flow", tilted(45.0, 180.0, 3, 1), alike=0.6) * 0.004
