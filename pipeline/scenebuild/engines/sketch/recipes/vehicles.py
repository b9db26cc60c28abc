"""Trains and aircraft."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import beats, burst, call, played, ring, wave
from scenebuild.engines.sketch.kit.noise import noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import echo, room
from scenebuild.engines.sketch.kit.stage import RATE, SEGMENT, LayerStage, fine
from scenebuild.engines.sketch.recipes.birds import bump, times

# Axles of two bogies that meet at the gap between two coaches, in metres past the joint of a rail.
_AXLES = np.array([0.0, 2.5, 7.4, 9.9])


def railway(stage: LayerStage) -> Array:
    """Wheels on rails: rumble of the ground, rolling noise near 1 kHz (Thompson 2009), joints every 25 m.

    Four axles pass each joint in two pairs: ta-dam, ta-dam. A steam engine adds its exhaust and a whistle.
    """
    traits = stage.traits
    speed = stage.pick("speed", 22.0, 0.12) * ratio(0.6 * traits.rate)
    joints = beats(stage, "joint", 25.0 / speed, 0.012, 0.1)
    at = (joints.at[:, None] + _AXLES / speed * RATE).ravel()
    u = np.repeat(joints.u, 4, axis=0)
    force = (np.tile(np.array([1.0, 0.8, 0.9, 0.7]), len(joints)) * (0.85 + 0.3 * u[:, 0]))[:, None]
    modes = np.array([62.0, 118.0, 235.0, 560.0, 1150.0, 2150.0]) * (1.0 + 0.05 * u[:, 1:2]) * ratio(-0.3 * traits.size)
    sound = ring(
        stage,
        "rail",
        at[:, None],
        modes,
        np.array([0.04, 0.035, 0.025, 0.016, 0.012, 0.008]),
        force * np.array([0.20, 0.19, 0.15, 0.10, 0.08, 0.05]),
        0.1,
    )
    clack = pool(stage, "clack", tilted(400.0, 6000.0, 2, 1))
    sound += burst(stage, "clack", at, clack, 0.0006, 0.014, 0.24 * force[:, 0], 0.1)
    rumble = noise(stage, "rumble", summed((1.0, tilted(35.0, 260.0, 2, 1)), (0.4, resonance(82.0, 4.0))), alike=0.3)
    roll = noise(stage, "roll", summed((1.0, resonance(950.0, 1.2)), (0.5, tilted(300.0, 5000.0, 2, 1))), alike=0.2)
    wheel = 1.0 + 0.16 * sine(stage.phase("wheel", speed / 2.9))  # one turn of a wheel of 0.92 m
    sway = exp2(0.25 * stage.drift("sway", 0.9, 3))
    if "steam" not in traits.facets:
        squeal = noise(
            stage, "squeal", summed((1.0, resonance(2750.0, 40.0)), (0.8, resonance(4130.0, 50.0))), channels=1
        )
        sound += squeal * fine(0.012 * np.clip(2.0 * stage.drift("curve", 2.4, 2) - 0.5, 0.0, 1.0))
    sound += rumble * fine(0.055 * sway) + roll * fine(0.022 * wheel * sway)
    if "steam" in traits.facets:
        sound = 0.6 * sound + _steam(stage, 3.1 * ratio(0.6 * traits.rate))
    return echo(stage, "cutting", sound, 0.35)


def _steam(stage: LayerStage, chuffs_hz: float) -> Array:
    """Two cylinders, four exhausts a turn, the first the strongest; now and then a chime whistle of three notes."""
    at, number = pulses(stage, "chuff", chuffs_hz * exp2(0.05 * stage.drift("regulator", 2.0, 2)))
    force = np.array([1.0, 0.72, 0.85, 0.70])[(number % 4).astype(np.int64)]
    blast = pool(stage, "blast", summed((1.0, tilted(90.0, 2200.0, 1, 1)), (0.9, resonance(260.0, 1.5))))
    sound = burst(stage, "chuff", at, blast, 0.018, 0.060, 0.26 * force)
    hiss = noise(stage, "hiss", tilted(1800.0, 10000.0, 1, 1), alike=0.3)
    sound += hiss * fine(0.007 * exp2(0.4 * stage.drift("hiss", 0.6, 2)))
    blows = beats(stage, "whistle", 9.5 * ratio(stage.traits.rests), 0.3, 1.6)
    time = times(2.2)
    length = 1.0 + 0.8 * blows.u[:, 0:1]
    loud = 0.085 * bump(time, length, 0.12)
    slide = exp2(-0.10 * decay(time / 0.07) - 0.08 * np.maximum(time - 0.8 * length, 0.0))
    hertz = 155.5 * slide * (1.0 + 0.002 * sine(time * 5.1))
    three = (0.0, 0.0, 0.0, 1.0, 0.9, 0.85, 0.0, 0.3, 0.0, 0.3, 0.0, 0.45, 0.0, 0.0, 0.12, 0.06, 0.0, 0.1)  # 4 : 5 : 6
    sound = sound + call(stage, "chime", blows.at, hertz, loud, three, 0.1)
    breath = pool(stage, "breath", resonance(1300.0, 1.5))
    return sound + burst(stage, "breath", blows.at, breath, 0.05, 0.20, 0.045)


def aircraft(stage: LayerStage) -> Array:
    """A jet goes over: the roar of mixing air, a fan's whine that falls by the Doppler ratio, and the comb of the
    ground's reflection that slides as the angle changes. Propellers and rotors beat; inside it is a steady rush."""
    facets = stage.traits.facets
    if "helicopter" in facets:
        return _rotor(stage)
    if "cabin" in facets:
        return _cabin(stage)
    period = 21.0 * ratio(0.5 * stage.traits.rests - 0.5 * stage.traits.rate)
    late = np.remainder(stage.slow_seconds + 0.30 * period, period) - 0.5 * period  # from the time overhead
    along = 14.0 / period * late
    nearness = 1.0 / np.sqrt(1.0 + along * along)
    side = np.clip(0.9 * along * nearness * (1.0 if stage.choose("way", 2) else -1.0), -0.95, 0.95)
    ears = np.stack((fine(np.sqrt(0.5 - 0.45 * side)), fine(np.sqrt(0.5 + 0.45 * side))))
    fade = nearness * np.clip((0.5 * period - np.abs(late)) / (0.12 * period), 0.02, 1.0)
    mach = 0.18 if "propeller" in facets else 0.45
    doppler = 1.0 / (1.0 + mach * along * nearness)
    if "propeller" in facets:
        return _propeller(stage, doppler, fade) * ears
    behind = np.clip(0.5 + along, 0.2, 1.0)  # a jet is loudest to its rear
    roar = noise(stage, "roar", tilted(60.0, 900.0, 1, 1), channels=1)[0]
    tearing = noise(stage, "tear", tilted(300.0, 4500.0, 1, 1), channels=1)[0]
    crackle = exp2(0.45 * stage.drift("crackle", 0.07, 3))
    air = roar * fine(0.15 * fade * exp2(0.3 * stage.drift("wind", 0.5, 3)))
    air += tearing * fine(0.09 * fade * nearness * behind * crackle)
    blades = stage.pick("fan", 1850.0, 0.15) * doppler
    fans = sine(fine(stage.phase("fan", blades))) + 0.4 * sine(fine(stage.phase("other fan", 1.02 * blades)))
    whine = fans * fine(0.016 * fade * nearness * np.clip(0.6 - along, 0.0, 1.0))
    return echo(stage, "ground", (_ground(stage, air, 0.0004 + 0.0052 * nearness) + whine) * ears, 0.3)


