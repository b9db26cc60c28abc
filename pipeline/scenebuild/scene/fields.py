"""Fields that hold a number: their unit, their attribute, and the usual mistakes in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NumberField:
    """The unit and the usual mistakes of a field; its limits are in the schema."""

    unit: str = ""  # "seconds"; of a scale without a unit what its ends mean: "-1 is left, 1 is right"
    # Factors that undo a usual mistake: a slipped point, percent, milliseconds, kilohertz, a lost sign.
    slips: tuple[float, ...] = ()
    attribute: str = ""  # the attribute that holds it, where its name differs


def numbers_of(written: Mapping[str, Any], fields: Mapping[str, NumberField]) -> dict[str, float]:
    """The numbers that are written, by their attributes. A number that is left out is not in the result."""
    return {field.attribute or name: float(written[name]) for name, field in fields.items() if name in written}


def float_or_none(value: Any) -> float | None:
    """A number of a checked scene; None where the field is left out."""
    return None if value is None else float(value)


def int_or_none(value: Any) -> int | None:
    """A whole number of a checked scene, which may be written as 2.0; None where the field is left out."""
    return None if value is None else int(value)
