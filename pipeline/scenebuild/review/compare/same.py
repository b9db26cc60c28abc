"""Which scene files are the same on both sides, with all files that they name, found with as little reading as
possible.

Two commits are compared by git's ids of their files. A file on the disk is compared with such an id, or with the other
file.
"""

from __future__ import annotations

import filecmp
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from scenebuild.errors import SceneError
from scenebuild.files import read_bounded
from scenebuild.review.checkout.git import has_content
from scenebuild.review.checkout.projects import ProjectSide
from scenebuild.review.checkout.snapshot import LARGEST_TEXT, LOCK, Snapshot
from scenebuild.scene.compose.reference import stem_of
from scenebuild.scene.project import SUFFIXES
from scenebuild.scene.yaml.document import read_document

LONGEST_PATH = 4096
_WORD = re.compile(r"[\w.-]+")
_NAMING = ("file", "extends", "continues", "melody")  # the fields that name files

Names = Mapping[str, Collection[str]]


def same_files(before: ProjectSide, after: ProjectSide, files: Collection[str]) -> set[str]:
    """The files, of those on both sides, that have the same bytes, as have their locks and all files that they name."""
    locks = [_Locks(side) for side in (before, after)]
    ours = {file: {file, *locks[0].of(file), *locks[1].of(file)} for file in files}
    alike = _Alike(before, after)
    alike.look_at({name for names in ours.values() for name in names})
    kept = [file for file in files if all(map(alike.is_same, ours[file]))]
    may_name = _Naming(before, after)
    named = names_below(after, [file for file in kept if may_name(after.path(file))])
    alike.look_at({name for names in named.values() for name in names})
    return {file for file in kept if all(map(alike.is_same, named.get(file, ())))}


def needed(side: ProjectSide, files: Iterable[str]) -> set[str]:
    """All files that are needed to read scene files of a side: with their locks and the files that they name."""
    locks = _Locks(side)
    wanted = {name for file in files for name in (file, *locks.of(file))}
    return wanted.union(*names_below(side, [one for one in wanted if one.endswith(SUFFIXES)]).values())


def names_below(side: ProjectSide, files: Collection[str]) -> Names:
    """The files that each scene file names, and those that its parents name; relative to the project."""
    own: dict[str, set[str]] = {}
    pending = set(files)
    while pending:
        side.bring(pending)
        own |= {file: _named_in(side, file) for file in pending}
        pending = {one for names in own.values() for one in names if one.endswith(SUFFIXES)} - own.keys()
    return {file: _closure(file, own) for file in files}


def _closure(file: str, own: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [file]
    while pending:
        new = own.get(pending.pop(), set()) - found
        found |= new
        pending += [one for one in new if one in own]
    return found


def _named_in(side: ProjectSide, file: str) -> set[str]:
    """The files whose paths are texts in a scene file."""
    try:
        data = read_document(side.path(file)).data
    except SceneError:
        return set()
    folder = os.path.dirname(file)
    texts = (text for text in _texts(data) if len(text) < LONGEST_PATH and text.isprintable())
    names = {os.path.normpath(os.path.join(folder, text)) for text in texts}
    return {name for name in names if name != file and side.has(name)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


class _Locks:
    """The lockfiles of each scene file of a side."""

    def __init__(self, side: ProjectSide) -> None:
        self._side = side
        self._known: dict[str, dict[str, set[str]]] = {}  # folder -> stem -> paths
        if side.snapshot is not None:
            self._known = _by_stem(side.snapshot.tree)

    def of(self, file: str) -> Collection[str]:
        folder = os.path.dirname(file)
        if folder not in self._known:
            self._known[folder] = {} if self._side.snapshot else _by_stem(self._listed(folder)).get(folder, {})
        return self._known[folder].get(stem_of(file), ())

    def _listed(self, folder: str) -> list[str]:
        path = self._side.path(folder)
        return [os.path.join(folder, name) for name in os.listdir(path)] if os.path.isdir(path) else []


def _by_stem(paths: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in paths:
        if path.endswith(LOCK):
            folder, name = os.path.split(path)
            found[folder][name.removesuffix(LOCK).partition("@")[0]].add(path)
    return found


class _Alike:
    """Whether files have the same bytes on both sides."""

    def __init__(self, before: ProjectSide, after: ProjectSide) -> None:
        self._sides = (before, after)
        self._found: dict[str, bool] = {}

    def is_same(self, name: str) -> bool:
        """The answer for a file that ``look_at`` has compared."""
        return self._found[name]

    def look_at(self, names: Collection[str]) -> None:
        """Compare files by git's ids. Files for which that is not possible are copied together and compared by
        bytes."""
        new = [name for name in names if name not in self._found]
        told = {name: self._told(name) for name in new}
        unsure = [name for name, is_same in told.items() if is_same is None]
        for side in self._sides:
            side.bring(unsure)
        self._found |= {name: is_same for name, is_same in told.items() if is_same is not None}
        self._found |= {name: self._by_bytes(name) for name in unsure}

    def _told(self, name: str) -> bool | None:
        before, after = self._sides
        if before.snapshot is not None and after.snapshot is not None:
            return _identity(before.snapshot, name) == _identity(after.snapshot, name)
        for one, other in ((before, after), (after, before)):
            if one.snapshot is not None and other.snapshot is None:
                blob = one.snapshot.tree.get(name)
                return True if blob is not None and has_content(other.path(name), blob.oid) else None
        return None

    def _by_bytes(self, name: str) -> bool:
        one, other = (side.path(name) for side in self._sides)
        try:
            return os.path.samefile(one, other) or filecmp.cmp(one, other, shallow=False)
        except OSError:
            return not any(map(os.path.lexists, (one, other)))


def _identity(snapshot: Snapshot, name: str) -> str | None:
    """git's id of the file that a path leads to, or the commit of the submodule that contains it."""
    found = snapshot.blob(name) or snapshot.submodule(name)
    return found.oid if found else None


class _Naming:
    """Whether a scene file can name a file that differs between the sides, decided on its text without parsing it.

    If in doubt, yes: a wrong yes costs time, a wrong no hides a change.
    """

    def __init__(self, before: ProjectSide, after: ProjectSide) -> None:
        self._words: set[str] | None = None  # a word of each path that differs; None: not known
        if before.snapshot is not None and after.snapshot is not None:
            self._words = set(_differing(before.snapshot, after.snapshot))

    def __call__(self, path: str) -> bool:
        try:
            text = read_bounded(path, LARGEST_TEXT).decode("utf-8", "replace")
        except OSError:
            return True
        if not any(field in text for field in _NAMING) and "\\" not in text:
            return False
        return self._words is None or "\\" in text or "extends" in text or not self._words.isdisjoint(_words_in(text))


def _differing(before: Snapshot, after: Snapshot) -> Iterator[str]:
    for name in before.tree.keys() | after.tree.keys():
        one, other = before.tree.get(name), after.tree.get(name)
        if (one and one.oid) != (other and other.oid) and not name.endswith(LOCK):
            # The longest word: a name with spaces may be folded over two lines.
            yield max(_words_in(os.path.basename(name)), key=len, default="")
    for snapshot in (before, after):
        for link in snapshot.links():
            yield from _words_in(os.path.basename(link))
        for submodule in snapshot.submodules():
            yield from _words_in(os.path.basename(submodule.path))


def _words_in(text: str) -> list[str]:
    return _WORD.findall(text)
