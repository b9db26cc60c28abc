"""The mixer page of a build, and one side of a mixer page, from a report and its stems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scenebuild import number_text as words
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.model import DeliveryRow, Report, ReportElement
from scenebuild.report.pages.embedded_audio import BUDGET_BYTES, stem_sounds
from scenebuild.report.pages.lanes import bars_of, wave_of
from scenebuild.report.pages.mixer_page import (
    MixerPage,
    MixerScene,
    MixerSide,
    MixerStrip,
    PageNote,
    Pairs,
    Picture,
    Values,
)
from scenebuild.report.pictures.outline import Envelope
from scenebuild.report.pictures.spectrogram import hertz_of, plot_png
from scenebuild.report.pictures.spectrum import Spectrum
from scenebuild.report.pictures.timeline import Lane

PAGE = "index.html"
SILENT = "Nothing sounds in this mix."
TOO_LONG = "The stems are too long for a page, so only the mix plays here: `--stems` writes them as files."


@dataclass(frozen=True, slots=True)
class MixPictures:
    """The data of the pictures of a mix, for the README and for the page."""

    envelope: Envelope
    spectrum: Spectrum
    lanes: tuple[Lane, ...]  # in the order of the elements


def build_page(report: Report, pictures: MixPictures, stems: Sequence[CapturedStem]) -> MixerPage:
    """The page of one build, beside its files."""
    side = side_of(report, pictures, stems)
    links = [("README", "README.md"), ("The mix", report.mix_path)]
    links += [(row.path, row.path) for row in report.deliveries]
    scene = MixerScene(
        key=report.stem.replace("@", "-"),
        title=report.name,
        text="",
        sides=(side,),
        links=tuple(links),
        details=_details(report),
        loops=bool(report.seam),
    )
    built = f"Built from {report.scene_path} by scenebuild {report.scenebuild_version}."
    foot = f"{built} This page asks nothing of any network."
    return MixerPage("scenebuild · scene", report.name, report.description, (scene,), notes_of(report), foot)


def side_of(
    report: Report,
    pictures: MixPictures,
    stems: Sequence[CapturedStem],
    label: str = "",
    budget_bytes: int = BUDGET_BYTES,
) -> MixerSide:
    """One mix as the page shows it, with its stems if there are any and they fit the budget."""
    sounds = stem_sounds(stems, report.sample_rate, budget_bytes)
    return MixerSide(
        label=label,
        seconds=report.duration_s,
        sample_rate=report.sample_rate,
        channels=report.channels,
        wave=wave_of(pictures.envelope),
        spectrogram=Picture(plot_png(pictures.spectrum), tuple(hertz_of(pictures.spectrum))),
        facts=_mix_facts(report),
        strips=tuple(_strip(row, lane, report) for row, lane in zip(report.elements, pictures.lanes, strict=True)),
        sounds=sounds,
        file=report.mix_path,
        why="" if sounds else _why(report, stems),
    )


def notes_of(report: Report) -> tuple[PageNote, ...]:
    """The notes at the beginning of the README."""
    notes = []
    if report.preview:
        said = "A quick sketch stands in for at least one take that the lockfile pins. The lockfile was left as it is."
        notes.append(PageNote("Preview", (said,), "warning"))
    if report.sketched:
        said = f"{words.listing(report.sketched)}. {report.how_to_make_real}"
        notes.append(PageNote(f"Sketched, not {report.real_engine}", (said.strip(),)))
    if report.warnings:
        notes.append(PageNote("Warning" if len(report.warnings) == 1 else "Warnings", report.warnings, "warning"))
    return tuple(notes)


def _why(report: Report, stems: Sequence[CapturedStem]) -> str:
    """Why the page has no stems."""
    is_silent = not report.elements or (bool(stems) and not any(stem.samples.any() for stem in stems))
    return SILENT if is_silent else TOO_LONG


def _mix_facts(report: Report) -> Pairs:
    facts = [
        ("Length", words.duration(report.duration_s)),
        ("Loudness", report.loudness),
        ("Target", report.loudness_target or "none"),
        ("True peak", report.true_peak),
        ("Peak limit", report.true_peak_limit),
        ("Format", f"{words.sample_rate(report.sample_rate)}, {words.channels(report.channels)}"),
        ("Master gain", report.master_gain),
        ("Licence", report.licence),
    ]
    if report.seam:
        facts.append(("Seam of the loop", f"{report.seam} (limit {report.seam_limit})"))
    return tuple(facts)


def _strip(row: ReportElement, lane: Lane, report: Report) -> MixerStrip:
    line = [row.engine, words.duration(row.duration_s), row.loudness]
    return MixerStrip(
        name=row.name,
        text=row.prompt or row.recording,
        line=" · ".join(line),
        facts=_element_facts(row),
        bars=bars_of(lane, report.duration_s, len(report.elements)),
        values=Values(row.gain, row.still_pan, row.only_start_s, row.mute),
    )


def _element_facts(row: ReportElement) -> Pairs:
    facts = [
        ("Engine", row.engine),
        ("Model", row.model),
        ("Seed", row.seed),
        ("Take", "" if row.recording else str(row.take)),
        ("Temperature", row.temperature),
        ("Length", words.duration(row.duration_s)),
        ("Loudness of the take", row.loudness),
        ("Volume", row.volume),
        ("Pan", "" if row.still_pan is None else words.pan(row.still_pan)),
        ("In the mix", _when(row)),
        ("Fades", _fades(row)),
        ("Seam of the loop", row.seam),
        *(_sentence(one) for one in row.treatment),
        ("Licence", row.licence),
        ("Key", row.key[:12]),
        ("Digest", row.digest[:12]),
    ]
    return tuple((label, value) for label, value in facts if value)


def _sentence(said: str) -> tuple[str, str]:
    label, parting, rest = said.partition(": ")
    return (label, rest) if parting else ("Made of", said.removeprefix("Made of "))


def _when(row: ReportElement) -> str:
    times = f"{len(row.times_s)} times, " if row.times_s else ""
    return f"{times}{words.duration(row.start_s)} to {words.duration(row.end_s)}{', looped' if row.loop else ''}"


def _fades(row: ReportElement) -> str:
    ends = [("in", row.fade_in_s), ("out", row.fade_out_s)]
    return ", ".join(f"{end} over {words.duration(seconds)}" for end, seconds in ends if seconds)


def _details(report: Report) -> tuple[tuple[str, Pairs], ...]:
    deliveries = tuple((row.path, _delivered(row)) for row in report.deliveries)
    buses = tuple((bus.name, "; ".join((f"volume {bus.volume}", *bus.treatment))) for bus in report.buses)
    again = (("Build it again", report.command),)
    sections = (("Delivered", deliveries), ("Buses", buses), ("Rebuild", again))
    return tuple((title, pairs) for title, pairs in sections if pairs)


def _delivered(row: DeliveryRow) -> str:
    found = f"{row.format}: {row.found}, {'passes' if row.passes else 'fails'}"
    return f"{found}; required for {row.about}: {row.wanted}"
