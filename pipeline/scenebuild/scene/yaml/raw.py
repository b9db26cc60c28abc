"""Access to data that is not validated: values of the wrong type count as left out."""

from __future__ import annotations

from typing import Any

from scenebuild.scene.yaml.document import Document


def fields_at(document: Document, field: tuple[str, ...]) -> dict[str, Any]:
    """The set of fields at ``field``; an empty dict where there is none."""
    value: Any = document.data
    for key in field:
        value = as_fields(value).get(key)
    return as_fields(value)


def as_fields(value: Any) -> dict[str, Any]:
    """The value where it is a set of fields, otherwise an empty dict."""
    return value if isinstance(value, dict) else {}


def as_number(value: Any) -> float | None:
    """The value where it is a number below 1e9, otherwise None."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable else None


def loops(element: dict[str, Any]) -> bool:
    """Whether an element, or a mix, loops."""
    return element.get("loop") is True or isinstance(element.get("loop"), dict)
