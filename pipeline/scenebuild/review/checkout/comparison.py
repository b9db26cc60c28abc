"""What a command line compares: two revisions, a revision and the working tree, two folders, two builds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scenebuild.errors import UsageError
from scenebuild.plan.manifest import MANIFEST
from scenebuild.review.checkout.git import Repository, repository
from scenebuild.review.checkout.projects import SCENES, ProjectSide, is_inside, scene_files, side_of
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.project import project_root
from scenebuild.scene.quoting import printable, quoted
from scenebuild.scratch import scratch_folder

WORKING_TREE = "the working tree"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, and the paths in the projects that are compared."""

    before: ProjectSide
    after: ProjectSide
    paths: tuple[str, ...]
    builds: bool = False  # the sides are folders of builds
    unseen: frozenset[str] = frozenset()  # files that a sparse checkout leaves out of the working tree
    notes: tuple[str, ...] = ()  # about what is not compared


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a range of git's: a commit, or the working tree."""

    commit: str | None
    label: str


@contextmanager
def opened(arguments: Sequence[str], paths: Sequence[str]) -> Iterator[Comparison]:
    """Both sides of a comparison. UsageError for a revision or a path that does not exist. Old files lie in a scratch
    folder, which is removed at the end."""
    if len(arguments) > 2:
        raise UsageError(f"{len(arguments)} revisions are too many; name one or two, and paths behind --")
    if len(arguments) == 2 and all(os.path.isdir(one) for one in arguments):
        yield _folders(arguments[0], arguments[1], paths)
        return
    with ExitStack() as stack:
        yield _revisions(arguments, paths, stack)


def _folders(before: str, after: str, paths: Sequence[str]) -> Comparison:
    builds = [_has_builds(one) for one in (before, after)]
    sides = [ProjectSide(printable(one), os.path.realpath(one)) for one in (before, after)]
    if any(builds):
        if not all(builds):
            other = (before, after)[builds.index(False)]
            raise UsageError(f"{printable(other)} holds no build (a folder with a {MANIFEST}), and the other one does")
        return Comparison(sides[0], sides[1], tuple(paths), builds=True)
    return Comparison(sides[0], sides[1], _scope(sides, paths))


def _has_builds(folder: str) -> bool:
    return any(Path(folder).glob(MANIFEST)) or (
        not os.path.isdir(os.path.join(folder, SCENES)) and any(Path(folder).glob(f"*/{MANIFEST}"))
    )


def _revisions(arguments: Sequence[str], paths: Sequence[str], stack: ExitStack) -> Comparison:
    here = os.path.realpath(os.getcwd())
    repo = repository(here)
    root = str(project_root(os.path.join(here, "scene.yaml")))
    if not (root == repo.top or root.startswith(os.path.join(repo.top, ""))):
        root = repo.top
    folder = os.path.relpath(root, repo.top)
    folder = "" if folder == "." else folder
    inside = [_in_project(path, root) for path in paths]
    ends = _ends(arguments, repo)
    sides = [_side(end, repo, root, folder, inside or _default_paths(root), stack) for end in ends]
    scope = _scope(sides, inside)
    _refuse_submodules(sides, scope)
    unseen = _unseen(repo, folder, sides[1])
    notes = (*_submodule_notes(sides), *_unseen_notes(sides[0], unseen, scope))
    return Comparison(sides[0], sides[1], scope, unseen=unseen, notes=notes)


def _refuse_submodules(sides: Sequence[ProjectSide], paths: Sequence[str]) -> None:
    """UsageError for a path in a submodule: its scenes are in the commits of another repository."""
    for side in sides:
        for path in paths if side.snapshot else ():
            found = side.snapshot.submodule(scene_file(path)) if side.snapshot else None
            if found is not None:
                name = printable(found.path)
                raise UsageError(f"{name} is a submodule, with commits of its own; go into it: cd {name}")


def _submodule_notes(sides: Sequence[ProjectSide]) -> Iterator[str]:
    """Notes about submodules whose commit differs between the two sides: their scenes are not compared."""
    before, after = (side.snapshot for side in sides)
    if before is None or after is None:
        return
    moved = {one.path for one in before.submodules()} & {one.path for one in after.submodules()}
    for path in sorted(moved):
        if before.tree[path].oid != after.tree[path].oid:
            yield f"{printable(path)} is a submodule that has moved; what lies in it is not compared"


def _unseen(repo: Repository, folder: str, after: ProjectSide) -> frozenset[str]:
    """The files that a sparse checkout leaves out, relative to the project: they were not removed."""
    if after.snapshot is not None:
        return frozenset()
    below = os.path.join(folder, "") if folder else ""
    names = (name.removeprefix(below) for name in repo.left_out() if name.startswith(below))
    return frozenset(name for name in names if not os.path.lexists(after.path(name)))


def _unseen_notes(before: ProjectSide, unseen: frozenset[str], scope: Sequence[str]) -> Iterator[str]:
    count = sum(file in unseen for file in scene_files(before, scope)) if unseen else 0
    if count:
        yield (
            f"{count} scene file{'s are' if count > 1 else ' is'} left out of this sparse checkout and not compared; "
            "name two revisions to compare all"
        )


def _default_paths(root: str) -> list[str]:
    return [SCENES, "."] if not os.path.isdir(os.path.join(root, SCENES)) else [SCENES]


def _scope(sides: Sequence[ProjectSide], paths: Sequence[str]) -> tuple[str, ...]:
    if paths:
        for path in paths:
            if not is_inside(path):
                raise UsageError(f"{quoted(path)} leads out of the folders that are compared")
            if not any(os.path.lexists(side.path(scene_file(path))) for side in sides):
                raise UsageError(f"{quoted(path)} is on neither side; give scene files or folders of them")
        return tuple(paths)
    return (SCENES,) if any(os.path.isdir(side.path(SCENES)) for side in sides) else (".",)


def _in_project(path: str, root: str) -> str:
    relative = os.path.relpath(os.path.abspath(path), root)
    if not is_inside(relative):
        raise UsageError(f"{quoted(path)} leads out of the project ({printable(root)})")
    return relative


def _ends(arguments: Sequence[str], repo: Repository) -> tuple[_End, _End]:
    if len(arguments) == 2:
        return _commit(arguments[0], repo), _commit(arguments[1], repo)
    asked = arguments[0] if arguments else f"{repo.default_base()}...HEAD"
    for dots in ("...", ".."):
        if dots in asked:
            one, _, other = asked.partition(dots)
            one, other = one or "HEAD", other or "HEAD"
            if dots == "..":
                return _commit(one, repo), _commit(other, repo)
            base = repo.merge_base(one, other)
            return _named(base, one), _commit(other, repo)
    return _commit(asked, repo), _End(None, WORKING_TREE)


def _commit(name: str, repo: Repository) -> _End:
    return _named(repo.resolve(name), name)


def _named(commit: str, name: str) -> _End:
    """The end with a label: the name and the short id of the commit, or the short id alone if the name is the id."""
    short = commit[:7]
    return _End(commit, short if commit.startswith(name) else f"{printable(name)} ({short})")


def _side(end: _End, repo: Repository, root: str, folder: str, paths: Sequence[str], stack: ExitStack) -> ProjectSide:
    if end.commit is None:
        return ProjectSide(end.label, root, os.path.join(folder, "") if folder else "")
    scratch = stack.enter_context(scratch_folder())
    return side_of(repo, end.commit, end.label, folder, paths, scratch)
