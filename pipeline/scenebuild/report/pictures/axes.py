"""The size, margins, time ticks and colours that all pictures share, so that they line up under each other.

The colours must work on GitHub's light and dark pages. A media query in a picture follows the reader's system, not the
theme of the page, so every colour is a middle tone with a contrast of at least 3:1 (WCAG 2.2, 1.4.11) on both
``#ffffff`` and ``#0d1117``. The background is transparent.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from scenebuild.number_text import number

Heights = NDArray[np.floating]

WIDTH = 1200  # pixels
LEFT, RIGHT = 176, 16  # margins of the time axis
PLOT = WIDTH - LEFT - RIGHT
FOOT = 34  # height of the time axis below a picture

INK = "#737c87"  # text and lines: over 4:1 on both pages
RMS, PEAK = "#6352e0", "#3b99e0"  # of the waveform: power, peaks
LANES = ("#2f80ed", "#1f9d55", "#d2691e", "#8b5cf6", "#d6418f", "#0e95a8", "#a67c00", "#e5484d")

FONT = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds
_TICKS = 14  # at most


# Heights follow perceived loudness, which grows with sound pressure to the power of 0.6 (Stevens 1955): a quiet bed of
# rain is visible beside a clap of thunder.
LOUDNESS_EXPONENT = 0.6


def x_of(time_s: float, duration_s: float) -> float:
    """The position of a time on the axis, in pixels."""
    return LEFT + PLOT * (time_s / duration_s if duration_s > 0 else 0.0)


def ticks(duration_s: float) -> list[tuple[float, str]]:
    """Round times from 0 to ``duration_s`` with their labels, at most 15.

    >>> ticks(24)[:3], ticks(90)[-1], ticks(0.1)[1]
    ([(0, '0 s'), (2, '2 s'), (4, '4 s')], (90, '1:30'), (0.01, '0.01 s'))
    """
    step = next((step for step in _STEPS if duration_s / step <= _TICKS), math.ceil(duration_s / _TICKS / 3600) * 3600)
    count = math.floor(duration_s / step + 1e-9)
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    return [(round(k * step, 2), _label(k * step, duration_s, digits)) for k in range(count + 1)]


def _label(time_s: float, duration_s: float, digits: int) -> str:
    if duration_s < 60 or time_s == 0:
        return f"{number(time_s, digits if time_s else 0)} s"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def decimal(value: float) -> str:
    """A coordinate with at most one decimal, as short as SVG allows."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.", "-.") if value else "0"


def area(left: float, right: float, middle: float, up: Heights, down: Heights, fill: str) -> str:
    """A filled outline: ``up`` above and ``down`` below a middle line, in pixels, at equal steps from left to right.

    Written in whole tenths of a pixel from one point to the next, which is half as long as plain coordinates.
    """
    xs = left + (np.arange(len(up)) + 0.5) * ((right - left) / len(up))
    x = np.concatenate([[left], xs, [right], xs[::-1]])
    y = np.concatenate([[middle], middle - up, [middle], middle + down[::-1]])
    tenths = np.round(np.stack([x, y], axis=1) * 10).astype(np.int64)
    steps = "".join([f"l{x} {y}" for x, y in np.diff(tenths, axis=0).tolist()])
    return f'<path transform="scale(.1)" d="M{tenths[0, 0]} {tenths[0, 1]}{steps}z" fill="{fill}"/>'


def time_axis(duration_s: float, top: float, bottom: float) -> str:
    """Thin lines from ``top`` to ``bottom`` at each tick, with labels below."""
    lines, labels = [], []
    for time_s, label in ticks(duration_s):
        x = decimal(x_of(time_s, duration_s))
        lines.append(f"M{x} {decimal(top)}V{decimal(bottom + 5)}")
        place = f'x="{WIDTH - 1}" text-anchor="end"' if float(x) > WIDTH - 30 else f'x="{x}" text-anchor="middle"'
        labels.append(f'<text {place} y="{decimal(bottom + 22)}">{label}</text>')
    return f'<path d="{"".join(lines)}" stroke="{INK}" stroke-opacity=".3" fill="none"/>{"".join(labels)}'


def svg(height: float, title: str, *parts: str) -> str:
    """A whole picture, ``WIDTH`` by ``height`` pixels, with a title for screen readers (already escaped)."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{decimal(height)}"'
        f' viewBox="0 0 {WIDTH} {decimal(height)}" role="img" font-family="{FONT}" font-size="15" fill="{INK}">'
        f"<title>{title}</title>{''.join(parts)}</svg>\n"
    )
