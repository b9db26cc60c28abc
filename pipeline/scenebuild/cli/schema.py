"""``scenebuild schema``: the JSON Schema of a scene file."""

from __future__ import annotations

import json
import os

import click

from scenebuild.cli.terminal import safe
from scenebuild.errors import UsageError

NAME = "scene.schema.json"
OTHER_NAME = "scenebuild.scene.schema.json"  # if another program's file has that name
TITLE = "A scenebuild scene"  # the title of every version of ours begins so
LARGEST = 4 << 20


@click.command("schema")
@click.option(
    "--write", metavar="FOLDER", type=click.Path(file_okay=False), help="Write it there, for an editor to find."
)
def command(write: str | None) -> None:
    """Print the JSON Schema of a scene file (draft 2020-12).

    An editor with the YAML language server helps while typing, with this as the first line of a scene:

    \b
    # yaml-language-server: $schema=../schema/scene.schema.json
    """
    if write is None:
        click.echo(_schema().decode(), nl=False)
        return
    click.echo(safe(write_schema(write)))


def write_schema(folder: str, root: str | None = None) -> str:
    """Write the schema into a folder: the path of its file. A file that is not our schema stays, and ours gets another
    name. UsageError if the folder leads out of ``root`` through a link."""
    from scenebuild.files import publish_if_changed

    if root is not None and not os.path.join(os.path.realpath(folder), "").startswith(os.path.join(root, "")):
        raise UsageError(f"{folder} is a link that leads out of the project; put a folder in its place")
    for path in (os.path.join(folder, name) for name in (NAME, OTHER_NAME)):
        if _may_be_written(path):
            publish_if_changed(path, _schema())
            return path
    raise UsageError(f"{path} exists and is not a schema of scenebuild; rename it, or name another folder")


def _schema() -> bytes:
    from importlib.resources import files

    return files("scenebuild.schema").joinpath(NAME).read_bytes()


def _may_be_written(path: str) -> bool:
    """Whether a path does not exist, or is our schema of any version."""
    from scenebuild.files import read_bounded

    try:
        title = json.loads(read_bounded(path, LARGEST, follow_links=False))["title"]
        return isinstance(title, str) and title.startswith(TITLE)
    except FileNotFoundError:
        return True
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False
