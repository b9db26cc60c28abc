"""Fire and kettle."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, burst, poisson, ring, thinned
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.water import bubbles, rising


def fire(stage: LayerStage) -> Array:
    """Flames lap (turbulence below 300 Hz), gases hiss, and wood cracks: bursts of steam of 0.3–5 ms.

    Crackles come in clusters and their energies follow a power law, as earthquakes do; each hints at the log's body.
    """
    traits = stage.traits
    big = traits.size + 0.7 * traits.amount
    lap = exp2(0.6 * stage.drift("lap", 0.27, 4) + 0.4 * stage.drift("draught", 3.1, 2))
    flames = noise(stage, "flames", tilted(38.0, 190.0 * ratio(-0.2 * big), 2, 1), alike=0.5)
    roar = noise(stage, "roar", tilted(150.0, 1100.0, 3, 1), alike=0.2)
    hiss = noise(stage, "hiss", tilted(2200.0, 11000.0, 1, 1))
    sizzle = exp2(1.3 * stage.drift("sizzle", 0.9, 4) - 0.7)
    sound = flames * fine(0.032 * ratio(0.8 * big) * lap) + roar * fine(0.014 * ratio(big) * lap * lap)
    sound += hiss * fine(0.009 * sizzle)
    return sound + _crackles(stage, np.clip(0.55 * exp2(1.7 * stage.drift("activity", 0.6, 4)) - 0.12, 0.03, 1.0))


def _crackles(stage: LayerStage, activity: Array) -> Array:
    """Many faint ticks, few loud pops; the loud ones are longer, lower, and often double."""
    cracks = thinned(poisson(stage, "crack", 60.0 * ratio(stage.traits.rate + 0.5 * stage.traits.amount)), activity)
    u = cracks.u
    energy = 0.02 / (0.022 + u[:, 0])  # a power law: one in fifty is near full strength
    gain = 0.72 * np.sqrt(energy) * (0.25 + 0.75 * u[:, 1])
    place = 1.2 * u[:, 2] - 0.6
    sharp = pool(stage, "sharp", band(1800.0, 13000.0, 1))
    woody = pool(stage, "woody", summed((1.0, band(500.0, 3500.0, 1)), (1.5, resonance(1400.0, 3.0))))
    life = 0.0004 + 0.0028 * energy
    sound = burst(stage, "sharp", cracks.at, sharp, 0.00005, life, gain * (1.0 - 0.5 * energy), place)
    sound += burst(stage, "woody", cracks.at, woody, 0.0001, 1.6 * life, 0.6 * gain * energy, place)
    snap = cracks.where(energy > 0.30)
    s = snap.u
    log = ring(
        stage,
        "log",
        snap.at,
        240.0 + 500.0 * s[:, 3],
        0.007 + 0.008 * s[:, 4],
        0.22 * (0.3 + s[:, 1]),
        1.2 * s[:, 2] - 0.6,
    )
    late = Events(snap.at + RATE * (0.012 + 0.06 * s[:, 5]), s, snap.number)
    return sound + log + burst(stage, "echo", late.at, sharp, 0.00005, 0.0009, 0.28 * s[:, 6], 1.2 * s[:, 2] - 0.6)


def kettle(stage: LayerStage) -> Array:
    """A rolling boil: steam bubbles of 200–900 Hz drum on the bottom, small ones seethe, and a spout may sing."""
    traits = stage.traits
    roll = exp2(0.5 * stage.drift("roll", 0.25, 3) + 0.35 * stage.drift("heat", 2.5, 2))
    hard = ratio(0.8 * traits.amount)
    seethe = noise(stage, "seethe", summed((1.0, tilted(250.0, 1600.0, 2, 1)), (0.5, resonance(620.0, 2.5))), alike=0.4)
    steam = noise(stage, "steam", tilted(1800.0, 9000.0, 1, 1))
    sound = rising(stage, "boil", poisson(stage, "boil", 22.0 * hard), 190.0 * ratio(-0.6 * traits.size), 1.7, 0.11)
    sound += bubbles(stage, "small", poisson(stage, "small", 150.0 * hard), 600.0, 2.3, 0.16)
    sound = sound * fine(roll) + seethe * fine(0.035 * hard * roll) + steam * fine(0.007 * roll)
    if "whistle" not in traits.facets:
        return sound
    return sound + _whistle(stage)


def _whistle(stage: LayerStage) -> Array:
    """The spout of a kettle: two holes make a Helmholtz tone that climbs to some 2.4 kHz (Henrywood 2013)."""
    heat = np.clip(stage.slow_seconds / 3.0, 0.0, 1.0)
    hertz = stage.pick("spout", 2300.0, 0.25) * (0.86 + 0.14 * heat + 0.004 * stage.drift("waver", 0.15, 3))
    turns = fine(stage.phase("spout", hertz))
    loud = fine(0.055 * heat * exp2(0.3 * stage.drift("breath", 0.3, 3)))
    tone = (sine(turns) + 0.22 * sine(2.0 * turns) + 0.07 * sine(3.0 * turns)) * loud
    return np.stack((tone, tone)) + noise(stage, "breath", resonance(2400.0, 6.0)) * loud * 0.25
