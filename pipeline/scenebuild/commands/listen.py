"""``--solo`` and ``--mute``: a part of each scene, in a file of its own. Nothing else is written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scenebuild.build import failed_or_raised
from scenebuild.errors import LockError, PolicyError, SceneError, UsageError
from scenebuild.listener import Listener
from scenebuild.plan.steps import Plan
from scenebuild.result import Result, SceneResult
from scenebuild.scene.model import Scene
from scenebuild.scene.quoting import meant_or_listed
from scenebuild.scene.solo import heard_names, listening, unknown_names
from scenebuild.scene_plans import (
    ScenePlans,
    make_groups,
    only_buildable,
    plan_scenes,
    read_scenes,
    refuse_mistakes,
    rescue_takes,
)
from scenebuild.settings import Settings
from scenebuild.targets import Target, find_targets, refuse_others_build, targets_in


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a scene to listen to, by the names of elements and buses."""

    solo: frozenset[str] = frozenset()
    mute: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.solo or self.mute)


def listen(arguments: Sequence[str], part: Part, settings: Settings, listener: Listener) -> Result:
    """Mix the part of each scene into ``listen.wav`` beside its mix.

    Raises the errors of ``build``, and UsageError for a name that a scene does not have.
    """
    targets = _targets(arguments, settings)
    for target in targets:
        refuse_others_build(target)
    rescue_takes(targets, listener)
    planned = only_buildable(_planned(targets, part))
    results = make_groups(planned, {}, lambda plans: _mix(plans, part, listener), settings, listener)
    return Result(tuple(results[target.path] for target in targets))


def plan_part(arguments: Sequence[str], part: Part, settings: Settings) -> dict[str, Plan]:
    """What ``listen`` would do, by scene path."""
    planned = _planned(_targets(arguments, settings), part)
    refuse_mistakes(planned)
    return planned.by_path


def _targets(arguments: Sequence[str], settings: Settings) -> list[Target]:
    for flag, is_given in (("--frozen", settings.frozen), ("--stems", settings.output.stems)):
        if is_given:
            raise UsageError(f"--solo and --mute only write listen.wav; {flag} goes without them")
    return targets_in(find_targets(arguments, settings))


def _planned(targets: Sequence[Target], part: Part) -> ScenePlans:
    """The plans of the elements that are heard, and of those that they duck under."""
    read = read_scenes(targets)
    scenes: dict[Target, Scene] = {}
    for target, scene in read.scenes.items():
        _refuse_unknown_names(part, scene)
        scenes[target] = listening(scene, part.solo, part.mute)
    return plan_scenes(replace(read, scenes=scenes))


def _refuse_unknown_names(part: Part, scene: Scene) -> None:
    for flag, names in (("--solo", part.solo), ("--mute", part.mute)):
        if unknown := unknown_names(scene, names):
            known = [element.name for element in scene.elements] + [bus.name for bus in scene.buses]
            meant = meant_or_listed(min(unknown), known)
            raise UsageError(
                f"{flag} {', '.join(sorted(unknown))}: {scene.path} has no such element and no such bus{meant}"
            )


def _mix(plans: Mapping[Target, Plan], part: Part, listener: Listener) -> dict[str, SceneResult]:
    from scenebuild.render.output_names import intended_to_hear
    from scenebuild.render.stages import missing_takes, mix_heard
    from scenebuild.render.takes import gathered_scenes

    results: dict[str, SceneResult] = {}
    with gathered_scenes(plans, intended_to_hear, listener, time.time_ns()) as scenes:
        for target, scene in zip(plans, scenes, strict=True):
            heard = heard_names(scene.plan.scene, part.solo, part.mute)
            try:
                result = missing_takes(scene) or mix_heard(scene, heard)
            except (SceneError, LockError, PolicyError) as mistake:
                result = failed_or_raised(target, mistake)
            results[target.path] = result
            listener.finish(result)
    return results
