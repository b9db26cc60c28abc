"""The takes of a scene on one side, decided by the scene and its lock alone, so that two revisions compare the same on
every machine, with any engines and any store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scenebuild.config import Config
from scenebuild.errors import Place, ScenebuildError
from scenebuild.plan.drift import what_changed
from scenebuild.plan.lockfile import Lock
from scenebuild.plan.steps import Plan, Step, make_plan
from scenebuild.review.checkout.projects import ReadScene
from scenebuild.review.model import TakeId
from scenebuild.scene.channel import Channel
from scenebuild.scene.model import Element, Sampling
from scenebuild.scene.sound_prompt import FIELDS, SoundPrompts
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore, Record
from scenebuild.store.digest import digest_file


class _Believed(LocalStore):
    """A store that claims to hold every take of a lock, so that the lock decides the engine of each element."""

    def __init__(self, root: str, lock: Lock | None) -> None:
        super().__init__(root)
        self._digests = {entry.digest for entry in lock.elements.values()} if lock else set()

    def has(self, digest: str, size: int | None = None) -> bool:
        return digest in self._digests or super().has(digest, size)

    def get(self, key: str) -> Record | None:
        record = super().get(key)
        return record if record is not None and super().has(record.digest, record.size) else None


def plan_of(read: ReadScene, config: Config, store: str) -> Plan:
    """The plan of a scene that could be read. ScenebuildError if a recording or a model is not known here."""
    if read.scene is None:
        raise ScenebuildError(f"{read.display_path}: this scene cannot be read")
    options = PlanOptions(config=config, contents=read.absent.contents)
    return make_plan(read.scene, read.lock, _Believed(store, read.lock), options)


def steps_of(plan: Plan) -> dict[str, tuple[Step, ...]]:
    """The steps of each element, in the order of the file."""
    found: dict[str, tuple[Step, ...]] = {}
    for step in plan.steps:
        found[step.element.name] = (*found.get(step.element.name, ()), step)
    return found


def takes_of(steps: Sequence[Step]) -> tuple[TakeId, ...]:
    """The takes of an element. A digest is known if the lock or the store has it."""
    return tuple(
        TakeId(step.key, step.digest or (step.record.digest if step.record else None), step.facts.name)
        for step in steps
    )


def same_takes(before: Sequence[TakeId], after: Sequence[TakeId]) -> bool:
    """Whether both are the same takes: equal keys, and no different digests."""
    return len(before) == len(after) and all(
        one.key == other.key and (one.digest is None or other.digest is None or one.digest == other.digest)
        for one, other in zip(before, after, strict=True)
    )


def take_change_reason(before: Sequence[Step], after: Sequence[Step]) -> str:
    """Why a take changed, in words: ``prompt and seed changed``."""
    if before[0].replaces_real or after[0].replaces_real:
        return _asked_otherwise(before[0].element, after[0].element)
    if changed := what_changed(before[0].action, after[0].action, after[0].element):
        return changed
    if len(before) != len(after):
        return "made of another number of takes"
    return "another take of the same request"


def _asked_otherwise(before: Element, after: Element) -> str:
    """The edited fields, for an element whose engine is not available here."""
    names = ("prompt", "recording", "engine", "model", "duration_s", "seed", "take", "sampling")
    changed = [name.removesuffix("_s") for name in names if getattr(before, name) != getattr(after, name)]
    then, now = before.sound_prompts, after.sound_prompts
    changed += [name for name in FIELDS if getattr(then, name) != getattr(now, name)]
    return f"{' and '.join(changed) or 'its request'} changed; not made yet"


def mixed_alike(before: Element, after: Element) -> bool:
    """Whether the mix does the same with both elements."""
    return _in_the_mix(before) == _in_the_mix(after)


def _in_the_mix(element: Element) -> Element:
    """An element without the fields that decide its take, its name and its place."""
    return replace(
        element,
        place=Place(""),
        name="",
        prompt=None,
        recording=None,
        engine=None,
        model=None,
        seed=None,
        take=1,
        sampling=Sampling(),
        sound_prompts=SoundPrompts(),
        expect=None,
        channel=_by_content(element.channel),
    )


def _by_content(channel: Channel) -> Channel:
    return replace(channel, effects=tuple(effect.with_files(_content) for effect in channel.effects))


def _content(path: str) -> str:
    try:
        return digest_file(path)
    except OSError:
        return ""