def _ground(stage: LayerStage, sound: Array, delay_s: Array) -> Array:
    """The sound and its reflection from the ground, which comes later by a slowly changing time below 10 ms."""
    memory = stage.keep("ground memory", lambda: np.zeros(512))
    line = np.concatenate((memory, sound))
    place = np.arange(512.0, 512.0 + SEGMENT) - fine(delay_s) * RATE
    whole = place.astype(np.int64)
    part = place - whole
    memory[:] = sound[-512:]
    late: Array = line[whole] * (1.0 - part)
    late += line[whole + 1] * part
    return sound + 0.7 * late


def _propeller(stage: LayerStage, doppler: Array, fade: Array) -> Array:
    """Two blades and four cylinders at some 80 Hz, rich in harmonics, beating slowly against each other."""
    blades = stage.pick("blades", 81.0, 0.12) * ratio(-0.4 * stage.traits.size) * doppler
    shares = tuple(1.0 / n * (1.3 if n % 2 else 1.0) for n in range(1, 25))
    shape = stage.keep("blade", lambda: wave(shares))
    first, second = fine(stage.phase("blade", blades)), fine(stage.phase("engine", blades * 1.006))
    tone = played(shape, first) + 0.7 * played(shape, second)
    rough = 1.0 + 0.2 * sine(fine(stage.phase("cylinders", 0.5 * blades)))
    air = noise(stage, "wash", summed((1.0, tilted(100.0, 2500.0, 2, 1)), (0.4, resonance(430.0, 2.0))), channels=1)[0]
    sound: Array = tone * rough * 0.13 + air * 0.15 * (0.6 + 0.4 * sine(first))
    return sound * fine(fade)


