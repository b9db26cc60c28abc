"""Where the project around a scene begins, and which files a command line means by a folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.quoting import printable

MARKS = (".git", "scenebuild.toml", "pyproject.toml")
SCENES = "scenes"  # a folder of that name belongs to the project around it
NO_SCENE = (".", "_")  # names that begin so
NO_SCENES = ("build", "catalogue")  # folders within one that is named
SUFFIXES = (".yaml", ".yml")


def project_root(scene_path: str | Path) -> Path:
    """The nearest folder around the scene that holds one of ``MARKS``; without one, the scene's own folder, or the one
    around it where the scene lies in a folder called ``scenes``, in any capitals
    (some file systems do not tell them apart).

    Absolute, links followed: what a scene may read lies below it.
    """
    folder = Path(scene_path).parent.resolve()
    around = (folder, *folder.parents)
    marked = (parent for parent in around if root_marker(parent) is not None)
    unmarked = (parent.parent for parent in around if parent.name.casefold() == SCENES)
    return next(marked, None) or next(unmarked, folder)


def root_marker(folder: str | Path) -> str | None:
    """The first of ``MARKS`` in a folder. One in a folder like /tmp may be anybody's, and makes no project."""
    found = next((mark for mark in MARKS if os.path.exists(os.path.join(folder, mark))), None)
    return found if found is None or not _is_world_writable(folder) else None


def _is_world_writable(folder: str | Path) -> bool:
    anyone = stat.S_ISVTX | stat.S_IWOTH
    return os.stat(folder).st_mode & anyone == anyone


def find_scenes(arguments: list[str]) -> list[str]:
    """The scene files that are meant: files as they are, folders with all below them, each once, in order.

    What is hidden, what begins with ``_`` (parts that scenes extend), ``build/``, ``catalogue/`` (kinds to explore) and
    links (which may lead out of the project) are passed over. Raises
    SceneError for every argument that is missing or that holds no scene.
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
