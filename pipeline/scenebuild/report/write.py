"""The files of a report: the README of a build, its pictures and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenebuild.files import publish_bytes, utf8
from scenebuild.mix.model import Mix, StemFacts
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.model import Report, ReportElement
from scenebuild.report.pages.build_page import PAGE, MixPictures, build_page
from scenebuild.report.pages.mixer_page import MixerPage, mixer_html
from scenebuild.report.pictures.outline import envelope, opened
from scenebuild.report.pictures.spectrogram import framed_png, spectrum_of
from scenebuild.report.pictures.timeline import Lane, timeline_svg
from scenebuild.report.pictures.waveform import COLUMNS, waveform_svg
from scenebuild.report.readme.render import Read, render_readme


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """A report before it is written: the page as a value, the content of each file, and the templates that were
    read."""

    page: MixerPage
    contents: Mapping[str, bytes]  # in the order of writing: the README last, after its pictures
    templates: Mapping[str, str | None]  # the SHA-256 of the user's templates, by path


def render_report(
    report: Report,
    mix: Mix,
    template: Path | None = None,
    stems: Sequence[CapturedStem] = (),
) -> ReportFiles:
    """README.md, its pictures and the page. UsageError if the template fails.

    ``mix``: the mix of the report. ``stems``: for the page, if they are not too long.
    """
    templates: Read = {}
    readme = render_readme(report, template, templates)
    pictures = mix_pictures(report, mix)
    page = build_page(report, pictures, stems)
    contents = {
        report.waveform_path: utf8(waveform_svg(pictures.envelope)),
        report.timeline_path: utf8(timeline_svg(pictures.lanes, report.duration_s)),
        report.spectrogram_path: framed_png(pictures.spectrum),
        PAGE: utf8(mixer_html(page)),
        "README.md": utf8(readme),
    }
    return ReportFiles(page, contents, templates)


def write_report(
    files: ReportFiles, folder: Path, publish: Callable[[str, bytes], object] = publish_bytes
) -> list[Path]:
    """Write the files of a report to ``folder``, each atomically: their paths, in order."""
    for name, content in files.contents.items():
        publish(str(folder / name), content)
    return [folder / name for name in files.contents]


def mix_pictures(report: Report, mix: Mix) -> MixPictures:
    """The data of the pictures of a mix."""
    lanes = tuple(_lane(row, stem) for row, stem in zip(report.elements, mix.stems, strict=True))
    with opened(Path(mix.path)) as wav:
        return MixPictures(envelope(wav, COLUMNS), spectrum_of(wav), lanes)


def _lane(row: ReportElement, stem: StemFacts) -> Lane:
    return Lane(
        name=row.name,
        hint=row.volume,
        times_s=row.times_s or ((row.start_s, row.end_s),),
        pass_s=stem.pass_s,
        loop=row.loop,
        pan=row.pan,
        fade_in_s=row.fade_in_s,
        fade_out_s=row.fade_out_s,
        peaks=np.array(stem.peaks, np.float32),
        mute=row.mute,
    )
