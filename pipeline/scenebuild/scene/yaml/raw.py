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


def pass_length(document: Document, element: dict[str, Any]) -> float | None:
    """How long an element sounds once, in seconds, where the file alone says it."""
    trim, speed = fields_of(element.get("trim")), number_of(element.get("speed", 1))
    begins, ends = number_of(trim.get("from", 0)), number_of(trim.get("to"))
    if "file" not in element and "prompt" in element:
        made = number_of(element.get("duration", fields_of(document.data.get("defaults")).get("duration", 8)))
        ends = made if ends is None or made is None else min(ends, made)
    if begins is None or ends is None or not speed or ends <= begins:
        return None
    return (ends - begins) / speed


def has_no_end(element: dict[str, Any]) -> bool:
    """Whether an element goes on to the end of the mix, wherever that is."""
    repeat = element.get("repeat")
    return loops(element) or (isinstance(repeat, dict) and "count" not in repeat)
