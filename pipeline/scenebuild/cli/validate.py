"""``scenebuild validate``: everything that is wrong with scene files, at once."""

from __future__ import annotations

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe


@click.command("validate")
@options.scenes
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "github", "sarif"]), default="text", show_default=True,
    help="text for people, json for programs, github for annotations in a workflow, sarif for code scanning.",
)  # fmt: skip
@options.quiet
def command(scenes: tuple[str, ...], style: str, quiet: bool) -> int:
    """Check scene files and say what is wrong, where, and what to do.

    Exit code 0: all are valid. 1: at least one is not.
    """
    from scenebuild.errors import Problem, SceneError
    from scenebuild.scene import findings
    from scenebuild.scene.project import find_scenes
    from scenebuild.scene.read import read_scene

    problems: list[Problem] = []
    paths = find_scenes(list(scenes))
    for path in paths:
        try:
            read_scene(path)
        except SceneError as error:
            problems.extend(error.problems)
    written = {
        "text": findings.as_text,
        "json": findings.as_json,
        "github": findings.as_github,
        "sarif": findings.as_sarif,
    }
    if style != "text":
        click.echo(written[style](problems), nl=False)
    elif problems:
        complain(findings.as_text(problems).rstrip("\n"))
    elif not quiet:
        click.echo(safe(f"{len(paths)} {'scene is' if len(paths) == 1 else 'scenes are'} valid"))
    return 1 if any(problem.severity == "error" for problem in problems) else 0
