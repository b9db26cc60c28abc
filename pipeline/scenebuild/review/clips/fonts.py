"""Draws text in any script that a font of this machine has.

A line is drawn in one font if one has all its characters, else each part in the first font that has it. Pillow brings a
font for machines that have none; it has little more than English. A character that no font has is an empty box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from PIL import ImageDraw, ImageFont

from scenebuild.report.readme.markdown import shown

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Font files of Linux, macOS and Windows, the most readable first.
_FILES = (
    "NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "SFNS.ttf", "segoeui.ttf", "arial.ttf",
    "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc",
    "msyh.ttc", "YuGothM.ttc", "AppleSDGothicNeo.ttc", "malgun.ttf", "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf", "NotoSansThai-Regular.ttf",
    "unifont.otf",
)  # fmt: skip
_NO_CHARACTER = "\U0010fffe"  # every font shows its empty box for it


def write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], words: str, size: int, fill: str, right: bool = False
) -> None:
    """Draw one line of text from ``place``, the left end of its baseline (with ``right``, the right end)."""
    line = shown(words)
    x = float(place[0]) - (width(line, size) if right else 0)
    for part, font in _runs(line, size):
        draw.text((x, place[1]), part, fill=fill, font=font, anchor="ls")
        x += font.getlength(part)


def width(words: str, size: int) -> float:
    """The width of one line in pixels."""
    return sum(font.getlength(part) for part, font in _runs(shown(words), size))


def fitted(words: str, size: int, most: float) -> str:
    """The line, cut with an ellipsis if it is wider than ``most`` pixels."""
    line = shown(words)
    if width(line, size) <= most:
        return line
    kept, cut = 0, len(line)
    while cut - kept > 1:
        middle = (kept + cut) // 2
        kept, cut = (middle, cut) if width(line[:middle] + "…", size) <= most else (kept, middle)
    return line[:kept].rstrip() + "…"


def _runs(line: str, size: int) -> Iterator[tuple[str, Font]]:
    """The line in parts with the font of each."""
    # Scripts that join or reorder their letters must not be drawn in parts, and a word in two fonts looks bad.
    whole = next((font for font in _fonts(size) if all(_has(font, character) for character in line)), None)
    if whole is not None:
        yield line, whole
        return
    for font, characters in groupby(line, key=lambda character: _font_of(character, size)):
        yield "".join(characters), font


@cache
def _font_of(character: str, size: int) -> Font:
    return next((font for font in _fonts(size) if _has(font, character)), next(_fonts(size)))


def _fonts(size: int) -> Iterator[Font]:
    for name in (*_FILES, None):
        font = _font(name, size)
        if font is not None:
            yield font


@cache
def _font(name: str | None, size: int) -> Font | None:
    if name is None:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@cache
def _has(font: Font, character: str) -> bool:
    if character.isspace() or unicodedata.category(character) == "Cf":  # neither is seen
        return True
    return _look(font, character) != _look(font, _NO_CHARACTER)


def _look(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
