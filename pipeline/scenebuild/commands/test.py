"""``scenebuild test``: every scene's expectations, from takes that are at hand, without generating any."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from scenebuild.build import by_project, plan_scenes, scene_paths
from scenebuild.errors import ScenebuildError
from scenebuild.expect.hold import expects_anything, hold
from scenebuild.expect.tested import Tested
from scenebuild.generate.gather import fetch
from scenebuild.generate.make import TakeMaker
from scenebuild.plan.steps import Plan
from scenebuild.render import source_of
from scenebuild.scratch import scratch_folder
from scenebuild.settings import Settings
from scenebuild.store import LocalStore


def hold_scenes(arguments: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> list[Tested]:
    """The verdicts on the scenes that are meant, in order. Outputs, locks and store stay as they are."""
    of = by_project(settings)
    paths = scene_paths(arguments, settings)
    plans, mistakes = plan_scenes(paths, settings, of)
    with scratch_folder() as scratch:

        def shop(path: str) -> TakeMaker:
            return TakeMaker(LocalStore(of(path).store), scratch, of(path).jobs, lambda key, share: None, tell)

        return [
            _not_tested(path, mistakes[path])
            if path in mistakes
            else _tried(path, plans[path], os.path.join(scratch, str(number)), shop(path))
            for number, path in enumerate(paths)
        ]


def _not_tested(path: str, error: ScenebuildError) -> Tested:
    return Tested(path, errors=tuple(str(error).splitlines()))


def _tried(path: str, plan: Plan, folder: str, shop: TakeMaker) -> Tested:
    """What is wrong with one scene, such as a seam that its mix refuses, keeps no other from being tested."""
    try:
        return _tested(path, plan, folder, shop)
    except ScenebuildError as error:
        return _not_tested(path, error)


def _tested(path: str, plan: Plan, folder: str, shop: TakeMaker) -> Tested:
    scene = plan.scene
    if not expects_anything(scene):
        return Tested(path)
    takes = fetch(plan, folder, shop)
    wanted = [step for step in plan.steps if scene.mix.expect is not None or step.element.expect is not None]
    missing = [step for step in wanted if step.name not in takes]
    if missing:
        lines = (f"{one.element.place}: {one.name}: its take is not at hand ({one.reason})" for one in missing)
        return Tested(path, errors=(*lines, f"build it first: scenebuild {path}"))
    mix = None
    if scene.mix.expect is not None:
        from scenebuild.mix.mixer import mix_scene

        sources = {name: source_of(take) for name, take in takes.items()}
        mix = mix_scene(scene, sources, Path(folder, "mix.wav")).path
    verdicts = hold(scene, plan.lock, {name: take.path for name, take in takes.items()}, mix)
    return Tested(path, tuple(verdicts))
