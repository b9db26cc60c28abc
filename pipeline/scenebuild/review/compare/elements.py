"""The status of each element: generated again, mixed again, added, removed, renamed or unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scenebuild.errors import Place
from scenebuild.plan.steps import Plan, Step
from scenebuild.review.checkout.projects import ProjectSide
from scenebuild.review.compare.takes import mixed_alike, same_takes, steps_of, take_change_reason, takes_of
from scenebuild.review.model import ElementChange, TakeId

Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A scene's plan on one side."""

    side: ProjectSide
    plan: Plan


def element_changes(before: Planned | None, after: Planned | None) -> tuple[ElementChange, ...]:
    """Every element of both plans, in the order of head, removed ones last. Nothing is measured yet."""
    first, second = (steps_of(one.plan) if one else {} for one in (before, after))
    gone = {name: takes_of(steps) for name, steps in first.items() if name not in second}
    found = [
        _kept(name, first[name], steps, after) if name in first else _added(name, steps, after, gone)
        for name, steps in second.items()
        if after is not None
    ]
    moved = {one.old_name for one in found}
    found += [_removed(name, first[name], before) for name in gone if name not in moved and before is not None]
    return tuple(found)


def _kept(name: str, before: Steps, after: Steps, side: Planned) -> ElementChange:
    first, second = takes_of(before), takes_of(after)
    one = ElementChange(name, "unchanged", _place(after, side), takes_before=first, takes_after=second)
    if not same_takes(first, second):
        return replace(one, status="generated", reason=take_change_reason(before, after))
    if not mixed_alike(before[0].element, after[0].element):
        return replace(one, status="mixed")
    return one


def _added(name: str, steps: Steps, side: Planned, gone: Mapping[str, Sequence[TakeId]]) -> ElementChange:
    """A new element; it is renamed if it plays the takes of a removed element."""
    takes = takes_of(steps)
    old = next((old for old, theirs in gone.items() if same_takes(theirs, takes)), "")
    return ElementChange(
        name,
        "renamed" if old else "added",
        _place(steps, side),
        old_name=old,
        takes_before=tuple(gone.get(old, ())),
        takes_after=takes,
    )


def _removed(name: str, steps: Steps, side: Planned) -> ElementChange:
    return ElementChange(name, "removed", _place(steps, side), takes_before=takes_of(steps))


def _place(steps: Steps, planned: Planned) -> Place:
    return planned.side.place(steps[0].element.place)
