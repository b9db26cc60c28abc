"""Doors: creaks, knocks and slams."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, beats, bouts, burst, remembered, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage


def door(stage: LayerStage) -> Array:
    """Creak, knock and slam in turn, as the prompt names them; a plain door creaks open and closes."""
    traits = stage.traits
    named: list[str] = [name for name in ("knock", "creak", "slam") if name in traits.facets] or ["creak", "shut"]
    length = {"knock": 1.6, "creak": 2.3, "slam": 1.5, "shut": 1.2}
    whole = sum(length[name] for name in named)
    rounds = beats(stage, "round", (whole + 2.2 * ratio(0.8 * traits.rests)) * ratio(-0.4 * traits.rate), 0.15, 0.08)
    sound, late = np.zeros((2, 1)), 0.0
    for name in named:
        sound = sound + _PARTS[name](stage, _late_by(rounds, late))
        late += length[name]
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    return room(stage, "hall", sound, 0.6, 0.30) + air


def _knock(stage: LayerStage, rounds: Events) -> Array:
    """Three or four knocks, 0.2 s apart: knuckles excite the panel's modes at 120–900 Hz, damped in 40 ms."""
    gap = (0.17 + 0.07 * rounds.u[:, 1]) * ratio(-0.5 * stage.traits.rate)
    at, which, number = bouts(rounds, np.where(rounds.u[:, 0] < 0.6, 3, 4), gap)
    v = rounds.u[which]
    force = ratio(0.6 * stage.traits.amount) * (0.75 + 0.35 * ((number * 0.618 + v[:, 2]) % 1.0))
    metal = "metal" in stage.traits.facets
    modes = np.array([128.0, 215.0, 334.0, 487.0, 760.0, 1130.0]) * ratio(-0.5 * stage.traits.size + 0.5 * metal)
    lives = np.array([0.028, 0.024, 0.018, 0.013, 0.008, 0.005]) * (3.0 if metal else 1.0)
    loud = 0.34 * force[:, None] * np.array([0.9, 1.0, 0.8, 0.55, 0.4, 0.25])
    wobble = 1.0 + 0.03 * (v[:, 3:4] - 0.5)
    sound = ring(stage, "panel", at[:, None], modes * wobble, lives, loud, 0.1)
    bone = pool(stage, "bone", band(900.0, 4500.0, 1))
    return sound + burst(stage, "bone", at, bone, 0.0003, 0.0022, 0.40 * force, 0.1)


def _late_by(events: Events, seconds: float) -> Events:
    return Events(events.at + seconds * RATE, events.u, events.number)


_HINGE = (
    (410, 0.009, 0.30), (690, 0.008, 0.45), (1180, 0.006, 0.55), (1730, 0.005, 0.5), (2480, 0.0035, 0.4),
    (3650, 0.002, 0.25), (5400, 0.001, 0.12),
)  # fmt: skip


def _creak(stage: LayerStage, rounds: Events) -> Array:
    """Stick-slip friction: the hinge slips 20–180 times a second, by its speed, and each slip rings the door.

    The pulse train is nearly regular, so the creak has a pitch that follows the speed (Farnell 2010).
    """
    time = stage.slow_seconds
    speed = np.zeros_like(time)
    for at, u in remembered(stage, "creaks", rounds, 4.0):
        part = np.clip((time - at) / (1.5 + 0.6 * float(u[0])), 0.0, 1.0)
        push = sine(0.5 * part) * (0.55 + 0.45 * sine(part * (1.2 + 1.6 * float(u[1])) + float(u[2])))
        speed = np.maximum(speed, np.maximum(push, 0.0) * (part > 0.0) * (part < 1.0))
    slips = 18.0 + 165.0 * speed * ratio(0.5 * stage.traits.rate - 0.5 * stage.traits.size)
    slip, _ = pulses(stage, "slip", slips * exp2(0.12 * stage.wild * stage.drift("stick", 0.05, 3)))
    index = (slip / CONTROL).astype(np.int64)
    force = np.sqrt(np.maximum(speed[index] - 0.06, 0.0)) * (0.45 + 0.9 * stage.stream("slip force").random(len(slip)))
    jump = np.minimum(slip + 40.0 * stage.stream("slip late").random(len(slip)), 61438.0)
    low = ratio(-0.4 * stage.traits.size + 0.5 * stage.traits.bright)
    low = low * (1.4 if "metal" in stage.traits.facets else 1.0)
    modes = [(hertz * low, life, gain) for hertz, life, gain in _HINGE]
    return through(stage, "hinge", train(jump, 0.42 * force, 0.1), modes)


def _slam(stage: LayerStage, rounds: Events, force: float = 1.0) -> Array:
    """A heavy leaf meets its frame: a thud at 50–130 Hz, a crack, then latch and pane rattle for 150 ms."""
    events = _late_by(rounds, 0.02)
    u, hard = events.u, force * ratio(0.5 * stage.traits.amount)
    metal = "metal" in stage.traits.facets  # a sheet of it rings higher and four times as long
    modes = np.array([54.0, 83.0, 131.0, 205.0, 318.0, 497.0]) * ratio(-0.4 * stage.traits.size + 0.6 * metal)
    lives = np.array([0.085, 0.070, 0.050, 0.034, 0.022, 0.014]) * (4.0 if metal else 1.0)
    loud = hard * np.array([0.55, 0.50, 0.40, 0.28, 0.20, 0.14]) * (0.85 + 0.3 * u[:, 0:1])
    sound = ring(stage, "leaf", events.at[:, None], modes * (1.0 + 0.04 * u[:, 1:2]), lives, loud, 0.05)
    crack = pool(stage, "crack", tilted(350.0, 5000.0, 2, 1))
    sound += burst(stage, "crack", events.at, crack, 0.0004, 0.016, 0.62 * hard, 0.05)
    rattle = np.cumsum(0.014 + 0.022 * u[:, 2:6], axis=1)
    at = (events.at[:, None] + rattle * RATE).ravel()
    click = pool(stage, "latch", band(1500.0, 6500.0, 1))
    fade = np.tile(np.array([0.30, 0.22, 0.13, 0.08]), len(events)) * hard
    return sound + burst(stage, "rattle", at, click, 0.0003, 0.005, fade, 0.2)


def _shut(stage: LayerStage, rounds: Events) -> Array:
    """A door that is closed gently: a soft thud and two clicks of the bolt."""
    sound = _slam(stage, rounds, 0.42)
    u = rounds.u
    at = np.concatenate((rounds.at + 0.03 * RATE, rounds.at + (0.11 + 0.05 * u[:, 5]) * RATE))
    bolt = ring(
        stage,
        "bolt",
        at[:, None],
        np.array([1720.0, 2930.0, 4410.0]),
        np.array([0.010, 0.007, 0.004]),
        np.array([0.12, 0.10, 0.07]),
        0.2,
        0.2,
    )
    return sound + bolt


_PARTS = {"knock": _knock, "creak": _creak, "slam": _slam, "shut": _shut}
