"""The output folders of scenes. Imports only modules that load fast."""

from __future__ import annotations

import os

from scenebuild.scene.compose.reference import stem_of


def output_folder(scene_path: str, out: str | None = None) -> str:
    """The output folder of a scene: ``<project>/build/<stem>``, or ``<out>/<stem>``; of a variant
    ``<stem>@<variant>``."""
    return os.path.join(out or os.path.join(_root_of(scene_path), "build"), stem_of(scene_path))


def outputs_root(scene_path: str, out: str | None = None) -> str:
    """The folder that the user chose, below which no link is followed: ``--out`` or the project; or ``build``, if it is
    a link to a folder of the same project."""
    if out is not None:
        return out
    root = _root_of(scene_path)
    build = os.path.join(root, "build")
    if not os.path.islink(build):
        return root
    inner = os.path.relpath(os.path.realpath(build), os.path.realpath(root)).split(os.sep)
    return root if inner[0] in ("..", ".") or ".git" in inner else build


def _root_of(scene_path: str) -> str:
    from scenebuild.scene.project import project_root

    return str(project_root(scene_path))
