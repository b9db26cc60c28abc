"""``scenebuild takes``: several takes of one element on a page, to choose from."""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import NORMAL, QUIET, Terminal, safe, wants_colour
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.project import SUFFIXES

if TYPE_CHECKING:
    from scenebuild.report.pages.takes_page import MeasuredTake


@click.command("takes")
@click.argument("element")
@click.argument("scene", required=False, type=click.Path(readable=False))
@click.option("-n", "--count", type=click.IntRange(1, 99), default=4, show_default=True, help="How many takes.")
@click.option(
    "--from",
    "first",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    help="The number of the first one.",
)
@options.engine
@options.model
@options.precision
@options.store
@options.chosen
@options.out_below
@options.jobs
@options.device
@options.exact
@options.json_output
@options.quiet
@options.colour
@options.as_flags
def command(
    element: str,
    scene: str | None,
    count: int,
    first: int,
    as_json: bool,
    quiet: bool,
    colour: str,
    flags: options.Flags,
) -> int:
    """Make takes of ELEMENT, measure them and put them on one page to listen to.

    SCENE is the file that has it (or file@variant); it can be left out where one scene in scenes/ has it. Nothing is
    written into the scene or its lock: 'scenebuild pick' does that.
    """
    from scenebuild.commands.takes import find_element, make_numbered_takes

    if scene is not None and scene_file(element).endswith(SUFFIXES):
        right = shlex.join(["scenebuild", "takes", scene, element])
        raise click.UsageError(safe(f"the element comes first, then its scene; write: {right}"))
    settings = options.settings_for([scene] if scene else [], flags)
    with (
        options.refusal_as_json(as_json),
        Terminal(loudness=QUIET if quiet else NORMAL, colour=wants_colour(colour, sys.stdout)) as terminal,
    ):
        found, chosen = find_element(element, scene, settings)
        page, made = make_numbered_takes(found, chosen, range(first, first + count), settings, terminal)
    if as_json:
        plain = [_plain(one) for one in made]
        told = {"version": 1, "scene": found.path, "element": element, "page": os.path.relpath(page), "takes": plain}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    if quiet:
        return 0
    for one in made:
        click.echo(safe(_line(one)))
    choose = f"scenebuild pick {element} NUMBER {shlex.quote(found.path)}"
    click.echo(safe(f"listen: {os.path.relpath(page)}   choose: {choose}"))
    return 0


def _line(one: MeasuredTake) -> str:
    facts = "  ".join(f"{value:>11}" for _, value in one.facts[:2])
    remarks = [*(["in the scene"] if one.chosen else []), *one.remarks]
    number = f"{one.take}.{one.part + 1}" if one.part else str(one.take)
    return f"take {number:<3} {facts}  {'; '.join(remarks)}".rstrip()


def _plain(one: MeasuredTake) -> dict[str, object]:
    return {
        "take": one.take,
        "part": one.part + 1,
        "path": os.path.relpath(one.path),
        "in_the_scene": one.chosen,
        "seconds": one.seconds,
        "facts": dict(one.facts),
        "remarks": list(one.remarks),
    }
