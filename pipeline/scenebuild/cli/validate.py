"""``scenebuild validate``: everything that is wrong with scene files, at once, and what the lint has to say."""

from __future__ import annotations

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe


@click.command("validate")
@options.scenes
@options.format_of_findings
@options.quiet
def command(scenes: tuple[str, ...], style: str, quiet: bool) -> int:
    """Check scene files and say what is wrong, where, and what to do.

    The warnings of 'scenebuild lint' are shown as well and change nothing.
    Exit code 0: all are valid. 1: at least one is not.
    """
    from scenebuild.plan.models import findings_about
    from scenebuild.scene.findings import FORMATS, as_text
    from scenebuild.scene.project import find_scenes

    paths = find_scenes(list(scenes))
    problems = [problem for path in paths for problem in findings_about(path)]
    valid = all(problem.severity == "warning" for problem in problems)
    if style != "text":
        click.echo(FORMATS[style](problems), nl=False)
        return 0 if valid else 1
    shown = [problem for problem in problems if not quiet or problem.severity == "error"]
    if shown:
        complain(as_text(shown).rstrip("\n"))
    if valid and not quiet:
        click.echo(safe(f"{len(paths)} {'scene is' if len(paths) == 1 else 'scenes are'} valid"))
    return 0 if valid else 1
