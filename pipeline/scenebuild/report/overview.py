"""The scenes of one file in a table: finished values in, Markdown out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scenebuild.report import words
from scenebuild.report.render import rendered
from scenebuild.result import SceneResult


@dataclass(frozen=True, slots=True)
class Row:
    """One scene, as the table shows it; paths are relative to the page."""

    label: str
    duration_s: float
    loudness: str
    true_peak: str
    mix_path: str
    readme_path: str
    elements: tuple[str, ...]

    @classmethod
    def of(cls, label: str, result: SceneResult, folder: str) -> Row:
        """The row about a scene that was built."""
        return cls(
            label=label,
            duration_s=result.duration_s or 0.0,
            loudness=words.loudness(-inf if result.loudness_lufs is None else result.loudness_lufs),
            true_peak=words.true_peak(-inf if result.true_peak_dbtp is None else result.true_peak_dbtp),
            mix_path=os.path.relpath(str(result.mix), folder),
            readme_path=os.path.relpath(str(result.readme), folder),
            elements=tuple(one.name for one in result.elements),
        )


def overview_markdown(title: str, scene_path: str, rows: Sequence[Row]) -> str:
    """A page with a row for each scene of a file."""
    return rendered("overview.md.jinja2", title=title, scene_path=scene_path, rows=list(rows))
