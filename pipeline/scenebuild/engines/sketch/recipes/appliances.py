"""Washing machine and vacuum cleaner."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import burst, played, ring, wave
from scenebuild.engines.sketch.kit.noise import noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.machines import hum


def washer(stage: LayerStage) -> Array:
    """The drum turns 50 times a minute, rests, turns back; wet clothes fall once or twice a turn, water slaps.

    A spin runs at 1200 a minute: its unbalance thumps 20 times a second, gears and air whine above.
    """
    if "spin" in stage.traits.facets:
        return _spin(stage)
    cycle = np.remainder(stage.slow_seconds / 8.2 + 0.02, 1.0) * 8.2
    turning = np.clip(cycle / 0.35, 0.0, 1.0) * np.clip((6.6 - cycle) / 0.3, 0.0, 1.0)
    pace = stage.pick("pace", 1.55, 0.12) * ratio(0.6 * stage.traits.rate)
    drum = stage.phase("drum", pace * (1.0 + 0.03 * stage.drift("load", 1.0, 2)))
    at, _ = pulses(stage, "fall", pace * (1.0 + 0.12 * stage.drift("clothes", 0.7, 2)))
    force = turning[(at / CONTROL).astype(np.int64)] * (0.5 + 0.7 * stage.stream("weight").random(len(at)))
    modes = np.array([58.0, 97.0, 171.0, 290.0]) * ratio(-0.3 * stage.traits.size)
    sound = ring(
        stage,
        "tub",
        at[:, None],
        modes,
        np.array([0.06, 0.05, 0.03, 0.02]),
        force[:, None] * np.array([0.20, 0.18, 0.12, 0.07]),
        0.0,
    )
    wet = pool(stage, "wet", summed((1.0, tilted(150.0, 3500.0, 2, 1)), (0.5, resonance(520.0, 2.0))))
    sound += burst(stage, "wet", at + 0.03 * RATE, wet, 0.035, 0.085, 0.30 * force)
    slosh = noise(stage, "slosh", summed((1.0, tilted(300.0, 4500.0, 2, 1)), (0.6, resonance(780.0, 2.0))), alike=0.4)
    swing = np.clip(0.5 + 0.5 * sine(drum), 0.05, 1.0)
    sound += slosh * fine(0.036 * turning * swing * exp2(0.7 * stage.drift("water", 0.09, 3)) + 0.0015)
    turns = fine(stage.phase("motor", 168.0 * (0.15 + 0.85 * turning) * (1.0 + 0.02 * sine(drum))))
    motor = played(stage.keep("motor", lambda: wave((1.0, 0.5, 0.6, 0.2, 0.3, 0.1, 0.15, 0.08))), turns)
    sound += np.stack((motor, 0.9 * motor)) * fine(0.034 * turning) + 0.008 * hum(stage, "mains", 50.0, 5)
    return room(stage, "laundry", sound, 0.45, 0.28, size_m=3.5)


_CABINET = ((43.0, 0.022, 1.0), (88.0, 0.015, 0.8), (155.0, 0.01, 0.6), (340.0, 0.006, 0.3), (910.0, 0.0025, 0.16))


def _spin(stage: LayerStage) -> Array:
    speed = 0.35 + 0.65 * np.clip(stage.slow_seconds / 5.0, 0.0, 1.0)
    drum = stage.pick("spin", 19.5, 0.06) * ratio(0.3 * stage.traits.rate) * speed
    at, _ = pulses(stage, "unbalance", drum * (1.0 + 0.004 * stage.drift("load", 0.8, 2)))
    wobble = exp2(0.35 * stage.drift("wobble", 0.45, 3))[(at / CONTROL).astype(np.int64)]
    sound = through(stage, "cabinet", train(at, 0.36 * wobble), _CABINET)
    turns = fine(stage.phase("belt", 24.0 * drum))
    whine = played(stage.keep("belt", lambda: wave((1.0, 0.45, 0.2, 0.25, 0.1, 0.06))), turns)
    wind = noise(stage, "wind", summed((1.0, tilted(200.0, 4000.0, 2, 1)), (0.4, resonance(1150.0, 3.0))), alike=0.3)
    beat = 0.85 + 0.15 * sine(stage.phase("beat", drum))
    sound += 0.040 * np.stack((whine, 0.9 * whine)) * fine(speed) + wind * fine(0.055 * speed * beat)
    return room(stage, "laundry", sound, 0.45, 0.28, size_m=3.5)


def vacuum(stage: LayerStage) -> Array:
    """A universal motor at some 400 turns a second over a broad rush of air; the nozzle is pushed to and fro, and
    each time it seals on the carpet the load falls off the fan and the note climbs (Cudina 2007)."""
    traits = stage.traits
    stroke = stage.phase("stroke", 0.42 * ratio(0.6 * traits.rate) * exp2(0.25 * stage.drift("arm", 1.8, 2)))
    sealed = np.clip(0.5 + 0.55 * sine(stroke) + 0.3 * stage.drift("rug", 0.6, 2), 0.0, 1.0)
    begun = 0.25 + 0.75 * np.clip(stage.slow_seconds / 0.7, 0.0, 1.0)
    motor = stage.pick("motor", 385.0, 0.15) * ratio(-0.5 * traits.size) * (1.0 + 0.045 * sealed) * begun
    motor = motor * (1.0 + 0.002 * stage.drift("brush", 0.08, 2))
    turns = fine(stage.phase("motor", motor))
    shape = stage.keep("wave", lambda: wave((1.0, 0.55, 0.16, 0.12, 0.08, 0.16, 0.26, 0.05, 0.04, 0.03)))
    tone = played(shape, turns) * (1.0 + 0.12 * sine(fine(stage.phase("half order", 0.5 * motor))))
    air = noise(stage, "air", summed((1.0, tilted(180.0, 7000.0, 1, 1)), (0.7, resonance(1250.0, 1.3))), alike=0.4)
    hose = noise(stage, "hose", summed((1.0, resonance(620.0, 4.0)), (0.7, resonance(2400.0, 3.0))), alike=0.5)
    grit = noise(stage, "nozzle", tilted(1500.0, 8000.0, 1, 1), alike=0.3)
    pushing = np.abs(sine(stroke + 0.2))
    sound = np.stack((tone, 0.94 * tone)) * fine(0.050 * begun) + air * fine(
        0.072 * begun * begun * (1.1 - 0.3 * sealed)
    )
    sound += hose * fine(0.030 * begun * (0.5 + 0.8 * sealed)) + grit * fine(0.020 * begun * pushing)
    return room(stage, "parlour", sound, 0.4, 0.22, size_m=4.5)
