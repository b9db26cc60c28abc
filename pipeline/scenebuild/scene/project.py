"""The root of the project around a scene, and the scene files that a command line names."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.quoting import printable

MARKS = (".git", "scenebuild.toml", "pyproject.toml")
SCENES = "scenes"  # the project begins above a folder of this name
NO_SCENE = (".", "_")  # the beginning of names that are passed over
NO_SCENES = ("build", "catalogue")  # folders that are passed over
SUFFIXES = (".yaml", ".yml")


def project_root(scene_path: str | Path) -> Path:
    """The nearest folder around the scene that holds one of ``MARKS``. Without such a folder: the parent of the nearest
    folder called ``scenes`` (in any capitals, as some file systems ignore them), or the scene's own folder.

    The path is absolute, with links followed. A scene may only read files below it.
    """
    folder = Path(scene_path).parent.resolve()
    around = (folder, *folder.parents)
    marked = (parent for parent in around if root_marker(parent) is not None)
    unmarked = (parent.parent for parent in around if parent.name.casefold() == SCENES)
    return next(marked, None) or next(unmarked, folder)


def root_marker(folder: str | Path) -> str | None:
    """The first of ``MARKS`` in a folder. A mark in a folder like /tmp may be anybody's and does not count."""
    found = next((mark for mark in MARKS if os.path.exists(os.path.join(folder, mark))), None)
    return found if found is None or not _is_world_writable(folder) else None


def _is_world_writable(folder: str | Path) -> bool:
    anyone = stat.S_ISVTX | stat.S_IWOTH
    return os.stat(folder).st_mode & anyone == anyone


def find_scenes(arguments: list[str]) -> list[str]:
    """The scene files that arguments name: a file is itself, a folder all scenes below it; each once, in order.

    Below a folder, hidden files and folders, names with ``_`` first (parts that scenes extend), ``build/``,
    ``catalogue/`` (kinds to explore) and links (which may lead out of the project) are passed over. SceneError for
    every argument that is missing or holds no scene.
    """
    found: dict[str, None] = {}
    problems: list[Problem] = []
    for argument in arguments:
        if argument.endswith(".lock.json"):  # of `scenes/*`, say
            scenes, message = [], "this is a lockfile; give the scene beside it, or the folder"
        elif not Path(argument).is_dir():
            scenes = [argument] if os.path.lexists(scene_file(argument)) else []
            message = _missing(argument)
        else:
            scenes = _below(argument)
            message = "there is no scene (*.yaml, *.yml) in this folder or below it"
        found.update(dict.fromkeys(scenes))
        if not scenes:
            problems.append(Problem("unreadable", message, Place(printable(argument))))
    if problems:
        raise SceneError(problems)
    return list(found)


def _missing(argument: str) -> str:
    from scenebuild.scene.check.near import ARGUMENTS, meant_path

    meant = meant_path(scene_file(argument), ARGUMENTS)
    return f"this is not there; give scene files or folders of them{'.' if meant else ''}{meant}"


def _below(folder: str) -> list[str]:
    scenes = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(NO_SCENE) and name not in NO_SCENES)
        paths = [os.path.join(where, name) for name in sorted(files) if not name.startswith(NO_SCENE)]
        scenes += [path for path in paths if path.endswith(SUFFIXES) and not Path(path).is_symlink()]
    return scenes
