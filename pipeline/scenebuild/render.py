"""One scene from its takes to its files: the mix, the report, the lock and, last, the manifest."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenebuild.audio.copyright import copyright_of
from scenebuild.config import config_files, read_config
from scenebuild.deliver.deliver import Delivered
from scenebuild.deliver.scene_files import delivered, delivery_name
from scenebuild.engines import action_facts
from scenebuild.errors import ErrorLine, LockError, Place, Problem, SceneError, UsageError
from scenebuild.expect.hold import expects_anything, hold
from scenebuild.files import sweep
from scenebuild.generate.gather import Gathered, Takes, licences_of, paths_of, take_path
from scenebuild.generate.take import Take
from scenebuild.licences import same as same_licence
from scenebuild.mix.clip import clip_of
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix, PlayedTake
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.outputs import LABELS, PAGES, Outputs
from scenebuild.plan.licence import forbids_commerce, strictest
from scenebuild.plan.lockfile import Lock, level, lock_path, merged_mix, mix_drift, write_lock
from scenebuild.plan.manifest import CHANGED, digests_of, manifest_text, same_digests
from scenebuild.plan.policy import refuse_licences
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.labels import labels_text
from scenebuild.report.pages.build_page import PAGE
from scenebuild.report.pages.embedded_audio import MOST_CAPTURED_S
from scenebuild.report.summarize import report_of
from scenebuild.report.write import ReportFiles, render_report, write_report
from scenebuild.result import ElementResult, SceneResult, failed_scene, result_for_manifest
from scenebuild.scene.model import Scene
from scenebuild.scene.project import project_root
from scenebuild.settings import OutputOptions, Settings
from scenebuild.store.care import IN_USE_S


@dataclass(frozen=True, slots=True)
class SceneTakes:
    """A scene whose takes are gathered, and how it is built. ``begun_ns``: when its files began to be read; one that
    was saved since makes the next build no rerun."""

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
    lock: Lock  # as it is to be written
    warnings: tuple[str, ...]
    read: Mapping[str, str | None]  # what was read for it, with its digests from before


def missing_takes(scene: SceneTakes) -> SceneResult | None:
    """The failed result of a scene with takes that could not be made; None where all are there."""
    plan, gathered = scene.plan, scene.gathered
    if not gathered.failures:
        return None
    failures = _failures(plan, gathered)
    return failed_scene(plan.scene.path, *failures, exit_code=gathered.exit_code, elements=_elements(plan, gathered))


def refuse_takes(scene: SceneTakes) -> None:
    """SceneError or PolicyError for what only the takes themselves show: their lengths, and their licences."""
    takes = scene.gathered.takes
    sweep(scene.outputs.folder, IN_USE_S)
    for step in scene.plan.steps:
        scene.outputs.holds(take_path(scene.outputs.folder, step.name), step.one_of(takes).digest)
    _refuse_long_fades(scene.plan, takes)
    refuse_licences(scene.plan, {step.name: step.one_of(takes).licence for step in scene.plan.steps})


def mix_and_deliver(scene: SceneTakes) -> MixedScene:
    """Mix a scene and write the mix, its stems and what is delivered. LockError where ``--frozen`` forbids it."""
    plan, takes, outputs = scene.plan, scene.gathered.takes, scene.outputs
    refuse_takes(scene)
    if scene.settings.frozen:
        _refuse_other_bytes(plan, takes)
    licence = strictest(licences_of(takes))
    read = _read_beside(plan, scene.begun_ns)
    stems: list[CapturedStem] = []
    mix = mix_scene(
        plan.scene,
        sources_of(takes),
        Path(outputs.folder, f"{outputs.stem}.wav"),
        stems_folder=Path(outputs.folder, "stems") if scene.settings.output.stems else None,
        info={"INAM": plan.scene.name, "ICOP": licence},
        capture=stems.append,
        most_captured_frames=round(MOST_CAPTURED_S * plan.scene.mix.sample_rate),
        aside=outputs.aside,
    )
    files = delivered(plan.scene, mix, licence, outputs.aside)
    lock = _lock(plan, takes, mix, files)
    if scene.settings.frozen:
        _refuse_other_mix(plan, lock)
    told = [warning for file in files for warning in file.warnings]
    warnings = (*_warnings(plan, takes), *mix.warnings, *told, *_unmet(plan, takes, mix))
    return MixedScene(scene, mix, files, stems, lock, warnings, {**same_digests(read), **mix.read})


def report_on(mixed: MixedScene) -> ReportFiles:
    """The README, the pictures and the page of a mixed scene. UsageError where the user's template fails."""
    scene, mix = mixed.made_of, mixed.mix
    statuses = _statuses(scene.plan, scene.gathered)
    takes, folder = scene.gathered.takes, scene.outputs.folder
    report = report_of(scene.plan, takes, statuses, mix, mixed.files, mixed.warnings, folder)
    template = Path(scene.settings.output.template) if scene.settings.output.template else None
    return render_report(report, mix, template, mixed.stems)


