"""``scenebuild init``: a first scene to start from, of our own or of kinds of the catalogue."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import click

from scenebuild.errors import UsageError

HEAD = """\
# yaml-language-server: $schema={schema}
version: 1
name: {name}
description: What one hears here, in a sentence or two.
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
    """Write a first scene, the schema for your editor, and a .gitignore line for build/.

    PATH is the scene file to write, scenes/first.yaml unless it is given; nothing that exists is overwritten.
    'scenebuild explore' plays the kinds that --from can name.
    """
    if with_git:
        from scenebuild.cli.git_diff import scenes_below, set_up

        set_up()
        if path is None and kinds is None and scenes_below(os.curdir):
            return
    _write_scene(path or os.path.join("scenes", "first.yaml"), kinds)


def _write_scene(path: str, kinds: str | None) -> None:
    from scenebuild.files import publish_bytes
    from scenebuild.scene.project import project_root

    stem, ending = os.path.splitext(os.path.basename(path))
    if ending not in (".yaml", ".yml"):
        raise UsageError(f"{path}: a scene file ends in .yaml; try 'scenebuild init {stem}.yaml'")
    if os.path.lexists(path):
        raise UsageError(f"{path} is already there; name another file, or delete it first")
    root = str(project_root(path))
    elements = FIRST_ELEMENTS if kinds is None else _elements(root, kinds)
    schema = _write_schema(root)
    name = re.sub(r"[^\w ]+", " ", re.sub(r"[_-]+", " ", stem)).strip().capitalize() or "First scene"
    head = HEAD.format(schema=_relative(schema, path), name=name)
    publish_bytes(path, (head + elements).encode())
    _ignore_build(root)
    click.echo(f"wrote {path}; build it with: scenebuild {path}")


def _elements(root: str, kinds: str) -> str:
    """The elements of the catalogue that are named, as they are written there."""
    from scenebuild.scene.catalogue import fields_of

    names = [name.strip().removeprefix(CATALOGUE) for name in kinds.split(",") if name.strip()]
    if not names:
        raise UsageError("--from: name kinds of the catalogue, such as catalogue/rain,catalogue/cafe")
    return _block(fields_of(root, names)) + LENGTH


def _block(elements: Mapping[str, Mapping[str, str | float]]) -> str:
    from scenebuild.scene.edit import scalar

    return "".join(
        f"  {name}:\n" + "".join(f"    {field}: {scalar(value)}\n" for field, value in fields.items())
        for name, fields in elements.items()
    )


def _write_schema(root: str) -> str:
    from importlib.resources import files

    from scenebuild.files import publish_if_changed

    path = os.path.join(root, "schema", "scene.schema.json")
    publish_if_changed(path, files("scenebuild.schema").joinpath("scene.schema.json").read_bytes())
    return path


def _ignore_build(root: str) -> None:
    """Outputs are made from what is in git; they do not belong into it."""
    path = os.path.join(root, ".gitignore")
    if not os.path.isdir(os.path.join(root, ".git")):
        return
    lines: list[str] = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as old:
            lines = old.read().splitlines()
    if not {"build", "build/", "/build", "/build/"} & set(lines):
        with open(path, "a", encoding="utf-8") as file:
            file.write("/build/\n")


def _relative(target: str, start: str) -> str:
    return os.path.relpath(target, os.path.dirname(os.path.abspath(start))).replace(os.sep, "/")
