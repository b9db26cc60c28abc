"""Scenes in one folder whose outputs and lock would be the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.compose.reference import folded, label_of, scene_file, stem_of
from scenebuild.scene.project import SUFFIXES
from scenebuild.scene.quoting import printable
from scenebuild.scene.read import references_in


def name_clashes(references: Sequence[str]) -> dict[str, SceneError]:
    """The scenes that must not be built, each with the reason: another scene in the same folder has the same name,
    regardless of capitals and the form of accents. A file clashes as well where one of its variants does."""
    scenes_in = cache(_scenes_in)
    clashes = {}
    for reference in references:
        scenes = scenes_in(os.path.dirname(scene_file(reference)) or ".")
        if clash := next(_same_names(reference, scenes), None):
            other, mine = map(printable, clash)
            message = (
                f"{other} has the same name as {mine}: both would have one lockfile and be built in one folder; "
                "rename one of them"
            )
            clashes[reference] = SceneError([Problem("name", message, Place(printable(scene_file(reference))))])
    return clashes


def _scenes_in(folder: str) -> dict[str, list[str]]:
    """The scene files of a folder, grouped by the part of their folded names before an ``@``."""
    found: dict[str, list[str]] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return found
    for name in names:
        if name.endswith(SUFFIXES):
            found.setdefault(_base(name), []).append(name)
    return found


def _base(reference: str) -> str:
    return folded(stem_of(reference)).partition("@")[0]


def _same_names(reference: str, scenes: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """(another scene, the scene of the reference) for each pair with one name."""
    path, whole, stem = scene_file(reference), not label_of(reference), folded(stem_of(reference))
    base, _, label = stem.rpartition("@")  # a file may be called v@night.yaml
    for name in scenes.get(_base(reference), ()):
        other, other_stem = os.path.join(os.path.dirname(path), name), folded(stem_of(name))
        other_base, _, other_label = other_stem.rpartition("@")
        if stem == other_stem and not (whole and _is_same(other, path)):
            yield other, reference
        elif whole and base == other_stem and (variant := _variant(other, label)):
            yield variant, reference
        elif whole and other_base == stem and (variant := _variant(path, other_label)):
            yield other, variant


def _is_same(one: str, other: str) -> bool:
    """Whether two names are one file; a link to it is another name for the same scene."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return True


def _variant(path: str, label: str) -> str:
    """The reference to the variant of a file that has this folded label; "" where there is none."""
    try:
        return next((one for one in references_in(path) if folded(label_of(one)) == label), "")
    except SceneError:
        return ""
