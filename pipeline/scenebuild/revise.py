"""Commands that write into a scene file: one line of it, and only if it is still the file that was read."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from scenebuild.errors import Place, UsageError
from scenebuild.files import TEMPORARY, exchange
from scenebuild.scene.document import Document, Field, read_document
from scenebuild.scene.edit import Written, edited
from scenebuild.scene.model import Scene
from scenebuild.scene.quoting import printable
from scenebuild.scene.reference import scene_file
from scenebuild.scene.scalars import Scalar
from scenebuild.scene.validate import validate_document


@dataclass(frozen=True, slots=True)
class Revised:
    """What was written: the line of the file, and whether that was news to it."""

    path: str
    line: int
    changed: bool


class ChangedError(UsageError):
    """Somebody else wrote the file at the same moment; nothing was written over it."""


def revise_element(scene: Scene, name: str, field: str, value: Written, seen: bytes | None = None) -> Revised:
    """Give an element's field a value, where the scene has it: in its file, or in the variant that speaks of it.

    ``seen``: the content of the file when the decision was made; ChangedError where it holds something else by now.
    UsageError where it stands in a file that this one extends: there it would change other scenes as well.
    """
    path = scene_file(scene.path)
    document = read_document(path)
    place = scene.places.get(("elements", name, field)) or scene.place_of("elements", name)
    if place.file != printable(path):
        raise UsageError(
            f"{name} stands in {place}, which other scenes may extend; name that file, or write "
            f"elements: {{{name}: {{{field}: {value}}}}} into {printable(path)}"
        )
    return revise(path, (*_owner(document, scene, name, field), field), value, seen)


def add_element(path: str, name: str, fields: Mapping[str, Scalar]) -> Revised:
    """Add an element to a scene file, behind the others."""
    return revise(scene_file(path), ("elements", name), dict(fields))


def element_fault(name: str, fields: Mapping[str, Scalar]) -> str:
    """What a scene would have against an element with these fields, as the first of its messages; "" for nothing."""
    data = {"name": name, "elements": {name: dict(fields)}, "mix": {"duration": 3600}}
    problems = validate_document(Document("", data, {}, {(): Place("")}))
    return problems[0].message if problems else ""


def revise(path: str, field: Field, value: Written, seen: bytes | None = None) -> Revised:
    """Write one field of a scene file. Nobody ever sees half of it; what somebody else writes meanwhile stays."""
    path = os.path.realpath(path)
    before = _read(path)
    if seen is not None and before != seen:
        raise _changed(path)
    after = edited(path, before, field, value)
    if after != before:
        _replace(path, before, after)
    return Revised(path, read_document(path).key(field).line, after != before)


def _owner(document: Document, scene: Scene, name: str, field: str) -> Field:
    """The element in the file itself, or in one of its variants: where the scene's place points to."""
    here = ("elements", name)
    owners = [here, *(("variants", variant, *here) for variant in document.data.get("variants", {}))]
    written = scene.places.get((*here, field))
    if written is not None:
        return next(owner for owner in owners if document.values.get((*owner, field)) == written)
    return next(owner for owner in owners if document.keys.get(owner) == scene.place_of(*here))


def _replace(path: str, before: bytes, after: bytes) -> None:
    """Put ``after`` in the place of ``before``. ChangedError where it is not ``before`` that stood there to the end:
    then that stands there again."""
    temporary = os.path.join(os.path.dirname(path), f"{TEMPORARY}{secrets.token_hex(8)}-{os.path.basename(path)[-40:]}")
    try:
        with open(temporary, "xb") as file:
            file.write(after)
        shutil.copymode(path, temporary)
        if _read(path) != before:
            raise _changed(path)
        if not exchange(temporary, path):
            os.replace(temporary, path)
        elif _read(temporary) != before:
            _give_back(path, temporary, after)
            raise _changed(path)
    except FileNotFoundError as error:  # an editor that takes the file away before it puts the new one there
        raise _changed(path) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _give_back(path: str, temporary: str, ours: bytes) -> None:
    """What was saved between the look and the exchange lies aside now: it changes places with ours again. What came
    out must be ours; if it is not, it is newer still."""
    there = ours
    while True:
        mine = _read(temporary)
        exchange(temporary, path)
        if _read(temporary) == there:
            return
        there = mine


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _changed(path: str) -> ChangedError:
    return ChangedError(f"{printable(path)} was changed by somebody else just now; nothing was written")
