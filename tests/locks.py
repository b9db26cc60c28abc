"""Lockfiles of takes that are not on this machine and cannot be made on it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from scenebuild.plan.lockfile import Lock, LockMix, entry_for, lock_path, write_lock_text
from scenebuild.plan.steps import make_plan
from scenebuild.scene.read import read_scene
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore


def lock_as_audiogen(scene: str, digest: str = "ab" * 32) -> None:
    """Write the lock that somebody with AudioGen would commit beside a scene; all its takes have the same bytes."""
    plan = make_plan(read_scene(scene), None, LocalStore(os.devnull), PlanOptions(engine="audiogen"))
    elements = {
        step.name: replace(
            entry_for(step.action, step.key, digest),
            length_s=step.element.duration_s,
            loudness_lufs=-20.0,
            peak_dbfs=-3.0,
            sample_rate=16000,
            channels=1,
            licence="CC-BY-NC-4.0",
            made_by={},
        )
        for step in plan.steps
    }
    mix = LockMix(length_s=1.0, loudness_lufs=-20.0, true_peak_dbtp=-3.0, licence="CC-BY-NC-4.0")
    Path(lock_path(scene)).write_text(write_lock_text(Lock(elements, mix)))