_BLADE = ((38.0, 0.018, 1.0), (74.0, 0.014, 0.9), (128.0, 0.009, 0.6), (230.0, 0.005, 0.35))


def _rotor(stage: LayerStage) -> Array:
    """A helicopter: a main rotor's slap 13 times a second, the tail rotor's buzz near 95 Hz, a turbine behind."""
    mean_hz = stage.pick("rotor", 13.0, 0.15) * ratio(0.4 * stage.traits.rate - 0.3 * stage.traits.size)
    slap_hz = mean_hz * (1.0 + 0.01 * stage.drift("pitch", 1.5, 2))
    at, number = pulses(stage, "rotor", slap_hz)
    near = exp2(0.4 * stage.drift("distance", 3.2, 2))
    force = (0.9 + 0.1 * (number % 2)) * (0.9 + 0.2 * stage.stream("force").random(len(at)))
    chop = pool(stage, "chop", summed((1.0, tilted(60.0, 1500.0, 2, 1)), (0.5, resonance(420.0, 1.5))))
    sound = through(stage, "blade", train(at, 0.42 * force), _BLADE)
    sound += burst(stage, "chop", at, chop, 0.012, 0.016, 0.30 * force)
    tail = fine(stage.phase("tail", 7.3 * slap_hz))
    buzz = played(stage.keep("tail", lambda: wave((1.0, 0.8, 0.5, 0.5, 0.3, 0.2, 0.2, 0.1))), tail)
    turbine = noise(
        stage, "turbine", summed((1.0, resonance(3300.0, 12.0)), (0.8, tilted(500.0, 7000.0, 2, 1))), alike=0.4
    )
    beat = 0.65 + 0.35 * sine(stage.phase("beat", slap_hz))
    sound += 0.022 * np.stack((buzz, 0.9 * buzz)) + turbine * fine(0.026 * beat)
    return echo(stage, "ground", sound * fine(near), 0.3)


def _cabin(stage: LayerStage) -> Array:
    """Inside: the boundary layer's rush, falling above 500 Hz (Wilby 1989), fans of both engines that beat."""
    rush = noise(stage, "rush", tilted(70.0, 700.0, 2, 1), alike=0.3)
    vents = noise(stage, "vents", tilted(900.0, 5000.0, 1, 1), alike=0.1)
    first, second = fine(stage.phase("one", 87.0)), fine(stage.phase("two", 87.45))
    tone = sine(first) + 0.8 * sine(second) + 0.3 * sine(2.0 * first)
    slow = exp2(0.12 * stage.drift("slow", 1.2, 3))
    sound = rush * fine(0.095 * slow) + 0.016 * vents + 0.025 * np.stack((tone, tone))
    return room(stage, "cabin", sound, 0.3, 0.15, size_m=4.0)
