"""A slow piano and a jazz trio in the next room as placeholders for music."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, ratio, sine
from scenebuild.engines.sketch.kit.grains import Events, arrivals, beats, burst, call
from scenebuild.engines.sketch.kit.noise import band, noise, pool, tilted
from scenebuild.engines.sketch.kit.space import room
from scenebuild.engines.sketch.kit.stage import RATE, LayerStage, fine
from scenebuild.engines.sketch.recipes.birds import times

# Harmonics of a hammered string in three groups, with how long each group lives at middle C (Weinreich 1977: a
# prompt sound that dies fast, an aftersound that stays; the higher the harmonic, the sooner it is gone).
_GROUPS = (
    ((1.0, 0.62, 0.30), 1.30),
    ((0.0, 0.0, 0.12, 0.26, 0.18, 0.12), 0.42),
    ((0.0, 0.0, 0.0, 0.05, 0.06, 0.07, 0.075, 0.06, 0.05, 0.04, 0.03, 0.025), 0.22),
)
# Chords of a slow song as semitones above its key: bass, and the tones that the right hand may play.
_SONG = (
    (-12.0, 0.0, 4.0, 7.0, 11.0),
    (-15.0, -3.0, 0.0, 4.0, 9.0),
    (-19.0, -7.0, 0.0, 5.0, 9.0),
    (-17.0, -5.0, 2.0, 5.0, 11.0),
)
_SAD = (
    (-12.0, 0.0, 3.0, 7.0, 10.0),
    (-16.0, -4.0, 0.0, 3.0, 7.0),
    (-9.0, 3.0, 7.0, 10.0, 14.0),
    (-14.0, -2.0, 2.0, 5.0, 10.0),
)


def struck(
    stage: LayerStage,
    role: str,
    at: Array,
    hertz: Array,
    force: Array,
    hold_s: Array,
    where: Array,
    longest_s: float,
    groups: int = 3,
) -> Array:
    """Piano notes: three groups of harmonics a little sharp of true (stiff strings), the felt's knock, a damper.

    Lives halve with each octave upwards; what is struck harder is brighter.
    """
    sound = np.zeros((2, 1))
    for k, (partials, life) in enumerate(_GROUPS[:groups]):
        there = force > (0.0, 0.0, 0.4)[k]  # a soft touch leaves the highest group asleep
        hard, tone = force[there], hertz[there, None]
        end_s = min(longest_s, 4.0 * life)  # what has died is not played
        time = times(end_s)
        damped = decay(np.maximum(time - hold_s[there, None], 0.0) / 0.14) * np.clip((end_s - time) / 0.25, 0.0, 1.0)
        stay = life * np.sqrt(262.0 / tone)
        fade = 0.75 * decay(time / (0.35 * stay)) + 0.25 * decay(time / (1.6 * stay))
        strength = hard * (hard / 0.6 if k else 1.0) * (hard / 0.6 if k == 2 else 1.0)
        loud = 0.26 * strength[:, None] * fade * damped * np.clip(time / 0.004, 0.0, 1.0)
        pitch = tone * (1.0, 1.0012, 1.0040)[k] + 0.0 * time
        sound = sound + call(stage, f"{role}{k}", at[there], pitch, loud, partials, where[there])
    felt = pool(stage, "felt", tilted(90.0, 1800.0, 3, 1))
    return sound + burst(stage, f"{role} felt", at, felt, 0.001, 0.016, 0.05 * force, where)


def piano(stage: LayerStage) -> Array:
    """A slow song that never ends: a chord change every four beats at some 54 a minute, a bass note, a broken chord
    and a melody of chord tones that keeps near its last height, all with the hesitations of a player."""
    traits = stage.traits
    sad = "dark" in traits.facets or traits.bright < -0.4
    song = np.array(_SAD if sad else _SONG)
    beat = stage.pick("beat", 0.56, 0.12) * ratio(-0.8 * traits.rate)
    key = 261.6 * ratio(stage.choose("key", 7) / 12.0 - 0.25 - 0.6 * traits.size)
    steps = beats(stage, "step", beat, 0.03, 0.06)  # eighths
    n, u = steps.number, steps.u
    chord = song[n // 8 % 4]
    place = n % 8
    bass = place == 0
    arpeggio = (place % 2 == 1) & (u[:, 0] < 0.75) | ((place == 4) & (u[:, 0] < 0.9))
    melody = np.isin(place, (0, 3, 4, 6)) & (u[:, 1] < 0.72)
    voices = []
    for there, pitch, force, hold in (
        (bass, chord[:, 0], 0.50, 7.0),
        (arpeggio, chord[np.arange(len(n)), 1 + (place // 2 + n // 8) % 3], 0.30, 3.5),
        (melody, 12.0 + chord[np.arange(len(n)), 1 + (u[:, 2] * 4).astype(int)], 0.52, 2.6),
    ):
        late = (0.012 * u[:, 3] + 0.03 * (force > 0.51)) * RATE
        strength = force * (0.75 + 0.4 * u[:, 4]) * ratio(0.5 * traits.amount)
        voices.append(np.stack((steps.at + late, pitch, strength, 0.0 * u[:, 0] + hold * beat))[:, there])
    at, pitch, force, hold = np.concatenate(voices, axis=1)
    sound = struck(stage, "piano", at, key * exp2(pitch / 12.0), force, hold, np.clip(pitch / 40.0, -0.5, 0.6), 2.2)
    air = noise(stage, "air", tilted(70.0, 2500.0, 3, 1)) * 0.0025
    return room(stage, "salon", sound, 0.56, 0.5, size_m=9.0, bright_hz=4500.0) + air


# ii – V – I – vi, a bar each: the roots the bass walks from, and rootless voicings for the left hand of the piano.
_ROOTS = np.array([2.0, 7.0, 0.0, 9.0])
_VOICINGS = np.array([[5.0, 12.0, 16.0], [5.0, 11.0, 16.0], [4.0, 11.0, 14.0], [7.0, 12.0, 16.0]])
_WALKS = np.array([[0.0, 3.0, 7.0, 4.0], [0.0, 4.0, 7.0, 1.0], [0.0, 4.0, 7.0, 9.0], [0.0, 3.0, 7.0, 6.0]])


def jazz(stage: LayerStage) -> Array:
    """A trio across a club: a walking bass in quarters at some 116 a minute, brushes on two and four, a ride
    cymbal in swung eighths (2 : 1, Friberg 2002), and a piano that drops a chord in now and then."""
    traits = stage.traits
    beat = stage.pick("beat", 0.517, 0.1) * ratio(-0.6 * traits.rate)
    key = 130.8 * ratio(stage.choose("key", 7) / 12.0 - 0.25 - 0.4 * traits.size)
    quarters = arrivals(stage, "quarter", lambda rng, n: beat * (0.992 + 0.016 * rng.random(n)), 0.06)
    n, u = quarters.number, quarters.u
    bar = n // 4 % 4
    sound = _bass(
        stage, quarters, key / 2.0 * exp2((_ROOTS[bar] + _WALKS[bar, n % 4] - 12.0 * (_ROOTS[bar] > 6.0)) / 12.0), beat
    )
    comps = (u[:, 1] < 0.42) & (n % 2 == 1) | (n % 16 == 0)
    push = np.where(u[:, 2] < 0.6, 0.667 * beat, 0.0)[comps]
    at = np.repeat(quarters.at[comps] + push * RATE, 3)
    hertz = (key * exp2((_VOICINGS[bar[comps]] + 12.0 * (_VOICINGS[bar[comps]] < 6.0)) / 12.0)).ravel()
    force = np.repeat(0.20 + 0.14 * u[comps, 3], 3)
    sound = sound + struck(
        stage, "comp", at, hertz, force, np.repeat(0.25 + 1.1 * u[comps, 4], 3) * beat, 0.4 + 0.0 * at, 0.9, 2
    )
    sound = sound + _brushes(stage, quarters, beat)
    return room(stage, "club", sound, 0.56, 0.40, size_m=7.0, bright_hz=3500.0)


def _bass(stage: LayerStage, quarters: Events, hertz: Array, beat: float) -> Array:
    """A plucked double bass: the finger's thump, a note that blooms and dies within the beat."""
    u, time = quarters.u, times(0.85)
    fade = np.clip(time / 0.012, 0.0, 1.0) * decay(time / 0.42) * decay(np.maximum(time - 0.9 * beat, 0.0) / 0.05)
    loud = 0.26 * (0.8 + 0.3 * u[:, 5:6]) * fade * np.clip((0.85 - time) / 0.1, 0.0, 1.0)
    slide = hertz[:, None] * (1.0 + 0.012 * decay(time / 0.03))
    sound = call(stage, "bass", quarters.at, slide, loud, (0.7, 1.0, 0.5, 0.3, 0.14, 0.08, 0.05), -0.2)
    finger = pool(stage, "finger", tilted(120.0, 2500.0, 2, 1))
    return sound + burst(stage, "finger", quarters.at, finger, 0.001, 0.010, 0.07, -0.2)


