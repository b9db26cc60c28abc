"""Where a loop closes best, how its ends pass into each other, and how well that went.

**Search.** A loop closes from some place near its end into its beginning. Where both ends are alike, as two periods of
a hum are, the crossfade is unheard; where they are opposite it tears a hole. So the end is moved forward, by at most
the length of the crossfade, to where it correlates best with the beginning.

**Law.** Two sounds with the correlation ``r`` keep their power in a crossfade of gains with ``a² + b² + 2 r a b = 1``:
equal power for ``r`` = 0, equal gain for ``r`` = 1, and what lies between for the rest.

**Score.** A seam is heard when something happens there that does not happen elsewhere. Three measures are taken at the
seam and at many places inside, and the score says by how many decibels the seam exceeds what the inside has anyway: at
0 and below nothing tells it from any other place; from 3 on one can hear it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.level import Samples
from scenebuild.audio.loop import crossfade_frames
from scenebuild.frames import frames_of

AUDIBLE_DB = 3.0  # the score from which a seam should not pass
LEAST_CORRELATION = -0.5  # below it the gains of the law grow without end
STEP_PERCENTILE = 99.9
PLACE_PERCENTILE = 98.0
UNHEARD_DB = 0.5  # a change of level that small is none
UNHEARD_STEP = 1e-4  # -80 dBFS: a click below it is none
QUIET = 1e-10  # -100 dBFS as a power: levels do not go below it
WINDOW_S = 0.1
SPECTRAL_RANGE = 1e-4  # octaves 40 dB below the loudest say nothing about the colour
LOWEST_OCTAVE_HZ = 60.0
REACH_S = 5.0  # how far to each side of a seam the inside is looked at


@dataclass(frozen=True, slots=True)
class Seam:
    """How a loop closes: ``cut`` frames of the take's end are left away, the last ``crossfade`` of the rest pass into
    the first ``crossfade`` of the take, with which they have ``correlation``."""

    cut: int
    crossfade: int
    correlation: float  # -1 … 1, over the crossfade


@dataclass(frozen=True, slots=True)
class SeamScore:
    """By how many dB the seam exceeds the inside of its loop."""

    step_db: float  # the step between the two samples, over the 99.9th percentile of all steps
    level_db: float  # the change of the level and the dip across the seam, over what it does elsewhere
    spectrum_db: float  # the same of the colour: the mean difference of the octaves

    @property
    def score_db(self) -> float:
        """The worst of the three."""
        return max(self.step_db, self.level_db, self.spectrum_db)


def find_seam(head: Samples, tail: Samples, crossfade: int) -> Seam:
    """The best seam of a take, from its first ``crossfade`` frames or more and its last frames.

    The end is moved by at most ``len(tail) - crossfade``.

    >>> hum = np.sin(2 * np.pi * np.arange(1050) / 100).astype(np.float32)[:, None]
    >>> seam = find_seam(hum[:100], hum[-300:], 100)
    >>> seam.cut, round(seam.correlation, 3)
    (50, 1.0)
    """
    room = len(tail) - crossfade
    if crossfade < 1 or len(head) < crossfade or room < 0:
        return Seam(0, max(0, min(crossfade, len(tail))), 0.0)
    angle = (np.arange(crossfade) + 0.5) / crossfade * (np.pi / 2)
    weight = np.sin(angle) * np.cos(angle)  # where both sound
    start, end = head[:crossfade].astype(np.float64), tail.astype(np.float64)
    size = 1 << (len(end) + crossfade).bit_length()
    alike = _correlate(weight[:, None] * start, end, size)[: room + 1]
    power = _correlate(np.repeat(weight[:, None], end.shape[1], axis=1), np.square(end), size)[: room + 1]
    scale = np.sqrt(np.maximum(power, 0) * (weight[:, None] * np.square(start)).sum())
    found = np.where(scale > QUIET * crossfade, alike / np.maximum(scale, 1e-30), 0.0)
    best = room - int(np.argmax(found[::-1]))  # the latest of equals
    return Seam(room - best, crossfade, float(np.clip(found[best], -1, 1)))


def _correlate(pattern: NDArray[np.float64], line: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The sum of the products of all channels with ``line`` from each of its frames on."""
    spectrum = np.fft.rfft(line, size, axis=0) * np.fft.rfft(pattern, size, axis=0).conj()
    return np.asarray(np.fft.irfft(spectrum.sum(axis=1), size))


