"""``scenebuild diff``: what changed between two revisions, in words, numbers and sound."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, wants_colour
from scenebuild.errors import UsageError

if TYPE_CHECKING:
    from scenebuild.review.formats.page import ReviewPage
    from scenebuild.review.formats.write import ReviewFolder
    from scenebuild.review.model import Review, SceneReview
    from scenebuild.settings import Settings

STYLES = ("text", "md", "json", "html", "github", "sarif")
PATHS = "scenebuild.diff.paths"


class WithPaths(click.Command):
    """Takes the arguments after ``--`` as paths, as git does; click alone forgets where it was."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[PATHS] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


@click.command("diff", cls=WithPaths)
@click.argument("revisions", metavar="[BASE] [HEAD] [-- PATH...]", nargs=-1)
@click.option(
    "--format",
    "style",
    type=click.Choice(STYLES),
    default="text",
    show_default=True,
    help="text for people, md for a comment, json for programs, html for a page to listen to, github for annotations "
    "in a workflow, sarif for code scanning.",
)
@click.option(
    "-o",
    "--out",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Also write index.html, diff.md, diff.json and pictures there.",
)
@click.option("--video", is_flag=True, help="Also write a clip of before and after for each scene; needs --out.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something changed, as git does.")
@click.option("--locks-only", is_flag=True, help="Compare scenes and lockfiles alone, no sound.")
@options.store
@options.quiet
@options.colour
@click.pass_context
def command(
    ctx: click.Context,
    revisions: tuple[str, ...],
    style: str,
    out: str | None,
    video: bool,
    exit_code: bool,
    locks_only: bool,
    store: str | None,
    quiet: bool,
    colour: str,
) -> int:
    """Say what changed in each scene between two revisions, two folders or two builds.

    Without a revision: main...HEAD. With one: that revision and the files as they are. A..B and A...B are as in git.
    Takes come from the store; nothing is written except into --out and the store.
    """
    if video and out is None:
        raise UsageError("--video writes clips into a folder; name it: --out FOLDER")
    settings = options.settings_for((), options.Flags(store=store))
    page, folder = outputs(style, out, video=video, quiet=quiet)
    found = reviewed(revisions, ctx.meta[PATHS], settings, page, folder, locks_only=locks_only)
    if style == "text":
        hint = "" if revisions else "; what is not committed yet: scenebuild diff HEAD"
        tell(found, colour=colour, quiet=quiet, hint=hint)
    else:
        printed = page.html(found) if page is not None and style == "html" else _printed(style, found)
        click.echo(printed, nl=False, color=wants_colour(colour, sys.stdout))
    return 1 if exit_code and found else 0


def tell(found: Review, *, colour: str, quiet: bool = False, hint: str = "") -> None:
    """Print a review for people; ``hint`` follows the message that nothing changed."""
    from scenebuild.review.formats.text import as_text

    if quiet:
        return
    click.echo(as_text(found), nl=False, color=wants_colour(colour, sys.stdout))
    if not found:
        complain(f"nothing changed between {found.before} and {found.after}{hint}")


def outputs(style: str, out: str | None, *, video: bool, quiet: bool) -> tuple[ReviewPage | None, ReviewFolder | None]:
    """The page and the folder that ``--format html`` and ``--out`` ask for; None for each that is not needed.
    UsageError if clips cannot be made here."""
    if style != "html" and out is None:
        return None, None
    from scenebuild.review.formats.page import ReviewPage
    from scenebuild.review.formats.write import ReviewFolder

    tell = (lambda line: None) if quiet else complain
    return ReviewPage(), None if out is None else ReviewFolder(Path(out), video=video, tell=tell)


def reviewed(
    revisions: Sequence[str],
    paths: Sequence[str],
    settings: Settings,
    page: ReviewPage | None,
    folder: ReviewFolder | None,
    *,
    locks_only: bool = False,
) -> Review:
    """All changes. Each scene is added to the page and to the folder while its sound files exist."""
    from scenebuild.review.compare.revisions import compare_revisions

    asked = compare_revisions(revisions, paths, settings, locks_only=locks_only, capture_stems=page is not None)
    with asked as (comparison, changes):
        for note in comparison.notes:
            complain(note)
        scenes: list[SceneReview] = []
        with closing(changes.scenes):
            for changed in changes.scenes:
                scenes.append(changed.review)
                if page is not None:
                    page.add(changed)
                if folder is not None:
                    folder.add(changed)
    found = changes.review(scenes)
    if folder is not None and page is not None:
        folder.write(found, page)
    return found


def _printed(style: str, found: Review) -> str:
    if style == "json":
        from scenebuild.review.formats.json import as_json

        return as_json(found)
    if style == "md":
        from scenebuild.review.formats.markdown import as_markdown

        return as_markdown(found)
    from scenebuild.review.formats.annotations import RULES, findings_of
    from scenebuild.scene.check.findings import as_github, as_sarif

    problems = findings_of(found)
    return as_github(problems) if style == "github" else as_sarif(problems, RULES)
