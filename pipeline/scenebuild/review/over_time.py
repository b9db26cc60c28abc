"""The loudness of two mixes over time as a picture of plain text, on one scale and one axis of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scenebuild.review.model import Pair, Sound

BLOCKS = "▁▂▃▄▅▆▇█"
SILENCE = " "
COLUMNS = 48
RANGE_DB = 28.0  # from the loudest down: as much as the blocks can show in steps of 4 dB


@dataclass(frozen=True, slots=True)
class Strip:
    """One line of the picture."""

    label: str  # "before", "after"
    picture: str


def strips_of(pair: Pair, columns: int = COLUMNS) -> tuple[Strip, ...]:
    """A line for each side whose loudness over time is known; none where it is not."""
    sides = [(label, one) for label, one in (("before", pair.before), ("after", pair.after)) if one and one.over_time]
    if not sides:
        return ()
    longest = max(len(one.over_time) for _, one in sides)
    columns = min(columns, longest)
    levels = {label: _columns(one, longest, columns) for label, one in sides}
    top = max((level for line in levels.values() for level in line), default=-math.inf)
    return tuple(Strip(label, "".join(_block(level, top) for level in line)) for label, line in levels.items())


def _columns(sound: Sound, longest: int, columns: int) -> list[float]:
    """The mean loudness in each of ``columns`` equal parts of the longer mix."""
    edges = [round(column * longest / columns) for column in range(columns + 1)]
    return [_mean(sound.over_time[first:last]) for first, last in zip(edges, edges[1:], strict=False)]


def _mean(levels: Sequence[float]) -> float:
    power = sum(10 ** (level / 10) for level in levels if math.isfinite(level)) / max(len(levels), 1)
    return 10 * math.log10(power) if power > 0 else -math.inf


def _block(level: float, top: float) -> str:
    if math.isinf(level) or level < top - RANGE_DB - RANGE_DB / 7:
        return SILENCE
    step = round((level - top + RANGE_DB) / RANGE_DB * (len(BLOCKS) - 1))
    return BLOCKS[min(max(step, 0), len(BLOCKS) - 1)]
