"""What an element is made from beside its words: a recording that it goes on from, a melody that it follows, a stretch
of its take that is made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scenebuild import number_text as words
from scenebuild.errors import Problem
from scenebuild.scene.fields import float_or_none
from scenebuild.scene.quoting import number
from scenebuild.scene.recording import locate
from scenebuild.scene.timing import made_s, part_findings
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at

RECORDINGS = ("continues", "melody")  # the fields that hold the path of a recording
FIELDS = (*RECORDINGS, "redo")  # the parameters of an engine that takes them have the same names
SHORTEST_REDO_S = 0.2  # both of its ends are crossfaded within it


@dataclass(frozen=True, slots=True)
class Redo:
    """A stretch of a take that is made again; what lies around it stays."""

    from_s: float = 0.0
    to_s: float | None = None  # None: to the end of the take
    take: int = 1  # which of the takes of the stretch

    def describe(self) -> str:
        """``2.0 s to 3.5 s``"""
        return f"{words.duration(self.from_s)} to {'its end' if self.to_s is None else words.duration(self.to_s)}"


@dataclass(frozen=True, slots=True)
class SoundPrompts:
    """The sounds that an element is made from beside its prompt. Paths are absolute and lie in the project."""

    continues: str | None = None  # the take begins with this recording
    melody: str | None = None  # the take follows the melody of this recording
    redo: Redo | None = None

    @property
    def recordings(self) -> dict[str, str]:
        """The recordings by their fields."""
        found = {"continues": self.continues, "melody": self.melody}
        return {field: path for field, path in found.items() if path is not None}

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are written."""
        return tuple(field for field in FIELDS if getattr(self, field) is not None)


# From a checked scene


def sound_prompt_of(document: Document, name: str) -> SoundPrompts:
    """What an element with a prompt is made from beside it."""
    own = document.data["elements"][name]
    paths = {
        field: locate(own[field], document.origin(("elements", name, field))) for field in RECORDINGS if field in own
    }
    return SoundPrompts(**paths, redo=_redo_of(own["redo"]) if "redo" in own else None)


def _redo_of(written: Mapping[str, Any]) -> Redo:
    return Redo(float(written.get("from", 0.0)), float_or_none(written.get("to")), int(written.get("take", 1)))


# Rules


def sound_prompt_findings(document: Document) -> Iterator[Problem]:
    """What is wrong with the sounds that elements are made from; what a recording lacks is said elsewhere."""
    for name, element in fields_at(document, ("elements",)).items():
        if isinstance(element, dict) and "prompt" in element and "file" not in element:
            yield from _one_take(document, name, element)
            yield from part_findings(document, name, element, "redo")
            yield from _redo(document, name, element)


def _one_take(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    long = element.get("long", "extend")
    for field in FIELDS:
        if field in element and long in ("takes", "loop"):
            message = f"{field}: acts on one take, and long: {long} is for several; remove one of the two"
            yield Problem("sound-prompt", message, document.key(("elements", name, field)))


def _redo(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    redo, whole_s = element.get("redo"), made_s(document, element)
    if not isinstance(redo, dict) or whole_s is None or redo.keys() - {"from", "to", "take"}:  # said by the schema
        return
    begins, ends = as_number(as_fields(redo).get("from", 0)), as_number(redo.get("to", whole_s))
    if begins is None or ends is None or not begins < ends <= whole_s:
        return
    place = document.key(("elements", name, "redo"))
    if begins == 0 and ends == whole_s:
        yield Problem("redo", "redo: this is the whole take; write take: 2 for another one", place)
    elif round(ends - begins, 6) < SHORTEST_REDO_S:
        message = f"{number(round(ends - begins, 6))} s are too short to be made again"
        yield Problem("redo", f"redo: {message}; write at least {number(SHORTEST_REDO_S)} s", place)
