"""Events in time and short sounds: arrivals, ringing modes, bursts of noise, calls.

A grain is rendered completely in the segment where it starts; the stage keeps its tail for later segments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenebuild.engines.sketch.kit.exact import Array, cosine, decay, sine
from scenebuild.engines.sketch.kit.stage import BLOCK, CONTROL, RATE, SEGMENT, LayerStage, pan

_CHUNK = 64  # arrivals drawn at a time; another number gives another sound, as it orders the draws
_FACETS = 8  # uniform random numbers of each event
_LIVES = 6.5  # time constants until a ringing grain ends, 56 dB down
_SIZES = (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288)
_ROW = 64  # frames in a row of a ringing grain
_EAR_FRAMES = 30.0  # 0.63 ms between the ears for a sound from the side (Woodworth 1938)


Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Events:
    """The events that start in this segment."""

    at: Array  # (n,) frames since the segment began
    u: Array  # (n, 8) uniform random numbers, 0 ... 1
    number: Numbers  # (n,) counted from the first event of the take

    def __len__(self) -> int:
        return len(self.at)

    def where(self, chosen: Any) -> Events:
        """The events of an index or a mask."""
        return Events(self.at[chosen], self.u[chosen], self.number[chosen])


class _Arrivals:
    """The state of a renewal process, with one random stream for gaps and one for facets."""

    def __init__(self, first_s: float) -> None:
        self.next_s, self.count = first_s, 0
        self.at, self.u = np.empty(0), np.empty((0, _FACETS))


Gaps = Callable[[np.random.Generator, int], Array]  # (random stream, n) -> n gaps in seconds


def arrivals(stage: LayerStage, role: str, gaps: Gaps, first_s: float) -> Events:
    """The events of this segment: the first of the take at ``first_s``, then one after each gap."""
    state = stage.keep(f"arrivals:{role}", lambda: _Arrivals(first_s))
    end_s = (stage.start + SEGMENT) / RATE
    while state.next_s < end_s:
        times = np.cumsum(np.concatenate(([state.next_s], gaps(stage.stream(f"gaps:{role}"), _CHUNK))))
        state.next_s = float(times[-1])
        state.at = np.concatenate((state.at, times[:-1]))
        state.u = np.concatenate((state.u, stage.stream(f"facets:{role}").random((_CHUNK, _FACETS))))
    now = int(np.searchsorted(state.at, end_s))
    facets = state.u[:now].copy()  # a copy, so that a remembered event does not keep the whole chunk
    events = Events(state.at[:now] * RATE - stage.start, facets, state.count + np.arange(now))
    state.at, state.u, state.count = state.at[now:], state.u[now:], state.count + now
    return events


def poisson(stage: LayerStage, role: str, rate: float, first_s: float | None = None) -> Events:
    """Independent events, ``rate`` per second, such as drops; the first at ``first_s`` where it is given."""
    mean = 1.0 / rate
    first = mean * 0.5 * stage.stream(f"first:{role}").random() if first_s is None else first_s
    return arrivals(stage, role, lambda rng, n: rng.standard_exponential(n) * mean, first)


def beats(stage: LayerStage, role: str, period_s: float, jitter: float, first_s: float = 0.1) -> Events:
    """Nearly regular events such as steps and calls. ``jitter`` is the relative variation of a gap at temperature 1."""
    spread = min(jitter * stage.wild, 0.85)
    return arrivals(stage, role, lambda rng, n: period_s * (1.0 + spread * (2.0 * rng.random(n) - 1.0)), first_s)


def bouts(events: Events, count: Array, gap_s: Array) -> tuple[Array, Numbers, Numbers]:
    """Each event as a bout of ``count`` sounds, ``gap_s`` apart; both of shape ``(events,)``.

    (frame, index of the event, number within the bout) of each sound, all of shape ``(sounds,)``.
    """
    number = np.arange(int(np.ceil(np.max(count, initial=0.0))))
    there = number < count[:, None]
    at = events.at[:, None] + number * gap_s[:, None] * RATE
    which, within = np.nonzero(there)
    return at[there], which, within


def remembered(stage: LayerStage, role: str, events: Events, for_s: float = math.inf) -> list[tuple[float, Array]]:
    """(seconds since the take began, facets) of this segment's events and of those in the ``for_s`` before it."""
    known: list[tuple[float, Array]] = stage.keep(f"known:{role}", list)
    known.extend(zip(((events.at + stage.start) / RATE).tolist(), events.u, strict=True))
    known[:] = [one for one in known if one[0] + for_s >= stage.start / RATE]
    return known


def thinned(events: Events, activity: Array) -> Events:
    """The events that a slow curve of probabilities keeps; facet 7 decides."""
    index = np.clip(events.at / CONTROL, 0, len(activity) - 1).astype(np.int64)
    return events.where(events.u[:, 7] < activity[index])


