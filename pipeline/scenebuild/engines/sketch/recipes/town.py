"""The town: sirens, a building site, the underground, a market, a park."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import (
    beats,
    bouts,
    burst,
    call,
    played,
    poisson,
    remembered,
    ring,
    thinned,
    wave,
)
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import murmur, pulses, resonator, slow_train, spoken, through, train
from scenebuild.engines.sketch.kit.space import RoomResponse, echo, highpass, kernel, room
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage, fine, generator, pan
from scenebuild.engines.sketch.prompt import LayerTraits
from scenebuild.engines.sketch.recipes.birds import bump, songbirds, times


def _siren_pitch(stage: LayerStage, facets: frozenset[str]) -> Array:
    """Hertz at the control points: wail, yelp, two tones a fourth apart, or a rotor that runs up and down."""
    time = stage.slow_seconds + stage.keep("begin", lambda: 9.0 * stage.stream("begin").random())
    if "raid" in facets:  # two rotors of a 1930s siren: up in 4 s, down in 6 (Civil defence handbook, 1942)
        part = (time / 10.0 + 0.05) % 1.0
        return 130.0 + 330.0 * np.where(part < 0.45, 1.0 - decay(part * 9.0), decay((part - 0.45) * 4.5))
    if "tones" in facets:  # DIN 14610: a fourth between 360 and 630 Hz; a' and d"; the whole within 3 s
        return np.where((time / 1.5 + 0.1) % 1.0 < 0.5, 440.0, 585.0)
    yelp = (time % 17.0) > 11.0
    wail = 0.5 - 0.5 * sine(time / 4.6 * ratio(stage.traits.rate) + 0.15)
    quick = 1.0 - np.abs(2.0 * ((time * 3.1) % 1.0) - 1.0)
    return 620.0 * exp2(1.35 * np.where(yelp, quick, wail))  # 620–1,580 Hz


def siren(stage: LayerStage) -> Array:
    """A vehicle's horn loudspeaker driven hard: all harmonics between 500 Hz and 4 kHz, streets that answer late.

    It comes and goes: the level wanders with the corners it turns, and the pitch with its speed (Doppler, ± 4 %).
    """
    facets = stage.traits.facets
    raid = "raid" in facets
    way = stage.drift("way", 6.0, 2)
    doppler = 1.0 if raid else 1.0 + 0.035 * stage.drift("speed", 5.0, 1)
    hertz = _siren_pitch(stage, facets) * doppler * ratio(-0.4 * stage.traits.size)
    shares = (1.0, 0.5, 0.33, 0.2, 0.12, 0.07) if raid else (0.6, 0.75, 1.0, 0.7, 0.55, 0.4, 0.28, 0.2, 0.12)
    table = stage.keep("wave", lambda: wave(shares))
    line = played(table, fine(stage.phase("rotor", hertz)))
    if raid:  # ten ports beside twelve: a minor third
        line = line + 0.8 * played(table, fine(stage.phase("second", hertz * 1.2)))
    near = 0.115 * exp2(0.75 * way + 0.15 * stage.drift("corner", 0.8, 2))
    sound = np.stack((line, line)) * fine(near * np.sqrt(np.clip(hertz / 500.0, 0.05, 1.0)))
    side = fine(0.5 * stage.drift("side", 7.0, 1))
    sound = sound * np.stack((np.sqrt(0.5 - 0.5 * side), np.sqrt(0.5 + 0.5 * side)))
    street = noise(stage, "street", tilted(45.0, 1800.0, 3, 1), alike=0.2) * 0.02
    return room(stage, "street", sound, 1.4 if raid else 1.0, 0.5, size_m=22.0, bright_hz=4500.0) + street


_CHISEL = (
    (71, 0.020, 0.5), (148, 0.014, 0.6), (310, 0.008, 0.4), (640, 0.006, 0.5), (1370, 0.006, 0.6),
    (2480, 0.005, 0.65), (3910, 0.004, 0.5), (5750, 0.0025, 0.32),
)  # fmt: skip


def _breaker(stage: LayerStage) -> Array:
    """A pneumatic breaker: 20 blows a second for some seconds; steel rings, stone knocks, air puffs out each time."""
    work = np.clip(7.0 * (stage.drift("breaker", 2.6, 2) + 0.18), 0.0, 1.0)
    rate = stage.pick("blows", 20.5, 0.15) * (1.0 + 0.03 * stage.drift("bite", 0.4, 2))
    at, number = pulses(stage, "blow", rate * (0.8 + 0.2 * work))
    force = work[(at / CONTROL).astype(np.int64)] * (0.75 + 0.5 * stage.stream("hard").random(len(at)))
    blows = through(stage, "chisel", train(at, 0.26 * force, -1.0)[:1], _CHISEL) * pan(-0.25)[:, None]
    chips = pool(stage, "chips", band(900.0, 9000.0, 1))
    blows += burst(stage, "chips", at, chips, 0.0005, 0.007, 0.16 * force, -0.25)
    puff = pool(stage, "puff", tilted(500.0, 6000.0, 1, 1))
    return blows + burst(stage, "puff", at + 0.018 * RATE, puff, 0.006, 0.010, 0.11 * force, -0.2)


def _nails(stage: LayerStage) -> Array:
    """A carpenter: four to six blows at 2.6 a second; as the nail goes in it gets shorter and rings higher."""
    rounds = beats(stage, "nail", 4.6 * ratio(0.6 * stage.traits.rests), 0.4, 0.5)
    count = 4 + (rounds.u[:, 0] * 3).astype(int)
    at, _, number = bouts(rounds, count, 0.34 + 0.08 * rounds.u[:, 1])
    up = exp2(0.09 * number)[:, None]
    shaft = np.array([1180.0, 1990.0, 3340.0, 5120.0]) * up
    sound = ring(
        stage,
        "shaft",
        at[:, None],
        shaft,
        np.array([0.016, 0.013, 0.009, 0.005]),
        np.array([0.10, 0.14, 0.11, 0.07]),
        0.4,
        0.2,
    )
    frame = ring(
        stage,
        "frame",
        at[:, None],
        np.array([155.0, 287.0]),
        np.array([0.04, 0.025]),
        np.array([0.16, 0.12]),
        0.4,
    )
    return (
        sound + frame + burst(stage, "face", at, pool(stage, "face", band(1500.0, 9000.0, 1)), 0.0002, 0.002, 0.26, 0.4)
    )


_BLOCK = ((58, 0.02, 1.0), (112, 0.014, 0.8), (236, 0.008, 0.5), (520, 0.004, 0.3), (1450, 0.0015, 0.2))


def construction(stage: LayerStage) -> Array:
    """A building site: breaker, hammers, a digger's diesel under load, and its reversing beeper, one beep a second."""
    facets = stage.traits.facets
    if "breaker" in facets:
        dust = noise(stage, "dust", tilted(60.0, 2500.0, 3, 1)) * 0.015
        return echo(stage, "site", _breaker(stage), 0.5) + dust
    sound = np.zeros((2, 1)) if "digger" in facets else _breaker(stage) + 1.5 * _nails(stage)
    load = np.clip(stage.drift("load", 1.6, 2), -0.4, 1.0)
    fire, number = pulses(stage, "fire", 27.0 * exp2(0.55 * load))
    thumps = train(fire, 0.16 * (1.0 + 0.2 * (number % 2)), -1.0)[:1]
    sound = sound + through(stage, "block", thumps, _BLOCK) * pan(0.15)[:, None]
    rumble = noise(stage, "rumble", summed((1.0, tilted(45.0, 900.0, 2, 1)), (0.2, resonance(1700.0, 2.0))), alike=0.2)
    sound = sound + rumble * fine(0.040 * exp2(0.7 * load))
    time = stage.slow_seconds
    back = np.clip(9.0 * (stage.drift("reverse", 3.0, 1) - 0.05), 0.0, 1.0) * np.clip(
        40.0 * (sine(time) + 0.02), 0.0, 1.0
    )
    beep = fine(0.045 * back) * played(
        stage.keep("beep", lambda: wave((1.0, 0.25, 0.18))), fine(stage.phase("beep", 1240.0))
    )
    return echo(stage, "site", sound + np.stack((beep, 0.6 * beep)), 0.55)


