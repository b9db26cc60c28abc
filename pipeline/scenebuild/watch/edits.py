"""The edits of the page: four fields of an element, one line of the file, and only over the value that the page
showed."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from scenebuild.commands.rewrite import SceneChangedError, write_element_field
from scenebuild.decibels import db_to_gain, gain_to_db
from scenebuild.errors import SceneError, UsageError
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.quoting import described, label, printable
from scenebuild.scene.read import faults_with, read_scene
from scenebuild.watch.guard import RefusedError

FIELDS: Mapping[str, type] = {"volume": float, "pan": float, "start": float, "mute": bool}
KEYS = frozenset(["element", "field", "value", "was"])
DIGITS = 6  # significant digits of a number in the file; a fader is not finer
LEAST_DB = -96.0  # a fader at its lowest position, if the author writes decibels
TRIES = 5  # if an editor saves at the same moment
Value = float | bool

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class ControlEdit:
    """One movement of a control. ``was``: the value that the page showed before."""

    element: str
    field: str
    value: Value
    was: Value


@dataclass(frozen=True, slots=True)
class WrittenEdit:
    """The field after an edit: ``value`` in the unit of the page, its place, and whether the file changed."""

    value: Value
    path: str
    line: int
    changed: bool


def parse_edit(body: bytes) -> ControlEdit:
    """The edit in the body of a request. RefusedError for anything but exactly one edit."""
    try:
        plain = json.loads(body.decode("utf-8"), parse_int=float, parse_constant=_refuse, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "an edit is a JSON object, each key once") from None
    if not isinstance(plain, dict) or plain.keys() != KEYS:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "an edit has element, field, value and was, and nothing else")
    if not isinstance(plain["element"], str) or not isinstance(plain["field"], str):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "element and field are texts")
    kind = FIELDS.get(plain["field"])
    if kind is None:
        raise _unfit(f"{label(plain['field'])}: the page can write {', '.join(FIELDS)} and nothing else")
    value, was = (_typed(plain["field"], kind, plain[key]) for key in ("value", "was"))
    return ControlEdit(plain["element"], plain["field"], value, was)


def write_edit(edit: ControlEdit, reference: str, chosen: Mapping[str, str]) -> WrittenEdit:
    """Write an edit into the scene's file. RefusedError, and nothing is written, if the value in the file differs from
    the one that the page showed, if the scene would have mistakes, or if the edit is not one line of this file."""
    with _ONE_AT_A_TIME:
        for _ in range(TRIES):
            try:
                return _write(edit, reference, chosen)
            except SceneChangedError:  # an editor saved since the file was read
                continue
            except OSError as error:
                why = f"{printable(reference)} cannot be written: {error.strerror or error}"
                raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, why) from error
        raise RefusedError(HTTPStatus.CONFLICT, f"another program is writing {printable(reference)}; try again")


def shown(element: Element, field: str) -> Value | None:
    """A field as the page shows it; None for an automation, or for several values."""
    values: Mapping[str, Value | None] = {
        "volume": element.volume.value,
        "pan": element.pan.value,
        "start": None if element.playback.more_starts_s else element.start_s,
        "mute": element.mute,
    }
    return values[field]


def _write(edit: ControlEdit, reference: str, chosen: Mapping[str, str]) -> WrittenEdit:
    try:
        with open(scene_file(reference), "rb") as file:
            seen = file.read()
        scene = read_scene(reference, chosen)
    except (SceneError, UsageError) as error:
        raise RefusedError(HTTPStatus.CONFLICT, str(error).splitlines()[0]) from error
    now = shown(_element(scene, edit.element), edit.field)
    if now is None:
        raise _unfit(f"{edit.field}: {edit.element} has a list of them; change it in {printable(reference)} by hand")
    if not _equal(now, edit.was):
        why = f"{edit.field}: the file now has {described(now)}, so nothing was written"
        raise RefusedError(HTTPStatus.CONFLICT, why, now=now)
    field, value = _in_file(scene, edit)
    if _equal(now, edit.value):
        place = scene.place_of("elements", edit.element, field)
        return WrittenEdit(now, place.file, place.line, changed=False)
    if faults := faults_with(reference, chosen, ("elements", edit.element, field), value):
        raise _unfit(str(faults[0]))
    try:
        done = write_element_field(scene, edit.element, field, value, seen)
    except SceneChangedError:
        raise
    except (SceneError, UsageError) as error:
        raise _unfit(str(error)) from error
    written = db_to_gain(value) if field == "gain_db" else value
    return WrittenEdit(written, printable(scene_file(reference)), done.line, done.changed)


def _in_file(scene: Scene, edit: ControlEdit) -> tuple[str, Value]:
    """The field and the value in the author's unit: a volume in decibels stays in decibels."""
    if isinstance(edit.value, bool):
        return edit.field, edit.value
    if edit.field == "volume" and ("elements", edit.element, "gain_db") in scene.places:
        return "gain_db", max(LEAST_DB, round(gain_to_db(max(edit.value, 0.0)), 2))
    return edit.field, float(f"{edit.value:.{DIGITS}g}") + 0.0  # adding zero turns -0.0 into 0.0


def _element(scene: Scene, name: str) -> Element:
    found = next((one for one in scene.elements if one.name == name), None)
    if found is None:
        raise _unfit(f"{label(name)}: {printable(scene.path)} has no such element")
    return found


def _equal(one: Value, other: Value) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _typed(field: str, kind: type, value: Any) -> Value:
    if kind is bool:
        if not isinstance(value, bool):
            raise _unfit(f"{field}: {described(value)} is neither true nor false")
        return value
    if not isinstance(value, float) or not abs(value) < 1e9:
        raise _unfit(f"{field}: {described(value)} is not a number between -1e9 and 1e9")
    return value


def _unfit(message: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, message)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and the infinities are not JSON


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(key)
        found[key] = value
    return found
