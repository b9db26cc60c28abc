"""The plans of all scenes of a command, and every mistake in them, before anything is generated."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scenebuild.errors import LockError, PolicyError, ScenebuildError, SceneError, UsageError
from scenebuild.listener import Listener
from scenebuild.plan.engine_choice import refuse_unknown_engine
from scenebuild.plan.lock_checks import refuse_drift
from scenebuild.plan.lockfile import lock_path, read_lock
from scenebuild.plan.models import refuse_unknown_model
from scenebuild.plan.policy import planned_licences, refuse_licences, under_policy
from scenebuild.plan.steps import Plan, Step, make_plan, with_sharing
from scenebuild.result import SceneResult, failed_scene
from scenebuild.scene.check.neighbours import name_clashes
from scenebuild.scene.compose.reference import stem_of
from scenebuild.scene.model import Scene
from scenebuild.scene.quoting import meant_or_listed
from scenebuild.scene.read import read_scene
from scenebuild.settings import PlanOptions, Settings
from scenebuild.store import LocalStore
from scenebuild.targets import Target

Mistakes = Mapping[str, ScenebuildError]  # by the path of the scene


@dataclass(frozen=True, slots=True)
class ScenesRead:
    """The scenes of a command that could be read, and what is wrong with the others."""

    targets: Sequence[Target]
    scenes: Mapping[Target, Scene]
    mistakes: Mistakes


@dataclass(frozen=True, slots=True)
class ScenePlans:
    """The plans of the scenes that can be built, in order, and the mistakes of the others."""

    targets: Sequence[Target]
    plans: Mapping[Target, Plan]
    mistakes: Mistakes

    @property
    def by_path(self) -> dict[str, Plan]:
        """The plans by the path of the scene."""
        return {target.path: plan for target, plan in self.plans.items()}

    def failed(self) -> dict[str, SceneResult]:
        """The results of the scenes with mistakes."""
        return {path: failed_scene(path, *one.lines, exit_code=one.exit_code) for path, one in self.mistakes.items()}

    def groups(self) -> list[dict[Target, Plan]]:
        """The plans in groups with the same settings, and so the same store; in order."""
        groups: dict[object, dict[Target, Plan]] = {}
        for target, plan in self.plans.items():
            groups.setdefault(target.settings, {})[target] = plan
        return list(groups.values())


def rescue_takes(targets: Iterable[Target], listener: Listener) -> None:
    """Put takes that are only in the output folders back into the store, so that planning finds them. A lock that
    cannot be read is reported by the plan."""
    from scenebuild.generate.gather import rescue

    for target in targets:
        with contextlib.suppress(LockError):
            lock = read_lock(lock_path(target.path))
            rescue(lock, LocalStore(target.settings.generate.store), target.folder, listener)


def read_scenes(targets: Sequence[Target]) -> ScenesRead:
    """Read each scene, under the policy of its own project."""
    if targets:
        refuse_unknown_model(targets[0].settings.plan.model)
    clashes = name_clashes([target.path for target in targets])
    scenes: dict[Target, Scene] = {}
    mistakes: dict[str, ScenebuildError] = {}
    for target in targets:
        try:
            if target.path in clashes:
                raise clashes[target.path]
            read = read_scene(target.path, dict(target.settings.output.parameters))
            scenes[target] = under_policy(read, target.settings.plan.config)
        except SceneError as mistake:
            mistakes[target.path] = mistake
    return ScenesRead(targets, scenes, mistakes)


def plan_scenes(read: ScenesRead) -> ScenePlans:
    """Plan each scene, with the store of its own project."""
    plans: dict[Target, Plan] = {}
    mistakes = dict(read.mistakes)
    for target, scene in read.scenes.items():
        try:
            plans[target] = _plan(target, scene)
        except (SceneError, LockError, PolicyError) as mistake:
            mistakes[target.path] = mistake
    if not mistakes:
        _refuse_unknown_elements(plans)
    in_order = {one.path: mistakes[one.path] for one in read.targets if one.path in mistakes}
    planned = ScenePlans(read.targets, plans, in_order)
    shared: dict[str, Plan] = {}
    for group in planned.groups():
        shared |= with_sharing({target.path: plan for target, plan in group.items()})
    return replace(planned, plans={target: shared[target.path] for target in plans})


def plan_targets(targets: Sequence[Target]) -> ScenePlans:
    """Read and plan each scene."""
    return plan_scenes(read_scenes(targets))


def refuse_mistakes(planned: ScenePlans) -> None:
    """Raise the mistakes of all scenes together: those in scene files, or if there are none, the others."""
    mistakes = list(planned.mistakes.values())
    problems = [problem for one in mistakes if isinstance(one, SceneError) for problem in one.problems]
    if problems:
        raise SceneError(list(dict.fromkeys(problems)))  # what variants share is wrong once
    if mistakes:
        raise type(mistakes[0])(*(line for one in mistakes for line in one.lines))


def only_buildable(planned: ScenePlans) -> ScenePlans:
    """The scenes whose takes all exist or can be made here; the others become mistakes. Without ``keep_going`` the
    mistakes are raised."""
    if not any(target.settings.keep_going for target in planned.targets):
        refuse_mistakes(planned)
        _refuse_obstacles(planned)
    mistakes = dict(planned.mistakes)
    for target, plan in planned.plans.items():
        if problems := [step.obstacle for step in plan.steps if step.obstacle is not None]:
            mistakes[target.path] = SceneError(problems)
    plans = {target: plan for target, plan in planned.plans.items() if target.path not in mistakes}
    return replace(planned, plans=plans, mistakes=mistakes)


def _refuse_obstacles(planned: ScenePlans) -> None:
    """SceneError if a missing take cannot be made here, such as that of a damaged recording."""
    missing = {step.key: step for plan in planned.plans.values() for step in plan.steps if step.status == "miss"}
    if obstacles := [step.obstacle for step in missing.values() if step.obstacle is not None]:
        raise SceneError(obstacles)


def make_groups(
    planned: ScenePlans,
    unchanged: Mapping[str, SceneResult],
    make: Callable[[Mapping[Target, Plan]], dict[str, SceneResult]],
    settings: Settings,
    listener: Listener,
) -> dict[str, SceneResult]:
    """The results of ``make``, called with the plans of one project at a time, and of the scenes with mistakes.

    Once a scene has failed, the projects after it are left out, unless ``settings.keep_going``. The listener also gets
    the results of the ``unchanged`` scenes.
    """
    results = planned.failed()
    for result in (*unchanged.values(), *results.values()):
        listener.finish(result)
    if planned.plans:
        listener.begin(names_of_missing(planned.by_path))
    for group in planned.groups():
        if settings.keep_going or all(one.status != "failed" for one in results.values()):
            results |= make(group)
        else:
            results |= _left_out(group, listener)
    return results


def _left_out(plans: Mapping[Target, Plan], listener: Listener) -> dict[str, SceneResult]:
    told = "not made, because another scene failed before"
    results = {target.path: failed_scene(target.path, f"{target.path}: {told}") for target in plans}
    for result in results.values():
        listener.finish(result)
    return results


def names_of_missing(plans: Mapping[str, Plan], *, of_scene: bool = False) -> dict[str, str]:
    """The takes that have to be made, by key, with a name for the user: of the element, and of the scene too if there
    are several or ``of_scene`` is set. Recordings do not count: reading them takes a moment."""
    several = of_scene or len(plans) > 1
    return {
        key: f"{stem_of(path)}: {name}" if several else name
        for path, plan in plans.items()
        for step in plan.steps
        if step.status == "miss" and step.element.recording is None
        for key, name in _to_be_made(step).items()
    }


def _to_be_made(step: Step) -> dict[str, str]:
    """A missing take, and before it the one of which a stretch is made again, where that is missing as well."""
    base = {step.base.key: f"{step.name} (base)"} if step.base and not step.base.digest else {}
    return {**base, step.key: step.name}


def options_for(scene: Scene, options: PlanOptions) -> PlanOptions:
    """The options of one scene's plan: ``force_elements`` only has elements of this scene."""
    return replace(options, force_elements=options.force_elements & {element.name for element in scene.elements})


def _plan(target: Target, scene: Scene) -> Plan:
    options = target.settings.plan
    refuse_unknown_engine(options)
    store = LocalStore(target.settings.generate.store)
    plan = make_plan(scene, read_lock(lock_path(target.path)), store, options_for(scene, options))
    if target.settings.frozen:
        refuse_drift(plan)
    refuse_licences(plan, planned_licences(plan))
    return plan


def _refuse_unknown_elements(plans: Mapping[Target, Plan]) -> None:
    forced = frozenset(name for target in plans for name in target.settings.plan.force_elements)
    known = dict.fromkeys(step.element.name for plan in plans.values() for step in plan.steps)
    if unknown := forced - known.keys():
        path = next(iter(plans)).path
        where = f"{path} has no such element" if len(plans) == 1 else "no scene has such an element"
        meant = meant_or_listed(min(unknown), known)
        raise UsageError(f"--force-element {', '.join(sorted(unknown))}: {where}{meant}")
