"""Rain, thunder, wind."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, beats, burst, poisson, remembered, ring, thinned
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine


def _drop_gain(events: Events, facet: int = 0) -> Array:
    """Drop sizes follow Marshall and Palmer's exponential law; the force of an impact grows with their cube."""
    size = 0.35 + 0.65 * events.u[:, facet] * events.u[:, facet + 1]
    return size * size * size


def rain(stage: LayerStage) -> Array:
    """Far drops are a hiss that falls gently up to 15 kHz; near drops are single events on a surface."""
    heavy = stage.traits.amount
    swell = fine(exp2(0.22 * stage.drift("swell", 3.5, 3)))
    surface = next((name for name in ("window", "roof", "leaves", "puddle") if name in stage.traits.facets), "ground")
    top = 13500.0 * ratio(0.5 * stage.traits.bright)
    if surface == "window":  # the street's rain is heard through the pane
        top = 0.28 * top
    hiss = noise(stage, "hiss", tilted(330.0, 0.97 * top, 1 if heavy > -0.5 else 2, 2), alike=0.15)
    body = noise(stage, "body", tilted(90.0, 1200.0, 2, 1), alike=0.3)
    bed = hiss * (0.030 * ratio(0.4 * heavy)) + body * (0.016 * ratio(1.2 * heavy))
    drops = poisson(stage, "drops", 150.0 * ratio(0.9 * heavy + stage.traits.rate))
    return bed * swell + _SURFACES[surface](stage, drops) * (1.5 * ratio(0.5 * heavy))


def _on_window(stage: LayerStage, drops: Events) -> Array:
    """A thin pane: each drop excites a few of its dense bending modes (0.5–6 kHz), damped within 10 ms."""
    u, gain = drops.u, _drop_gain(drops)
    hertz = np.stack((650.0 * exp2(1.2 * u[:, 2]), 2100.0 * exp2(1.5 * u[:, 3])), axis=1)
    life = np.stack((0.0032 + 0.003 * u[:, 4], 0.0012 + 0.0018 * u[:, 5]), axis=1)
    share = np.stack((np.where(gain > 0.11, 0.34 * gain, 0.0), 0.42 * gain), axis=1)
    place = 1.6 * u[:, 6:7] - 0.8
    pane = ring(stage, "pane", drops.at[:, None], hertz, life, share, place, 0.13)
    click = pool(stage, "click", band(1500.0, 14000.0, 1))
    return pane + burst(stage, "tap", drops.at, click, 0.0001, 0.0009, 0.11 * gain, place[:, 0])


def _on_roof(stage: LayerStage, drops: Events) -> Array:
    """Sheet metal: inharmonic modes from 300 Hz up that ring for some tens of milliseconds."""
    u, gain = drops.u, _drop_gain(drops)
    modes = 420.0 * ratio(-stage.traits.size) * np.array([1.0, 1.83, 2.71, 4.42, 6.9, 9.7])
    which = np.stack(((u[:, 2] * 3).astype(int), 2 + (u[:, 3] * 4).astype(int)), axis=1)
    hertz = modes[which] * exp2(0.9 * (u[:, 4:5] - 0.5))  # each sheet and each spot its own
    life = 0.020 / np.sqrt(hertz / 420.0) * (0.5 + u[:, 5:6])
    place = 1.6 * u[:, 6:7] - 0.8
    sheet = ring(stage, "sheet", drops.at[:, None], hertz, life, 0.24 * gain[:, None], place, 0.2)
    tap = pool(stage, "tap", band(900.0, 13000.0, 1))
    return sheet + burst(stage, "tap", drops.at, tap, 0.0001, 0.0012, 0.16 * gain, place[:, 0])


def _on_leaves(stage: LayerStage, drops: Events) -> Array:
    """Leaves give way: dull, broad taps of 2–8 ms without any ringing, and a second fall from leaf to leaf."""
    u, gain = drops.u, _drop_gain(drops)
    dull = pool(stage, "dull", band(700.0, 4200.0, 2))
    crisp = pool(stage, "crisp", band(2200.0, 11000.0, 2))
    place = 1.8 * u[:, 6] - 0.9
    taps = burst(stage, "leaf", drops.at, dull, 0.0006, 0.0025 + 0.004 * u[:, 2], 0.20 * gain, place)
    return taps + burst(stage, "edge", drops.at, crisp, 0.0002, 0.0012 + 0.002 * u[:, 3], 0.13 * gain, place)


def _on_puddle(stage: LayerStage, drops: Events) -> Array:
    """Every few drops trap a bubble that rings at its Minnaert frequency, 3.26 / radius (Pumphrey and Crum 1989)."""
    u, gain = drops.u, _drop_gain(drops)
    hertz = 1100.0 * exp2(2.6 * u[:, 2])
    life = 9.0 / hertz * (0.6 + 0.9 * u[:, 3])
    place = 1.7 * u[:, 6] - 0.85
    plinks = ring(stage, "bubble", drops.at, hertz, life, np.where(u[:, 4] < 0.7, 0.42 * gain, 0.0), place)
    splash = pool(stage, "splash", band(1500.0, 13000.0, 2))
    return plinks + burst(stage, "splash", drops.at, splash, 0.0003, 0.0025, 0.15 * gain, place)


