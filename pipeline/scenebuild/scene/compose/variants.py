"""The scenes of one file: each variant with each cell of the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from scenebuild.errors import Problem, SceneError, UsageError
from scenebuild.scene.check.findings import capped
from scenebuild.scene.check.violations import violations
from scenebuild.scene.check.wording import problem_of
from scenebuild.scene.compose.merge import merged_documents, part_of, without
from scenebuild.scene.compose.parameters import NAME, Value, filled
from scenebuild.scene.compose.parameters import written as as_text
from scenebuild.scene.compose.reference import JOINT
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import described, label, meant_or_listed, printable, quoted
from scenebuild.scene.yaml.document import Document

RECIPE = ("variants", "params", "matrix")
MOST_SCENES = 256  # of one file
MOST_VALUES = 1_000_000  # of all scenes of a file together
LONGEST_SLUG = 40
LONGEST_LABEL = 150  # characters; it is a part of file names
_VARIANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_NOT_IN_A_VARIANT = ("version", "extends", "variants", "matrix")

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Variant:
    """One scene of a file: the name of its patch under ``variants``, or "", and its cell of the matrix."""

    label: str  # "night+drizzle"; "" for a file that holds one scene
    name: str
    cell: Values


def variants_of(document: Document, chosen: Mapping[str, str]) -> list[Variant]:
    """All scenes of a file, in its order. A chosen parameter replaces its row of the matrix.

    SceneError for mistakes in variants, params and matrix; UsageError for an unknown parameter.
    """
    if problems := list(_recipe_problems(document)):
        raise SceneError(capped([*document.problems, *problems]))
    names = list(document.data.get("variants", {})) or [""]
    rows: dict[str, list[Value]] = {**document.data.get("matrix", {}), **{name: [one] for name, one in chosen.items()}}
    _refuse_unknown(document, chosen)
    axes = sorted(rows)  # by name, so that their order in the file has no effect
    _refuse_too_much(document, len(names) * prod(len(rows[axis]) for axis in axes))
    found: dict[str, Variant] = {}
    for name, cell in product(names, product(*(rows[axis] for axis in axes))):
        slugs = [slug(value, axis, rows[axis].index(value) + 1) for axis, value in zip(axes, cell, strict=True)]
        one = Variant(JOINT.join(filter(None, (name, *slugs))), name, dict(zip(axes, cell, strict=True)))
        if one.label in found:
            _refuse_same_name(document, one, found[one.label])
        if len(one.label) > LONGEST_LABEL:
            message = f"matrix: @{one.label[:40]}… has more than {LONGEST_LABEL} characters; remove some values"
            raise SceneError([Problem("matrix", message, document.key(("matrix",)))])
        found[one.label] = one
    return list(found.values())


def of_label(document: Document, variants: list[Variant], wanted: str) -> list[Variant]:
    """The scenes of a label: the scene of that name, or all whose labels begin with it. SceneError where none does."""
    found = [one for one in variants if one.label == wanted or one.label.startswith(wanted + JOINT)]
    if found and wanted:
        return found
    known = [one.label for one in variants if one.label]
    instead = meant_or_listed(wanted, known) or ": the file holds one scene; leave out the @"
    message = f"there is no variant {quoted(wanted)}{instead}"
    field = next((field for field in (("variants",), ("matrix",)) if field in document.keys), ())
    raise SceneError([Problem("variant", message, document.key(field))])


def composed(document: Document, variant: Variant) -> Document:
    """The document of one scene with its patch and its parameters filled in, without variants, params and matrix."""
    has_parameters = bool(document.data.get("params") or variant.cell)
    base = without(document, ["variants", "matrix"])
    if variant.name:
        patch = part_of(document, ("variants", variant.name))
        strange = [key for key in patch.data if key in _NOT_IN_A_VARIANT]
        problems = [_misplaced(patch, key) for key in strange]
        base = _over(base, replace(without(patch, strange), problems=tuple(problems)))
    params = base.data.get("params", {})
    values = {**(params if isinstance(params, dict) else {}), **variant.cell}
    if found := list(_params(base, values)):
        raise SceneError(capped([*base.problems, *found]))
    return filled(without(base, ["params"]), values, strict=has_parameters or bool(values))


def slug(value: Value, axis: str, number: int) -> str:
    """A value as a part of a label; axis and number for a value without ASCII letters and digits.

    >>> slug("Heavy rain, café", "weather", 1), slug(0.5, "wind", 2), slug("雨", "weather", 2)
    ('heavy-rain-cafe', '0-5', 'weather2')
    """
    from unicodedata import normalize

    letters = normalize("NFKD", as_text(value)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters[: 4 * LONGEST_SLUG]).strip("-")[:LONGEST_SLUG].strip("-") or (
        f"{axis}{number}"
    )


def _over(base: Document, patch: Document) -> Document:
    """A variant merged over its file; the place of the whole is that of the file."""
    merged = merged_documents(base, patch)
    return replace(merged, values={**merged.values, (): base.value(())})


def _recipe_problems(document: Document) -> Iterator[Problem]:
    written = {key: value for key, value in document.data.items() if key in RECIPE}
    found = [it for it in violations(replace(document, data=written)) if it.keyword != "required"] if written else []
    yield from map(problem_of, found)
    wrong = {it.field for it in found}
    if ("variants",) not in wrong:
        yield from _names(document, ("variants",), _VARIANT, "a variant", "a-z, 0-9, _ and -")
    if ("params",) not in wrong:
        params = document.data.get("params", {})
        yield from _names(document, ("params",), NAME, "a parameter", "a-z, 0-9 and _, begin with a letter")
        yield from _params(document, params)
    if ("matrix",) not in wrong:
        yield from _names(document, ("matrix",), NAME, "a parameter", "a-z, 0-9 and _, begin with a letter")
        yield from _rows(document, wrong)


def _names(document: Document, owner: Field, pattern: re.Pattern[str], what: str, signs: str) -> Iterator[Problem]:
    for name in document.data.get(owner[0], {}):
        if not pattern.match(name):
            message = f"{quoted(name)} cannot name {what}: names are made of {signs}, and have at most 64 characters"
            yield Problem("name", message, document.key((*owner, name)))


def _params(document: Document, params: Values) -> Iterator[Problem]:
    for name, value in params.items():
        if fault := _value_fault(value):
            yield Problem("parameter", f"{label(name)}: {fault}", document.value(("params", name)))


def _rows(document: Document, wrong: set[Field]) -> Iterator[Problem]:
    for name, row in document.data.get("matrix", {}).items():
        seen: set[Value] = set()
        for index, value in enumerate(row if ("matrix", name) not in wrong else ()):
            place = document.value(("matrix", name, str(index)))
            if fault := _value_fault(value):
                yield Problem("parameter", f"{label(name)}: {fault}", place)
            elif value in seen:
                yield Problem("matrix", f"{label(name)}: {described(value)} occurs twice; remove one of the two", place)
            else:
                seen.add(value)


def _value_fault(value: Any) -> str:
    if value is None:
        return "nothing is written here; write a text or a number"
    if isinstance(value, dict | list):
        return f"{described(value)} is not a parameter; write a text or a number"
    return ""


def _misplaced(patch: Document, key: str) -> Problem:
    message = f"{key}: is not a field of a variant; write it at the top of the file"
    return Problem("unknown-field", message, patch.key((key,)))


def _refuse_unknown(document: Document, chosen: Mapping[str, str]) -> None:
    patches = [patch for patch in document.data.get("variants", {}).values() if isinstance(patch.get("params"), dict)]
    known = {*document.data.get("params", {}), *document.data.get("matrix", {})}
    known |= {name for patch in patches for name in patch["params"]}
    for name in chosen.keys() - known:
        instead = meant_or_listed(name, sorted(known)) or "; it has none"
        raise UsageError(f"--set {name}: {printable(document.path)} has no such parameter{instead}")


def _refuse_too_much(document: Document, count: int) -> None:
    """Bound the cost of a file: the number of its scenes, and the number of their values."""
    message = ""
    if count > MOST_SCENES:
        message = f"matrix: {count} scenes are more than {MOST_SCENES}, the most for one file; remove some values"
    elif count > 1 and count * len(document.values) > MOST_VALUES:
        message = f"{count} scenes of this file have more than {MOST_VALUES} values; split the file"
    if message:
        field = ("matrix",) if "matrix" in document.data else ("variants",)
        raise SceneError([Problem("matrix", message, document.key(field))])


def _refuse_same_name(document: Document, one: Variant, other: Variant) -> None:
    axis = next((axis for axis in one.cell if one.cell[axis] != other.cell[axis]), "")
    same = (
        f"{described(other.cell[axis])} and {described(one.cell[axis])} would both be"
        if axis
        else "two scenes would be"
    )
    message = f"matrix: {same} called @{one.label}; change one of them"
    raise SceneError([Problem("matrix", message, document.key(("matrix", axis)))])
