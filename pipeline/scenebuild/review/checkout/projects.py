"""The two sides of a comparison. Each is the folder of a project: the user's own, or a copy of old files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from scenebuild.config import Config, read_config
from scenebuild.errors import LockError, Place, Problem, SceneError, UsageError
from scenebuild.files import open_regular, read_bounded
from scenebuild.plan.absent_recordings import Absent, scene_without
from scenebuild.plan.lockfile import Lock, lock_path, read_lock
from scenebuild.review.checkout.git import Repository
from scenebuild.review.checkout.snapshot import LARGEST_TEXT, Snapshot
from scenebuild.scene.compose.extends import read_with_parents
from scenebuild.scene.compose.reference import referenced, scene_file
from scenebuild.scene.compose.variants import Variant, composed, variants_of
from scenebuild.scene.model import Scene
from scenebuild.scene.project import find_scenes
from scenebuild.scene.quoting import printable
from scenebuild.scene.read import references_in
from scenebuild.scene.yaml.document import Document

SCENES = "scenes"  # where a project has its scenes, unless paths are given
SEVERAL = (b"variants", b"matrix", b"extends", b"\\")  # one of these is in every file that holds several scenes


@dataclass(frozen=True, slots=True)
class ProjectSide:
    """A project as it is on one side. Nothing is ever written into ``root``."""

    label: str  # for people: "main (1a2b3c4)", "the working tree"
    root: str  # absolute, links followed
    prefix: str = ""  # what stands before paths in the project when they are shown: "audio/"
    snapshot: Snapshot | None = None  # of a commit: ``root`` is a scratch folder

    def path(self, relative: str) -> str:
        """The absolute path of a file of the project."""
        return os.path.join(self.root, relative)

    def has(self, relative: str) -> bool:
        """Whether the project has a file of that path."""
        return os.path.exists(self.path(relative)) or bool(self.snapshot and self.snapshot.blob(relative))

    def bring(self, names: Iterable[str]) -> None:
        """Copy files below ``root`` if they are not there yet, as far as this side has them."""
        if self.snapshot is not None:
            self.snapshot.bring(names)

    def displayed(self, text: str) -> str:
        """A message with the paths as the user knows them."""
        return text.replace(printable(os.path.join(self.root, "")), self.prefix)

    def place(self, place: Place) -> Place:
        """A place as the user knows it."""
        return replace(place, file=self.displayed(place.file))

    def problem(self, problem: Problem) -> Problem:
        """A finding with its place and message as the user knows the paths."""
        return replace(problem, place=self.place(problem.place), message=self.displayed(problem.message))

    def config(self) -> Config:
        """The configuration of this side. UsageError with the label of the side."""
        try:
            return read_config(self.root)
        except UsageError as error:
            raise UsageError(f"{self.label}: {self.displayed(str(error))}") from None


@dataclass(frozen=True, slots=True)
class ReadScene:
    """One scene on one side: its document, its values and its lock, or its problems."""

    side: ProjectSide
    reference: str  # relative to the side's root
    document: Document | None = None
    scene: Scene | None = None
    lock: Lock | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    absent: Absent = field(default_factory=Absent)  # recordings that are not here

    @property
    def display_path(self) -> str:
        """The reference as the user knows it."""
        return self.side.prefix + self.reference


def scene_files(side: ProjectSide, paths: Sequence[str]) -> list[str]:
    """The scene files below paths of the project, relative to it; none for a path that does not exist."""
    found: dict[str, None] = {}
    for path in paths:
        with suppress(SceneError):
            for one in find_scenes([side.path(scene_file(path))]):
                found[os.path.relpath(one, side.root)] = None
    return [one for one in found if "." not in paths or _looks_like_a_scene(side.path(one))]


def _looks_like_a_scene(path: str) -> bool:
    """Whether a YAML file looks like a scene; in a project without ``scenes/`` many do not."""
    with suppress(OSError), open_regular(path) as file:
        lines = file.read(1 << 20).splitlines()
        return any(line.startswith((b"elements:", b"extends:", b'{"')) for line in lines)
    return False


def read_file(side: ProjectSide, file: str) -> Iterator[ReadScene]:
    """Every scene of a file; if the file cannot be read, one without a scene, with the problems."""
    path = side.path(file)
    try:
        document = read_with_parents(path)
        variants = variants_of(document, {})
    except SceneError as error:
        yield ReadScene(side, file, problems=tuple(map(side.problem, error.problems)))
        return
    for variant in variants:
        yield _read_variant(side, file, document, variant)


def _read_variant(side: ProjectSide, file: str, document: Document, variant: Variant) -> ReadScene:
    reference = referenced(file, variant.label)
    try:
        own = composed(document, variant)
        lock, notes = _lock(side, reference)
        scene, absent = scene_without(own, side.path(reference), lock)
    except SceneError as error:
        return ReadScene(side, reference, problems=tuple(map(side.problem, error.problems)))
    return ReadScene(side, reference, own, scene, lock, notes=notes, absent=absent)


def _lock(side: ProjectSide, reference: str) -> tuple[Lock | None, tuple[str, ...]]:
    try:
        return read_lock(lock_path(side.path(reference))), ()
    except LockError as error:
        return None, tuple(f"{side.label}: {side.problem(problem)}" for problem in error.problems)


def count_scenes(side: ProjectSide, file: str) -> int:
    """The number of scenes in a file; 1 if it cannot be read."""
    with suppress(OSError):
        text = read_bounded(side.path(file), LARGEST_TEXT)
        if not any(word in text for word in SEVERAL):
            return 1
    try:
        return len(references_in(side.path(file)))
    except SceneError:
        return 1


def side_of(repo: Repository, commit: str, label: str, folder: str, paths: Sequence[str], scratch: str) -> ProjectSide:
    """A project as it was in a commit, in a scratch folder, with the scene files at ``paths`` and below."""
    snapshot = Snapshot(repo, repo.tree(commit, folder), os.path.realpath(scratch))
    snapshot.begin(paths)
    return ProjectSide(label, snapshot.root, os.path.join(folder, "") if folder else "", snapshot)


def is_inside(path: str) -> bool:
    """Whether a path is relative and has no ``..``."""
    return not os.path.isabs(path) and ".." not in path.split("/")
