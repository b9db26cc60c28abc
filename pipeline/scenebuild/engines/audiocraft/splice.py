"""The sound that a take has before it is made, and how the generated sound is joined to it.

Outside of the seams the given samples stay bit for bit. Both sounds have the same time: the generated one is decoded
from codes that begin, and may end, with those of the given one. So a seam moves nothing; it is a crossfade at the place
where the two are most alike, by gains that keep the power at that likeness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from scenebuild.audio.level import Samples
from scenebuild.audio.seam import AUDIBLE_DB, QUIET, crossfade_by, seam_score
from scenebuild.engines.audiocraft.codec import to_full_scale
from scenebuild.frames import frames_of

CROSSFADE_S = 0.06
SEARCH_S = 0.1  # how far the place of a seam is looked for


@dataclass(frozen=True, slots=True)
class Splice:
    """Spans are (first frame, frame after the last); a crossfade lies inside of its span."""

    sound: Samples  # (frames, channels), at the rate of the take
    opening: tuple[int, int] | None  # where the given sound passes into the generated one
    closing: tuple[int, int] | None = None  # where the generated one passes back
    codes_after: Tensor | None = None  # (K, codec frames) of the given sound behind the generated codes


@dataclass(frozen=True, slots=True)
class JoinedSeam:
    """A seam as it became."""

    time_s: float
    score_db: float  # see ``audio.seam.SeamScore``

    def warning(self) -> str | None:
        """A line for the user, where the seam can be heard."""
        if self.score_db < AUDIBLE_DB:
            return None
        return (
            f"the seam at {self.time_s:.2f} s may be heard: it stands out by {self.score_db:.1f} dB from the sound "
            "around it; listen to it, and take another seed or another place if it is"
        )


@dataclass(frozen=True, slots=True)
class _Crossfade:
    start: int
    stop: int
    correlation: float


def continuation(recording: Samples, end: int, sample_rate: int) -> Splice:
    """The take begins with the recording, whose codes reach to the frame ``end``; the seam is right before it."""
    return Splice(recording, (max(end - _reach(sample_rate), end // 2), end))


def redone(base: Samples, start: int, stop: int, codes_after: Tensor, sample_rate: int) -> Splice:
    """The take is ``base`` but for the frames ``start ... stop``, in which both seams lie."""
    reach = min(_reach(sample_rate), (stop - start) // 2)
    opening = (start, start + reach) if start else None
    closing = (stop - reach, stop) if stop < len(base) else None
    return Splice(base, opening, closing, codes_after)


def joined(splice: Splice, made: Samples, sample_rate: int) -> tuple[Samples, tuple[JoinedSeam, ...]]:
    """The take, of the frames of ``made``, which is generated and may exceed full scale."""
    opening, closing = (_crossfade(splice, made, span, sample_rate) for span in (splice.opening, splice.closing))
    first, last = opening.start if opening else 0, closing.stop if closing else len(made)
    take = made.copy()
    take[first:last] = to_full_scale(made[first:last])
    take[:first] = splice.sound[:first]
    if opening:
        at = slice(opening.start, opening.stop)
        take[at] = crossfade_by(opening.correlation, splice.sound[at], take[at])
    if closing:
        at = slice(closing.start, closing.stop)
        take[at] = crossfade_by(closing.correlation, take[at], splice.sound[at])
        take[last:] = splice.sound[last:]
    return take, tuple(_scored(take, opening, closing, sample_rate))


def _reach(sample_rate: int) -> int:
    return frames_of(CROSSFADE_S + SEARCH_S, sample_rate)


def _crossfade(splice: Splice, made: Samples, span: tuple[int, int] | None, sample_rate: int) -> _Crossfade | None:
    """The place in the span where both sounds correlate best; the first one of equals."""
    if span is None:
        return None
    start, stop = span
    length = min(frames_of(CROSSFADE_S, sample_rate), stop - start)
    given, new = splice.sound[start:stop].astype(np.float64), made[start:stop].astype(np.float64)
    alike, power, other = (
        np.concatenate([[0.0], both.sum(axis=1).cumsum()]) for both in (given * new, given * given, new * new)
    )
    alike, power, other = (sums[length:] - sums[: len(sums) - length] for sums in (alike, power, other))
    scale = np.sqrt(np.maximum(power * other, 0))
    found = np.where(scale > QUIET * length, alike / np.maximum(scale, 1e-30), 0.0)
    best = int(np.argmax(found))
    return _Crossfade(start + best, start + best + length, float(np.clip(found[best], -1, 1)))


def _scored(
    take: Samples, opening: _Crossfade | None, closing: _Crossfade | None, sample_rate: int
) -> list[JoinedSeam]:
    """Each seam beside the sound on both of its sides, up to the other seam."""
    seams = []
    first, last = opening.stop if opening else 0, closing.start if closing else len(take)
    if opening:
        seams.append((opening, take[: opening.stop], take[opening.stop : last]))
    if closing:
        seams.append((closing, take[first : closing.stop], take[closing.stop :]))
    return [
        JoinedSeam(one.stop / sample_rate, seam_score(before, after, sample_rate, one.stop - one.start).score_db)
        for one, before, after in seams
    ]
