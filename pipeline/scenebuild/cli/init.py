"""``scenebuild init``: a first scene, from our own example or from kinds of the catalogue."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe
from scenebuild.config import PROJECT_FILE
from scenebuild.errors import UsageError

HEAD = """\
# yaml-language-server: $schema={schema}
version: 1
name: {name}
description: What can be heard, in a sentence or two.
elements:
"""
FIRST_ELEMENTS = """\
  rain:
    prompt: steady rain on a window
    volume: 0.8
    loop: true              # fills the scene
  thunder:
    prompt: thunder rolling far away
    start: 3                # seconds
    volume: 0.6
    pan: -0.4               # -1 left ... 1 right
mix:
  duration: 12
"""
CONFIGURATION = """\
# The settings of this project, for example: engine = "sketch"
# All of them: docs/cli.md, 'Settings'. This file may be empty: it says where the project begins.
"""
LENGTH = "mix:\n  duration: 24\n"
CATALOGUE = "catalogue/"


@click.command("init")
@click.argument("path", required=False, type=click.Path())
@click.option(
    "--from", "kinds", metavar="KIND,...", help="Start from kinds of the catalogue: catalogue/rain,catalogue/cafe."
)
@click.option(
    "--git",
    "with_git",
    is_flag=True,
    help="Let 'git diff' show lockfiles and sounds as text; a first scene is written only where there is none.",
)
def command(path: str | None, kinds: str | None, with_git: bool) -> None:
    """Write a first scene, the schema for your editor, and in a git repository a .gitignore line for build/.

    In a folder that is no project yet, a scenebuild.toml makes it one.
    PATH is the scene file to write, scenes/first.yaml unless it is given; nothing that exists is overwritten.
    'scenebuild explore' plays the kinds that --from can name.
    """
    if with_git:
        from scenebuild.cli.git_diff import scenes_below, set_up
        from scenebuild.scene.project import project_root

        set_up()
        scenes = scenes_below(os.curdir)
        for root in sorted({str(project_root(scene)) for scene in scenes}):
            _ignore_build(root)
        if path is None and kinds is None and scenes:
            return
    _write_scene(path or os.path.join("scenes", "first.yaml"), kinds)


def _write_scene(path: str, kinds: str | None) -> None:
    from scenebuild.cli.schema import write_schema
    from scenebuild.files import publish_text
    from scenebuild.scene.project import project_root

    stem, ending = os.path.splitext(os.path.basename(path))
    if ending not in (".yaml", ".yml"):
        raise UsageError(f"{path}: a scene file ends in .yaml; try 'scenebuild init {stem}.yaml'")
    if os.path.lexists(path):
        raise UsageError(f"{path} is already there; name another file, or delete it first")
    root = str(project_root(path))
    elements = FIRST_ELEMENTS if kinds is None else _elements(root, kinds)
    _begin_project(root)
    schema = write_schema(os.path.join(root, "schema"), root)
    name = re.sub(r"[^\w ]+", " ", re.sub(r"[_-]+", " ", stem)).strip().capitalize() or "First scene"
    head = HEAD.format(schema=_relative(schema, path), name=name)
    publish_text(path, head + elements)
    _ignore_build(root)
    click.echo(safe(f"wrote {path}; build it with: scenebuild {shlex.quote(path)}"))
    click.echo(safe(options.about_project(root)))


def _begin_project(root: str) -> None:
    """Write a configuration file, if nothing marks the folder as a project so far."""
    from scenebuild.files import publish_text
    from scenebuild.scene.project import root_marker

    if root_marker(root) is None:
        publish_text(os.path.join(root, PROJECT_FILE), CONFIGURATION)


def _elements(root: str, kinds: str) -> str:
    """The named elements of the catalogue, as YAML."""
    from scenebuild.scene.catalogue import fields_of

    names = [name.strip().removeprefix(CATALOGUE) for name in kinds.split(",") if name.strip()]
    if not names:
        raise UsageError("--from: name kinds of the catalogue, such as catalogue/rain,catalogue/cafe")
    return _block(fields_of(root, names)) + LENGTH


def _block(elements: Mapping[str, Mapping[str, str | float]]) -> str:
    from scenebuild.scene.yaml.edit import scalar

    return "".join(
        f"  {name}:\n" + "".join(f"    {field}: {scalar(value)}\n" for field, value in fields.items())
        for name, fields in elements.items()
    )


def _ignore_build(root: str) -> None:
    """Let git ignore the outputs, if the project is in a repository."""
    from scenebuild.files import add_lines

    if not _is_in_git(root):
        return
    path = os.path.join(root, ".gitignore")
    try:
        if not _says_of_build(path):
            add_lines(path, ["/build/"])
    except OSError as error:
        complain(f"{path}: {error.strerror or error}; outputs should not be committed: add /build/ to it")


def _is_in_git(root: str) -> bool:
    """Whether a folder is in a repository. In a worktree or a submodule ``.git`` is a file."""
    folder = root
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return False
    return True


def _says_of_build(path: str) -> bool:
    """Whether a .gitignore has a line about ``build/`` of the project, also one that includes it (``!``)."""
    from scenebuild.files import read_bounded

    try:
        lines = read_bounded(path, 1 << 20, follow_links=False).splitlines()
    except FileNotFoundError:
        return False
    about = (line.strip().removeprefix(b"!").strip(b"/") for line in lines)
    return b"build" in about


def _relative(target: str, start: str) -> str:
    return os.path.relpath(target, os.path.dirname(os.path.abspath(start))).replace(os.sep, "/")
