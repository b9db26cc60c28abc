"""``extends: forest.yaml``: a scene file is merged over the file that it extends, and so on up the chain."""

from __future__ import annotations

import os
from functools import reduce
from pathlib import Path

from scenebuild.errors import Problem, SceneError
from scenebuild.files import regular_file
from scenebuild.scene.check.near import SCENES, meant_path
from scenebuild.scene.compose.merge import merged_documents, without
from scenebuild.scene.project import SUFFIXES, project_root
from scenebuild.scene.quoting import described, quoted
from scenebuild.scene.recording import path_fault
from scenebuild.scene.yaml.document import Document, read_document
from scenebuild.scene.yaml.source import MOST_NODES, reason

DEEPEST = 8  # files above a scene


def read_with_parents(path: str) -> Document:
    """A scene file with everything that it inherits. SceneError where a file cannot be read as plain data, or where
    ``extends`` names no scene file of the project, makes a circle or a chain of more than ``DEEPEST`` files."""
    root = project_root(path)
    chain = [read_document(path)]
    while "extends" in chain[-1].data:
        chain.append(read_document(_parent(chain, root)))
        if sum(len(document.values) for document in chain) > MOST_NODES:
            raise _wrong(
                chain[-2], f"more than {MOST_NODES} values in all files together; split the scene into several"
            )
    own = [without(document, ["extends"]) for document in chain]
    return reduce(merged_documents, reversed(own))


def _parent(chain: list[Document], root: Path) -> str:
    """The path of the file that the last of the chain extends, relative to the working directory like the scene's."""
    document = chain[-1]
    written = document.data["extends"]
    if not isinstance(written, str) or not written.strip():
        raise _wrong(document, f"{described(written)} is not the path of a scene file; write one such as forest.yaml")
    if fault := path_fault(written, "scene file"):
        raise _wrong(document, f"{quoted(written)} {fault}")
    path = os.path.join(os.path.dirname(document.path), written)
    if fault := _file_fault(path, written, root):
        raise _wrong(document, f"{quoted(written)} {fault}")
    for number, other in enumerate(chain):
        if os.path.samefile(other.path, path):
            raise _wrong(document, f"{quoted(written)} {_circle(other, last=number == len(chain) - 1)}")
    if len(chain) > DEEPEST:
        raise _wrong(
            document, f"{quoted(written)} would be more than {DEEPEST} files above {chain[0].path}; merge some"
        )
    return path


def _file_fault(path: str, written: str, root: Path) -> str:
    if not path.endswith(SUFFIXES):
        return "is not a scene file; write a path that ends in .yaml"
    if not Path(os.path.realpath(path)).is_relative_to(root):
        return "leads out of the project through a link; copy the scene file into it"
    try:
        os.close(regular_file(path))
    except (OSError, ValueError) as error:
        meant = meant_path(written, SCENES, os.path.dirname(path[: -len(written)]))
        return f"{reason(error)}; paths begin at the folder of this scene file{'.' if meant else ''}{meant}"
    return ""


def _circle(other: Document, *, last: bool) -> str:
    if last:
        return "is this file itself; name another scene file, or remove the line"
    return f"makes a circle with {other.value(('extends',))}; remove one of the two lines"


def _wrong(document: Document, message: str) -> SceneError:
    return SceneError([*document.problems, Problem("extends", f"extends: {message}", document.value(("extends",)))])
