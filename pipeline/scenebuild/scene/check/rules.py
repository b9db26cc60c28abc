"""Rules that a JSON Schema cannot express, or not with a good message: names, texts, recordings, related fields.

The rules of a group of fields are in its module: ``timing``, ``channel``, ``automation``, ``delivery``. A rule reads
raw data that may have any other mistake, ignores values that the schema refuses, and yields its findings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from scenebuild.engines import facts_for, is_prompt_engine
from scenebuild.errors import Problem
from scenebuild.scene.channel import channel_findings
from scenebuild.scene.check.near import SOUNDS, meant_path
from scenebuild.scene.compose.merge import WITH_PROMPT
from scenebuild.scene.delivery import delivery_findings
from scenebuild.scene.effects import EFFECTS
from scenebuild.scene.names import NAME, Field
from scenebuild.scene.project import project_root
from scenebuild.scene.quoting import label, number, quoted
from scenebuild.scene.recording import DEVICE, path_fault, recording_fault, sentence
from scenebuild.scene.schema import listed_models
from scenebuild.scene.sound_prompt import RECORDINGS, sound_prompt_findings
from scenebuild.scene.timing import timing_findings
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at
from scenebuild.scene.yaml.slips import slip_of

MOST_SUGGESTED = 10  # recordings with a suggestion for their path: each search reads folders
_PAIRS = ("loudness", "duration", "onsets")  # ranges in `expect`


def rule_findings(document: Document) -> Iterator[Problem]:
    """The findings of all rules, unordered."""
    yield from _texts(document)
    elements = document.data.get("elements")
    if not isinstance(elements, dict):
        return
    yield from _expected(document, ("mix",), as_fields(document.data.get("mix")))
    for name in fields_at(document, ("buses",)):
        yield from _name(document, ("buses", name), "a bus")
    for name, written in elements.items():
        yield from _name(document, ("elements", name), "an element")
        if isinstance(written, dict):
            yield from _element(document, name, written)
    yield from _recordings(document, elements)
    yield from timing_findings(document)
    yield from sound_prompt_findings(document)
    yield from channel_findings(document)
    yield from delivery_findings(document)


def _element(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    yield from _source(document, name, element)
    yield from _no_effect(document, name, element)
    yield from _model(document, name, element)
    yield from _expected(document, ("elements", name), element)


def _texts(document: Document) -> Iterator[Problem]:
    elements = as_fields(document.data.get("elements"))
    prompts = [("elements", name, "prompt") for name, element in elements.items() if as_fields(element).get("prompt")]
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
        meant = f" Did you mean {simple}?" if simple and simple not in fields_at(document, field[:-1]) else ""
        allowed = "names are made of a-z, 0-9, _ and -, begin with a letter or digit, and have at most 64 characters"
        yield Problem("name", f"{quoted(name)} cannot name {what}: {allowed}.{meant}", place)


def _simple(name: str) -> str:
    from unicodedata import normalize

    letters = normalize("NFKD", name[:64]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def _source(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "prompt" in element and "file" in element:
        message = f"{label(name)}: has both prompt and file; keep one of the two"
        later = max(document.key(("elements", name, field)) for field in ("prompt", "file"))
        yield Problem("source", message, later)
    elif not {"prompt", "file"} & {_meant(field) for field in element}:
        message = f"{label(name)}: has neither prompt nor file; write what is heard, such as prompt: steady rain"
        yield Problem("source", message, document.key(("elements", name)))


def _meant(field: str) -> str:
    """The field itself, or ``prompt`` for ``promt``: the misspelt field has a line of its own."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(field, ("prompt", "file"), n=1)), field)


def _no_effect(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    if "prompt" in element or "file" not in element:
        return
    for field in WITH_PROMPT:
        if field in element:
            message = f"{field}: has no effect on a recording; remove it, or write a prompt instead of the file"
            yield Problem("no-effect", message, document.key(("elements", name, field)))


def _model(document: Document, name: str, element: dict[str, Any]) -> Iterator[Problem]:
    defaults = as_fields(document.data.get("defaults"))
    engine = element.get("engine", defaults.get("engine"))
    model = element.get("model", defaults.get("model"))
    known = listed_models()
    if not isinstance(engine, str) or not isinstance(model, str) or model not in known or not is_prompt_engine(engine):
        return
    own = [one.id for one in facts_for(engine).models]
    if own and model not in own:
        right = ", ".join([other for other in own if other in known] or own)
        written = ("elements", name) if {"engine", "model"} & element.keys() else ("defaults",)
        field = (*written, "model" if "model" in fields_at(document, written) else "engine")
        message = f"model: {model} is not a model of the engine {engine}, which has {right}"
        yield Problem("model", message, document.value(field))


def _expected(document: Document, owner: tuple[str, ...], written: dict[str, Any]) -> Iterator[Problem]:
    for name, limits in as_fields(written.get("expect")).items():
        if not isinstance(limits, list) or len(limits) != 2 or name not in _PAIRS:
            continue
        low, high = map(as_number, limits)
        if low is not None and high is not None and low > high:
            message = f"{name}: {number(low)} to {number(high)} is not in order; write the least value first"
            yield Problem("expect", message, document.value((*owner, "expect", name)))


def _recordings(document: Document, elements: dict[str, Any]) -> Iterator[Problem]:
    root, suggested = None, 0
    for field, path in _written_paths(document, elements):
        if not isinstance(path, str) or not 0 < len(path) <= 1024:
            continue
        place = document.value(field)
        if fault := path_fault(path):
            yield Problem("path", sentence(path, fault, field[-1]), place)
            continue
        root = root or project_root(document.path)
        if fault := recording_fault(path, document.origin(field), root):
            if fault.startswith("is not there") and suggested < MOST_SUGGESTED:
                suggested += 1
                meant = meant_path(path, SOUNDS, os.path.dirname(document.origin(field)))
                fault += f".{meant}" if meant else ""
            yield Problem("recording", sentence(path, fault, field[-1]), place)


def _written_paths(document: Document, elements: dict[str, Any]) -> Iterator[tuple[Field, Any]]:
    """The path of every recording and of every effect's file, with its field."""
    for name, element in elements.items():
        for field_ in ("file", *RECORDINGS):
            yield ("elements", name, field_), as_fields(element).get(field_)
    for kind in ("elements", "buses"):
        for name, channel in fields_at(document, (kind,)).items():
            effects = as_fields(channel).get("effects")
            for index, effect in enumerate(effects if isinstance(effects, list) else []):
                for (called, field), path in _files_of(as_fields(effect)):
                    yield (kind, name, "effects", str(index), called, field), path


def _files_of(effect: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    for name, written in effect.items():
        for field in EFFECTS[name].FILES if name in EFFECTS else ():
            yield (name, field), as_fields(written).get(field)
