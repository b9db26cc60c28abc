"""Bring the takes of a plan together in the output folder, every byte verified on the way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from scenebuild.errors import Problem, SceneError, StoreError
from scenebuild.files import digest_of
from scenebuild.generate.make import Failure, TakeMaker, TakeOrder, make_takes
from scenebuild.generate.orders import order_of
from scenebuild.generate.take import Take, facts_for_store, measure_take, not_asked_for, take_at_hand
from scenebuild.listener import Listener
from scenebuild.plan.lockfile import Lock, LockEntry
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Plan, Step
from scenebuild.store import DamagedError, LocalStore
from scenebuild.store.local import copy_file

LARGEST_TAKE = 1 << 32  # bytes; what a WAV file can hold


Takes = Mapping[str, tuple[Take, ...]]  # by element: mostly one, several where it is made of several


@dataclass(frozen=True, slots=True)
class Gathered:
    """The takes of each element of a plan, the keys that this builder made for it, and what could not be made."""

    takes: Takes  # of the elements all of whose takes are there
    digests: Mapping[str, str]  # of every take that is there, by the name of its step
    made: frozenset[str]
    failures: Mapping[str, str]  # by the name of the step
    exit_code: int = 1  # where there are failures


def take_path(folder: str, name: str) -> str:
    """Where the take of an element lies in a scene's output folder."""
    return os.path.join(folder, "elements", f"{name}.wav")


def rescue(lock: Lock | None, store: LocalStore, folder: str, listener: Listener) -> None:
    """Put locked takes that the store has lost back into it, where the last build's outputs still hold their bytes.

    Only the bytes: both files may come with a stranger's checkout, and what they say of a key holds for this scene
    alone. A record would hand these bytes to every scene that asks for the same sound.
    """
    for name, entry in lock.elements.items() if lock else ():
        path = take_path(folder, name)
        if store.has(entry.digest) or not os.path.isfile(path) or entry.engine == "file":
            continue
        with contextlib.suppress(OSError, StoreError):
            if os.path.getsize(path) <= LARGEST_TAKE and digest_of(path) == entry.digest:
                store.put_back(entry.digest, path)
                told = f"it was put back from {os.path.relpath(path)}"
                listener.tell(f"{name}: the store had lost the locked take; {told}")


def gather(plans: Sequence[Plan], folders: Sequence[str], shop: TakeMaker, *, keep_going: bool) -> list[Gathered]:
    """Fetch what is at hand, make what is missing, each key once for all plans; in the order of the plans."""
    at_hand = [fetch(plan, folder, shop) for plan, folder in zip(plans, folders, strict=True)]
    missing = {
        step.key: step
        for plan, takes in zip(plans, at_hand, strict=True)
        for step in plan.steps
        if step.name not in takes
    }
    _refuse_obstacles(list(missing.values()))
    made: dict[str, Take] = {}
    failures: dict[str, Failure] = {}
    anew = any(step.is_forced for step in missing.values())
    for outcome in make_missing(list(missing.values()), shop, anew=anew):
        if isinstance(outcome, Take):
            made[outcome.key] = outcome
            continue
        failures[outcome.key] = outcome
        if not keep_going:
            break
    return [
        _complete(plan, folder, takes, made, failures, shop.made)
        for plan, folder, takes in zip(plans, folders, at_hand, strict=True)
    ]


def make_missing(steps: Sequence[Step], shop: TakeMaker, *, anew: bool = False) -> Iterator[Take | Failure]:
    """Make the takes of steps with different keys, and the takes of which stretches are made again before them."""
    orders = [order_of(step, shop) for step in steps]
    yield from (order for order in orders if isinstance(order, Failure))
    yield from make_takes([order for order in orders if isinstance(order, TakeOrder)], shop, anew=anew)


def fetch(plan: Plan, folder: str, shop: TakeMaker) -> dict[str, Take]:
    """The takes that are at hand, by the name of their step, copied into a folder; one that is damaged is told and left
    out."""
    takes = {}
    for step in plan.steps:
        if step.status == "miss":
            continue
        try:
            takes[step.name] = _at_hand(step, take_path(folder, step.name), shop.store)
        except (DamagedError, ValueError) as error:
            shop.listener.tell(f"{step.name}: {error}; it is made again")
    return takes


def by_element(plan: Plan, takes: Mapping[str, Take]) -> dict[str, tuple[Take, ...]]:
    """Takes by the names of their steps, put together by element; without an element that lacks one."""
    steps: dict[str, list[Step]] = {}
    for step in plan.steps:
        steps.setdefault(step.element.name, []).append(step)
    return {
        element: tuple(takes[step.name] for step in of_one)
        for element, of_one in steps.items()
        if all(step.name in takes for step in of_one)
    }


