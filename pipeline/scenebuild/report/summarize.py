"""From the values of a build to the values of its report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from scenebuild import __version__
from scenebuild import number_text as words
from scenebuild.deliver.deliver import Delivered
from scenebuild.engines import AUTO, engine
from scenebuild.generate.gather import Takes, licences_of
from scenebuild.mix.model import Mix, StemFacts
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.describe import made_from, treatment
from scenebuild.report.model import BusRow, DeliveryRow, Report, ReportElement
from scenebuild.scene.project import project_root


def report_of(
    plan: Plan,
    takes: Takes,
    statuses: Mapping[str, str],
    mix: Mix,
    files: Sequence[Delivered],
    warnings: tuple[str, ...],
    folder: str,
) -> Report:
    """The report of one built scene; all paths are relative to ``folder``, into which it is written."""
    scene = plan.scene
    root = str(project_root(scene.path))
    shown = os.path.relpath(os.path.abspath(scene.path), root)
    stems = {stem.name: stem for stem in mix.stems}
    sketched = tuple(step.element.name for step in plan.steps if step.facts.fidelity == "sketch" and not step.piece)
    target = scene.mix.loudness_lufs
    return Report(
        name=scene.name,
        description=scene.description,
        scene_path=shown,
        stem=os.path.basename(folder),
        command=f"scenebuild {shlex.quote(shown)}",
        preview=plan.is_preview,
        sketched=sketched,
        real_engine=engine(AUTO[0]).facts.title,
        how_to_make_real=_how_to_make_real(shown) if sketched else "",
        elements=tuple(
            _row(step, takes, stems[step.element.name], statuses[step.element.name], root)
            for step in plan.steps
            if not step.piece
        ),
        mix_path=os.path.basename(mix.path),
        duration_s=mix.frames / mix.sample_rate,
        sample_rate=mix.sample_rate,
        channels=mix.channels,
        loudness=words.loudness(mix.loudness_lufs),
        loudness_target="" if target is None else words.loudness(target),
        true_peak=words.true_peak(mix.true_peak_dbtp),
        true_peak_limit=words.true_peak(scene.mix.true_peak_dbtp),
        master_gain=words.gain(mix.master_gain_db),
        licence=strictest(licences_of(takes)),
        warnings=warnings,
        waveform_path="waveform.svg",
        spectrogram_path="spectrogram.png",
        timeline_path="timeline.svg",
        scenebuild_version=__version__,
        deliveries=tuple(map(_delivery, files)),
        buses=tuple(BusRow(bus.name, bus.volume.describe_level(), bus.channel.describe()) for bus in scene.buses),
        seam="" if mix.seam_db is None else words.gain(mix.seam_db),
        seam_limit="" if scene.mix.loop is None else words.gain(scene.mix.loop.worst_seam),
    )


def _delivery(file: Delivered) -> DeliveryRow:
    kind = file.delivery
    bits = f", {kind.bits} bit" if kind.format in ("wav", "flac") else ""
    return DeliveryRow(
        path=os.path.basename(file.path),
        about=kind.about,
        format=f"{kind.format.upper()}{bits}, {words.sample_rate(kind.sample_rate)}, {words.channels(kind.channels)}",
        found=f"{words.loudness(file.loudness_lufs)}, {words.true_peak(file.true_peak_dbtp)}",
        wanted=", ".join(check.wanted.replace("-", words.MINUS) for check in file.checks if check.rule != "loop"),
        passes=file.passes,
        source=kind.source,
    )


def _how_to_make_real(scene_path: str) -> str:
    command = f"scenebuild {shlex.quote(scene_path)} --engine {AUTO[0]}"
    return f"With {engine(AUTO[0]).facts.title} installed, `{command}` makes them for real."


def _row(step: Step, takes: Takes, stem: StemFacts, status: str, root: str) -> ReportElement:
    element, take = step.element, step.one_of(takes)
    playback = element.playback
    is_once = playback.repeat is None and not playback.more_starts_s
    recording = "" if element.recording is None else os.path.relpath(element.recording, root)
    return ReportElement(
        name=element.name,
        prompt=element.prompt or "",
        recording=recording,
        engine=step.facts.title,
        model=step.action.model or "",
        is_sketch=step.facts.fidelity == "sketch",
        status=status,
        duration_s=stem.whole_s,
        volume=words.MUTED if element.mute else element.volume.describe_level(),
        temperature=words.temperature(step.action.temperature),
        seed="" if step.action.seed is None else str(step.action.seed),
        take=element.take,
        loudness=words.loudness(take.loudness_lufs),
        licence=take.licence,
        key=take.key,
        digest=take.digest,
        take_path=f"elements/{element.name}.wav",
        start_s=stem.start_s,
        end_s=stem.end_s,
        loop=playback.loop is not None,
        pan=element.pan.first,
        fade_in_s=element.fade_in_s,
        fade_out_s=element.fade_out_s,
        times_s=stem.times_s if len(stem.times_s) > 1 else (),
        seam="" if stem.seam_db is None else words.gain(stem.seam_db),
        treatment=(*made_from(element, step.action, root), *treatment(element, stem, take.duration_s)),
        mute=element.mute,
        gain=element.volume.value,
        still_pan=element.pan.value,
        only_start_s=element.start_s if is_once else None,
    )
