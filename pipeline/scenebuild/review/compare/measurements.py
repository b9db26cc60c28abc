"""The numbers of a review: measured on both mixes if they can be rendered here, else from the lockfiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scenebuild.errors import ScenebuildError
from scenebuild.plan.lockfile import LockEntry, LockMix
from scenebuild.review.checkout.projects import ReadScene
from scenebuild.review.compare.changes import ChangedScene
from scenebuild.review.compare.elements import Planned
from scenebuild.review.compare.renames import ScenePair
from scenebuild.review.model import ElementChange, Pair, SceneReview, SoundFacts
from scenebuild.scene.quoting import printable

if TYPE_CHECKING:
    from scenebuild.review.compare.audition import RenderedSide

PlanPair = tuple[Planned | None, Planned | None]
RenderedPair = tuple["RenderedSide | None", "RenderedSide | None"]


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """What a comparison measures, and where it finds the takes."""

    store: str
    jobs: int = 1
    locks_only: bool = False
    capture_stems: bool = False  # for a page that plays them
    stores: Mapping[str, str] = field(default_factory=dict)  # of the projects that are compared, by their folders

    def store_of(self, read: ReadScene | None) -> str:
        """Where the takes of one side are."""
        return self.stores.get(read.side.root, self.store) if read else self.store


def from_sound(
    found: SceneReview, pair: ScenePair, plans: PlanPair, scratch: Path, options: CompareOptions
) -> ChangedScene:
    """The scene with measurements of its mixes, which are rendered below ``scratch``; if a side cannot be rendered
    here, with the numbers of its lockfiles."""
    rendered, why = _rendered(pair, plans, scratch, options)
    return ChangedScene(from_locks(found, plans, *why) if why else _measured(found, rendered), *rendered)


def _rendered(
    pair: ScenePair, plans: PlanPair, scratch: Path, options: CompareOptions
) -> tuple[RenderedPair, tuple[str, ...]]:
    """The sound of both sides, and the reasons if a side cannot be rendered."""
    from scenebuild.generate.make import TakeMaker
    from scenebuild.review.compare.audition import render_side
    from scenebuild.settings import GenerateOptions
    from scenebuild.store import LocalStore

    rendered: list[RenderedSide | None] = []
    why: list[str] = []
    for name, read, planned in zip(("before", "after"), pair, plans, strict=True):
        rendered.append(None)
        if read is None or planned is None:
            continue
        folder = scratch / name
        folder.mkdir()
        store = LocalStore(options.store_of(read))
        maker = TakeMaker(store, str(folder), GenerateOptions(jobs=options.jobs))
        try:
            rendered[-1] = render_side(read, planned.plan, folder, maker, capture_stems=options.capture_stems)
        except ScenebuildError as error:
            why += [f"{read.side.label}: {read.side.displayed(str(line))}" for line in error.lines]
    return (rendered[0], rendered[1]), tuple(map(printable, why))


def _measured(found: SceneReview, rendered: RenderedPair) -> SceneReview:
    from scenebuild.review.compare.meters import measure_sound, null_test

    before, after = rendered
    notes = [printable(f"{one.label}: {note}") for one in rendered if one for note in one.notes]
    return replace(
        found,
        basis="sound",
        elements=tuple(_measured_element(one, before, after) for one in found.elements),
        mix=Pair(*(measure_sound(one.mix_path, over_time=True) if one else None for one in rendered)),
        gain=(before.mix.master_gain_db if before else None, after.mix.master_gain_db if after else None),
        null=null_test(before.mix_path, after.mix_path) if before and after else None,
        notes=(*found.notes, *notes),
    )


def _measured_element(one: ElementChange, before: RenderedSide | None, after: RenderedSide | None) -> ElementChange:
    old = one.old_name or one.name
    is_changed = one.status != "unchanged"
    return replace(one, sound=Pair(_stem(before, old, is_changed), _stem(after, one.name, is_changed)))


def _stem(side: RenderedSide | None, name: str, is_changed: bool) -> SoundFacts | None:
    """The levels of an element in the mix: measured if it changed, else from the mixer."""
    from scenebuild.review.compare.meters import measure_sound

    facts = next((stem for stem in side.mix.stems if stem.name == name), None) if side else None
    if side is None or facts is None:
        return None
    length_s = facts.end_s - facts.start_s
    if is_changed and name in side.stems:
        return replace(measure_sound(side.stems[name]), length_s=length_s)
    return SoundFacts(length_s, facts.loudness_lufs, peak_dbfs=facts.peak_dbfs)


def from_locks(found: SceneReview, plans: PlanPair, *why: str) -> SceneReview:
    """The scene with the numbers of its lockfiles; ``why``: the reasons why they are not from sound."""
    first, second = (_locked_mix(planned) for planned in plans)
    notes = list(found.notes)
    if first is not None and first == second and (found.edits or found.changed_elements):
        notes.append("both lockfiles say the same of the mix; build the scene if it was not built since the edit")
    return replace(
        found,
        basis="locks",
        why=why,
        elements=tuple(_locked_element(one, plans) for one in found.elements),
        mix=Pair(first, second),
        notes=tuple(notes),
    )


def _locked_element(one: ElementChange, plans: PlanPair) -> ElementChange:
    names = (one.old_name or one.name, one.name)
    first, second = (_locked_take(planned, name) for planned, name in zip(plans, names, strict=True))
    return replace(one, sound=Pair(first, second), measured="take")


def _locked_take(planned: Planned | None, name: str) -> SoundFacts | None:
    """The facts of the lock about the first take of an element, if that take is still wanted."""
    step = next((one for one in planned.plan.steps if one.name == name), None) if planned else None
    if planned is None or planned.plan.lock is None or step is None or step.digest is None:
        return None
    entry = planned.plan.lock.elements[name]
    found = _sound(entry, entry.peak_dbfs)
    return replace(found, peak_dbfs=_or_silence(entry.peak_dbfs)) if found else None


def _locked_mix(planned: Planned | None) -> SoundFacts | None:
    plan = planned.plan if planned else None
    if plan is None or plan.lock is None or plan.gone or any(step.drift for step in plan.steps):
        return None
    mix = plan.lock.mix
    found = _sound(mix, mix.true_peak_dbtp)
    return replace(found, true_peak_dbtp=_or_silence(mix.true_peak_dbtp)) if found else None


def _sound(locked: LockEntry | LockMix, peak_db: float | None) -> SoundFacts | None:
    """Length and loudness in a lock. None if these, or the peak, cannot be those of a sound."""
    if locked.length_s is None or not all(map(_is_usable, (locked.length_s, locked.loudness_lufs, peak_db))):
        return None
    return SoundFacts(float(locked.length_s), _or_silence(locked.loudness_lufs))


def _is_usable(value: float | None) -> bool:
    """Whether a number is in a sensible range; a lock may come from another person."""
    return value is None or value == -math.inf or abs(value) < 1e9


def _or_silence(level: float | None) -> float:
    return -math.inf if level is None else float(level)
