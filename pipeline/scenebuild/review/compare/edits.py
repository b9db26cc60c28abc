"""The author's edits, field by field. The composed scenes are compared: inherited fields, variants and parameters
count; comments, order and the folding of texts do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenebuild.review.checkout.projects import ProjectSide
from scenebuild.review.model import FieldEdit
from scenebuild.scene.names import Field
from scenebuild.scene.resolve import one_line
from scenebuild.scene.yaml.document import Document

_GONE = object()


def field_edits(before: Document, after: Document, sides: tuple[ProjectSide, ProjectSide]) -> tuple[FieldEdit, ...]:
    """Every edit, in the order of the file after it; removed fields come last."""
    found = [_edit(field, first, second, before, after, sides) for field, first, second in _differing(before, after)]
    return tuple(sorted(found, key=lambda one: (one.kind == "removed", one.place_after, one.field)))


def _differing(before: Document, after: Document) -> Iterator[tuple[Field, Any, Any]]:
    return _unequal(_own(before), _own(after), ())


def _own(document: Document) -> dict[str, Any]:
    """All fields except the author's own (``x-…``)."""
    return {key: value for key, value in document.data.items() if not key.startswith("x-")}


def _unequal(first: Any, second: Any, field: Field) -> Iterator[tuple[Field, Any, Any]]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in dict.fromkeys((*first, *second)):
            yield from _unequal(first.get(key, _GONE), second.get(key, _GONE), (*field, key))
    elif _are_alike(first, second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _unequal(one, other, (*field, str(index)))
    elif not _is_same(first, second):
        yield field, first, second


def _are_alike(first: Any, second: Any) -> bool:
    """Whether both are lists of equally many mappings, such as effects: then single fields of them are compared."""
    return (
        isinstance(first, list)
        and isinstance(second, list)
        and len(first) == len(second)
        and all(isinstance(one, dict) for one in (*first, *second))
    )


def _is_same(first: Any, second: Any) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return one_line(first) == one_line(second)
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)


def _edit(
    field: Field, first: Any, second: Any, before: Document, after: Document, sides: tuple[ProjectSide, ProjectSide]
) -> FieldEdit:
    return FieldEdit(
        field=field,
        kind="added" if first is _GONE else "removed" if second is _GONE else "changed",
        before=None if first is _GONE else first,
        after=None if second is _GONE else second,
        place_before=sides[0].place(_place(before, field)),
        place_after=sides[1].place(_place(after, field)),
    )


def _place(document: Document, field: Field) -> Any:
    """The place of a field's value; of a field that contains others, the place of its name."""
    at = document.keys.get(field)
    value = document.value(field)
    return at if at is not None and at.line != value.line else value


def similarity(before: Document, after: Document) -> float:
    """The share of both scenes' values that they have in common, 0 ... 1."""
    first, second = set(_leaves(_own(before), ())), set(_leaves(_own(after), ()))
    return 2 * len(first & second) / max(len(first) + len(second), 1)


def _leaves(value: Any, field: Field) -> Iterator[tuple[Field, str]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else ((str(index), one) for index, one in enumerate(value))
        for key, one in items:
            yield from _leaves(one, (*field, key))
    else:
        yield field, one_line(value) if isinstance(value, str) else repr(value)
