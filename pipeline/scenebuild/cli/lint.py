"""``scenebuild lint``: prompts that a model will misunderstand, with a better wording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe

if TYPE_CHECKING:
    from scenebuild.errors import Problem


@click.command("lint")
@options.scenes
@options.format_of_findings
@click.option("--strict", is_flag=True, help="Exit with 1 for a warning, too.")
@options.quiet
def command(scenes: tuple[str, ...], style: str, strict: bool, quiet: bool) -> int:
    """Look for prompts that will not sound as they are meant, and say what to write instead.

    A comment on the line of a prompt, '# scenebuild: ignore=prompt-music', silences one rule there.
    Exit code 0: no errors. 1: a scene is not valid, or --strict and there are warnings.
    """
    from scenebuild.scene.project import find_scenes

    paths = find_scenes(list(scenes))
    problems = about_prompts(paths)
    tell(problems, len(paths), style, quiet=quiet)
    return exit_code_of(problems, strict=strict)


def about_prompts(paths: list[str]) -> list[Problem]:
    """The warnings of the lint about scene files, and their mistakes."""
    from scenebuild.plan.models import findings_about

    return [problem for path in paths for problem in findings_about(path)]


def tell(problems: Sequence[Problem], scenes: int, style: str = "text", *, quiet: bool = False) -> None:
    """Print findings; as text, also if there are none."""
    from scenebuild.scene.check.findings import FORMATS

    click.echo(safe(FORMATS[style](problems)), nl=False)
    if style == "text" and not problems and not quiet:
        click.echo(f"no warnings in {scenes} {'scene' if scenes == 1 else 'scenes'}", err=True)


def exit_code_of(problems: Sequence[Problem], *, strict: bool) -> int:
    """1 for a mistake, and with ``strict`` for a warning, too."""
    return 1 if any(strict or problem.severity == "error" for problem in problems) else 0