def scatter(stage: LayerStage, role: str, at: Array, grains: Array, where: Any = 0.0) -> Array:
    """This segment, shape ``(2, SEGMENT)``, with grains of shape ``(n, length)`` at their frames."""
    out = _room_for(at, grains.shape[1])
    _add(out, at, grains, np.broadcast_to(np.asarray(where, dtype=np.float64), at.shape))
    return stage.emit(role, out)


def _room_for(at: Array, length: int) -> Array:
    return np.zeros((2, max(SEGMENT, int(np.max(at, initial=0.0)) + length + int(_EAR_FRAMES) + 2)))


def _add(out: Array, at: Array, grains: Array, place: Array) -> None:
    """Add grains to ``out`` in place; they reach the far ear later and softer."""
    n, length = grains.shape
    begin = np.maximum(at, 0.0).astype(np.int64)
    late = np.abs(place) * _EAR_FRAMES
    for channel, gain in enumerate(pan(place)):
        ear = begin + np.where((place > 0) == (channel == 0), late, 0.0).astype(np.int64)
        if length <= 1024 and n > 4:
            index = ear[:, None] + np.arange(length)
            out[channel] += np.bincount(index.ravel(), (grains * gain[:, None]).ravel(), out.shape[1])
        else:
            for i in range(n):
                out[channel, ear[i] : ear[i] + length] += gain[i] * grains[i]


def ring(
    stage: LayerStage, role: str, at: Array, hertz: Any, life_s: Any, gain: Any, where: Any = 0.0, start: Any = 0.0
) -> Array:
    """Damped sines: ``gain · exp(−t / life) · sin(2π f t)`` each, shape ``(2, SEGMENT)``.

    All of ``at``, ``hertz``, ``life_s`` (time constant), ``gain``, ``where`` broadcast to one shape. The product of
    two short tables gives every sample (the angle sum of sines), so a grain costs three operations a sample.
    ``start`` turns the phase: 0.25 begins at the crest, like a struck plate near its source.
    """
    spread = np.broadcast_arrays(at, hertz, life_s, gain, where, start)
    flat = [np.asarray(part, dtype=np.float64).ravel() for part in spread]
    flat[3] = flat[3] * (1.0 - 2.0 * (np.arange(len(flat[3])) % 2))  # alternating signs, so that no DC adds up
    frames = np.minimum(flat[2] * (_LIVES * RATE), _SIZES[-1])
    loud = (flat[1] < 0.45 * RATE) & (np.abs(flat[3]) > 1e-4)
    longest = int(np.max(frames, initial=0.0)) * 2 + _SIZES[0]
    out = _room_for(flat[0], longest)
    for shorter, size in zip((0, *_SIZES), _SIZES, strict=False):
        chosen = loud & (frames > shorter) & (frames <= size)
        if np.any(chosen):
            when, hertz, life, strength, place, phase = (values[chosen] for values in flat)
            first, second = strength * cosine(phase), strength * sine(phase)
            _add(out, when, _ringing(hertz / RATE, life * RATE, first, second, size), place)
    return stage.emit(f"ring:{role}", out)


def _ringing(turns: Array, life: Array, sines: Array, cosines: Array, size: int) -> Array:
    """Damped ``sines · sin + cosines · cos``, shape ``(n, size)``; ``turns`` a frame, ``life`` in frames."""
    if not len(turns):
        return np.zeros((0, size))
    rows, columns = np.arange(0, size, _ROW, dtype=np.float64), np.arange(_ROW, dtype=np.float64)
    coarse, between = turns[:, None] * rows, turns[:, None] * columns
    fade = decay(rows / life[:, None])
    swing, rest = sine(coarse) * fade, cosine(coarse) * fade
    inner = decay(columns / life[:, None])
    a, b = sines[:, None], cosines[:, None]
    out = (a * swing + b * rest)[:, :, None] * (cosine(between) * inner)[:, None, :]
    out += (a * rest - b * swing)[:, :, None] * (sine(between) * inner)[:, None, :]
    return out.reshape(len(turns), size)


