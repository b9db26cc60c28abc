"""``scenebuild test``: whether the expectations of scenes hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import Complaints, complain, safe

if TYPE_CHECKING:
    from scenebuild.expect.tested import TestedScene


@click.command("test")
@options.scenes
@options.engine
@options.store
@options.chosen
@click.option(
    "--junit", type=click.Path(dir_okay=False), help="Also write the verdicts into this file, for a CI server."
)
@options.json_output
@options.quiet
@options.as_flags
def command(scenes: tuple[str, ...], junit: str | None, as_json: bool, quiet: bool, flags: options.Flags) -> int:
    """Check takes and mixes against the 'expect' fields of their scenes.

    Nothing is generated and no file of a build changes: takes come from the store, mixes are rendered elsewhere.
    Exit code 0: all expectations hold. 1: at least one does not, or a take is missing.
    """
    from scenebuild.commands.test import check_scenes

    with options.refusal_as_json(as_json):
        tested = check_scenes(scenes, options.settings_for(scenes, flags), Complaints())
    if junit is not None:
        from scenebuild.expect.junit import junit as as_junit
        from scenebuild.files import publish_bytes

        publish_bytes(junit, as_junit(tested).encode())
    if as_json:
        click.echo(json.dumps({"version": 1, "scenes": [one.plain() for one in tested]}, indent=2, ensure_ascii=False))
    for one in () if as_json else tested:
        for line in (*map(str, (verdict for verdict in one.verdicts if not verdict.holds)), *one.errors):
            complain(line)
        if not quiet:
            click.echo(safe(f"{one.scene}  {_sum(one)}"))
    return 0 if all(one.holds for one in tested) else 1


def _sum(one: TestedScene) -> str:
    if one.errors:
        return "not tested"
    count, holding = len(one.verdicts), sum(verdict.holds for verdict in one.verdicts)
    if not count:
        return "expects nothing"
    if count == 1:
        return "its expectation holds" if holding else "its expectation does not hold"
    return f"{holding} of {count} expectations hold"
