"""``scenebuild schema``: the JSON Schema of a scene file."""

from __future__ import annotations

import click

NAME = "scene.schema.json"


@click.command("schema")
@click.option(
    "--write",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Write it there, for an editor to find.",
)
def command(write: str | None) -> None:
    """Print the JSON Schema of a scene file (draft 2020-12).

    An editor with the YAML language server helps while typing, with this as the first line of a scene:

    \b
    # yaml-language-server: $schema=../schema/scene.schema.json
    """
    from importlib.resources import files

    text = files("scenebuild.schema").joinpath(NAME).read_text(encoding="utf-8")
    if write is None:
        click.echo(text, nl=False)
        return
    import os

    from scenebuild.files import publish_if_changed

    path = os.path.join(write, NAME)
    publish_if_changed(path, text.encode())
    click.echo(path)
