"""Crickets, cicadas and bees."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio
from scenebuild.engines.sketch.kit.grains import beats, call
from scenebuild.engines.sketch.kit.noise import noise, tilted
from scenebuild.engines.sketch.kit.pulses import body, pulses, through, train
from scenebuild.engines.sketch.kit.space import echo, highpass, tone
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage
from scenebuild.engines.sketch.recipes.birds import bump, place_of, times


def crickets(stage: LayerStage) -> Array:
    """Field crickets: chirps of 3 or 4 pulses of 17 ms, 30 a second, a pure 4.2–5 kHz, some 2.5 chirps a second.

    Each pulse is one closing of the wings (Bennet-Clark 1989); neighbours keep time only roughly.
    """
    traits = stage.traits
    many = int(np.clip(round(5 * ratio(0.6 * traits.many + 0.4 * traits.amount - 0.7 * traits.rests)), 1, 9))
    sound = np.zeros((2, 1))
    for k in range(many):
        name = f"cricket{k}"
        period = stage.pick(f"period:{name}", 0.40, 0.25) * ratio(0.3 * traits.rests - 0.5 * traits.rate)
        chirps = beats(stage, name, period, 0.05, 0.03 + 0.31 * (k * 0.618 % 1.0))
        pulse_count = 3 + stage.choose(f"pulses:{name}", 2)
        gap = stage.pick(f"gap:{name}", 0.033, 0.10)
        number = np.arange(pulse_count)[None]
        at = (chirps.at[:, None] + number * gap * RATE).ravel()
        strength = np.broadcast_to(0.6 + 0.4 * (number + 1) / pulse_count, (len(chirps), pulse_count)).reshape(-1, 1)
        time = times(0.026)
        pitch = stage.pick(f"pitch:{name}", 4550.0, 0.12) * ratio(-0.2 * traits.size)
        near = stage.pick(f"near:{name}", 0.11, 1.0) * (1.0 if k else 1.4)
        loud = near * strength * bump(time, np.array([[0.019]]), 0.35)
        hertz = np.broadcast_to(pitch * (1.0 - 0.9 * time), loud.shape)
        sound = sound + call(stage, name, at, hertz, loud, [1.0, 0.035, 0.015], place_of(stage, name))
    night = noise(stage, "night", tilted(120.0, 5000.0, 3, 1)) * 0.004
    return echo(stage, "grass", sound, 0.35) + night


_TYMBAL = (
    (5300.0, 0.0011, 0.5), (6400.0, 0.0009, 0.5), (7600.0, 0.0006, 0.35), (3100.0, 0.0007, 0.12),
    (11200.0, 0.0004, 0.15),
)  # fmt: skip


def cicadas(stage: LayerStage) -> Array:
    """Tymbals click 180–240 times a second and ring near 5–7 kHz; the song swells and dies over several seconds."""
    traits = stage.traits
    many = int(np.clip(round(4 * ratio(0.5 * traits.many + 0.3 * traits.amount)), 1, 7))
    trains, low = np.zeros((2, 1)), ratio(-0.3 * traits.size)
    for k in range(many):
        name = f"cicada{k}"
        swell = np.clip(0.75 + 0.7 * stage.drift(f"swell:{name}", 3.2 * ratio(-traits.rate), 2), 0.06, 1.3)
        beat = 0.8 + 0.35 * stage.drift(f"beat:{name}", 0.09, 1)
        at, number = pulses(stage, name, stage.pick(f"rate:{name}", 205.0, 0.12) * (0.85 + 0.15 * swell))
        index = (at / CONTROL).astype(np.int64)
        pair = np.where(number % 2 == 0, 1.0, 0.6)  # the tymbal clicks in and out
        shaken = at + 30.0 * stage.stream(f"shake:{name}").random(len(at))
        gain = stage.pick(f"near:{name}", 0.5, 0.6) * pair * (swell * beat)[index]
        trains = trains + train(np.minimum(shaken, 61438.0), gain, place_of(stage, name))
    modes = [(hertz * low, life, gain) for hertz, life, gain in _TYMBAL]
    sound = tone(stage, "body", trains, lambda: body(modes, 1024).then(highpass(2500.0)).then(highpass(2500.0)))
    air = noise(stage, "chorus", tilted(4200.0 * low, 8200.0 * low, 1, 4)) * 0.018
    return echo(stage, "trees", sound, 0.4) + air


_WING = ((1.0, 0.0045, 0.6), (2.1, 0.003, 0.55), (4.3, 0.0016, 0.45), (9.0, 0.0007, 0.30), (17.0, 0.0003, 0.2))


def bees(stage: LayerStage) -> Array:
    """Wings at 200–250 Hz with strong harmonics; each bee comes and goes with its own Doppler and turn of pitch."""
    traits = stage.traits
    one = "one" in traits.facets
    many = 1 if one else int(np.clip(round(7 * ratio(0.6 * traits.many + 0.4 * traits.amount - traits.rests)), 1, 10))
    base = (330.0 if one else 215.0) * ratio(-0.8 * traits.size)
    trains = np.zeros((2, 1))
    for k in range(many):
        name = f"bee{k}"
        visit = stage.drift(f"visit:{name}", 1.6 * ratio(-0.6 * traits.rate), 3)
        near = exp2(np.minimum(2.6 * visit, 2.2) - (0.4 if k else 0.0))
        hertz = stage.pick(f"wing:{name}", base, 0.15) * exp2(0.16 * stage.drift(f"turn:{name}", 0.45, 4))
        at, _ = pulses(stage, name, hertz)
        index = (at / CONTROL).astype(np.int64)
        side = np.clip(1.2 * stage.drift(f"side:{name}", 1.3, 2), -0.95, 0.95)
        rough = 1.0 + 0.25 * (stage.stream(f"rough:{name}").random(len(at)) - 0.5)
        trains = trains + train(at, 0.06 * near[index] * rough, side[index])
    modes = [(part * base, life, gain) for part, life, gain in _WING]
    air = noise(stage, "air", tilted(150.0, 4000.0, 3, 1)) * 0.004
    return through(stage, "wing", trains, modes, 2048) + air
