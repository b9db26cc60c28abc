"""Footsteps on wood, gravel, snow, stone and metal."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio
from scenebuild.engines.sketch.kit.grains import Events, beats, burst, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage


def footsteps(stage: LayerStage) -> Array:
    """1.8 steps a second (Pachi and Ji 2005); the heel strikes, 90–150 ms later the sole comes down; left, right."""
    traits = stage.traits
    surface = next((name for name in _GROUNDS if name in traits.facets), "stone")
    running = "running" in traits.facets
    period = stage.pick("pace", 0.36 if running else 0.545, 0.08) * ratio(-0.75 * traits.rate + 0.15 * traits.size)
    steps = beats(stage, "step", period, 0.05, 0.07)
    if traits.rests > 0.0:  # somebody stops now and then
        steps = steps.where((steps.number // 5) % 3 != 1)
    foot = np.where(steps.number % 2 == 0, -0.12, 0.12)
    force = ratio(0.7 * traits.amount + 0.3 * running) * (0.75 + 0.4 * steps.u[:, 0])
    sole = Events(
        steps.at + RATE * period * (0.12 + 0.1 * steps.u[:, 1]) * (1.0 - 0.6 * running), steps.u, steps.number
    )
    sound = _GROUNDS[surface](stage, steps, sole, force, foot)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.003
    if surface in ("gravel", "snow"):
        return sound + air
    return room(stage, "hall", sound, 0.45, 0.20 if surface == "wood" else 0.32) + air


def _on_wood(stage: LayerStage, heel: Events, sole: Events, force: Array, foot: Array) -> Array:
    """Boards on joists: a thud at 70–120 Hz, plate modes up to 600 Hz, the click of the heel, at times a creak."""
    modes = np.array([84.0, 148.0, 236.0, 372.0, 610.0]) * ratio(-0.5 * stage.traits.size)
    lives = np.array([0.030, 0.024, 0.016, 0.010, 0.006])
    shares = np.array([0.55, 0.42, 0.30, 0.20, 0.12])
    sound = np.zeros((2, 1))
    click = pool(stage, "click", band(700.0, 5200.0, 1))
    for name, events, gain, hard in (("heel", heel, 1.0, 1.0), ("sole", sole, 0.45, 0.5)):
        u = events.u
        hertz = modes * (1.0 + 0.10 * (u[:, 2:3] - 0.5) + 0.05 * (u[:, 3:4] - 0.5) * np.arange(5))
        loud = (gain * force)[:, None] * shares * (0.7 + 0.6 * u[:, 4:5])
        sound = sound + ring(stage, name, events.at[:, None], hertz, lives, loud, foot[:, None])
        sound = sound + burst(stage, f"tap:{name}", events.at, click, 0.0003, 0.0035, 0.34 * gain * hard * force, foot)
    return sound


def _grains(
    stage: LayerStage, role: str, steps: Events, spread_s: float, count: int, peak: float
) -> tuple[Array, Array, Array]:
    """PhISEM (Cook 1997): a step sets loose many small collisions whose density rises, then decays."""
    rng = stage.stream(f"collide:{role}")
    late = spread_s * (rng.standard_exponential((len(steps), count)) * 0.45 + peak * rng.random((len(steps), count)))
    size = rng.random((len(steps), count))
    at = (steps.at[:, None] + late * RATE).ravel()
    loud = (size * size * decay(late / spread_s * 0.7)).ravel()
    return at, loud, rng.random(len(at))


def _on_gravel(stage: LayerStage, heel: Events, sole: Events, force: Array, foot: Array) -> Array:
    """Stones grind and knock: dozens of clicks of 1.5–8 kHz in 200 ms over a duller crunch."""
    sound = np.zeros((2, 1))
    crunch = pool(stage, "crunch", tilted(350.0, 3200.0, 1, 1))
    grit = pool(stage, "grit", band(1700.0, 9500.0, 1))
    for name, events, spread, gain in (("heel", heel, 0.10, 0.8), ("sole", sole, 0.17, 1.0)):
        at, loud, place = _grains(stage, name, events, spread, 46, 0.8)
        strength = np.repeat(gain * force, 46)
        sound = sound + burst(
            stage,
            f"grit:{name}",
            at,
            grit,
            0.0002,
            0.0012 + 0.002 * place,
            0.42 * loud * strength,
            np.repeat(foot, 46) + 0.3 * place - 0.15,
        )
        some = slice(None, None, 4)
        sound = sound + ring(
            stage,
            f"stone:{name}",
            at[some],
            2200.0 * exp2(1.4 * place[some]),
            0.0012,
            0.3 * (loud * strength)[some],
            0.0,
        )
        sound = sound + burst(stage, f"crunch:{name}", events.at, crunch, 0.018, 0.045, 0.17 * gain * force, foot)
    return sound


def _on_snow(stage: LayerStage, heel: Events, sole: Events, force: Array, foot: Array) -> Array:
    """Cold snow: crystals break by the hundred as the sole rolls, 150–400 ms of creaking crunch around 0.4–3 kHz."""
    sound = np.zeros((2, 1))
    dull = pool(stage, "dull", tilted(160.0, 1500.0, 1, 1))
    crisp = pool(stage, "crisp", tilted(900.0, 5500.0, 2, 1))
    for name, events, spread, gain in (("heel", heel, 0.12, 0.8), ("sole", sole, 0.16, 1.0)):
        at, loud, place = _grains(stage, name, events, spread, 70, 1.0)
        strength = np.repeat(gain * force, 70)
        sound = sound + burst(
            stage,
            f"crisp:{name}",
            at,
            crisp,
            0.0010,
            0.003 + 0.003 * place,
            0.24 * loud * strength,
            np.repeat(foot, 70),
        )
        sound = sound + burst(stage, f"press:{name}", events.at, dull, 0.06, 0.055, 0.26 * gain * force, foot)
    return sound


def _on_stone(stage: LayerStage, heel: Events, sole: Events, force: Array, foot: Array) -> Array:
    """A hard floor gives no body: a short bright knock of the heel near 1–2.5 kHz, a scrape of the sole."""
    sound = np.zeros((2, 1))
    knock = pool(stage, "knock", band(350.0, 2600.0, 1))
    scrape = pool(stage, "scrape", tilted(1200.0, 6500.0, 2, 1))
    for name, events, gain in (("heel", heel, 1.0), ("sole", sole, 0.4)):
        hertz = np.array([1050.0, 1790.0, 2650.0]) * (1.0 + 0.15 * (events.u[:, 2:3] - 0.5))
        loud = 0.28 * (gain * force)[:, None] * np.array([1.0, 0.7, 0.4])
        sound = sound + ring(
            stage,
            name,
            events.at[:, None],
            hertz,
            np.array([0.0035, 0.0025, 0.0018]),
            loud,
            foot[:, None],
            0.15,
        )
        sound = sound + burst(stage, f"knock:{name}", events.at, knock, 0.0004, 0.007, 0.42 * gain * force, foot)
    return sound + burst(stage, "scrape", sole.at, scrape, 0.02, 0.022, 0.10 * force, foot)


def _on_metal(stage: LayerStage, heel: Events, sole: Events, force: Array, foot: Array) -> Array:
    """A grating or a steel stair: thin plate rings inharmonically from 190 Hz up, ten times as long as boards do."""
    plate = np.array([190.0, 343.0, 611.0, 985.0, 1640.0, 2730.0]) * ratio(-0.5 * stage.traits.size)
    lives = np.array([0.09, 0.08, 0.06, 0.045, 0.03, 0.02])
    tap = pool(stage, "tap", band(900.0, 7500.0, 1))
    sound = np.zeros((2, 1))
    for name, events, gain in (("heel", heel, 1.0), ("sole", sole, 0.4)):
        u = events.u
        loud = 0.16 * (gain * force)[:, None] * (0.3 + (u[:, 2:3] + 0.618 * np.arange(6)) % 1.0)
        spot = foot[:, None]
        sound = sound + ring(
            stage, name, events.at[:, None], plate * exp2(0.4 * (u[:, 3:4] - 0.5)), lives, loud, spot, 0.1
        )
        sound = sound + burst(stage, f"tap:{name}", events.at, tap, 0.0002, 0.0025, 0.30 * gain * force, foot)
    return sound


_GROUNDS = {"metal": _on_metal, "gravel": _on_gravel, "snow": _on_snow, "wood": _on_wood, "stone": _on_stone}
