"""The program in one page: read, plan, generate, mix, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from scenebuild.errors import LockError, PolicyError, ScenebuildError, SceneError, UsageError
from scenebuild.outputs import Outputs, said_by_file
from scenebuild.overview import write_overview
from scenebuild.plan.lockfile import lock_path, read_lock
from scenebuild.plan.manifest import OutputOptions, built_variants, output_folder, outputs_root, scene_of, up_to_date
from scenebuild.plan.models import refuse_unknown_model
from scenebuild.plan.policy import planned_licences, refuse_licences
from scenebuild.plan.steps import Plan, PlanOptions, make_plan, refuse_unknown_engine, with_sharing
from scenebuild.result import Result, SceneResult, failed_scene, result_from_manifest
from scenebuild.scene.check.neighbours import name_clashes
from scenebuild.scene.compose.reference import folded, scene_file, stem_of
from scenebuild.scene.model import Scene
from scenebuild.scene.project import find_scenes, project_root
from scenebuild.scene.quoting import meant_or_listed
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene.solo import listening, unknown_names
from scenebuild.scratch import scratch_folder
from scenebuild.settings import Settings, read_config
from scenebuild.store import LocalStore

if TYPE_CHECKING:
    from scenebuild.render import Show


SettingsOf = Callable[[str], Settings]  # of a scene, by its path


class Listener(Protocol):
    """Whoever wants to hear how a build goes."""

    def tell(self, line: str) -> None:
        """One line for the user."""
        ...

    def begin(self, takes: Mapping[str, str]) -> None:
        """These takes are about to be made: key -> what to call it."""
        ...

    def progress(self, key: str, share: float) -> None:
        """A take is done to this share, 0 ... 1."""
        ...

    def finish(self, result: SceneResult) -> None:
        """A scene is done, failed, or had nothing to do."""
        ...


def build(arguments: Sequence[str], settings: Settings, listener: Listener, show: Show | None = None) -> Result:
    """Build scene files and folders of them; every mistake of every scene is found before anything is generated.

    ``show`` is given the page of each scene; for its sake a scene is also mixed where nothing has changed.

    Raises SceneError, LockError, PolicyError or UsageError for those mistakes, unless ``settings.keep_going``: then,
    and for takes that could not be made, the scenes say so in the result.
    """
    begun_ns = time.time_ns()
    of = by_project(settings)
    held = scenes_held(arguments, settings, anew=show is not None)
    paths = one_folder_each(held, settings)
    results = {path: result for path in paths if not show and (result := _nothing_to_do(path, of(path))) is not None}
    missing = [path for path in paths if path not in results]
    for path in missing:
        _refuse_others_build(path, settings)
    for path in missing:
        _rescue(path, of(path), listener)
    plans, mistakes = plan_scenes(missing, settings, of)
    if mistakes and not settings.keep_going:
        raise _all_in_one(mistakes)
    mistakes |= _obstructed(plans, settings)
    plans = {path: plan for path, plan in plans.items() if path not in mistakes}
    results |= {
        path: failed_scene(path, str(mistake), exit_code=mistake.exit_code) for path, mistake in mistakes.items()
    }
    for result in results.values():
        listener.finish(result)
    if plans:
        listener.begin(_names_of_missing(plans))
    for own, group in grouped(plans, of):
        if not settings.keep_going and any(one.status == "failed" for one in results.values()):
            results |= _left_out(group, listener)
        else:
            results |= _make(group, own, listener, begun_ns, show)
    for path, references in held.items():
        is_whole = references != [path] and path == scene_file(path)
        if is_whole and not settings.chosen and not settings.is_listening:
            write_overview(path, [results[one] for one in references], of(path), begun_ns)
    return Result(tuple(results[path] for path in paths))


def plan(arguments: Sequence[str], settings: Settings) -> dict[str, Plan]:
    """What a build would do, by scene path. Raises what ``build`` would."""
    plans, mistakes = plan_scenes(scene_paths(arguments, settings), settings)
    if mistakes:
        raise _all_in_one(mistakes)
    return plans


def by_project(settings: Settings) -> SettingsOf:
    """The settings of a scene: those of its own project, whose configuration is read once."""
    known: dict[str, Settings] = {}

    def of(path: str) -> Settings:
        root = str(project_root(path))
        if root not in known:
            known[root] = settings.within(root)
        return known[root]

    return of


def grouped(plans: Mapping[str, Plan], of: SettingsOf) -> list[tuple[Settings, dict[str, Plan]]]:
    """The plans of scenes whose projects have the same settings, and thereby the same store, together; in order."""
    groups: dict[Settings, dict[str, Plan]] = {}
    for path, plan in plans.items():
        groups.setdefault(of(path), {})[path] = plan
    return list(groups.items())


def scene_paths(arguments: Sequence[str], settings: Settings) -> list[str]:
    """The scenes meant, as references. UsageError where two of them would be built into the same folder."""
    return one_folder_each(scenes_held(arguments, settings), settings)


def scenes_held(arguments: Sequence[str], settings: Settings, *, anew: bool = False) -> dict[str, list[str]]:
    """The scenes that each file (or ``file@variant``) holds, as the last build knows or, ``anew``, as it says now; for
    one that can not be read, it alone: reading it again says why."""
    held: dict[str, list[str]] = {}
    of = by_project(settings)
    for path in find_scenes(list(arguments)):
        try:
            known = None if anew else built_variants(path, asked(of(path)), settings.out)
            held[path] = known or references_in(path, dict(settings.chosen))
        except SceneError:
            held[path] = [path]
    return held


def one_folder_each(held: Mapping[str, Sequence[str]], settings: Settings) -> list[str]:
    """Every scene once, in order. UsageError where two of them would be built into the same folder."""
    paths = list(dict.fromkeys(reference for references in held.values() for reference in references))
    by_folder: dict[str, str] = {}
    for path in paths:
        folder = output_folder(path, settings.out)
        other = by_folder.setdefault(folded(os.path.abspath(folder)), path)
        if other != path:
            raise _both_in_one_folder(other, path, folder)
    return paths


def _both_in_one_folder(one: str, other: str, folder: str) -> UsageError:
    beside = os.path.dirname(scene_file(one)) == os.path.dirname(scene_file(other))  # their lock is one as well
    advice = "" if beside else ", or build them one by one with --out"
    return UsageError(f"{one} and {other} would both be built in {folder}; rename one of them{advice}")


def _refuse_others_build(path: str, settings: Settings) -> None:
    """UsageError where another scene of the project has its build in the folder of this one."""
    folder = output_folder(path, settings.out)
    other = scene_of(folder)
    if folded(os.path.basename(folder)) == "catalogue" and other is None and os.path.isfile(f"{folder}/index.html"):
        raise UsageError(f"{folder} holds the pages of 'scenebuild explore'; rename {path}, or use --out")
    if other is None or not os.path.isfile(other) or os.path.samefile(other, scene_file(path)):
        return
    beside = os.path.dirname(other) == os.path.dirname(os.path.abspath(path))  # the plan refuses these
    if project_root(other) == project_root(path) and not beside:
        raise _both_in_one_folder(os.path.relpath(other), path, folder)


def plan_scenes(
    paths: Sequence[str], settings: Settings, of: SettingsOf | None = None
) -> tuple[dict[str, Plan], dict[str, ScenebuildError]]:
    """The plan of each scene, with the settings and the store of its own project, or the mistake that stands in its
    way."""
    of = of or by_project(settings)
    refuse_unknown_model(settings.model)
    _refuse_half_a_listen(settings)
    plans: dict[str, Plan] = {}
    mistakes: dict[str, ScenebuildError] = {}
    clashes = name_clashes(paths)
    for path in paths:
        try:
            if path in clashes:
                raise clashes[path]
            scene = under_policy(read_scene(path, dict(settings.chosen)))
            if settings.is_listening:
                _refuse_unknown_names(settings, scene)
                scene = listening(scene, settings.solo, settings.mute)
            own = of(path)
            refuse_unknown_engine(own.preferred_engine)
            plan = make_plan(scene, read_lock(lock_path(path)), LocalStore(own.store), choices_for(scene, own))
            if settings.frozen:
                refuse_drift(plan)
            refuse_licences(plan, planned_licences(plan))
            plans[path] = plan
        except (SceneError, LockError, PolicyError) as mistake:
            mistakes[path] = mistake
    if not mistakes:
        _refuse_unknown_elements(settings.force_elements, plans)
    together = {path: plan for _, group in grouped(plans, of) for path, plan in with_sharing(group).items()}
    return {path: together[path] for path in plans}, mistakes


def _refuse_half_a_listen(settings: Settings) -> None:
    for flag, is_given in (("--frozen", settings.frozen), ("--stems", settings.stems)):
        if settings.is_listening and is_given:
            raise UsageError(f"--solo and --mute only write listen.wav; {flag} goes without them")


def _refuse_unknown_names(settings: Settings, scene: Scene) -> None:
    for flag, names in (("--solo", settings.solo), ("--mute", settings.mute)):
        if unknown := unknown_names(scene, names):
            known = [element.name for element in scene.elements] + [bus.name for bus in scene.buses]
            meant = meant_or_listed(min(unknown), known)
            raise UsageError(
                f"{flag} {', '.join(sorted(unknown))}: {scene.path} has no such element and no such bus{meant}"
            )


def choices_for(scene: Scene, settings: Settings) -> PlanOptions:
    """What the settings ask of a scene's plan; of several scenes, not each need have an element that is forced."""
    forced = settings.force_elements & {element.name for element in scene.elements}
    return PlanOptions(
        settings.engine,
        settings.preferred_engine,
        settings.model,
        settings.precision,
        settings.preferred_precision,
        settings.force,
        forced,
    )


