"""The numbers of a review: measured on the sound of both sides where it is at hand, else as the lockfiles have them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scenebuild.errors import ScenebuildError
from scenebuild.review.checkout.projects import ReadScene
from scenebuild.review.compare.elements import Planned
from scenebuild.review.model import ElementChange, Pair, SceneReview, SoundFacts
from scenebuild.scene.quoting import printable
from scenebuild.scratch import scratch_folder

if TYPE_CHECKING:
    from scenebuild.review.compare.audition import Show, SideFiles
    from scenebuild.review.compare.shown import Keep

Reads = tuple[ReadScene | None, ReadScene | None]
Plans = tuple[Planned | None, Planned | None]


@dataclass(frozen=True, slots=True)
class Listening:
    """How scenes are listened to. ``keep`` gets each of them with its files, which are gone when it returns."""

    store: str
    jobs: int = 1
    locks_only: bool = False
    keep: Keep | None = None
    show: Show | None = None  # makes one side of a page
    stores: Mapping[str, str] = field(default_factory=dict)  # of the projects that are compared, by their folders

    def store_of(self, read: ReadScene | None) -> str:
        """Where the takes of one side are."""
        return self.stores.get(read.side.root, self.store) if read else self.store


def with_figures(found: SceneReview, reads: Reads, plans: Plans, listening: Listening) -> SceneReview:
    """The scene with its numbers."""
    if listening.locks_only:
        return _from_locks(replace(found, why=("only the lockfiles were looked at (--locks-only)",)), reads, plans)
    with scratch_folder() as scratch:
        heard, why = _listen(reads, plans, Path(scratch), listening)
        found = _from_locks(replace(found, why=why), reads, plans) if why else _from_sound(found, heard, reads)
        if listening.keep is not None:
            before, after = (one.shown if one else None for one in heard)
            listening.keep(found, before, after)
    return found


def _listen(
    reads: Reads, plans: Plans, scratch: Path, listening: Listening
) -> tuple[tuple[SideFiles | None, SideFiles | None], tuple[str, ...]]:
    from scenebuild.generate.make import TakeMaker
    from scenebuild.review.compare.audition import hear
    from scenebuild.store import LocalStore

    heard: list[SideFiles | None] = []
    why: list[str] = []
    for name, read, planned in zip(("before", "after"), reads, plans, strict=True):
        heard.append(None)
        if read is None or planned is None:
            continue
        folder = scratch / name
        folder.mkdir()
        store = LocalStore(listening.store_of(read))
        shop = TakeMaker(store, str(folder), listening.jobs, lambda key, share: None, lambda line: None)
        try:
            heard[-1] = hear(read, planned.plan, folder, shop, listening.show)
        except ScenebuildError as error:
            why += [f"{read.side.label}: {read.side.shown(line)}" for line in str(error).splitlines()]
    return (heard[0], heard[1]), tuple(map(printable, why))


def _from_sound(found: SceneReview, heard: tuple[SideFiles | None, SideFiles | None], reads: Reads) -> SceneReview:
    from scenebuild.review.compare.measure import measure_sound, null_test

    before, after = heard
    first, second = (measure_sound(Path(one.mix.path), over_time=True) if one else None for one in heard)
    sides = [(read, one) for read, one in zip(reads, heard, strict=True) if read and one]
    notes = [printable(f"{read.side.label}: {note}") for read, one in sides for note in one.notes]
    return replace(
        found,
        basis="sound",
        elements=tuple(_heard_element(one, before, after) for one in found.elements),
        mix=Pair(first, second),
        gain=(before.mix.master_gain_db if before else None, after.mix.master_gain_db if after else None),
        null=null_test(Path(before.mix.path), Path(after.mix.path)) if before and after else None,
        notes=(*found.notes, *notes),
    )


def _heard_element(one: ElementChange, before: SideFiles | None, after: SideFiles | None) -> ElementChange:
    old = one.old_name or one.name
    measured = one.status != "unchanged"
    return replace(one, sound=Pair(_stem(before, old, measured), _stem(after, one.name, measured)))


def _stem(heard: SideFiles | None, name: str, measured: bool) -> SoundFacts | None:
    """How an element sounds in the mix: measured where it changed, as the mixer has it where not."""
    from scenebuild.review.compare.measure import measure_sound

    facts = next((stem for stem in heard.mix.stems if stem.name == name), None) if heard else None
    if heard is None or facts is None:
        return None
    length_s = facts.end_s - facts.start_s
    if measured and name in heard.stems:
        return replace(measure_sound(heard.stems[name]), length_s=length_s)
    return SoundFacts(length_s, facts.loudness_lufs, peak_dbfs=facts.peak_dbfs)


def _from_locks(found: SceneReview, reads: Reads, plans: Plans) -> SceneReview:
    first, second = (_locked_mix(planned) for planned in plans)
    notes = list(found.notes)
    if first is not None and first == second and (found.edits or found.changed_elements):
        notes.append("both lockfiles say the same of the mix; build the scene if it was not built since the edit")
    return replace(
        found,
        basis="locks",
        elements=tuple(_locked_element(one, plans) for one in found.elements),
        mix=Pair(first, second),
        notes=tuple(notes),
    )


def _locked_element(one: ElementChange, plans: Plans) -> ElementChange:
    names = (one.old_name or one.name, one.name)
    first, second = (_locked_take(planned, name) for planned, name in zip(plans, names, strict=True))
    return replace(one, sound=Pair(first, second), measured="take")


def _locked_take(planned: Planned | None, name: str) -> SoundFacts | None:
    """What the lock says of the first take of an element, if that take is the one that is wanted."""
    step = next((one for one in planned.plan.steps if one.name == name), None) if planned else None
    if planned is None or planned.plan.lock is None or step is None or step.digest is None:
        return None
    entry = planned.plan.lock.elements[name]
    return _sound(entry, "peak_dbfs")


def _locked_mix(planned: Planned | None) -> SoundFacts | None:
    plan = planned.plan if planned else None
    if plan is None or plan.lock is None or plan.gone or any(step.drift for step in plan.steps):
        return None
    return _sound(plan.lock.mix, "true_peak_dbtp")


def _sound(facts: Mapping[str, Any], peak_name: Literal["true_peak_dbtp", "peak_dbfs"]) -> SoundFacts | None:
    """Levels of a lock: None is silence there. Nothing where the facts are not those of a sound."""
    length_s, loudness, peak = facts.get("length_s"), facts.get("loudness_lufs"), facts.get(peak_name)
    if length_s is None or not all(one is None or _is_usable(one) for one in (length_s, loudness, peak)):
        return None
    found = SoundFacts(float(length_s), _or_silence(loudness))
    if peak_name == "true_peak_dbtp":
        return replace(found, true_peak_dbtp=_or_silence(peak))
    return replace(found, peak_dbfs=_or_silence(peak))


def _is_usable(value: object) -> bool:
    """A lock may come from a stranger, with a number in it of which nothing can be made."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _or_silence(level: float | None) -> float:
    return -math.inf if level is None else float(level)
