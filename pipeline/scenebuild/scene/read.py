"""Read, validate, resolve: from a path to a Scene, or to everything that is wrong with its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scenebuild.errors import Problem, SceneError
from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.compose.extends import read_with_parents
from scenebuild.scene.compose.reference import label_of, referenced, scene_file
from scenebuild.scene.compose.variants import Variant, composed, of_label, variants_of
from scenebuild.scene.model import Scene
from scenebuild.scene.names import Field
from scenebuild.scene.resolve import resolve
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.scalars import Scalar

Chosen = Mapping[str, str]  # parameters from the command line


def read_scene(reference: str, chosen: Chosen | None = None) -> Scene:
    """The scene that a file, or ``file@variant``, describes; of a file with several scenes the first.

    SceneError with every problem that was found.
    """
    document = read_composed(reference, chosen)
    if problems := validate_document(document):
        raise SceneError(problems)
    return replace(resolve(document), path=reference)


def read_composed(reference: str, chosen: Chosen | None = None) -> Document:
    """The fields of the scene that a file, or ``file@variant``, describes, not validated yet. SceneError as
    ``read_with_parents`` and ``variants_of``."""
    document, variants = _read(reference, chosen or {})
    return composed(document, variants[0])


def faults_with(reference: str, chosen: Chosen, field: Field, value: Scalar) -> list[Problem]:
    """What would be wrong with a valid scene if one of its fields had another value."""
    document, variants = _read(reference, chosen)
    scene = composed(document, variants[0])
    return validate_document(replace(scene, data=_with(scene.data, field, value)))


def _with(data: Mapping[str, Any], field: Field, value: Scalar) -> dict[str, Any]:
    first, rest = field[0], field[1:]
    return {**data, first: _with(data[first], rest, value) if rest else value}


def references_in(reference: str, chosen: Chosen | None = None) -> list[str]:
    """The reference of every scene that a file, or ``file@variant``, holds: what ``read_scene`` takes."""
    _, variants = _read(reference, chosen or {})
    return [referenced(scene_file(reference), one.label) for one in variants]


def _read(reference: str, chosen: Chosen) -> tuple[Document, list[Variant]]:
    document = read_with_parents(scene_file(reference))
    variants = variants_of(document, chosen)
    return document, variants if reference == scene_file(reference) else of_label(
        document, variants, label_of(reference)
    )
