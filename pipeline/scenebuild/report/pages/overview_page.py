"""The scenes of one file side by side: as a table, and as a page with players."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from scenebuild import __version__
from scenebuild import number_text as words
from scenebuild.report.pages.listening_page import ListeningPage, PageSound, Section, clock, outline_of, page_html
from scenebuild.report.readme.render import rendered
from scenebuild.result import SceneResult


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One scene, as the table shows it; paths are relative to the page."""

    label: str
    duration_s: float
    loudness: str
    true_peak: str
    mix_path: str
    readme_path: str
    page_path: str
    elements: tuple[str, ...]

    @classmethod
    def of(cls, label: str, result: SceneResult, folder: str) -> OverviewRow:
        """The row about a scene that was built."""
        return cls(
            label=label,
            duration_s=result.duration_s or 0.0,
            loudness=words.loudness(-inf if result.loudness_lufs is None else result.loudness_lufs),
            true_peak=words.true_peak(-inf if result.true_peak_dbtp is None else result.true_peak_dbtp),
            mix_path=os.path.relpath(str(result.mix), folder),
            readme_path=os.path.relpath(str(result.readme), folder),
            page_path=os.path.relpath(str(result.page), folder),
            elements=tuple(one.name for one in result.elements),
        )


def overview_markdown(title: str, scene_path: str, rows: Sequence[OverviewRow]) -> str:
    """A page with a row for each scene of a file."""
    return rendered("overview.md.jinja2", title=title, scene_path=scene_path, rows=list(rows))


def overview_html(title: str, scene_path: str, rows: Sequence[OverviewRow], folder: str) -> str:
    """A page with players for the mixes of all scenes of a file, to be written into ``folder``."""
    sounds = tuple(_sound(row, folder) for row in rows)
    lead = f"The {len(rows)} scenes of {scene_path}."
    return page_html(
        ListeningPage(
            "scenebuild · variants", title, lead, (Section("Mixes", "", sounds),), f"scenebuild {__version__}"
        )
    )


def _sound(row: OverviewRow, folder: str) -> PageSound:
    return PageSound(
        title=row.label,
        text=words.listing(row.elements, 12),
        path=row.mix_path,
        seconds=row.duration_s,
        length=clock(row.duration_s),
        outline=outline_of(Path(os.path.normpath(os.path.join(folder, row.mix_path)))),
        facts=(("Loudness", row.loudness), ("True peak", row.true_peak), ("Length", words.duration(row.duration_s))),
        more=("Its elements, with solo, mute and fader", row.page_path),
    )
