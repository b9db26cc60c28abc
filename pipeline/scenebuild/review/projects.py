"""The two sides of a comparison: a folder each, read as a project, the user's own or a copy of old files."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from scenebuild.errors import LockError, Place, Problem, SceneError, UsageError
from scenebuild.plan.lockfile import Lock, lock_path, read_lock
from scenebuild.review.git import LINK, REGULAR, Blob, Repository, is_below, write_blobs, write_links
from scenebuild.scene.desk import Convolution
from scenebuild.scene.document import Document, read_document
from scenebuild.scene.extends import read_with_parents
from scenebuild.scene.model import Scene
from scenebuild.scene.project import SUFFIXES, find_scenes
from scenebuild.scene.quoting import printable
from scenebuild.scene.read import references_in
from scenebuild.scene.reference import referenced, scene_file, stem_of
from scenebuild.scene.resolve import resolve
from scenebuild.scene.validate import validate_document
from scenebuild.scene.variants import Variant, composed, variants_of
from scenebuild.settings import Config, config_files, read_config

SCENES = "scenes"  # where a project has its scenes, unless paths are given
LARGEST_TEXT = 64 << 20
LONGEST_PATH = 4096
POINTER = b"version https://git-lfs"
IS_POINTER = "is a Git LFS pointer"


@dataclass(frozen=True, slots=True)
class Side:
    """A project as it is on one side. Nothing is ever written into ``root``."""

    label: str  # for people: "main (1a2b3c4)", "the working tree"
    root: str  # absolute, links followed
    prefix: str = ""  # what stands before paths in the project when they are shown: "audio/"

    def path(self, relative: str) -> str:
        """The absolute path of a file of the project."""
        return os.path.join(self.root, relative)

    def shown(self, text: str) -> str:
        """A text of ours with the paths in it as the user knows them."""
        return text.replace(printable(os.path.join(self.root, "")), self.prefix)

    def place(self, place: Place) -> Place:
        """A place as the user knows it."""
        return replace(place, file=self.shown(place.file))

    def problem(self, problem: Problem) -> Problem:
        """A finding as if it had been found where the user has the file."""
        return replace(problem, place=self.place(problem.place), message=self.shown(problem.message))

    def config(self) -> Config:
        """The configuration of this side. UsageError as the user would read it."""
        try:
            return read_config(self.root)
        except UsageError as error:
            raise UsageError(f"{self.label}: {self.shown(str(error))}") from None


@dataclass(frozen=True, slots=True)
class ReadScene:
    """One scene on one side: its fields as they are written, its values, its lock; or what is wrong with it."""

    side: Side
    reference: str  # relative to the side's root
    document: Document | None = None
    scene: Scene | None = None
    lock: Lock | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    pointers: Mapping[str, str] = field(default_factory=dict)  # recordings that are not here: absolute path -> SHA-256

    @property
    def shown(self) -> str:
        """The reference as the user knows it."""
        return self.side.prefix + self.reference


def scene_files(side: Side, paths: Sequence[str]) -> list[str]:
    """The scene files below paths of the project, relative to it; none for a path that is not there."""
    found: dict[str, None] = {}
    for path in paths:
        with suppress(SceneError):
            for one in find_scenes([side.path(scene_file(path))]):
                found[os.path.relpath(one, side.root)] = None
    return [one for one in found if "." not in paths or _looks_like_a_scene(side.path(one))]


def _looks_like_a_scene(path: str) -> bool:
    """Of a project without ``scenes/``: among its YAML files many are none."""
    with suppress(OSError), open(path, "rb") as file:
        lines = file.read(1 << 20).splitlines()
        return any(line.startswith((b"elements:", b"extends:", b'{"')) for line in lines)
    return False


def same_files(before: Side, after: Side, file: str) -> bool:
    """Whether a scene file, all that it names and all its locks are the same bytes on both sides."""
    names = {file} | _locks_of(before, file) | _locks_of(after, file)
    pending = [file]
    while pending:
        for one in _named_in(after, pending.pop()):
            if one not in names and (os.path.exists(before.path(one)) or os.path.exists(after.path(one))):
                names.add(one)
                pending += [one] if one.endswith(SUFFIXES) else []
    return all(_same(before.path(one), after.path(one)) for one in names)


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other) or filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _locks_of(side: Side, file: str) -> set[str]:
    folder, stem = os.path.dirname(file), stem_of(file)
    with suppress(OSError):
        names = os.listdir(side.path(folder))
        return {
            os.path.join(folder, name)
            for name in names
            if name.endswith(".lock.json") and (name == f"{stem}.lock.json" or name.startswith(f"{stem}@"))
        }
    return set()


def _named_in(side: Side, file: str) -> set[str]:
    """The files that the texts of a scene file could mean, relative to the project."""
    try:
        data = read_document(side.path(file)).data
    except SceneError:
        return set()
    folder = os.path.dirname(file)
    texts = (text for text in _texts(data) if len(text) < LONGEST_PATH and text.isprintable())
    return {os.path.normpath(os.path.join(folder, text)) for text in texts}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def read_file(side: Side, file: str) -> Iterator[ReadScene]:
    """Every scene that a file holds; one with problems alone where the file can not be read."""
    path = side.path(file)
    try:
        document = read_with_parents(path)
        variants = variants_of(document, {})
    except SceneError as error:
        yield ReadScene(side, file, problems=tuple(map(side.problem, error.problems)))
        return
    for variant in variants:
        yield _read_variant(side, file, document, variant)


def _read_variant(side: Side, file: str, document: Document, variant: Variant) -> ReadScene:
    reference = referenced(file, variant.label)
    try:
        own = composed(document, variant)
        problems = validate_document(own)
    except SceneError as error:
        return ReadScene(side, reference, problems=tuple(map(side.problem, error.problems)))
    if not all(IS_POINTER in problem.message for problem in problems):
        return ReadScene(side, reference, problems=tuple(map(side.problem, problems)))
    scene = replace(resolve(own), path=side.path(reference))
    lock, notes = _lock(side, reference)
    pointers = {path: digest for path in _sounds_in(scene) if (digest := pointer_in(path))}
    return ReadScene(side, reference, own, scene, lock, notes=notes, pointers=pointers)


def _sounds_in(scene: Scene) -> list[str]:
    """Every recording and impulse response."""
    channels = (*(one.channel for one in scene.elements), *(bus.channel for bus in scene.buses))
    impulses = [effect.path for channel in channels for effect in channel.effects if isinstance(effect, Convolution)]
    return [*impulses, *(element.recording for element in scene.elements if element.recording is not None)]


def _lock(side: Side, reference: str) -> tuple[Lock | None, tuple[str, ...]]:
    try:
        return read_lock(lock_path(side.path(reference))), ()
    except LockError as error:
        return None, (f"{side.label}: {side.shown(str(error))}",)


def pointer_in(path: str) -> str | None:
    """The SHA-256 of the file that a Git LFS pointer stands for; None for any other file."""
    with suppress(OSError), open(path, "rb") as file:
        head = file.read(1024)
        for line in head.splitlines() if head.startswith(POINTER) else ():
            if line.startswith(b"oid sha256:") and len(line) == 75:
                return line[11:].decode("ascii", "replace")
    return None


def count_scenes(side: Side, file: str) -> int:
    """How many scenes a file holds, as far as it can be read."""
    try:
        return len(references_in(side.path(file)))
    except SceneError:
        return 1


@contextmanager
def copied(
    repo: Repository, commit: str, label: str, folder: str, paths: Sequence[str], scratch: str
) -> Iterator[Side]:
    """A project as it was in a commit, in a scratch folder: its scenes below ``paths`` and all that those name."""
    root = os.path.realpath(scratch)
    side = Side(label, root, os.path.join(folder, "") if folder else "")
    tree = repo.tree(commit, folder)
    os.makedirs(os.path.join(root, ".git"))  # marks the root of the project, as in a checkout: recordings lie below it
    files = [blob for blob in tree.values() if blob.mode in REGULAR and blob.size <= LARGEST_TEXT]
    settings = {os.path.basename(one) for one in config_files(root)[:2]}
    write_blobs(repo, [one for one in files if _is_wanted(one.path, paths) or one.path in settings], root)
    write_links(repo, [one for one in tree.values() if one.mode == LINK], root)
    _copy_named(repo, tree, side, scene_files(side, paths))
    yield side


def is_inside(path: str) -> bool:
    """Whether a relative path stays below where it begins."""
    return not os.path.isabs(path) and ".." not in path.split("/")


def _is_wanted(path: str, paths: Sequence[str]) -> bool:
    folders = [os.path.dirname(scene_file(one)) if scene_file(one).endswith(SUFFIXES) else one for one in paths]
    is_there = any(folder in ("", ".") or is_below(path, folder.rstrip("/")) for folder in folders)
    return is_there and path.endswith((*SUFFIXES, ".lock.json"))


def _copy_named(repo: Repository, tree: Mapping[str, Blob], side: Side, files: Sequence[str]) -> None:
    """The recordings that scenes name, and the scenes that those extend."""
    pending, seen = list(files), set(files)
    wanted: dict[str, Blob] = {}
    while pending:
        for name in _named_in(side, pending.pop()):
            real = os.path.relpath(os.path.realpath(side.path(name)), side.root)
            for one in {name, real} & tree.keys():
                if one.endswith(SUFFIXES) and one not in seen:
                    seen.add(one)
                    pending.append(one)
                elif tree[one].mode in REGULAR:
                    wanted[one] = tree[one]
    write_blobs(repo, wanted.values(), side.root)
    for name in wanted:
        _fetch_large(repo, side.path(name))


def _fetch_large(repo: Repository, path: str) -> None:
    """Put what a pointer of Git LFS stands for in its place, if it is on this machine."""
    import shutil

    digest = pointer_in(path)
    kept = repo.large_file(digest) if digest else None
    if kept:
        os.unlink(path)
        shutil.copyfile(kept, path)
