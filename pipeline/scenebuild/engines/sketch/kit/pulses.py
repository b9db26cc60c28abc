"""Trains of pulses through resonators, for throats, engines and wings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenebuild.engines.sketch.kit.exact import Array, decay, exp2, sine
from scenebuild.engines.sketch.kit.grains import burst, poisson
from scenebuild.engines.sketch.kit.noise import LINES, band, pool
from scenebuild.engines.sketch.kit.space import RoomResponse, highpass, kernel, lowpass, tone
from scenebuild.engines.sketch.kit.stage import BLOCK, CONTROL, POINTS, RATE, SEGMENT, TAIL, LayerStage, generator, pan


def pulses(stage: LayerStage, role: str, hertz: Any) -> tuple[Array, Array]:
    """(frames, numbers) of the turns that an oscillator with this slow frequency curve begins in this segment."""
    turns = stage.phase(role, hertz)
    base = stage.keep(f"turns:{role}", lambda: [0.0])
    first = np.floor(turns[0])
    numbers = np.arange(first + 1.0, np.floor(turns[-1]) + 1.0)
    at = np.interp(numbers, turns, CONTROL * np.arange(POINTS + 1.0))
    counted = numbers + base[0]
    base[0] += float(np.floor(turns[-1]))
    keep = at < SEGMENT
    return at[keep], counted[keep]


def train(at: Array, gain: Array, where: Any = 0.0) -> Array:
    """Pulses at fractional frames (linear interpolation), panned: shape ``(2, SEGMENT + 1)``."""
    whole = np.floor(at).astype(np.int64)
    part = at - whole
    out = np.zeros((2, SEGMENT + 1))
    for ear, share in enumerate(pan(np.broadcast_to(np.asarray(where, dtype=np.float64), at.shape))):
        out[ear] += np.bincount(whole, gain * share * (1.0 - part), SEGMENT + 1)
        out[ear] += np.bincount(whole + 1, gain * share * part, SEGMENT + 1)
    return out


def resonator(modes: Sequence[tuple[float, float, float]], frames: int = TAIL) -> Array:
    """An impulse response of damped sines, each ``(hertz, life in s, gain)``; shape ``(1, frames)``."""
    time = np.arange(frames) / RATE
    out = np.zeros(frames)
    for hertz, life, gain in modes:
        out += gain * sine(hertz * time) * decay(time / life)
    return (out * np.minimum(1.0, (frames - np.arange(frames)) / 256.0))[None]


def body(modes: Sequence[tuple[float, float, float]], frames: int = TAIL) -> RoomResponse:
    """The response of a body with these modes, each (Hz, time constant in s, gain), with a highpass at 25 Hz."""
    return kernel(resonator(modes, frames)).then(highpass(25.0))


def through(
    stage: LayerStage, role: str, sound: Array, modes: Sequence[tuple[float, float, float]], frames: int = TAIL
) -> Array:
    """A train of pulses through the ``body`` of these modes: shape ``(channels, SEGMENT)``."""
    return tone(stage, role, sound, lambda: body(modes, frames))


# First four formants in Hz (Peterson and Barney 1952, men's averages, and a neutral tube).
_VOWELS = (
    (730, 1090, 2440, 3500), (530, 1840, 2480, 3600), (270, 2290, 3010, 3700),
    (570, 840, 2410, 3400), (300, 870, 2240, 3300), (500, 1500, 2500, 3500),
)  # fmt: skip
_SHARES = (1.0, 0.5, 0.22, 0.10)
_SPOKEN = 9600  # lines of a spectrum, up to 7 kHz
_BANDWIDTHS = (90.0, 110.0, 160.0, 250.0)
_TILTED = 1.5  # make-up gain for the tilt


@lru_cache(maxsize=4)
def _vowel_fields(seed_name: str) -> list[RoomResponse]:
    """The response of each vowel from its own place in a reverberant room, for both ears."""
    # vocal folds that close softly: 6 dB an octave, which brings the sum to the spectrum of speech (Byrne 1994)
    folds, fields = spoken(highpass(60.0).then(lowpass(800.0, 1))), []
    for number, formants in enumerate(_VOWELS):
        modes = [(f * 1.05, 1.0 / (3.1416 * b), g) for f, b, g in zip(formants, _BANDWIDTHS, _SHARES, strict=True)]
        mouth = resonator(modes, 1024)
        rng, ears = generator(seed_name, number), np.zeros((2, TAIL))
        ears[0, 0] = ears[1, int(rng.integers(1, 28))] = 1.0
        for ear in range(2):
            at = rng.integers(60, TAIL - 1024, 60)
            np.add.at(ears[ear], at, 0.42 * (2.0 * rng.random(60) - 1.0) * decay(at / 1500.0))
        fields.append(folds.then(spoken(kernel(_TILTED * mouth))).then(spoken(kernel(ears))))
    return fields


def spoken(response: RoomResponse) -> RoomResponse:
    """The part of a response below 7 kHz, for the murmur."""
    return RoomResponse(response.real[:, :_SPOKEN].copy(), response.imag[:, :_SPOKEN].copy(), BLOCK // 2)


def murmur(
    stage: LayerStage,
    role: str,
    voices: int,
    talk: float,
    pitch_hz: float = 125.0,
    others: Sequence[tuple[Array, RoomResponse]] = (),
) -> Array:
    """Many people talking at once, without words: shape ``(2, SEGMENT)``.

    Voices are made at half the rate, and only what lies below 7 kHz; the longer inverse FFT fills in.
    Each voice is a train of glottal pulses whose pitch wanders like that of speech, in syllables of about 4 a second
    (the modulation peak of every language, Ding 2017) with rests between phrases; each syllable takes another vowel.
    ``others`` sound along: trains of pulses at half the rate, shape ``(SLOT,)``, each through a throat of its own.
    """
    told = [
        _voice(stage, f"{role}{number}", talk, pitch_hz * (1.75 if number % 2 else 1.0)) for number in range(voices)
    ]
    place, gain = (np.concatenate(parts) for parts in zip(*told, strict=True))
    trains = np.bincount(place, gain, len(_VOWELS) * SLOT).reshape(len(_VOWELS), -1)
    trains = np.concatenate((trains, [sounding for sounding, _ in others])) if others else trains
    fields = [*_vowel_fields(role), *(throat for _, throat in others)]
    spectra = np.fft.rfft(trains, BLOCK // 2, axis=-1)[:, :_SPOKEN]
    out = np.zeros((2, LINES.size), np.complex128)
    sums = np.zeros((2, 2, _SPOKEN))
    for real, imag, field in zip(spectra.real.copy(), spectra.imag.copy(), fields, strict=True):
        sums[0] += real * field.real - imag * field.imag
        sums[1] += real * field.imag + imag * field.real
    out.real[:, :_SPOKEN], out.imag[:, :_SPOKEN] = sums
    voiced = stage.emit(f"voiced:{role}", np.fft.irfft(out, BLOCK, axis=-1))
    s = poisson(stage, f"s:{role}", 0.9 * voices * talk)
    hiss = pool(stage, f"s:{role}", band(3500.0, 8000.0, 2))
    size = 0.02 + 0.05 * s.u[:, 0]
    return voiced + burst(stage, f"s:{role}", s.at, hiss, size, 0.4 * size, 0.035 * s.u[:, 1], 1.6 * s.u[:, 2] - 0.8)


SLOT = SEGMENT // 2 + 1  # frames of a train at half the rate


def slow_train(at: Array, gain: Array) -> Array:
    """Pulses at half the rate, shape ``(SLOT,)``; ``at`` is in frames."""
    half = 0.5 * at
    whole = np.floor(half).astype(np.int64)
    part = half - whole
    out = np.zeros(SLOT)
    out += np.bincount(whole, gain * (1.0 - part), SLOT)
    out += np.bincount(whole + 1, gain * part, SLOT)
    return out


def _voice(stage: LayerStage, role: str, talk: float, pitch_hz: float) -> tuple[NDArray[np.int64], Array]:
    """(positions, gains) of one voice's pulses in the concatenated trains of all vowels."""
    base = stage.pick(f"pitch:{role}", pitch_hz, 0.22)
    tempo = stage.pick(f"tempo:{role}", 4.3, 0.3) * exp2(0.6 * stage.drift(f"tempo:{role}", 0.3, 1))
    syllables = stage.phase(f"syllable:{role}", tempo)
    phrase = np.clip(2.2 * stage.drift(f"phrase:{role}", 1.9, 2) + 3.0 * talk - 0.9, 0.0, 1.0)
    loud = (
        np.maximum(0.0, 0.45 - 0.55 * sine(syllables + 0.25))
        * phrase
        * exp2(0.8 * stage.drift(f"stress:{role}", 0.4, 1))
    )
    melody = exp2(0.30 * stage.drift(f"melody:{role}", 0.6, 2) - 0.08 * sine(0.5 * syllables))
    at, _ = pulses(stage, f"glottis:{role}", base * melody)
    index = (at / CONTROL).astype(np.int64)
    syllable = np.floor(syllables[index]).astype(np.int64) + int(stage.start / SEGMENT) * 7
    vowel = (syllable * (2 + stage.choose(f"order:{role}", 3)) + stage.choose(f"vowel:{role}", 6)) % len(_VOWELS)
    near = stage.pick(f"near:{role}", 0.55, 0.45)
    at = 0.5 * at
    part = at - np.floor(at)
    place = vowel * SLOT + np.floor(at).astype(np.int64)
    gain = near * loud[index]
    return np.concatenate((place, place + 1)), np.concatenate((gain * (1.0 - part), gain * part))
