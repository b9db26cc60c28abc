"""Compares two projects: matches scenes, finds edits, classifies elements, measures mixes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from scenebuild.config import Config
from scenebuild.errors import Problem, SceneError
from scenebuild.plan.lockfile import LockMix, mix_drift
from scenebuild.plan.steps import Plan
from scenebuild.review.checkout.comparison import Comparison
from scenebuild.review.checkout.projects import ReadScene, count_scenes, read_file, scene_files
from scenebuild.review.compare.changes import ChangedScene, Changes
from scenebuild.review.compare.edits import field_edits
from scenebuild.review.compare.elements import Planned, element_changes
from scenebuild.review.compare.measurements import CompareOptions, PlanPair, from_locks, from_sound
from scenebuild.review.compare.renames import ScenePair, is_meant, matched
from scenebuild.review.compare.same import needed, same_files
from scenebuild.review.compare.takes import plan_of
from scenebuild.review.model import FieldEdit, SceneReview
from scenebuild.scene.quoting import printable
from scenebuild.scratch import scratch_folder


def compare(comparison: Comparison, options: CompareOptions) -> Changes:
    """All changes between two projects. A scene is measured when it is asked for."""
    projects = (comparison.before, comparison.after)
    files = [[one for one in scene_files(side, comparison.paths) if one not in comparison.unseen] for side in projects]
    configs = (comparison.before.config(), comparison.after.config())
    same = same_files(*projects, {*files[0]} & {*files[1]}) if _same_choices(*configs) else set()
    for side, found in zip(projects, files, strict=True):
        side.bring(needed(side, [file for file in found if file not in same]))
    first, second = (
        {
            one.reference: one
            for file in found
            if file not in same
            for one in read_file(side, file)
            if is_meant(one.reference, comparison.paths)
        }
        for side, found in zip(projects, files, strict=True)
    )
    pairs = matched(first, second)
    looked_at = len(pairs) + sum(count_scenes(comparison.after, file) for file in same)
    return Changes(comparison.before.label, comparison.after.label, looked_at, _changed_scenes(pairs, configs, options))


def _changed_scenes(
    pairs: Sequence[ScenePair], configs: tuple[Config, Config], options: CompareOptions
) -> Generator[ChangedScene]:
    for pair in pairs:
        planned = [_planned(read, config, options.store_of(read)) for read, config in zip(pair, configs, strict=True)]
        (first, problems_before), (second, problems_after) = planned
        found = _reviewed(*pair, (first, second), (problems_before, problems_after))
        if found is None:
            continue
        if found.status == "unreadable":
            yield ChangedScene(found)
        elif options.locks_only:
            yield ChangedScene(from_locks(found, (first, second), "only the lockfiles were looked at (--locks-only)"))
        else:
            with scratch_folder() as scratch:
                yield from_sound(found, pair, (first, second), Path(scratch), options)


def _reviewed(
    before: ReadScene | None,
    after: ReadScene | None,
    plans: PlanPair,
    problems: tuple[tuple[Problem, ...], tuple[Problem, ...]],
) -> SceneReview | None:
    """The changes in one scene, not measured yet; None if nothing changed."""
    head = after or before
    if head is None:
        return None
    found = SceneReview(
        path=printable(head.display_path),
        status=_status(before, after),
        old_path=printable(before.display_path) if before and after and before.reference != after.reference else "",
        name=head.scene.name if head.scene else "",
        notes=_notes(before, after, plans),
    )
    if any(problems):
        return replace(found, status="unreadable", problems=problems)
    found = replace(found, edits=_edits(before, after), elements=element_changes(*plans))
    if found.status == "changed" and not _differs(found, before, after, plans):
        return None
    return found


def _same_choices(before: Config, after: Config) -> bool:
    """Whether the configuration asks for the same takes on both sides."""
    return (before.engine, before.precision) == (after.engine, after.precision)


def _planned(read: ReadScene | None, config: Config, store: str) -> tuple[Planned | None, tuple[Problem, ...]]:
    if read is None or read.problems:
        return None, read.problems if read else ()
    try:
        return Planned(read.side, plan_of(read, config, store)), ()
    except SceneError as error:
        return None, tuple(map(read.side.problem, error.problems))


def _status(before: ReadScene | None, after: ReadScene | None) -> Literal["added", "removed", "renamed", "changed"]:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    return "changed" if before.reference == after.reference else "renamed"


def _edits(before: ReadScene | None, after: ReadScene | None) -> tuple[FieldEdit, ...]:
    if before is None or after is None or before.document is None or after.document is None:
        return ()
    return field_edits(before.document, after.document, (before.side, after.side))


def _differs(
    found: SceneReview, before: ReadScene | None, after: ReadScene | None, plans: Sequence[Planned | None]
) -> bool:
    return bool(found.edits or found.changed_elements) or _locks_differ(before, after, plans)


def _locks_differ(before: ReadScene | None, after: ReadScene | None, plans: Sequence[Planned | None]) -> bool:
    """Whether a lock was added, removed, damaged or became older than its scene, or has other facts about the mix."""
    states = {(bool(one.lock), bool(one.notes)) for one in (before, after) if one}
    ages = {_older(one.plan) for one in plans if one}
    first, second = (one.lock.mix if one and one.lock else LockMix() for one in (before, after))
    gone = first.plain().keys() - second.plain().keys()
    return len(states) > 1 or len(ages) > 1 or bool(mix_drift(first, second) or gone)


def _notes(before: ReadScene | None, after: ReadScene | None, plans: Sequence[Planned | None]) -> tuple[str, ...]:
    """Notes about the locks, with the label of the side."""
    notes = [note for one in (before, after) if one for note in one.notes]
    if before and after and before.scene and after.scene and bool(before.lock) != bool(after.lock) and not notes:
        without = after if before.lock else before
        notes.append(f"{without.side.label}: the scene has no lockfile")
    for one in plans:
        if one is not None and (old := _older(one.plan)):
            notes.append(
                f"{one.side.label}: the lockfile is older than the scene ({old}); build it and commit the lock"
            )
    return tuple(map(printable, notes))


def _older(plan: Plan) -> str:
    """The differences between a scene and its lock, in words; "" if there are none, or if there is no lock."""
    if plan.lock is None:
        return ""
    changed = [f"{step.name}: {step.drift}" for step in plan.steps if step.drift]
    changed += [f"{name} is no longer in the scene" for name in plan.gone]
    return "; ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
