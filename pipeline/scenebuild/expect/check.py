"""Takes and a mix held against what their scene expects. Only what is expected of is measured."""

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
    """Whether a scene says what it must sound like."""
    return scene.mix.expect is not None or any(element.expect for element in scene.elements)


def check_expectations(
    scene: Scene, lock: Lock | None, takes: Mapping[str, Sequence[str]], mix: str | None
) -> list[Verdict]:
    """The verdict on each expectation of a scene; ``takes`` (of each element) and ``mix`` are paths of sound
    files.

    The lock is the one from before the build: it says what the scene sounded like.
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
    """The traits of a sound file. AudioFileError where it is not one."""
    facts = probe(path)
    return measure_traits(read_blocks(path), facts.sample_rate, facts.channels)


def _level(locked: LockEntry | LockMix | None) -> float | None:
    """The loudness that a lock knows; None for silence as well."""
    found = locked.loudness_lufs if locked else None
    return None if found is None or math.isinf(found) else float(found)
