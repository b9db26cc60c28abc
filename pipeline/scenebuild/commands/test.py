"""``scenebuild test``: the expectations of every scene, checked on existing takes. Nothing is generated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scenebuild.errors import ScenebuildError
from scenebuild.expect.check import check_expectations, expects_anything
from scenebuild.expect.tested import TestedScene
from scenebuild.generate.gather import by_element, fetch, paths_of
from scenebuild.generate.make import TakeMaker
from scenebuild.listener import Listener
from scenebuild.plan.steps import Plan
from scenebuild.scene_plans import plan_targets
from scenebuild.scratch import scratch_folder
from scenebuild.settings import Settings
from scenebuild.store import LocalStore
from scenebuild.targets import find_targets, targets_in


def check_scenes(arguments: Sequence[str], settings: Settings, listener: Listener) -> list[TestedScene]:
    """The verdicts on the scenes, in order. Outputs, locks and store stay."""
    targets = targets_in(find_targets(arguments, settings))
    planned = plan_targets(targets)
    tested = []
    with scratch_folder() as scratch:
        for number, target in enumerate(targets):
            if target.path in planned.mistakes:
                tested.append(_not_tested(target.path, planned.mistakes[target.path]))
                continue
            options = target.settings.generate
            maker = TakeMaker(LocalStore(options.store), scratch, options, listener)
            tested.append(_tried(target.path, planned.plans[target], os.path.join(scratch, str(number)), maker))
    return tested


def _not_tested(path: str, error: ScenebuildError) -> TestedScene:
    return TestedScene(path, errors=tuple(str(error).splitlines()))


def _tried(path: str, plan: Plan, folder: str, maker: TakeMaker) -> TestedScene:
    """The verdicts on one scene; an error, such as a seam over its limit, becomes its result."""
    try:
        return _tested(path, plan, folder, maker)
    except ScenebuildError as error:
        return _not_tested(path, error)


def _tested(path: str, plan: Plan, folder: str, maker: TakeMaker) -> TestedScene:
    scene = plan.scene
    if not expects_anything(scene):
        return TestedScene(path)
    found = fetch(plan, folder, maker)
    wanted = [step for step in plan.steps if scene.mix.expect is not None or step.element.expect is not None]
    missing = [step for step in wanted if step.name not in found]
    if missing:
        lines = (f"{one.element.place}: {one.name}: its take is not at hand ({one.reason})" for one in missing)
        return TestedScene(path, errors=(*lines, f"build it first: scenebuild {path}"))
    takes, mix = by_element(plan, found), None
    if scene.mix.expect is not None:
        from scenebuild.mix.mixer import mix_scene

        mix = mix_scene(scene, takes, Path(folder, "mix.wav")).path
    verdicts = check_expectations(scene, plan.lock, paths_of(takes), mix)
    return TestedScene(path, tuple(verdicts))
