"""When an element sounds and how it plays its take: start, repeat, trim, reverse, speed, loop, fades."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scenebuild import number_text as words
from scenebuild.errors import Place, Problem
from scenebuild.frames import LONGEST_S
from scenebuild.scene.fields import NumberField, float_or_none, int_or_none
from scenebuild.scene.quoting import label, number
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at, loops

Long = Literal["extend", "takes", "loop"]

DEFAULT_DURATION_S = 8.0
DEFAULT_FADE_S = 0.01  # hides the step at the ends of generated sound; the ends of a recording are the author's

NUMBERS = {
    "start": NumberField("seconds", (0.001,)),
    "fade_in": NumberField("seconds", (0.001,)),
    "fade_out": NumberField("seconds", (0.001,)),
    "duration": NumberField("seconds", (0.001,)),
    "speed": NumberField("1.0 is as it is", (0.01,)),
    "every": NumberField("seconds"),
    "jitter": NumberField("seconds"),
    "gap": NumberField("seconds"),
    "from": NumberField("seconds"),
    "to": NumberField("seconds"),
    "crossfade": NumberField("seconds"),
    "worst_seam": NumberField("dB"),
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """Repeated starts of an element, at random times from the seed of the mix."""

    every_s: float  # from one start to the next, on average
    jitter_s: float = 0.0  # each interval is at most this much shorter or longer
    gap_s: float | None = None  # least silence between two; None: they may overlap
    count: int | None = None  # None: to the end of the mix

    def describe(self) -> str:
        """``every 20.0 s, give or take 5.0 s``"""
        jitter = f", give or take {words.duration(self.jitter_s)}" if self.jitter_s else ""
        gap = f", with {words.duration(self.gap_s)} of silence between at least" if self.gap_s is not None else ""
        return f"every {words.duration(self.every_s)}{jitter}{gap}"


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How the end of a looping element is joined to its beginning."""

    seam: Literal["plain", "best"] = "plain"
    crossfade_s: float | None = None  # None: half a second, or a quarter of a short take
    worst_seam: float | None = None  # a score above it fails the build; None: not checked


@dataclass(frozen=True, slots=True)
class MixLoop:
    """A looping mix: its end leads into its beginning."""

    worst_seam: float = 3.0  # a score above it fails the build


@dataclass(frozen=True, slots=True)
class Playback:
    """Which part of its take an element plays, how, and how often."""

    more_starts_s: tuple[float, ...] = ()  # besides the first
    repeat: Repeat | None = None
    trim_from_s: float = 0.0
    trim_to_s: float | None = None  # None: to the end of the take
    reverse: bool = False
    speed: float = 1.0  # 2.0 is an octave up and half as long
    loop: LoopSettings | None = None  # loops from its start to the end of the mix; None: ends with its take
    long: Long = "extend"  # how a duration beyond the engine's longest take is filled
    piece_s: float | None = None  # the longest single take; None: the engine's

    def pass_s(self, whole_s: float) -> float:
        """Seconds of one pass over a take (or several joined) of ``whole_s``; 0.0 where the trim leaves nothing."""
        ends_s = whole_s if self.trim_to_s is None else min(self.trim_to_s, whole_s)
        return max(ends_s - self.trim_from_s, 0.0) / self.speed

    def describe(self) -> str:
        """``from 1.0 s to its end of the take, backwards``; "" where the take is played unchanged."""
        parts = []
        if self.trim_from_s or self.trim_to_s is not None:
            until = "its end" if self.trim_to_s is None else words.duration(self.trim_to_s)
            parts.append(f"from {words.duration(self.trim_from_s)} to {until} of the take")
        if self.reverse:
            parts.append("backwards")
        if self.speed != 1.0:
            parts.append(f"at {self.speed:g} times its speed")
        return ", ".join(parts)


# Parsing of a checked scene


def starts_of(own: Mapping[str, Any]) -> tuple[float, ...]:
    """The start times of an element in seconds, the earliest first."""
    written = own.get("start", 0.0)
    return tuple(sorted(map(float, written))) if isinstance(written, list) else (float(written),)


def playback_of(own: Mapping[str, Any]) -> Playback:
    """How an element plays its take."""
    trim = own.get("trim", {})
    return Playback(
        more_starts_s=starts_of(own)[1:],
        repeat=_repeat_of(own["repeat"]) if "repeat" in own else None,
        trim_from_s=float(trim.get("from", 0.0)),
        trim_to_s=float_or_none(trim.get("to")),
        reverse=own.get("reverse", False),
        speed=float(own.get("speed", 1.0)),
        loop=_loop_of(own.get("loop", False)),
        long=own.get("long", "extend"),
        piece_s=float_or_none(own.get("piece")),
    )


