"""Songbirds, gulls, owls."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import beats, bouts, call
from scenebuild.engines.sketch.kit.noise import noise, tilted
from scenebuild.engines.sketch.kit.space import echo
from scenebuild.engines.sketch.kit.stage import CONTROL, RATE, LayerStage, fine


def times(seconds: float) -> Array:
    """The points of a call of that length, in seconds; shape ``(1, points)``."""
    return np.arange(int(seconds * RATE / CONTROL) + 1, dtype=np.float64)[None] * (CONTROL / RATE)


def bump(time: Array, length: Array, rise: float = 0.15) -> Array:
    """A smooth loudness from 0 to 1 to 0 within ``length``, its crest after the share ``rise`` of it."""
    part = np.clip(time / length, 0.0, 1.0)
    up = np.clip(part / rise, 0.0, 1.0)
    down = np.clip((1.0 - part) / (1.0 - rise), 0.0, 1.0)
    return up * up * (3.0 - 2.0 * up) * np.sqrt(down) * down


def _bird(stage: LayerStage, name: str, pause_s: float, first_s: float) -> Array:
    """One bird with a repertoire of four motifs of its own; it sings one, rests, sings the same or another.

    Notes of 40–200 ms sweep through 2–8 kHz (the syrinx is nearly a pure tone), in motifs of 2–9 notes; trills repeat
    one note 12–25 times a second (Catchpole and Slater 2008).
    """
    spread = stage.stream(f"song:{name}")
    motifs = stage.keep(f"motifs:{name}", lambda: spread.random((4, 6)))
    tessitura = stage.pick(f"height:{name}", 3700.0, 0.45) * ratio(-0.5 * stage.traits.size)
    phrases = beats(stage, f"phrase:{name}", pause_s, 0.55, first_s)
    u = phrases.u
    choice = np.minimum((u[:, 0] * 4).astype(int), 3)
    style = motifs[choice]
    trill = style[:, 0] < 0.4
    gap = np.where(trill, 0.045 + 0.04 * style[:, 1], 0.13 + 0.14 * style[:, 1]) * ratio(-0.4 * stage.traits.rate)
    count = np.where(trill, 7 + 9 * style[:, 2], 2 + 5 * style[:, 2] + 2 * u[:, 1]).astype(int)
    at, which, number = bouts(phrases, count, gap)
    s, time = style[which], times(0.22)
    # notes of one motif differ in a way that belongs to the motif, and a little each time
    twist = sine(s[:, 3] * 7.0 + number * (0.31 + 0.2 * s[:, 4]))
    length = np.where(trill[which], 0.7 * gap[which], 0.06 + 0.12 * np.abs(twist))[:, None]
    part = np.clip(time / length, 0.0, 1.0)
    sweep = np.where(trill[which], 0.55, 0.8 * (s[:, 5] - 0.4))[:, None]
    flutter = 0.06 * (s[:, 1:2] > 0.6) * sine(time * (28.0 + 30.0 * s[:, 2:3]))
    hertz = tessitura * exp2(
        0.45 * twist[:, None] * ~trill[which][:, None]
        + sweep * (0.5 - part)
        + flutter
        + 0.35 * sine(0.5 * part) * (s[:, 4:5] - 0.5)
    )
    near = stage.pick(f"near:{name}", 0.13, 0.9)
    loud = near * (0.55 + 0.45 * u[which, 3:4]) * bump(time, length, 0.3)
    return call(stage, name, at, hertz, loud, [1.0, 0.10, 0.03], place_of(stage, name))


def place_of(stage: LayerStage, name: str) -> float:
    """The pan position of one animal for the whole take, −0.9 … 0.9."""
    return stage.keep(f"place:{name}", lambda: 1.8 * stage.stream(f"where:{name}").random() - 0.9)


def songbirds(stage: LayerStage) -> Array:
    """Several singers, near and far, each with its own repertoire, in the open."""
    traits, chorus = stage.traits, "chorus" in stage.traits.facets  # at dawn all sing at once, with hardly a pause
    voices = (7 if chorus else 4) * ratio(0.6 * traits.many + 0.4 * traits.amount - 0.6 * traits.rests)
    singers = int(np.clip(round(voices), 1, 8))
    pause = (1.5 if chorus else 2.3) * ratio(0.9 * traits.rests - 0.5 * traits.rate - 0.4 * traits.amount)
    sound = np.zeros((2, 1))
    for k in range(singers):
        late = 0.08 if k == 0 else 0.3 + 1.1 * k * stage.keep(f"late{k}", lambda k=k: stage.stream(f"late{k}").random())  # type: ignore[misc]
        sound = sound + _bird(stage, f"bird{k}", pause * (0.8 + 0.25 * k), late)
    air = noise(stage, "air", tilted(90.0, 4000.0, 3, 1)) * fine(0.004 * exp2(0.5 * stage.drift("air", 2.0, 3)))
    return echo(stage, "trees", sound, 0.55) + air


def gull(stage: LayerStage) -> Array:
    """The long call: mews of 0.3–0.6 s, some twelve harmonics over 700–1100 Hz, each starts high and yelps down."""
    traits = stage.traits
    pause = 3.2 * ratio(0.8 * traits.rests - 0.5 * traits.many - 0.3 * traits.amount)
    phrases = beats(stage, "call", pause, 0.5, 0.12)
    u = phrases.u
    gap = (0.36 + 0.22 * u[:, 0]) * ratio(-0.4 * traits.rate)
    at, which, number = bouts(phrases, np.floor(2 + 4.9 * u[:, 1]), gap)
    v, time = u[which], times(0.65)
    length = (0.30 + 0.25 * v[:, 2] - 0.02 * number)[:, None]
    part = np.clip(time / length, 0.0, 1.0)
    base = 760.0 * exp2(0.5 * v[:, 3] - 0.5 * traits.size)[:, None]
    arch = 0.55 * sine(0.5 * np.sqrt(part)) - 0.35 * part - 0.02 * number[:, None]
    rough = 0.018 * sine(time * 63.0) * part
    loud = (0.10 + 0.14 * v[:, 4:5]) * bump(time, length, 0.25) * (1.0 + 0.25 * sine(time * 31.0))
    partials = np.array([0.5, 1.0, 0.9, 0.55, 0.5, 0.32, 0.2, 0.14, 0.10, 0.06, 0.04, 0.03])
    sound = call(stage, "mew", at, base * exp2(arch + rough), loud, partials, 1.7 * v[:, 5] - 0.85)
    air = noise(stage, "air", tilted(90.0, 3000.0, 3, 1)) * 0.004
    return echo(stage, "cliff", sound, 0.5) + air


def owl(stage: LayerStage) -> Array:
    """A tawny owl's hoot: one long note of 0.7 s, a rest, then a wavering one at 16 beats a second, 380–480 Hz."""
    traits = stage.traits
    pause = 6.0 * ratio(0.7 * traits.rests - 0.5 * traits.many - 0.4 * traits.rate)
    phrases = beats(stage, "hoot", pause, 0.3, 0.15)
    rows = [(0.0, 0.75, 0.0), (1.55, 0.16, 0.0), (1.85, 1.25, 1.0)]
    base = stage.pick("pitch", 415.0, 0.12) * ratio(-0.35 * traits.size)
    time, sound = times(1.4), np.zeros((2, 1))
    for k, (late, long, waver) in enumerate(rows):
        n = len(phrases)
        length = np.full((n, 1), long)
        part = np.clip(time / length, 0.0, 1.0)
        hertz = base * exp2(0.13 * sine(0.5 * part) - 0.05 * part + 0.02 * waver * sine(16.0 * time))
        tremble = 1.0 - waver * (0.42 + 0.42 * sine(16.0 * time)) * np.clip(1.3 - part, 0.0, 1.0)
        loud = 0.30 * (0.8 + 0.2 * phrases.u[:, 0:1]) * bump(time, length, 0.3) * tremble
        sound = sound + call(
            stage,
            f"hoot{k}",
            phrases.at + late * RATE,
            np.broadcast_to(hertz, loud.shape),
            loud,
            [1.0, 0.09, 0.035, 0.01],
            0.5 * place_of(stage, "owl"),
        )
    night = noise(stage, "night", tilted(90.0, 3500.0, 3, 1)) * 0.0035
    return echo(stage, "wood", sound, 0.8) + night
