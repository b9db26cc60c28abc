"""All findings about a document, in the order of the file."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from functools import reduce
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene.check.findings import MOST_SHOWN, capped
from scenebuild.scene.check.rules import rule_findings
from scenebuild.scene.check.violations import Violation, violations, wants_text, whole_schema
from scenebuild.scene.check.wording import problem_of
from scenebuild.scene.yaml.document import Document

_RANGE = frozenset({"minimum", "exclusiveMinimum", "maximum"})


def validate_document(document: Document) -> list[Problem]:
    """The findings by place; at most 50, and one with the number of the others. Empty for a valid scene."""
    if overruling := _overruling(document):
        return [overruling]
    found = list(violations(document))
    texts = {it.place for it in found if wants_text(it)}
    # A name such as 61e9540 is an infinite number in YAML; the finding about its type says more.
    before = [one for one in document.problems if one.rule != "not-finite" or one.place not in texts]
    known = {problem.place for problem in before}  # these values have a finding already
    against = sorted((it for it in found if it.place not in known), key=lambda it: it.place)
    own = [problem for problem in rule_findings(_usable(document, found)) if problem.place not in known]
    # Only shown findings get a message: suggestions for 50,000 unknown fields would take minutes.
    shown = [(it, problem_of(it)) for it in against[: MOST_SHOWN + 1]]
    said = [problem for it, problem in shown if not _is_proposed(it, shown)]
    return capped([*before, *said, *own], len(before) + len(against) - len(shown) + len(said) + len(own))


def _is_proposed(missing: Violation, shown: list[tuple[Violation, Problem]]) -> bool:
    """Whether the line about an unknown field of the same owner proposes the missing one."""
    owner, name = missing.field[:-1], missing.field[-1]
    proposals = (f"write {name}:", f"Did you mean {name}?")
    return missing.keyword == "required" and any(
        it.keyword == "unknown" and it.field[:-1] == owner and any(one in problem.message for one in proposals)
        for it, problem in shown
    )


def _usable(document: Document, found: list[Violation]) -> Document:
    """The document with null for each number that is out of range, so that no rule concludes anything from it."""
    refused = [it.field for it in found if it.keyword in _RANGE]
    if not refused:
        return document
    data: Any = deepcopy(document.data)
    for *owner, last in refused:
        fields = reduce(lambda inside, part: inside[_index(inside, part)], owner, data)
        fields[_index(fields, last)] = None
    return replace(document, data=data)


def _index(values: Any, part: str) -> str | int:
    return int(part) if isinstance(values, list) else part


def _overruling(document: Document) -> Problem | None:
    """The finding that makes all others useless: another version of the format, or too many elements."""
    fields = whole_schema()["properties"]
    version, elements = document.data.get("version"), document.data.get("elements")
    if isinstance(version, int | float) and not isinstance(version, bool) and version != fields["version"]["const"]:
        return problem_of(Violation(document.value(("version",)), ("version",), "const", version, fields["version"]))
    if isinstance(elements, dict) and len(elements) > fields["elements"]["maxProperties"]:
        place = document.key(("elements",))
        return problem_of(Violation(place, ("elements",), "maxProperties", elements, fields["elements"]))
    return None