def _repeat_of(fields: Mapping[str, Any]) -> Repeat:
    return Repeat(
        every_s=float(fields["every"]),
        jitter_s=float(fields.get("jitter", 0.0)),
        gap_s=float_or_none(fields.get("gap")),
        count=int_or_none(fields.get("count")),
    )


def _loop_of(written: bool | Mapping[str, Any]) -> LoopSettings | None:
    if isinstance(written, bool):
        return LoopSettings() if written else None
    return LoopSettings(
        seam=written.get("seam", "plain"),
        crossfade_s=float_or_none(written.get("crossfade")),
        worst_seam=float_or_none(written.get("worst_seam")),
    )


def mix_loop_of(mix: Mapping[str, Any]) -> MixLoop | None:
    """How a mix loops; None where it does not."""
    written = mix.get("loop", False)
    if isinstance(written, dict):
        return MixLoop(float(written.get("worst_seam", MixLoop().worst_seam)))
    return MixLoop() if written else None


def fades_of(
    own: Mapping[str, Any], defaults: Mapping[str, Any], playback: Playback, duration_s: float | None, mix_loops: bool
) -> tuple[float, float]:
    """(fade in, fade out) of an element in seconds; ``duration_s`` is None for a recording.

    Default fades are shortened so that they and the author's fades fit into the sound.
    """
    asked = {**defaults, **own}
    if playback.loop and not starts_of(own)[0] and mix_loops:
        asked = {"fade_in": 0.0, "fade_out": 0.0} | asked  # a loop over the whole of a looping mix has no ends
    asked_in, asked_out = float_or_none(asked.get("fade_in")), float_or_none(asked.get("fade_out"))
    sounds_s = _faded_s(own, playback, duration_s)
    if sounds_s is None:
        return asked_in or 0.0, asked_out or 0.0
    room_s = max(0.0, sounds_s - (asked_in or 0.0) - (asked_out or 0.0))
    unasked = min(DEFAULT_FADE_S, room_s / 2 if asked_in is None and asked_out is None else room_s)
    return unasked if asked_in is None else asked_in, unasked if asked_out is None else asked_out


def _faded_s(own: Mapping[str, Any], playback: Playback, duration_s: float | None) -> float | None:
    """Seconds of sound into which default fades must fit; None for a whole recording, which has no default fades."""
    if duration_s is None:
        return math.inf if "trim" in own else None
    return math.inf if playback.loop else playback.pass_s(duration_s)


# Rules


def timing_findings(document: Document) -> Iterator[Problem]:
    """Mistakes in times, repeats, trims and fades."""
    elements = fields_at(document, ("elements",))
    for name, element in elements.items():
        if isinstance(element, dict):
            yield from _one_way_of_time(document, name, element)
            yield from _repeat(document, name, element)
            yield from part_findings(document, name, element, "trim")
            yield from _piece(document, name, element)
            yield from _fades(document, name, element)
            yield from _start(document, name, element)
    yield from _open_length(document, elements)


