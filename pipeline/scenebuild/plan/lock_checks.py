"""Whether a lockfile is the one for its scene: asked of the two files alone, so that it is answered anywhere.

A plan asks what can be had on this machine. A reviewer's machine has neither the takes nor the model, and the lock is
just as right. Nor does it need a recording that Git LFS keeps: the pointer says which bytes it is.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator

from scenebuild.config import Config
from scenebuild.errors import LockError, Place, Problem, SceneError
from scenebuild.plan.absent_recordings import scene_without
from scenebuild.plan.lockfile import Lock, lock_path, read_lock
from scenebuild.plan.steps import Plan, make_plan
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.read import read_composed, references_in
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore


def findings_about_locks(path: str, config: Config | None = None) -> list[Problem]:
    """What keeps a scene file from being built as locked: mistakes in it, and every element that its lock is not for.

    ``config`` is that of the project. Of a file that holds several scenes each has a lock of its own.
    """
    try:
        references = references_in(path)
    except SceneError as error:
        return list(error.problems)
    return list(dict.fromkeys(problem for one in references for problem in _findings(one, config)))


def findings_about_missing_locks(
    path: str, is_kept: Callable[[str], bool], is_the_same: Callable[[str], bool]
) -> list[Problem]:
    """The locks of a scene file that are there and not among what is kept, such as in a commit, or kept as they were
    before."""
    try:
        locks = [lock_path(one) for one in references_in(path)]
    except SceneError:
        return []  # what is wrong with it is said by ``findings_about_locks``
    problems = []
    for lock in filter(os.path.lexists, locks):
        if not is_kept(lock):
            told = f"{lock} is not part of the commit; add it: git add --force {shlex.quote(lock)}"
        elif not is_the_same(lock):
            told = f"{lock} is in the commit as it was before the last build; add it: git add {shlex.quote(lock)}"
        else:
            continue
        problems.append(Problem("lock", told, Place(path)))
    return problems


def _findings(reference: str, config: Config | None) -> list[Problem]:
    path = lock_path(reference)
    try:
        lock = read_lock(path)
        return list(_differences(reference, lock, config))
    except (SceneError, LockError) as error:
        return list(error.problems)


def _differences(reference: str, lock: Lock | None, config: Config | None) -> Iterator[Problem]:
    scene, absent = scene_without(read_composed(reference), reference, None)
    path = lock_path(reference)
    if lock is None:
        yield Problem("lock", f"there is no {path}; build the scene and commit the lock", Place(scene_file(reference)))
        return
    options = PlanOptions(config=config, as_locked=True, contents=absent.contents)
    plan = make_plan(scene, lock, LocalStore(os.devnull), options)
    for step in plan.steps:
        if step.drift:
            message = f"{step.name}: {step.drift}, and {path} does not say so; build the scene and commit the lock"
            yield Problem("lock", message, step.element.place)
    for name in plan.gone:
        message = f"{name}: is in the lock, but no longer in the scene; build the scene and commit the lock"
        yield Problem("lock", message, Place(path))


def refuse_drift(plan: Plan) -> None:
    """LockError that names every element which is not what the lock says, and in what."""
    path = plan.scene.path
    if plan.lock is None:
        missing = f"--frozen, but there is no {lock_path(path)}; build without it and commit the lock"
        raise LockError(Problem("lock", missing, Place(path)))
    problems = [
        Problem("lock", f"{step.name}: {step.drift}; --frozen builds only what the lock says", step.element.place)
        for step in plan.steps
        if step.drift
    ]
    gone = [f"{name}: is in the lock, but no longer in the scene" for name in plan.gone]
    problems += [Problem("lock", message, Place(lock_path(path))) for message in gone]
    if problems:
        raise LockError(*problems, f"build without --frozen and commit {lock_path(path)}")
