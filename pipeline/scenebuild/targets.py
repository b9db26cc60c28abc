"""The scenes that a command is about: their references, the settings of their projects, and where they are built."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scenebuild.errors import SceneError, UsageError
from scenebuild.plan.manifest import scene_of
from scenebuild.plan.output_folders import output_folder, outputs_root
from scenebuild.plan.up_to_date import built_variants, up_to_date
from scenebuild.result import SceneResult, unchanged_result
from scenebuild.scene.compose.reference import folded, scene_file
from scenebuild.scene.project import find_scenes, project_root
from scenebuild.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One scene: a file or ``file@variant``, and the settings of its own project."""

    path: str
    settings: Settings = field(repr=False)

    @property
    def folder(self) -> str:
        """Its output folder."""
        return output_folder(self.path, self.settings.output.out)

    @property
    def root(self) -> str:
        """The folder around it that the user chose: no link below it is followed."""
        return outputs_root(self.path, self.settings.output.out)


@dataclass(frozen=True, slots=True)
class SceneFile:
    """A file (or ``file@variant``) that was named, and the scenes that it holds."""

    path: str
    targets: tuple[Target, ...]

    @property
    def has_overview(self) -> bool:
        """Whether it has pages about all its variants: not a single variant, and not a scene without variants."""
        return [one.path for one in self.targets] != [self.path] and self.path == scene_file(self.path)


def find_targets(arguments: Sequence[str], settings: Settings) -> list[SceneFile]:
    """The files that the arguments name, each with its scenes: from the last build if nothing has changed (and without
    ``settings.remix``), else from the file. A file that cannot be read counts as one scene, which fails later.

    UsageError where two scenes would be built into the same folder, and for a configuration that cannot be understood.
    """
    files = []
    own: dict[str, Settings] = {}  # of each project, whose configuration is read once
    for path in find_scenes(list(arguments)):
        root = str(project_root(path))
        if root not in own:
            own[root] = settings.within(root)
        files.append(SceneFile(path, tuple(Target(one, own[root]) for one in _references(path, own[root]))))
    _refuse_shared_folders(targets_in(files))
    return files


def targets_in(files: Iterable[SceneFile]) -> list[Target]:
    """Every scene once, in order."""
    return list({target.path: target for file in files for target in file.targets}.values())


def last_result(target: Target) -> SceneResult | None:
    """The result of the last build of a scene that is up to date; None where there is something to do."""
    settings = target.settings
    if settings.remix or settings.frozen or settings.plan.force or settings.plan.force_elements:
        return None
    manifest = up_to_date(target.path, settings)
    if manifest is None or manifest.result is None:  # the pages about all of a file are no scene
        return None
    return unchanged_result(manifest.result, target.path, target.folder)


def refuse_others_build(target: Target) -> None:
    """UsageError if the output folder of a scene holds the build of another scene of the project."""
    path, folder = target.path, target.folder
    other = scene_of(folder)
    if folded(os.path.basename(folder)) == "catalogue" and other is None and os.path.isfile(f"{folder}/index.html"):
        raise UsageError(f"{folder} holds the pages of 'scenebuild explore'; rename {path}, or use --out")
    if other is None or not os.path.isfile(other) or os.path.samefile(other, scene_file(path)):
        return
    beside = os.path.dirname(other) == os.path.dirname(os.path.abspath(path))  # the plan refuses these
    if project_root(other) == project_root(path) and not beside:
        raise _both_in_one_folder(os.path.relpath(other), path, folder)


def _references(path: str, settings: Settings) -> list[str]:
    try:
        if not settings.remix and (known := built_variants(path, settings)):
            return known
        from scenebuild.scene.read import references_in  # most runs find nothing to do, and read no scene

        return references_in(path, dict(settings.output.parameters))
    except SceneError:
        return [path]


def _refuse_shared_folders(targets: Iterable[Target]) -> None:
    by_folder: dict[str, str] = {}
    for target in targets:
        other = by_folder.setdefault(folded(os.path.abspath(target.folder)), target.path)
        if other != target.path:
            raise _both_in_one_folder(other, target.path, target.folder)


def _both_in_one_folder(one: str, other: str, folder: str) -> UsageError:
    beside = os.path.dirname(scene_file(one)) == os.path.dirname(scene_file(other))  # their lock is one as well
    advice = "" if beside else ", or build each with an --out of its own"
    return UsageError(f"{one} and {other} would both be built in {folder}; rename one of them{advice}")
