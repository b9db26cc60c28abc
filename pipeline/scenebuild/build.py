"""The program in one page: read, plan, generate, mix, deliver, report.

A build with nothing to do takes little longer than its imports, so the rooms that read and plan a scene are imported
where one is read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scenebuild.errors import LockError, PolicyError, ScenebuildError, SceneError
from scenebuild.listener import SILENT, Listener
from scenebuild.result import Result, SceneResult, failed_scene
from scenebuild.settings import Settings
from scenebuild.targets import Target, find_targets, last_result, refuse_others_build, targets_in

if TYPE_CHECKING:
    from scenebuild.plan.steps import Plan


def build(arguments: Sequence[str], settings: Settings, listener: Listener = SILENT) -> Result:
    """Build scene files and folders of them; every mistake of every scene is found before anything is generated.

    Raises SceneError, LockError, PolicyError or UsageError for those mistakes, unless ``settings.keep_going``: then,
    and for takes that could not be made, the scenes say so in the result.
    """
    begun_ns = time.time_ns()
    files = find_targets(arguments, settings)
    targets = targets_in(files)
    results = {target.path: result for target in targets if (result := last_result(target)) is not None}
    if changed := [target for target in targets if target.path not in results]:
        results |= _build_changed(changed, results, settings, listener, begun_ns)
    else:
        for result in results.values():
            listener.finish(result)
    for file in files:
        if file.has_overview and not settings.output.parameters:
            from scenebuild.overview import write_overview

            write_overview(file, results, begun_ns)
    return Result(tuple(results[target.path] for target in targets))


def plan(arguments: Sequence[str], settings: Settings) -> dict[str, Plan]:
    """What a build would do, by scene path. Raises what ``build`` would."""
    from scenebuild.scene_plans import plan_targets, refuse_mistakes

    planned = plan_targets(targets_in(find_targets(arguments, settings)))
    refuse_mistakes(planned)
    return planned.by_path


def _build_changed(
    targets: Sequence[Target],
    unchanged: Mapping[str, SceneResult],
    settings: Settings,
    listener: Listener,
    begun_ns: int,
) -> dict[str, SceneResult]:
    """The results of the scenes that are not up to date; ``unchanged`` are those of the others."""
    from scenebuild.scene_plans import make_groups, only_buildable, plan_targets, rescue_takes

    for target in targets:
        refuse_others_build(target)
    rescue_takes(targets, listener)
    planned = only_buildable(plan_targets(targets))
    return make_groups(planned, unchanged, lambda plans: _make(plans, listener, begun_ns), settings, listener)


def _make(plans: Mapping[Target, Plan], listener: Listener, begun_ns: int) -> dict[str, SceneResult]:
    """Takes, mixes and reports for plans with the same settings. Only here is anything heavy imported."""
    from scenebuild.render.output_names import intended
    from scenebuild.render.stages import finish_scene, missing_takes, mix_and_deliver, report_on
    from scenebuild.render.takes import gathered_scenes

    results: dict[str, SceneResult] = {}
    with gathered_scenes(plans, intended, listener, begun_ns) as scenes:
        for target, scene in zip(plans, scenes, strict=True):
            try:
                if (result := missing_takes(scene)) is None:
                    mixed = mix_and_deliver(scene)
                    report = report_on(mixed)
                    listener.show(report.page)
                    result = finish_scene(mixed, report)
            except (SceneError, LockError, PolicyError) as mistake:
                result = failed_or_raised(target, mistake)
            results[target.path] = result
            listener.finish(result)
    return results


def failed_or_raised(target: Target, mistake: ScenebuildError) -> SceneResult:
    """A mistake that only the takes of a scene showed: it ends the build, unless the others are to be built."""
    if not target.settings.keep_going:
        raise mistake
    return failed_scene(target.path, *mistake.lines, exit_code=mistake.exit_code)
