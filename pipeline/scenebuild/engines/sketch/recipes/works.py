"""Tools and factories: drill, saw, hammer, factory, pump."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, beats, bouts, burst, played, poisson, remembered, ring, wave
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import echo, room
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, SEGMENT, LayerStage, fine
from scenebuild.engines.sketch.recipes.machines import hum


def runs(stage: LayerStage, role: str, long_s: float, rest_s: float, rise_s: float, fall_s: float) -> Array:
    """How fast a machine turns that is switched on and off, 0 … 1, at the control points.

    A motor comes up to speed and runs down exponentially; no two runs are equally long.
    """
    starts = beats(stage, f"runs:{role}", long_s + rest_s, 0.2, 0.05)
    known = remembered(stage, f"runs:{role}", starts)
    time = stage.slow_seconds
    speed = np.zeros_like(time)
    for at, u in known:
        stop = at + long_s * (0.7 + 0.45 * float(u[0]))
        up = 1.0 - decay(np.maximum(time - at, 0.0) / rise_s)
        speed = np.maximum(speed, up * decay(np.maximum(time - stop, 0.0) / fall_s))
    del known[:-3]
    return speed


_WALL = ((140, 0.008, 0.8), (390, 0.006, 1.0), (980, 0.004, 0.7), (2300, 0.002, 0.6), (4700, 0.001, 0.4))


def drill(stage: LayerStage) -> Array:
    """An electric drill: a universal motor and its gears whine with the speed, which sags as the bit bites.

    Gear mesh near 500 Hz and its harmonics, commutator at some 2.6 kHz; the wall or wood answers with grit. A hammer
    drill beats some 45 times a second.
    """
    traits, hammer = stage.traits, "hammer" in stage.traits.facets
    speed = runs(stage, "drill", 3.2, 1.2 * ratio(traits.rests), 0.09, 0.16)
    bite = np.clip(0.6 + 0.6 * stage.drift("bite", 0.8, 3), 0.0, 1.0) * np.clip(3.0 * speed - 2.0, 0.0, 1.0)
    gear = stage.pick("gear", 430.0, 0.2) * ratio(0.4 * traits.rate - 0.6 * traits.size)
    mesh = gear * np.maximum(speed, 0.02) * (1.0 - 0.16 * bite)
    turns = fine(stage.phase("gear", mesh))
    whine = stage.keep("whine", lambda: wave((0.55, 1.0, 0.35, 0.5, 0.2, 0.45, 0.16, 0.12, 0.2, 0.07, 0.05, 0.06)))
    slot = 0.5 + 0.5 * sine(fine(stage.phase("armature", mesh / 9.0)))  # the armature turns once in nine teeth
    motor = played(whine, turns) * (0.75 + 0.25 * slot) + 0.10 * sine(fine(stage.phase("commutator", 6.13 * mesh)))
    chips = noise(stage, "chips", summed((1.0, tilted(600.0, 9000.0, 1, 1)), (0.8, resonance(1850.0, 2.0))), alike=0.6)
    brush = noise(stage, "brush", tilted(1500.0, 9000.0, 1, 1), alike=0.6)
    loud = speed * np.sqrt(speed)
    sound = np.stack((motor, 0.95 * motor)) * fine(0.055 * loud * (1.0 + 0.5 * bite))
    sound += chips * fine(0.055 * bite) * (0.55 + 0.45 * slot) + brush * fine(0.020 * loud)
    if hammer:
        at, _ = pulses(stage, "blow", 46.0 * np.maximum(speed, 0.05))
        force = bite[(at / CONTROL).astype(np.int64)] * (0.7 + 0.6 * stage.stream("blow").random(len(at)))
        sound += through(stage, "wall", train(at, 0.34 * force), _WALL)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "room", sound, 0.5, 0.3, size_m=5.0) + air


_BOARD = (
    (240, 0.010, 0.4), (430, 0.008, 0.7), (780, 0.005, 0.8), (1350, 0.003, 0.7), (2300, 0.002, 0.6),
    (3900, 0.0012, 0.5), (6200, 0.0007, 0.35),
)  # fmt: skip


def saw(stage: LayerStage) -> Array:
    """A hand saw: 1.3 double strokes a second; teeth strike the grain in time with the blade's speed.

    A chain saw is a two-stroke engine at 120–190 Hz, a circular saw a whine of its teeth near 1.6 kHz.
    """
    facets = stage.traits.facets
    if "chain" in facets:
        return _chain(stage)
    if "circular" in facets:
        return _circular(stage)
    at_work = np.clip(5.0 * runs(stage, "saw", 6.0, 1.3 * ratio(stage.traits.rests), 0.15, 0.10) - 1.0, 0.0, 1.0)
    pace = stage.pick("pace", 1.25, 0.15) * ratio(0.6 * stage.traits.rate)
    stroke = stage.phase("stroke", pace * exp2(0.12 * stage.drift("arm", 1.4, 2)))
    swing = sine(stroke)
    blade = np.sqrt(np.clip(np.abs(swing) - 0.10, 0.0, 1.0)) * at_work
    cut = blade * np.where(swing > 0.0, 1.0, 0.5)  # teeth are set to cut on the push
    teeth, _ = pulses(stage, "teeth", (40.0 + 290.0 * np.abs(swing)) * ratio(-0.4 * stage.traits.size))
    index = (teeth / CONTROL).astype(np.int64)
    force = cut[index] * (0.3 + 1.2 * stage.stream("grain").random(len(teeth)))
    late = np.minimum(teeth + 60.0 * stage.stream("set").random(len(teeth)), SEGMENT - 2.0)
    sound = through(stage, "board", train(late, 0.20 * force, 0.05), _BOARD)
    rasp = noise(stage, "rasp", summed((1.0, tilted(900.0, 9000.0, 1, 1)), (0.7, resonance(2100.0, 1.6))), alike=0.6)
    tilt = exp2(0.5 * swing)
    sound += rasp * fine(0.065 * cut * tilt * exp2(0.3 * stage.drift("knots", 0.11, 2)))
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "shed", sound, 0.4, 0.25, size_m=4.0) + air


_POT = (
    (150, 0.005, 0.8), (330, 0.004, 1.0), (720, 0.0022, 0.9), (1500, 0.0012, 0.7), (2900, 0.0007, 0.5),
    (5200, 0.0004, 0.35),
)  # fmt: skip


def _chain(stage: LayerStage) -> Array:
    gas = np.clip(0.55 + 1.1 * stage.drift("gas", 1.3, 2), 0.0, 1.0)
    load = np.clip(0.5 + 0.9 * stage.drift("load", 0.5, 3), 0.0, 1.0) * gas
    firing = stage.pick("two-stroke", 58.0, 0.1) * exp2(1.45 * gas - 0.22 * load)
    at, number = pulses(stage, "fire", firing * exp2(0.02 * stage.drift("hunt", 0.05, 2)))
    force = (0.8 + 0.5 * stage.stream("force").random(len(at))) * (0.6 + 0.6 * gas[(at / CONTROL).astype(np.int64)])
    sound = through(stage, "pot", train(at, 0.17 * force), _POT)
    chips = noise(stage, "chips", tilted(900.0, 8000.0, 1, 1), alike=0.5)
    turns = stage.phase("links", 2.0 * firing)
    sound += chips * fine((0.020 * gas + 0.034 * load) * (0.7 + 0.3 * sine(turns)))
    return echo(stage, "wood", sound, 0.5)


def _circular(stage: LayerStage) -> Array:
    speed = runs(stage, "blade", 4.2, 1.6 * ratio(stage.traits.rests), 0.35, 0.9)
    cut = np.clip(1.1 * stage.drift("cut", 1.1, 2) + 0.25, 0.0, 1.0) * np.clip(4.0 * speed - 3.0, 0.0, 1.0)
    tooth = stage.pick("tooth", 1650.0, 0.2) * ratio(-0.5 * stage.traits.size) * (1.0 - 0.10 * cut)
    hertz = tooth * np.maximum(speed, 0.01)
    turns, shaft = fine(stage.phase("tooth", hertz)), fine(stage.phase("motor", hertz / 4.7))
    shape = stage.keep("wave", lambda: wave((1.0, 0.45, 0.3, 0.14, 0.08)))
    motor = stage.keep("motor", lambda: wave((0.4, 1.0, 0.3, 0.5, 0.2, 0.2, 0.1)))
    rim = 1.0 + 0.35 * sine(fine(stage.phase("rim", hertz / 24.0)))  # 24 teeth, never quite true
    tone = played(shape, turns) * rim * fine((0.035 + 0.07 * cut) * speed) + 0.05 * played(motor, shaft) * fine(speed)
    wind = noise(stage, "wind", tilted(500.0, 9000.0, 1, 1), alike=0.4)
    ripping = noise(stage, "rip", summed((1.0, resonance(3100.0, 1.2)), (0.8, tilted(400.0, 9000.0, 1, 1))), alike=0.5)
    sound = np.stack((tone, 0.9 * tone)) + wind * fine(0.028 * speed + 0.001) + ripping * fine(0.085 * cut) * rim
    return room(stage, "shed", sound, 0.5, 0.3, size_m=5.0)


def hammer(stage: LayerStage) -> Array:
    """A nail driven home: three to six blows 0.4 s apart; the free end is shorter each time, so the note climbs.

    On an anvil the steel rings on for a second in inharmonic modes, and the hammer bounces.
    """
    traits, anvil = stage.traits, "anvil" in stage.traits.facets
    rounds = beats(
        stage, "nail", (3.6 if not anvil else 3.2) * ratio(0.8 * traits.rests - 0.5 * traits.many), 0.25, 0.1
    )
    gap = (0.40 + 0.10 * rounds.u[:, 0]) * ratio(-0.5 * traits.rate + 0.4 * anvil)
    at, which, number = bouts(rounds, np.floor(3.0 + 3.4 * rounds.u[:, 1]), gap)
    v = rounds.u[which]
    force = (0.75 + 0.35 * ((0.618 * number + v[:, 2]) % 1.0))[:, None] * ratio(0.4 * traits.amount)
    low = ratio(-0.5 * traits.size)
    climb = (1.0 if anvil else exp2(0.085 * number)[:, None]) * (1.0 + 0.02 * v[:, 3:4])
    steel = (
        np.array([1180.0, 2480.0, 3310.0, 4890.0, 7150.0])
        if anvil
        else np.array([2350.0, 3480.0, 5230.0, 7600.0, 9900.0])
    )
    lives = np.array([0.205, 0.20, 0.16, 0.10, 0.06]) if anvil else np.array([0.020, 0.016, 0.011, 0.007, 0.005])
    shares = np.array([0.10, 0.13, 0.10, 0.08, 0.05]) if anvil else np.array([0.20, 0.17, 0.13, 0.09, 0.06])
    sound = ring(stage, "steel", at[:, None], steel * climb * low, lives, force * shares, 0.1, 0.2)
    wood = np.array([118.0, 214.0, 365.0, 610.0, 980.0]) * (1.0 + 0.05 * v[:, 4:5]) * low
    beam = np.array([0.040, 0.030, 0.022, 0.014, 0.009]) * (0.5 if anvil else 1.0)
    sound += ring(stage, "beam", at[:, None], wood, beam, force * np.array([0.32, 0.30, 0.24, 0.18, 0.14]), 0.0)
    crack = pool(stage, "crack", band(900.0, 11000.0, 1))
    sound += burst(stage, "crack", at, crack, 0.0001, 0.0035, 0.42 * force[:, 0], 0.05)
    again = Events(at + (0.055 + 0.03 * v[:, 5]) * RATE, v, number)
    sound += burst(stage, "bounce", again.at, crack, 0.0002, 0.003, 0.05 * force[:, 0], 0.1)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "yard", sound, 0.7, 0.30, size_m=9.0) + air


def factory(stage: LayerStage) -> Array:
    """A hall of machines: presses in their own even times, a clattering line, valves that sigh, the mains' hum."""
    traits = stage.traits
    sound = 0.05 * hum(stage, "mains", 50.0, 9)
    drive = stage.phase("drive", stage.pick("drive", 6.4, 0.2) * ratio(0.5 * traits.rate))
    shaft = 1.0 + 0.22 * sine(drive) + 0.14 * sine(2.0 * drive)
    plant = noise(stage, "plant", summed((1.0, tilted(70.0, 1800.0, 2, 1)), (0.5, resonance(740.0, 4.0))), alike=0.2)
    sound += plant * fine(0.028 * shaft * exp2(0.25 * stage.drift("work", 2.0, 3)) * ratio(0.5 * traits.amount))
    big, quick = (
        beats(stage, f"press{s}", s * ratio(-0.5 * traits.rate), 0.012, 0.06 + 0.4 * (s < 1)) for s in (1.36, 0.92)
    )
    at, u = np.concatenate((big.at, quick.at)), np.concatenate((big.u, quick.u))
    small = (np.arange(len(at)) >= len(big)).astype(np.float64)
    modes = np.array([49.0, 88.0, 167.0, 520.0, 1260.0]) * (1.0 + 0.32 * small[:, None]) * ratio(-0.3 * traits.size)
    loud = (1.0 - 0.45 * small) * (0.9 + 0.2 * u[:, 0])
    shares, place = np.array([0.40, 0.37, 0.30, 0.16, 0.10]), 0.95 * small - 0.45
    fading = np.array([0.07, 0.055, 0.04, 0.05, 0.035])
    sound += ring(stage, "press", at[:, None], modes, fading, loud[:, None] * shares, place[:, None])
    thud = pool(stage, "thud", tilted(150.0, 5000.0, 2, 1))
    sound += burst(stage, "thud", at, thud, 0.002, 0.030, 0.30 * loud, place)
    hiss = pool(stage, "hiss", tilted(1800.0, 11000.0, 1, 1))  # the big one's cylinder vents after each stroke
    sound += burst(stage, "vent", big.at + 0.38 * RATE, hiss, 0.02, 0.07, 0.12, -0.45)
    parts = poisson(stage, "parts", 6.0 * ratio(0.6 * traits.amount + 0.6 * traits.many))
    u = parts.u
    clank = np.array([1.0, 1.71, 2.63]) * (900.0 * exp2(1.6 * u[:, 0:1]))
    sound += ring(
        stage,
        "line",
        parts.at[:, None],
        clank,
        0.012 + 0.02 * u[:, 1:2],
        0.11 * (u[:, 2:3] * u[:, 3:4] + 0.1),
        1.8 * u[:, 4:5] - 0.9,
        0.2,
    )
    return room(stage, "works", sound, 1.2, 0.45, size_m=22.0, bright_hz=3500.0)