def finish_scene(mixed: MixedScene, report: ReportFiles) -> SceneResult:
    """Write the report, the lock and, last of all, the manifest: from there on the build counts as done."""
    plan, outputs, settings = mixed.made_of.plan, mixed.made_of.outputs, mixed.made_of.settings
    path, folder, warnings = plan.scene.path, outputs.folder, mixed.warnings
    write_report(report, Path(folder), outputs.publish)
    # What --set asks for is a try: it stands in no file, so nobody could build it from the lock.
    locked = plan.lock.digest if plan.lock else None
    if not plan.is_preview and not settings.frozen and not settings.output.parameters:
        locked, of_the_lock = _write_lock(plan, mixed.lock)
        warnings = (*warnings, *of_the_lock)
    result = _result(plan, mixed.made_of.gathered, mixed.mix, mixed.files, warnings, folder)
    outputs.publish(outputs.path(LABELS), labels_text(mixed.mix).encode())
    manifest = manifest_text(
        path,
        settings,
        {**_read_before(plan), **mixed.read, **report.templates, lock_path(path): locked},
        folder,
        outputs.facts(),
        result_for_manifest(result, folder),
        _configuration(path, settings, mixed.made_of.begun_ns),
    )
    outputs.finish(manifest.encode())
    return result


def mix_heard(scene: SceneTakes, heard: Collection[str]) -> SceneResult:
    """Mix what is heard of a scene into a file of its own; the mix, the README, the lock and the manifest stay."""
    plan, outputs = scene.plan, scene.outputs
    refuse_takes(scene)
    mix = mix_scene(
        plan.scene,
        sources_of(scene.gathered.takes),
        Path(outputs.path(outputs.listen)),
        muted=frozenset(element.name for element in plan.scene.elements).difference(heard),
        aside=outputs.aside,
    )
    warnings = (*_warnings(plan, scene.gathered.takes), *mix.warnings)
    outputs.leave()
    return replace(_result(plan, scene.gathered, mix, (), warnings, outputs.folder), readme=None, page=None)


def _result(
    plan: Plan, gathered: Gathered, mix: Mix, files: Sequence[Delivered], warnings: tuple[str, ...], folder: str
) -> SceneResult:
    return SceneResult(
        scene=plan.scene.path,
        status="built",
        mix=os.path.relpath(mix.path),
        readme=os.path.relpath(os.path.join(folder, "README.md")),
        page=os.path.relpath(os.path.join(folder, PAGE)),
        duration_s=mix.frames / mix.sample_rate,
        loudness_lufs=level(mix.loudness_lufs),
        true_peak_dbtp=level(mix.true_peak_dbtp),
        preview=plan.is_preview,
        elements=_elements(plan, gathered),
        warnings=warnings,
        delivered=tuple(os.path.basename(file.path) for file in files),
    )


def _elements(plan: Plan, gathered: Gathered) -> tuple[ElementResult, ...]:
    statuses = _statuses(plan, gathered)
    return tuple(
        ElementResult(
            name=step.name,
            engine=step.facts.name,
            key=step.key,
            digest=gathered.digests.get(step.name),
            status=statuses[step.name],
            reason=step.told,
            fidelity=step.facts.fidelity,
        )
        for step in plan.steps
    )


def _statuses(plan: Plan, gathered: Gathered) -> dict[str, str]:
    return {step.name: _status(step, gathered) for step in plan.steps}


def _status(step: Step, gathered: Gathered) -> str:
    if step.name in gathered.failures:
        return "failed"
    if step.facts.fidelity == "recording":
        return "recording"
    if step.key in gathered.made and not step.shared_with:
        return "generated"
    return "locked" if step.status == "locked" else "cached"


def sources_of(takes: Takes) -> dict[str, tuple[PlayedTake, ...]]:
    """The takes as the mixer wants them."""
    return {element: tuple(map(source_of, several)) for element, several in takes.items()}


