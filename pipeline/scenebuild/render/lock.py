"""The lock of a build, and the checks of --frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from scenebuild.deliver.deliver import Delivered
from scenebuild.errors import LockError, Place, Problem
from scenebuild.generate.gather import Takes, licences_of
from scenebuild.generate.take import Take
from scenebuild.licences import same as same_licence
from scenebuild.mix.model import Mix
from scenebuild.plan.digests import CHANGED, same_digests
from scenebuild.plan.lockfile import (
    Lock,
    LockEntry,
    LockMix,
    entry_for,
    level,
    lock_path,
    locked_level,
    merged_mix,
    mix_drift,
    write_lock,
)
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.steps import Plan, Step


def refuse_other_bytes(plan: Plan, takes: Takes) -> None:
    """LockError that names every take that differs from the one that the lock pins."""
    problems = [
        Problem(
            "lock",
            f"{step.name}: the lock pins {str(step.digest)[:12]}…, which is not in the store, and making it again gave "
            f"{step.one_of(takes).digest[:12]}…",
            step.element.place,
        )
        for step in plan.steps
        if step.digest != step.one_of(takes).digest
    ]
    if problems:
        raise LockError(*problems, "restore the store the lock was made with, or build without --frozen")


def write_scene_lock(plan: Plan, lock: Lock) -> tuple[str | None, tuple[str, ...]]:
    """Write the lock: (the digest of the lock that this build used or wrote, warnings).

    A lock that was replaced since it was read stays: it came from git or from another build, and the next build reads
    it. The lock also stays if the scene was saved since: it may belong to the new version.
    """
    path = lock_path(plan.scene.path)
    read = plan.lock.digest if plan.lock else None
    if CHANGED in same_digests(plan.scene.digests).values():
        return read, (f"{path} stays as it is, because the scene was saved while it was built; build again",)
    written = write_lock(path, lock, plan.lock)
    if written is None:
        return read, (f"{path} was replaced while the scene was built, so it stays as it is; build again",)
    return written, ()


def refuse_other_mix(plan: Plan, lock: Lock) -> None:
    """LockError that names every fact of the mix that differs from the lock."""
    then = plan.lock or Lock()
    drifts = mix_drift(then.mix, lock.mix)
    for name, entry in lock.elements.items():
        said = then.elements[name].licence
        if said is not None and said != entry.licence:
            drifts.append(f"the licence of {name} is {entry.licence}, the lock says {said}")
    if drifts:
        message = f"mix: {'; '.join(drifts)}; build without --frozen and commit the lock"
        raise LockError(Problem("lock", message, Place(lock_path(plan.scene.path))))


def lock_of(plan: Plan, takes: Takes, mix: Mix, files: Sequence[Delivered]) -> Lock:
    """The lock of this build. The entry of a take that is already in the old lock stays the same, to the byte."""
    old = plan.lock or Lock()
    elements = {}
    for step in plan.steps:
        take = step.one_of(takes)
        entry = old.elements.get(step.name)
        if entry is not None and (entry.key, entry.digest) == (take.key, take.digest):
            elements[step.name] = replace(entry, licence=_licence(entry.licence, take.licence))
        else:
            elements[step.name] = _entry(step, take)
    # Seams are scored only if the author asked for it.
    seams = {stem.name: round(stem.seam_db, 2) for stem in mix.stems if stem.seam_db is not None}
    measured = LockMix(
        length_s=round(mix.frames / mix.sample_rate, 6),
        loudness_lufs=locked_level(mix.loudness_lufs),
        true_peak_dbtp=locked_level(mix.true_peak_dbtp),
        licence=_licence(old.mix.licence, strictest(licences_of(takes))),
        seam_db=None if mix.seam_db is None else round(mix.seam_db, 2),
        seams_db=seams or None,
        delivered=_deliveries(files) or None,
    )
    return Lock(elements, merged_mix(old.mix, measured))


def _licence(locked: str | None, licence: str) -> str | None:
    """The spelling of the lock, unless the licence has changed."""
    return locked if same_licence(locked or "", licence) else licence


def _deliveries(files: Sequence[Delivered]) -> dict[str, Mapping[str, Any]]:
    """The levels of each delivered file, by its name."""
    return {
        os.path.basename(file.path): {
            "loudness_lufs": level(file.loudness_lufs),
            "true_peak_dbtp": level(file.true_peak_dbtp),
            "passes": file.passes,
        }
        for file in files
    }


def _entry(step: Step, take: Take) -> LockEntry:
    return replace(
        entry_for(step.action, take.key, take.digest),
        length_s=round(take.duration_s, 6),
        loudness_lufs=locked_level(take.loudness_lufs),
        peak_dbfs=locked_level(take.peak_dbfs),
        sample_rate=take.sample_rate,
        channels=take.channels,
        licence=take.licence,
        made_by=dict(take.made_by),
        redo_base=take.base,
    )
