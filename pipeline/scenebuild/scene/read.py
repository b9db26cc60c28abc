"""Read, validate, resolve: a path in, a Scene or all that is wrong with the file out."""

from __future__ import annotations

from scenebuild.errors import SceneError
from scenebuild.scene.document import read_document
from scenebuild.scene.model import Scene
from scenebuild.scene.resolve import resolve
from scenebuild.scene.validate import validate_document


def read_scene(path: str) -> Scene:
    """The scene that a file describes. Raises SceneError with every problem that was found in it."""
    document = read_document(path)
    if problems := validate_document(document):
        raise SceneError(problems)
    return resolve(document)
