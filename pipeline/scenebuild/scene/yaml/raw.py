"""Looking at the raw data of a scene, which may be wrong in any way: what can be said of it, and nothing where not."""

from __future__ import annotations

from typing import Any

from scenebuild.scene.yaml.document import Document


def at_of(document: Document, field: tuple[str, ...]) -> dict[str, Any]:
    """The set of fields at a place; an empty set where there is none."""
    value: Any = document.data
    for key in field:
        value = fields_of(value).get(key)
    return fields_of(value)


def fields_of(value: Any) -> dict[str, Any]:
    """The value where it is a set of fields, an empty set where it is not."""
    return value if isinstance(value, dict) else {}


def number_of(value: Any) -> float | None:
    """The value where it is a number that a scene can mean."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable else None


def loops(element: dict[str, Any]) -> bool:
    """Whether an element fills the scene, or a mix goes round."""
    return element.get("loop") is True or isinstance(element.get("loop"), dict)
