"""Commands that write into a scene file: one line, and only if the file is still the one that was read."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scenebuild.errors import Place, UsageError
from scenebuild.files import publish_in_place_of, read_bounded
from scenebuild.locks import lock
from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.model import Scene
from scenebuild.scene.names import Field
from scenebuild.scene.quoting import printable
from scenebuild.scene.read import read_scene
from scenebuild.scene.yaml.document import Document, parse_document
from scenebuild.scene.yaml.edit import Written, edited
from scenebuild.scene.yaml.scalars import Scalar
from scenebuild.scene.yaml.source import MOST_BYTES, text_of
from scenebuild.store.digest import digest_bytes

PATIENCE = 200  # looks at a lock that another of our commands holds
PAUSE_S = 0.01  # between two of them


@dataclass(frozen=True, slots=True)
class WrittenField:
    """What was written: the line of the file, and whether the file changed."""

    path: str
    line: int
    changed: bool


class SceneChangedError(UsageError):
    """Another program wrote the file at the same moment; its version stays."""


def write_element_field(
    scene: Scene, name: str, field: str | Field, value: Written, seen: bytes | None = None
) -> WrittenField:
    """Give an element's field, or one of a set of its fields, a value, where the scene has it: in its file, or in the
    variant that speaks of it.

    ``seen``: the content of the file when the decision was made; SceneChangedError if the file has changed since.
    UsageError if the element belongs to a file that this one extends: an edit there would change other scenes as well.
    """
    path = os.path.realpath(scene_file(scene.path))
    way = (field,) if isinstance(field, str) else field
    with _one_at_a_time(path):
        before = _read(path)
        if seen is None:  # another command may have written since the element was found: find it again
            scene = read_scene(scene.path)
        document = parse_document(scene_file(scene.path), text_of(scene_file(scene.path), before))
        place = scene.place_of("elements", name, *way)
        if place.file != printable(scene_file(scene.path)):
            raise UsageError(
                f"{name} stands in {place}, which other scenes may extend; name that file, or write "
                f"elements: {{{name}: {_nested(way, value)}}} into {printable(scene_file(scene.path))}"
            )
        owner = _owner(document, scene, name, way)
        if owner is None:
            raise _changed(path)
        return _write_field(path, (*owner, *way), value, before if seen is None else seen)


def add_element(path: str, name: str, fields: Mapping[str, Scalar]) -> WrittenField:
    """Add an element to a scene file, behind the others."""
    return write_field(scene_file(path), ("elements", name), dict(fields))


def element_fault(name: str, fields: Mapping[str, Scalar]) -> str:
    """What a scene would have against an element with these fields, as the first of its messages; "" for nothing."""
    data = {"name": name, "elements": {name: dict(fields)}, "mix": {"duration": 3600}}
    problems = validate_document(Document("", data, {}, {(): Place("")}))
    return problems[0].message if problems else ""


def write_field(path: str, field: Field, value: Written, seen: bytes | None = None) -> WrittenField:
    """Write one field of a scene file, atomically. SceneChangedError if another program wrote the file meanwhile; what
    it wrote stays."""
    path = os.path.realpath(path)
    with _one_at_a_time(path):
        return _write_field(path, field, value, seen)


def _write_field(path: str, field: Field, value: Written, seen: bytes | None) -> WrittenField:
    before = _read(path)
    if seen is not None and before != seen:
        raise _changed(path)
    after = edited(path, before, field, value)
    if after != before and not publish_in_place_of(path, after, digest_bytes(before)):
        raise _changed(path)
    return WrittenField(path, parse_document(path, text_of(path, after)).key(field).line, after != before)


@contextlib.contextmanager
def _one_at_a_time(path: str) -> Iterator[None]:
    """A lock, so that our own commands write the scenes of a folder one after the other.

    The lock is only a help: some systems have none, and a holder that sleeps is not waited for. Without it no edit is
    lost either, because the file that is replaced is compared with the one that was read.
    """
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (AttributeError, OSError):  # Windows opens no folders
        yield
        return
    try:
        for _ in range(PATIENCE):
            if lock(folder) != "theirs":
                break
            time.sleep(PAUSE_S)
        yield
    finally:
        os.close(folder)


def _nested(way: Field, value: Written) -> str:
    return f"{{{way[0]}: {_nested(way[1:], value) if way[1:] else value}}}"


def _owner(document: Document, scene: Scene, name: str, way: Field) -> Field | None:
    """The element in the file itself, or in one of its variants: where the scene's place points to. None where the
    scene was read from a file that said something else."""
    here = ("elements", name)
    variants = document.data.get("variants")
    owners = [here, *(("variants", label, *here) for label in (variants if isinstance(variants, dict) else ()))]
    written = scene.places.get((*here, *way))
    if written is not None:
        return next((owner for owner in owners if document.values.get((*owner, *way)) == written), None)
    around = way[:-1]
    return next((one for one in owners if document.keys.get((*one, *around)) == scene.place_of(*here, *around)), None)


def _read(path: str) -> bytes:
    return read_bounded(path, MOST_BYTES)


def _changed(path: str) -> SceneChangedError:
    return SceneChangedError(f"{printable(path)} was changed by somebody else just now; nothing was written")