def _refuse_unknown_elements(forced: frozenset[str], plans: Mapping[str, Plan]) -> None:
    unknown = forced - {step.element.name for plan in plans.values() for step in plan.steps}
    if unknown:
        where = f"{next(iter(plans))} has no such element" if len(plans) == 1 else "no scene has such an element"
        known = [step.element.name for plan in plans.values() for step in plan.steps]
        meant = meant_or_listed(min(unknown), known)
        raise UsageError(f"--force-element {', '.join(sorted(unknown))}: {where}{meant}")


def under_policy(scene: Scene) -> Scene:
    """The scene with what the configuration of its own project asks for; a scene can not ask for less."""
    return replace(scene, commercial=scene.commercial or read_config(str(project_root(scene.path))).commercial)


def refuse_drift(plan: Plan) -> None:
    """LockError that names every element which is not what the lock says, and in what."""
    path = plan.scene.path
    if plan.lock is None:
        raise LockError(
            f"{path}:1:1: --frozen, but there is no {lock_path(path)}; build without it and commit the lock"
        )
    drifts = [(step.element.place, step.name, step.drift) for step in plan.steps if step.drift]
    lines = [f"{place}: {name}: {drift}; --frozen builds only what the lock says" for place, name, drift in drifts]
    lines += [f"{lock_path(path)}:1:1: {name}: is in the lock, but no longer in the scene" for name in plan.gone]
    if lines:
        raise LockError("\n".join([*lines, f"build without --frozen and commit {lock_path(path)}"]))