def _ride(stage: LayerStage) -> tuple[Array, Array]:
    """Speed from 0 to 1 and pull (+ motors, − brakes) over a ride of 28 s from stop to stop."""
    shift = stage.keep("shift", lambda: 0.22 * stage.stream("shift").random())
    part = (stage.slow_seconds / 28.0 + 0.16 + shift) % 1.0
    up, down = np.clip((part - 0.12) / 0.30, 0.0, 1.0), np.clip((0.97 - part) / 0.22, 0.0, 1.0)
    speed = np.minimum(up * (2.0 - up), down)
    return speed, np.where((up > 0.0) & (up < 1.0), 1.0 - 0.6 * up, np.where((down > 0.0) & (down < 1.0), -1.0, 0.05))


def subway(stage: LayerStage) -> Array:
    """Inside a train underground: rolling noise grows by 30 log v (Thompson 2009), joints clack in pairs of bogies,

    traction converters sing up the scale as it starts, brakes squeal before the stop, the tunnel answers.
    """
    speed, pull = _ride(stage)
    rumble = noise(stage, "rumble", summed((1.0, tilted(35.0, 160.0, 1, 2)), (0.5, resonance(72.0, 5.0))), alike=0.4)
    roll = noise(stage, "roll", summed((1.0, resonance(620.0, 1.2)), (0.7, tilted(180.0, 6500.0, 2, 1))), alike=0.2)
    sway = exp2(0.3 * stage.drift("sway", 0.5, 3))
    fast = speed * np.sqrt(speed)
    sound = rumble * fine((0.026 + 0.09 * fast) * sway) + roll * fine((0.013 + 0.055 * fast) * sway)
    joint, number = pulses(stage, "joint", np.maximum(0.05, 1.05 * speed * ratio(0.4 * stage.traits.rate)))
    v = speed[(joint / CONTROL).astype(np.int64)]
    axle = 0.135 / np.maximum(v, 0.35)
    at = (joint[:, None] + RATE * axle[:, None] * np.array([0.0, 1.0, 3.4, 4.4])).ravel()
    loud = np.repeat(np.clip(2.0 * v - 0.4, 0.0, 1.0), 4) * np.tile([1.0, 0.85, 0.5, 0.42], len(joint))
    clack = pool(stage, "clack", summed((1.0, resonance(820.0, 1.5)), (0.4, tilted(900.0, 5000.0, 2, 1))))
    sound += burst(stage, "clack", at, clack, 0.001, 0.014, 0.30 * loud, 0.0)
    sound += ring(
        stage, "rail", at[:, None], np.array([94.0, 161.0]), np.array([0.035, 0.02]), 0.22 * loud[:, None], 0.0
    )
    whine = fine(stage.phase("whine", 190.0 + 1150.0 * speed))
    motor = played(stage.keep("motor", lambda: wave((0.5, 1.0, 0.2, 0.45, 0.1, 0.2))), whine)
    sound += motor * fine(0.026 * np.maximum(pull, 0.0) * np.sqrt(speed))
    squeal = np.clip(-pull, 0.0, 1.0) * np.clip(1.6 - 3.2 * speed, 0.0, 1.0) * np.clip(6.0 * speed, 0.0, 1.0)
    pitch = 2650.0 * (1.0 + 0.01 * stage.drift("brake", 0.2, 2))
    shoe = played(stage.keep("shoe", lambda: wave((1.0, 0.4, 0.2))), fine(stage.phase("shoe", pitch)))
    sound += shoe * fine(0.028 * squeal * exp2(0.8 * stage.drift("bite", 0.1, 2)))
    return room(stage, "tunnel", sound, 0.55, 0.3, size_m=4.0, bright_hz=3500.0)


