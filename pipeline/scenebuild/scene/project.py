"""Where the project around a scene begins, and which files a command line means by a folder."""

from __future__ import annotations

import os
from pathlib import Path

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.quoting import printable
from scenebuild.scene.reference import scene_file

MARKS = (".git", "scenebuild.toml", "pyproject.toml")
NO_SCENE = (".", "_")  # names that begin so
NO_SCENES = ("build", "catalogue")  # folders within one that is named
SUFFIXES = (".yaml", ".yml")


def project_root(scene_path: str | Path) -> Path:
    """The nearest folder around the scene that holds one of ``MARKS``; without one, the scene's own folder.

    Absolute, links followed: what a scene may read lies below it.
    """
    folder = Path(scene_path).parent.resolve()
    marked = (parent for parent in (folder, *folder.parents) if any(map(os.path.exists, map(parent.joinpath, MARKS))))
    return next(marked, folder)


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
    from scenebuild.scene.near import ARGUMENTS, meant_path

    meant = meant_path(scene_file(argument), ARGUMENTS)
    return f"this is not there; give scene files or folders of them{'.' if meant else ''}{meant}"


def _below(folder: str) -> list[str]:
    scenes = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(NO_SCENE) and name not in NO_SCENES)
        paths = [os.path.join(where, name) for name in sorted(files) if not name.startswith(NO_SCENE)]
        scenes += [path for path in paths if path.endswith(SUFFIXES) and not Path(path).is_symlink()]
    return scenes
