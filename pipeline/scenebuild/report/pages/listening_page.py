"""A page with players: one file beside its sounds, which uses no network. Plain values in, HTML out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenebuild.report.pages import html
from scenebuild.report.pictures.axes import LOUDNESS_EXPONENT
from scenebuild.report.pictures.outline import envelope, opened

COLUMNS = 220


@dataclass(frozen=True, slots=True)
class Outline:
    """A waveform as the data of two SVG paths, ``columns`` wide and from -50 to 50 high."""

    columns: int
    peak: str
    rms: str


@dataclass(frozen=True, slots=True)
class PageSound:
    """One sound on a page, in words that are ready to be shown."""

    title: str
    text: str
    path: str  # relative to the page
    seconds: float
    length: str
    outline: Outline
    facts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    badge: str = ""
    command: str = ""
    more: tuple[str, str] | None = None  # a page about it: what to call it, and its path


@dataclass(frozen=True, slots=True)
class Section:
    """Sounds that belong together."""

    title: str
    text: str
    sounds: tuple[PageSound, ...]


@dataclass(frozen=True, slots=True)
class ListeningPage:
    """A whole page."""

    mark: str  # above the title: the kind of page
    title: str
    lead: str
    sections: tuple[Section, ...]
    foot: str


def page_html(page: ListeningPage) -> str:
    """The page as one self-contained file of HTML."""
    return html.page("page.html.jinja2", ("family.css", "page.css"), "page.js", page=page)


def outline_of(path: Path) -> Outline:
    """The waveform of a sound file, the higher of both channels."""
    with opened(path) as wav:
        found = envelope(wav, COLUMNS)
    peak, rms = found.peak.max(axis=0), found.rms.max(axis=0)
    return Outline(COLUMNS, _area(peak), _area(np.minimum(rms, peak)))


def clock(seconds: float) -> str:
    """A length as the player of a page shows it.

    >>> clock(8.0), clock(75.25)
    ('0:08.0', '1:15.2')
    """
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _area(heights: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    """Bars with gaps, as high as the level; a thin line for silence."""
    reach = np.maximum(48 * np.minimum(heights, 1.0) ** LOUDNESS_EXPONENT, 0.4)
    return "".join(f"M{column} {-y:.1f}h.68V{y:.1f}h-.68z" for column, y in enumerate(reach))
