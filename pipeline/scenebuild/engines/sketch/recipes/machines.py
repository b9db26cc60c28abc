"""Engines, passing cars and fans."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, cosine, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import arrivals, played, poisson, wave
from scenebuild.engines.sketch.kit.noise import noise, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine


def hum(stage: LayerStage, role: str, hertz: float, partials: int) -> Array:
    """A motor's or transformer's hum: harmonics that fall like 1/n, even ones stronger, barely wavering."""
    waver = 1.0 + 0.0015 * stage.drift(f"waver:{role}", 1.7, 2)
    shares = tuple((1.0 if n % 2 == 0 else 0.6) / n for n in range(1, partials + 1))
    tone = played(stage.keep(f"wave:{role}", lambda: wave(shares)), fine(stage.phase(role, hertz * waver)))
    return np.stack((tone, 0.93 * tone))


def fan(stage: LayerStage) -> Array:
    """Turbulence through blades: soft broadband air, a weak blade tone with its harmonics, a motor's hum."""
    traits = stage.traits
    blade = stage.pick("blade", 96.0, 0.35) * ratio(0.7 * traits.rate - 0.6 * traits.size)
    turns = stage.phase("blade", blade * (1.0 + 0.004 * stage.drift("load", 2.0, 3)))
    beat = 1.0 + 0.14 * sine(turns / 3.0) + 0.10 * sine(turns)
    air = noise(stage, "air", tilted(120.0, 2600.0 * ratio(traits.bright + 0.4 * traits.amount), 2, 1), alike=0.2)
    rush = noise(
        stage, "rush", summed((1.0, resonance(5.3 * blade, 2.0)), (0.6, resonance(12.0 * blade, 2.5))), alike=0.1
    )
    tone = played(stage.keep("wave", lambda: wave((0.016, 0.009, 0.004))), fine(turns))
    mains = 1.0 if "mains" in traits.facets else 0.25
    slow = exp2(0.12 * stage.drift("slow", 2.5, 3))
    sound = (0.035 if mains == 1.0 else 0.07) * air * fine(beat * slow) + 0.022 * rush * fine(slow)
    return sound + tone + 0.075 * mains * hum(stage, "mains", 50.0 * (2 if mains == 1.0 else 1), 7)


