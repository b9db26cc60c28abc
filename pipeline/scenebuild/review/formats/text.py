"""A review for a terminal: one fact a line, with colours."""

from __future__ import annotations

from collections.abc import Iterator

from scenebuild.review.formats.rows import ElementChangeRow, SceneRow, scene_row, total
from scenebuild.review.model import Review

COLOURS = {
    "generated again": "yellow",
    "mixed again": "cyan",
    "added": "green",
    "removed": "red",
    "cannot be read": "red",
}
LABEL = 11  # columns


def as_text(review: Review) -> str:
    """The review with colours, which the caller may strip; "" if nothing changed."""
    if not review:
        return ""
    lines = [line for scene in review.scenes for line in (*_scene(scene_row(scene)), "")]
    return "\n".join([*lines, f"{review.before}{' → '}{review.after}: {total(review)}"]) + "\n"


def _scene(row: SceneRow) -> Iterator[str]:
    yield f"{_styled(row.path, bold=True)}  {_styled(row.status)}"
    for number, edit in enumerate(row.edits):
        values = " → ".join(filter(None, (edit.before, edit.after)))
        kind = "" if edit.kind == "changed" else f"{edit.kind} "
        yield f"{_label('' if number else 'edited')}{edit.field}: {kind}{values}  {_styled(edit.place, dim=True)}"
    width = max((len(one.name) for one in row.elements), default=0)
    last = ""
    for one in row.elements:
        said = one.status.partition(" again")[0]
        yield f"{_label('' if said == last else said, one.status)}{one.name:<{width}}  {_element(one)}".rstrip()
        last = said
    for label, words in _mix(row):
        yield f"{_label(label)}{words}"


def _element(row: ElementChangeRow) -> str:
    return "; ".join(filter(None, (row.reason, _sound(row.loudness, row.peak, row.length, row.balance))))


def _sound(*words: str) -> str:
    return ", ".join(filter(None, words))


def _mix(row: SceneRow) -> Iterator[tuple[str, str]]:
    if mix := _sound(row.loudness, row.peak, row.length, row.balance):
        yield "mix", mix
    if row.gain:
        yield "master", row.gain
    if row.null:
        yield "null test", row.null
    for drawn in row.loudness_lines:
        yield drawn.label, drawn.picture
    if row.basis:
        yield "locks", row.basis
    for line in (*row.why, *row.notes):
        yield "note", line
    for line in row.problems:
        yield "problem", line


def _label(text: str, status: str = "") -> str:
    return f"  {_styled(f'{text:<{LABEL}}', status)}"


def _styled(text: str, status: str = "", **look: bool) -> str:
    import click

    return click.style(text, fg=COLOURS.get(status or text), **look)
