"""Whether a lockfile matches its scene, from the two files alone, so that the answer is the same on every machine.

A plan depends on what is available on this machine. A reviewer's machine has neither the takes nor the model, and the
lock still matches. A recording in Git LFS is not needed either: the pointer has its digest.
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
    """What keeps a scene file from being built as locked: mistakes in it, and every element that differs from its lock.

    ``config`` is the configuration of the project. Each scene of a file with variants has a lock of its own.
    """
    try:
        references = references_in(path)
    except SceneError as error:
        return list(error.problems)
    return list(dict.fromkeys(problem for one in references for problem in _findings(one, config)))


def findings_about_missing_locks(
    path: str, is_staged: Callable[[str], bool], is_current: Callable[[str], bool], is_ignored: Callable[[str], bool]
) -> list[Problem]:
    """The locks of a scene file that exist, and that a commit of git's index would lack or hold in an older version.

    The questions are asked of git: whether a file is in the index, whether it is there as it lies in the folder, and
    whether git ignores it.
    """
    try:
        locks = [lock_path(one) for one in references_in(path)]
    except SceneError:
        return []  # ``findings_about_locks`` reports it
    problems = []
    for lock in filter(os.path.lexists, locks):
        name = shlex.quote(lock)
        if is_staged(lock) and is_current(lock):
            continue
        if is_staged(lock):
            told = f"{lock} is in the commit as it was before the last build; add it: git add {name}"
        elif is_ignored(lock):
            told = f"{lock} is not part of the commit, because git ignores it; add it anyway: git add --force {name}"
        else:
            told = f"{lock} is not part of the commit; add it: git add {name}"
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
    """LockError that names every element that differs from the lock, and what differs."""
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