def _on_ground(stage: LayerStage, drops: Events) -> Array:
    """Earth and stone: short broad ticks, brighter the smaller the drop."""
    u, gain = drops.u, _drop_gain(drops)
    place = 1.8 * u[:, 6] - 0.9
    tick = pool(stage, "tick", band(1100.0, 12000.0, 2))
    spat = pool(stage, "spat", band(400.0, 3000.0, 1))
    ticks = burst(stage, "tick", drops.at, tick, 0.0001, 0.0010 + 0.0012 * u[:, 2], 0.19 * gain, place)
    return ticks + burst(stage, "spat", drops.at, spat, 0.0004, 0.003, 0.10 * gain, place)


_SURFACES = {"window": _on_window, "roof": _on_roof, "leaves": _on_leaves, "puddle": _on_puddle, "ground": _on_ground}


# What hailstones of 5–20 mm strike: lowest modes in Hz, their lives in s, and how much rings beside the knock.
_STRUCK = {
    "roof": ((330.0, 604.0, 1130.0, 2050.0), 0.028, 0.30),
    "window": ((720.0, 1490.0, 2780.0, 4650.0), 0.0075, 0.30),
    "leaves": ((240.0, 410.0, 760.0, 1300.0), 0.0030, 0.12),
    "ground": ((860.0, 1740.0, 3120.0, 5300.0), 0.0030, 0.26),
}  # fmt: skip


def hail(stage: LayerStage) -> Array:
    """Ice is hard: contact for a tenth of a millisecond, so each stone knocks up to 10 kHz and jumps again, and again.

    Fewer and harder blows than rain. Weight against drag makes the speed grow with the root of the diameter, so that
    the energy grows with its fourth power; ice gives back little of a hard blow (Hatzes 1988): hops come ever closer.
    """
    traits = stage.traits
    surface = next((name for name in _STRUCK if name in traits.facets), "ground")
    modes, life, share = _STRUCK[surface]
    gust = exp2(0.5 * stage.drift("gust", 1.9, 3))
    stones = thinned(poisson(stage, "stone", 105.0 * ratio(0.8 * traits.amount + traits.rate)), 0.55 * gust)
    size = 0.42 + 0.58 * stones.u[:, 0] * stones.u[:, 1]
    at, v, loud = [stones.at], [stones.u], [size * size]
    for hop, keep in ((0, 0.42), (1, 0.18)):
        late = (0.055 + 0.11 * stones.u[:, 2]) * (1.0, 1.38)[hop]
        at.append(stones.at + late * RATE)
        v.append((stones.u + 0.31 * (hop + 1)) % 1.0)
        loud.append(keep * size * size * (stones.u[:, 3] < 0.8))
    when, u, force = np.concatenate(at), np.concatenate(v), np.concatenate(loud) * ratio(0.5 * traits.amount)
    place = 1.8 * u[:, 6] - 0.9
    pair = np.stack(((u[:, 4] * 2).astype(int), 2 + (u[:, 5] * 2).astype(int)), axis=1)
    hertz = np.array(modes)[pair] * exp2(1.1 * u[:, 7:8] - 0.3 - 0.3 * traits.size)
    ringing = ring(
        stage,
        "struck",
        when[:, None],
        hertz,
        life / np.sqrt(hertz / modes[0]),
        share * force[:, None],
        place[:, None],
        0.2,
    )
    knock = pool(stage, "knock", summed((1.0, band(1400.0, 8500.0, 2)), (0.6, resonance(2600.0, 1.5))))
    near = burst(stage, "knock", when, knock, 0.0001, 0.0009 + 0.0008 * u[:, 2], 0.40 * force, place)
    far = noise(stage, "far", tilted(700.0, 9500.0, 2, 1), alike=0.1)
    grit = exp2(1.0 * stage.drift("grit", 0.02, 2))
    return ringing + near + far * fine(0.034 * ratio(0.6 * traits.amount) * gust * grit)


def _claps(stage: LayerStage) -> tuple[Array, Array]:
    """Loudness of the rumble and of the crack at the control points.

    A stroke is a crooked channel of kilometres; its parts arrive one after the other for some seconds, each as a
    thump, and die in echoes from clouds and ground (Few 1969). A strike keeps its thumps for later segments.
    """
    first = 0.15 + 0.35 * stage.stream("first").random()
    strikes = beats(stage, "strike", 9.0 * ratio(stage.traits.rests - 0.7 * stage.traits.amount), 0.45, first)
    time = stage.slow_seconds
    rumble, crack = np.zeros_like(time), np.zeros_like(time)
    for at, u in remembered(stage, "strikes", strikes, 16.0):
        sharp = min(1.0, 0.25 + 0.6 * float(u[0]) + 0.5 * ("crack" in stage.traits.facets) + 0.3 * stage.traits.amount)
        late = np.maximum(time - at, 0.0) * (time >= at)
        crack += sharp * (np.minimum(late / 0.004, 1.0) * decay(late / 0.11) + 0.4 * late / 0.3 * decay(late / 0.25))
        span = 1.2 + 2.2 * float(u[1])
        for k in range(9):
            delay = span * ((k * 0.381966 + float(u[2 + k % 4])) % 1.0) * (k > 0)
            since = np.maximum(late - delay, 0.0)
            rise = 0.03 + 0.10 * float(u[(3 + k) % 7])
            rumble += (1.0 - 0.07 * k) * (since / rise) * decay(since / rise - 1.0) * 0.6
        rumble += 0.55 * np.minimum(late / 0.4, 1.0) * decay(late / (2.2 + 1.4 * float(u[6])))
    return rumble, crack


