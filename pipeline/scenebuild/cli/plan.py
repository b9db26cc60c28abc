"""``scenebuild plan``: what a build would do and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe, wants_colour
from scenebuild.plan.steps import Plan, Step

COLOURS = {"hit": "cyan", "locked": "green", "miss": "yellow"}


@click.command("plan")
@options.scenes
@options.choosing
@options.chosen
@options.json_output
@options.colour
@options.as_flags
def command(scenes: tuple[str, ...], as_json: bool, colour: str, flags: options.Flags) -> int:
    """Say for each element whether its take exists, and why not.

    hit: made before. locked: pinned by the lockfile and in the store. miss: to be made.
    """
    return print_plan(scenes, as_json=as_json, colour=colour, flags=flags)


def print_plan(scenes: Sequence[str], *, as_json: bool, colour: str, flags: options.Flags) -> int:
    """Plan and print; the exit code is 0 whatever has to be made."""
    with options.refusal_as_json(as_json):
        settings = options.settings_for(scenes, flags)
        if flags.solo or flags.mute:
            from scenebuild.commands.listen import Part, plan_part

            plans = plan_part(scenes, Part(frozenset(flags.solo), frozenset(flags.mute)), settings)
        else:
            from scenebuild.build import plan

            plans = plan(scenes, settings)
    if as_json:
        click.echo(json.dumps(_plain(plans), indent=2, ensure_ascii=False))
    else:
        for path, one in plans.items():
            _print(path, one, wants_colour(colour, sys.stdout))
    return 0


def _print(path: str, plan: Plan, colour: bool) -> None:
    click.echo(safe(path))
    width = max(len(step.name) for step in plan.steps)
    for step in plan.steps:
        status = click.style(f"{step.status:<6}", fg=COLOURS[step.status])
        line = f"  {status}  {step.name:<{width}}  {step.facts.name:<9} {safe(_reason(step))}"
        click.echo(line, color=colour)
    for name in plan.gone:
        click.echo(f"  gone    {safe(name)}: in the lock, no longer in the scene")


def _reason(step: Step) -> str:
    return f"{step.told}; {step.obstacle.message}" if step.obstacle else step.told


def _plain(plans: Mapping[str, Plan]) -> dict[str, Any]:
    """The object of ``build --json``, with the plan in place of the result."""
    from scenebuild.plan.steps import count
    from scenebuild.result import JSON_VERSION

    scenes = [
        {
            "scene": path,
            "preview": plan.is_preview,
            "elements": [_element(step) for step in plan.steps],
            "gone": plan.gone,
        }
        for path, plan in plans.items()
    ]
    return {"version": JSON_VERSION, "generated": count(plans.values()), "scenes": scenes}


def _element(step: Step) -> dict[str, Any]:
    base = {"base": {"key": step.base.key, "digest": step.base.digest}} if step.base else {}
    return {
        "name": step.name,
        "engine": step.facts.name,
        "key": step.key,
        "digest": step.record.digest if step.record else step.digest,
        "status": step.status,
        "reason": _reason(step),
        **base,
    }
