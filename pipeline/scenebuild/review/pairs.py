"""Which scene of one side is which of the other: by its path, or by what is in it where its file was renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scenebuild.review.edits import similarity
from scenebuild.review.projects import ReadScene
from scenebuild.scene.reference import JOINT, label_of, scene_file

ALIKE = 0.5  # as git has it: the share of two scenes that must be the same to call one the other renamed

Scenes = Mapping[str, ReadScene]  # by reference
Pairing = tuple[ReadScene | None, ReadScene | None]


def paired(before: Scenes, after: Scenes) -> list[Pairing]:
    """Every scene of both sides once, with its partner where it has one; in the order of their paths."""
    broken = [_broken(file, before, after) for file in sorted(_unreadable(before) | _unreadable(after))]
    files = {scene_file(one.reference) for pair in broken for one in pair if one}
    first, second = (
        {name: one for name, one in side.items() if scene_file(name) not in files} for side in (before, after)
    )
    both: list[Pairing] = [(first[name], second[name]) for name in first.keys() & second.keys()]
    gone = [one for name, one in first.items() if name not in second]
    new = [one for name, one in second.items() if name not in first]
    renamed = _renamed(gone, new)
    moved = {id(one) for pair in renamed for one in pair}
    alone: list[Pairing] = [(one, None) for one in gone if id(one) not in moved]
    alone += [(None, one) for one in new if id(one) not in moved]
    return sorted([*broken, *both, *renamed, *alone], key=_path)


def _path(pair: Pairing) -> str:
    return min(one.reference for one in pair if one)


def _unreadable(scenes: Scenes) -> set[str]:
    """Files of which not even the variants are known."""
    return {name for name, one in scenes.items() if one.document is None and not label_of(name)}


def _broken(file: str, before: Scenes, after: Scenes) -> Pairing:
    first, second = (
        next((one for name, one in side.items() if scene_file(name) == file), None) for side in (before, after)
    )
    return first, second


def _renamed(gone: Sequence[ReadScene], new: Sequence[ReadScene]) -> list[Pairing]:
    """The most alike first."""
    found = sorted(
        (
            (-similarity(one.document, other.document), one.reference, other.reference, one, other)
            for one in gone
            for other in new
            if one.document and other.document
        ),
        key=lambda item: item[:3],
    )
    pairs: list[Pairing] = []
    taken: set[int] = set()
    for unlike, _, _, one, other in found:
        if -unlike >= ALIKE and not {id(one), id(other)} & taken:
            pairs.append((one, other))
            taken |= {id(one), id(other)}
    return pairs


def is_meant(reference: str, paths: Sequence[str]) -> bool:
    """Whether a scene is one of those that ``scenes/forest.yaml@night`` and other paths name."""
    for path in paths:
        label = label_of(path)
        if not label or scene_file(path) != scene_file(reference):
            continue
        return any(
            label_of(reference) == wanted or label_of(reference).startswith(wanted + JOINT)
            for wanted in map(label_of, paths)
            if wanted
        )
    return True