def bank(stage: LayerStage, role: str, at: Array, hertz: Array, life_s: Array, gain: Array) -> Array:
    """A body with fixed modes that may be struck while it still rings: shape ``(SEGMENT,)``.

    ``hertz`` and ``life_s`` have shape ``(modes,)``, ``gain`` ``(n, modes)``. What rings on is kept as one amplitude
    and phase a mode, so a bell may ring for ever at a constant cost.
    """
    turns, life = hertz / RATE, life_s * RATE
    state = stage.keep(f"bank:{role}", lambda: np.zeros((2, len(hertz))))
    out = np.zeros(SEGMENT + _ROW)
    strokes = [(0, state[0].copy(), state[1].copy())]
    strokes += [(int(frame), loud, np.zeros_like(loud)) for frame, loud in zip(at, gain, strict=True)]
    state[:] = 0.0
    for frame, sines, cosines in strokes:
        size = (SEGMENT - frame + _ROW - 1) // _ROW * _ROW
        for k in np.flatnonzero(np.maximum(np.abs(sines), np.abs(cosines)) > 1e-4):  # −80 dB
            one = slice(int(k), int(k) + 1)
            out[frame : frame + size] += _ringing(turns[one], life[one], sines[one], cosines[one], size)[0]
        left = float(SEGMENT - frame)
        angle, fade = turns * left, decay(left / life)
        state[0] += fade * (sines * cosine(angle) - cosines * sine(angle))
        state[1] += fade * (sines * sine(angle) + cosines * cosine(angle))
    return out[:SEGMENT]


def burst(
    stage: LayerStage, role: str, at: Array, source: Array, rise_s: Any, life_s: Any, gain: Any, where: Any = 0.0
) -> Array:
    """Bursts of noise cut from a ``pool``: a linear rise, then an exponential decay; shape ``(2, SEGMENT)``."""
    n = len(at)
    rise, life, loud = (np.broadcast_to(np.asarray(v, dtype=np.float64), (n,)) for v in (rise_s, life_s, gain))
    longest = float(np.max(rise + 6.5 * life)) if n else 0.0
    size = int(longest * RATE) // 64 * 64 + 64
    offsets = (stage.stream(f"cut:{role}").random(n) * BLOCK).astype(np.int64)
    grains = source[(offsets[:, None] + np.arange(size)) % BLOCK]
    # e^(−(t − rise) / life), at most 1, as the product of two short tables
    rows, columns = np.arange(0, size, _ROW) / RATE, np.arange(_ROW) / RATE
    coarse, within = decay((rows - rise[:, None]) / life[:, None]), decay(columns / life[:, None])
    fade = (coarse[:, :, None] * within[:, None, :]).reshape(n, size)
    np.minimum(fade, 1.0, out=fade)
    opening = min(size, int(np.max(rise, initial=0.0) * RATE) + 2)
    fade[:, :opening] *= np.minimum(1.0, np.arange(opening) / (RATE * np.maximum(rise, 2e-5)[:, None]))
    grains *= fade
    grains *= loud[:, None]
    return scatter(stage, f"burst:{role}", at, grains, where)


_PIECE = 256  # points
_TABLE = 32768  # points of a wave; the nearest one is −85 dB off


def wave(partials: tuple[float, ...]) -> Array:
    """A wavetable: one period of a wave with these amplitudes of harmonics."""
    turn = np.arange(_TABLE) / _TABLE
    out = np.zeros(_TABLE)
    for k, share in enumerate(partials):
        out += share * sine((k + 1.0) * turn)
    return out


def played(table: Array, turns: Array) -> Array:
    """The wavetable at phases in turns."""
    out: Array = table[(turns * _TABLE).astype(np.int64) & (_TABLE - 1)]
    return out


def call(
    stage: LayerStage,
    role: str,
    at: Array,
    hertz: Array,
    loud: Array,
    partials: Sequence[float] | Array,
    where: Any = 0.0,
) -> Array:
    """Voiced calls from curves, both shape ``(n, points)``, one point every 64 frames.

    ``partials`` are the amplitudes of the harmonics; those above 20 kHz are left out.
    """
    if not len(at):
        return scatter(stage, f"call:{role}", at, np.zeros((0, 256)), where)
    audible = tuple(float(p) for k, p in enumerate(partials) if float(hertz.max()) * (k + 1) < 20000.0)
    table = stage.keep(f"wave:{audible}", lambda: wave(audible))
    turns = np.cumsum(hertz, axis=1) * (CONTROL / RATE * _TABLE)
    grains = np.empty((len(at), (hertz.shape[1] - 1) * CONTROL))
    for i in range(len(at)):
        for first in range(0, hertz.shape[1] - 1, _PIECE):  # in pieces that fit into the processor's cache
            some = slice(first, first + _PIECE + 1)
            place = lines(turns[i : i + 1, some] - turns[i, 0])[0].astype(np.int64)
            place &= _TABLE - 1
            piece = slice(first * CONTROL, first * CONTROL + len(place))
            np.multiply(table[place], lines(loud[i : i + 1, some])[0], out=grains[i, piece])
    return scatter(stage, f"call:{role}", at, grains, where)


def lines(curves: Array) -> Array:
    """Curves of shape ``(n, points)`` interpolated to every frame: shape ``(n, (points − 1) · 64)``."""
    n, points = curves.shape
    ramp = np.arange(CONTROL, dtype=np.float64) / CONTROL
    out = np.diff(curves, axis=1)[:, :, None] * ramp
    out += curves[:, :-1, None]
    return out.reshape(n, (points - 1) * CONTROL)
