"""A room that does not exist: a stereo reverberation made from a few numbers.

The diffuse field of a room is noise that dies away (J. A. Moorer, "About this reverberation business", 1979). So the
room is written out as an impulse response and heard through ``convolution``: noise in octave bands, each decaying
in its own time, after a handful of first reflections. Nothing circulates in it, so nothing rings. Each of the four ways
from two channels to two ears has a noise of its own: the sides are unrelated, and a sound is equally loud in the room
wherever it is panned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.convolution import Convolver
from scenebuild.frames import frames_of

SEED = 1979
SOUND_M_PER_S = 343.0
SHORTEST_S = 0.05
LOWEST_BAND_HZ = 62.5
DAMPED_FROM_HZ = 1000.0  # below it damping does nothing
REFLECTIONS = 9  # of each way
NEPERS = 6.907755278982137  # 60 dB
LEVEL_CYCLES = 12.0
REFLECTED = 0.25  # the share of the energy that the first reflections have in a room of 1 s


@dataclass(frozen=True, slots=True)
class RoomReverb:
    """``decay_s``: the time in which the sound falls by 60 dB, up to 1 kHz; 0.05 s at least.

    ``size_m``: how far the walls are; the first reflections come later and further apart in a large room.
    ``damping``: 0 … 1, how much faster the treble dies; at 1 each octave above 1 kHz lives half as long as the one
    below. ``predelay_s``: the silence before the first reflection.
    """

    decay_s: float = 1.5
    size_m: float = 10.0
    damping: float = 0.5
    predelay_s: float = 0.0

    def decay_at(self, hz: float) -> float:
        """The time to -60 dB at a frequency.

        >>> RoomReverb(decay_s=2.0, damping=1.0).decay_at(4000.0)
        0.5
        """
        octaves = max(0.0, log2(hz / DAMPED_FROM_HZ))
        return float(self.decay_s * 2.0 ** (-self.damping * octaves))


def reverb(room: RoomReverb, sample_rate: int, channels: int) -> Convolver:
    """The room as an effect. What comes out is the room alone; noise that goes in comes out as loud.

    Raises ValueError where the numbers make no room.
    """
    return Convolver(impulse_response(room, sample_rate, channels), channels)


def impulse_response(room: RoomReverb, sample_rate: int, channels: int) -> NDArray[np.float32]:
    """The room written out, ``(frames, channels, channels)``: from each input to each output, with unit energy at
    each output. The same numbers give the same room."""
    if room.decay_s < SHORTEST_S or room.size_m <= 0 or not 0 <= room.damping <= 1 or room.predelay_s < 0:
        raise ValueError(f"{room} is no room")
    rng = np.random.default_rng(SEED)
    frames = frames_of(room.decay_s, sample_rate)
    ways = np.zeros((channels, channels, frames))
    for way in ways.reshape(-1, frames):
        field = _diffuse_field(room, sample_rate, frames, rng)
        first = _first_reflections(room, sample_rate, frames, rng)
        share = REFLECTED / (REFLECTED + room.decay_s)  # long reverberation drowns them
        way += np.sqrt(1 - share) * field + np.sqrt(share) * first
    ways /= np.sqrt(np.square(ways).sum(axis=(0, 2), keepdims=True))
    delay = frames_of(room.predelay_s, sample_rate)
    return np.pad(ways.transpose(2, 0, 1), ((delay, 0), (0, 0), (0, 0))).astype(np.float32)


def _diffuse_field(room: RoomReverb, sample_rate: int, frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of unit energy, flat at its beginning, whose octaves each die in their time."""
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / sample_rate)
    time = np.arange(frames) / sample_rate
    field = np.zeros(frames)
    for centre, window in _octaves(hz, sample_rate / 2):
        band = _level(np.fft.irfft(spectrum * window, frames), round(LEVEL_CYCLES / centre * sample_rate))
        field += band * np.exp(-NEPERS * time / room.decay_at(centre))
    field *= np.minimum(1.0, time * SOUND_M_PER_S / room.size_m) ** 2  # until the sound has crossed the room
    field *= np.minimum(1.0, (frames - np.arange(frames)) / (0.05 * frames))  # ends at -60 dB without a step
    return np.asarray(field / np.sqrt(np.square(field).sum()))


def _level(band: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """A band of noise without its swings of ``frames`` and slower, which would pass for a decay of their own."""
    frames = min(frames | 1, len(band) | 1)
    power = np.pad(np.square(band), (frames // 2 + 1, frames // 2), mode="symmetric").cumsum()
    mean = (power[frames:] - power[:-frames]) / frames
    return np.asarray(band * np.sqrt(np.square(band).mean() / np.maximum(mean[: len(band)], 1e-30)))


def _octaves(hz: NDArray[np.floating], highest: float) -> list[tuple[float, NDArray[np.float64]]]:
    """(centre, window over the spectrum) of each octave; the windows are raised cosines and sum to 1."""
    count = max(1, int(log2(highest / LOWEST_BAND_HZ)) + 1)
    place = np.log2(np.maximum(hz, 1.0) / LOWEST_BAND_HZ).clip(0, count - 1)
    return [
        (LOWEST_BAND_HZ * 2.0**band, 0.5 + 0.5 * np.cos(np.pi * np.clip(place - band, -1, 1))) for band in range(count)
    ]


def _first_reflections(
    room: RoomReverb, sample_rate: int, frames: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Single echoes of unit energy, after ways of one to four times the room's size, weaker the longer their way."""
    lengths = room.size_m * (1 + 3 * (np.arange(REFLECTIONS) + rng.random(REFLECTIONS)) / REFLECTIONS)
    at = np.minimum(np.rint(lengths / SOUND_M_PER_S * sample_rate).astype(int), frames - 1)
    echoes = np.zeros(frames)
    lost = np.exp(-NEPERS * lengths / SOUND_M_PER_S / room.decay_s)  # to the walls
    np.add.at(echoes, at, rng.choice([-1.0, 1.0], REFLECTIONS) * lost * room.size_m / lengths)
    return np.asarray(echoes / np.sqrt(np.square(echoes).sum()))
