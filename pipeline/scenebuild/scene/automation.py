"""Automation: a value over the time of a mix, constant or with keyframes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, Self

from scenebuild import number_text as words
from scenebuild.decibels import db_to_gain
from scenebuild.errors import Problem
from scenebuild.scene.fields import NumberField
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import number
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at, loops

Curve = Literal["linear", "exp", "s", "hold"]
Unit = Literal["gain", "db", "pan", "hz"]

AUTOMATED: Mapping[str, Unit] = {"volume": "gain", "gain_db": "db", "pan": "pan", "high_pass": "hz", "low_pass": "hz"}
NUMBERS = {"at": NumberField("seconds")}


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A value at a time of the mix; ``curve`` is the shape of the segment that ends here."""

    at_s: float
    value: float
    curve: Curve = "linear"


@dataclass(frozen=True, slots=True)
class Automation:
    """A value over time, held before the first keyframe and after the last. A constant has one keyframe."""

    unit: Unit
    points: tuple[Keyframe, ...]  # in order, at least one

    @classmethod
    def fixed(cls, value: float, unit: Unit = "gain") -> Self:
        """A constant value."""
        return cls(unit, (Keyframe(0.0, value),))

    @property
    def value(self) -> float | None:
        """The value where it is constant; None where it moves."""
        first = self.points[0].value
        return first if all(point.value == first for point in self.points) else None

    @property
    def first(self) -> float:
        """The value of the first keyframe."""
        return self.points[0].value

    @property
    def gains(self) -> tuple[float, float]:
        """The least and the greatest linear gain of a level."""
        values = [point.value for point in self.points]
        least, most = min(values), max(values)
        return (db_to_gain(least), db_to_gain(most)) if self.unit == "db" else (least, most)

    def describe(self) -> str:
        """``300 Hz``; of a moving value all keyframes and their time: ``left → right from 1.0 s to 4.0 s``."""
        said = [words.pan(one.value) if self.unit == "pan" else f"{one.value:g} Hz" for one in self.points]
        if self.value is not None:
            return said[0]
        first, last = self.points[0].at_s, self.points[-1].at_s
        return f"{' → '.join(said)} from {words.duration(first)} to {words.duration(last)}"

    def describe_level(self) -> str:
        """``0.70 (−3.1 dB)``; of a moving level its range: ``0.20 (−14.0 dB) to 0.70 (−3.1 dB)``."""
        least, most = map(words.volume, self.gains)
        return least if self.value is not None else f"{least} to {most}"


def automation_of(written: Any, unit: Unit) -> Automation:
    """The automation of a number or a list of keyframes. A constant level in dB becomes a linear gain."""
    points = tuple(map(_keyframe, written)) if isinstance(written, list) else (Keyframe(0.0, float(written)),)
    automation = Automation(unit, points)
    if automation.value is None:
        # Equal factors of a gain are equal steps in dB.
        return Automation(unit, tuple(map(_in_decibels, points))) if unit == "db" else automation
    return Automation.fixed(db_to_gain(points[0].value)) if unit == "db" else Automation.fixed(points[0].value, unit)


def level_of(*layers: Mapping[str, Any]) -> Automation:
    """The level of the first set of fields that has ``volume`` or ``gain_db``; unity where none has."""
    for fields in layers:
        for name in ("volume", "gain_db"):
            if name in fields:
                return automation_of(fields[name], AUTOMATED[name])
    return Automation.fixed(1.0)


def _keyframe(fields: Mapping[str, Any]) -> Keyframe:
    return Keyframe(float(fields["at"]), float(fields["value"]), fields.get("curve", "linear"))


def _in_decibels(point: Keyframe) -> Keyframe:
    return Keyframe(point.at_s, point.value, "linear" if point.curve == "exp" else point.curve)


def automation_findings(document: Document, owner: Field, fields: Mapping[str, Any]) -> Iterator[Problem]:
    """Mistakes in the keyframes of a channel, or of the defaults."""
    for name in AUTOMATED:
        if isinstance(fields.get(name), list):
            yield from _keyframes(document, (*owner, name), fields[name])
            yield from _loop_step(document, (*owner, name), fields[name])


def _keyframes(document: Document, field: Field, written: list[Any]) -> Iterator[Problem]:
    mix_s = as_number(fields_at(document, ("mix",)).get("duration")) or inf
    before = -1.0
    for index, keyframe in enumerate(map(as_fields, written)):
        at = as_number(keyframe.get("at"))
        if at is None:
            continue
        place = document.value((*field, str(index), "at"))
        late = at > mix_s
        if late:
            message = f"at: {number(at)} s is after the end of the mix, which lasts {number(mix_s)} s;"
            yield Problem("keyframes", f"{message} move the keyframe, or make the mix longer", place)
        elif at <= before:
            message = f"at: {number(at)} s does not come after {number(before)} s; write keyframes in order of time"
            yield Problem("keyframes", message, place)
        before = before if late else at
        if field[-1] == "pan" and keyframe.get("curve") == "exp":
            message = "curve: exp is for levels and frequencies, not for pan; write linear, s or hold"
            yield Problem("keyframes", message, document.value((*field, str(index), "curve")))


def _loop_step(document: Document, field: Field, written: list[Any]) -> Iterator[Problem]:
    """In a looping mix an automation that ends at another value than it begins with makes a step at the seam."""
    ends = [as_number(as_fields(keyframe).get("value")) for keyframe in (written[:1] + written[-1:])]
    if not loops(fields_at(document, ("mix",))) or len(ends) < 2 or None in ends or ends[0] == ends[1]:
        return
    first, last = ends
    assert first is not None
    assert last is not None
    message = f"{field[-1]}: ends at {number(last)} and begins at {number(first)}, which makes a step where the mix"
    message += f" loops; write {number(first)} in the last keyframe"
    yield Problem("keyframes", message, document.value((*field, str(len(written) - 1))))
