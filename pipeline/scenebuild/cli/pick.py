"""``scenebuild pick``: write the number of a take into the scene file."""

from __future__ import annotations

from typing import Any

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe


class _Take(click.IntRange):
    """The number of a take; for any other word, the message gives the order of the arguments."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if not str(value).strip().lstrip("+-").isdecimal():
            said = f"{value!r} is not the number of a take; write: scenebuild pick ELEMENT NUMBER [SCENE]"
            raise click.UsageError(safe(said), ctx)
        return int(super().convert(value, param, ctx))


@click.command("pick")
@click.argument("element")
@click.argument("number", type=_Take(1, 1_000_000))
@click.argument("scene", required=False, type=click.Path(readable=False))
def command(element: str, number: int, scene: str | None) -> None:
    """Write 'take: NUMBER' into the scene file for ELEMENT, as an edit of that one line.

    Comments, order and quotes stay as they are. SCENE can be left out where one scene in scenes/ has the element.
    """
    from scenebuild.commands.rewrite import write_element_field
    from scenebuild.commands.takes import find_element

    found, chosen = find_element(element, scene, options.settings_for([scene] if scene else [], options.Flags()))
    written = write_element_field(found, chosen.name, chosen.take_field, number)
    what = f"{'.'.join(chosen.take_field)}: {number}{'' if written.changed else ' is there already'}"
    click.echo(safe(f"{options.shown_path(written.path)}:{written.line}: {element}: {what}"))
