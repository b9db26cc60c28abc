"""The state of a recipe between its calls: the segment's time, and a random stream for each role.

A recipe is called once for each segment of 1.28 s and returns its samples, so that memory does not grow with the length
of a take, and a long take begins as a short one does. State that outlives a segment (a ringing bell, the lattice of a
slow drift) is kept under the name of its role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from scenebuild.engines.sketch.kit.exact import Array, exp2
from scenebuild.engines.sketch.prompt import LayerTraits

RATE = 48000  # Hz
SEGMENT = 61440  # frames: 1.28 s
TAIL = 4096  # frames by which a block overlaps the next; SEGMENT + TAIL is a power of two for the FFT
BLOCK = SEGMENT + TAIL
CONTROL = 64  # frames between two points of a slow curve (750 a second)
POINTS = SEGMENT // CONTROL

Kept = TypeVar("Kept")


def generator(*names: object) -> np.random.Generator:
    """A random stream whose seed is the hash of its names."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


class LayerStage:
    """The state of one layer of a take. ``traits`` are the effects of its adjectives."""

    def __init__(self, seed: int, layer: str, temperature: float, traits: LayerTraits) -> None:
        self.traits = traits
        # 1 at temperature 1; saturates, so that high temperatures stay plausible
        self.wild = 3.0 * temperature / (2.0 + temperature)
        self.start = 0  # frames since the beginning of the take
        self._names = (seed, layer)
        self._kept: dict[str, Any] = {}

    def keep(self, role: str, make: Callable[[], Kept]) -> Kept:
        """The object that ``make`` returned at the first call for the role, the same in every segment."""
        if role not in self._kept:
            self._kept[role] = make()
        kept: Kept = self._kept[role]
        return kept

    def stream(self, role: str) -> np.random.Generator:
        """The random stream of a role; it continues from segment to segment."""
        return self.keep(f"stream:{role}", lambda: generator(*self._names, role))

    def pick(self, role: str, centre: float, octaves: float = 0.0) -> float:
        """A random value for the whole take, at most ``octaves`` (at temperature 1) from ``centre``."""

        def draw() -> float:
            return centre * float(exp2((2.0 * self.stream(f"pick:{role}").random() - 1.0) * octaves * self.wild))

        return self.keep(f"pick:{role}", draw)

    def choose(self, role: str, count: int) -> int:
        """A random number from 0 to ``count − 1`` for the whole take."""
        return self.keep(f"choose:{role}", lambda: int(self.stream(f"choice:{role}").integers(count)))

    def part(self, role: str, traits: LayerTraits | None = None) -> LayerStage:
        """A stage for a recipe within a recipe: same time, other random streams."""

        def make() -> LayerStage:
            inner = LayerStage(
                self._names[0], f"{self._names[1]}/{role}", 1.0, self.traits if traits is None else traits
            )
            inner.wild = self.wild
            return inner

        inner = self.keep(f"part:{role}", make)
        inner.start = self.start
        return inner

    @property
    def seconds(self) -> Array:
        """The time of every frame of this segment, in seconds since the take began."""
        return np.arange(self.start, self.start + SEGMENT, dtype=np.float64) / RATE

    @property
    def slow_seconds(self) -> Array:
        """The time of every control point, the first of the next segment included: shape ``(POINTS + 1,)``."""
        return (self.start + CONTROL * np.arange(POINTS + 1, dtype=np.float64)) / RATE

    def drift(self, role: str, period_s: float, octaves: int = 2) -> Array:
        """A slow random curve, about −1 … 1, at the control points; it never repeats.

        Value noise on a lattice of ``period_s``, each further octave twice as fast and half as deep (a 1/f² slope,
        as slow variations of natural sounds have it: Voss and Clarke 1978, Attias and Schreiner 1997).
        """
        total = np.zeros(POINTS + 1)
        for octave in range(octaves):
            first, whole, smooth = self._between(2**octave / period_s)
            values = self._lattice(f"{role}:{octave}", first, first + int(whole[-1]) + 2)
            total += 0.5**octave * (values[whole] * (1.0 - smooth) + values[whole + 1] * smooth)
        return total

    def _between(self, rate: float) -> tuple[int, NDArray[np.int64], Array]:
        """(index of the first value, offset from it, smooth fraction) of the control points on a lattice of ``rate``
        values per second. Cached for a segment, as the drifts of a crowd share few rates."""
        start, found = self._kept.get(f"between:{rate}", (-1, None))
        if start != self.start:
            place = self.slow_seconds * rate
            whole = np.floor(place).astype(np.int64)
            part = place - whole
            found = int(whole[0]), whole - whole[0], part * part * (3.0 - 2.0 * part)
            self._kept[f"between:{rate}"] = (self.start, found)
        return found  # type: ignore[no-any-return]

    def _lattice(self, role: str, first: int, end: int) -> Array:
        """The values of a lattice from ``first`` to at least ``end``; earlier values are dropped."""
        stream = self.stream(f"drift:{role}")
        begin, values = self._kept.get(f"lattice:{role}", (0, np.empty(0)))
        if begin + len(values) < end:
            values = np.concatenate((values, 2.0 * stream.random(end - begin - len(values) + 16) - 1.0))
        left: Array = values[first - begin :]
        self._kept[f"lattice:{role}"] = (first, left)
        return left

    def phase(self, role: str, hertz: Any) -> Array:
        """The phase of an oscillator in turns at every control point; ``hertz`` is a number or a slow curve."""
        curve = np.broadcast_to(np.asarray(hertz, dtype=np.float64), (POINTS + 1,))
        turns = np.empty(POINTS + 1)
        turns[0] = self._kept.get(f"phase:{role}", self.stream(f"phase:{role}").random())
        np.cumsum((curve[1:] + curve[:-1]) * (0.5 * CONTROL / RATE), out=turns[1:])
        turns[1:] += turns[0]
        self._kept[f"phase:{role}"] = float(turns[-1] - np.floor(turns[-1]))
        return turns

    def emit(self, role: str, sounding: Array) -> Array:
        """Add ``sounding``, shape ``(channels, any length)``, from the segment's first frame on.

        Returns this segment, shape ``(channels, SEGMENT)``, with the tails of earlier calls; the remainder is kept.
        """
        if self._kept.get(f"emitted:{role}") == self.start:
            raise ValueError(f"two sounds share the role {role!r}; give each its own")
        self._kept[f"emitted:{role}"] = self.start
        pending = self._kept.get(f"emit:{role}")
        if pending is not None and pending.shape[1] > sounding.shape[1]:
            pending[:, : sounding.shape[1]] += sounding
            sounding = pending
        elif pending is not None and pending.shape[1]:
            sounding[:, : pending.shape[1]] += pending
        self._kept[f"emit:{role}"] = sounding[:, SEGMENT:]
        if sounding.shape[1] >= SEGMENT:
            return sounding[:, :SEGMENT]
        return np.pad(sounding, ((0, 0), (0, SEGMENT - sounding.shape[1])))


_RAMP = np.arange(CONTROL, dtype=np.float64) / CONTROL


def fine(curve: Array) -> Array:
    """A slow curve interpolated linearly to every frame of the segment."""
    steps = np.diff(curve)[:, None] * _RAMP
    steps += curve[:-1, None]
    return steps.reshape(-1)


def pan(where: Any) -> NDArray[np.float64]:
    """Equal-power gains of left and right, shape ``(2, …)``; −1 is left."""
    place = np.clip(np.asarray(where, dtype=np.float64), -1.0, 1.0)
    return np.stack((np.sqrt(0.5 - 0.5 * place), np.sqrt(0.5 + 0.5 * place)))
