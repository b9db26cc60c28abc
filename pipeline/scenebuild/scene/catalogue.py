"""The catalogue: scene files whose elements are kinds of sound to explore and to start from, one file per category.

The package has a catalogue. A project adds or replaces categories in its own ``scenes/catalogue/``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from scenebuild.errors import UsageError
from scenebuild.scene.model import Scene
from scenebuild.scene.project import SUFFIXES
from scenebuild.scene.quoting import nearest
from scenebuild.scene.read import read_scene
from scenebuild.scene.yaml.document import read_document


def categories(root: str | Path) -> dict[str, str]:
    """The file of each category by name; a category of the project in ``root`` replaces one of the package."""
    from importlib.resources import files

    ours = Path(str(files("scenebuild.catalogue")))
    found: dict[str, str] = {}
    for folder in (ours, Path(root, "scenes", "catalogue")):
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if path.name.endswith(SUFFIXES) and not path.is_symlink():
                found[path.stem] = os.path.relpath(path) if folder != ours else str(path)
    return found


def read_categories(root: str | Path, names: list[str] | tuple[str, ...]) -> dict[str, Scene]:
    """The named categories and single kinds, by category; everything where no name is given. SceneError for a file that
    is no scene, UsageError for an unknown name."""
    scenes = {name: read_scene(path) for name, path in categories(root).items()}
    if not names:
        return scenes
    wanted: dict[str, set[str]] = {}
    for name in names:
        for category, kind in _meant(name, scenes):
            wanted.setdefault(category, set()).add(kind)
    return {
        category: replace(scene, elements=tuple(one for one in scene.elements if one.name in wanted[category]))
        for category, scene in scenes.items()
        if category in wanted
    }


def fields_of(root: str | Path, names: list[str]) -> dict[str, dict[str, str | int | float]]:
    """The plain fields of the named kinds, as they are written; UsageError for an unknown name."""
    files = categories(root)
    found: dict[str, dict[str, str | int | float]] = {}
    for category, scene in read_categories(root, names).items():
        written = read_document(files[category]).data["elements"]
        for element in scene.elements:
            fields = written[element.name].items()
            found[element.name] = {key: value for key, value in fields if isinstance(value, str | int | float)}
    return found


def _meant(name: str, scenes: dict[str, Scene]) -> list[tuple[str, str]]:
    if name in scenes:
        return [(name, element.name) for element in scenes[name].elements]
    found = [
        (category, name)
        for category, scene in scenes.items()
        if any(element.name == name and element.prompt is not None for element in scene.elements)
    ]
    if not found:
        kinds = sorted({element.name for scene in scenes.values() for element in scene.elements})
        meant = nearest(name, [*scenes, *kinds]) or f"; its categories are {', '.join(scenes)}"
        raise UsageError(f"the catalogue has no category and no kind {name!r}{'.' * (meant[0] == ' ')}{meant}")
    return found[:1]
