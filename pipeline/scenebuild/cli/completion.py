"""``scenebuild completion``: the script that lets a shell complete the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: eval "$(scenebuild completion bash)"    in ~/.bashrc
    zsh:  eval "$(scenebuild completion zsh)"     in ~/.zshrc
    fish: scenebuild completion fish | source     in ~/.config/fish/config.fish
    """
    from scenebuild.cli import program

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(program, {}, "scenebuild", "_SCENEBUILD_COMPLETE").source())
