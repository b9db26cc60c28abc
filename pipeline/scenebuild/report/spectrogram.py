"""The spectrogram as a small palette PNG with labelled axes, in line with the other pictures."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from scenebuild.report.axes import FOOT, INK, LEFT, PLOT, WIDTH, ticks, x_of
from scenebuild.report.colours import ramp
from scenebuild.report.sound import Wav
from scenebuild.report.spectrum import FLOOR_DB, Spectrum, row_of, spectrum

TOP = 8
ROWS = 260
COLUMN = 3  # pixels; 30 s of sound in as many columns are as fine as the windows are
HEIGHT = TOP + ROWS + FOOT
NARROWEST_DB, WIDEST_DB = 48, 80  # range shown, from the loudest down
_QUIET_PERCENT = 2  # of the picture may be as dark as it gets
QUIETEST_TOP_DB = -60.0  # a nearly silent file is shown nearly dark, not as a blaze of its noise

# The palette: transparent, the ink in steps of opacity for smooth letters, then the levels.
_INKS = 16
_LEVELS = 96
_TICKS_HZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)

# Where the key to the colours stands: below the frequencies.
_KEY = (slice(TOP + ROWS + 12, TOP + ROWS + 22), slice(2, 82))

Pixels = NDArray[np.uint8]


def spectrogram_png(wav: Wav) -> bytes:
    """A picture of a sound, ``WIDTH`` by ``HEIGHT`` pixels, on a transparent ground."""
    return framed_png(spectrum_of(wav))


def spectrum_of(wav: Wav) -> Spectrum:
    """What the pictures of one sound show."""
    return spectrum(wav, ROWS, PLOT // COLUMN)


def plot_png(seen: Spectrum) -> bytes:
    """The levels alone, ``PLOT // COLUMN`` by ``ROWS`` pixels: whoever shows them writes the axes."""
    return _png(_levels(seen))


def framed_png(seen: Spectrum) -> bytes:
    """The levels with their axes, ``WIDTH`` by ``HEIGHT`` pixels, on a transparent ground."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[TOP : TOP + ROWS, LEFT : LEFT + PLOT] = np.repeat(_levels(seen), COLUMN, axis=1)
    pixels[_KEY] = np.linspace(1 + _INKS, _INKS + _LEVELS, _KEY[1].stop - _KEY[1].start).astype(np.uint8)
    return _png(np.maximum(pixels, _writing(seen)))


def hertz_of(seen: Spectrum) -> list[tuple[float, str]]:
    """The frequencies to be named: how far down each lies, as a share of the height, and its label."""
    known = [hertz for hertz in _TICKS_HZ if hertz <= seen.top_hz]
    return [(row_of(hertz, seen.top_hz, ROWS) / ROWS, _hertz(hertz)) for hertz in known]


def _hertz(hertz: int) -> str:
    return f"{hertz} Hz" if hertz < 1000 else f"{hertz // 1000} kHz"


def _top_db(seen: Spectrum) -> float:
    return max(float(seen.levels_db.max(initial=FLOOR_DB)), QUIETEST_TOP_DB)


def _range_db(seen: Spectrum) -> int:
    """How far below the loudest the picture reaches: as far as the sound does, or a dense one is all one colour."""
    quiet = seen.levels_db.size * _QUIET_PERCENT // 100
    # np.percentile would import numpy.ma for this: most of what the whole picture costs.
    reach = _top_db(seen) - float(np.partition(seen.levels_db, quiet, axis=None)[quiet])
    return int(np.clip(round(reach), NARROWEST_DB, WIDEST_DB))


def _levels(seen: Spectrum) -> Pixels:
    """Palette numbers of the levels: the loudest is brightest, what is below the range is darkest."""
    share = np.clip((seen.levels_db - _top_db(seen)) / _range_db(seen) + 1, 0, 1)
    return (1 + _INKS + np.round(share * (_LEVELS - 1))).astype(np.uint8)


def _writing(seen: Spectrum) -> Pixels:
    """Labels and tick marks as palette numbers 1 … ``_INKS``, 0 where there is nothing."""
    mask = Image.new("L", (WIDTH, HEIGHT))
    draw, font = ImageDraw.Draw(mask), _font()
    for hertz in (hertz for hertz in _TICKS_HZ if hertz <= seen.top_hz):
        y = TOP + round(row_of(hertz, seen.top_hz, ROWS))
        draw.line((LEFT - 6, y, LEFT - 2, y), fill=160)
        draw.text((LEFT - 10, max(y, TOP + 5)), _hertz(hertz), fill=255, font=font, anchor="rm")
    draw.text((_KEY[1].stop + 8, TOP + ROWS + 22), f"{_range_db(seen)} dB", fill=255, font=font, anchor="ls")
    for time_s, label in ticks(seen.duration_s):
        x = round(x_of(time_s, seen.duration_s))
        draw.line((x, TOP + ROWS + 1, x, TOP + ROWS + 5), fill=160)
        edge = x > WIDTH - 30
        draw.text(
            (WIDTH - 1 if edge else x, TOP + ROWS + 22), label, fill=255, font=font, anchor="rs" if edge else "ms"
        )
    return np.asarray(mask) // (256 // _INKS) + (np.asarray(mask) > 0).astype(np.uint8)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(15)


def _png(pixels: Pixels) -> bytes:
    image = Image.fromarray(pixels, "P")
    ink = bytes.fromhex(INK[1:])
    image.putpalette(bytes(3) + ink * _INKS + ramp(_LEVELS).tobytes())
    opacity = bytes([0, *(round(255 * step / _INKS) for step in range(1, _INKS + 1))]) + b"\xff" * _LEVELS
    out = BytesIO()
    # Level 3: three times as fast as the usual 6 on such pictures, and no larger.
    image.save(out, "PNG", transparency=opacity, compress_level=3)
    return out.getvalue()
