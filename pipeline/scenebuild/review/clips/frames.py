"""The frames of a clip: title, notes, both sides as waveform and spectrogram, and a moving playhead.

Two pictures are drawn once for each side, not played and played; every frame joins them at the playhead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scenebuild.number_text import SILENT, duration
from scenebuild.report.pictures.axes import LOUDNESS_EXPONENT, ticks
from scenebuild.report.pictures.colours import ramp
from scenebuild.report.pictures.outline import Samples, envelope
from scenebuild.report.pictures.spectrogram import INKS, LEVELS, levels, range_db, top_db
from scenebuild.report.pictures.spectrum import Spectrum, highest_hz, spectrum
from scenebuild.review.clips.clip import ClipSound, ClipSpan
from scenebuild.review.clips.fonts import fitted, width, write
from scenebuild.review.compare.aligned import AFTER, BEFORE

WIDTH, HEIGHT = 1280, 720
LEFT, RIGHT = 196, 1238  # of the time axis
_MARGIN = 44
_TITLE, _TEXT, _SMALL = 36, 22, 19  # sizes of letters, in pixels
_NOTES = 3  # at most
_BOTTOM = 648  # of the lanes
_GAP = 24  # between them
_WAVE_SHARE = 0.56  # of a lane; the rest is its spectrogram
_SEAM = 6  # pixels between the two
_PAGE, _PALE, _GREY, _LINE, _AMBER = "#0d1117", "#f0f6fc", "#9198a1", "#3d444d", "#d29922"
_COLOURS = {BEFORE: ("#1f6feb", "#79c0ff"), AFTER: ("#238636", "#56d364")}  # peaks, power
_WAITING, _COMING = 0.38, 0.62  # brightness of the side that does not play, and of the part not played yet
_COLUMN = 2  # pixels of one column of the pictures
_COLUMNS = (RIGHT - LEFT) // _COLUMN
_HEAD = 4  # pixels, the playhead's width
_SILENCE = 1e-6

Rgb = NDArray[np.uint8]  # (height, width, 3)
Yuv = NDArray[np.uint8]  # (height * 3 / 2, width): planar 4:2:0, as an encoder takes it


@dataclass(frozen=True, slots=True)
class SideFrames:
    """For each side: the frame before that side has played, and after."""

    coming: tuple[Yuv, ...]
    played: tuple[Yuv, ...]
    lanes: tuple[tuple[int, int], ...]  # top and bottom of each side's pictures
    duration_s: float  # of the axis

    def frame(self, side: int, time_s: float) -> Yuv:
        """The frame at a time of a side."""
        x = LEFT + (RIGHT - LEFT) * time_s / self.duration_s if self.duration_s else LEFT
        at = int(np.clip(round(x / 2) * 2, LEFT, RIGHT - _HEAD))
        frame = self.coming[side].copy()
        top, bottom = self.lanes[side]
        for plane, played, scale, head in zip(
            _planes(frame), _planes(self.played[side]), (1, 2, 2), _HEAD_YUV, strict=True
        ):
            rows = slice(top // scale, bottom // scale)
            plane[rows, LEFT // scale : at // scale] = played[rows, LEFT // scale : at // scale]
            plane[rows, at // scale : (at + _HEAD) // scale] = head
        return frame


_HEAD_YUV = (235, 128, 128)  # white


def draw_frames(sides: Sequence[ClipSound], title: str, notes: Sequence[str], span: ClipSpan) -> SideFrames:
    """The pictures of a clip."""
    lanes = _lanes(len(sides), first=98 + 32 * min(len(notes), _NOTES))
    pictures = _pictures(sides, [bottom - top for top, bottom in lanes])
    coming: list[Yuv] = []
    played: list[Yuv] = []
    for playing in range(len(sides)):
        page = _page(sides, title, notes, span, lanes, playing)
        for frames, light in ((coming, _COMING), (played, 1.0)):
            pixels = page.copy()
            for side, (top, bottom) in enumerate(lanes):
                pixels[top:bottom, LEFT:RIGHT] = _lit(pictures[side], light if side == playing else _WAITING)
            frames.append(_yuv(pixels))
    return SideFrames(tuple(coming), tuple(played), lanes, sides[0].duration_s)


def _lanes(count: int, first: int) -> tuple[tuple[int, int], ...]:
    height = (_BOTTOM - first - _GAP * (count - 1)) // count
    tops = [_even(first + index * (height + _GAP)) for index in range(count)]
    return tuple((top, top + _even(height)) for top in tops)


def _even(value: int) -> int:
    return value // 2 * 2  # colour has half the resolution


def _pictures(sides: Sequence[ClipSound], heights: Sequence[int]) -> list[Rgb]:
    """Waveform over spectrogram of each side, all with the same scales."""
    outlines = [envelope(side, _COLUMNS) for side in sides]
    full_scale = max(float(outline.peak.max(initial=0.0)) for outline in outlines)
    waves = [int((height - _SEAM) * _WAVE_SHARE) for height in heights]
    top_hz = highest_hz(sides[0])
    seen = [
        spectrum(side, height - wave - _SEAM, _COLUMNS // 2, top_hz)
        for side, height, wave in zip(sides, heights, waves, strict=True)
    ]
    every = Spectrum(np.concatenate([each.levels_db for each in seen], axis=1), top_hz, sides[0].duration_s)
    pictures = []
    for side, outline, each, height, wave in zip(sides, outlines, seen, heights, waves, strict=True):
        picture = np.empty((height, RIGHT - LEFT, 3), np.uint8)
        picture[:] = _rgb(_PAGE)
        picture[:wave] = _waveform(side.name, outline.peak, outline.rms, wave, full_scale)
        picture[wave + _SEAM :] = _colours(each, top_db(every), range_db(every))
        pictures.append(picture)
    return pictures


def _waveform(name: str, peak: Samples, rms: Samples, height: int, full_scale: float) -> Rgb:
    """Left swings upwards, right downwards, each with half the height."""
    picture = np.empty((height, RIGHT - LEFT, 3), np.float64)
    picture[:] = _rgb(_PAGE)
    row = np.arange(height)[:, None] + 0.5 - height / 2
    for heights, colour in zip((peak, rms), _COLOURS[name], strict=True):
        share = heights / full_scale if full_scale > _SILENCE else np.zeros_like(heights)
        reach = np.repeat((height / 2 - 1) * share**LOUDNESS_EXPONENT, _COLUMN, axis=1)
        cover = np.clip(np.where(row < 0, reach[0], reach[1]) - np.abs(row) + 0.5, 0, 1)
        cover = np.maximum(cover, np.abs(row) < 1)[..., None]  # a line through the middle, of silence too
        picture += cover * (_rgb(colour) - picture)
    return np.round(picture).astype(np.uint8)


def _colours(seen: Spectrum, top_db: float, range_db: int) -> Rgb:
    numbers = levels(seen, top_db, range_db).astype(np.int64) - 1 - INKS
    at = np.minimum(np.arange(RIGHT - LEFT) * numbers.shape[1] // (RIGHT - LEFT), numbers.shape[1] - 1)
    return np.asarray(ramp(LEVELS)[numbers[:, at]])


def _lit(picture: Rgb, light: float) -> Rgb:
    page = _rgb(_PAGE)
    return np.round(page + light * (picture - page)).astype(np.uint8)


def _page(
    sides: Sequence[ClipSound],
    title: str,
    notes: Sequence[str],
    span: ClipSpan,
    lanes: Sequence[tuple[int, int]],
    playing: int,
) -> Rgb:
    """All but the pictures of the sides."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAGE)
    draw = ImageDraw.Draw(image)
    write(draw, (_MARGIN, 66), fitted(title, _TITLE, WIDTH - 2 * _MARGIN), _TITLE, _PALE)
    for index, note in enumerate(_few(notes)):
        write(draw, (_MARGIN, 108 + 32 * index), fitted(note, _TEXT, WIDTH - 2 * _MARGIN), _TEXT, _GREY)
    for index, (side, (top, bottom)) in enumerate(zip(sides, lanes, strict=True)):
        _badge(draw, side, top, index == playing)
        for time_s, _ in ticks(side.duration_s):
            x = round(LEFT + (RIGHT - LEFT) * time_s / side.duration_s) if side.duration_s else LEFT
            draw.line((x, bottom, x, bottom + 5), fill=_LINE)
    why = ", where most has changed" if len(sides) == 2 else ""
    _time(draw, span, sides[0].duration_s, why)
    return np.asarray(image).copy()


