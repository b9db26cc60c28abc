"""The stages of one scene after its takes: the mix, the report, the lock and, last, the manifest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scenebuild.deliver.deliver import Delivered
from scenebuild.deliver.scene_files import delivered
from scenebuild.files import sweep
from scenebuild.frames import frames_of
from scenebuild.generate.gather import Gathered, licences_of, take_path
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.outputs import LABELS, Outputs
from scenebuild.plan.digests import same_digests
from scenebuild.plan.lockfile import Lock, lock_path
from scenebuild.plan.manifest import manifest_of
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.policy import refuse_licences
from scenebuild.plan.steps import Plan
from scenebuild.render.checks import refuse_long_fades, unmet_expectations, warnings_of
from scenebuild.render.inputs import configuration_digests, read_while_mixing, read_while_planning
from scenebuild.render.lock import lock_of, refuse_other_bytes, refuse_other_mix, write_scene_lock
from scenebuild.render.results import elements_of, failures_of, result_of, statuses_of
from scenebuild.report.labels import labels_text
from scenebuild.report.pages.embedded_audio import MOST_CAPTURED_S
from scenebuild.report.summarize import report_of
from scenebuild.report.write import ReportFiles, render_report, write_report
from scenebuild.result import SceneResult, failed_scene, result_in
from scenebuild.settings import Settings
from scenebuild.store.care import IN_USE_S


@dataclass(frozen=True, slots=True)
class SceneTakes:
    """A scene whose takes are gathered, and its settings. ``begun_ns``: the time when the command began to read files;
    if one was saved later, the next build is not up to date."""

    plan: Plan
    gathered: Gathered
    outputs: Outputs
    settings: Settings
    begun_ns: int


@dataclass(frozen=True, slots=True)
class MixedScene:
    """A scene whose mix and deliveries are written."""

    made_of: SceneTakes
    mix: Mix
    files: Sequence[Delivered]
    stems: Sequence[CapturedStem]
    lock: Lock  # of this build, not written yet
    warnings: tuple[str, ...]
    read: Mapping[str, str | None]  # the files that were read, with their digests before that


def missing_takes(scene: SceneTakes) -> SceneResult | None:
    """The failed result of a scene with takes that could not be made; None where all are there."""
    plan, gathered = scene.plan, scene.gathered
    if not gathered.failures:
        return None
    failures = failures_of(plan, gathered)
    return failed_scene(plan.scene.path, *failures, exit_code=gathered.exit_code, elements=elements_of(plan, gathered))


def refuse_takes(scene: SceneTakes) -> None:
    """SceneError or PolicyError for the lengths and the licences of the takes."""
    takes = scene.gathered.takes
    sweep(scene.outputs.folder, IN_USE_S)
    for step in scene.plan.steps:
        scene.outputs.holds(take_path(scene.outputs.folder, step.name), step.one_of(takes).digest)
    refuse_long_fades(scene.plan, takes)
    refuse_licences(scene.plan, {step.name: step.one_of(takes).licence for step in scene.plan.steps})


def mix_and_deliver(scene: SceneTakes) -> MixedScene:
    """Write the mix of a scene, its stems and its deliveries. LockError if ``--frozen`` forbids it."""
    plan, takes, outputs = scene.plan, scene.gathered.takes, scene.outputs
    refuse_takes(scene)
    if scene.settings.frozen:
        refuse_other_bytes(plan, takes)
    licence = strictest(licences_of(takes))
    read = read_while_mixing(plan, scene.begun_ns)
    stems: list[CapturedStem] = []
    mix = mix_scene(
        plan.scene,
        takes,
        Path(outputs.folder, f"{outputs.stem}.wav"),
        stems_folder=Path(outputs.folder, "stems") if scene.settings.output.stems else None,
        info={"INAM": plan.scene.name, "ICOP": licence},
        capture=stems.append,
        most_captured_frames=frames_of(MOST_CAPTURED_S, plan.scene.mix.sample_rate),
        aside=outputs.aside,
    )
    files = delivered(plan.scene, mix, licence, outputs.aside)
    lock = lock_of(plan, takes, mix, files)
    if scene.settings.frozen:
        refuse_other_mix(plan, lock)
    told = [warning for file in files for warning in file.warnings]
    warnings = (*warnings_of(plan, takes), *mix.warnings, *told, *unmet_expectations(plan, takes, mix))
    return MixedScene(scene, mix, files, stems, lock, warnings, {**same_digests(read), **mix.read})


def report_on(mixed: MixedScene) -> ReportFiles:
    """The README, the pictures and the page of a mixed scene. UsageError if the user's template fails."""
    scene, mix = mixed.made_of, mixed.mix
    statuses = statuses_of(scene.plan, scene.gathered)
    takes, folder = scene.gathered.takes, scene.outputs.folder
    report = report_of(scene.plan, takes, statuses, mix, mixed.files, mixed.warnings, folder)
    template = Path(scene.settings.output.template) if scene.settings.output.template else None
    return render_report(report, mix, template, mixed.stems)


def finish_scene(mixed: MixedScene, report: ReportFiles) -> SceneResult:
    """Write the report, the lock and, last, the manifest: the build counts as done."""
    plan, outputs, settings = mixed.made_of.plan, mixed.made_of.outputs, mixed.made_of.settings
    path, folder, warnings = plan.scene.path, outputs.folder, mixed.warnings
    write_report(report, Path(folder), outputs.publish)
    # A value of --set is in no file, so nobody could build it from the lock.
    locked = plan.lock.digest if plan.lock else None
    if not plan.is_preview and not settings.frozen and not settings.output.parameters:
        locked, of_the_lock = write_scene_lock(plan, mixed.lock)
        warnings = (*warnings, *of_the_lock)
    result = result_of(plan, mixed.made_of.gathered, mixed.mix, mixed.files, warnings, folder)
    outputs.publish(outputs.path(LABELS), labels_text(mixed.mix).encode())
    manifest = manifest_of(
        path,
        settings,
        folder,
        inputs={**read_while_planning(plan), **mixed.read, **report.templates, lock_path(path): locked},
        configuration=configuration_digests(path, settings, mixed.made_of.begun_ns),
        outputs=outputs.files(),
        result=result_in(result, folder),
    )
    outputs.finish(manifest)
    return result


def mix_heard(scene: SceneTakes, heard: Collection[str]) -> SceneResult:
    """Mix the elements that are heard into ``listen.wav``; the mix, the README, the lock and the manifest stay."""
    plan, outputs = scene.plan, scene.outputs
    refuse_takes(scene)
    mix = mix_scene(
        plan.scene,
        scene.gathered.takes,
        Path(outputs.path(outputs.listen)),
        muted=frozenset(element.name for element in plan.scene.elements).difference(heard),
        aside=outputs.aside,
    )
    warnings = (*warnings_of(plan, scene.gathered.takes), *mix.warnings)
    outputs.leave()
    return replace(result_of(plan, scene.gathered, mix, (), warnings, outputs.folder), readme=None, page=None)
