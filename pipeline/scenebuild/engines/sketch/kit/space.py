"""Filters, early reflections, rooms and distance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from scenebuild.engines.sketch.kit.exact import Array, cosine, decay, ratio, sine
from scenebuild.engines.sketch.kit.noise import LINES, band
from scenebuild.engines.sketch.kit.stage import BLOCK, RATE, SEGMENT, TAIL, LayerStage, generator


@dataclass(frozen=True)
class RoomResponse:
    """The spectrum of an impulse response; real and imaginary parts apart, since products of complex arrays
    round differently by CPU. Shape ``(channels, lines)``."""

    real: Array
    imag: Array
    size: int  # of the FFT

    def then(self, other: RoomResponse) -> RoomResponse:
        """Both responses in series."""
        real = self.real * other.real - self.imag * other.imag
        return RoomResponse(real, self.real * other.imag + self.imag * other.real, self.size)


def kernel(impulse: Array, size: int = BLOCK) -> RoomResponse:
    """The spectrum of an impulse response, shape ``(channels, frames)``; at most ``size − SEGMENT`` frames."""
    spectrum = np.fft.rfft(np.atleast_2d(impulse), size, axis=-1)
    return RoomResponse(spectrum.real.copy(), spectrum.imag.copy(), size)


def lowpass(hertz: float, poles: int = 2) -> RoomResponse:
    """One-pole lowpasses in series, for walls, windows and air."""
    corner = min(hertz, 0.45 * RATE) / RATE
    keep = float(decay(6.283185307179586 * corner))
    turn = LINES / RATE
    below = 1.0 - keep * cosine(turn), keep * sine(turn)  # 1 − keep · e^{−jω}
    power = (below[0] * below[0] + below[1] * below[1]) / (1.0 - keep)
    one = RoomResponse((below[0] / power)[None], (-below[1] / power)[None], BLOCK)
    out = one
    for _ in range(poles - 1):
        out = out.then(one)
    return out


def highpass(hertz: float) -> RoomResponse:
    """One minus a one-pole lowpass: removes DC and the bass that a small source does not radiate."""
    low = lowpass(hertz, 1)
    return RoomResponse(1.0 - low.real, -low.imag, BLOCK)


def shelf(hertz: float, gain: float) -> RoomResponse:
    """A high shelf with a linear gain above a frequency in Hz."""
    high = highpass(hertz)
    return RoomResponse(1.0 + (gain - 1.0) * high.real, (gain - 1.0) * high.imag, BLOCK)


def convolve(stage: LayerStage, role: str, sound: Array, response: RoomResponse) -> Array:
    """A segment convolved with a response (overlap-add): shape ``(channels, SEGMENT)``; mono may become stereo."""
    spectrum = np.fft.rfft(np.atleast_2d(sound), response.size, axis=-1)
    real, imag = spectrum.real, spectrum.imag
    out = np.empty((max(len(real), len(response.real)), real.shape[1]), np.complex128)
    out.real = real * response.real - imag * response.imag
    out.imag = real * response.imag + imag * response.real
    return stage.emit(role, np.fft.irfft(out, response.size, axis=-1))


_SIZES = (BLOCK, 73728, 81920, 98304)  # of the FFT, with small prime factors


def _tail(names: tuple[object, ...], seconds: float, bright_hz: float, frames: int) -> Array:
    """The diffuse tail of a room for both ears: noise whose treble decays first (Moorer 1979)."""
    rng = generator("room", *names)
    time = np.arange(frames) / RATE
    out = np.zeros((2, frames))
    for high, share in ((bright_hz, 0.45), (bright_hz / 3.0, 0.75), (bright_hz / 9.0, 1.0)):
        white = rng.random((2, frames)) - 0.5
        lines = np.fft.rfft(white, axis=-1)
        shape = band(high / 3.0, high, 1)(np.arange(frames // 2 + 1, dtype=np.float64) * (RATE / frames))
        lines.real *= shape
        lines.imag *= shape
        out += np.fft.irfft(lines, frames, axis=-1) * decay(6.91 * time / (seconds * share))
    out *= np.minimum(1.0, (frames - np.arange(frames)) / (0.2 * frames))
    out *= np.minimum(1.0, time / 0.012)  # the diffuse field builds up in 12 ms
    power = np.cumsum(out * out, axis=1)[:, -1:]
    out /= np.sqrt(power)
    return out


def _reflections(names: tuple[object, ...], size_m: float, frames: int) -> Array:
    """Eight early reflections for each ear of a room of this size, the later the weaker."""
    rng = generator("walls", *names)
    out = np.zeros((2, frames))
    for ear in range(2):
        ways = size_m * (0.5 + 2.0 * rng.random(8))
        at = np.minimum((ways / 343.0 * RATE).astype(np.int64), frames - 1)
        np.add.at(out[ear], at, size_m * 0.6 / ways * np.where(rng.random(8) < 0.5, -0.5, 0.5))
    return out


def room(
    stage: LayerStage,
    role: str,
    sound: Array,
    seconds: float,
    wet: float,
    *,
    size_m: float = 5.0,
    bright_hz: float = 6000.0,
) -> Array:
    """The sound in a room: ``seconds`` is RT60, ``wet`` the amplitude of the diffuse field."""
    if stage.traits.room < 0.0:  # outdoors
        wet *= 0.4
    middle = 0.5 * (sound[0] + sound[1])[None]
    return sound + convolve(stage, f"wet:{role}", middle, _walls(role, seconds, wet, size_m, bright_hz))


@lru_cache(maxsize=16)  # a room is the same for every take and takes as long as a second of most sounds
def _walls(role: str, seconds: float, wet: float, size_m: float, bright_hz: float) -> RoomResponse:
    size = next(size for size in _SIZES if size - SEGMENT >= 0.75 * seconds * RATE or size == _SIZES[-1])
    frames = size - SEGMENT
    diffuse = _tail((role, seconds), seconds, bright_hz, frames)
    return kernel(wet * (diffuse + 0.5 * _reflections((role,), size_m, frames)), size)


def echo(stage: LayerStage, role: str, sound: Array, wet: float) -> Array:
    """The sound outdoors: a few reflections within 80 ms from trees and walls, no diffuse field."""
    return sound + convolve(stage, f"wet:{role}", 0.5 * (sound[0] + sound[1])[None], _trees(role, wet))


@lru_cache(maxsize=16)
def _trees(role: str, wet: float) -> RoomResponse:
    return kernel(wet * (_reflections((role,), 9.0, TAIL) + 0.3 * _tail((role,), 0.09, 4000.0, TAIL)))


def tone(stage: LayerStage, role: str, sound: Array, make: Callable[[], RoomResponse]) -> Array:
    """The sound through a filter that ``make`` computes once per take."""
    return convolve(stage, role, sound, stage.keep(f"tone:{role}", make))


def heard(stage: LayerStage, sound: Array) -> Array:
    """A layer after distance, walls and rooms, by its traits.

    Far sounds lose treble to the air (ISO 9613-1: some 10 dB per 100 m at 8 kHz) and gain reverberation relative to
    the direct sound; a wall or a closed window is a lowpass of some hundred Hz to 1.5 kHz. Bright and dark lift or
    lower what is above 1.5 kHz.
    """
    traits = stage.traits
    if traits.distance > 0.0 or traits.muffled > 0.0:
        corner = 16000.0 / (1.0 + 9.0 * traits.distance) / (1.0 + 14.0 * traits.muffled)
        sound = tone(stage, "air", sound, lambda: lowpass(corner))
    if traits.bright:
        sound = tone(stage, "colour", sound, lambda: shelf(1500.0, ratio(traits.bright)))
    if traits.room > 0.0:
        sound = room(stage, "inside", sound, 0.35 + 0.75 * traits.room, 0.35 * traits.room)
    elif traits.distance > 0.3 or traits.room < 0.0:
        sound = echo(stage, "outside", sound, max(0.9 * traits.distance, -0.5 * traits.room))
    return sound
