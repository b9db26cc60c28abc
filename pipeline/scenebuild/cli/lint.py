"""``scenebuild lint``: prompts that a model will not understand as they are meant, with a better wording."""

from __future__ import annotations

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe


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
    from scenebuild.plan.models import findings_about
    from scenebuild.scene.check.findings import FORMATS
    from scenebuild.scene.project import find_scenes

    paths = find_scenes(list(scenes))
    problems = [problem for path in paths for problem in findings_about(path)]
    click.echo(safe(FORMATS[style](problems)), nl=False)
    if style == "text" and not problems and not quiet:
        click.echo(f"no warnings in {len(paths)} {'scene' if len(paths) == 1 else 'scenes'}", err=True)
    return 1 if any(strict or problem.severity == "error" for problem in problems) else 0
