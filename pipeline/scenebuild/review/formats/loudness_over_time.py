"""The loudness of two mixes over time as lines of text, with the same scale and time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scenebuild.decibels import db_to_power, power_to_db
from scenebuild.number_text import number
from scenebuild.review.model import Pair, SoundFacts

BLOCKS = "▁▂▃▄▅▆▇█"
SILENCE = " "
COLUMNS = 48
WIDEST_DB, NARROWEST_DB = 28.0, 7.0  # of the scale, from the loudest down: a block is 1 to 4 dB


@dataclass(frozen=True, slots=True)
class LoudnessLine:
    """One line of the picture."""

    label: str  # "before", "after", "scale"
    picture: str


def loudness_lines(pair: Pair, columns: int = COLUMNS) -> tuple[LoudnessLine, ...]:
    """A line for each side whose loudness over time is known, and one with the scale; none if no side is known."""
    sides = [(label, one) for label, one in (("before", pair.before), ("after", pair.after)) if one and one.over_time]
    longest = max((len(one.over_time) for _, one in sides), default=0)
    columns = min(columns, longest)
    levels = {label: _columns(one, longest, columns) for label, one in sides}
    known = [level for line in levels.values() for level in line if math.isfinite(level)]
    if not known:
        return ()
    top = max(known)
    reach = min(max(top - min(known), NARROWEST_DB), WIDEST_DB)
    lines = [
        LoudnessLine(label, "".join(_block(level, top, reach) for level in line)) for label, line in levels.items()
    ]
    scale = f"{BLOCKS[0]} {number(top - reach, 0)} LUFS, {BLOCKS[-1]} {number(top, 0)} LUFS"
    return (*lines, LoudnessLine("scale", scale))


def _columns(sound: SoundFacts, longest: int, columns: int) -> list[float]:
    """The mean loudness in each of ``columns`` equal parts of the longer mix."""
    edges = [round(column * longest / columns) for column in range(columns + 1)]
    return [_mean(sound.over_time[first:last]) for first, last in zip(edges, edges[1:], strict=False)]


def _mean(levels: Sequence[float]) -> float:
    return power_to_db(sum(db_to_power(level) for level in levels if math.isfinite(level)) / max(len(levels), 1))


def _block(level: float, top: float, reach: float) -> str:
    """The block of a level; a space more than half a step below the lowest block."""
    step = round((level - top + reach) / reach * (len(BLOCKS) - 1)) if math.isfinite(level) else -1
    return BLOCKS[step] if step >= 0 else SILENCE
