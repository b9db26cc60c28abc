"""Scenes in one folder whose outputs and lock would be the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.compose.reference import folded, label_of, referenced, scene_file, stem_of
from scenebuild.scene.project import SUFFIXES
from scenebuild.scene.quoting import printable
from scenebuild.scene.read import references_in


def name_clashes(references: Sequence[str]) -> dict[str, SceneError]:
    """The scenes that must not be built, each with the reason: another one beside it has the same name, where capitals
    and the form of accents make no difference."""
    scenes_in = cache(_scenes_in)
    clashes = {}
    for reference in references:
        other = next(_same_names(reference, scenes_in(os.path.dirname(scene_file(reference)) or ".")), None)
        if other is not None:
            message = (
                f"{printable(other)} has the same name: both would have one lockfile and be built in one folder; "
                "rename one of them"
            )
            clashes[reference] = SceneError([Problem("name", message, Place(printable(scene_file(reference))))])
    return clashes


def _scenes_in(folder: str) -> dict[str, list[str]]:
    """The scene files of a folder by what their outputs are called."""
    found: dict[str, list[str]] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        if name.endswith(SUFFIXES):
            found.setdefault(folded(stem_of(name)), []).append(name)
    return found


def _same_names(reference: str, scenes: dict[str, list[str]]) -> Iterator[str]:
    folder, own = os.path.split(scene_file(reference))
    for name in scenes.get(folded(stem_of(reference)), ()):
        if label_of(reference) or not _is_same(os.path.join(folder, name), scene_file(reference), name == own):
            yield os.path.join(folder, name)
    base, at, label = stem_of(scene_file(reference)).rpartition("@")
    for name in scenes.get(folded(base), ()) if at and not label_of(reference) else ():
        variant = referenced(os.path.join(folder, name), label)
        if _holds(os.path.join(folder, name), variant):
            yield variant


def _is_same(one: str, other: str, same_name: bool) -> bool:
    """Whether two names are one file; a link to it is another name for the same scene."""
    try:
        return same_name or os.path.samefile(one, other)
    except OSError:
        return True


def _holds(path: str, variant: str) -> bool:
    try:
        return any(folded(one) == folded(variant) for one in references_in(path))
    except SceneError:
        return False
