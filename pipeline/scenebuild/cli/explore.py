"""``scenebuild explore``: examples of what the engines can make."""

from __future__ import annotations

import json
import os
import sys

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import NORMAL, QUIET, Terminal, safe, wants_colour


@click.command("explore")
@click.argument("categories", metavar="[CATEGORY...]", nargs=-1)
@options.engine
@options.model
@options.precision
@options.store
@click.option("-f", "--force", is_flag=True, help="Make every example again.")
@options.out_below
@options.jobs
@options.device
@options.exact
@options.json_output
@options.quiet
@options.colour
@options.as_flags
def command(categories: tuple[str, ...], as_json: bool, quiet: bool, colour: str, flags: options.Flags) -> int:
    """Make an example of each kind in the catalogue and a page to listen to them.

    A CATEGORY is natural, urban, domestic, animals, mechanical, abstract, one of your own in scenes/catalogue/, or a
    single kind such as rain. Without any, all. What was made before is taken from the store.
    """
    from scenebuild.commands.explore import explore

    with (
        options.refusal_as_json(as_json),
        Terminal(loudness=QUIET if quiet else NORMAL, colour=wants_colour(colour, sys.stdout)) as terminal,
    ):
        page = os.path.relpath(explore(categories, options.settings_for([], flags), terminal))
    if as_json:
        click.echo(json.dumps({"version": 1, "page": page, "readme": os.path.join(os.path.dirname(page), "README.md")}))
    elif not quiet:
        click.echo(safe(f"listen: {page}"))
    return 0
