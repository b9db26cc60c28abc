"""Streams, waves and drips."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio
from scenebuild.engines.sketch.kit.grains import Events, arrivals, beats, burst, call, poisson, remembered, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine


def bubbles(stage: LayerStage, role: str, events: Events, low_hz: float, octaves: float, gain: float) -> Array:
    """Bubbles ring at Minnaert's frequency, 3.26 / radius, and lose their energy in about twenty cycles.

    Small ones are many and weak, large ones few and loud (van den Doel 2005, amplitude ∝ radius^1.5).
    """
    u = events.u
    up = octaves * np.sqrt(u[:, 0])
    hertz = low_hz * exp2(up)
    life = (4.0 + 4.5 * u[:, 1]) / hertz
    loud = gain * exp2(-0.8 * up) * (0.15 + u[:, 2] * u[:, 3] * 1.4)
    return ring(stage, role, events.at, hertz, life, loud, 1.7 * u[:, 4] - 0.85)


def rising(stage: LayerStage, role: str, events: Events, low_hz: float, octaves: float, gain: float) -> Array:
    """Bubbles near the surface rise in pitch as the water above them thins: the 'bloop'."""
    u = events.u
    time = np.arange(0, 8193, 64) / RATE
    hertz = low_hz * exp2(octaves * u[:, 0:1])
    life = (9.0 + 8.0 * u[:, 1:2]) / hertz
    lift = hertz * (1.0 + np.minimum(time / life * (0.08 + 0.25 * u[:, 5:6]), 1.2))
    loud = gain * (0.3 + u[:, 2:3]) * np.minimum(1.0, time / 0.0015) * decay(time / life)
    return call(stage, role, events.at, lift, loud, [1.0], 1.4 * u[:, 4] - 0.7)


def stream(stage: LayerStage) -> Array:
    """A brook is thousands of bubbles a second (400 Hz–6 kHz), grouped by eddies, over a soft rush."""
    traits, fall = stage.traits, "fall" in stage.traits.facets
    force = traits.amount + (0.8 if fall else 0.0)
    eddy = fine(exp2(0.4 * stage.drift("eddy", 0.9, 4)))
    low = 420.0 * ratio(-0.7 * traits.size - 0.3 * force)
    rush = noise(stage, "rush", tilted(350.0, 5200.0 * ratio(0.6 * force + traits.bright), 2, 1), alike=0.2)
    deep = noise(stage, "deep", tilted(70.0, 450.0, 2, 1), alike=0.3)
    sound = bubbles(stage, "fine", poisson(stage, "fine", 260.0), low * 1.5, 3.0, 0.36)
    sound += rising(stage, "bloop", poisson(stage, "bloop", 9.0 * ratio(traits.rate)), low, 1.6, 0.085)
    sound = sound * eddy * (0.35 if fall else 1.0)
    wash = 0.032 if fall else 0.020
    return sound + wash * ratio(force) * rush * np.sqrt(eddy) + 0.5 * wash * ratio(1.2 * force) * deep


def _breakers(stage: LayerStage) -> tuple[Array, Array, Array]:
    """Swell, crash and backwash over time: a wave every 6–10 s, in sets, each with its own height."""
    period = 7.5 * ratio(0.35 * stage.traits.size - stage.traits.rate)

    def gaps(rng: np.random.Generator, n: int) -> Array:
        return period * (0.72 + 0.56 * rng.random(n))

    waves = arrivals(stage, "wave", gaps, -2.0 + 1.5 * stage.stream("first").random())
    time = stage.slow_seconds
    parts = np.zeros((3, len(time)))
    for at, u in remembered(stage, "waves", waves, 16.0):
        height = 0.45 + 0.55 * float(u[0])
        since = time - at
        rise, hold = 1.8 + 1.2 * float(u[1]), 0.7 + 0.6 * float(u[2])
        parts[0] += height * np.where(
            since < rise, np.clip(since / rise, 0, 1) ** 2, decay(np.maximum(since - rise, 0) / 1.4)
        )
        crash = since - rise
        parts[1] += height * np.clip(crash / 0.25, 0, 1) * decay(np.maximum(crash, 0) / hold)
        parts[2] += height * np.clip((crash - 0.6) / 1.5, 0, 1) * decay(np.maximum(crash - 1.6, 0) / 1.9)
    return parts[0], parts[1], parts[2]


def waves(stage: LayerStage) -> Array:
    """Surf: a dark swell, a bright crash, and a hissing backwash of collapsing foam; each has its own spectrum."""
    if "lapping" in stage.traits.facets:
        return _lapping(stage)
    force = stage.traits.amount
    swell, crash, wash = _breakers(stage)
    deep = noise(stage, "deep", tilted(45.0, 350.0 * ratio(0.3 * force), 2, 1), alike=0.4)
    body = noise(stage, "body", tilted(180.0, 2400.0 * ratio(0.7 * force), 2, 1), alike=0.2)
    foam = noise(stage, "foam", tilted(1500.0, 9000.0 * ratio(0.4 * force + stage.traits.bright), 1, 1))
    roar = exp2(0.25 * stage.drift("roar", 0.35, 3))
    sound = deep * fine(0.035 + 0.11 * ratio(force) * (swell + 0.6 * crash) * roar)
    sound += body * fine(0.012 + (0.085 * ratio(0.6 * force) * crash + 0.03 * swell) * roar)
    sound += foam * fine(0.0045 + 0.028 * crash + 0.020 * wash * roar)
    fizz = bubbles(stage, "fizz", poisson(stage, "fizz", 140.0), 1400.0, 2.4, 0.10)
    return sound + fizz * fine(0.05 + wash)


def _lapping(stage: LayerStage) -> Array:
    """A lake against a jetty: soft slaps of water every second or so, each with a few low bubbles."""
    slap = poisson(stage, "slap", 1.1 * ratio(stage.traits.rate), 0.1)
    u = slap.u
    soft = pool(stage, "soft", tilted(150.0, 1800.0, 2, 1))
    sound = burst(
        stage,
        "slap",
        slap.at,
        soft,
        0.12 + 0.1 * u[:, 0],
        0.14 + 0.12 * u[:, 1],
        0.09 + 0.12 * u[:, 2],
        1.6 * u[:, 3] - 0.8,
    )
    sound += rising(stage, "bloop", poisson(stage, "bloop", 5.0), 260.0, 1.7, 0.09)
    bed = noise(stage, "bed", tilted(120.0, 2500.0, 3, 1))
    return sound + bed * fine(0.024 * exp2(0.6 * stage.drift("bed", 1.7, 3)))


def drips(stage: LayerStage) -> Array:
    """A drop falls, traps a bubble, and the bubble rings once (Pumphrey and Crum 1989), with the room's reverberation.

    A slow tap drips nearly regularly (Dreyer and Hickey 1991); in a cave many drips are independent.
    """
    traits = stage.traits
    cave = "cave" in traits.facets or traits.room > 0.5
    rate = 1.15 * ratio(traits.rate + traits.many - traits.rests)
    drops = poisson(stage, "drop", rate, 0.08) if cave else beats(stage, "drop", 1.0 / rate, 0.14, 0.08)
    base = 780.0 * ratio(-0.8 * traits.size)
    sound = rising(stage, "bubble", drops, base, 1.3, 0.34)
    again = drops.where(drops.u[:, 6] < 0.55)
    late = Events(again.at + 0.03 * RATE * (1.0 + again.u[:, 3]), 1.0 - again.u, again.number)
    sound += rising(stage, "second", late, base * 1.6, 1.0, 0.13)
    tap = pool(stage, "tap", band(1500.0, 9000.0, 1))
    sound += burst(stage, "tap", drops.at, tap, 0.0002, 0.0015, 0.12 * (0.3 + drops.u[:, 2]), 1.4 * drops.u[:, 4] - 0.7)
    damp = noise(stage, "air", tilted(80.0, 2500.0, 3, 1)) * 0.0022
    return room(stage, "walls", sound, 1.25 if cave else 0.4, 0.7 if cave else 0.22, size_m=9.0 if cave else 3.0) + damp
