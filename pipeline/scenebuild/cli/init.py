"""``scenebuild init``: a first scene to start from."""

from __future__ import annotations

import os
import re

import click

from scenebuild.errors import UsageError

FIRST_SCENE = """\
# yaml-language-server: $schema={schema}
version: 1
name: {name}
description: What one hears here, in a sentence or two.
elements:
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


@click.command("init")
@click.argument("path", default=os.path.join("scenes", "first.yaml"), type=click.Path())
def command(path: str) -> None:
    """Write a first scene, the schema for your editor, and a .gitignore line for build/.

    PATH is the scene file to write; nothing that exists is overwritten.
    """
    from scenebuild.scene.project import project_root
    from scenebuild.store.publish import publish_bytes

    stem, ending = os.path.splitext(os.path.basename(path))
    if ending not in (".yaml", ".yml"):
        raise UsageError(f"{path}: a scene file ends in .yaml; try 'scenebuild init {stem}.yaml'")
    if os.path.lexists(path):
        raise UsageError(f"{path} is already there; name another file, or delete it first")
    root = str(project_root(path))
    schema = _write_schema(root)
    name = re.sub(r"[^\w ]+", " ", re.sub(r"[_-]+", " ", stem)).strip().capitalize() or "First scene"
    text = FIRST_SCENE.format(schema=_relative(schema, path), name=name)
    publish_bytes(path, text.encode())
    _ignore_build(root)
    click.echo(f"wrote {path}; build it with: scenebuild {path}")


def _write_schema(root: str) -> str:
    from importlib.resources import files

    from scenebuild.store.publish import publish_if_changed

    path = os.path.join(root, "schema", "scene.schema.json")
    publish_if_changed(path, files("scenebuild.schema").joinpath("scene.schema.json").read_bytes())
    return path


def _ignore_build(root: str) -> None:
    """Outputs are made from what is in git; they do not belong into it."""
    path = os.path.join(root, ".gitignore")
    if not os.path.isdir(os.path.join(root, ".git")):
        return
    lines = open(path, encoding="utf-8").read().splitlines() if os.path.exists(path) else []  # noqa: SIM115
    if not {"build", "build/", "/build", "/build/"} & set(lines):
        with open(path, "a", encoding="utf-8") as file:
            file.write("/build/\n")


def _relative(target: str, start: str) -> str:
    return os.path.relpath(target, os.path.dirname(os.path.abspath(start))).replace(os.sep, "/")
