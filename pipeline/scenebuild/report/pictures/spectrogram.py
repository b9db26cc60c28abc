"""The spectrogram as a small palette PNG with labelled axes, aligned with the other pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from scenebuild.report.pictures.axes import FOOT, INK, LEFT, PLOT, WIDTH, ticks, x_of
from scenebuild.report.pictures.colours import ramp
from scenebuild.report.pictures.outline import Wav
from scenebuild.report.pictures.spectrum import FLOOR_DB, Spectrum, row_of, spectrum

TOP = 8
ROWS = 260
COLUMN = 3  # pixels; with 30 s of sound, a column is about as long as a window
HEIGHT = TOP + ROWS + FOOT
NARROWEST_DB, WIDEST_DB = 48, 80  # range shown, from the loudest down
_QUIET_PERCENT = 2  # of the picture may have the darkest colour
QUIETEST_TOP_DB = -60.0  # a nearly silent file is nearly dark; its noise is not scaled up

# The palette: transparent, the ink in steps of opacity for smooth letters, then the levels.
INKS = 16
_INK_EXPONENT = 0.65
LEVELS = 96
_FRAME = 200  # the opacity of a frame, of 255
_LETTER = 16  # the least distance of two labels, in pixels
_TICKS_HZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)

_PLOT = (slice(TOP, TOP + ROWS), slice(LEFT, LEFT + PLOT))
# The key to the colours is below the frequencies.
_KEY = (slice(TOP + ROWS + 12, TOP + ROWS + 22), slice(2, 82))

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int, int]


def spectrogram_png(wav: Wav) -> bytes:
    """A picture of a sound, ``WIDTH`` by ``HEIGHT`` pixels, with a transparent background."""
    return framed_png(spectrum_of(wav))


def spectrum_of(wav: Wav) -> Spectrum:
    """The spectrum that the pictures of a sound show."""
    return spectrum(wav, ROWS, PLOT // COLUMN)


def plot_png(seen: Spectrum) -> bytes:
    """The levels alone, ``PLOT // COLUMN`` by ``ROWS`` pixels, without axes."""
    return palette_png(levels(seen, top_db(seen), range_db(seen))[:, ::COLUMN])


