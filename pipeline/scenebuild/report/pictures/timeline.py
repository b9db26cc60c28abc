"""The timeline of a mix: one lane for each element, as in an audio editor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from scenebuild.number_text import listing, pan
from scenebuild.report.pictures import axes
from scenebuild.report.pictures.axes import FOOT, INK, LANES, LEFT, decimal, svg, time_axis, x_of
from scenebuild.report.pictures.outline import Samples
from scenebuild.report.readme.markdown import shown

TOP = 6
_ROOMY, _TIGHT = 46, 26  # height of a lane, in pixels
_MANY = 16  # with more elements, lanes are tight
_GAP = 6  # between lanes
MOST_BARS = 400  # of one element: more cannot be distinguished
_PITCH = 3  # pixels of a bar for one column of its waveform
_FAINT = 0.4  # the opacity of a muted element
_NAME, _TIGHT_NAME, _HINT = 20, 14, 18  # characters that fit the margin, at their sizes, beside the pan


@dataclass(frozen=True, slots=True)
class Lane:
    """One element as the timeline draws it. ``peaks``: of one pass, ``(columns,)``, 0 … 1; empty to draw none."""

    name: str
    hint: str  # under the name: its volume
    times_s: tuple[tuple[float, float], ...]  # each time that it plays: start and end
    pass_s: float  # the length of one pass
    loop: bool
    pan: float
    fade_in_s: float
    fade_out_s: float
    peaks: Samples
    mute: bool = False  # drawn faintly


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """One bar of an element: one time that it plays, or a part of it."""

    start_s: float
    end_s: float
    skip_s: float  # of that time, before the bar
    whole_s: float  # the whole of that time

    @property
    def seen_s(self) -> float:
        """The length of the bar."""
        return self.end_s - self.start_s


def timeline_svg(lanes: tuple[Lane, ...], duration_s: float) -> str:
    """A picture of the lanes over ``duration_s`` seconds, 1200 pixels wide; its height depends on their number."""
    height = _ROOMY if len(lanes) <= _MANY else _TIGHT
    bottom = TOP + len(lanes) * (height + _GAP) - _GAP
    drawn = (_drawn(lane, index, TOP + index * (height + _GAP), height, duration_s) for index, lane in enumerate(lanes))
    title = f"Timeline: {_safe(listing([lane.name for lane in lanes], most=20), 500)}"
    return svg(bottom + FOOT, title, time_axis(duration_s, TOP, bottom), *drawn)


def _safe(value: str, most: int) -> str:
    line = shown(value)
    return escape(line if len(line) <= most else line[: most - 1].rstrip() + "…")


def _drawn(lane: Lane, index: int, top: float, height: float, duration_s: float) -> str:
    colour = LANES[index % len(LANES)]
    bars = (_bar(lane, stretch, colour, top, height, duration_s) for stretch in stretches(lane, duration_s))
    drawn = "".join(bars)
    return _header(lane, top, height) + (f'<g opacity="{_FAINT}">{drawn}</g>' if lane.mute else drawn)


def stretches(lane: Lane, duration_s: float) -> Iterator[TimelineBar]:
    """The bars of an element: one for each time that it plays; two if it plays over the end of a mix that loops."""
    for start_s, end_s in lane.times_s[:MOST_BARS]:
        whole_s, over_s = end_s - start_s, end_s - duration_s
        yield TimelineBar(start_s, min(end_s, duration_s), 0.0, whole_s)
        if over_s > 0 and start_s < duration_s:
            yield TimelineBar(0.0, min(over_s, duration_s), duration_s - start_s, whole_s)


def _bar(lane: Lane, stretch: TimelineBar, colour: str, top: float, height: float, duration_s: float) -> str:
    left = x_of(min(max(stretch.start_s, 0), duration_s), duration_s)
    right = max(x_of(stretch.end_s, duration_s), left + 2)  # the shortest sound is visible
    box = f'x="{decimal(left)}" y="{decimal(top)}" width="{decimal(right - left)}" height="{decimal(height)}" rx="4"'
    return "".join(
        (
            f'<rect {box} fill="{colour}" fill-opacity=".16"/>',
            _wave(lane, stretch, left, right, top, height, colour),
            _seams(lane, left, right, top, height, duration_s),
            _fades(lane, stretch, left, right, top, height),
            f'<rect {box} fill="none" stroke="{colour}"/>',
        )
    )


def _header(lane: Lane, top: float, height: float) -> str:
    if height < _ROOMY:
        return _name(lane.name, _TIGHT_NAME, top + height / 2 + 5) + _balance(lane, top + height / 2)
    hint = f'<text x="2" y="{decimal(top + 37)}" font-size="13">{_safe(lane.hint, _HINT)}</text>'
    return _name(lane.name, _NAME, top + 18) + hint + _balance(lane, top + 32)


def _name(name: str, most: int, baseline: float) -> str:
    return f'<text x="2" y="{decimal(baseline)}" font-weight="600">{_safe(name, most)}</text>'


def _balance(lane: Lane, middle: float) -> str:
    """The pan as a dot between left and right."""
    start, reach = LEFT - 44, 30
    dot = start + reach * (lane.pan + 1) / 2
    return (
        f"<g><title>{pan(lane.pan)}</title>"
        f'<path d="M{start} {decimal(middle)}h{reach}" stroke="{INK}" stroke-opacity=".5" stroke-width="2"/>'
        f'<circle cx="{decimal(dot)}" cy="{decimal(middle)}" r="4"/></g>'
    )


def _wave(lane: Lane, stretch: TimelineBar, left: float, right: float, top: float, height: float, colour: str) -> str:
    """The waveform of each pass, scaled to its own peak and shaped by the fades."""
    if float(lane.peaks.max(initial=0)) < 1e-6 or lane.pass_s <= 0 or stretch.seen_s <= 0:
        return ""
    count = max(int((right - left) / _PITCH), 1)
    time_s = stretch.skip_s + (np.arange(count) + 0.5) / count * stretch.seen_s
    shape = shape_of(lane, time_s) * fade_shape(lane, stretch.whole_s, time_s)
    reach = (height / 2 - 4) * shape**axes.LOUDNESS_EXPONENT
    return axes.area(left, right, top + height / 2, reach, reach, colour)


def shape_of(lane: Lane, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The amplitude of a lane at ``time_s`` after its start, relative to its peak; 0 after its end."""
    highest = float(lane.peaks.max(initial=0))
    if highest < 1e-6 or lane.pass_s <= 0:
        return np.zeros(len(time_s))
    at = np.floor(time_s % lane.pass_s / lane.pass_s * len(lane.peaks)).astype(int)
    return np.where((time_s < lane.pass_s) | lane.loop, lane.peaks[at] / highest, 0.0)


