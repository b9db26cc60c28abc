"""What only makes sense together on the mixing desk: times, movements, buses. As in ``rules``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from scenebuild.errors import Problem
from scenebuild.scene.check.findings import MOST_SHOWN
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import MOST_LISTED, Nearest, label, number
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import at_of, fields_of, loops, number_of, pass_length

MOVING = ("volume", "gain_db", "pan", "high_pass", "low_pass")


def desk_findings(document: Document) -> Iterator[Problem]:
    """All findings of all rules here, in no order."""
    for name, element in at_of(document, ("elements",)).items():
        if isinstance(element, dict):
            yield from _one_way_of_time(document, name, element)
            yield from _repeat(document, name, element)
            yield from _trim(document, name, element)
            yield from _piece(document, name, element)
    meant = Nearest(MOST_SHOWN)
    for owner, fields in _channels(document):
        for field in MOVING:
            if isinstance(fields.get(field), list):
                yield from _keyframes(document, (*owner, field), fields[field])
                yield from _goes_round(document, (*owner, field), fields[field])
        yield from _bus(document, owner, fields, meant)
        yield from _duck(document, owner, fields, meant)
    yield from _shared_names(document)
    yield from _circles(document)


def _channels(document: Document) -> Iterator[tuple[Field, dict[str, Any]]]:
    """Everything that has a strip on the desk, and the defaults."""
    yield ("defaults",), at_of(document, ("defaults",))
    for kind in ("elements", "buses"):
        for name, fields in at_of(document, (kind,)).items():
            yield (kind, name), fields_of(fields)


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


def _piece(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "piece" in element and "prompt" in element and element.get("long", "extend") == "extend":
        message = "piece: says how long each of several takes is; write long: takes or long: loop beside it"
        yield Problem("no-effect", message, document.key(("elements", name, "piece")))


def _keyframes(document: Document, field: Field, written: list[Any]) -> Iterator[Problem]:
    mix_s = number_of(at_of(document, ("mix",)).get("duration"))
    before = -1.0
    for index, keyframe in enumerate(map(fields_of, written)):
        at = number_of(keyframe.get("at"))
        if at is None:
            continue
        place = document.value((*field, str(index), "at"))
        if at <= before:
            message = f"at: {number(at)} s does not come after {number(before)} s; write keyframes in order of time"
            yield Problem("keyframes", message, place)
        if mix_s is not None and at > mix_s:
            message = f"at: {number(at)} s is behind the end of the mix, which lasts {number(mix_s)} s;"
            yield Problem("keyframes", f"{message} move the keyframe, or make the mix longer", place)
        if field[-1] == "pan" and keyframe.get("curve") == "exp":
            message = "curve: exp goes by factors, and a pan has none; write linear, s or hold"
            yield Problem("keyframes", message, document.value((*field, str(index), "curve")))
        before = max(at, before)


def _goes_round(document: Document, field: Field, written: list[Any]) -> Iterator[Problem]:
    """In a mix that loops a movement comes to its beginning again."""
    ends = [number_of(fields_of(keyframe).get("value")) for keyframe in (written[:1] + written[-1:])]
    if not loops(at_of(document, ("mix",))) or len(ends) < 2 or None in ends or ends[0] == ends[1]:
        return
    first, last = ends
    assert first is not None
    assert last is not None
    message = f"{field[-1]}: ends at {number(last)} and begins at {number(first)}, a step at the seam of a mix that"
    message += f" loops; let the last keyframe be {number(first)} too"
    yield Problem("keyframes", message, document.value((*field, str(len(written) - 1))))


def _bus(document: Document, owner: Field, fields: dict[str, Any], meant: Nearest) -> Iterator[Problem]:
    bus, buses = fields.get("bus"), at_of(document, ("buses",))
    if owner[0] == "elements" and isinstance(bus, str) and bus not in buses:
        message = f"bus: {label(bus)} is not a bus of this scene{_instead(bus, buses, meant)}"
        yield Problem("bus", message, document.value((*owner, "bus")))


def _instead(bus: str, buses: Collection[str], meant: Nearest) -> str:
    if not buses:
        return "; the scene has no buses"
    if found := meant(bus, buses):
        return f".{found}"
    more = f" and {len(buses) - MOST_LISTED} more" if len(buses) > MOST_LISTED else ""
    return f"; there are {', '.join(map(label, islice(buses, MOST_LISTED)))}{more}"


def _duck(document: Document, owner: Field, fields: dict[str, Any], meant: Nearest) -> Iterator[Problem]:
    elements, buses = at_of(document, ("elements",)), at_of(document, ("buses",))
    for field, name in _under(owner, fields):
        if name == owner[-1]:
            message = f"under: {label(name)} can not make room for itself; name another element or bus"
        elif name not in elements and name not in buses:
            message = f"under: {label(name)} is neither an element nor a bus of this scene"
            found = meant(name, elements, buses)
            message += f".{found}" if found else "; name one of them"
        else:
            continue
        yield Problem("duck", message, document.value(field))


def _under(owner: Field, fields: dict[str, Any]) -> Iterator[tuple[Field, str]]:
    """What a channel ducks under, and where that is written."""
    written = fields_of(fields.get("duck")).get("under")
    if isinstance(written, str):
        yield (*owner, "duck", "under"), written
    if isinstance(written, list):
        for index, name in enumerate(written):
            if isinstance(name, str):
                yield (*owner, "duck", "under", str(index)), name


def _shared_names(document: Document) -> Iterator[Problem]:
    for name in at_of(document, ("buses",)):
        place = document.key(("buses", name))
        if name in at_of(document, ("elements",)):
            message = f"{label(name)}: an element has this name too; rename one of the two"
            yield Problem("bus", message, place)


def _circles(document: Document) -> Iterator[Problem]:
    """A bus waits for its elements, and what ducks for what it ducks under: none may wait for itself."""
    from graphlib import CycleError, TopologicalSorter

    channels = {owner: fields for owner, fields in _channels(document) if len(owner) == 2}
    waits: dict[Field, set[Field]] = {owner: set() for owner in channels}
    for owner, fields in channels.items():
        others = ((kind, name) for _, name in _under(owner, fields) for kind in ("elements", "buses"))
        waits[owner].update(other for other in others if other in channels and other != owner)
        bus = ("buses", str(fields.get("bus")))
        if bus in channels and owner[0] == "elements":
            waits[bus].add(owner)
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        ducking = [owner for owner in circle if "duck" in channels[owner]]  # a bus alone waits for no bus
        named = " waits for ".join(label(name) for _, name in circle[:MOST_LISTED])
        more = f" … and {len(circle) - MOST_LISTED} more" if len(circle) > MOST_LISTED else ""
        message = f"under: {named}{more}; let one of them not make room"
        yield Problem("duck", message, document.value((*max(ducking, key=document.key), "duck", "under")))