def framed_png(seen: Spectrum) -> bytes:
    """The levels with their axes, ``WIDTH`` by ``HEIGHT`` pixels, with a transparent background."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[_PLOT] = levels(seen, top_db(seen), range_db(seen))
    pixels[_KEY] = level_key(_KEY[1].stop - _KEY[1].start)
    return palette_png(np.maximum(pixels, _writing(seen)))


def hertz_of(seen: Spectrum) -> list[tuple[float, str]]:
    """The labelled frequencies: the position of each as a share of the height from the top, and its label."""
    known = [hertz for hertz in _TICKS_HZ if hertz <= seen.top_hz]
    return [(row_of(hertz, seen.top_hz, ROWS) / ROWS, _hertz(hertz)) for hertz in known]


def _hertz(hertz: int) -> str:
    return f"{hertz} Hz" if hertz < 1000 else f"{hertz // 1000} kHz"


def top_db(seen: Spectrum) -> float:
    """The level of the brightest colour."""
    return max(float(seen.levels_db.max(initial=FLOOR_DB)), QUIETEST_TOP_DB)


def range_db(seen: Spectrum) -> int:
    """The range of the colours in dB below the loudest: that of the sound, so that a dense sound is not one colour."""
    quiet = seen.levels_db.size * _QUIET_PERCENT // 100
    # np.percentile would import numpy.ma for this: most of what the whole picture costs.
    reach = top_db(seen) - float(np.partition(seen.levels_db, quiet, axis=None)[quiet])
    return int(np.clip(round(reach), NARROWEST_DB, WIDEST_DB))


def levels(seen: Spectrum, top_db: float, range_db: float) -> Pixels:
    """Palette numbers of the levels, ``(rows, columns * COLUMN)``: brightest at ``top_db``, darkest below the range."""
    share = np.clip((seen.levels_db - top_db) / range_db + 1, 0, 1)
    return np.repeat((1 + INKS + np.round(share * (LEVELS - 1))).astype(np.uint8), COLUMN, axis=1)


def level_key(width: int) -> Pixels:
    """Palette numbers of all levels from the darkest to the brightest."""
    return np.linspace(1 + INKS, INKS + LEVELS, width).astype(np.uint8)


def _writing(seen: Spectrum) -> Pixels:
    """Labels and tick marks as palette numbers; 0 is transparent."""
    mask = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(mask)
    write_hertz(draw, seen.top_hz, TOP, ROWS)
    draw.text((_KEY[1].stop + 8, TOP + ROWS + 22), f"{range_db(seen)} dB", fill=255, font=font(), anchor="ls")
    write_seconds(draw, seen.duration_s, TOP + ROWS)
    for rows, columns in (_PLOT, _KEY):
        frame(draw, rows, columns)
    return inked(mask)


def frame(draw: ImageDraw.ImageDraw, rows: slice, columns: slice) -> None:
    """Draw a line around a plot or a key: their darkest colour is that of a dark page."""
    draw.rectangle((columns.start - 1, rows.start - 1, columns.stop, rows.stop), outline=_FRAME)


def write_hertz(draw: ImageDraw.ImageDraw, top_hz: float, top: int, rows: int) -> None:
    """Draw labels and tick marks of the frequencies, left of a plot that is ``rows`` pixels high from ``top``."""
    above = top - _LETTER
    for hertz in (hertz for hertz in reversed(_TICKS_HZ) if hertz <= top_hz):
        y = top + round(row_of(hertz, top_hz, rows))
        draw.line((LEFT - 6, y, LEFT - 2, y), fill=160)
        middle = max(y, top + 5)
        if middle - above >= _LETTER:
            draw.text((LEFT - 10, middle), _hertz(hertz), fill=255, font=font(), anchor="rm")
            above = middle


def write_seconds(draw: ImageDraw.ImageDraw, duration_s: float, bottom: int) -> None:
    """Draw labels and tick marks of the time, below a plot that ends at ``bottom``."""
    for time_s, label in ticks(duration_s):
        x = round(x_of(time_s, duration_s))
        draw.line((x, bottom + 1, x, bottom + 5), fill=160)
        edge = x > WIDTH - 30
        place, anchor = (WIDTH - 1 if edge else x, bottom + 22), "rs" if edge else "ms"
        draw.text(place, label, fill=255, font=font(), anchor=anchor)


def inked(mask: Image.Image) -> Pixels:
    """A mask of opacities 0 … 255 as palette numbers: 0 is transparent, ink is 1 … ``INKS``."""
    return np.asarray(mask) // (256 // INKS) + (np.asarray(mask) > 0).astype(np.uint8)


@cache
def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of the labels."""
    return ImageFont.load_default(15)


def palette_png(pixels: Pixels, more: Sequence[Colour] = ()) -> bytes:
    """A PNG of palette numbers: transparent, ink, levels, then ``more`` colours (red, green, blue, opacity)."""
    image = Image.fromarray(pixels, "P")
    ink = bytes.fromhex(INK[1:])
    further = bytes(value for colour in more for value in colour[:3])
    image.putpalette(bytes(3) + ink * INKS + ramp(LEVELS).tobytes() + further)
    # Thin letters in a middle tone need more opacity than their edges have.
    inks = [round(255 * (step / INKS) ** _INK_EXPONENT) for step in range(1, INKS + 1)]
    opacity = bytes([0, *inks]) + b"\xff" * LEVELS
    opacity += bytes(colour[3] for colour in more)
    out = BytesIO()
    # Level 3: on such pictures, three times as fast as the default 6, and not larger.
    image.save(out, "PNG", transparency=opacity, compress_level=3)
    return out.getvalue()
