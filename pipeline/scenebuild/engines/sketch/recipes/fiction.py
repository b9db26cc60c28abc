"""Fiction: spaceships, magic, horror, drones and risers."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import beats, bouts, burst, call, played, poisson, ring, wave
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.birds import bump, times

_SAW = tuple(1.0 / n for n in range(1, 17))


def ship(stage: LayerStage) -> Array:
    """A spaceship: the hum of its drive and the beeps of a console; or the laser, shield or hum that are named."""
    facets = stage.traits.facets
    sound = np.zeros((2, 1))
    if "laser" in facets:
        sound = sound + _laser(stage)
    if "shield" in facets:
        sound = sound + _shield(stage)
    if not facets or "hum" in facets:
        sound = sound + _drive(stage)
    if not facets:
        sound = sound + _console(stage)
    return room(stage, "bridge", sound, 0.9, 0.35, size_m=9.0)


def _drive(stage: LayerStage) -> Array:
    """Two saws a beat apart and their octave under a slowly turning colour; air in the ducts."""
    base = stage.pick("drive", 55.0, 0.3) * ratio(-0.6 * stage.traits.size + 0.3 * stage.traits.rate)
    dull = stage.keep("dull", lambda: wave(tuple(float(decay(n / 2.5)) for n in range(1, 9))))
    clear = stage.keep("clear", lambda: wave(tuple((1.0 if n % 3 else 0.2) / n for n in range(2, 20))))
    one, two = fine(stage.phase("one", base)), fine(stage.phase("two", base * 1.0085))
    turn = 0.5 + 0.5 * sine(stage.phase("turn", 0.19 * ratio(stage.traits.rate)))
    throb = 1.0 + 0.22 * sine(stage.phase("throb", 1.9 * ratio(stage.traits.rate)))
    left = played(dull, one) + 0.6 * played(dull, two) + fine(0.30 * turn) * played(clear, one)
    right = played(dull, two) + 0.6 * played(dull, one) + fine(0.30 * (1.0 - turn)) * played(clear, two)
    ducts = noise(stage, "ducts", summed((1.0, tilted(80.0, 1200.0, 2, 1)), (0.35, resonance(430.0, 6.0))))
    return np.stack((left, right)) * fine(0.105 * throb) + ducts * fine(
        0.030 * exp2(0.3 * stage.drift("ducts", 2.0, 2))
    )


def _console(stage: LayerStage) -> Array:
    """Telemetry: short runs of pips between 900 Hz and 3 kHz, each run on a grid of its own."""
    runs = beats(stage, "run", 2.6 * ratio(stage.traits.rests), 0.6, 0.5)
    at, which, number = bouts(runs, 2 + 6 * runs.u[:, 1], 0.055 + 0.05 * runs.u[:, 0])
    u = runs.u[which]
    step = np.rint(6.0 * sine(u[:, 2] * 9.0 + number * (0.17 + 0.3 * u[:, 3])))
    hertz = 1300.0 * exp2(u[:, 4] - 0.4 + step / 12.0)
    time = times(0.06)
    loud = 0.085 * bump(time, np.full((len(at), 1), 0.05), 0.1)
    return call(stage, "pip", at, hertz[:, None] + 0.0 * time, loud, (1.0, 0.0, 0.15), 1.6 * u[:, 5] - 0.8)


def _laser(stage: LayerStage) -> Array:
    """A shot falls from 5 kHz to 150 Hz in 0.35 s, as a wave on a struck steel wire does: high frequencies arrive
    first (the dispersion of a Slinky or a guy wire, from which such sounds were recorded)."""
    traits = stage.traits
    shots = beats(stage, "shot", 0.85 * ratio(0.9 * traits.rests - 0.6 * traits.rate - 0.4 * traits.many), 0.55, 0.08)
    u, time = shots.u, times(0.62)
    top = stage.pick("laser", 4300.0, 0.3) * ratio(-0.6 * traits.size) * exp2(0.3 * u[:, 0:1])
    life = 0.045 + 0.035 * u[:, 1:2]
    hertz = 115.0 + top * (0.75 * decay(time / life) + 0.25 * decay(time / (2.8 * life)))
    hertz = hertz * (1.0 + 0.05 * sine(time * 71.0) * (u[:, 2:3] > 0.5))
    loud = 0.17 * np.clip(time / 0.002, 0.0, 1.0) * decay(time / 0.13) * np.clip((0.62 - time) / 0.1, 0.0, 1.0)
    place = 1.5 * u[:, 3] - 0.75
    sound = call(stage, "bolt", shots.at, hertz, loud + 0.0 * hertz, (1.0, 0.5, 0.35, 0.2, 0.12), place)
    sound = sound + call(
        stage, "wire", shots.at + 0.009 * RATE, 1.012 * hertz, 0.6 * loud + 0.0 * hertz, (1.0, 0.4), -place
    )
    zap = pool(stage, "zap", band(1500.0, 12000.0, 1))
    sound = sound + burst(stage, "zap", shots.at, zap, 0.0005, 0.012, 0.28, place)
    thump = ring(stage, "recoil", shots.at[:, None], np.array([63.0, 121.0, 177.0]), 0.05, np.array([0.22, 0.16, 0.08]))
    return sound + thump + noise(stage, "field", tilted(60.0, 1500.0, 3, 1)) * 0.004


def _shield(stage: LayerStage) -> Array:
    """A force field: a hum whose overtones vary in level, and impacts with a tremolo."""
    base = stage.pick("shield", 98.0, 0.2) * ratio(-0.5 * stage.traits.size)
    turns = fine(stage.phase("field", base * (1.0 + 0.004 * stage.drift("field", 0.4, 2))))
    sound = np.zeros((2, 1))
    for k, partials in enumerate(
        ((1.0, 0.6, 0.3), (0, 0, 0.6, 0.8, 0, 0.6), (0, 0, 0, 0, 0.5, 0, 0.7, 0, 0.5, 0, 0.4, 0, 0.3))
    ):
        shape = stage.keep(f"wave{k}", lambda p=partials: wave(p))  # type: ignore[misc]
        gain = fine(0.048 * exp2(1.2 * stage.drift(f"shimmer{k}", 0.35, 3) - 0.4 * k))
        sound = sound + np.stack((played(shape, turns), played(shape, turns * 1.0 + 0.13 * k))) * gain
    hits = beats(stage, "hit", 1.7 * ratio(stage.traits.rests - 0.5 * stage.traits.rate), 0.5, 0.35)
    time, u = times(0.9), hits.u
    ripple = 0.5 + 0.5 * sine(time * (19.0 + 14.0 * u[:, 0:1]))
    hertz = 6.0 * base * exp2(0.5 * u[:, 1:2] + 0.6 * decay(time / 0.12))
    loud = 0.12 * np.clip(time / 0.004, 0.0, 1.0) * decay(time / 0.22) * ripple * np.clip((0.9 - time) / 0.1, 0.0, 1.0)
    sound = sound + call(stage, "ripple", hits.at, hertz, loud, (1.0, 0.3, 0.5, 0.1, 0.3), 1.4 * u[:, 2] - 0.7)
    spark = pool(stage, "spark", tilted(900.0, 11000.0, 1, 1))
    sound = sound + burst(stage, "spark", hits.at, spark, 0.002, 0.07, 0.16, 1.4 * u[:, 2] - 0.7)
    return sound + noise(stage, "plasma", resonance(2900.0, 3.0)) * fine(
        0.010 * exp2(0.8 * stage.drift("plasma", 0.12, 3))
    )


def magic(stage: LayerStage) -> Array:
    """A spell: a run upwards over 24 small bars, as on a mark tree, over a swelling choir and high noise."""
    traits = stage.traits
    spells = beats(stage, "spell", 3.6 * ratio(0.8 * traits.rests - 0.5 * traits.rate), 0.2, 0.1)
    number = np.arange(24)
    u = np.repeat(spells.u[:, None], 24, axis=1)
    spread = np.sqrt(number / 24.0) * (1.5 + 0.7 * u[:, :, 0])
    at = spells.at[:, None] + (spread + 0.03 * ((number * 0.618 + u[:, :, 1]) % 1.0)) * RATE
    scale = np.array([0.0, 2.0, 4.0, 7.0, 9.0])[number % 5] / 12.0 + number // 5 * 0.6
    base = stage.pick("bars", 1050.0, 0.25) * ratio(-0.6 * traits.size)
    hertz = base * exp2(scale + 0.02 * ((number * 0.381 + u[:, :, 2]) % 1.0))
    loud = 0.13 * (0.4 + 0.9 * ((number * 0.755 + u[:, :, 3]) % 1.0)) * sine(0.04 + 0.42 * number / 24.0)
    place = np.broadcast_to(1.6 * ((number * 0.618) % 1.0) - 0.8, at.shape)
    sound = np.zeros((2, 1))
    for k, (mode, share, life) in enumerate(((1.0, 1.0, 0.105), (2.76, 0.4, 0.05))):
        there = hertz * mode < 15000.0
        sound = sound + ring(
            stage, f"bars{k}", at[there], (hertz * mode)[there], life, (share * loud)[there], place[there]
        )
    time = times(3.0)
    swell = (
        np.clip(time / 1.3, 0.0, 1.0) * decay(np.maximum(time - 1.5, 0.0) / 0.4) * np.clip((3.0 - time) / 0.4, 0.0, 1.0)
    )
    for k, side in enumerate((-0.6, 0.6)):  # a root, a fifth and an octave
        curve = 0.25 * base * (1.0 + 0.004 * sine(time * (5.0 + k))) + 0.0 * spells.u[:, :1]
        loud_choir = 0.055 * swell + 0.0 * curve
        choir = (0.0, 1.0, 0.9, 0.8, 0.0, 0.5, 0.0, 0.24, 0.1, 0.0, 0.0, 0.08)
        sound = sound + call(stage, f"choir{k}", spells.at, curve, loud_choir, choir, side)
    dust = poisson(stage, "dust", 14.0 * ratio(0.5 * traits.amount))
    sound = sound + ring(
        stage, "dust", dust.at, 4500.0 + 6500.0 * dust.u[:, 0], 0.024, 0.040 * dust.u[:, 1], 1.8 * dust.u[:, 2] - 0.9
    )
    air = noise(stage, "air", tilted(2500.0, 11000.0, 1, 1)) * fine(0.0045 * exp2(0.6 * stage.drift("air", 0.8, 3)))
    return room(stage, "vault", sound, 1.4, 0.6, size_m=14.0, bright_hz=9000.0) + air


def horror(stage: LayerStage) -> Array:
    """Dread: a cluster of low tones that beat roughly (Plomp and Levelt 1965), strings that slide and swell a
    semitone apart, metal that groans far away, and a breath of cold air."""
    traits = stage.traits
    base = stage.pick("dread", 49.0, 0.2) * ratio(-0.4 * traits.size)
    low = stage.keep("low", lambda: wave((1.0, 0.6, 0.35, 0.25, 0.12, 0.08)))
    sound = np.zeros((2, 1))
    for k, step in enumerate((1.0, 1.065, 1.414)):
        turns = fine(stage.phase(f"low{k}", base * step * (1.0 + 0.006 * stage.drift(f"low{k}", 1.1, 2))))
        gain = fine(0.092 * exp2(0.9 * stage.drift(f"swell{k}", 2.7, 2)))
        line = played(low, turns) * gain
        sound = sound + np.stack((line * (1.0 - 0.25 * k), line * (0.5 + 0.25 * k)))
    thin = stage.keep("thin", lambda: wave((1.0, 0.8, 0.6, 0.45, 0.3, 0.25, 0.2, 0.12)))
    strain = np.clip(0.45 + 1.2 * stage.drift("strain", 2.3, 2), 0.0, 1.0)
    for k, step in enumerate((1.0, 1.063, 1.13)):
        slide = exp2(0.10 * stage.drift(f"slide{k}", 1.9, 2) + 0.15 * strain)
        bow = 1.0 + 0.004 * sine(stage.phase(f"vibrato{k}", 5.3 + 0.4 * k)) + 0.003 * stage.drift(f"bow{k}", 0.03, 1)
        line = played(thin, fine(stage.phase(f"string{k}", 13.0 * base * step * slide * bow)))
        gain = fine(0.019 * strain * strain * exp2(0.7 * stage.drift(f"press{k}", 0.5, 2)))
        sound = sound + np.stack((line * (0.4 + 0.3 * k), line * (1.0 - 0.3 * k))) * gain
    groans = beats(stage, "groan", 5.5 * ratio(traits.rests - 0.4 * traits.rate), 0.5, 1.2)
    time, u = times(2.6), groans.u
    hertz = 190.0 * exp2(0.8 * u[:, 0:1] + 0.3 * sine(time * (0.35 + 0.3 * u[:, 1:2])) - 0.15 * time)
    hertz = hertz * (1.0 + 0.05 * (stage.stream("stick").random(hertz.shape) - 0.5))
    loud = 0.045 * bump(time, 1.6 + 0.9 * u[:, 2:3], 0.4) * (0.7 + 0.3 * sine(time * 17.0))
    sound = sound + call(
        stage, "groan", groans.at, hertz, loud, (0.4, 1.0, 0.3, 0.8, 0.2, 0.5, 0.3, 0.1), 1.6 * u[:, 3] - 0.8
    )
    cold = noise(stage, "cold", summed((1.0, resonance(640.0, 5.0)), (0.6, tilted(150.0, 3000.0, 3, 1))))
    sound += cold * fine(0.022 * exp2(1.1 * stage.drift("cold", 1.7, 3)))
    return room(stage, "cellar", sound, 1.5, 0.5, size_m=16.0, bright_hz=3000.0)


def drone(stage: LayerStage) -> Array:
    """An endless tone: beating pairs of root, fifth and octave, whose bands of overtones vary independently."""
    traits = stage.traits
    base = stage.pick("root", 55.0, 0.35) * ratio(-0.7 * traits.size)
    bands = (
        (1.0, 0.5),
        (0, 0.3, 0.6, 0.5, 0.3),
        (0, 0, 0, 0, 0.4, 0.5, 0.4, 0.35, 0.3),
        (0,) * 9 + (0.3, 0.3, 0.25, 0.25, 0.2, 0.2, 0.15),
    )
    shapes = [stage.keep(f"band{k}", lambda p=p: wave(p)) for k, p in enumerate(bands)]  # type: ignore[misc]
    tilt = traits.bright - 0.3
    colour = [fine(0.06 * exp2(0.8 * stage.drift(f"band{k}", 2.2 + k, 3) + (0.5 * tilt - 0.3) * k)) for k in range(4)]
    sound = np.zeros((2, 1))
    for k, (step, strength) in enumerate(((1.0, 1.0), (1.4983, 0.5), (2.0, 0.4))):
        for ear, detune in enumerate((0.9985, 1.0015)):
            turns = fine(
                stage.phase(
                    f"tone{k}{ear}", base * step * detune * (1.0 + 0.001 * stage.drift(f"float{k}{ear}", 1.5, 2))
                )
            )
            tone = strength * (played(shapes[0], turns) * colour[0] + played(shapes[1 + k], turns) * colour[1 + k])
            if k == 0:
                tone += strength * played(shapes[2], turns) * colour[2]
            sound = sound + np.stack((tone, 0.45 * tone) if ear else (0.45 * tone, tone))
    air = noise(stage, "air", summed((1.0, resonance(6.0 * base, 3.0)), (0.5, tilted(90.0, 3000.0, 3, 1))))
    sound += air * fine(0.010 * exp2(0.5 * stage.drift("air", 2.0, 2)))
    return room(stage, "nave", sound, 1.4, 0.35, size_m=18.0, bright_hz=3500.0)


def riser(stage: LayerStage) -> Array:
    """Tension: over five seconds noise climbs from 200 Hz to 8 kHz, a tone two octaves, a pulse quickens; then all
    stops at a boom that dies away. Rising loudness looms (Neuhoff 1998)."""
    traits = stage.traits
    period = 6.8 * ratio(-0.5 * traits.rate + 0.5 * traits.rests)
    climb = 0.74 * period
    time = np.remainder(stage.slow_seconds, period)
    part = np.clip(time / climb, 0.0, 1.0)
    up = (part * part + 0.06 * np.clip(time / 0.5, 0.0, 1.0)) * np.clip((climb - time) / 0.02, 0.0, 1.0)
    sound = np.zeros((2, 1))
    for k, centre in enumerate((280.0, 900.0, 2900.0, 8200.0)):
        near = np.maximum(0.0, 1.0 - np.abs(3.3 * part - k))
        hiss = noise(stage, f"hiss{k}", resonance(centre, 1.1), channels=2 if k > 1 else 1)
        sound = sound + hiss * fine(0.13 * np.sqrt(near) * up)
    base = stage.pick("tone", 82.0, 0.3) * ratio(-0.6 * traits.size)
    saw = stage.keep("saw", lambda: wave(_SAW))
    gate = 0.5 + 0.5 * sine(stage.phase("gate", 2.0 * exp2(3.0 * part)))
    for k, detune in enumerate((0.994, 1.0, 1.007)):
        line = played(saw, fine(stage.phase(f"tone{k}", base * detune * exp2(2.0 * part * part))))
        sound = sound + np.stack((line * (1.0 - 0.4 * k), line * (0.2 + 0.4 * k))) * fine(
            0.045 * up * (0.4 + 0.6 * gate)
        )
    booms = beats(stage, "boom", period, 0.0, climb)
    modes = np.array([38.0, 61.0, 97.0, 149.0])
    boom = ring(
        stage, "boom", booms.at[:, None], modes, np.array([0.42, 0.30, 0.2, 0.12]), np.array([0.45, 0.3, 0.22, 0.14])
    )
    crash = pool(stage, "crash", tilted(120.0, 7000.0, 2, 1))
    sound = sound + boom + burst(stage, "crash", booms.at, crash, 0.001, 0.14, 0.34)
    return room(stage, "void", sound, 1.4, 0.4, size_m=20.0)
