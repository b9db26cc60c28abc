"""``scenebuild diff``: what changed between two revisions, in words, numbers and sound."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, wants_colour
from scenebuild.errors import UsageError

if TYPE_CHECKING:
    from scenebuild.review.checkout.comparison import Comparison
    from scenebuild.review.compare.measurements import Listening
    from scenebuild.review.formats.page import ReviewPage
    from scenebuild.review.formats.write import ReviewFolder
    from scenebuild.review.model import Review

STYLES = ("text", "md", "json", "html", "github", "sarif")
PATHS = "scenebuild.diff.paths"


class WithPaths(click.Command):
    """Takes what stands behind ``--`` as paths, as git does; click alone would forget where it stood."""

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
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something changed, as git does.")
@click.option("--locks-only", is_flag=True, help="Look at scenes and lockfiles alone, at no sound.")
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

    Without a revision: main...HEAD. With one: that revision against the files as they are. A..B and A...B are as in
    git. Takes come from the store; nothing is written but into --out and the store.
    """
    from scenebuild.review.checkout.comparison import opened
    from scenebuild.review.compare.measurements import Listening

    if video and out is None:
        raise UsageError("--video writes clips into a folder; name it: --out FOLDER")
    settings = options.settings_for((), store=store)
    listening = Listening(settings.store, settings.jobs, locks_only)
    with opened(revisions, ctx.meta[PATHS]) as between:
        if len(revisions) == 2 and not between.builds and all(map(os.path.isdir, revisions)):  # two projects
            stores = {side.root: settings.within(side.root).store for side in (between.before, between.after)}
            listening = replace(listening, stores=stores)
        for note in between.notes:
            complain(note)
        desk, folder = _collectors(style, out, video, quiet)
        if desk is not None:
            listening = replace(listening, keep=(folder or desk).keep, show=desk.side)
        found = _reviewed(between, listening, desk)
    if folder is not None:
        folder.write(found)
    printed = desk.page(found) if desk is not None and style == "html" else _printed(style, found)
    if style != "text" or not quiet:
        click.echo(printed, nl=False, color=wants_colour(colour, sys.stdout))
    if not found and style == "text" and not quiet:
        hint = "" if revisions else "; what is not committed yet: scenebuild diff HEAD"
        complain(f"nothing changed between {found.before} and {found.after}{hint}")
    return 1 if exit_code and found else 0


def _collectors(style: str, out: str | None, video: bool, quiet: bool) -> tuple[ReviewPage | None, ReviewFolder | None]:
    """What keeps the sound of scenes, where something to look at is asked for."""
    if style != "html" and out is None:
        return None, None
    from scenebuild.review.formats.page import ReviewPage
    from scenebuild.review.formats.write import ReviewFolder

    desk = ReviewPage()
    tell = (lambda line: None) if quiet else complain
    return desk, ReviewFolder(Path(out), desk, video=video, tell=tell) if out is not None else None


def _reviewed(between: Comparison, listening: Listening, desk: ReviewPage | None) -> Review:
    if between.builds:
        from scenebuild.review.compare.builds import Watching, review_builds

        return review_builds(between, Watching(listening.keep, desk.build) if desk and listening.keep else None)
    from scenebuild.review.compare.compare import review

    return review(between, listening)


def _printed(style: str, found: Review) -> str:
    if style == "json":
        from scenebuild.review.formats.json import as_json

        return as_json(found)
    if style == "md":
        from scenebuild.review.formats.markdown import as_markdown

        return as_markdown(found)
    if style in ("github", "sarif"):
        return _as_findings(style, found)
    from scenebuild.review.formats.text import as_text

    return as_text(found)


def _as_findings(style: str, found: Review) -> str:
    from scenebuild.review.formats.annotations import RULES, findings_of
    from scenebuild.scene.check.findings import as_github, as_sarif

    problems = findings_of(found)
    return as_github(problems) if style == "github" else as_sarif(problems, RULES)
