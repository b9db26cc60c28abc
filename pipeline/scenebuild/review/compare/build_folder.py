"""Builds in folders: the manifest of a scene, and the files beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenebuild.errors import UsageError
from scenebuild.files import read_bounded
from scenebuild.generate.gather import take_path
from scenebuild.plan.manifest import MANIFEST
from scenebuild.review.checkout.projects import ProjectSide
from scenebuild.scene.quoting import printable

LARGEST_MANIFEST = 64 << 20

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Build:
    """One build: the facts of its manifest, and the paths of its files."""

    name: str  # of its folder
    label: str  # of the side
    folder: str
    mix_path: Path
    elements: Mapping[str, Entry]

    def take(self, name: str) -> Path:
        """The take of an element."""
        return _own(Path(take_path(self.folder, name)))

    def stem(self, name: str) -> Path:
        """The stem of an element; it exists if the build had ``--stems``."""
        return _own(Path(self.folder, "stems", f"{name}.wav"))


def _own(path: Path) -> Path:
    """The path of a file of the build, or /dev/null for a link, which may lead anywhere."""
    return Path(os.devnull) if path.is_symlink() or path.parent.is_symlink() else path


def builds_of(side: ProjectSide) -> dict[str, Build]:
    """The build in a folder, or all builds in the folders below it, by name."""
    folder = side.root
    folders = (
        [folder]
        if os.path.isfile(os.path.join(folder, MANIFEST))
        else [
            os.path.join(folder, name)
            for name in sorted(os.listdir(folder))
            if os.path.isfile(os.path.join(folder, name, MANIFEST))
        ]
    )
    found = [build for one in folders if (build := _build(one, side.label)) is not None]
    if not found:
        raise UsageError(f"{printable(folder)}: there is no build of a scene in it; build one first")
    return {one.name: one for one in found}


def _build(folder: str, label: str) -> Build | None:
    """The build in a folder; None if it holds the pages about the variants of a file."""
    path = os.path.join(folder, MANIFEST)
    try:
        result = json.loads(read_bounded(path, LARGEST_MANIFEST, follow_links=False))["result"]
        if "variants" in result:
            return None
        mix, elements = str(result["mix"]), {str(one["name"]): one for one in result["elements"]}
        inside = os.path.basename(mix) == mix and all(_is_name(name) for name in elements)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{printable(path)}: this is no manifest of a build: {printable(str(error))}") from None
    if not inside or os.path.islink(os.path.join(folder, mix)):
        raise UsageError(f"{printable(path)}: its mix lies elsewhere; build the scene again")
    return Build(os.path.basename(folder), label, folder, Path(folder, mix), elements)


def _is_name(name: str) -> bool:
    return name.isprintable() and os.path.basename(name) == name and not name.startswith(".")
