"""The waveforms of a page, relative to a width, so that they fit any screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenebuild.decibels import db_to_gain
from scenebuild.report.pictures.axes import LOUDNESS_EXPONENT, decimal
from scenebuild.report.pictures.outline import Envelope
from scenebuild.report.pictures.timeline import Lane, fade_shape, shape_of, stretches
from scenebuild.report.pictures.waveform import lanes_of, scale_db

_COLUMNS = 400  # of a bar over the whole width, with at most ``_LANES`` elements
_LANES = 64  # with more elements, bars have fewer columns, so that the page does not grow
_REACH = 100  # of a shape to either side


@dataclass(frozen=True, slots=True)
class LaneShape:
    """The data of an SVG path, ``columns`` wide and from -100 to 100 high."""

    columns: int
    path: str


@dataclass(frozen=True, slots=True)
class Wave:
    """The outline of a mix: its peaks, and its RMS level."""

    peak: LaneShape
    rms: LaneShape


@dataclass(frozen=True, slots=True)
class Bar:
    """One time that an element plays; places are in percent of the lane, fades in percent of the bar."""

    left: str
    width: str
    shape: LaneShape
    fade_in: str = ""
    fade_out: str = ""
    seams: tuple[str, ...] = ()


def wave_of(envelope: Envelope) -> Wave:
    """The waveform of a mix: left upwards, right downwards; full height is the next multiple of 3 dB above the peak."""
    peak_up, peak_down, rms_up, rms_down = lanes_of(envelope)[0]
    full_scale = db_to_gain(scale_db(float(envelope.peak.max(initial=0.0))))
    shaped = [np.minimum(values / full_scale, 1) ** LOUDNESS_EXPONENT for values in (peak_up, peak_down)]
    rms = [np.minimum(values / full_scale, 1) ** LOUDNESS_EXPONENT for values in (rms_up, rms_down)]
    return Wave(_shape(shaped[0], shaped[1]), _shape(rms[0], rms[1]))


def bars_of(lane: Lane, duration_s: float, lanes: int = 1) -> tuple[Bar, ...]:
    """The bars of an element in a mix of ``duration_s`` with ``lanes`` elements: its waveform, its fades and the seams
    of its loop."""
    columns = _COLUMNS * _LANES // max(lanes, _LANES)
    bars = []
    for stretch in stretches(lane, duration_s):
        width = min(max(stretch.seen_s / duration_s, 0.0), 1.0)
        count = max(round(width * columns), 8)
        time_s = stretch.skip_s + (np.arange(count) + 0.5) / count * stretch.seen_s
        shape = shape_of(lane, time_s) * fade_shape(lane, stretch.whole_s, time_s)
        heights = 0.92 * shape**LOUDNESS_EXPONENT
        step = lane.pass_s / duration_s
        seams = int((width - 0.001) / step) if lane.loop and step > 0.006 else 0
        is_last = stretch.skip_s + stretch.seen_s >= stretch.whole_s
        left = min(max(stretch.start_s / duration_s, 0.0), 1.0)
        bars.append(
            Bar(
                left=_percent(left),
                width=_percent(max(width, 0.002)),  # the shortest sound is visible
                shape=_shape(heights, heights),
                fade_in="" if stretch.skip_s else _fade(lane.fade_in_s, stretch.seen_s),
                fade_out=_fade(lane.fade_out_s, stretch.seen_s) if is_last else "",
                seams=tuple(_percent(left + k * step) for k in range(1, seams + 1)),
            )
        )
    return tuple(bars)


def _fade(fade_s: float, seen_s: float) -> str:
    share = min(fade_s / seen_s, 1.0) if seen_s > 0 else 0.0
    return _percent(share) if share > 0.004 else ""


def _percent(share: float) -> str:
    return f"{round(100 * share, 2):g}%"


def _shape(up: NDArray[np.floating], down: NDArray[np.floating]) -> LaneShape:
    """A closed shape, one column a step; in relative coordinates, which take half the space."""
    columns = len(up)
    xs = np.concatenate([[0], np.arange(columns) + 0.5, [columns], np.arange(columns)[::-1] + 0.5])
    ys = np.concatenate([[0], -up, [0], down[::-1]]) * _REACH
    points = np.stack([np.round(xs * 2) / 2, np.round(ys)], axis=1)
    steps = "".join(f"l{decimal(x)} {decimal(y)}" for x, y in np.diff(points, axis=0).tolist())
    return LaneShape(columns, f"M0 0{steps}z")
