"""``scenebuild watch``: builds on every save, and serves a page on 127.0.0.1 whose faders write into the scene."""

from __future__ import annotations

import sys

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import NORMAL, QUIET, VERBOSE, Terminal, complain, wants_colour


@click.command("watch")
@click.argument("scene", type=click.Path(readable=False))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port of the page.  [default: a free one]")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@options.engine
@options.model
@options.precision
@options.store
@options.chosen
@options.out
@options.template
@options.stems
@options.jobs
@options.device
@options.exact
@options.speaking
@options.as_flags
def command(scene: str, port: int, opens: bool, quiet: bool, verbose: bool, colour: str, flags: options.Flags) -> None:
    """Build SCENE again whenever it is saved, and serve its page on 127.0.0.1.

    Faders, pans, mutes and starts on that page are written into the scene file, one line each. Ctrl-C ends it.
    """
    from scenebuild.watch.loop import watch

    def opened(address: str) -> None:
        click.echo(address)
        if opens:
            import webbrowser

            webbrowser.open(address)

    loudness = QUIET if quiet else VERBOSE if verbose else NORMAL
    with Terminal(loudness=loudness, colour=wants_colour(colour, sys.stdout)) as terminal:
        watch(scene, lambda: options.settings_for([scene], flags), terminal, complain, port=port, opened=opened)
