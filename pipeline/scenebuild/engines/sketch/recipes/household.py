"""The house: chopping, frying, the fridge, the extractor fan, the kitchen and the living room."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import arrivals, burst, played, poisson, ring, thinned, wave
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage, fine, pan
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.recipes.machines import hum
from scenebuild.engines.sketch.recipes.things import ticking
from scenebuild.engines.sketch.recipes.water import rising

# A beech board of 3 cm on a worktop: bending modes of a free plate (Fletcher and Rossing 1998, 1 : 1.5 : 2.3 : 3.2 …).
_BOARD = np.array([172.0, 259.0, 402.0, 556.0, 815.0, 1270.0])
_BOARD_LIVES = np.array([0.019, 0.016, 0.012, 0.009, 0.006, 0.004])
_BOARD_SHARES = np.array([0.8, 1.0, 0.75, 0.6, 0.45, 0.3])


def chopping(stage: LayerStage) -> Array:
    """Four cuts a second for a vegetable's length, then a scrape of the blade; fibres crunch before the board knocks.

    Crisp tissue breaks cell by cell, each with a crack of its own (Vickers and Bourne 1976): nine in the 28 ms before
    the edge lands.
    """
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "kitchen", _cuts(stage), 0.34, 0.18, size_m=3.0) + air


def _cuts(stage: LayerStage) -> Array:
    """The knife without the room."""
    traits = stage.traits
    cut = 0.235 * ratio(-0.8 * traits.rate)
    length = 7.0 + 7.0 * stage.stream("length").random()

    def gaps(rng: np.random.Generator, n: int) -> Array:
        rest = np.where(rng.random(n) < 1.0 / length, (0.7 + 0.9 * rng.random(n)) * ratio(traits.rests), 0.0)
        return cut * (1.0 + 0.16 * stage.wild * (rng.random(n) - 0.5)) + rest

    cuts = arrivals(stage, "cut", gaps, 0.10)
    u, n = cuts.u, len(cuts)
    force = ratio(0.6 * traits.amount) * (0.6 + 0.55 * u[:, 0])
    spot = 1.0 + 0.05 * (u[:, 1:2] - 0.5)
    shares = 0.20 * force[:, None] * _BOARD_SHARES * (0.6 + 0.8 * ((u[:, 2:3] + 0.618 * np.arange(6)) % 1.0))
    low = ratio(-0.5 * traits.size)
    sound = ring(stage, "board", cuts.at[:, None], _BOARD * low * spot, _BOARD_LIVES, shares, 0.08)
    edge = pool(stage, "edge", summed((1.0, band(1500.0, 7000.0, 1)), (0.7, resonance(3100.0, 3.0))))
    sound += burst(stage, "edge", cuts.at, edge, 0.0003, 0.0028, 0.36 * force, 0.05)
    blade = ring(
        stage,
        "blade",
        cuts.at[:, None],
        np.array([2650.0, 4380.0, 6720.0]),
        np.array([0.020, 0.016, 0.010]),
        0.018 * force[:, None] * np.array([1.0, 0.8, 0.6]),
        0.0,
        0.2,
    )
    crisp = pool(stage, "crisp", band(1800.0, 10000.0, 1))
    early = -RATE * 0.028 * stage.stream("crack").random((n, 9))
    cracks = np.maximum(cuts.at[:, None] + early, 0.0).ravel()
    size = stage.stream("fibre").random((n, 9))
    sound += blade + burst(
        stage, "crack", cracks, crisp, 0.0001, 0.0012, (0.26 * force[:, None] * size**2).ravel(), -0.1
    )
    return sound


def sizzling(stage: LayerStage) -> Array:
    """Water in hot oil boils at once: thousands of tiny bursts a second blend to a hiss of 2–12 kHz, a few spit.

    A drop that explodes under the surface leaves a cavity that oscillates and rings (Kiyama 2022), here at 1–4 kHz;
    the pan hums along.
    """
    traits = stage.traits
    heat = exp2(0.45 * traits.amount + 0.30 * stage.drift("heat", 2.4, 3) + 0.22 * stage.drift("seethe", 0.16, 3))
    hiss = noise(stage, "hiss", tilted(1700.0, 11000.0 * ratio(0.3 * traits.bright), 1, 4), alike=0.5)
    fry = noise(stage, "fry", summed((1.0, resonance(1250.0, 1.5)), (0.5, tilted(250.0, 1800.0, 2, 1))), alike=0.6)
    grit = exp2(1.1 * stage.drift("grit", 0.022, 2))
    sound = hiss * fine(0.034 * heat * grit) + fry * fine(0.016 * heat * heat)
    fizz = poisson(stage, "fizz", 260.0)
    u = fizz.u
    spark = pool(stage, "spark", band(2400.0, 11500.0, 4))
    tiny = 0.30 * u[:, 0] * u[:, 1] * u[:, 2]
    sound += burst(stage, "fizz", fizz.at, spark, 0.0002, 0.0006 + 0.0014 * u[:, 3], tiny, 0.9 * u[:, 4] - 0.45) * fine(
        heat
    )
    spit = thinned(poisson(stage, "spit", 14.0), np.clip(0.5 * heat * heat, 0.0, 1.0))
    v = spit.u
    loud = 0.05 / (0.06 + v[:, 0])  # a power law, as crackles have it
    sound += ring(
        stage,
        "cavity",
        spit.at,
        1100.0 * exp2(1.8 * v[:, 1]),
        0.0011 + 0.0020 * v[:, 2],
        0.42 * loud,
        0.9 * v[:, 3] - 0.45,
    )
    sound += burst(stage, "spit", spit.at, spark, 0.0001, 0.0009 + 0.002 * loud, 0.55 * loud, 0.9 * v[:, 3] - 0.45)
    return sound + noise(
        stage, "pan", summed((1.0, resonance(420.0, 9.0)), (0.7, resonance(780.0, 11.0))), alike=0.7
    ) * fine(0.006 * heat)


def fridge(stage: LayerStage) -> Array:
    """An induction motor slips: its rotor turns 49 times a second under a field of 100, so that the hum throbs slowly.

    Rotor and field beat near 2 Hz (a slip of 2 %); pipes and shelves sing along in turn; the refrigerant gurgles.
    """
    traits = stage.traits
    mains = 50.0 * ratio(-0.15 * traits.size)
    slip = stage.pick("slip", 0.021, 0.35)
    field = 1.0 + 0.0004 * stage.drift("grid", 4.0, 2)
    strong, weak = tuple(1.0 / n for n in range(1, 7)), (1.0, 0.55, 0.24, 0.20, 0.09, 0.07)
    turns = fine(stage.phase("field", 2.0 * mains * field))
    rotor = fine(stage.phase("rotor", mains * field * (1.0 - slip)))
    iron = played(stage.keep("iron", lambda: wave(strong)), turns)
    pump = played(stage.keep("pump", lambda: wave(weak)), rotor)
    swing = fine(1.0 + 0.30 * stage.drift("lean", 3.0, 2))
    humming = 1.4 if "hum" in traits.facets else 1.0
    motor = humming * np.stack((0.085 * iron * swing + 0.060 * pump, 0.080 * iron + 0.066 * pump * swing))
    shelf = np.maximum(stage.drift("shelf", 2.7, 2) - 0.15, 0.0)
    rattle = noise(stage, "rattle", summed((1.0, resonance(1650.0, 6.0)), (0.6, resonance(2900.0, 5.0))), alike=0.5)
    rattle = rattle * fine(0.018 * shelf) * (0.5 + 0.5 * sine(rotor)) ** 2
    air = noise(stage, "air", summed((1.0, tilted(90.0, 1500.0, 3, 1)), (0.25, resonance(620.0, 4.0))), alike=0.3)
    gurgle = thinned(poisson(stage, "gurgle", 7.0), np.clip(1.8 * stage.drift("valve", 2.3, 1) - 0.5, 0.0, 1.0))
    sound = motor + rattle + air * fine(0.030 * exp2(0.15 * stage.drift("air", 2.0, 2)))
    return sound + rising(stage, "gurgle", gurgle, 330.0, 1.2, 0.035)


def extractor(stage: LayerStage) -> Array:
    """A bathroom fan: eight blades at 1,350 a minute pass 180 times a second, a tin duct booms, the grille buzzes.

    The duct is a pipe open at both ends, half a wave at 0.6 m: 285 Hz and its multiples colour the turbulence.
    """
    traits = stage.traits
    turn = stage.pick("turn", 22.5, 0.18) * ratio(0.5 * traits.rate - 0.3 * traits.size)
    shaft = stage.phase("shaft", turn * (1.0 + 0.006 * stage.drift("load", 1.3, 3)))
    pipe = 285.0 * ratio(-0.5 * traits.size)
    duct = summed(
        (1.0, resonance(pipe, 4.0)),
        (0.7, resonance(2.0 * pipe, 5.0)),
        (0.5, resonance(3.05 * pipe, 6.0)),
        (1.0, tilted(150.0, 4200.0 * ratio(traits.bright), 2, 1)),
    )
    air = noise(stage, "air", duct, alike=0.4)
    hiss = noise(stage, "hiss", tilted(1500.0, 7000.0, 2, 1), alike=0.2)
    wobble = 1.0 + 0.20 * sine(shaft) + 0.10 * stage.drift("swirl", 0.12, 3)
    blades = played(stage.keep("blades", lambda: wave((0.030, 0.016, 0.008, 0.004))), fine(8.0 * shaft))
    buzz = noise(stage, "buzz", summed((1.0, resonance(2100.0, 5.0)), (0.7, resonance(3400.0, 7.0))), alike=0.6)
    loose = np.maximum(sine(shaft + 0.3), 0.0) ** 2 * np.clip(0.5 + stage.drift("loose", 1.9, 2), 0.0, 1.0)
    sound = air * fine(0.085 * ratio(0.4 * traits.amount) * wobble) + hiss * 0.012 + buzz * fine(0.020 * loose)
    motor = 0.045 * hum(stage, "motor", 100.0, 6) + blades
    return room(stage, "tiles", sound + motor, 0.55, 0.22, size_m=2.0, bright_hz=7000.0)


def kitchen(stage: LayerStage) -> Array:
    """Somebody cooks: a pan on the hob, a knife at work now and then, the fridge behind, dishes and a drawer."""
    knife = stage.part("knife", LayerTraits(rests=0.9 + stage.traits.rests, rate=stage.traits.rate))
    sound = 0.80 * _cuts(knife) + 0.012 * hum(stage, "fridge", 50.0, 6)
    heat = exp2(0.4 * stage.traits.amount + 0.5 * stage.drift("heat", 2.4, 3) + 0.9 * stage.drift("grit", 0.022, 2))
    pan = noise(stage, "pan", summed((1.0, tilted(1700.0, 11000.0, 1, 2)), (0.5, resonance(1250.0, 1.5))), alike=0.5)
    sound += pan * fine(0.013 * heat)
    spit = poisson(stage, "spit", 11.0)
    v = spit.u
    spark = pool(stage, "spark", band(2400.0, 11500.0, 4))
    sound += burst(stage, "spit", spit.at, spark, 0.0001, 0.0015, 0.010 / (0.05 + v[:, 0]), -0.5 + 0.3 * v[:, 3])
    dish = poisson(stage, "dish", 0.55 * ratio(stage.traits.amount - stage.traits.rests), 0.5)
    u = dish.u
    glaze = 1150.0 * exp2(1.4 * u[:, 0:1]) * np.array([1.0, 1.83, 2.74, 3.9, 5.2])
    loud = 0.075 * (0.3 + u[:, 1:2]) / np.array([1.0, 1.2, 1.5, 1.9, 2.4])
    place = 1.2 * u[:, 2:3] - 0.6
    life = 0.045 * (0.4 + u[:, 3:4]) / np.sqrt(np.arange(1.0, 6.0))
    sound += ring(stage, "dish", dish.at[:, None], glaze, life, loud, place, 0.2)
    drawer = poisson(stage, "drawer", 0.10, 2.5)
    wood = pool(stage, "wood", tilted(120.0, 1500.0, 2, 1))
    sound += burst(stage, "drawer", drawer.at, wood, 0.25, 0.04, 0.10, 0.4)
    return room(stage, "room", sound, 0.34, 0.16, size_m=4.0)


def living_room(stage: LayerStage) -> Array:
    """A quiet room of 30 dB(A): its air, a clock on the shelf, a television next door, the street shut out.

    Now and then a page is turned and a beam creaks.
    """
    air = noise(stage, "air", summed((1.0, tilted(70.0, 900.0, 3, 1)), (0.15, tilted(700.0, 6000.0, 2, 1))), alike=0.3)
    street = noise(stage, "street", tilted(55.0, 260.0, 2, 2), channels=1)  # through one wall
    passing = np.maximum(stage.drift("passing", 3.5, 2), -0.3) + 0.35
    sound = air * fine(0.035 * exp2(0.2 * stage.drift("air", 3.0, 3))) + street * fine(0.020 * passing)
    clock = stage.part("clock", LayerTraits(size=stage.traits.size, rate=stage.traits.rate))
    near = 0.32 * ticking(clock)
    page = poisson(stage, "page", 0.12, 1.6)
    paper = pool(stage, "paper", band(1400.0, 8500.0, 1))
    flutter = page.at[:, None] + np.cumsum(RATE * (0.03 + 0.10 * page.u[:, 0:5]), axis=1)
    size = (0.045 * (0.3 + page.u[:, 1:6])).ravel()
    near += burst(stage, "page", flutter.ravel(), paper, 0.02, 0.025, size, 0.25)
    creak = poisson(stage, "creak", 0.10, 3.0)
    u = creak.u
    beam = np.array([190.0, 437.0, 911.0]) * (0.8 + 0.5 * u[:, 0:1])
    near += ring(stage, "beam", creak.at[:, None], beam, np.array([0.022, 0.012, 0.006]), 0.06, -0.4)
    return sound + _television(stage) + room(stage, "parlour", near, 0.34, 0.25, size_m=3.5)


_WALL = ((175, 0.006, 1.0), (330, 0.004, 0.7), (520, 0.003, 0.4), (940, 0.002, 0.1))


def _television(stage: LayerStage) -> Array:
    """Speech through a wall: the pitch of 90–180 Hz and the first formant, 4 syllables a second."""
    tempo = 4.3 * exp2(0.5 * stage.drift("tempo", 0.35, 2))
    syllables = stage.phase("syllable", tempo)
    phrase = np.clip(2.4 * stage.drift("phrase", 1.7, 2) + 0.9, 0.0, 1.0)
    loud = np.maximum(0.0, 0.5 - 0.5 * sine(syllables)) * phrase
    who = 120.0 * exp2(0.35 * np.clip(3.0 * stage.drift("who", 4.0, 1), -1.0, 1.0))
    at, _ = pulses(stage, "glottis", who * exp2(0.28 * stage.drift("melody", 0.6, 3)))
    voice = train(at, 0.15 * loud[(at / CONTROL).astype(np.int64)], -1.0)[:1]
    return through(stage, "wall", voice, _WALL) * pan(-0.5)[:, None]