def fade_shape(lane: Lane, length_s: float, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gain of the fades at ``time_s`` after the start, 0 … 1, as straight lines."""
    rise = time_s / lane.fade_in_s if lane.fade_in_s > 0 else np.ones_like(time_s)
    left_s = length_s - time_s
    fall = left_s / lane.fade_out_s if lane.fade_out_s > 0 else np.ones_like(time_s)
    return np.clip(np.minimum(rise, fall), 0, 1)


def _seams(lane: Lane, left: float, right: float, top: float, height: float, duration_s: float) -> str:
    """Dashed lines where a loop begins again, if they can be distinguished."""
    step = x_of(lane.pass_s, duration_s) - LEFT
    if not lane.loop or step < 8:
        return ""
    count = int((right - left - 1) / step)
    lines = "".join(f"M{decimal(left + k * step)} {decimal(top)}v{decimal(height)}" for k in range(1, count + 1))
    return lines and f'<path d="{lines}" stroke="{INK}" stroke-width="1.5" stroke-dasharray="3 3" fill="none"/>'


def _fades(lane: Lane, stretch: TimelineBar, left: float, right: float, top: float, height: float) -> str:
    """A line from the bottom of the bar to its top, as long as the fade."""
    scale = (right - left) / max(stretch.seen_s, 1e-9)
    rise = min(lane.fade_in_s * scale, right - left) if not stretch.skip_s else 0.0
    is_last = stretch.skip_s + stretch.seen_s >= stretch.whole_s
    fall = min(lane.fade_out_s * scale, right - left) if is_last else 0.0
    lines = f"M{decimal(left)} {decimal(top + height)}L{decimal(left + rise)} {decimal(top)}" if rise >= 2 else ""
    if fall >= 2:
        lines += f"M{decimal(right - fall)} {decimal(top)}L{decimal(right)} {decimal(top + height)}"
    return lines and f'<path d="{lines}" stroke="{INK}" stroke-width="1.5" fill="none"/>'
