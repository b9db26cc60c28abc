"""What only makes sense together on the mixing desk: times, movements, buses. As in ``rules``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene.document import Document
from scenebuild.scene.quoting import label, number
from scenebuild.scene.raw import at_of, fields_of, loops, number_of, pass_length


def desk_findings(document: Document) -> Iterator[Problem]:
    """All findings of all rules here, in no order."""
    for name, element in at_of(document, ("elements",)).items():
        if isinstance(element, dict):
            yield from _one_way_of_time(document, name, element)
            yield from _repeat(document, name, element)
            yield from _trim(document, name, element)


def _one_way_of_time(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    """A loop fills the time from one start on: nothing else can say when it sounds."""
    several = isinstance(element.get("start"), list) and len(element["start"]) > 1
    ways = {"loop": loops(element), "start": several, "repeat": "repeat" in element}
    said = [field for field, is_said in ways.items() if is_said]
    if len(said) < 2:
        return
    words = {"loop": "loops", "start": "starts at several times", "repeat": "repeats"}
    later = max(document.key(("elements", name, field)) for field in said)
    message = f"{label(name)}: {' and '.join(words[field] for field in said)}; keep one of them"
    yield Problem("times", message, later)


def _repeat(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    repeat = fields_of(element.get("repeat"))
    every, jitter = number_of(repeat.get("every")), number_of(repeat.get("jitter", 0))
    if every is None or jitter is None:
        return
    if jitter > every:
        message = f"jitter: {number(jitter)} s is more than every, {number(every)} s; write at most {number(every)}"
        yield Problem("repeat", message, document.value(("elements", name, "repeat", "jitter")))
    gap, length = number_of(repeat.get("gap")), pass_length(document, element)
    if gap is not None and length is not None and length + gap > every:
        message = f"gap: {label(name)} lasts {number(round(length, 6))} s, and with a gap of {number(gap)} s it can not"
        message += f" come every {number(every)} s; write every: {number(round(length + gap, 6))} or more"
        yield Problem("repeat", message, document.value(("elements", name, "repeat", "gap")))


def _trim(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    trim = fields_of(element.get("trim"))
    begins, ends = number_of(trim.get("from", 0)), number_of(trim.get("to"))
    if begins is not None and ends is not None and ends <= begins:
        message = f"trim: nothing is left between {number(begins)} s and {number(ends)} s; let to be more than from"
        yield Problem("trim", message, document.key(("elements", name, "trim")))
        return
    made = _duration(document, element) if trim else None
    for field, value in (("from", begins), ("to", ends)):
        late = value is not None and made is not None and (value > made or (field == "from" and value == made))
        if late and value is not None and made is not None:
            message = f"{field}: {number(value)} s is not within {label(name)}, which lasts {number(made)} s"
            yield Problem("trim", message, document.value(("elements", name, "trim", field)))


def _duration(document: Document, element: dict[str, Any]) -> float | None:
    if "prompt" not in element or "file" in element:
        return None
    return number_of(element.get("duration", at_of(document, ("defaults",)).get("duration", 8)))
