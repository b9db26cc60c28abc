"""User interfaces and alarms."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, beats, burst, call, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.birds import bump, times

_BAR = np.array([1.0, 2.76, 5.4, 8.93])  # a free bar's modes (Fletcher and Rossing 1998), the tone of a marimba


def interface(stage: LayerStage) -> Array:
    """Clicks, an alert of two falling tones, a confirmation that rises a fourth and a fifth; in turn, or as named.

    Short, with a soft attack and a struck bar's decay, above 500 Hz where small loudspeakers speak; rising intervals
    are heard as yes, falling ones as warning (Blattner 1989).
    """
    traits = stage.traits
    named = [name for name in ("click", "alert", "confirm") if name in traits.facets] or ["click", "alert", "confirm"]
    pause = (0.7 if named == ["click"] else 1.7) * ratio(0.8 * traits.rests - 0.6 * traits.rate - 0.3 * traits.many)
    moments = beats(stage, "moment", pause, 0.4, 0.08)
    kind = (moments.number + stage.choose("first", len(named))) % len(named)
    sound = np.zeros((2, 1))
    for k, name in enumerate(named):
        sound = sound + _SOUNDS[name](stage, moments.where(kind == k))
    air = noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.0016
    return room(stage, "glass", sound, 0.35, 0.16, size_m=2.5) + air


def _key(stage: LayerStage) -> float:
    return stage.pick("key", 780.0, 0.3) * ratio(-0.5 * stage.traits.size)


def _click(stage: LayerStage, events: Events) -> Array:
    u = events.u
    tick = pool(stage, "tick", band(1800.0, 9000.0, 2))
    sound = burst(stage, "tick", events.at, tick, 0.0003, 0.0018, 0.55, 0.0)
    release = events.at + (0.055 + 0.02 * u[:, 0]) * RATE
    sound += burst(stage, "release", release, tick, 0.0003, 0.0012, 0.25, 0.0)
    modes = _key(stage) * np.array([1.6, 3.1, 4.7])
    return sound + ring(
        stage, "button", events.at[:, None], modes, np.array([0.007, 0.004, 0.003]), np.array([0.26, 0.18, 0.12])
    )


def _tones(
    stage: LayerStage, name: str, events: Events, steps: tuple[tuple[float, float, float], ...], life: float
) -> Array:
    """Struck tones, each (late in s, semitones, loudness)."""
    late, semitones, loud = np.array(steps).T[:, :, None]
    bar = np.append(_BAR, 2.003)  # and a soft octave
    hertz = _key(stage) * exp2(semitones / 12.0) * bar
    lives = life * np.array([1.0, 0.35, 0.15, 0.08, 0.6])
    shares = 1.25 * loud * np.array([0.30, 0.085, 0.04, 0.02, 0.07])
    at = events.at[:, None, None] + late * RATE
    return ring(stage, name, at, hertz, lives, shares, 0.05)


def _alert(stage: LayerStage, events: Events) -> Array:
    return _tones(
        stage, "alert", events, ((0.0, 5.0, 1.0), (0.13, 0.0, 0.9), (0.38, 5.0, 0.8), (0.51, 0.0, 0.7)), 0.075
    )


def _confirm(stage: LayerStage, events: Events) -> Array:
    return _tones(stage, "confirm", events, ((0.0, 0.0, 0.7), (0.075, 5.0, 0.8), (0.15, 12.0, 1.0)), 0.16)


_SOUNDS = {"click": _click, "alert": _alert, "confirm": _confirm}


def alarm(stage: LayerStage) -> Array:
    """A klaxon of a ship or station: a buzz that climbs from 360 to 620 Hz each 1.3 s, in a hall of steel.

    A beeper (smoke detector, alarm clock) gives bursts at 2–3.2 kHz in the patterns of ISO 8201: three, then a rest.
    """
    traits = stage.traits
    if "beep" in traits.facets:
        return _beeper(stage)
    period = 1.35 * ratio(-0.5 * traits.rate)
    whoops = beats(stage, "whoop", period, 0.0, 0.06)
    time = times(1.5)
    part = np.clip(time / (0.74 * period), 0.0, 1.0) + 0.0 * whoops.u[:, 0:1]
    base = stage.pick("klaxon", 350.0, 0.15) * ratio(-0.6 * traits.size)
    hertz = base * exp2(0.85 * part * (2.0 - part)) * (1.0 + 0.004 * sine(time * 31.0))
    loud = 0.15 * bump(time, np.full((len(whoops), 1), 0.80 * period), 0.06) * (0.85 + 0.15 * sine(time * 55.0))
    order = np.arange(1, 19)
    horn_shares = decay(order / 7.0) * np.array([0.45, 0.9, 1.0, 0.7, 0.9, 0.6] + [0.5] * 12)
    sound = call(stage, "klaxon", whoops.at, hertz, loud, horn_shares, -0.15)
    sound = sound + call(stage, "answer", whoops.at + 0.021 * RATE, 1.007 * hertz, 0.45 * loud, horn_shares[:8], 0.7)
    low = noise(stage, "deck", tilted(45.0, 500.0, 3, 1), alike=0.4) * fine(
        0.012 * exp2(0.2 * stage.drift("deck", 1.5, 2))
    )
    return room(stage, "deck", sound, 1.0, 0.42, size_m=11.0, bright_hz=3500.0) + low


def _beeper(stage: LayerStage) -> Array:
    clock = stage.choose("pattern", 2)  # an alarm clock's four quick beeps, or a smoke detector's three long ones
    gap, count, long, period = ((0.5, 3, 0.42, 2.1), (0.125, 4, 0.075, 1.0))[clock]
    tempo = ratio(-0.4 * stage.traits.rate)
    groups = beats(stage, "group", period * tempo, 0.0, 0.06)
    at = (groups.at[:, None] + np.arange(count) * gap * tempo * RATE).ravel()
    time = times(0.5)
    loud = 0.11 * np.clip(time / 0.004, 0.0, 1.0) * np.clip((long * tempo - time) / 0.006, 0.0, 1.0)
    hertz = stage.pick("buzzer", (3050.0, 2080.0)[clock], 0.06) * ratio(-0.4 * stage.traits.size)
    curve = np.full((len(at), time.shape[1]), hertz) * (1.0 - 0.004 * decay(time / 0.02))
    sound = call(stage, "beep", at, curve, np.broadcast_to(loud, curve.shape), (1.0, 0.12, 0.32, 0.05, 0.12), 0.15)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.002
    return room(stage, "bedroom", sound, 0.4, 0.25, size_m=4.0) + air