def passages(
    stage: LayerStage, role: str, rate: float, *, speed_mps: float, way_m: float
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Cars on two lanes as power over time, for (left, right) of low and of high frequencies.

    Level falls with distance as 1/r; the treble, beamed and absorbed, as 1/r²: near cars are bright, far ones dull.
    """
    cars = poisson(stage, role, rate, -3.0)
    known: list[tuple[float, Array]] = stage.keep(f"known:{role}", list)
    known.extend(zip((cars.at / RATE + stage.start / RATE).tolist(), cars.u, strict=True))
    time = stage.slow_seconds
    power = np.zeros((4, len(time)))
    for at, u in known:
        if at + 16.0 < time[0]:
            continue
        speed = speed_mps * (0.7 + 0.7 * float(u[0]))
        across = way_m * (0.6 + 0.9 * float(u[1]))
        along = speed * (time - at - 4.0)
        nearness = across * across / (across * across + along * along)
        onset = np.clip((time - at) / 2.0, 0.0, 1.0) * np.clip((at + 14.0 - time) / 4.0, 0.0, 1.0)
        side = along * np.sqrt(nearness) / across * (1.0 if u[2] < 0.5 else -1.0)
        weight = (0.35 + 0.65 * float(u[3])) * onset * (way_m / across)
        for ear, share in enumerate((0.5 - 0.45 * side, 0.5 + 0.45 * side)):
            power[ear] += 2.0 * share * weight * nearness
            power[2 + ear] += 2.0 * share * weight * nearness * nearness
    return (power[0], power[1]), (power[2], power[3])


_AHEAD_S = 5.0  # a car is known this long before it is abreast


def passing(stage: LayerStage) -> Array:
    """One vehicle passes: tyre noise, an engine note that falls by the Doppler ratio, a pan from side to side."""
    truck = "truck" in stage.traits.facets
    speed = (10.0 if truck else 15.0) * ratio(0.8 * stage.traits.rate)
    every = 7.5 * ratio(stage.traits.rests - 0.6 * stage.traits.many)
    cars = arrivals(stage, "car", lambda rng, n: every * (0.8 + 0.4 * rng.random(n)), 2.2 - _AHEAD_S)
    known: list[float] = stage.keep("known", list)
    known.extend((cars.at / RATE + stage.start / RATE + _AHEAD_S).tolist())
    time, out = stage.slow_seconds, noise(stage, "air", tilted(60.0, 2000.0, 3, 1)) * 0.0035
    passes = np.array(known[-6:])
    which = np.argmin(np.abs(time[:, None] - passes), axis=1)
    late = time - passes[which]
    along = speed * late
    distance = np.sqrt(along * along + 20.0)
    side = along / distance * (1.0 if stage.choose("way", 2) else -1.0)
    half = min(4.5, 0.4 * every)  # a car fades out before the next is heard
    nearness = 4.47 / distance * np.clip((half - np.abs(late)) / (0.4 * half), 0.0, 1.0)
    shares = np.stack((fine(np.sqrt(0.5 - 0.48 * side)), fine(np.sqrt(0.5 + 0.48 * side))))
    doppler = 343.0 / (343.0 + speed * along / distance)
    tyres = noise(stage, "tyres", summed((1.0, resonance(950.0, 1.0)), (0.5, tilted(200.0, 3000.0, 2, 1))), channels=1)
    hiss = noise(stage, "hiss", tilted(1500.0, 8000.0, 2, 1), channels=1)
    rumble = noise(stage, "rumble", tilted(45.0, 250.0, 2, 1), channels=1)
    road = 0.20 * tyres * fine(nearness**2) + 0.085 * hiss * fine(nearness**3) + 0.13 * rumble * fine(nearness)
    turns = fine(stage.phase("motor", (62.0 if truck else 92.0) * doppler))
    partials = tuple((0.5 + 0.5 * (n % 2)) / n for n in range(1, 9))
    motor = played(stage.keep("motor", lambda: wave(partials)), turns) * (0.13 if truck else 0.055)
    return out + (road + motor * fine(nearness * np.sqrt(nearness))) * shares


def _throttle(stage: LayerStage, idle_hz: float) -> Array:
    """The firing frequency in Hz over time: an unsteady idle, a start, or bursts of throttle."""
    time, facets = stage.slow_seconds, stage.traits.facets
    steady = idle_hz * (1.0 + 0.018 * stage.wild * stage.drift("hunt", 0.9, 3))
    if "rev" in facets:
        beat = np.remainder(time + 0.15 * stage.drift("foot", 1.1, 2) - 0.35, 1.7)  # one push after the other
        gas = np.clip(beat / 0.42, 0.0, 1.0) * decay(np.maximum(beat - 0.55, 0.0) / 0.38) * (time > 0.2)
        steady = steady * exp2((1.6 + 0.5 * stage.drift("gas", 1.7, 1)) * gas)
    if "start" not in facets:
        return steady
    caught = np.clip((time - 1.15) / 0.25, 0.0, 1.0)
    flare = 0.9 * np.clip((time - 1.2) / 0.2, 0.0, 1.0) * decay(np.maximum(time - 1.5, 0.0) / 0.9)
    return steady * (0.33 + 0.67 * caught + flare)


_EXHAUST = ((62, 0.016, 1.0), (118, 0.012, 0.9), (205, 0.008, 0.6), (410, 0.004, 0.35), (860, 0.0022, 0.22))


def engine(stage: LayerStage) -> Array:
    """Each firing thumps through exhaust and block; unequal cylinders put half orders between the harmonics.

    A four-cylinder engine fires twice a turn: 800/min gives 27 Hz. Diesels knock, small engines fire faster.
    """
    facets = stage.traits.facets
    diesel, small = "diesel" in facets, "small" in facets
    idle = stage.pick("idle", 21.0 if diesel else 44.0 if small else 26.0, 0.12)
    firing = _throttle(stage, idle * ratio(0.5 * stage.traits.rate - 0.35 * stage.traits.size))
    at, number = pulses(stage, "fire", firing)
    cylinder = 1.0 + 0.16 * cosine(number / 4.0 + 0.1) + 0.09 * cosine(number / 2.0)
    force = cylinder * (1.0 + 0.12 * stage.wild * (stage.stream("force").random(len(at)) - 0.5))
    low = ratio(-0.3 * stage.traits.size + 0.5 * small)
    modes = [*((hertz * low, life, gain) for hertz, life, gain in _EXHAUST), (1900, 0.001, 0.16)]
    thump = through(stage, "exhaust", train(at, 0.42 * force, 0.0), modes)
    turns = stage.phase("noise", firing)
    gate = decay(4.0 * (turns - np.floor(turns))) * np.sqrt(firing / idle)
    knock = noise(stage, "knock", summed((1.0, resonance(1700.0, 1.5)), (0.5, resonance(3300.0, 2.0))), alike=0.6)
    air = noise(stage, "air", tilted(120.0, 1800.0, 2, 1), alike=0.4)
    sound = thump + knock * fine((0.05 if diesel else 0.022) * gate) + air * fine(0.020 * np.sqrt(firing / idle))
    return sound * fine(_before_catching(stage)) + _starter(stage) if "start" in facets else sound


def _before_catching(stage: LayerStage) -> Array:
    return 0.35 + 0.65 * np.clip((stage.slow_seconds - 1.15) / 0.2, 0.0, 1.0)


def _starter(stage: LayerStage) -> Array:
    """The starter motor whines near 500 Hz and labours at each compression."""
    time = stage.slow_seconds
    on = np.clip(time / 0.05, 0.0, 1.0) * np.clip((1.25 - time) / 0.06, 0.0, 1.0)
    labour = stage.phase("labour", 8.5)
    turns = fine(stage.phase("starter", 430.0 + 35.0 * sine(labour) + 60.0 * np.clip(time, 0.0, 1.2)))
    whine = sine(turns) + 0.6 * sine(2.0 * turns) + 0.4 * sine(3.0 * turns) + 0.25 * sine(5.0 * turns)
    gears = noise(stage, "gears", tilted(900.0, 6000.0, 1, 1), channels=1)[0]
    both = (0.05 * whine + 0.05 * gears) * fine(on * (0.75 + 0.25 * sine(labour)))
    return np.stack((both, both))
