"""Fields that hold a number: what they become, their unit, and how they are usually mistaken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NumberField:
    """What there is to know of a field beside its limits, which the schema has."""

    unit: str = ""  # what a bare number means: "seconds"; or which end is which: "-1 is left, 1 is right"
    # Factors that lead back from a usual mistake: a slipped point, percent, milliseconds, kilohertz, a lost sign.
    slips: tuple[float, ...] = ()
    attribute: str = ""  # of the value that holds it, where that has another name


def numbers_of(written: Mapping[str, Any], fields: Mapping[str, NumberField]) -> dict[str, float]:
    """The numbers that are written, by their attributes; the defaults stand where these are defined."""
    return {field.attribute or name: float(written[name]) for name, field in fields.items() if name in written}


def float_or_none(value: Any) -> float | None:
    """A number of a checked scene; None where it is left out."""
    return None if value is None else float(value)


def int_or_none(value: Any) -> int | None:
    """A whole number of a checked scene, which may be written as 2.0; None where it is left out."""
    return None if value is None else int(value)
