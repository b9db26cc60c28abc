"""``scenebuild takes``: several takes of one element on a page, to choose from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scenebuild.errors import EngineError, SceneError, UsageError
from scenebuild.files import real_folder, remove_below
from scenebuild.listener import Listener
from scenebuild.outputs import said_by_file
from scenebuild.plan.lockfile import Lock, lock_path, read_lock
from scenebuild.plan.output_folders import outputs_root
from scenebuild.plan.policy import planned_licences, refuse_licences, under_policy
from scenebuild.plan.steps import Plan, Step, make_plan
from scenebuild.scene.check.neighbours import name_clashes
from scenebuild.scene.compose.reference import scene_file, stem_of
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.project import find_scenes, project_root
from scenebuild.scene.quoting import meant_or_listed
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene_plans import names_of_missing, options_for
from scenebuild.settings import Settings
from scenebuild.store import LocalStore

if TYPE_CHECKING:
    from scenebuild.generate.gather import Takes
    from scenebuild.report.pages.takes_page import MeasuredTake


def find_element(name: str, scene: str | None, settings: Settings) -> tuple[Scene, Element]:
    """An element and its scene; without ``scene``, the scene of the project that has it.

    UsageError if no scene or more than one has it, or if it is a recording.
    """
    scenes = _scenes(scene, settings)
    found = [(read, element) for read in scenes for element in read.elements if element.name == name]
    files = list(dict.fromkeys(scene_file(read.path) for read, _ in found))
    where = scene or "the scenes here"
    if not found:
        known = dict.fromkeys(element.name for read in scenes for element in read.elements)
        meant = meant_or_listed(name, known)
        raise UsageError(f"{name}: {where} {'have' if scene is None else 'has'} no such element{meant}")
    if len(files) > 1:
        raise UsageError(f"{name} is in {' and in '.join(files)}; write the scene that you mean after it")
    if found[0][1].recording is not None:
        raise UsageError(f"{name} is a recording; only what is made from a prompt has takes")
    return found[0]


def make_numbered_takes(
    scene: Scene, element: Element, numbers: Sequence[int], settings: Settings, listener: Listener
) -> tuple[str, list[MeasuredTake]]:
    """Make the takes of these numbers, measure each and write the page: (its path, the measured takes in order).

    New takes are kept in the store; the lock stays. SceneError or EngineError if a take cannot be made.
    """
    from scenebuild.report.pages.takes_page import candidate_of, candidates_page

    settings = settings.within(str(project_root(scene.path)))
    plan = _plan(under_policy(scene, settings.plan.config), element, numbers, settings)
    refuse_licences(plan, planned_licences(plan))
    if clash := name_clashes([scene.path]).get(scene.path):
        raise clash
    root = outputs_root(scene.path, settings.output.out)
    out = settings.output.out or os.path.join(project_root(scene.path), "build")
    folder = os.path.join(out, "takes", stem_of(scene.path), element.name)
    with said_by_file():
        real_folder(root, os.path.join(folder, "elements"))
    listener.begin(names_of_missing({scene.path: plan}))
    takes = _gathered(plan, folder, settings, listener)
    _remove_others(root, folder, plan)
    made = [
        candidate_of(step, step.one_of(takes), step.element.take_number == element.take_number) for step in plan.steps
    ]
    return candidates_page(scene, element, made, folder), made


def _scenes(scene: str | None, settings: Settings) -> list[Scene]:
    chosen = dict(settings.output.parameters)
    if scene is not None:
        return [read_scene(one, chosen) for path in find_scenes([scene]) for one in references_in(path, chosen)]
    read = []
    for path in find_scenes(["scenes" if os.path.isdir("scenes") else "."]):
        try:
            read += [read_scene(one) for one in references_in(path)]
        except SceneError:  # a scene with mistakes is not searched
            continue
    return read


def _plan(scene: Scene, element: Element, numbers: Sequence[int], settings: Settings) -> Plan:
    lock = read_lock(lock_path(scene.path))
    steps = [step for number in numbers for step in _steps(scene, element.with_take(number), lock, settings, element)]
    return Plan(scene, lock, tuple(steps))


def _steps(scene: Scene, element: Element, lock: Lock | None, settings: Settings, now: Element) -> list[Step]:
    """The steps of one take, as if it were in the scene; only the take that is in the scene can be the locked one. A
    stretch is made again of the take that the lock pins, whichever number it has."""
    alone = replace(scene, elements=(element,))
    store = LocalStore(settings.generate.store)
    is_locked = element.sound_prompts.redo is not None or element.take_number == now.take_number
    plan = make_plan(alone, lock if is_locked else None, store, options_for(scene, settings.plan))
    return [replace(step, element=replace(element, name=f"take-{element.take_number}")) for step in plan.steps]


def _gathered(plan: Plan, folder: str, settings: Settings, listener: Listener) -> Takes:
    from scenebuild.generate.gather import gather
    from scenebuild.generate.make import take_maker

    with take_maker(settings.generate, listener) as maker:
        (gathered,) = gather([plan], [folder], maker, keep_going=False)
    if gathered.failures:
        raise EngineError("\n".join(f"{name}: {message}" for name, message in gathered.failures.items()))
    return gathered.takes


def _remove_others(root: str, folder: str, plan: Plan) -> None:
    """Remove the takes of an earlier call that are not asked for now; the store still has them."""
    made = {step.name for step in plan.steps}
    for path in Path(folder, "elements").glob("take-*.wav"):
        if path.stem not in made:
            remove_below(root, str(path))
