"""Crows, cats, frogs and horses."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import beats, bouts, burst, call, ring
from scenebuild.engines.sketch.kit.noise import band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, through, train
from scenebuild.engines.sketch.kit.space import echo
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.birds import bump, place_of, times


def somewhere(stage: LayerStage, width: float = 0.8) -> float:
    """A pan position for the whole take, at most ``width`` from the middle."""
    return width * stage.keep("place", lambda: 2.0 * float(stage.stream("where").random()) - 1.0)


def crow(stage: LayerStage) -> Array:
    """Caws of 0.3–0.5 s in bouts of two to five: harmonics of 430–560 Hz, strongest at 1–2 kHz, torn by chaos.

    The syrinx of a crow is driven so hard that its pitch jitters from one cycle to the next (Fletcher 2000).
    """
    traits = stage.traits
    pause = 4.2 * ratio(0.8 * traits.rests - 0.6 * traits.many - 0.3 * traits.rate)
    rounds = beats(stage, "caw", pause, 0.45, 0.12)
    at, which, number = bouts(rounds, np.floor(2.0 + 3.6 * rounds.u[:, 0]), 0.62 + 0.25 * rounds.u[:, 1])
    v = rounds.u[which]
    time = times(0.56)
    length = (0.30 + 0.16 * v[:, 2] + 0.03 * (number == 0))[:, None] * ratio(0.3 * traits.size)
    part = np.clip(time / length, 0.0, 1.0)
    throat = stage.pick("throat", 470.0, 0.15) * ratio(-0.7 * traits.size)
    arch = exp2(0.45 * sine(0.5 * np.sqrt(part)) - 0.30 * part - 0.02 * number[:, None])
    torn = (stage.stream("chaos").random(part.shape) - 0.5) * (0.05 + 0.13 * part) * min(stage.wild, 1.5)
    rasp = 1.0 + 0.45 * sine(time * (64.0 + 22.0 * v[:, 3:4]))
    loud = 0.085 * (0.75 + 0.5 * v[:, 4:5]) * bump(time, length, 0.16) * rasp
    shares = np.array([0.35, 0.8, 1.0, 0.95, 0.6, 0.5, 0.32, 0.36, 0.28, 0.16, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04])
    place = somewhere(stage)
    sound = call(stage, "caw", at, throat * arch * (1.0 + torn), loud, shares, place)
    breath = pool(stage, "breath", summed((1.0, resonance(1450.0, 2.0)), (0.6, tilted(900.0, 7000.0, 2, 1))))
    sound += burst(stage, "breath", at, breath, 0.07, 0.06, 0.06 * (0.6 + v[:, 5]), place)
    return echo(stage, "field", sound, 0.6) + noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.004


def cat(stage: LayerStage) -> Array:
    """Meows: 0.6–1 s, an arch of 450–750 Hz (Nicastro 2004) whose mouth opens and closes; or a purr."""
    traits = stage.traits
    if "purr" in traits.facets:
        return _purr(stage)
    calls = beats(stage, "meow", 3.0 * ratio(0.7 * traits.rests - 0.5 * traits.many - 0.3 * traits.rate), 0.45, 0.1)
    u, time = calls.u, times(1.25)
    length = (0.55 + 0.45 * u[:, 0:1]) * ratio(0.2 * traits.size - 0.3 * traits.rate)
    part = np.clip(time / length, 0.0, 1.0)
    voice = stage.pick("voice", 500.0, 0.14) * ratio(-0.6 * traits.size) * exp2(0.2 * u[:, 1:2])
    arch = exp2(0.42 * sine(0.5 * np.sqrt(part)) * (0.6 + 0.6 * u[:, 2:3]) - 0.38 * part * part)
    tremor = 1.0 + 0.006 * sine(time * (7.0 + 4.0 * u[:, 3:4])) + 0.012 * (stage.stream("v").random(part.shape) - 0.5)
    # the mouth: closed (m), spread (i), open (a), rounded (u); each a set of harmonics as its formants lift them
    opening = np.clip(sine(0.5 * np.clip(part * 1.08 - 0.04, 0.0, 1.0)), 0.0, 1.0)
    spread = np.clip(1.0 - np.abs(part - 0.2) / 0.25, 0.0, 1.0)
    hertz, loud, place = voice * arch * tremor, 0.20 * bump(time, length, 0.22), 0.6 * somewhere(stage)
    mouths = (
        ("m", 1.0 - 0.75 * opening, (1.0, 0.4, 0.1, 0.04, 0.02)),
        ("i", 0.6 * spread, (0.5, 0.25, 0.3, 0.7, 0.8, 0.5, 0.25, 0.14, 0.08, 0.05)),
        ("a", opening * (1.0 - 0.5 * spread), (0.5, 1.0, 0.9, 0.45, 0.3, 0.2, 0.2, 0.12, 0.07, 0.05, 0.04, 0.03)),
    )
    sound = np.zeros((2, 1))
    for name, share, partials in mouths:
        sound = sound + call(stage, name, calls.at, hertz, loud * share, partials, place)
    breath = pool(stage, "breath", summed((1.0, resonance(1900.0, 2.5)), (0.5, band(3000.0, 9000.0, 1))))
    sound += burst(stage, "breath", calls.at, breath, 0.12, 0.16, 0.010, place)
    return echo(stage, "yard", sound, 0.30) + noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.003


_CHEST = (
    (52.0, 0.012, 0.9), (96.0, 0.010, 1.0), (168.0, 0.008, 0.8), (310.0, 0.005, 0.5), (620.0, 0.003, 0.3),
    (1350.0, 0.0012, 0.22), (2700.0, 0.0007, 0.14),
)  # fmt: skip


def _purr(stage: LayerStage) -> Array:
    """The larynx opens 25 times a second, breathing in and out alike (Frazer Sissom 1991): trains of soft thuds."""
    traits = stage.traits
    breath = stage.phase("breath", 0.42 * ratio(0.5 * traits.rate) * exp2(0.12 * stage.drift("calm", 2.5, 2)))
    inward = sine(breath)
    flow = np.sqrt(np.clip(np.abs(inward) - 0.12, 0.0, 1.0)) * (1.0 - 0.25 * (inward < 0.0))
    beat = stage.pick("purr", 25.5, 0.06) * ratio(-0.3 * traits.size) * (1.0 + 0.05 * inward)
    at, _ = pulses(stage, "glottis", beat * exp2(0.05 * stage.wild * stage.drift("unsteady", 0.09, 2)))
    index = (at / CONTROL).astype(np.int64)
    force = flow[index] * (0.7 + 0.6 * stage.stream("force").random(len(at)))
    sound = through(stage, "chest", train(at, 0.34 * force, 0.04), _CHEST)
    turns = stage.phase("flutter", beat)
    gate = flow * (0.25 + 0.75 * (0.5 + 0.5 * sine(turns)))
    air = noise(stage, "nose", summed((1.0, tilted(250.0, 2500.0, 2, 1)), (0.5, resonance(1150.0, 2.5))), alike=0.7)
    return sound + air * fine(0.034 * gate + 0.001)


def frogs(stage: LayerStage) -> Array:
    """A pond of tree frogs: bouts of croaks, 4–6 a second, each a train of pulses at 1 and 2.2 kHz (Gerhardt 2002).

    The bullfrog is slow and near 200 Hz. Neighbours answer in turn more than they overlap.
    """
    traits = stage.traits
    bull = "bull" in traits.facets
    many = int(np.clip(round(5 * ratio(0.6 * traits.many + 0.4 * traits.amount - 0.7 * traits.rests)), 1, 8))
    sound = np.zeros((2, 1))
    for k in range(many):
        name = f"frog{k}"
        rounds = beats(stage, name, (2.3 + 0.31 * k) * ratio(0.6 * traits.rests), 0.45, 0.05 + 0.75 * k)
        gap = stage.pick(f"gap:{name}", 0.62 if bull else 0.205, 0.2) * ratio(-0.6 * traits.rate)
        count = np.floor((2.0 if bull else 4.0) + 7.0 * rounds.u[:, 0] * (0.4 if bull else 1.0))
        at, which, number = bouts(rounds, count, np.full(len(rounds), gap))
        v = rounds.u[which]
        time = times(0.56 if bull else 0.15)
        length = (0.42 if bull else 0.095 + 0.02 * v[:, 1:2]) + np.zeros((len(at), 1))
        pitch = stage.pick(f"pitch:{name}", 96.0 if bull else 1080.0, 0.22) * ratio(-0.5 * traits.size)
        rise = 1.0 + (0.10 if bull else 0.07) * np.clip(time / length, 0.0, 1.0)
        beat = 0.5 + 0.5 * sine(time * stage.pick(f"pulse:{name}", 24.0 if bull else 92.0, 0.2) - 0.25)
        near = stage.pick(f"near:{name}", 0.12, 1.1) * (1.5 if k == 0 else 1.0) * (1.1 if bull else 1.0)
        loud = near * bump(time, length, 0.3) * (0.25 + 0.75 * beat * beat) * np.clip(0.5 + 0.2 * number, 0, 1)[:, None]
        partials = (0.4, 1.0, 0.75, 0.3, 0.2, 0.12, 0.06) if bull else (0.45, 1.0, 0.12, 0.14, 0.03)
        sound = sound + call(stage, name, at, pitch * rise + 0.0 * v[:, :1], loud, partials, place_of(stage, name))
    night = noise(stage, "night", tilted(110.0, 4500.0, 3, 1)) * 0.004
    return echo(stage, "pond", sound, 0.4) + night


# When the hooves fall, as shares of a stride, and how many strides a second (Hildebrand 1965, Barrey 1999).
_GAITS = {
    "": ((0.0, 0.24, 0.50, 0.74), 0.92),
    "trot": ((0.0, 0.02, 0.5, 0.52), 1.35),
    "gallop": ((0.0, 0.14, 0.32, 0.46), 2.05),
}


def horse(stage: LayerStage) -> Array:
    """Hooves on hard ground in the order of the gait: a hollow knock of the horn, a thud, some grit; and a whinny."""
    traits = stage.traits
    gait = next((name for name in ("gallop", "trot") if name in traits.facets), "")
    falls, strides = _GAITS[gait]
    tempo = stage.pick("tempo", strides, 0.08) * ratio(0.4 * traits.rate)
    strides_at = beats(stage, "stride", 1.0 / tempo, 0.03, 0.1)
    foot = np.arange(4)
    at = (strides_at.at[:, None] + (np.array(falls) + 0.02 * strides_at.u[:, :4]) / tempo * RATE).ravel()
    u = np.repeat(strides_at.u, 4, axis=0)
    limb = np.tile(foot, len(strides_at))
    force = (0.55 + 0.5 * ((limb * 0.41 + u[:, 4]) % 1.0)) * (1.25 if gait == "gallop" else 0.9)
    tune = np.array([1.0, 1.24, 0.93, 1.17])[limb][:, None] * (1.0 + 0.06 * u[:, 5:6]) * ratio(-0.3 * traits.size)
    place = 0.15 * sine(limb / 4.0)
    horn = ring(
        stage,
        "horn",
        at[:, None],
        tune * np.array([690.0, 1180.0, 2050.0, 3400.0]),
        np.array([0.014, 0.010, 0.006, 0.003]),
        force[:, None] * np.array([0.24, 0.20, 0.12, 0.07]),
        place[:, None],
    )
    thud = ring(
        stage,
        "ground",
        at[:, None],
        np.array([78.0, 135.0, 220.0]) * tune,
        np.array([0.028, 0.018, 0.011]),
        force[:, None] * np.array([0.20, 0.17, 0.10]),
        place[:, None],
    )
    grit = pool(stage, "grit", band(1200.0, 8000.0, 1))
    sound = horn + thud + burst(stage, "grit", at, grit, 0.002, 0.011, 0.13 * force * (0.4 + u[:, 6]), place)
    late = 0.25 if "neigh" in traits.facets else 2.6
    sound = sound * (0.35 if "neigh" in traits.facets else 1.0) + _whinny(stage, late)
    return echo(stage, "lane", sound, 0.45) + noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.004


def _whinny(stage: LayerStage, late_s: float) -> Array:
    """From a squeal above 1 kHz down to 500 Hz, shaken 11 times a second, on two pitches at once (Briefer 2015)."""
    neighs = beats(stage, "neigh", (4.5 if late_s < 1 else 9.0) * ratio(stage.traits.rests), 0.3, late_s)
    u, time = neighs.u, times(2.1)
    length = 1.45 + 0.55 * u[:, 0:1]
    part = np.clip(time / length, 0.0, 1.0)
    shake = sine(time * (10.0 + 2.5 * u[:, 1:2]))
    climb = np.clip(part / 0.12, 0.0, 1.0)
    fall = exp2(0.35 * climb - 1.25 * part * part + 0.10 * shake * np.clip(part * 4.0, 0.0, 1.0))
    torn = 1.0 + 0.07 * part * (stage.stream("torn").random(part.shape) - 0.5)
    hertz = 860.0 * ratio(-0.4 * stage.traits.size) * fall * torn
    loud = 0.16 * bump(time, length, 0.12) * (0.72 + 0.28 * shake)
    shares = (0.8, 1.0, 0.75, 0.5, 0.28, 0.2, 0.12, 0.08, 0.06, 0.04)
    place = 0.7 * somewhere(stage)
    low = call(stage, "low", neighs.at, hertz, loud, shares, place)
    high = call(stage, "high", neighs.at, 1.62 * hertz, 0.35 * loud * (1.0 - part), (1.0, 0.5, 0.25, 0.1), place)
    snort = pool(stage, "snort", summed((1.0, resonance(900.0, 1.5)), (0.5, tilted(500.0, 6000.0, 2, 1))))
    at = neighs.at + (length[:, 0] + 0.12) * RATE
    return low + high + burst(stage, "snort", at, snort, 0.05, 0.11, 0.14, place)