def _cries(stage: LayerStage) -> list[tuple[Array, RoomResponse]]:
    """Two traders cry three to five sung syllables on a falling line, never a word; a shout is 200–350 Hz high.

    Both have the formants of an open "ah" (Peterson and Barney 1952).
    """
    throats = stage.keep("throats", lambda: [_shouting(place) for place in (0.7, -0.6)])
    mouths = []
    for k, pitch in enumerate((300.0, 245.0)):
        loud, hertz = _cry(stage, f"trader{k}", stage.pick(f"pitch{k}", pitch, 0.2), 0.6 + 2.1 * k)
        at, _ = pulses(stage, f"trader{k}", hertz * (1.0 + 0.01 * stage.drift(f"shake{k}", 0.05, 2)))
        mouths.append(slow_train(at, 0.93 * loud[(at / CONTROL).astype(np.int64)]))
    return list(zip(mouths, throats, strict=True))


def _shouting(place: float) -> RoomResponse:
    """An open mouth, and house fronts that answer it within 60 ms."""
    rng, fronts = generator("market", "fronts", place), np.zeros((2, 3000))
    fronts[:, 0] = pan(place)
    for ear in range(2):
        at = rng.integers(500, 3000, 24)
        np.add.at(fronts[ear], at, 0.21 * (2.0 * rng.random(24) - 1.0) * decay(at / 1500.0))
    ah = resonator([(690, 0.0031, 1.0), (1100, 0.0031, 0.8), (2600, 0.0025, 0.5), (3450, 0.002, 0.25)], 1024)
    return spoken(kernel(ah)).then(spoken(highpass(110.0))).then(spoken(kernel(fronts)))