def best_seam(take: Samples, sample_rate: int) -> Seam:
    """The best seam of a whole take with its default crossfade; the end moves by no more than a quarter of the take."""
    crossfade = crossfade_frames(len(take), sample_rate)
    return find_seam(take[:crossfade], take[max(len(take) - 2 * crossfade, 0) :], crossfade)


def gains_by(correlation: float, frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The gains (of the sound that leaves, of the sound that comes) that keep the power of two sounds so alike."""
    angle = (np.arange(frames) + 0.5) / max(frames, 1) * (np.pi / 2)
    power = 1 + min(max(correlation, LEAST_CORRELATION), 1.0) * np.sin(2 * angle)
    return (np.cos(angle) / np.sqrt(power)).astype(np.float32), (np.sin(angle) / np.sqrt(power)).astype(np.float32)


def crossfade_by(correlation: float, leaving: Samples, coming: Samples) -> Samples:
    """Pass from one sound to another of the same shape, whose correlation over this stretch is known."""
    if leaving.shape != coming.shape:
        raise ValueError(f"a crossfade needs two sounds of one shape, not {leaving.shape} and {coming.shape}")
    down, up = gains_by(correlation, len(leaving))
    return np.asarray(leaving * down[:, None] + coming * up[:, None], np.float32)


def closed(take: Samples, seam: Seam) -> Samples:
    """The loop body of a take with a seam of its own; see ``loop.loop_body``. It is ``seam.cut`` frames shorter."""
    body = take[: len(take) - seam.cut].copy()
    if seam.crossfade:
        leaving, coming = body[-seam.crossfade :], take[: seam.crossfade]
        body[-seam.crossfade :] = crossfade_by(seam.correlation, leaving, coming)
    return body


def seam_score(before: Samples, after: Samples, sample_rate: int, crossfade: int = 0) -> SeamScore:
    """How a seam stands out between the sound up to it and the sound from it on.

    Up to 5 s of each side are looked at; more say more, but neither may hold another seam. ``crossfade``: how many
    of the last frames of ``before`` are a crossfade, where a dip is looked for.
    """
    reach = frames_of(REACH_S, sample_rate)
    before, after = before[-reach:], after[:reach]
    line = np.concatenate([before, after])
    at = len(before)
    energy = np.concatenate([[0.0], np.einsum("fc,fc->f", line, line).cumsum(dtype=np.float64) / line.shape[1]])
    window = frames_of(WINDOW_S, sample_rate)
    return SeamScore(
        step_db=_step_excess(line, at),
        level_db=max(
            _excess(_jumps(energy, at, window), at),
            _excess(_dips(energy, at - crossfade // 2, max(window, crossfade // 2)), at - crossfade // 2),
        ),
        spectrum_db=_excess(_colours(line, at, window, sample_rate), at),
    )


def loop_score(body: Samples, crossfade: int, sample_rate: int) -> SeamScore:
    """How the seam of a loop body stands out, between its end and the frame ``crossfade`` where it goes on."""
    return seam_score(body, body[crossfade : len(body) - crossfade], sample_rate, crossfade)


def _step_excess(line: Samples, at: int) -> float:
    if not 0 < at < len(line):
        return 0.0
    steps = np.abs(np.diff(line, axis=0))
    here = steps[at - 1]
    inside = np.percentile(np.delete(steps, at - 1, axis=0), STEP_PERCENTILE, axis=0) if len(steps) > 1 else 0 * here
    return float((20 * np.log10((here + UNHEARD_STEP) / (inside + UNHEARD_STEP))).max())


@dataclass(frozen=True, slots=True)
class _Places:
    """A measure at many places: ``values[k]`` around the frame ``first + k * hop``, seeing ``reach`` to each side.

    One of them is the seam.
    """

    values: NDArray[np.float64]
    first: int
    hop: int
    reach: int


def _excess(places: _Places, at: int) -> float:
    """The measure at the place ``at``, over what it is at the places that do not see it."""
    if not len(places.values):
        return 0.0
    where = places.first + places.hop * np.arange(len(places.values))
    nearest = int(np.abs(where - at).argmin())
    inside = places.values[np.abs(where - at) >= places.reach + places.hop]
    usual = float(np.percentile(inside, PLACE_PERCENTILE)) if len(inside) else 0.0
    return float(places.values[nearest] - max(usual, UNHEARD_DB))


def _levels(energy: NDArray[np.float64], first: int, size: int, hop: int) -> NDArray[np.float64]:
    """The mean power of the windows ``[first + k hop, first + k hop + size)``; not under -100 dBFS.

    ``energy[n]`` is the sum of the squares of the ``n`` frames before.
    """
    starts = np.arange(first, len(energy) - size, hop)
    return np.asarray(np.maximum((energy[starts + size] - energy[starts]) / size, QUIET))


def _jumps(energy: NDArray[np.float64], at: int, size: int) -> _Places:
    """How far the level differs in dB between the windows before and after each place."""
    parts = 8
    hop = max(1, size // parts)
    reach, first = parts * hop, at % hop
    level = 10 * np.log10(_levels(energy, first, reach, hop))
    return _Places(np.abs(level[parts:] - level[:-parts]), first + reach, hop, reach)


def _dips(energy: NDArray[np.float64], at: int, size: int) -> _Places:
    """How far the level around each place differs in dB from that on both sides, two windows away."""
    parts = 8
    hop = max(1, size // parts)
    reach = hop * parts * 5 // 2
    first = (at - reach) % hop
    power = _levels(energy, first, parts * hop, hop)
    sides = (power[: -4 * parts] + power[4 * parts :]) / 2  # there the crossfade does not reach
    return _Places(np.abs(10 * np.log10(power[2 * parts : -2 * parts] / sides)), first + reach, hop, reach)


def _colours(line: Samples, at: int, size: int, sample_rate: int) -> _Places:
    """How far the octaves differ in dB, in the mean, between the windows before and after each place."""
    parts = 2
    hop = max(1, size // parts)
    reach, first = parts * hop, at % hop
    octaves = _octaves_of(line[first:], reach, hop, sample_rate)
    floor = SPECTRAL_RANGE * octaves.max(axis=1, keepdims=True, initial=QUIET)
    levels = 10 * np.log10(np.maximum(octaves, np.maximum(floor, QUIET)))
    levels -= levels.mean(axis=1, keepdims=True)
    return _Places(np.abs(levels[parts:] - levels[:-parts]).mean(axis=1), first + reach, hop, reach)


def _octaves_of(line: Samples, size: int, hop: int, sample_rate: int) -> NDArray[np.float64]:
    """The power of each octave in each window; shape ``(windows, octaves)``."""
    if len(line) < size:
        return np.zeros((0, 1))
    mono = line[:, 0] + line[:, -1]
    windows = np.lib.stride_tricks.sliding_window_view(mono, size)[::hop] * np.hanning(size).astype(np.float32)
    lines = np.fft.rfft(windows)
    power = (np.square(lines.real) + np.square(lines.imag)) / size**2
    edges = LOWEST_OCTAVE_HZ * 2.0 ** np.arange(9)
    starts = np.unique(np.minimum(np.rint(edges / sample_rate * size).astype(int), power.shape[1] - 1))
    return np.asarray(np.add.reduceat(power, starts, axis=1), np.float64)