def _make(
    plans: Mapping[str, Plan], settings: Settings, listener: Listener, begun_ns: int, show: Show | None
) -> dict[str, SceneResult]:
    """Takes, mixes and reports for plans with the same settings. Only here is anything heavy imported."""
    from scenebuild.generate.gather import gather
    from scenebuild.generate.make import TakeMaker
    from scenebuild.render import intended, render_scene

    folders = {path: Outputs(outputs_root(path, settings.out), output_folder(path, settings.out)) for path in plans}
    store = LocalStore(settings.store)
    results: dict[str, SceneResult] = {}
    with said_by_file(), scratch_folder() as scratch:
        for path, outputs in folders.items():
            outputs.begin(intended(plans[path], outputs, settings))
        shop = TakeMaker(store, scratch, settings.jobs, listener.progress, listener.tell, settings.engine_options)
        gathered = gather(
            list(plans.values()), [one.folder for one in folders.values()], shop, keep_going=settings.keep_going
        )
        for (path, plan), takes in zip(plans.items(), gathered, strict=True):
            try:
                results[path] = render_scene(plan, takes, folders[path], settings, begun_ns, show)
            except (SceneError, LockError, PolicyError) as mistake:
                if not settings.keep_going:
                    raise
                results[path] = failed_scene(path, str(mistake), exit_code=mistake.exit_code)
            listener.finish(results[path])
    return results


