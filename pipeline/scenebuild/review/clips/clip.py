"""The sound of a clip of before and after: of each side the whole, or the span with the largest change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.wav import open_sound
from scenebuild.report.pictures.outline import Samples, envelope
from scenebuild.review.compare.aligned import AlignedFiles, Residual, aligned

RATE = 48_000  # Hz, of every clip
MOST_S = 45.0  # of each side
LEAST_S = 15.0  # the span holds at least this much of each side, if the side is that long
_FADE_S = 0.005  # at both ends, so that the change of sides does not click
_MOST_FRAMES = 2**22


@dataclass(frozen=True, slots=True)
class ClipSound:
    """The sound of one side in stereo: ``samples`` ``(2, frames)`` at ``RATE``."""

    name: str
    samples: Samples
    duration_s: float  # of the axis: as long as the longer side

    @property
    def sample_rate(self) -> int:
        return RATE

    @property
    def channels(self) -> int:
        return 2

    @property
    def frames(self) -> int:
        return round(self.duration_s * RATE)

    @property
    def most_frames(self) -> int:
        return self.frames

    @property
    def length_s(self) -> float:
        return float(self.samples.shape[1]) / RATE

    def read(self, start: int, frames: int) -> Samples:
        have = self.samples.shape[1]
        first, last = min(max(start, 0), have), min(max(start + frames, 0), have)
        block = np.zeros((2, frames), np.float32)
        block[:, first - start : last - start] = self.samples[:, first:last]
        return block


@dataclass(frozen=True, slots=True)
class ClipSpan:
    """The part of both sides that is played."""

    start_s: float
    length_s: float
    whole_s: float  # the longer side

    @property
    def is_part(self) -> bool:
        return self.length_s < self.whole_s


def clip_sounds(before: Path | None, after: Path | None) -> tuple[ClipSpan, tuple[ClipSound, ...]]:
    """The one or two sides as a clip plays them. ValueError when both are missing."""
    with aligned(before, after, _MOST_FRAMES) as sides:
        span = _span(sides)
        paths = [path for path in (before, after) if path is not None]
        sounds = [(name, _read(path, span)) for (name, _), path in zip(sides, paths, strict=True)]
    longest_s = max(samples.shape[1] for _, samples in sounds) / RATE
    return span, tuple(ClipSound(name, samples, longest_s) for name, samples in sounds)


def _span(sides: AlignedFiles) -> ClipSpan:
    whole_s = sides[0][1].duration_s
    if whole_s <= MOST_S:
        return ClipSpan(0.0, whole_s, whole_s)
    shortest_s = min(side.wav.duration_s for _, side in sides)
    steps = round(whole_s)  # of a second each
    change = np.concatenate([[0.0], np.cumsum(_change(sides, steps))])
    window = round(MOST_S)
    latest = int(np.clip(shortest_s - LEAST_S, 0, steps - window))
    inside = (change[window:] - change[:-window])[: latest + 1]
    # A short change lies in many spans: take the one that has it in its middle.
    best = np.flatnonzero(inside >= 0.999 * inside.max())
    return ClipSpan(float(best[len(best) // 2]) if change[-1] > 0 else 0.0, MOST_S, whole_s)


def _change(sides: AlignedFiles, steps: int) -> NDArray[np.float64]:
    """The change in each of ``steps`` equal parts: the power of the residual.

    With two sample rates there is no residual, so the squared difference of the levels; with one side, its own power.
    """
    if len(sides) == 2 and sides[0][1].sample_rate == sides[1][1].sample_rate:
        rms = envelope(Residual(sides[0][1], sides[1][1]), steps).rms
    else:
        outlines = [envelope(side, steps).rms for _, side in sides]
        rms = outlines[-1] - outlines[0] if len(outlines) == 2 else outlines[0]
    return np.asarray(np.square(rms, dtype=np.float64).sum(axis=0))


def _read(path: Path, span: ClipSpan) -> Samples:
    with open_sound(path) as file:
        first = min(round(span.start_s * file.samplerate), file.frames)
        file.seek(first)
        samples = file.read(round(span.length_s * file.samplerate), dtype="float32", always_2d=True)
        rate = file.samplerate
    if rate != RATE:
        import soxr

        samples = soxr.resample(samples, rate, RATE)
    # Mono plays on both loudspeakers; a mix has at most two channels.
    return _faded(np.ascontiguousarray(np.stack([samples[:, 0], samples[:, min(1, samples.shape[1] - 1)]])))


def _faded(samples: Samples) -> Samples:
    length = min(round(_FADE_S * RATE), samples.shape[1] // 2)
    ramp = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    samples[:, :length] *= ramp
    samples[:, samples.shape[1] - length :] *= ramp[::-1]
    return samples
