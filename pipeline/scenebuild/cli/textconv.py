"""``scenebuild textconv``: the text of locks and sounds for ``git diff``."""

from __future__ import annotations

import click


@click.command("textconv")
@click.argument("file", type=click.Path())
def command(file: str) -> None:
    """Print a lockfile or a sound as lines of text, for 'git diff' to compare.

    FILE is a lockfile or a sound (WAV, FLAC, Ogg, MP3). 'scenebuild init --git' lets git call it.
    """
    from scenebuild.review.textconv import text_of

    # Always exit code 0: if a text conversion fails, git ends the whole diff, with all files after this one.
    # Bytes, because git reads UTF-8 whatever the locale is.
    click.echo(text_of(file).encode("utf-8", "backslashreplace"), nl=False)