def paths_of(takes: Takes) -> dict[str, tuple[str, ...]]:
    """Where the takes of each element lie."""
    return {element: tuple(take.path for take in several) for element, several in takes.items()}


def licences_of(takes: Takes) -> list[str]:
    """The licence of every take."""
    return [take.licence for several in takes.values() for take in several]


def _at_hand(step: Step, path: str, store: LocalStore) -> Take:
    """The take of a step in the outputs. DamagedError or ValueError where it cannot be had, or is not what the step's
    action asks for: whatever a lock or a record says, the sound that is there counts."""
    digest = step.digest if step.record is None else step.record.digest
    assert digest is not None
    _place(digest, path, store)
    store.touch(step.key, digest)
    if step.base and step.base.digest:  # whoever changes the stretch needs it again
        store.touch(step.base.key, step.base.digest)
    try:
        take = _described(step, path, digest, store)
    except RuntimeError as error:  # the bytes are those of the digest, and no sound
        raise ValueError(f"{digest[:12]}… is not a take: {error}") from error
    if wrong := not_asked_for(take, step.action, step.facts):
        raise ValueError(f"{digest[:12]}… is not its take: it has {wrong}")
    return _of_today(take, step, path)


def _of_today(take: Take, step: Step, path: str) -> Take:
    """The take under the licence that its model has now; what records and locks say is history, or a stranger's word.

    Only a model signs its takes. A sketch whose file is signed is no sketch, and stays under what the file says.
    """
    from scenebuild.audio.copyright import copyright_of

    signed = copyright_of(path) if step.facts.fidelity == "sketch" else ""
    return replace(take, licence=strictest([step.licence, signed]) if signed else step.licence)


def _described(step: Step, path: str, digest: str, store: LocalStore) -> Take:
    if step.record is None:
        assert step.entry is not None
        return _measured_from_lock(step, path, digest, step.entry)
    take, is_right = take_at_hand(step.key, path, step.record, step.facts)
    if not is_right:
        store.describe(replace(step.record, facts={**step.record.facts, **facts_for_store(take)}, sealed=True))
    return take


def _measured_from_lock(step: Step, path: str, digest: str, entry: LockEntry) -> Take:
    """A locked take whose record is gone: its sound is measured anew, its history is as the lock tells it."""
    take = measure_take(step.key, path, digest, step.facts)
    return replace(take, path=path, made_by=dict(entry.made_by or {}))


def _place(digest: str, path: str, store: LocalStore) -> None:
    """Copy an object into the outputs, unless exactly these bytes lie there already."""
    with contextlib.suppress(OSError):
        same_size = os.lstat(path).st_size == os.lstat(store.object_path(digest)).st_size
        if same_size and digest_of(path, follow_links=False) == digest:  # a link is no output
            return
    store.copy(digest, path)


def _complete(
    plan: Plan,
    folder: str,
    at_hand: Mapping[str, Take],
    made: Mapping[str, Take],
    failures: Mapping[str, Failure],
    by_us: Set[str],
) -> Gathered:
    takes = dict(at_hand)
    failed: dict[str, str] = {}
    worst = 1
    for step in plan.steps:
        name = step.name
        if name in takes:
            continue
        if step.key in made:
            takes[name] = _of_today(_delivered(made[step.key], take_path(folder, name)), step, take_path(folder, name))
        else:
            failure = failures.get(step.key) or Failure(step.key, "not made, because another element failed before")
            failed[name] = failure.message
            worst = max(worst, failure.exit_code)
    keys = frozenset(step.key for step in plan.steps if step.name not in at_hand and step.key in made)
    digests = {name: take.digest for name, take in takes.items()}
    return Gathered(by_element(plan, takes), digests, keys & by_us, failed, worst)


def _delivered(take: Take, path: str) -> Take:
    """A fresh take in the outputs. Its bytes were just measured; they are checked again on the way."""
    copy_file(take.path, take.digest, path, called=f"the finished take {take.path}")
    return replace(take, path=path)


def _refuse_obstacles(steps: Sequence[Step]) -> None:
    obstacles: list[Problem] = [step.obstacle for step in steps if step.obstacle is not None]
    if obstacles:
        raise SceneError(obstacles)


__all__ = ["Failure", "Gathered", "fetch", "gather", "rescue", "take_path"]