def _brushes(stage: LayerStage, quarters: Events, beat: float) -> Array:
    """Wires swept round the snare, tapped on two and four; the ride's stick and its wash."""
    n, u = quarters.number, quarters.u
    back = n % 2 == 1
    snare = pool(stage, "snare", tilted(500.0, 5500.0, 2, 1))
    sound = burst(stage, "tap", quarters.at[back], snare, 0.002, 0.045, 0.11 * (0.8 + 0.4 * u[back, 6]), 0.1)
    sound += burst(stage, "sweep", quarters.at, snare, 0.08, 0.075, 0.036 * (0.8 + 0.4 * u[:, 7]), 0.15)
    skip = quarters.at[back] + 0.667 * beat * RATE
    hits = np.concatenate((quarters.at, skip))
    loud = np.concatenate((0.05 + 0.02 * back, np.full(len(skip), 0.035)))
    ride = pool(stage, "ride", band(3600.0, 9000.0, 1))
    sound += burst(stage, "ride", hits, ride, 0.0006, 0.07, loud, 0.35)
    swirl = 0.5 + 0.5 * sine(stage.phase("swirl", 1.0 / (2.0 * beat)))
    return sound + noise(stage, "wires", tilted(300.0, 6000.0, 2, 1), alike=0.6) * fine(0.002 + 0.005 * swirl)
