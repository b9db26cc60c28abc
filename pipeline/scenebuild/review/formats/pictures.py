"""Pictures of a sound before and after, and of the difference: spectrograms and waveforms on the same axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scenebuild.number_text import SILENT, duration
from scenebuild.report.pictures.axes import FOOT, LEFT, PLOT, WIDTH, svg, time_axis
from scenebuild.report.pictures.outline import MOST_FRAMES, envelope
from scenebuild.report.pictures.spectrogram import (
    COLUMN,
    INKS,
    LEVELS,
    Colour,
    Pixels,
    font,
    frame,
    inked,
    level_key,
    levels,
    palette_png,
    range_db,
    top_db,
    write_hertz,
    write_seconds,
)
from scenebuild.report.pictures.spectrum import Spectrum, highest_hz, spectrum
from scenebuild.report.pictures.waveform import COLOURS, COLUMNS, scale_db, swings
from scenebuild.review.compare.aligned import AlignedFile, Residual, aligned

DIFFERENCE = "difference"
SAME = "no difference"
OTHER_RATE = "no difference by samples: the sample rates differ"

TOP, GAP = 8, 16  # pixels above the pictures, and between them
ROWS = 180  # of one spectrogram
LANE = 130  # height of one outline
SWINGS = ("#dc7a30", "#b4530f")  # of the residual: peaks, power
LESS, MORE = "#2f80ed", "#d2691e"  # what became quieter, what became louder
_STEPS_DB = (6, 12, 24, 48)  # ranges of the difference
_REST_PERMILLE = 5  # of the picture may be beyond the range
_SHADES = 24  # each way
_OPACITY_EXPONENT = 0.65  # under 1, so that small differences are visible
_NONE = 1 + INKS + LEVELS  # the palette number from which on differences stand
_KEY_LEFT, _KEY_WIDTH, _KEY_HEIGHT = 2, 82, 10
_SILENCE = 1e-6  # -120 dBFS


def before_after_png(before: Path | None, after: Path | None, most_frames: int = MOST_FRAMES) -> bytes:
    """Spectrograms of a sound before and after, and their difference in decibels: a PNG on a transparent ground.

    All have the same axes; before and after have the same colours. The difference is blue where the sound became
    quieter and orange where it became louder; levels below the range of the pictures do not count. With one side
    missing (None) the other is shown alone. ValueError if both are.
    """
    with aligned(before, after, most_frames) as sides:
        top_hz = max(highest_hz(sound) for _, sound in sides)
        seen = {name: spectrum(sound, ROWS, PLOT // COLUMN, top_hz) for name, sound in sides}
    return _Sheet(seen).png()


def difference_png(before: Path, after: Path, most_frames: int = MOST_FRAMES) -> tuple[bytes, int]:
    """The difference of two spectrograms alone, as a PNG for a page with axes of its own, and its reach in decibels.

    Blue is where the sound became quieter, orange where it became louder.
    """
    with aligned(before, after, most_frames) as sides:
        top_hz = max(highest_hz(sound) for _, sound in sides)
        first, second = (spectrum(sound, ROWS, PLOT // COLUMN, top_hz) for _, sound in sides)
    every = Spectrum(np.concatenate([first.levels_db, second.levels_db], axis=1), first.top_hz, first.duration_s)
    difference_db = _difference_db(first, second, top_db(every) - range_db(every))
    reach_db = _reach_db(difference_db)
    return palette_png(_shaded(difference_db, reach_db), _shades()), reach_db


def _difference_db(before: Spectrum, after: Spectrum, floor_db: float) -> NDArray[np.float64]:
    """After minus before in dB; levels below the floor count as the floor."""
    return np.maximum(after.levels_db, floor_db) - np.maximum(before.levels_db, floor_db)


class _Sheet:
    """The picture while it is drawn: palette numbers, and a mask of what is written."""

    def __init__(self, seen: dict[str, Spectrum]) -> None:
        one = next(iter(seen.values()))
        every = Spectrum(np.concatenate([each.levels_db for each in seen.values()], axis=1), one.top_hz, one.duration_s)
        self._seen, self._top_db, self._range_db = seen, top_db(every), range_db(every)
        self._top_hz, self._duration_s = one.top_hz, one.duration_s
        count = 3 if len(seen) == 2 else 1
        self._bottom = TOP + count * (ROWS + GAP) - GAP
        self._pixels = np.zeros((self._bottom + FOOT, WIDTH), np.uint8)
        self._mask = Image.new("L", (WIDTH, self._bottom + FOOT))
        self._draw = ImageDraw.Draw(self._mask)

    def png(self) -> bytes:
        for index, (name, each) in enumerate(self._seen.items()):
            self._panel(index, name, levels(each, self._top_db, self._range_db))
        self._key(0, level_key(_KEY_WIDTH), (f"-{self._range_db}", "0 dB"))
        if len(self._seen) == 2:
            self._difference(*self._seen.values())
        write_seconds(self._draw, self._duration_s, self._bottom)
        return palette_png(np.maximum(self._pixels, inked(self._mask)), _shades())

    def _panel(self, index: int, name: str, pixels: Pixels) -> None:
        top = _top_of(index)
        self._framed((slice(top, top + ROWS), slice(LEFT, LEFT + PLOT)), pixels)
        write_hertz(self._draw, self._top_hz, top, ROWS)
        self._write((_KEY_LEFT, top + ROWS // 2), name, "lm")

    def _difference(self, before: Spectrum, after: Spectrum) -> None:
        difference_db = _difference_db(before, after, self._top_db - self._range_db)
        reach_db = _reach_db(difference_db)
        self._panel(2, DIFFERENCE, np.repeat(_shaded(difference_db, reach_db), COLUMN, axis=1))
        top = _top_of(2)
        shades = _shaded(np.linspace(-reach_db, reach_db, _KEY_WIDTH), reach_db)
        self._key(2, shades, (f"-{reach_db}", f"+{reach_db} dB"))
        if np.abs(difference_db).max(initial=0) < 0.05:
            self._write((LEFT + PLOT // 2, top + ROWS // 2), SAME, "mm")

    def _key(self, index: int, pixels: Pixels, labels: tuple[str, str]) -> None:
        bottom = _top_of(index) + ROWS
        place = slice(bottom - _KEY_HEIGHT - 20, bottom - 20), slice(_KEY_LEFT, _KEY_LEFT + _KEY_WIDTH)
        self._framed(place, pixels)
        self._write((_KEY_LEFT, bottom - 1), labels[0], "ls")
        self._write((_KEY_LEFT + _KEY_WIDTH, bottom - 1), labels[1], "rs")

    def _framed(self, place: tuple[slice, slice], pixels: Pixels) -> None:
        self._pixels[place] = pixels
        frame(self._draw, *place)

    def _write(self, place: tuple[int, int], text: str, anchor: str) -> None:
        self._draw.text(place, text, fill=255, font=font(), anchor=anchor)


def _top_of(index: int) -> int:
    return TOP + index * (ROWS + GAP)


def _reach_db(difference_db: NDArray[np.float64]) -> int:
    """The range of the colours: the first step that covers all differences except the rarest."""
    rest = difference_db.size - 1 - difference_db.size * _REST_PERMILLE // 1000
    reach = float(np.partition(np.abs(difference_db), rest, axis=None)[rest])
    return next((step for step in _STEPS_DB if reach <= step), _STEPS_DB[-1])


def _shaded(difference_db: NDArray[np.float64], reach_db: float) -> Pixels:
    """Palette numbers of differences; no difference is 0, which is transparent."""
    step = np.round(np.clip(difference_db / reach_db, -1, 1) * _SHADES).astype(np.int64)
    return np.where(step == 0, 0, _NONE - 1 + np.abs(step) + np.where(step > 0, _SHADES, 0)).astype(np.uint8)


def _shades() -> list[Colour]:
    """The colours of the differences, more opaque for larger ones, for a light and a dark page."""
    return [
        (
            int(colour[1:3], 16),
            int(colour[3:5], 16),
            int(colour[5:], 16),
            round(255 * (step / _SHADES) ** _OPACITY_EXPONENT),
        )
        for colour in (LESS, MORE)
        for step in range(1, _SHADES + 1)
    ]


def waveforms_svg(before: Path | None, after: Path | None, most_frames: int = MOST_FRAMES) -> str:
    """The waveforms of a sound before and after, and of the residual, after minus before.

    All have the same scale, 1200 pixels wide. With one side missing (None) the other is shown alone. With two sample
    rates there is no residual, and the picture says so. ValueError if both sides are missing.
    """
    with aligned(before, after, most_frames) as sides:
        sounds: list[tuple[str, AlignedFile | Residual]] = [*sides]
        rates = {sound.sample_rate for _, sound in sides}
        if len(sides) == 2 and len(rates) == 1:
            sounds.append((DIFFERENCE, Residual(sides[0][1], sides[1][1])))
        outlines = [(name, envelope(sound, COLUMNS)) for name, sound in sounds]
    scale = scale_db(max(float(outline.peak.max(initial=0.0)) for _, outline in outlines))
    bottom = TOP + (3 if len(sides) == 2 else 1) * (LANE + GAP) - GAP
    drawn = []
    for index, (name, outline) in enumerate(outlines):
        top = TOP + index * (LANE + GAP)
        drawn.append(swings(outline, top, LANE, scale, SWINGS if name == DIFFERENCE else COLOURS))
        drawn.append(f'<text x="2" y="{top + LANE // 2 + 5}" font-weight="600">{name}</text>')
        if outline.peak.max(initial=0.0) < _SILENCE:
            drawn.append(_note(index, SAME if name == DIFFERENCE else SILENT))
    if len(rates) == 2:
        drawn.append(_note(2, OTHER_RATE))
    length_s = outlines[0][1].duration_s
    title = f"Waveforms: {', '.join(name for name, _ in outlines)}; {duration(length_s)}"
    return svg(bottom + FOOT, title, time_axis(length_s, TOP, bottom), *drawn)


def _note(index: int, text: str) -> str:
    """A text on a flat line, which alone could be a picture that failed."""
    y = TOP + index * (LANE + GAP) + LANE // 2 - 10
    return f'<text x="{LEFT + PLOT // 2}" y="{y}" text-anchor="middle">{text}</text>'
