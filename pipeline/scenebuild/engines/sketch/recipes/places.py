"""Café, crowd, applause and traffic; and the neutral texture for prompts without a known source."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio
from scenebuild.engines.sketch.kit.grains import Events, burst, poisson, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import murmur
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.machines import hum, passages

# The long-term spectrum of many voices: pitch, first and second formants, a little breath (Byrne 1994).
_VOICES = summed(
    (0.75, resonance(190.0, 1.2)),
    (1.0, resonance(500.0, 1.6)),
    (0.30, resonance(1450.0, 2.2)),
    (0.16, resonance(2600.0, 2.0)),
    (0.10, tilted(2500.0, 8000.0, 1, 1)),
)


def cafe(stage: LayerStage) -> Array:
    """Murmur of a dozen guests, china, and now and then the espresso machine, in one lively room."""
    traits = stage.traits
    talk = 0.58 + 0.2 * traits.amount
    sound = 0.30 * murmur(stage, "guests", 5 if traits.amount < 0.3 else 7, talk)
    blur = noise(stage, "blur", summed((1.0, _VOICES), (0.55, tilted(60.0, 3500.0, 3, 1))), alike=0.2)
    flutter = exp2(0.5 * stage.drift("flutter", 0.14, 2) + 0.3 * stage.drift("mood", 2.0, 3))
    loud = 1.0 + 0.8 * ("cups" in traits.facets)
    sound += blur * fine(0.034 * flutter) + loud * _china(stage, 1.1 * loud)
    if "machine" in traits.facets:  # the machine is in front of the guests
        return 0.3 * sound + 1.3 * _steam(stage, 0.45)
    if traits.amount > -0.5:
        sound += 0.45 * _steam(stage, 0.12)
    return sound


# Partials of a cup and a saucer, relative to the lowest: shallow shells, measured spacing about 1 : 1.9 : 2.9 : 4.1.
_CHINA = np.array([1.0, 1.87, 2.93, 4.12, 5.4])


def _china(stage: LayerStage, rate: float) -> Array:
    """Cups on saucers: glazed shells of 1.9–4 kHz, damped within 60 ms; a cup set down touches two or three times."""
    touch = poisson(stage, "cup", rate, 0.25)
    parts = []
    for k in range(3):
        some = touch.where(touch.u[:, 5] > 0.3 * k)
        delay = (0.045 + 0.10 * some.u[:, 4]) * (1.0 - 0.62**k) / 0.38
        parts.append(Events(some.at + delay * RATE, some.u, some.number + 1000 * k))
    at = np.concatenate([p.at for p in parts])
    u = np.concatenate([p.u for p in parts])
    fade = np.concatenate([np.full(len(p), 0.55**k) for k, p in enumerate(parts)])
    hertz = (1900.0 * exp2(1.1 * u[:, 0:1])) * _CHINA * (1.0 + 0.02 * u[:, 1:2])
    life = 0.030 * (0.5 + 1.5 * u[:, 2:3]) / np.sqrt(_CHINA)
    loud = 0.11 * fade[:, None] * (0.15 + u[:, 3:4] * u[:, 6:7]) / np.sqrt(_CHINA)
    place = 1.7 * u[:, 7:8] - 0.85
    shells = ring(stage, "china", at[:, None], hertz, life, loud, place, 0.2)
    tick = pool(stage, "tick", band(2500.0, 12000.0, 1))
    return shells + burst(stage, "tick", at, tick, 0.0001, 0.001, 0.10 * fade * u[:, 3], place[:, 0])


def _steam(stage: LayerStage, busy: float) -> Array:
    """The steam wand: broadband hiss with a gurgling milk resonance, and the pump at twice the mains, 10 s apart.

    ``busy``: 0.12 for now and then, 0.45 for most of the time.
    """
    on = stage.drift("machine", 4.5, 1) + busy
    open_valve = np.clip(6.0 * on, 0.0, 1.0)
    if not np.any(open_valve):
        return np.zeros((2, 1))
    milk = exp2(0.8 * stage.drift("milk", 0.06, 2))
    jet = noise(stage, "jet", summed((1.0, tilted(900.0, 9500.0, 1, 1)), (0.8, resonance(2600.0, 2.0))), alike=0.5)
    return jet * fine(0.030 * open_valve * milk) + hum(stage, "pump", 100.0, 6) * fine(0.012 * open_valve)


def crowd(stage: LayerStage) -> Array:
    """Dozens of people: near voices over the blur of many far ones, whose syllables have merged into a 4 Hz flutter."""
    traits, stadium = stage.traits, "stadium" in stage.traits.facets
    talk = 0.55 + 0.2 * traits.amount
    sound = (0.10 if stadium else 0.15) * murmur(stage, "near", 9, talk)
    for side in range(2):
        flutter = exp2(0.55 * stage.drift(f"flutter{side}", 0.13, 2) + 0.3 * stage.drift(f"mood{side}", 2.3, 3))
        weight = np.array([[1.0], [0.45]]) if side else np.array([[0.45], [1.0]])
        sound += weight * noise(stage, f"far{side}", _VOICES, alike=0.1) * fine(0.05 * flutter)
    if stadium:
        sound += _roar(stage)
    return sound


def _roar(stage: LayerStage) -> Array:
    """A stadium cheers: open vowels near 800 Hz–1.4 kHz from thousands, rising and falling together for seconds."""
    mood = exp2(1.1 * stage.drift("cheer", 2.4, 3))
    shape = summed((1.0, resonance(880.0, 1.6)), (0.8, resonance(1350.0, 2.0)), (0.35, resonance(2800.0, 1.5)))
    whistle = noise(stage, "whistles", resonance(2350.0, 14.0)) * fine(0.006 * mood * mood)
    return noise(stage, "cheer", shape) * fine(0.055 * mood) + whistle


def applause(stage: LayerStage) -> Array:
    """Hands: each clap a burst of 8 ms around its own 0.6–2.5 kHz (Repp 1987), some 60 people at 4 a second."""
    traits = stage.traits
    people = 170.0 * ratio(0.7 * traits.amount + 0.6 * traits.many - 2.0 * (traits.rests > 0))
    claps = poisson(stage, "clap", min(people, 320.0))
    u = claps.u
    gain = 0.05 + 0.32 * u[:, 1] * u[:, 2] * u[:, 3]
    place = 1.9 * u[:, 4] - 0.95
    sound = np.zeros((2, 1))
    for k, centre in enumerate((750.0, 1150.0, 1700.0, 2400.0)):
        mine = (u[:, 0] * 4).astype(int) == k
        palm = pool(stage, f"palm{k}", summed((1.0, resonance(centre, 2.5)), (0.5, band(700.0, 8000.0, 2))))
        sound = sound + burst(stage, f"palm{k}", claps.at[mine], palm, 0.0004, 0.0035, gain[mine], place[mine])
    wash = noise(stage, "wash", summed((1.0, resonance(1300.0, 0.8)), (0.4, tilted(1800.0, 8500.0, 1, 2))))
    return sound + wash * fine(0.032 * exp2(0.3 * stage.drift("swell", 1.5, 3)))


def traffic(stage: LayerStage) -> Array:
    """A street: the roar of far roads and cars that pass at 8–15 m/s, tyres loudest near 1 kHz (Sandberg 2003)."""
    rate = 0.28 * ratio(stage.traits.many + stage.traits.amount - stage.traits.rests)
    near = passages(stage, "cars", rate, speed_mps=11.0 * ratio(0.6 * stage.traits.rate), way_m=11.0)
    far = noise(stage, "far", tilted(40.0, 500.0, 2, 1), alike=0.3)
    city = noise(stage, "city", tilted(300.0, 3000.0, 3, 1), alike=0.1)
    engines = noise(stage, "engines", summed((1.0, tilted(45.0, 180.0, 1, 2)), (0.4, resonance(95.0, 4.0))), alike=0.3)
    tyres = noise(stage, "tyres", summed((1.0, resonance(950.0, 1.1)), (0.4, tilted(300.0, 6000.0, 2, 1))), alike=0.0)
    sound = far * fine(0.034 * exp2(0.4 * stage.drift("far", 3.0, 3))) + 0.013 * city
    left, right = (np.stack([fine(np.sqrt(band_power)) for band_power in powers]) for powers in near)
    return sound + 0.11 * engines * left + 0.085 * tyres * right


def texture(stage: LayerStage) -> Array:
    """A neutral place: soft air in two slowly moving colours, for prompts that name nothing known."""
    traits = stage.traits
    colour = stage.pick("colour", 420.0 * ratio(traits.bright - 0.5 * traits.size), 0.6)
    air = noise(stage, "air", tilted(60.0, 2600.0 * ratio(traits.bright), 3, 1), alike=0.2)
    low = noise(stage, "low", resonance(colour, 2.0))
    high = noise(stage, "high", resonance(colour * 2.9, 2.5))
    balance = stage.drift("balance", 4.0, 3)
    sound = 0.06 * air * fine(exp2(0.35 * stage.drift("air", 3.0, 3)))
    return sound + low * fine(0.04 * exp2(0.9 * balance)) + high * fine(0.020 * exp2(-0.9 * balance))
