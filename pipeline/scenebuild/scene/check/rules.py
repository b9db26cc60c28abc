"""What a schema cannot say, or not well: names, texts, and fields that only make sense together.

Each rule looks at raw data that may be wrong in any other way, says nothing about values that the schema already
refuses, and yields its findings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from scenebuild.errors import Place, Problem
from scenebuild.frames import LONGEST_S as LONGEST_MIX_S
from scenebuild.scene.check.delivery_rules import deliver_findings
from scenebuild.scene.check.mixing_rules import desk_findings
from scenebuild.scene.check.near import SOUNDS, meant_path
from scenebuild.scene.compose.merge import WITH_PROMPT
from scenebuild.scene.names import NAME, Field
from scenebuild.scene.project import project_root
from scenebuild.scene.quoting import label, number, quoted
from scenebuild.scene.recording import DEVICE, path_fault, recording_fault, sentence
from scenebuild.scene.schema import listed_models
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import at_of, fields_of, has_no_end, loops, number_of, pass_length
from scenebuild.scene.yaml.slips import slip_of

MOST_SUGGESTED = 10  # recordings that are looked for under another name: each look reads folders
_PAIRS = ("loudness", "duration", "onsets")  # of expectations


def rule_findings(document: Document) -> Iterator[Problem]:
    """All findings of all rules, in no order."""
    yield from _texts(document)
    elements = document.data.get("elements")
    if not isinstance(elements, dict):
        return
    yield from _expected(document, ("mix",), fields_of(document.data.get("mix")))
    yield from _two_volumes(document, ("defaults",), fields_of(document.data.get("defaults")))
    for name, bus in at_of(document, ("buses",)).items():
        yield from _name(document, ("buses", name), "a bus")
        yield from _two_volumes(document, ("buses", name), fields_of(bus))
    for name, written in elements.items():
        yield from _name(document, ("elements", name), "an element")
        if isinstance(written, dict):
            yield from _element(document, name, written)
    yield from _recordings(document, elements)
    yield from _open_length(document, elements)
    yield from desk_findings(document)
    yield from deliver_findings(document)


def _element(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    yield from _two_volumes(document, ("elements", name), element)
    yield from _source(document, name, element)
    yield from _no_effect(document, name, element)
    yield from _model(document, name, element)
    yield from _fades(document, name, element)
    yield from _start(document, name, element)
    yield from _expected(document, ("elements", name), element)


def _texts(document: Document) -> Iterator[Problem]:
    elements = fields_of(document.data.get("elements"))
    prompts = [("elements", name, "prompt") for name, element in elements.items() if fields_of(element).get("prompt")]
    for field in (("name",), *prompts):
        text: Any = document.data
        for key in field:
            text = text.get(key)
        if isinstance(text, str) and text and not any(sign.isprintable() and sign != " " for sign in text):
            message = f"{field[-1]}: nothing is written here; write some words"
            yield Problem("blank", message, document.value(field))


def _name(document: Document, field: Field, what: str) -> Iterator[Problem]:
    name, place = field[-1], document.key(field)
    if DEVICE.fullmatch(name):
        message = f"{quoted(name)} cannot name {what}: it names a device on Windows; choose another"
        yield Problem("name", message, place)
    elif not NAME.match(name):
        if slip := slip_of(name):
            yield Problem("name", f"{quoted(name)} cannot name {what}: {slip.partition(';')[0]}", place)
            return
        simple = _simple(name)
        meant = f" Did you mean {simple}?" if simple and simple not in at_of(document, field[:-1]) else ""
        allowed = "names are made of a-z, 0-9, _ and -, begin with a letter or digit, and have at most 64 characters"
        yield Problem("name", f"{quoted(name)} cannot name {what}: {allowed}.{meant}", place)


def _simple(name: str) -> str:
    from unicodedata import normalize

    letters = normalize("NFKD", name[:64]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def _source(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "prompt" in element and "file" in element:
        message = f"{label(name)}: has a prompt and a file; keep the one that it is made from"
        later = max(document.key(("elements", name, field)) for field in ("prompt", "file"))
        yield Problem("source", message, later)
    elif not {"prompt", "file"} & {_meant(field) for field in element}:
        message = f"{label(name)}: has neither prompt nor file; write what is heard, such as prompt: steady rain"
        yield Problem("source", message, document.key(("elements", name)))


def _meant(field: str) -> str:
    """A misspelt ``promt`` is reported as such; that there is no prompt either would be said twice."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(field, ("prompt", "file"), n=1)), field)


def _two_volumes(document: Document, owner: tuple[str, ...], written: dict[str, Any]) -> Iterator[Problem]:
    if "volume" in written and "gain_db" in written:
        later = max(document.key((*owner, field)) for field in ("volume", "gain_db"))
        yield Problem("two-volumes", f"{label(owner[-1])}: has both volume and gain_db; keep one of the two", later)


