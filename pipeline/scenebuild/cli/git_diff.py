"""``scenebuild init --git``: lets ``git diff`` show locks and sounds as text."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable

import click

from scenebuild.errors import SceneError, UsageError
from scenebuild.git import GitError, git

ATTRIBUTES = ".gitattributes"
LOCK, SOUND = "scenebuild-lock", "scenebuild-sound"
SOUNDS = ("*.wav", "*.flac", "*.ogg", "*.mp3")
_PLAIN = re.compile(r"[\w.-]+\Z")  # a folder name that needs no escape in a pattern


def scenes_below(folder: str) -> list[str]:
    """The scenes below a folder; none if there are none."""
    from scenebuild.scene.project import find_scenes

    try:
        return find_scenes([folder])
    except SceneError:
        return []


def set_up() -> None:
    """Write ``.gitattributes`` and the configuration of this clone, and print what changed. UsageError outside a
    repository."""
    from scenebuild.files import add_lines

    root = _git("rev-parse", "--show-toplevel")
    added = add_lines(
        os.path.join(root, ATTRIBUTES), [*_lock_patterns(root), *(f"{name} diff={SOUND}" for name in SOUNDS)]
    )
    for name, value in _settings():
        _git("config", "--local", name, value)
    click.echo(f"{ATTRIBUTES}: " + (f"{added} lines added; commit it" if added else "all lines are there"))
    click.echo(f"git config: diff.{LOCK} and diff.{SOUND}; in each clone, 'scenebuild init --git' sets them again")


def _settings() -> Iterable[tuple[str, str]]:
    from scenebuild.review.textconv import ELEMENT

    for driver in (LOCK, SOUND):
        yield f"diff.{driver}.textconv", _command()
        yield f"diff.{driver}.cachetextconv", "true"
    yield f"diff.{LOCK}.xfuncname", f"^({ELEMENT}.*|mix)$"
    # For format-patch and --no-textconv a sound is a binary file, whatever its bytes look like.
    yield f"diff.{SOUND}.binary", "true"


def _command() -> str:
    """The command by its name, so that it works in another environment; by its path if the name is not on PATH.

    -P: git runs it in the checkout, and nothing of the checkout may be imported.
    """
    if shutil.which("scenebuild"):
        return "scenebuild textconv"
    return f"{shlex.quote(sys.executable)} -P -m scenebuild textconv"


def _lock_patterns(root: str) -> list[str]:
    """Patterns of the locks in the folders with scenes; locks of other tools do not match."""
    folders = {os.path.relpath(os.path.realpath(path), root).split(os.sep)[0] for path in scenes_below(root)}
    folders = folders or {"scenes"}
    if not all(map(_PLAIN.match, folders)) or any(name.endswith((".yaml", ".yml")) for name in folders):
        return [f"*.lock.json diff={LOCK}"]
    return [f"/{folder}/**/*.lock.json diff={LOCK}" for folder in sorted(folders)]


def _git(*arguments: str) -> str:
    try:
        return os.fsdecode(git(os.getcwd(), *arguments)).removesuffix("\n")
    except GitError as error:
        raise UsageError(f"--git: {error}; change to a repository, or make one with 'git init'") from error
    except UsageError as error:
        raise UsageError("--git: git is not installed; install it first") from error
