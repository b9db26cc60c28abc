"""Merging two documents: a scene over the file that it extends, or a variant over its file.

Sets of fields are merged by name, all other values are replaced, and ``null`` removes a field. Each key and value keeps
the place in the file where it is written, so that later stages work with one document.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scenebuild.errors import Place, Problem
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import label
from scenebuild.scene.yaml.document import Document

# Fields that exclude each other: the field above replaces the inherited one.
ONE_OF = (frozenset({"volume", "gain_db"}), frozenset({"prompt", "file"}))
# Fields of generated sound: they are removed with the prompt when a recording replaces it.
WITH_PROMPT = (
    "engine", "model", "duration", "long", "piece", "seed", "take", "temperature", "top_k", "top_p", "cfg", "continues",
    "melody", "redo",
)  # fmt: skip


def merged_documents(below: Document, above: Document) -> Document:
    """Both as one document. Its problems are those of both and of the merge."""
    merge = _Merge(above)
    data = merge.fields(below.data, above.data, ())
    return replace(
        above,
        data=data,
        keys=_kept(below.keys.items(), merge.hidden) | _less(above.keys.items(), merge.removed),
        values=_kept(below.values.items(), merge.hidden) | _less(above.values.items(), merge.removed),
        problems=(*below.problems, *above.problems, *merge.problems),
        sources=tuple(dict.fromkeys((*above.sources, *below.sources))),
        spelled={**below.spelled, **above.spelled},
        digests={**below.digests, **above.digests},
    )


def part_of(document: Document, field: Field) -> Document:
    """The set of fields at ``field`` as a document of its own, such as one variant."""
    depth = len(field)
    data: Any = document.data
    for key in field:
        data = data[key]
    return replace(
        document,
        data=data,
        keys={one[depth:]: place for one, place in document.keys.items() if one[:depth] == field and len(one) > depth},
        values={one[depth:]: place for one, place in document.values.items() if one[:depth] == field},
        problems=(),
    )


def without(document: Document, names: Iterable[str]) -> Document:
    """The document without some of its top-level fields."""
    gone = set(names)
    return replace(
        document,
        data={key: value for key, value in document.data.items() if key not in gone},
        keys={field: place for field, place in document.keys.items() if field[0] not in gone},
        values={field: place for field, place in document.values.items() if not field or field[0] not in gone},
    )


class _Merge:
    """The merge of one pair of documents."""

    def __init__(self, above: Document) -> None:
        self.above = above
        self.hidden: set[Field] = set()  # fields below that are replaced or removed, with everything in them
        self.removed: set[Field] = set()  # fields above that are null
        self.problems: list[Problem] = []

    def fields(self, below: dict[str, Any], above: dict[str, Any], field: Field) -> dict[str, Any]:
        merged = dict(below)
        for name in self._superseded(below, above, field):
            self._hide(merged, (*field, name))
        for key, value in above.items():
            inner = (*field, key)
            if value is None:
                self._remove(merged, inner)
            elif isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = self.fields(merged[key], value, inner)
            else:
                merged[key] = value
                self.hidden.add(inner)
        return merged

    def _superseded(self, below: dict[str, Any], above: dict[str, Any], field: Field) -> list[str]:
        if field[:1] not in (("elements",), ("defaults",), ("buses",)):
            return []
        gone = [
            other
            for names in ONE_OF
            if len(names & {key for key, value in above.items() if value is not None}) == 1
            for other in sorted(names - above.keys())
        ]
        if "prompt" in gone and "prompt" in below:
            gone += [name for name in WITH_PROMPT if name not in above]
        return [name for name in gone if name in below]

    def _hide(self, merged: dict[str, Any], field: Field) -> None:
        del merged[field[-1]]
        self.hidden.add(field)

    def _remove(self, merged: dict[str, Any], field: Field) -> None:
        self.removed.add(field)
        if field[-1] in merged:
            self._hide(merged, field)
            return
        message = f"{label(field[-1])}: null removes an inherited field, and none has this name; remove the line"
        self.problems.append(Problem("inherit", message, self.above.key(field)))


def _kept(places: Iterable[tuple[Field, Place]], hidden: set[Field]) -> dict[Field, Place]:
    return {
        field: place for field, place in places if not any(field[:end] in hidden for end in range(1, len(field) + 1))
    }


def _less(places: Iterable[tuple[Field, Place]], removed: set[Field]) -> dict[Field, Place]:
    return {field: place for field, place in places if field not in removed}
