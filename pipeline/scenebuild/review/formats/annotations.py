"""A review as findings at lines of head, for annotations in a workflow and for code scanning."""

from __future__ import annotations

from collections.abc import Iterator

from scenebuild.errors import Place, Problem
from scenebuild.review.formats.rows import element_row, scene_row
from scenebuild.review.model import ElementChange, Review, SceneReview
from scenebuild.scene.compose.reference import scene_file

RULES = {
    "element-generated-again": "An element plays another take than before. Listen to it before and after.",
    "element-mixed-again": "An element plays the same take as before, and the mix does something else with it.",
    "element-added": "An element is new in its scene.",
    "element-removed": "An element is no longer in its scene.",
    "element-renamed": "An element has another name and plays the take that it played.",
    "scene-added": "A scene is new.",
    "scene-removed": "A scene was removed.",
    "scene-renamed": "A scene is in another file.",
    "scene-changed": "A scene was edited, and no element of it changed.",
    "scene-unreadable": "A scene cannot be read on one side, so it cannot be compared.",
}
_OF_ELEMENT = {
    "generated": "element-generated-again", "mixed": "element-mixed-again", "added": "element-added",
    "removed": "element-removed", "renamed": "element-renamed",
}  # fmt: skip


def findings_of(review: Review) -> list[Problem]:
    """One finding for each element that changed, and for each scene that is new, gone, moved or broken."""
    return [problem for scene in review.scenes for problem in _of_scene(scene)]


def _of_scene(scene: SceneReview) -> Iterator[Problem]:
    if scene.status == "unreadable":
        yield from _unreadable(scene)
        return
    if scene.status != "changed" or not scene.changed_elements:
        yield Problem(f"scene-{scene.status}", _about(scene), Place(scene_file(scene.path)), "notice")
    if scene.status in ("added", "removed"):
        return
    for one in scene.changed_elements:
        place = _in_head(one, scene)
        yield Problem(_OF_ELEMENT[one.status], _said(one), place, "notice")


def _unreadable(scene: SceneReview) -> Iterator[Problem]:
    _, after = scene.problems
    message = f"{scene.path} cannot be compared: it cannot be read {'in head' if after else 'in the base'}"
    yield Problem("scene-unreadable", message, Place(scene_file(scene.path)), "warning")


def _in_head(one: ElementChange, scene: SceneReview) -> Place:
    """The place of an element in head; of a removed element, its scene."""
    return Place(scene_file(scene.path)) if one.status == "removed" else one.place


def _said(one: ElementChange) -> str:
    row = element_row(one)
    facts = "; ".join(filter(None, (row.reason, row.loudness, row.balance)))
    return f"{row.name}: {row.status}{': ' if facts else ''}{facts}"


def _about(scene: SceneReview) -> str:
    row = scene_row(scene)
    facts = "; ".join(filter(None, (row.summary, row.loudness, row.null and f"null test: {row.null}")))
    return f"{row.path}: {row.status}{': ' if facts else ''}{facts}"
