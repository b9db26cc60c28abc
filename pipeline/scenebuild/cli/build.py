"""``scenebuild build``, which is also what ``scenebuild SCENE...`` does."""

from __future__ import annotations

import json
import sys

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import NORMAL, QUIET, VERBOSE, Terminal, wants_colour


@click.command("build")
@options.scenes
@options.choosing
@options.chosen
@options.out
@options.template
@options.stems
@options.solo
@options.mute
@click.option("-n", "--dry-run", is_flag=True, help="Print the plan and do nothing.")
@options.jobs
@options.device
@options.exact
@click.option("-k", "--keep-going", is_flag=True, help="Build what can be built when something fails.")
@options.json_output
@options.speaking
@options.as_flags
def command(
    scenes: tuple[str, ...], dry_run: bool, as_json: bool, quiet: bool, verbose: bool, colour: str, flags: options.Flags
) -> int:
    """Build scenes: generate what is missing, mix, write the README.

    A SCENE is a file, or a folder of them. The result is build/<scene>/<scene>.wav, a README.md with pictures beside
    it, and a lockfile beside the scene, to be committed to git. With --solo and --mute it is build/<scene>/listen.wav
    and nothing else.
    """
    if dry_run:
        from scenebuild.cli.plan import print_plan

        return print_plan(scenes, as_json=as_json, colour=colour, flags=flags)
    loudness = QUIET if quiet else VERBOSE if verbose else NORMAL
    with (
        options.refusal_as_json(as_json),
        Terminal(loudness=loudness, colour=wants_colour(colour, sys.stdout), results=not as_json) as terminal,
    ):
        settings = options.settings_for(scenes, flags)
        if flags.solo or flags.mute:
            from scenebuild.commands.listen import Part, listen

            result = listen(scenes, Part(frozenset(flags.solo), frozenset(flags.mute)), settings, terminal)
        else:
            from scenebuild.build import build

            result = build(scenes, settings, terminal)
    if as_json:
        click.echo(json.dumps(result.plain(), indent=2, ensure_ascii=False))
    return result.exit_code