def pump(stage: LayerStage) -> Array:
    """A piston pump: two strokes a second, each a valve's clack, a push of water through the pipe and a suck of air.

    The motor turns at 24.3 Hz (four poles on 50 Hz, less the slip) and hums at twice the mains.
    """
    traits = stage.traits
    pace = stage.pick("pace", 1.9, 0.15) * ratio(0.7 * traits.rate - 0.3 * traits.size)
    turns = stage.phase("crank", pace * (1.0 + 0.01 * stage.drift("load", 1.5, 2)))
    push = np.clip(sine(turns), 0.0, 1.0)
    suck = np.clip(sine(turns + 0.5), 0.0, 1.0)
    sound = 0.055 * hum(stage, "mains", 100.0, 6) * fine(0.8 + 0.35 * push)
    motor = fine(stage.phase("motor", 24.3 * (1.0 - 0.012 * push)))
    shaft = played(stage.keep("shaft", lambda: wave((0.3, 1.0, 0.5, 0.7, 0.2, 0.3, 0.1, 0.2))), motor)
    sound += 0.030 * np.stack((shaft, shaft))
    water = noise(stage, "water", summed((1.0, tilted(120.0, 900.0, 2, 1)), (0.7, resonance(430.0, 3.0))), alike=0.6)
    gurgle = exp2(0.9 * stage.drift("gurgle", 0.05, 3))
    sound += water * fine(0.085 * push * gurgle + 0.008)
    valve = noise(stage, "suction", tilted(900.0, 6000.0, 1, 1), alike=0.5)
    sound += valve * fine(0.030 * suck * suck * exp2(0.4 * stage.drift("leak", 0.08, 2)) + 0.002)
    at, number = pulses(stage, "valve", 2.0 * pace)  # inlet and outlet in turn
    modes = np.array([95.0, 310.0, 890.0, 1730.0, 3200.0])
    loud = np.where(number % 2 == 0, 1.0, 0.6)[:, None] * np.array([0.26, 0.20, 0.13, 0.10, 0.06])
    clack = ring(stage, "clack", at[:, None], modes, np.array([0.035, 0.02, 0.012, 0.008, 0.004]), loud, 0.05)
    tick = pool(stage, "tick", band(1200.0, 9000.0, 1))
    sound += clack + burst(stage, "tick", at, tick, 0.0003, 0.004, 0.2 * loud[:, 0] / 0.26)
    return room(stage, "cellar", sound, 0.55, 0.28, size_m=5.0)
