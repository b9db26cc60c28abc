"""Takes and a mix held against what their scene expects. Only what is expected of is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scenebuild.audio.traits import Traits, measure_traits
from scenebuild.audio.wav import probe, read_blocks
from scenebuild.expect.verdict import Verdict, verdicts
from scenebuild.plan.lockfile import Lock
from scenebuild.scene.model import Scene


def expects_anything(scene: Scene) -> bool:
    """Whether a scene says what it must sound like."""
    return scene.mix.expect is not None or any(element.expect for element in scene.elements)


def hold(scene: Scene, lock: Lock | None, takes: Mapping[str, str], mix: str | None) -> list[Verdict]:
    """The verdict on each expectation of a scene; ``takes`` and ``mix`` are paths of sound files.

    The lock is the one from before the build: it says what the scene sounded like.
    """
    entries = lock.elements if lock else {}
    found: list[Verdict] = []
    for element in scene.elements:
        if element.expect is None:
            continue
        for name in _parts(element.name, takes):
            locked = _level(entries.get(name, {}))
            judged = verdicts(scene, element.name, element.expect, traits_of(takes[name]), locked)
            found += [replace(verdict, owner=name) for verdict in judged]
    if scene.mix.expect is not None and mix is not None:
        found += verdicts(scene, None, scene.mix.expect, traits_of(mix), _level(lock.mix if lock else {}))
    return found


def traits_of(path: str | Path) -> Traits:
    """The traits of a sound file. AudioFileError where it is not one."""
    facts = probe(path)
    return measure_traits(read_blocks(path), facts.sample_rate, facts.channels)


def _parts(element: str, takes: Mapping[str, str]) -> list[str]:
    """The takes that an element is made of: one, or several with a number behind a dot."""
    return [name for name in takes if name == element or name.startswith(f"{element}.")]


def _level(entry: Mapping[str, object]) -> float | None:
    found = entry.get("loudness_lufs")
    return float(found) if isinstance(found, int | float) else None
