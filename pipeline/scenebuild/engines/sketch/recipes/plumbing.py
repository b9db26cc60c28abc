"""Tap, shower and lawn sprinkler."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio
from scenebuild.engines.sketch.kit.grains import arrivals, burst, poisson, ring, thinned
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.water import bubbles, rising


def tap(stage: LayerStage) -> Array:
    """An aerated jet hisses at 3–9 kHz, beats the basin's steel (220–900 Hz) and drags air under: dense small bubbles.

    Where the jet plunges, bubbles of 1–4 mm ring at 0.8–4 kHz (Minnaert; Oguz and Prosperetti 1990); the drain gulps.
    """
    traits = stage.traits
    full = "full" in traits.facets  # into a tub: deeper water, larger bubbles, no steel
    deep, force = 0.55 if full else 1.0, ratio(0.7 * traits.amount + 0.35 * full)
    flutter = exp2(0.35 * stage.drift("flutter", 0.09, 3) + 0.15 * stage.drift("pressure", 2.2, 2))
    jet = noise(stage, "jet", summed((1.0, resonance(4300.0, 0.9)), (0.6, band(2500.0, 11000.0, 1))), alike=0.6)
    steel = summed(
        (1.0, resonance(265.0 * deep, 6.0)),
        (0.9, resonance(430.0 * deep, 7.0)),
        (0.6, resonance(720.0 * deep, 7.0)),
        (0.45, tilted(300.0 * deep, 3000.0, 2, 1)),
    )
    basin = noise(stage, "basin", steel, alike=0.5)
    sound = jet * fine(0.024 * deep * force * ratio(0.5 * traits.bright) * np.sqrt(flutter))
    sound += basin * fine(0.042 * force * flutter)
    sound += bubbles(stage, "plunge", poisson(stage, "plunge", 190.0), 850.0 * deep, 2.3, 0.22 * force) * fine(flutter)
    sound += rising(stage, "gulp", poisson(stage, "gulp", 16.0 if full else 3.0), 170.0, 1.3, 0.06)
    return room(stage, "tiles", sound, 0.34, 0.16, size_m=2.5, bright_hz=7000.0)


def shower(stage: LayerStage) -> Array:
    """Sixty thin jets: a hiss of 1.5–12 kHz, and a patter on enamel at 150–700 Hz.

    A person who moves under the spray reduces the patter for a second or two at a time; RT60 is half a second.
    """
    traits = stage.traits
    force = ratio(0.6 * traits.amount)
    moves = exp2(0.75 * stage.drift("body", 0.9, 2))
    spray = noise(stage, "spray", tilted(1300.0, 10500.0 * ratio(0.4 * traits.bright), 1, 2), alike=0.3)
    tub = noise(
        stage,
        "tub",
        summed((1.0, resonance(210.0, 1.8)), (0.8, resonance(480.0, 2.0)), (0.7, tilted(500.0, 3500.0, 2, 1))),
        alike=0.3,
    )
    sound = spray * (0.036 * force) + tub * fine(0.050 * force * moves)
    drops = poisson(stage, "drop", 120.0 * force)
    u = drops.u
    size = 0.2 + 0.8 * u[:, 0] * u[:, 1] * u[:, 2]
    place = 1.4 * u[:, 3] - 0.7
    spat = pool(stage, "spat", band(600.0, 7500.0, 1))
    sound += burst(stage, "spat", drops.at, spat, 0.0002, 0.0022 + 0.004 * u[:, 4], 0.30 * force * size, place)
    some = drops.where(u[:, 5] < 0.4)
    sound += bubbles(stage, "film", some, 900.0, 2.2, 0.16)
    splash = thinned(poisson(stage, "splash", 2.2), np.clip(moves - 0.6, 0.0, 1.0))
    wash = pool(stage, "wash", tilted(350.0, 5500.0, 2, 1))
    sound += burst(
        stage, "splash", splash.at, wash, 0.02, 0.06, 0.20 * (0.4 + splash.u[:, 0]), 0.8 * splash.u[:, 1] - 0.4
    )
    return room(stage, "tiles", sound, 0.55, 0.34, size_m=2.2, bright_hz=8000.0)


_SWEEP_S, _RETURN_S = 11.0, 1.9  # there in small steps, back in haste
_ARM = np.array([1380.0, 2310.0, 3720.0, 5850.0])
_ARM_LIVES, _ARM_SHARES = np.array([0.012, 0.010, 0.007, 0.004]), np.array([0.10, 0.12, 0.10, 0.06])


def sprinkler(stage: LayerStage) -> Array:
    """An impact sprinkler: a spring arm swings out of the jet and strikes back 2.7 times a second, step by step round,

    then a trip turns it and it rattles home at 10 a second. Each stroke cuts the jet for 60 ms: tss, tss, tss.
    """
    traits = stage.traits
    slow, quick = 0.37 * ratio(-0.6 * traits.rate), 0.098 * ratio(-0.4 * traits.rate)
    forth, back = int(_SWEEP_S / slow), int(_RETURN_S / quick)
    said: list[int] = stage.keep("count", lambda: [stage.choose("begin", forth // 2)])

    def gaps(rng: np.random.Generator, n: int) -> Array:
        turn = (said[0] + np.arange(n)) % (forth + back)
        said[0] += n
        return np.where(turn < forth, slow, quick) * (1.0 + 0.05 * stage.wild * (rng.random(n) - 0.5))

    strokes = arrivals(stage, "stroke", gaps, 0.12)
    u, turn = strokes.u, (strokes.number + stage.choose("begin", forth // 2)) % (forth + back)
    going = turn < forth
    where = np.where(going, 1.5 * turn / forth - 0.75, 0.75 - 1.5 * (turn - forth) / back)
    loud = np.where(going, 1.0, 0.65) * (0.85 + 0.3 * u[:, 0])
    steel = _ARM * (1.0 + 0.02 * u[:, 1:2])
    arm = ring(stage, "arm", strokes.at[:, None], steel, _ARM_LIVES, loud[:, None] * _ARM_SHARES, 0.0, 0.2)
    jet = pool(stage, "jet", band(1900.0, 9500.0, 2))
    clap = pool(stage, "clap", tilted(400.0, 4500.0, 1, 1))
    sound = arm + burst(stage, "clap", strokes.at, clap, 0.0004, 0.006, 0.20 * loud, 0.3 * where)
    life = np.where(going, 0.085, 0.030)
    sound += burst(stage, "spray", strokes.at + 0.05 * RATE, jet, 0.035, life, 0.11 * loud, where)
    late = strokes.at + RATE * (0.35 + 0.2 * u[:, 2])
    leaf = pool(stage, "leaf", band(1200.0, 7500.0, 2))
    sound += burst(stage, "fall", late, leaf, 0.12, 0.12, 0.035 * loud, 1.1 * where)
    patter = poisson(stage, "patter", 45.0)
    v = patter.u
    loud, side = 0.09 * v[:, 1] * v[:, 2] * v[:, 3], 1.8 * v[:, 4] - 0.9
    sound += burst(stage, "patter", patter.at, leaf, 0.0003, 0.002 + 0.003 * v[:, 0], loud, side)
    mist = noise(stage, "mist", tilted(1500.0, 9000.0, 2, 2)) * fine(0.012 * exp2(0.4 * stage.drift("mist", 1.1, 3)))
    return sound + mist
