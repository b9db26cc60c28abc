"""Clocks and keyboards."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio
from scenebuild.engines.sketch.kit.grains import Events, arrivals, burst, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage

# Escape wheel on pallet, pallet on fork, fork on its bank: when, in seconds, and how hard.
_TOUCHES, _FORCES = np.array([0.0, 0.0042, 0.0105]), np.array([0.45, 0.30, 1.0])
_BRASS_LIVES, _BRASS_SHARES = np.array([0.0065, 0.0050, 0.0032, 0.0020]), np.array([1.0, 0.8, 0.55, 0.4])
_CASE_LIVES, _CASE_SHARES = np.array([0.020, 0.014, 0.009]), np.array([1.0, 0.8, 0.5])


def clock(stage: LayerStage) -> Array:
    """A tick each second: escape wheel and pallet meet three times within 12 ms, tick and tock ring differently.

    A watch beats five times a second, a grandfather clock once in a heavy wooden case.
    """
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.0016
    return room(stage, "parlour", ticking(stage), 0.4, 0.25, size_m=3.5) + air


def ticking(stage: LayerStage) -> Array:
    """The clock alone, without its room."""
    traits = stage.traits
    watch, tall = "watch" in traits.facets, "grandfather" in traits.facets
    period = (0.2 if watch else 1.0) * ratio(-traits.rate)
    ticks = arrivals(stage, "tick", lambda rng, n: period + 0.0004 * stage.wild * (rng.random(n) - 0.5), 0.10)
    u, tock = ticks.u, (ticks.number % 2 == 1).astype(np.float64)
    low = ratio(-0.7 * traits.size - (0.7 if tall else 0.0) + (0.6 if watch else 0.0))
    brass = np.array([2350.0, 3620.0, 5140.0, 7390.0]) * low
    wood = np.array([310.0, 540.0, 905.0]) * low * (0.7 if tall else 1.0)
    shift = (1.0 - 0.085 * tock)[:, None]
    at = (ticks.at[:, None] + RATE * _TOUCHES * (1.0 + 0.15 * tock[:, None]))[:, :, None]
    loud = (_FORCES * (0.92 + 0.16 * u[:, :3]) * (1.0 - 0.25 * tock[:, None]))[:, :, None]
    sound = ring(stage, "brass", at, (brass * shift)[:, None], _BRASS_LIVES, 0.15 * loud * _BRASS_SHARES, 0.0, 0.2)
    lives, force = _CASE_LIVES * (2.2 if tall else 1.0), 0.5 if tall else 0.20
    sound += ring(stage, "case", at, (wood * shift)[:, None], lives, force * loud * _CASE_SHARES)
    snap = pool(stage, "snap", band(2500.0, 13000.0, 1))
    return sound + burst(stage, "snap", ticks.at + 0.0105 * RATE, snap, 0.0001, 0.0012, 0.30 * (1.0 - 0.3 * tock))


_PLATE = np.array([290.0, 760.0, 1900.0])  # what a key's blow finds under it, elsewhere for each key


def typing(stage: LayerStage) -> Array:
    """Bursts of five to eight keys a second with pauses for thought; each goes down with a thock, up with a tick.

    Plastic and foam damp a blow within some milliseconds, so that no key has a pitch.
    """
    traits, old = stage.traits, "typewriter" in stage.traits.facets
    quick = 0.135 * ratio(-0.7 * traits.rate + 0.3 * old)

    def gaps(rng: np.random.Generator, n: int) -> Array:
        between = quick * (0.55 + 0.5 * rng.random(n) + 0.25 * rng.standard_exponential(n))
        return between + np.where(rng.random(n) < 0.075 * ratio(traits.rests), 0.35 + 0.8 * rng.random(n), 0.0)

    keys = arrivals(stage, "key", gaps, 0.08)
    u = keys.u
    space_bar = (u[:, 5] < 0.16).astype(np.float64)
    force = (0.55 + 0.6 * u[:, 0]) * ratio(0.6 * traits.amount)
    place = 0.7 * u[:, 1] - 0.35
    body = _PLATE * exp2(0.7 * (u[:, 2:5] - 0.5)) * (1.0 - 0.35 * space_bar[:, None])
    lives = np.array([0.0042, 0.0030, 0.0016]) * (1.8 if old else 1.0)
    loud = force[:, None] * np.array([0.42, 0.34, 0.26]) * (1.0 + 0.5 * space_bar[:, None])
    sound = ring(stage, "down", keys.at[:, None], body, lives, loud, place[:, None])
    click = pool(stage, "click", band(1400.0, 8000.0, 2))
    sound += burst(stage, "down", keys.at, click, 0.0004, 0.0030 + 0.002 * u[:, 3], 0.34 * force, place)
    up = Events(keys.at + RATE * (0.062 + 0.05 * u[:, 4]), u, keys.number)
    sound += burst(stage, "up", up.at, click, 0.0005, 0.0022, 0.15 * force, place)
    if old:
        sound += _typebar(stage, keys, force)
    air = noise(stage, "air", tilted(70.0, 3000.0, 3, 1)) * 0.003
    return room(stage, "study", sound, 0.3, 0.18, size_m=3.0) + air


def _typebar(stage: LayerStage, keys: Events, force: Array) -> Array:
    """The type strikes the platen 30 ms after the key: a hard crack over steel that rings."""
    at = keys.at + 0.03 * RATE
    steel = np.array([1450.0, 2870.0, 4620.0])
    sound = ring(
        stage,
        "steel",
        at[:, None],
        steel,
        np.array([0.02, 0.014, 0.009]),
        force[:, None] * np.array([0.10, 0.09, 0.06]),
        0.0,
        0.2,
    )
    strike = pool(stage, "strike", band(900.0, 9000.0, 1))
    return sound + burst(stage, "strike", at, strike, 0.0002, 0.004, 0.5 * force)