def _one_way_of_time(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    """Loop, several starts and repeat exclude each other."""
    several = isinstance(element.get("start"), list) and len(element["start"]) > 1
    ways = {"loop": loops(element), "start": several, "repeat": "repeat" in element}
    said = [field for field, is_said in ways.items() if is_said]
    if len(said) < 2:
        return
    verbs = {"loop": "loops", "start": "starts at several times", "repeat": "repeats"}
    later = max(document.key(("elements", name, field)) for field in said)
    message = f"{label(name)}: {' and '.join(verbs[field] for field in said)}; keep one of them"
    yield Problem("times", message, later)


def _repeat(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    repeat = as_fields(element.get("repeat"))
    every, jitter = as_number(repeat.get("every")), as_number(repeat.get("jitter", 0))
    if every is None or jitter is None:
        return
    if jitter > every:
        message = f"jitter: {number(jitter)} s is more than every, {number(every)} s; write at most {number(every)}"
        yield Problem("repeat", message, document.value(("elements", name, "repeat", "jitter")))
    gap, length = as_number(repeat.get("gap")), pass_length(document, element)
    if gap is not None and length is not None and length + gap > every:
        message = f"gap: {label(name)} lasts {number(round(length, 6))} s, so a gap of {number(gap)} s does not fit"
        message += f" into every {number(every)} s; write every: {number(round(length + gap, 6))} or more"
        yield Problem("repeat", message, document.value(("elements", name, "repeat", "gap")))


def part_findings(document: Document, name: str, element: dict[str, Any], part: str) -> Iterator[Problem]:
    """What is wrong with the part of a take that ``trim`` or ``redo`` names by ``from`` and ``to``."""
    written = as_fields(element.get(part))
    begins, ends = as_number(written.get("from", 0)), as_number(written.get("to"))
    if begins is not None and ends is not None and ends <= begins:
        message = f"{part}: nothing is left between {number(begins)} s and {number(ends)} s;"
        message += f" write to: with more than {number(begins)}"
        yield Problem(part, message, document.key(("elements", name, part)))
        return
    made = made_s(document, element) if written else None
    for field, value, allowed in (("from", begins, "less than"), ("to", ends, "at most")):
        if value is not None and made is not None and (value > made or (field == "from" and value == made)):
            message = f"{field}: {number(value)} s is not within {label(name)}, which lasts {number(made)} s;"
            message += f" write {allowed} {number(made)}"
            yield Problem(part, message, document.value(("elements", name, part, field)))


def made_s(document: Document, element: dict[str, Any]) -> float | None:
    """The duration of a prompt's take in seconds; None for a recording."""
    if "prompt" not in element or "file" in element:
        return None
    return as_number(element.get("duration", fields_at(document, ("defaults",)).get("duration", DEFAULT_DURATION_S)))


def pass_length(document: Document, element: dict[str, Any]) -> float | None:
    """Seconds of one pass of an element; None where the scene file alone does not tell."""
    trim, speed = as_fields(element.get("trim")), as_number(element.get("speed", 1))
    begins, ends = as_number(trim.get("from", 0)), as_number(trim.get("to"))
    generated = "prompt" in element and "file" not in element
    whole_s = made_s(document, element) if generated else ends
    if begins is None or whole_s is None or not speed or ("to" in trim and ends is None):
        return None
    return Playback(trim_from_s=begins, trim_to_s=ends, speed=speed).pass_s(whole_s) or None


def _piece(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "piece" in element and "prompt" in element and element.get("long", "extend") == "extend":
        message = "piece: has no effect with long: extend; write long: takes or long: loop as well"
        yield Problem("no-effect", message, document.key(("elements", name, "piece")))


def _fades(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    defaults = as_fields(document.data.get("defaults"))
    length = _length(document, element)
    fades = {field: as_number(element.get(field, defaults.get(field))) or 0.0 for field in ("fade_in", "fade_out")}
    if length is None or sum(fades.values()) <= length or not {"fade_in", "fade_out"} & {*element, *defaults}:
        return
    longest = max(fades, key=lambda field: fades[field])
    if fades[longest] > length:
        message = f"{longest}: {number(fades[longest])} s is longer than {label(name)}, which lasts"
    else:
        total = number(round(sum(fades.values()), 6))
        message = f"{longest}: fade_in and fade_out take {total} s, and {label(name)} lasts"
    owner = ("elements", name) if longest in element else ("defaults",)
    message += f" {number(length)} s; shorten it"
    yield Problem("fade", message, document.value((*owner, longest)))


def _length(document: Document, element: dict[str, Any]) -> float | None:
    """Seconds for which the element sounds; None where the scene file alone does not tell."""
    mix_s = as_number(as_fields(document.data.get("mix")).get("duration"))
    if loops(element):
        start_s = as_number(element.get("start")) or 0.0
        return mix_s - start_s if mix_s is not None and start_s < mix_s else None
    return pass_length(document, element)


def _start(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    mix_s = as_number(as_fields(document.data.get("mix")).get("duration"))
    written = element.get("start", 0)
    for index, one in enumerate(written if isinstance(written, list) else [written]):
        field = ("elements", name, "start", *([str(index)] if isinstance(written, list) else []))
        yield from _one_start(document, name, element, as_number(one) or 0.0, mix_s, document.value(field))


def _one_start(
    document: Document, name: str, element: dict[str, Any], start_s: float, mix_s: float | None, place: Place
) -> Iterator[Problem]:
    if mix_s is not None and start_s >= mix_s and "start" in element:
        message = f"start: {number(start_s)} s is not before the end of the mix, which lasts {number(mix_s)} s;"
        yield Problem("start", f"{message} start it earlier, or make the mix longer", place)
    length_s = _length(document, element) if mix_s is None else None
    if length_s is not None and start_s <= LONGEST_S < start_s + length_s <= 2 * LONGEST_S:
        message = f"{label(name)} would end at {number(start_s + length_s)} s, and a mix lasts at most 36000 s;"
        yield Problem("mix-length", f"start: {message} start it earlier, or write mix: {{duration: 36000}}", place)


def _open_length(document: Document, elements: dict[str, Any]) -> Iterator[Problem]:
    endless = [isinstance(element, dict) and is_endless(element) for element in elements.values()]
    if endless and all(endless) and "duration" not in as_fields(document.data.get("mix")):
        message = "elements: every element loops, so the mix has no length; write mix: {duration: 24}"
        yield Problem("mix-length", message, document.key(("elements",)))


def is_endless(element: dict[str, Any]) -> bool:
    """Whether an element sounds until the end of the mix, however long the mix is."""
    repeat = element.get("repeat")
    return loops(element) or (isinstance(repeat, dict) and "count" not in repeat)
