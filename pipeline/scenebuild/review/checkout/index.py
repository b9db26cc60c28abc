"""What git would commit now: the files in its index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from scenebuild.errors import UsageError
from scenebuild.files import read_bounded
from scenebuild.git import git

LARGEST = 64 << 20  # bytes of a file that is compared

# ``git add --intent-to-add`` adds an empty object, which is not committed; no scene and no lock is empty.
EMPTY = frozenset(
    ["e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"]
)


def staged_among(paths: Iterable[str]) -> Callable[[str], bool]:
    """A function that says whether a file in the folder of one of ``paths`` is in the index. UsageError if git fails.

    It reads the index of GIT_INDEX_FILE, which is another file during ``git commit --all``.
    """
    folders = sorted({os.path.relpath(os.path.realpath(os.path.dirname(path))) for path in paths})
    names = set(_names_in_index(folders)) if folders else set()
    return lambda path: os.path.relpath(_beside(path)) in names


def is_staged_as_it_is(path: str) -> bool:
    """Whether the index has the same content as a file in the folder, except line ends. UsageError if git fails."""
    name = os.path.relpath(_beside(path))
    try:
        staged = git(os.getcwd(), "cat-file", "blob", f":./{name}")
        return _lines(read_bounded(path, LARGEST, follow_links=False)) == _lines(staged)
    except OSError as error:
        raise UsageError(f"--staged: {path}: {error.strerror or error}") from error


def is_ignored(path: str) -> bool:
    """Whether git ignores a file that is not in its index. UsageError if git fails."""
    name = os.path.relpath(_beside(path))
    return bool(git(os.getcwd(), "ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", name))


def _lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _beside(path: str) -> str:
    """The path of a file with its folder's links resolved: git does not follow them."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _names_in_index(folders: Sequence[str]) -> list[str]:
    """The names below folders, relative to the current folder. Git must run there: the GIT_INDEX_FILE of a hook is
    relative to it."""
    try:
        answer = git(os.getcwd(), "ls-files", "--stage", "-z", "--", *folders)
    except UsageError as error:
        raise UsageError(f"--staged: {error}") from error
    entries = (entry.partition(b"\t") for entry in answer.split(b"\0") if entry)
    return [os.path.normpath(os.fsdecode(name)) for facts, _, name in entries if _is_whole(facts.decode())]


def _is_whole(facts: str) -> bool:
    _, oid, _ = facts.split()
    return oid not in EMPTY
