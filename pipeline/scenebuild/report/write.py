"""A report on disk: the README of a build and its pictures, and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from scenebuild.files import publish_bytes, utf8
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.model import Report, ReportElement
from scenebuild.report.pages.build_page import PAGE, MixPictures, build_page
from scenebuild.report.pages.mixer_page import DeskPage, desk_html
from scenebuild.report.pictures.outline import Samples, envelope, opened
from scenebuild.report.pictures.spectrogram import framed_png, spectrum_of
from scenebuild.report.pictures.timeline import Lane, timeline_svg
from scenebuild.report.pictures.waveform import COLUMNS, waveform_svg
from scenebuild.report.readme.render import Read, render_readme

_TAKE_COLUMNS = 320  # as many as a bar over the whole width shows
_TAKE_FRAMES = 2**21  # read from all takes together: a hundred of them cost no more than ten


def write_report(
    report: Report,
    folder: Path,
    mix_path: Path,
    takes: Mapping[str, Path],
    template: Path | None = None,
    stems: Sequence[CapturedStem] = (),
    show: Callable[[DeskPage], object] | None = None,
    publish: Callable[[str, bytes], object] = publish_bytes,
    read: Read | None = None,
) -> list[Path]:
    """Write README.md, the pictures it shows and the page to ``folder``, each at once or not at all; what was written,
    in order.

    ``takes``: the take of each element by name, for its outline; ``stems``: what the page plays, if they are not too
    long for it; ``show`` is given the page as a value, before anything is written. The README comes last, so that the
    pictures it shows are there. Nothing is written when the template fails (UsageError). ``read``: see
    ``render_readme``.
    """
    readme = render_readme(report, template, read)
    seen = look(report, mix_path, takes)
    page = build_page(report, seen, stems)
    if show:
        show(page)
    contents = {
        report.waveform_path: utf8(waveform_svg(seen.envelope)),
        report.timeline_path: utf8(timeline_svg(seen.lanes, report.duration_s)),
        report.spectrogram_path: framed_png(seen.spectrum),
        PAGE: utf8(desk_html(page)),
        "README.md": utf8(readme),
    }
    for name, content in contents.items():
        publish(str(folder / name), content)
    return [folder / name for name in contents]


def look(report: Report, mix_path: Path, takes: Mapping[str, Path]) -> MixPictures:
    """All that pictures of a mix are drawn from."""
    with opened(mix_path) as mix:
        return MixPictures(envelope(mix, COLUMNS), spectrum_of(mix), _lanes(report, takes))


def _lanes(report: Report, takes: Mapping[str, Path]) -> tuple[Lane, ...]:
    most_frames = _TAKE_FRAMES // max(len(report.elements), 1)
    return tuple(_lane(row, takes, most_frames) for row in report.elements)


def _outline(row: ReportElement, takes: Mapping[str, Path], most_frames: int) -> Samples:
    """The peaks of what one pass of an element plays."""
    names = row.parts or (row.name,)
    peaks = np.concatenate([_peaks(takes[name], _TAKE_COLUMNS // len(names), most_frames) for name in names])
    if row.rounds > 1:
        peaks = np.resize(peaks, round(len(peaks) * row.rounds))
    first, last = (round(share * len(peaks)) for share in row.heard)
    heard = peaks[first : max(last, first + 1)]
    return heard[::-1] if row.backwards else heard


def _peaks(take: Path, columns: int, most_frames: int) -> Samples:
    with opened(take, most_frames) as wav:
        outline = envelope(wav, max(columns, 1))
    return np.asarray(outline.peak.max(axis=0, initial=np.float32(0)))


def _lane(row: ReportElement, takes: Mapping[str, Path], most_frames: int) -> Lane:
    return Lane(
        name=row.name,
        hint=row.volume,
        times_s=row.times_s or ((row.start_s, row.end_s),),
        take_s=row.pass_s or row.duration_s,
        loop=row.loop,
        pan=row.pan,
        fade_in_s=row.fade_in_s,
        fade_out_s=row.fade_out_s,
        peaks=_outline(row, takes, most_frames),
        mute=row.mute,
    )
