"""The step that builds each scene as its lock says, or previews it with sketches."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from scenebuild.ci.job import Job
from scenebuild.ci.log import inert
from scenebuild.ci.markdown import MOST_ERRORS, builds_markdown
from scenebuild.errors import ErrorLine, Place, Problem
from scenebuild.files import publish_bytes, utf8
from scenebuild.plan.steps import Plan
from scenebuild.result import SceneResult, failed_scene
from scenebuild.scene_plans import plan_targets
from scenebuild.targets import find_targets, targets_in


def build(job: Job) -> int:
    """Build each scene as its lock says; with sketches if a take of a model is not in the store."""
    with inert(job):
        results, own_lock = _built(job)
    if job.on_github:
        sys.stdout.write(_annotations([result for result in results if result.scene in own_lock]))
    publish_bytes(str(job.builds), utf8(builds_markdown(results)))
    return max((result.exit_code for result in results), default=0)


def _built(job: Job) -> tuple[list[SceneResult], frozenset[str]]:
    """The result of every scene, in order, and the scenes that match their locks.

    A scene with missing takes of a model is previewed, if that changes no lock.
    """
    from scenebuild.build import build as make
    from scenebuild.cli.options import Flags, settings_for
    from scenebuild.cli.terminal import NORMAL, Terminal
    from scenebuild.engines import AUTO

    told = Flags(store=os.environ.get("SCENEBUILD_STORE"), keep_going=True, out=str(job.report / "build"))
    as_found = settings_for(job.scenes, told)
    as_locked = replace(as_found, frozen=True)
    sketched = replace(told, engine=AUTO[-1], out=str(job.report / "preview")).settings()
    targets = targets_in(find_targets(job.scenes, as_found))
    paths = [target.path for target in targets]
    planned = plan_targets(targets)
    plans, mistakes = planned.by_path, planned.mistakes
    missing = [path for path, plan in plans.items() if _lacks_a_take(plan)]
    previews = plan_targets(targets_in(find_targets(missing, sketched)) if missing else [])
    # A sketch of an element that is in no lock would write a lock; a preview of a locked element changes none.
    previewed = [path for path, plan in previews.by_path.items() if plan.is_preview]
    unlocked = "the lock knows no take of a model that the scene asks for, and there is no model here"
    results = {path: failed_scene(path, f"{path}: {unlocked}") for path in missing if path not in previewed}
    results |= {path: failed_scene(path, *one.lines, exit_code=one.exit_code) for path, one in mistakes.items()}
    with Terminal(loudness=NORMAL, colour=False) as terminal:
        for result in results.values():
            terminal.finish(result)
        for settings, wanted in ((as_locked, [path for path in plans if path not in missing]), (sketched, previewed)):
            results |= {one.scene: one for one in (make(wanted, settings, terminal).scenes if wanted else ())}
    own_lock = frozenset(
        path for path, plan in plans.items() if not plan.gone and not any(step.drift for step in plan.steps)
    )
    return [results[path] for path in paths], own_lock


def _annotations(results: Sequence[SceneResult]) -> str:
    """The mistakes that only a build finds, such as a mix whose loudness differs from the lock."""
    from scenebuild.scene.check.findings import as_github, at_root

    found = [(one.scene, line) for one in results for line in one.errors[:MOST_ERRORS]]
    return as_github(at_root([_about_lock(line, scene) for scene, line in found]))


def _about_lock(line: ErrorLine, scene: str) -> Problem:
    """An error of a scene's build as a finding; without a place of its own, at the beginning of the scene."""
    return replace(line, rule="lock") if isinstance(line, Problem) else Problem("lock", line, Place(scene))


def _lacks_a_take(plan: Plan) -> bool:
    return plan.is_preview or any(step.status == "miss" and step.is_dear for step in plan.steps)
