"""A git repository as a place to read old files from: names and bytes, and nothing that a repository may configure.

Only plumbing is asked (``rev-parse``, ``merge-base``, ``ls-tree``, ``cat-file``): it reads objects as they are, and
runs no hook, no filter and no other program. A checkout or an archive would.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from scenebuild.errors import UsageError
from scenebuild.scene.quoting import printable, quoted

REGULAR, LINK = ("100644", "100755"), "120000"
CHUNK = 1 << 20
QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
DEFAULT_BRANCHES = ("main", "origin/main", "master", "origin/master")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a tree; ``path`` is relative to the tree."""

    path: str
    mode: str
    oid: str
    size: int


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and what the user calls it."""

    commit: str
    label: str


def _git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, env={**os.environ, **QUIET}, check=False)
    except FileNotFoundError:
        raise UsageError(
            "git is not installed here; install it, or compare two folders: scenebuild diff OLD NEW"
        ) from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return printable(lines[0].removeprefix("fatal: ")) if lines else f"exit code {done.returncode}"


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around a folder."""

    top: str  # absolute, links followed

    def resolve(self, name: str) -> str:
        """The commit that a name stands for. UsageError for none."""
        if name.startswith("-") or not name.isprintable():
            raise UsageError(f"{quoted(name)} is no revision; name a branch, a tag or a commit")
        done = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if done.returncode:
            raise UsageError(f"{quoted(name)} is no revision of this repository{self._advice(name)}")
        return done.stdout.decode().split()[-1]

    def merge_base(self, one: str, other: str) -> str:
        """The last commit that two have in common. UsageError for none."""
        first, second = self.resolve(one), self.resolve(other)
        done = _git(self.top, "merge-base", "--end-of-options", first, second)
        if done.returncode:
            shallow = " (the clone is shallow: fetch all of it, in a workflow with fetch-depth: 0)"
            raise UsageError(
                f"{printable(one)} and {printable(other)} have no commit in common here"
                f"{shallow if self.is_shallow() else ''}; compare them as they are: "
                f"scenebuild diff {printable(one)}..{printable(other)}"
            )
        return done.stdout.decode().split()[0]

    def is_shallow(self) -> bool:
        """Whether old commits are missing here."""
        return _git(self.top, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def default_base(self) -> str:
        """The branch that changes are held against when none is named. UsageError where there is none of the usual."""
        for name in DEFAULT_BRANCHES:
            if not _git(
                self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
            ).returncode:
                return name
        raise UsageError("there is no branch main here; name what to compare with: scenebuild diff BASE")

    def short(self, commit: str) -> str:
        """A commit as people write it."""
        return commit[:7]

    def tree(self, commit: str, folder: str) -> Mapping[str, Blob]:
        """Every file and link below a folder of a commit, by its path relative to the folder; none where it is not
        there. Names that lead elsewhere are left out, and so are submodules."""
        done = _git(self.top, "ls-tree", "-r", "-z", "-l", "--full-tree", f"{commit}:{folder}" if folder else commit)
        if done.returncode:
            return {}
        found: dict[str, Blob] = {}
        for line in done.stdout.split(b"\0"):
            facts, tab, name = line.partition(b"\t")
            if not tab:
                continue
            mode, kind, oid, size = facts.decode().split()
            path = os.fsdecode(name)
            if kind == "blob" and _is_inside(path):
                found[path] = Blob(path, mode, oid, int(size))
        return found

    def large_file(self, digest: str) -> str | None:
        """Where git LFS keeps the file of that SHA-256, if it is here."""
        done = _git(self.top, "rev-parse", "--git-common-dir")
        folder = os.path.join(self.top, os.fsdecode(done.stdout.strip()))
        path = os.path.join(folder, "lfs", "objects", digest[:2], digest[2:4], digest)
        return path if os.path.isfile(path) else None

    def _advice(self, name: str) -> str:
        if os.path.exists(name):
            return f"; to look at that path alone: scenebuild diff -- {printable(name)}"
        if self.is_shallow():
            return ", whose clone is shallow; fetch all of it (in a workflow: fetch-depth: 0)"
        return "; see 'git branch --all' for those that there are"


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)


def repository(folder: str) -> Repository:
    """The repository that a folder is in. UsageError for none."""
    done = _git(folder, "rev-parse", "--show-toplevel")
    if done.returncode:
        said = _said(done)
        if "not a git repository" in said:
            said = "this folder is in no git repository; compare two folders instead: scenebuild diff OLD NEW"
        raise UsageError(said)
    return Repository(os.path.realpath(os.fsdecode(done.stdout.rstrip(b"\n"))))


class Reader:
    """One ``git cat-file`` that gives bytes of blobs, to be used in a ``with``."""

    def __init__(self, repo: Repository) -> None:
        command = ["git", "cat-file", "--batch"]
        self._process = subprocess.Popen(
            command, cwd=repo.top, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **QUIET},
        )  # fmt: skip

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()

    def copy(self, oid: str, target: BinaryIO) -> None:
        """Write a blob's bytes. OSError where the repository does not have them."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise OSError("git is gone")
        requests.write(f"{oid}\n".encode())
        requests.flush()
        head = answers.readline().split()
        if len(head) != 3:
            raise OSError(f"the object {oid} is not in the repository")
        left = int(head[2])
        while left:
            chunk = answers.read(min(left, CHUNK))
            if not chunk:
                raise OSError(f"git ended in the middle of {oid}")
            target.write(chunk)
            left -= len(chunk)
        answers.read(1)


def write_blobs(repo: Repository, blobs: Iterable[Blob], root: str) -> None:
    """Write regular files below ``root``; none through a link that leads out of it."""
    with Reader(repo) as reader:
        for blob in blobs:
            path = os.path.join(root, blob.path)
            folder = os.path.dirname(path)
            os.makedirs(folder, exist_ok=True)
            if os.path.lexists(path) or not is_below(os.path.realpath(folder), root):
                continue
            with open(path, "xb") as file:
                reader.copy(blob.oid, file)


def write_links(repo: Repository, blobs: Iterable[Blob], root: str) -> None:
    """Make the links of a tree below ``root``, as far as they stay below it."""
    import io

    made = []
    with Reader(repo) as reader:
        for blob in blobs:
            path = os.path.join(root, blob.path)
            target = io.BytesIO()
            reader.copy(blob.oid, target)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not os.path.lexists(path) and 0 < len(target.getvalue()) < 4096 and b"\0" not in target.getvalue():
                os.symlink(os.fsdecode(target.getvalue()), path)
                made.append(path)
    for path in made:  # when all are there, as one may go through another
        if not is_below(os.path.realpath(path), root):
            os.unlink(path)


def is_below(path: str, root: str) -> bool:
    """Whether an absolute path is a folder or in it."""
    return path == root or path.startswith(os.path.join(root, ""))
