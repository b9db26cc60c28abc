"""``scenebuild validate``: all mistakes in scene files, and the warnings of the lint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain

if TYPE_CHECKING:
    from scenebuild.errors import Problem

DRIFTED = 3


@click.command("validate")
@options.scenes
@options.format_of_findings
@click.option("--locks-only", is_flag=True, help="Only check whether each lockfile matches its scene; exit 3 if not.")
@click.option(
    "--staged",
    is_flag=True,
    help="With --locks-only: only scenes that git would commit, whose locks it must commit as well.",
)
@options.quiet
def command(scenes: tuple[str, ...], style: str, locks_only: bool, staged: bool, quiet: bool) -> int:
    """Check scene files and say what is wrong, where, and what to do.

    The warnings of 'scenebuild lint' are shown as well and change nothing.
    Exit code 0: all are valid. 1: at least one is not.
    """
    from scenebuild.scene.check.findings import FORMATS
    from scenebuild.scene.project import find_scenes

    if staged and not locks_only:
        raise click.UsageError("--staged goes with --locks-only")
    paths = find_scenes(list(scenes))
    problems = _about_staged(paths) if staged else about_locks(paths) if locks_only else about_scenes(paths)
    if style == "text":
        tell(problems, len(paths), locks_only=locks_only, quiet=quiet)
    else:
        click.echo(FORMATS[style](problems), nl=False)
    return exit_code_of(problems, locks_only=locks_only)


def exit_code_of(problems: Sequence[Problem], *, locks_only: bool) -> int:
    """1 for mistakes; 3 if only locks were checked, and all of them can be read."""
    rules = {problem.rule for problem in problems if problem.severity == "error"}
    return DRIFTED if locks_only and rules == {"lock"} else 1 if rules else 0


def about_scenes(paths: list[str]) -> list[Problem]:
    """All mistakes in scene files, and the warnings of the lint."""
    from scenebuild.api import validate

    return validate(*paths)


def about_locks(paths: list[str]) -> list[Problem]:
    """What keeps scene files from being built as locked."""
    from scenebuild.plan.lock_checks import findings_about_locks

    return [problem for path in paths for problem in findings_about_locks(path, options.config_for([path]))]


def _about_staged(paths: list[str]) -> list[Problem]:
    """What a commit of the index as it is now would lack. A lock in the folder alone is not part of the commit."""
    from scenebuild.plan.lock_checks import findings_about_missing_locks
    from scenebuild.review.checkout.index import is_ignored, is_staged_as_it_is, staged_among

    staged = staged_among(paths)
    mine = [path for path in paths if staged(path)]
    missing = [findings_about_missing_locks(path, staged, is_staged_as_it_is, is_ignored) for path in mine]
    return [*about_locks(mine), *(problem for problems in missing for problem in problems)]


def tell(problems: Sequence[Problem], scenes: int, *, locks_only: bool, quiet: bool = False) -> None:
    """Print findings for people, and a verdict if there is no mistake."""
    from scenebuild.scene.check.findings import as_text

    shown = [problem for problem in problems if not quiet or problem.severity == "error"]
    if shown:
        complain(as_text(shown).rstrip("\n"))
    if not quiet and not exit_code_of(problems, locks_only=locks_only):
        verdict = ("matches its lock", "match their locks") if locks_only else ("is valid", "are valid")
        click.echo(f"1 scene {verdict[0]}" if scenes == 1 else f"{scenes} scenes {verdict[1]}")