def _few(notes: Sequence[str]) -> list[str]:
    if len(notes) <= _NOTES:
        return list(notes)
    return [*notes[: _NOTES - 1], f"{notes[_NOTES - 1]}   … and {len(notes) - _NOTES} more"]


def _badge(draw: ImageDraw.ImageDraw, side: ClipSound, top: int, is_playing: bool) -> None:
    """The side's name, filled while it plays."""
    deep, bright = _COLOURS[side.name]
    name = side.name.upper()
    box = (_MARGIN, top, _MARGIN + 28 + round(width(name, _TEXT)), top + 38)
    draw.rounded_rectangle(box, 8, fill=deep if is_playing else None, outline=deep if is_playing else _LINE, width=2)
    write(draw, (_MARGIN + 14, top + 27), name, _TEXT, _PALE if is_playing else _GREY)
    length = duration(side.length_s) if np.abs(side.samples).max(initial=0) > _SILENCE else SILENT
    write(draw, (_MARGIN + 2, top + 68), length, _SMALL, bright if is_playing else _GREY)


def _time(draw: ImageDraw.ImageDraw, span: ClipSpan, duration_s: float, why: str) -> None:
    """Draw the labels of the time axis, and which part of the mix the clip plays."""
    for time_s, label in ticks(duration_s):
        x = LEFT + (RIGHT - LEFT) * time_s / duration_s if duration_s else LEFT
        words = _clock(span.start_s + time_s) if span.is_part else label
        left = min(x - width(words, _SMALL) / 2, WIDTH - 8 - width(words, _SMALL))
        write(draw, (round(left), _BOTTOM + 26), words, _SMALL, _GREY)
    if span.is_part:
        words = f"{_clock(span.start_s)} to {_clock(span.start_s + span.length_s)} of {_clock(span.whole_s)}"
        write(draw, (RIGHT, _BOTTOM + 54), words + why, _SMALL, _AMBER, right=True)


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s), 60)
    return f"{minutes}:{seconds:02}"


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float64)


def _yuv(pixels: Rgb) -> Yuv:
    """8 bit Y'CbCr of limited range after ITU-R BT.709, planar 4:2:0."""
    red, green, blue = np.moveaxis(pixels / 255.0, 2, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    colour = [(blue - luma) / 1.8556, (red - luma) / 1.5748]
    small = [each.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)) for each in colour]
    planes = [16 + 219 * luma, *(128 + 224 * each for each in small)]
    return np.concatenate([np.round(plane).astype(np.uint8).ravel() for plane in planes]).reshape(-1, WIDTH)


def _planes(frame: Yuv) -> tuple[Yuv, Yuv, Yuv]:
    """Views of the three planes."""
    flat, size = frame.reshape(-1), WIDTH * HEIGHT
    half = (HEIGHT // 2, WIDTH // 2)
    return (
        flat[:size].reshape(HEIGHT, WIDTH),
        flat[size : size * 5 // 4].reshape(half),
        flat[size * 5 // 4 :].reshape(half),
    )
