"""``scenebuild explore``: an example of each kind of sound in the catalogue, made by any engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scenebuild.errors import EngineError, UsageError
from scenebuild.files import real_folder
from scenebuild.listener import Listener
from scenebuild.outputs import said_by_file
from scenebuild.plan.manifest import scene_of
from scenebuild.plan.output_folders import outputs_root
from scenebuild.plan.policy import planned_licences, refuse_licences, under_policy
from scenebuild.plan.steps import Plan, make_plan, with_sharing
from scenebuild.scene.catalogue import read_categories
from scenebuild.scene.model import Scene
from scenebuild.scene.project import project_root
from scenebuild.scene_plans import names_of_missing, options_for
from scenebuild.settings import Settings
from scenebuild.store import LocalStore


def explore(names: Sequence[str], settings: Settings, listener: Listener) -> str:
    """Make the missing examples of categories or kinds (without names, of all) and write the pages: the path of the
    page.

    UsageError for a name that is neither, SceneError or EngineError if an example cannot be made.
    """
    from scenebuild.generate.gather import gather
    from scenebuild.generate.make import take_maker
    from scenebuild.report.pages.catalogue_page import write_explored

    root = project_root("scene.yaml")
    settings = settings.within(str(root))
    scenes = read_categories(root, tuple(names))
    plans = _plans(scenes, settings)
    folder = os.path.join(settings.output.out or os.path.join(root, "build"), "catalogue")
    if other := scene_of(folder):
        raise UsageError(f"{folder} holds the build of {os.path.relpath(other)}; rename that scene, or use --out")
    with said_by_file():
        for category in plans:
            real_folder(
                outputs_root(str(root / "scene.yaml"), settings.output.out), os.path.join(folder, category, "elements")
            )
    listener.begin(names_of_missing(plans, of_scene=True))
    with take_maker(settings.generate, listener) as maker:
        folders = [os.path.join(folder, category) for category in plans]
        gathered = gather(list(plans.values()), folders, maker, keep_going=settings.keep_going)
    failures = [f"{name}: {why}" for one in gathered for name, why in one.failures.items()]
    if failures:
        raise EngineError("\n".join(failures))
    takes = {category: one.takes for category, one in zip(plans, gathered, strict=True)}
    return write_explored(plans, takes, folder)


def _plans(scenes: Mapping[str, Scene], settings: Settings) -> dict[str, Plan]:
    """A plan for each category. Examples have no lock."""
    plans = {}
    store = LocalStore(settings.generate.store)
    for category, scene in scenes.items():
        made = tuple(element for element in scene.elements if element.prompt is not None)
        scene = under_policy(replace(scene, elements=made), settings.plan.config)
        plans[category] = make_plan(scene, None, store, options_for(scene, settings.plan))
        refuse_licences(plans[category], planned_licences(plans[category]))
    return with_sharing(plans)