def source_of(take: Take) -> PlayedTake:
    """A take as the mixer wants it."""
    return PlayedTake(take.path, take.sample_rate, take.channels, take.frames, take.loudness_lufs, take.peak_dbfs)


def _failures(plan: Plan, gathered: Gathered) -> list[ErrorLine]:
    found: list[ErrorLine] = []
    for step in plan.steps:
        if step.name in gathered.failures:
            first, *more = gathered.failures[step.name].splitlines() or [""]
            found += [Problem("take", f"{step.name}: {first}", step.element.place), *more]
    return found


def _warnings(plan: Plan, takes: Takes) -> tuple[str, ...]:
    found = [f"{step.name}: {warning}" for step in plan.steps for warning in step.one_of(takes).warnings]
    changed = [
        step
        for step in plan.steps
        if step.digest and step.digest != step.one_of(takes).digest and step.reason != "forced"
    ]
    found += [
        f"{step.name}: the locked take could not be had; another one with the same key was used" for step in changed
    ]
    return tuple([*found, *_signed_recordings(plan)])


def _signed_recordings(plan: Plan) -> list[str]:
    """Recordings that forbid by their own words what the scene is for: a model's take, copied, says whose it is. Only a
    word: whoever recorded a sound may sell it, whatever stands in the file."""
    signed = {
        step.name: copyright_of(step.element.recording)
        for step in plan.steps
        if plan.scene.commercial and step.element.recording is not None
    }
    return [
        f"{name}: the recording says of itself: {' '.join(text.split())[:100]}; make sure that it may be sold"
        for name, text in signed.items()
        if forbids_commerce(text)
    ]


def _unmet(plan: Plan, takes: Takes, mix: Mix) -> list[str]:
    """What does not sound as the scene says it must."""
    if not expects_anything(plan.scene):
        return []
    found = hold(plan.scene, plan.lock, paths_of(takes), mix.path)
    return [f"{verdict.owner}: {verdict.message}" for verdict in found if not verdict.holds]


def _refuse_long_fades(plan: Plan, takes: Takes) -> None:
    """The length of a recording is only known now; of a prompt's take it was checked while reading."""
    problems = []
    for step in plan.steps:
        element = step.element
        fades = element.fade_in_s + element.fade_out_s
        length_s = clip_of(element, [source_of(step.one_of(takes))]).length_s
        if element.recording is not None and not element.loop and fades > length_s:
            place = plan.scene.place_of("elements", element.name, "fade_in" if element.fade_in_s else "fade_out")
            message = f"fade_in and fade_out last {fades:g} s together, the recording {length_s:.3g} s; shorten them"
            problems.append(Problem("fade-too-long", message, place))
    if problems:
        raise SceneError(problems)


def _refuse_other_bytes(plan: Plan, takes: Takes) -> None:
    problems = [
        Problem(
            "lock",
            f"{step.name}: the lock pins {str(step.digest)[:12]}…, which is not in the store, and making it again gave "
            f"{step.one_of(takes).digest[:12]}…",
            step.element.place,
        )
        for step in plan.steps
        if step.digest != step.one_of(takes).digest
    ]
    if problems:
        raise LockError(*problems, "restore the store the lock was made with, or build without --frozen")


def _write_lock(plan: Plan, lock: Lock) -> tuple[str | None, tuple[str, ...]]:
    """Write the lock: (the digest of the lock that this build stands on, what there is to say).

    A lock that is not the one that was read stays: it came from git or from another build, and the next build reads it.
    So does the lock of a scene that was saved since: it may be the one of what stands there now.
    """
    path = lock_path(plan.scene.path)
    read = plan.lock.digest if plan.lock else None
    if CHANGED in same_digests(plan.scene.digests).values():
        return read, (f"{path} stays as it is, because the scene was saved while it was built; build again",)
    written = write_lock(path, lock, plan.lock)
    if written is None:
        return read, (f"{path} was replaced while the scene was built, so it stays as it is; build again",)
    return written, ()


def _refuse_other_mix(plan: Plan, lock: Lock) -> None:
    then = plan.lock or Lock()
    drifts = mix_drift(then.mix, lock.mix)
    for name, entry in lock.elements.items():
        said = then.elements[name].get("licence", entry.get("licence"))
        if said != entry.get("licence"):
            drifts.append(f"the licence of {name} is {entry['licence']}, the lock says {said}")
    if drifts:
        message = f"mix: {'; '.join(drifts)}; build without --frozen and commit the lock"
        raise LockError(Problem("lock", message, Place(lock_path(plan.scene.path))))