def _cry(stage: LayerStage, role: str, base: float, first_s: float) -> tuple[Array, Array]:
    """How loud and how high one trader is at the control points."""
    calls = beats(stage, role, 4.6 * ratio(0.6 * stage.traits.rests - 0.3 * stage.traits.many), 0.5, first_s)
    known = remembered(stage, role, calls)
    del known[:-3]
    time = stage.slow_seconds
    loud, hertz = np.zeros_like(time), np.full_like(time, base)
    for at, u in known:
        for n in range(3 + int(2.9 * float(u[0]))):
            since = (time - at - 0.27 * n) / (0.20 + (0.16 if n % 2 else 0.0))
            if since[0] >= 1.0 or since[-1] <= 0.0:  # not in this segment
                continue
            inside = (since > 0.0) & (since < 1.0)
            open_ = sine(0.5 * np.clip(since * 1.3, 0.0, 1.0))
            loud = np.where(inside, open_ * open_ + 0.6 * sine(0.5 * since), loud)
            step = (0.0, 0.25, -0.1, 0.18, -0.3, -0.2)[n] + 0.12 * float(u[1 + n % 5])
            hertz = np.where(inside, base * exp2(step + 0.10 * sine(0.5 * since)), hertz)
    return loud, hertz


def market(stage: LayerStage) -> Array:
    """A street market: murmur in the open, two traders who cry their wares, crates set down, bags, coins."""
    sound = 0.15 * murmur(stage, "buyers", 4, 0.62 + 0.2 * stage.traits.amount, others=_cries(stage))
    voices = summed(
        (0.7, resonance(220.0, 1.2)),
        (1.0, resonance(520.0, 1.6)),
        (0.5, resonance(1550.0, 2.2)),
        (0.15, tilted(2000.0, 7000.0, 2, 1)),
    )
    flutter = exp2(0.5 * stage.drift("flutter", 0.13, 2) + 0.3 * stage.drift("mood", 2.2, 3))
    sound += noise(stage, "blur", voices, alike=0.1) * fine(0.040 * flutter)
    crate = poisson(stage, "crate", 0.33, 0.9)
    u = crate.u
    slats = np.array([118.0, 231.0, 377.0, 640.0]) * (0.8 + 0.4 * u[:, 0:1])
    place = 1.6 * u[:, 1:2] - 0.8
    sound += ring(stage, "crate", crate.at[:, None], slats, np.array([0.028, 0.02, 0.013, 0.008]), 0.15, place)
    sound += burst(
        stage, "thud", crate.at, pool(stage, "thud", tilted(300.0, 3000.0, 2, 1)), 0.001, 0.012, 0.22, place[:, 0]
    )
    bag = poisson(stage, "bag", 2.6)
    v = bag.u
    rustle = pool(stage, "bag", band(2200.0, 9500.0, 1))
    sound += burst(
        stage, "bag", bag.at, rustle, 0.015, 0.02 + 0.05 * v[:, 0], 0.07 * v[:, 1] * v[:, 2], 1.8 * v[:, 3] - 0.9
    )
    coin = poisson(stage, "coin", 0.5, 1.2)
    w = coin.u
    disc = 4100.0 * exp2(0.6 * w[:, 0:1]) * np.array([1.0, 1.73, 2.33])
    tink = ring(stage, "coin", coin.at[:, None], disc, 0.03, 0.025 * (0.4 + w[:, 1:2]), 1.4 * w[:, 2:3] - 0.7)
    return sound + tink