def thunder(stage: LayerStage) -> Array:
    """Most energy below 200 Hz; the treble of the crack is gone within half a second, the bass rolls for many."""
    rumble, crack = _claps(stage)
    rumble = rumble * exp2(0.8 * stage.drift("roll", 0.28, 3)) + 0.004
    deep = ratio(-0.4 * stage.traits.size)
    low = noise(stage, "low", tilted(28.0 * deep, 95.0 * deep, 1, 2), alike=0.5)
    middle = noise(stage, "middle", tilted(90.0 * deep, 420.0 * deep, 3, 1), alike=0.2)
    high = noise(stage, "high", tilted(250.0, 5500.0, 2, 1), alike=0.3)
    power = rumble * rumble / (0.5 + rumble)
    return 0.30 * low * fine(rumble) + 0.15 * middle * fine(power) + 0.10 * high * fine(crack)


def wind(stage: LayerStage) -> Array:
    """Turbulence: brown noise whose level and brightness both follow the speed, which gusts as 1/f.

    Aeolian noise grows with the sixth power of the speed and moves up in frequency with it (Strouhal).
    """
    hard, traits = stage.traits.amount, stage.traits
    squall = "gust" in traits.facets  # twice as deep, twice as quick
    lull = 1.8 if squall else 3.6
    gust = (0.95 if squall else 0.62) * stage.wild * stage.drift("gust", lull * ratio(-traits.rate), 5)
    speed = np.minimum(exp2(gust + 0.35 * hard), 2.8)
    low = noise(stage, "low", tilted(45.0, 260.0, 2, 1), alike=0.35)
    middle = noise(stage, "middle", tilted(200.0, 900.0 * ratio(traits.bright), 2, 2))
    high = noise(stage, "high", tilted(800.0, 5000.0 * ratio(traits.bright), 3, 1))
    sound = 0.075 * low * fine(speed) + 0.05 * middle * fine(speed * speed) + 0.018 * high * fine(speed * speed * speed)
    if "trees" in traits.facets:
        sound = 0.6 * sound + _rustle(stage, speed)
    if "whistle" in traits.facets or hard > 0.5:
        sound += _whistle(stage, speed) * (1.0 if "whistle" in traits.facets else 0.35)
    return sound


def _rustle(stage: LayerStage, speed: Array) -> Array:
    """Leaves: hiss of 2–9 kHz that flutters with each crown, and single leaves that strike each other."""
    out = np.zeros((2, 1))
    for crown in range(2):
        flutter = exp2(0.9 * stage.drift(f"crown{crown}", 0.7, 4)) * speed * speed
        leaves = noise(stage, f"leaves{crown}", tilted(1300.0, 8000.0, 1, 1), alike=0.0)
        side = np.array([[1.0], [0.55]]) if crown else np.array([[0.55], [1.0]])
        out = out + 0.042 * side * leaves * fine(flutter)
    ticks = thinned(poisson(stage, "ticks", 90.0), np.clip(0.4 * speed * speed, 0.0, 1.0))
    crisp = pool(stage, "crisp", band(2500.0, 11000.0, 1))
    u = ticks.u
    return out + burst(
        stage, "ticks", ticks.at, crisp, 0.001, 0.003 + 0.008 * u[:, 0], 0.07 * u[:, 1] * u[:, 2], 1.8 * u[:, 3] - 0.9
    )


def _whistle(stage: LayerStage, speed: Array) -> Array:
    """A gap or wire sings at a Strouhal frequency that follows the speed; turbulence shakes its pitch and level."""
    base = stage.pick("gap", 430.0, 0.3) * ratio(-0.7 * stage.traits.size)
    out = np.zeros((2, 1))
    for k, part in enumerate((1.0, 1.52)):
        follow = exp2(
            0.55 * (speed - 1.0) + 0.05 * stage.drift(f"shake{k}", 0.03, 2) + 0.2 * stage.drift(f"gap{k}", 1.7, 2)
        )
        turns = fine(stage.phase(f"gap{k}", base * part * np.minimum(follow, 4.0)))
        loud = fine(0.06 * np.minimum(speed * speed, 3.0) * exp2(1.2 * stage.drift(f"loud{k}", 0.12, 4)))
        side = np.array([[1.0], [0.6]]) if k else np.array([[0.6], [1.0]])
        out = out + side * (loud * (sine(turns) + 0.12 * sine(2.0 * turns)))
    return out
