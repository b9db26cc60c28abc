"""Checks takes and a mix against the expectations of their scene. Only sounds with expectations are measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scenebuild.audio.traits import Traits, measure_traits
from scenebuild.audio.wav import probe, read_blocks
from scenebuild.expect.verdict import Verdict, verdicts
from scenebuild.plan.lockfile import Lock, LockEntry, LockMix, take_name
from scenebuild.scene.model import Scene


def expects_anything(scene: Scene) -> bool:
    """Whether a scene has any expectation."""
    return scene.mix.expect is not None or any(element.expect for element in scene.elements)


def check_expectations(
    scene: Scene, lock: Lock | None, takes: Mapping[str, Sequence[str]], mix: str | None
) -> list[Verdict]:
    """The verdict on each expectation of a scene; ``takes`` (of each element) and ``mix`` are paths of sound files.

    ``lock``: from before the build, with the levels to compare with.
    """
    found: list[Verdict] = []
    for element in scene.elements:
        if element.expect is None:
            continue
        for number, path in enumerate(takes[element.name]):
            locked = _level(lock.entry(element.name, number) if lock else None)
            judged = verdicts(scene, element.name, element.expect, traits_of(path), locked)
            found += [replace(verdict, owner=take_name(element.name, number)) for verdict in judged]
    if scene.mix.expect is not None and mix is not None:
        found += verdicts(scene, None, scene.mix.expect, traits_of(mix), _level(lock.mix if lock else None))
    return found


def traits_of(path: str | Path) -> Traits:
    """The traits of a sound file. AudioFileError if it is not one."""
    facts = probe(path)
    return measure_traits(read_blocks(path), facts.sample_rate, facts.channels)


def _level(locked: LockEntry | LockMix | None) -> float | None:
    """The loudness in a lock; None if it is not known, and for silence."""
    found = locked.loudness_lufs if locked else None
    return None if found is None or math.isinf(found) else float(found)