def park(stage: LayerStage) -> Array:
    """A park: songbirds in the trees, a breeze in the leaves, children at play far off, the town behind it all."""
    traits = stage.traits
    birds = songbirds(stage.part("birds", LayerTraits(rests=traits.rests, many=traits.many)))
    breeze = exp2(0.7 * stage.drift("breeze", 2.6, 4))
    leaves = noise(stage, "leaves", tilted(900.0, 8000.0, 2, 1), alike=0.1)
    town = noise(stage, "town", tilted(40.0, 600.0, 3, 1), alike=0.4)
    sound = 0.9 * birds + leaves * fine(0.012 * ratio(0.5 * traits.amount) * breeze)
    sound += town * fine(0.015 * exp2(0.3 * stage.drift("town", 3.0, 3)))
    sound += _children(stage)
    ball = thinned(poisson(stage, "ball", 1.1), np.clip(1.5 * stage.drift("game", 2.8, 1) + 0.3, 0.0, 1.0))
    skin = np.array([96.0, 205.0, 340.0])
    return sound + ring(stage, "ball", ball.at[:, None], skin, np.array([0.030, 0.018, 0.010]), 0.07, 0.45)


def _children(stage: LayerStage) -> Array:
    """Children far across the grass: shouts of 0.2–0.6 s that leap and fall between 330 and 900 Hz, in bunches."""
    many = np.clip(0.55 + 1.1 * stage.drift("play", 2.6, 2), 0.0, 1.0)
    shouts = thinned(poisson(stage, "shout", 2.6 * ratio(stage.traits.many + 0.5 * stage.traits.amount)), many)
    u, time = shouts.u, times(0.62)
    length = 0.20 + 0.38 * u[:, 0:1] * u[:, 1:2]
    arch = exp2(0.5 * sine(0.5 * np.clip(time / length, 0.0, 1.0)) * (0.4 + u[:, 2:3]) - 0.25 * time / length)
    loud = (0.020 + 0.050 * u[:, 3:4] * u[:, 4:5]) * bump(time, length, 0.25)
    hertz = 350.0 * exp2(0.8 * u[:, 5:6]) * arch * (1.0 + 0.012 * sine(6.0 * time + u[:, 6:7]))
    return call(stage, "shout", shouts.at, hertz, loud, [1.0, 0.9, 0.5, 0.22, 0.12, 0.05], 1.2 * u[:, 2] - 0.3)