def _no_effect(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "prompt" in element or "file" not in element:
        return
    for field in WITH_PROMPT:
        if field in element:
            message = f"{field}: has no effect on a recording; remove it, or write a prompt instead of the file"
            yield Problem("no-effect", message, document.key(("elements", name, field)))


def _model(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    defaults = fields_of(document.data.get("defaults"))
    engine = element.get("engine", defaults.get("engine"))
    model = element.get("model", defaults.get("model"))
    known = listed_models()
    if engine in ("audiogen", "musicgen") and isinstance(model, str) and model in known and f"/{engine}-" not in model:
        right = ", ".join(other for other in known if f"/{engine}-" in other)
        written = ("elements", name) if {"engine", "model"} & element.keys() else ("defaults",)
        field = (*written, "model" if "model" in at_of(document, written) else "engine")
        message = f"model: {model} is not a model of the engine {engine}, which has {right}"
        yield Problem("model", message, document.value(field))


def _fades(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    defaults = fields_of(document.data.get("defaults"))
    length = _length(document, element)
    fades = {field: number_of(element.get(field, defaults.get(field))) or 0.0 for field in ("fade_in", "fade_out")}
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
    """How long the element sounds in seconds, where the file alone says it."""
    mix_s = number_of(fields_of(document.data.get("mix")).get("duration"))
    if loops(element):
        start_s = number_of(element.get("start")) or 0.0
        return mix_s - start_s if mix_s is not None and start_s < mix_s else None
    return pass_length(document, element)


def _start(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    mix_s = number_of(fields_of(document.data.get("mix")).get("duration"))
    written = element.get("start", 0)
    for index, one in enumerate(written if isinstance(written, list) else [written]):
        field = ("elements", name, "start", *([str(index)] if isinstance(written, list) else []))
        yield from _one_start(document, name, element, number_of(one) or 0.0, mix_s, document.value(field))


def _one_start(
    document: Document, name: str, element: dict[str, Any], start_s: float, mix_s: float | None, place: Place
) -> Iterator[Problem]:
    if mix_s is not None and start_s >= mix_s and "start" in element:
        message = f"start: {number(start_s)} s is not before the end of the mix, which lasts {number(mix_s)} s;"
        yield Problem("start", f"{message} start it earlier, or make the mix longer", place)
    length_s = _length(document, element) if mix_s is None else None
    if length_s is not None and start_s <= LONGEST_MIX_S < start_s + length_s <= 2 * LONGEST_MIX_S:
        message = f"{label(name)} would end at {number(start_s + length_s)} s, and a mix lasts at most 36000 s;"
        yield Problem("mix-length", f"start: {message} start it earlier, or write mix: {{duration: 36000}}", place)


def _expected(document: Document, owner: tuple[str, ...], written: dict[str, Any]) -> Iterator[Problem]:
    for name, limits in fields_of(written.get("expect")).items():
        if not isinstance(limits, list) or len(limits) != 2 or name not in _PAIRS:
            continue
        low, high = map(number_of, limits)
        if low is not None and high is not None and low > high:
            message = f"{name}: {number(low)} to {number(high)} runs backwards; write the least first"
            yield Problem("expect", message, document.value((*owner, "expect", name)))


def _open_length(document: Document, elements: dict[str, Any]) -> Iterator[Problem]:
    looped = [isinstance(element, dict) and has_no_end(element) for element in elements.values()]
    if looped and all(looped) and "duration" not in fields_of(document.data.get("mix")):
        message = "elements: every element loops, so nothing says how long the mix is; write mix: {duration: 24}"
        yield Problem("mix-length", message, document.key(("elements",)))


def _recordings(document: Document, elements: dict[str, Any]) -> Iterator[Problem]:
    root, suggested = None, 0
    for field, path in _written_paths(document, elements):
        if not isinstance(path, str) or not 0 < len(path) <= 1024:
            continue
        place = document.value(field)
        if fault := path_fault(path):
            yield Problem("path", sentence(path, fault), place)
            continue
        root = root or project_root(document.path)
        if fault := recording_fault(path, document.origin(field), root):
            if fault.startswith("is not there") and suggested < MOST_SUGGESTED:
                suggested += 1
                meant = meant_path(path, SOUNDS, os.path.dirname(document.origin(field)))
                fault += f".{meant}" if meant else ""
            yield Problem("recording", sentence(path, fault), place)


def _written_paths(document: Document, elements: dict[str, Any]) -> Iterator[tuple[Field, Any]]:
    """Every path of a recording or an impulse response, and where it stands."""
    for name, element in elements.items():
        yield ("elements", name, "file"), fields_of(element).get("file")
    for kind in ("elements", "buses"):
        for name, channel in at_of(document, (kind,)).items():
            effects = fields_of(channel).get("effects")
            for index, effect in enumerate(effects if isinstance(effects, list) else []):
                path = fields_of(fields_of(effect).get("convolve")).get("file")
                yield (kind, name, "effects", str(index), "convolve", "file"), path
