"""The files that a build depends on, and whether they have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scenebuild.config import config_files
from scenebuild.errors import SceneError
from scenebuild.plan.lockfile import lock_path
from scenebuild.plan.manifest import inputs_of
from scenebuild.scene.compose.extends import read_with_parents
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.project import project_root
from scenebuild.scene.yaml.document import Document, read_document

POLL_S = 0.05
CALM_S = 0.03  # an editor may write a file in several steps: it is read when it has not changed for this long
LONGEST_UNREST_S = 1.0
NAMING = frozenset(["file", "extends", "continues", "melody"])  # the fields whose text is the path of a file
LONGEST_PATH = 1024

Stamp = tuple[int, int, int]  # of a file: modification time (ns), size, inode
Stamps = Mapping[str, Stamp | None]


def watched(reference: str, folder: str) -> frozenset[str]:
    """Every file that the build depends on, whether it exists or not: the files that the scene names now, its lock, the
    configuration, and the inputs of the last good build."""
    path = scene_file(reference)
    found = (*_named(path), lock_path(reference), *config_files(str(project_root(path))), *inputs_of(folder))
    return frozenset(map(os.path.abspath, found))


def stamps_of(paths: Iterable[str]) -> dict[str, Stamp | None]:
    """The stamps of files now; None for a file that does not exist."""
    return {path: _stamp(path) for path in paths}


def stamps_after_build(seen: Stamps, paths: Iterable[str], reference: str) -> dict[str, Stamp | None]:
    """The stamps from before a build, with new ones for the lock that it wrote and for files that were not known
    before."""
    lock = os.path.abspath(lock_path(reference))
    return {path: seen[path] if path in seen and path != lock else _stamp(path) for path in paths}


def settled_stamps(paths: Iterable[str]) -> dict[str, Stamp | None]:
    """The stamps once no file has changed for ``CALM_S``, at the latest after ``LONGEST_UNREST_S``."""
    paths, end = tuple(paths), time.monotonic() + LONGEST_UNREST_S
    now = stamps_of(paths)
    while time.monotonic() < end:
        time.sleep(CALM_S)
        before, now = now, stamps_of(paths)
        if before == now:
            break
    return now


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _named(path: str) -> Iterator[str]:
    """The scene's file and the files that it names; of a file with mistakes, as many as can be read."""
    yield path
    document = _readable(path)
    if document is None:
        return
    yield from document.sources
    for field, text in _texts(document.data, ()):
        if field[-1] in NAMING and len(text) <= LONGEST_PATH:
            yield os.path.join(os.path.dirname(document.origin(field)), text)


def _readable(path: str) -> Document | None:
    for read in (read_with_parents, read_document):
        try:
            return read(path)
        except SceneError:
            continue
    return None


def _texts(data: Any, field: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        if isinstance(value, str):
            yield (*field, str(key)), value
        else:
            yield from _texts(value, (*field, str(key)))
