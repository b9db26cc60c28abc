"""Reads old files from a git repository: names and bytes. Nothing that the repository configures is run.

Only plumbing commands are used (``rev-parse``, ``merge-base``, ``ls-tree``, ``cat-file``), through ``scenebuild.git``.
If git fails, its message is the error; a failure never counts as 'does not exist'.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from scenebuild.errors import UsageError
from scenebuild.files import open_regular
from scenebuild.git import GitError, ask, command, complaints, environment, git, words
from scenebuild.scene.quoting import printable, quoted

REGULAR, LINK, SUBMODULE = ("100644", "100755"), "120000", "160000"
CHUNK = 1 << 20
LONGEST_LINK = 4096
DEFAULT_BRANCHES = ("main", "origin/main", "master", "origin/master")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file, a link or a submodule in a tree; ``path`` is relative to the tree."""

    path: str
    mode: str
    oid: str


Tree = Mapping[str, Blob]  # by path


class GoneError(GitError):
    """An object that the commits name is not in the repository."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around a folder."""

    top: str  # absolute, links followed

    def resolve(self, name: str) -> str:
        """The commit that a name stands for. UsageError for none."""
        if name.startswith("-") or not name.isprintable():
            raise UsageError(f"{quoted(name)} is no revision; name a branch, a tag or a commit")
        commit = self._commit(name)
        if commit is None:
            raise UsageError(f"{quoted(name)} is no revision of this repository{self._advice(name)}")
        return commit

    def _commit(self, name: str) -> str | None:
        answer = ask(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return None if answer is None else answer.decode().split()[-1]

    def merge_base(self, one: str, other: str) -> str:
        """The last commit that two have in common. UsageError if there is none."""
        answer = ask(self.top, "merge-base", "--end-of-options", self.resolve(one), self.resolve(other))
        if answer is None:
            shallow = " (the clone is shallow: fetch all of it, in a workflow with fetch-depth: 0)"
            raise UsageError(
                f"{printable(one)} and {printable(other)} have no commit in common here"
                f"{shallow if self.is_shallow() else ''}; compare them as they are: "
                f"scenebuild diff {printable(one)}..{printable(other)}"
            )
        return answer.decode().split()[0]

    def is_shallow(self) -> bool:
        """Whether old commits are missing here."""
        return git(self.top, "rev-parse", "--is-shallow-repository").strip() == b"true"

    def is_partial(self) -> bool:
        """Whether files of its commits may be missing here, as a clone with a filter leaves them out."""
        asked = r"^(extensions\.partialclone|remote\..*\.promisor)$"
        return ask(self.top, "config", "--get-regexp", asked) is not None

    def default_base(self) -> str:
        """The branch to compare with if none is named. UsageError if there is none of ``DEFAULT_BRANCHES``."""
        for name in DEFAULT_BRANCHES:
            if self._commit(name) is not None:
                return name
        raise UsageError("there is no branch main here; name what to compare with: scenebuild diff BASE")

    def tree(self, commit: str, folder: str) -> Tree:
        """Every file, link and submodule below a folder of a commit, by its path relative to the folder; none if the
        commit has no such folder. Names that lead out of the folder are left out."""
        root = self._folder(commit, folder) if folder else commit
        if root is None:
            return {}
        found: dict[str, Blob] = {}
        for line in self._listed("-r", root):
            mode, _, oid, path = line
            if _is_inside(path):
                found[path] = Blob(path, mode, oid)
        return found

    def _folder(self, commit: str, folder: str) -> str | None:
        """The object of a folder; None where the commit has none of that name."""
        for _, kind, oid, path in self._listed(commit, folder):
            if path == folder and kind == "tree":
                return oid
        return None

    def _listed(self, *arguments: str) -> Iterator[tuple[str, str, str, str]]:
        try:
            answer = git(self.top, "ls-tree", "-z", "--full-tree", *arguments)
        except GitError as error:
            raise GoneError(f"{error}{self._lacking()}") from None
        for line in answer.split(b"\0"):
            facts, tab, name = line.partition(b"\t")
            if tab:
                mode, kind, oid = facts.decode().split()
                yield mode, kind, oid, os.fsdecode(name)

    def left_out(self) -> Iterator[str]:
        """The files that a sparse checkout leaves out of the working tree, relative to the top."""
        if (ask(self.top, "config", "--type=bool", "core.sparseCheckout") or b"").strip() != b"true":
            return
        for line in git(self.top, "ls-files", "-t", "-z").split(b"\0"):
            if line.startswith(b"S "):
                yield os.fsdecode(line[2:])

    def large_file(self, digest: str) -> str | None:
        """The path of the file of that SHA-256 in the store of git LFS, if it is on this machine."""
        common = os.path.join(self.top, os.fsdecode(git(self.top, "rev-parse", "--git-common-dir").rstrip(b"\n")))
        store = os.path.realpath(os.path.join(common, "lfs", "objects"))
        path = os.path.join(store, digest[:2], digest[2:4], digest)
        return path if os.path.isfile(path) and os.path.realpath(path) == path else None

    def contents(self, blobs: Sequence[Blob], *, may_lack: bool = False) -> Iterator[tuple[Blob, Content | None]]:
        """The bytes of files and links, in order; each must be read before the next one is taken.

        GoneError for a file that is missing here; with ``may_lack``, it is None if the clone is partial.
        """
        left = list(blobs)
        is_partial: bool | None = None
        while left:
            done = 0
            with _answers(self.top, left) as answers:
                for blob in left:
                    content = answers.next()
                    if content is None:
                        is_partial = self.is_partial() if is_partial is None else is_partial
                        if not (may_lack and is_partial):
                            raise GoneError(f"{printable(blob.path)}: {answers.said()}{self._lacking()}")
                    done += 1
                    yield blob, content
                    if content is not None:
                        content.skip()
                    elif answers.has_ended:
                        break
            left = left[done:]

    def _lacking(self) -> str:
        if not self.is_partial():
            return ""
        return (
            "; this clone is a partial one (git clone --filter), and nothing is fetched for a comparison: "
            "check out both revisions once, or fetch all of it with git fetch --refetch --no-filter"
        )

    def _advice(self, name: str) -> str:
        if os.path.exists(name):
            return f"; to look at that path alone: scenebuild diff -- {printable(name)}"
        if ask(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", name) is not None:
            return ": it names no commit, or one that is not in this clone"
        if self.is_shallow():
            return ", whose clone is shallow; fetch all of it (in a workflow: fetch-depth: 0)"
        return "; see 'git branch --all' for those that there are"


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)


def repository(folder: str) -> Repository:
    """The repository that a folder is in. UsageError for none."""
    try:
        answer = git(folder, "rev-parse", "--show-toplevel")
    except GitError as error:
        if "not a git repository" not in str(error):
            raise
        said = "this folder is in no git repository; compare two folders instead: scenebuild diff OLD NEW"
        raise UsageError(said) from None
    top = os.path.realpath(os.fsdecode(answer.removesuffix(b"\n")))
    if not is_below(os.path.realpath(folder), top):
        raise UsageError(f"the configuration of this repository (core.worktree) says that its files are in {top}")
    return Repository(top)


class Content:
    """The bytes of one object, as git hands them over."""

    def __init__(self, size: int, source: IO[bytes]) -> None:
        self.size = size
        self._source = source
        self._left = size
        self._is_open = True

    def copy(self, target: BinaryIO) -> None:
        """Write all of it. GitError where git ends in the middle."""
        for chunk in self._chunks():
            target.write(chunk)

    def read(self) -> bytes:
        """All of it, for what is small."""
        return b"".join(self._chunks())

    def skip(self) -> None:
        """Pass over what was not read."""
        for _ in self._chunks():
            pass
        if self._is_open:
            self._source.read(1)
            self._is_open = False

    def _chunks(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._source.read(min(self._left, CHUNK))
            if not chunk:
                raise GitError("git cat-file ended in the middle of an object")
            self._left -= len(chunk)
            yield chunk


@contextmanager
def _answers(folder: str, blobs: Iterable[Blob]) -> Iterator[_Answers]:
    """The answers of one ``git cat-file --batch`` about many objects."""
    order = command("cat-file", "--batch")
    # Files, not pipes: neither process can block the other.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as errors:
        asked.write("".join(f"{blob.oid}\n" for blob in blobs).encode())
        asked.seek(0)
        with subprocess.Popen(
            order, cwd=folder, env=environment(), stdin=asked, stdout=subprocess.PIPE, stderr=errors
        ) as process:
            yield _Answers(process, errors)


class _Answers:
    """The answers of ``git cat-file --batch``, object by object."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process, self._errors = process, errors
        self.has_ended = False

    def next(self) -> Content | None:
        """The next object; None if the repository does not have it. GitError for any other failure."""
        if self._process.stdout is None:
            raise GitError("git cat-file: no output")
        head = self._process.stdout.readline().split()
        if len(head) == 3 and head[1] == b"blob" and head[2].isdigit():
            return Content(int(head[2]), self._process.stdout)
        if len(head) == 2 and head[1] == b"missing":
            return None
        self.has_ended = True
        code = self._process.wait() if not head else 0
        if b"promisor" in self._complained():  # git may fetch nothing, so it ends at the first missing object
            return None
        raise GitError(words(self._complained(), "cat-file", code))

    def said(self) -> str:
        """Why the last object was None, in git's words."""
        said = self._complained()
        return words(said, "cat-file", 0) if complaints(said) else "the file is not in the repository"

    def _complained(self) -> bytes:
        self._errors.seek(0)
        return self._errors.read(CHUNK)


def write_blobs(repo: Repository, blobs: Iterable[Blob], root: str, *, largest: int | None = None) -> None:
    """Write regular files below ``root``, except through a link out of it and files of more than ``largest`` bytes."""
    _write(repo, blobs, root, largest=largest, may_lack=False)


def write_recordings(repo: Repository, blobs: Iterable[Blob], root: str) -> None:
    """Write recordings below ``root``; a recording that a partial clone lacks is left out."""
    _write(repo, blobs, root, largest=None, may_lack=True)


def _write(repo: Repository, blobs: Iterable[Blob], root: str, *, largest: int | None, may_lack: bool) -> None:
    safe: dict[str, bool] = {}
    for blob, content in repo.contents(list(blobs), may_lack=may_lack):
        path = os.path.join(root, blob.path)
        folder = os.path.dirname(path)
        if folder not in safe:
            os.makedirs(folder, exist_ok=True)
            safe[folder] = is_below(os.path.realpath(folder), root)
        if content is None or not safe[folder] or os.path.lexists(path) or (largest and content.size > largest):
            continue
        with open(path, "xb") as file:
            content.copy(file)


def write_links(repo: Repository, blobs: Iterable[Blob], root: str) -> None:
    """Make the links of a tree below ``root``; links that lead out of it are left out."""
    made = []
    for blob, content in repo.contents(list(blobs)):
        path = os.path.join(root, blob.path)
        if content is None or not 0 < content.size < LONGEST_LINK:
            continue
        target = content.read()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.lexists(path) and b"\0" not in target:
            os.symlink(os.fsdecode(target), path)
            made.append(path)
    for path in made:  # checked when all exist, because one may lead through another
        if not is_below(os.path.realpath(path), root):
            os.unlink(path)


def has_content(path: str, oid: str) -> bool:
    """Whether a path is a regular file, not a link, with the content of that git object."""
    sha = hashlib.sha1(usedforsecurity=False) if len(oid) == 40 else hashlib.sha256()
    try:
        with open_regular(path, follow_links=False) as file:
            sha.update(b"blob %d\0" % os.fstat(file.fileno()).st_size)
            while chunk := file.read(CHUNK):
                sha.update(chunk)
    except OSError:
        return False
    return sha.hexdigest() == oid


def is_below(path: str, root: str) -> bool:
    """Whether an absolute path is the folder ``root`` or below it."""
    return path == root or path.startswith(os.path.join(root, ""))
