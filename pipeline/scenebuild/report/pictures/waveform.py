"""The mix as a waveform: RMS in front of peaks."""

from __future__ import annotations

import math

import numpy as np

from scenebuild.decibels import db_to_gain, gain_to_db
from scenebuild.number_text import SILENT, channels, duration, number
from scenebuild.report.pictures.axes import (
    FOOT,
    INK,
    LEFT,
    LOUDNESS_EXPONENT,
    PEAK,
    PLOT,
    RMS,
    area,
    decimal,
    svg,
    time_axis,
)
from scenebuild.report.pictures.outline import Envelope, Samples

COLUMNS = 504  # of two pixels each
HEIGHT = 170  # of the plot
TOP = 8
COLOURS = (PEAK, RMS)
_SILENCE = 1e-6  # -120 dBFS


def waveform_svg(envelope: Envelope) -> str:
    """A picture of a sound's outline, 1200 pixels wide.

    Stereo is one shape: left upwards, right downwards, each with half the height. Mono is drawn both ways. With more
    channels, each has a lane. The scale ends at the next multiple of 3 dB above the highest peak and is labelled;
    heights follow ``LOUDNESS_EXPONENT``.
    """
    top_db = scale_db(float(envelope.peak.max(initial=0.0)))
    count = len(envelope.low)
    title = f"Waveform: {duration(envelope.duration_s)}, {channels(count)}"
    axis = time_axis(envelope.duration_s, TOP, TOP + HEIGHT)
    names = _names(count, HEIGHT / (count if count > 2 else 1))
    return svg(TOP + HEIGHT + FOOT, title, axis, swings(envelope, TOP, HEIGHT, top_db), names, _note(envelope))


def swings(envelope: Envelope, top: float, height: float, top_db: int, colours: tuple[str, str] = COLOURS) -> str:
    """The outline of a sound on its grid, ``height`` pixels high from ``top``; full height is ``top_db``."""
    lanes = lanes_of(envelope)
    each = height / len(lanes)
    return "".join(
        _lane(lane, top + each * (index + 0.5), each / 2 - 2, top_db, colours) for index, lane in enumerate(lanes)
    )


def _note(envelope: Envelope) -> str:
    """A text on a flat line, which alone could be a picture that failed."""
    if envelope.peak.max(initial=0.0) >= _SILENCE:
        return ""
    return f'<text x="{LEFT + PLOT // 2}" y="{TOP + HEIGHT // 2 - 10}" text-anchor="middle">{SILENT}</text>'


def scale_db(peak: float) -> int:
    """The full height of the picture in dBFS: a multiple of 3, at least -60, above 0 only for a mix that clips."""
    if peak < _SILENCE:
        return 0
    return max(3 * math.ceil(round(gain_to_db(peak), 3) / 3), -60)


_Lane = tuple[Samples, Samples, Samples, Samples]  # peak up, peak down, rms up, rms down: all at least 0


def lanes_of(envelope: Envelope) -> list[_Lane]:
    """The upward and downward shapes: left and right of stereo in one lane, else a lane for each channel."""
    peak, rms = envelope.peak, envelope.rms
    if len(peak) == 2:
        return [(peak[0], peak[1], rms[0], rms[1])]
    up, down = np.maximum(envelope.high, 0), np.maximum(-envelope.low, 0)
    return [(up[k], down[k], np.minimum(rms[k], up[k]), np.minimum(rms[k], down[k])) for k in range(len(peak))]


def _lane(lane: _Lane, middle: float, reach: float, top_db: int, colours: tuple[str, str]) -> str:
    peak_colour, rms_colour = colours
    full_scale = db_to_gain(top_db)
    peak_up, peak_down, rms_up, rms_down = (
        reach * np.minimum(values / full_scale, 1) ** LOUDNESS_EXPONENT for values in lane
    )
    return "".join(
        (
            _grid(middle, reach, top_db),
            area(LEFT, LEFT + PLOT, middle, peak_up, peak_down, peak_colour),
            area(LEFT, LEFT + PLOT, middle, rms_up, rms_down, rms_colour),
            f'<path d="M{LEFT} {decimal(middle)}H{LEFT + PLOT}" stroke="{rms_colour}"/>',
        )
    )


def _grid(middle: float, reach: float, top_db: int) -> str:
    """Lines at full scale and twice 6 dB below it, labelled on the upper side."""
    heights = [(top_db - below, reach * db_to_gain(-below * LOUDNESS_EXPONENT)) for below in (0, 6, 12)]
    lines = "".join(
        f"M{LEFT} {decimal(middle - y)}H{LEFT + PLOT}M{LEFT} {decimal(middle + y)}H{LEFT + PLOT}" for _, y in heights
    )
    labels = "".join(
        f'<text x="{LEFT - 10}" y="{decimal(middle - y + 5)}" text-anchor="end">{number(db, 0)} dB</text>'
        for db, y in (heights if reach > 70 else heights[::2] if reach > 40 else heights[:1])
    )
    return f'<path d="{lines}" stroke="{INK}" stroke-opacity=".25" stroke-dasharray="2 4" fill="none"/>{labels}'


def _names(count: int, height: float) -> str:
    if count == 1:
        return ""
    names = [("left", 0.25), ("right", 0.75)] if count == 2 else [(f"{k + 1}", k + 0.5) for k in range(count)]
    return "".join(
        f'<text x="2" y="{decimal(TOP + height * at + 5)}" font-weight="600">{name}</text>' for name, at in names
    )