def _obstructed(plans: Mapping[str, Plan], settings: Settings) -> dict[str, ScenebuildError]:
    """The scenes with something that nobody here can make, such as a take of a damaged recording. SceneError for all of
    them unless the others are to be built."""
    missing = {step.key: step for plan in plans.values() for step in plan.steps if step.status == "miss"}
    obstacles = [step.obstacle for step in missing.values() if step.obstacle is not None]
    if obstacles and not settings.keep_going:
        raise SceneError(obstacles)
    found = {path: [step.obstacle for step in plan.steps if step.obstacle is not None] for path, plan in plans.items()}
    return {path: SceneError(problems) for path, problems in found.items() if problems}


def _left_out(plans: Mapping[str, Plan], listener: Listener) -> dict[str, SceneResult]:
    """What becomes of the scenes of another project, once one has failed."""
    results = {path: failed_scene(path, f"{path}: not made, because another scene failed before") for path in plans}
    for result in results.values():
        listener.finish(result)
    return results


def _names_of_missing(plans: Mapping[str, Plan]) -> dict[str, str]:
    several = len(plans) > 1
    return {
        step.key: f"{stem_of(path)}: {step.name}" if several else step.name
        for path, plan in plans.items()
        for step in plan.steps
        if step.status == "miss" and step.element.recording is None
    }


def _nothing_to_do(path: str, settings: Settings) -> SceneResult | None:
    if settings.force or settings.force_elements or settings.frozen or settings.is_listening:
        return None
    result = up_to_date(path, asked(settings), settings.out)
    if result is None or "variants" in result:  # the pages about all of a file are no scene
        return None
    return result_from_manifest(path, output_folder(path, settings.out), result)


def asked(settings: Settings) -> OutputOptions:
    """The part of the settings that decides the outputs."""
    return OutputOptions(**settings.deciding)


def _rescue(path: str, settings: Settings, listener: Listener) -> None:
    """Before planning, so that what is rescued is at hand. A lock that can not be read is reported by the plan."""
    from scenebuild.generate.gather import rescue

    try:
        lock = read_lock(lock_path(path))
    except LockError:
        return
    rescue(lock, LocalStore(settings.store), output_folder(path, settings.out), listener.tell)


def _all_in_one(mistakes: Mapping[str, ScenebuildError]) -> ScenebuildError:
    """Mistakes in scenes first: they are what the author can put right."""
    problems = [
        problem for mistake in mistakes.values() if isinstance(mistake, SceneError) for problem in mistake.problems
    ]
    if problems:
        return SceneError(list(dict.fromkeys(problems)))  # what variants share is wrong once
    first = next(iter(mistakes.values()))
    return type(first)("\n".join(str(mistake) for mistake in mistakes.values()))