def _lock(plan: Plan, takes: Takes, mix: Mix, files: Sequence[Delivered]) -> Lock:
    """The lock of what was built now. Where a take is the one of the old lock, its entry stays to the letter."""
    old = plan.lock or Lock()
    elements = {}
    for step in plan.steps:
        take = step.one_of(takes)
        entry = old.elements.get(step.name, {})
        same = entry.get("key") == take.key and entry.get("digest") == take.digest
        elements[step.name] = _licensed(entry, take.licence) if same else _entry(step, take)
    facts = {
        "length_s": round(mix.frames / mix.sample_rate, 6),
        "loudness_lufs": level(mix.loudness_lufs),
        "true_peak_dbtp": level(mix.true_peak_dbtp),
        "licence": strictest(licences_of(takes)),
    }
    facts = {**facts, "licence": _licensed(old.mix, str(facts["licence"]))["licence"]}
    return Lock(elements, merged_mix(old.mix, facts | _seams(mix) | _deliveries(files)))


def _licensed(facts: Mapping[str, Any], licence: str) -> Mapping[str, Any]:
    """Facts of a lock, to the letter, but for a licence that is another one by now."""
    return facts if same_licence(str(facts.get("licence", "")), licence) else {**facts, "licence": licence}


def _deliveries(files: Sequence[Delivered]) -> dict[str, Any]:
    """How loud each delivered file is, by its name."""
    facts = {
        os.path.basename(file.path): {
            "loudness_lufs": level(file.loudness_lufs),
            "true_peak_dbtp": level(file.true_peak_dbtp),
            "passes": file.passes,
        }
        for file in files
    }
    return {"delivered": facts} if facts else {}


def _seams(mix: Mix) -> dict[str, Any]:
    """The scores of the seams that the author asked about; nothing in most locks."""
    of_loops = {stem.name: round(stem.seam_db, 2) for stem in mix.stems if stem.seam_db is not None}
    facts: dict[str, Any] = {"seams_db": of_loops} if of_loops else {}
    return facts if mix.seam_db is None else facts | {"seam_db": round(mix.seam_db, 2)}


def _entry(step: Step, take: Take) -> dict[str, Any]:
    return {
        **action_facts(step.action),
        "key": take.key,
        "digest": take.digest,
        "length_s": round(take.duration_s, 6),
        "loudness_lufs": level(take.loudness_lufs),
        "peak_dbfs": level(take.peak_dbfs),
        "sample_rate": take.sample_rate,
        "channels": take.channels,
        "licence": take.licence,
        "made_by": dict(take.made_by),
    }


def _impulses(scene: Scene) -> list[str]:
    return [path for path, _ in scene.effect_files()]


def intended(plan: Plan, outputs: Outputs, options: OutputOptions) -> set[str]:
    """All that a build of a plan may write into its folder."""
    stems = {f"stems/{element.name}.wav" for element in plan.scene.elements if options.stems}
    files = {delivery_name(outputs.stem, wanted) for wanted in plan.scene.deliver}
    return {f"{outputs.stem}.wav", LABELS, *PAGES, *intended_takes(plan), *stems, *files}


def intended_takes(plan: Plan) -> set[str]:
    """The takes that a build of a plan writes into its folder."""
    return {os.path.relpath(take_path("", step.name)) for step in plan.steps}


def _read_beside(plan: Plan, begun_ns: int) -> dict[str, str | None]:
    """What is read while a scene is mixed, as it is before that: impulse responses, and what says which bytes a
    model has."""
    records = [one.record for step in plan.steps for one in step.facts.models if one.id == step.action.model]
    return digests_of([*_impulses(plan.scene), *filter(None, records)], begun_ns)


def _read_before(plan: Plan) -> dict[str, str | None]:
    """What was read while a scene was planned: its files, and the recordings, by what they were then."""
    recordings = {
        step.element.recording: step.action.content for step in plan.steps if step.element.recording is not None
    }
    return {**plan.scene.digests, **recordings}


def _configuration(path: str, settings: Settings, begun_ns: int) -> dict[str, str | None]:
    """The files of the configuration; none that a later build will find, where they no longer say what it was."""
    root = str(project_root(path))
    found = digests_of(config_files(root), begun_ns)
    try:
        config = settings.plan.config
        same = config is not None and read_config(root).deciding == config.deciding
    except UsageError:
        same = False
    return same_digests(found) if same else dict.fromkeys(found, CHANGED)
