"""Matches the scenes of both sides: by path, or by content if a file was renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scenebuild.review.checkout.projects import ReadScene
from scenebuild.review.compare.edits import similarity
from scenebuild.scene.compose.reference import JOINT, label_of, scene_file

MOST_COMPARED = 10_000  # pairs of scenes; with more pairs, a scene that was renamed and edited is not found
ALIKE = 0.5  # as in git: the share of equal values that makes two scenes one renamed scene

Scenes = Mapping[str, ReadScene]  # by reference
ScenePair = tuple[ReadScene | None, ReadScene | None]


def matched(before: Scenes, after: Scenes) -> list[ScenePair]:
    """Every scene of both sides once, with its partner where it has one; in the order of their paths."""
    firsts = [_first_of_each_file(side) for side in (before, after)]
    broken = [(firsts[0].get(file), firsts[1].get(file)) for file in sorted(_unreadable(before) | _unreadable(after))]
    files = {scene_file(one.reference) for pair in broken for one in pair if one}
    first, second = (
        {name: one for name, one in side.items() if scene_file(name) not in files} for side in (before, after)
    )
    both: list[ScenePair] = [(first[name], second[name]) for name in first.keys() & second.keys()]
    gone = [one for name, one in first.items() if name not in second]
    new = [one for name, one in second.items() if name not in first]
    renamed = _renamed(gone, new)
    moved = {id(one) for pair in renamed for one in pair}
    alone: list[ScenePair] = [(one, None) for one in gone if id(one) not in moved]
    alone += [(None, one) for one in new if id(one) not in moved]
    return sorted([*broken, *both, *renamed, *alone], key=_path)


def _path(pair: ScenePair) -> str:
    return min(one.reference for one in pair if one)


def _unreadable(scenes: Scenes) -> set[str]:
    """Files whose variants are not known."""
    return {name for name, one in scenes.items() if one.document is None and not label_of(name)}


def _first_of_each_file(scenes: Scenes) -> dict[str, ReadScene]:
    return {scene_file(name): one for name, one in reversed(list(scenes.items()))}


def _renamed(gone: Sequence[ReadScene], new: Sequence[ReadScene]) -> list[ScenePair]:
    """Pairs of renamed scenes, the most similar first. Equal scenes always match; others are compared if there are at
    most ``MOST_COMPARED`` pairs."""
    pairs = _moved(gone, new)
    taken = {id(one) for pair in pairs for one in pair}
    gone, new = ([one for one in side if id(one) not in taken and one.document] for side in (gone, new))
    if len(gone) * len(new) > MOST_COMPARED:
        return pairs
    found = sorted(
        (
            (-similarity(one.document, other.document), one.reference, other.reference, one, other)
            for one in gone
            for other in new
            if one.document and other.document
        ),
        key=lambda item: item[:3],
    )
    for unlike, _, _, one, other in found:
        if -unlike >= ALIKE and not {id(one), id(other)} & taken:
            pairs.append((one, other))
            taken |= {id(one), id(other)}
    return pairs


def _moved(gone: Sequence[ReadScene], new: Sequence[ReadScene]) -> list[ScenePair]:
    """Pairs of scenes with equal fields, in the order of their paths."""
    by_fields: dict[str, list[ReadScene]] = {}
    for one in sorted(new, key=_reference, reverse=True):
        by_fields.setdefault(_fields(one), []).append(one)
    pairs: list[ScenePair] = []
    for one in sorted(gone, key=_reference):
        if one.document and by_fields.get(_fields(one)):
            pairs.append((one, by_fields[_fields(one)].pop()))
    return pairs


def _reference(one: ReadScene) -> str:
    return one.reference


def _fields(one: ReadScene) -> str:
    return repr(one.document.data) if one.document else ""


def is_meant(reference: str, paths: Sequence[str]) -> bool:
    """Whether paths such as ``scenes/forest.yaml@night`` name a scene; without such a path, every scene counts."""
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
