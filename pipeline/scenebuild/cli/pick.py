"""``scenebuild pick``: write the number of a take into the scene file."""

from __future__ import annotations

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe


@click.command("pick")
@click.argument("element")
@click.argument("number", type=click.IntRange(1, 1_000_000))
@click.argument("scene", required=False, type=click.Path(readable=False))
def command(element: str, number: int, scene: str | None) -> None:
    """Write 'take: NUMBER' into the scene file for ELEMENT, as an edit of that one line.

    Comments, order and quotes stay as they are. SCENE can be left out where one scene in scenes/ has the element.
    """
    from scenebuild.candidates import find_element
    from scenebuild.revise import revise_element

    found, chosen = find_element(element, scene, options.settings_for([scene] if scene else []))
    revised = revise_element(found, chosen.name, "take", number)
    what = "take: {number}" if revised.changed else "take: {number} is there already"
    click.echo(safe(f"{options.shown_path(revised.path)}:{revised.line}: {element}: {what.format(number=number)}"))
