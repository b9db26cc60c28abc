"""``scenebuild engines``: what can make sound here."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe
from scenebuild.errors import UsageError


@click.command("engines")
@click.argument("name", required=False)
@click.option(
    "--explain", metavar="PROMPT", help="Say what sketch understands of a prompt: 'engines sketch --explain …'."
)
@options.json_output
def command(name: str | None, explain: str | None, as_json: bool) -> None:
    """List the engines, or the one called NAME: what they make, and whether they can be used here."""
    from scenebuild.engines import REGISTRY, engine

    if explain is not None:
        click.echo(safe(_explained(name, explain)))
        return
    if name is not None and name not in REGISTRY:
        raise UsageError(f"there is no engine {name!r}; there are: {', '.join(REGISTRY)}")
    names = [one for one in REGISTRY if name in (None, one)]
    found = [(engine(one).facts, engine(one).state()) for one in names]
    if as_json:
        plain = [
            {**asdict(facts), "parameters": sorted(facts.parameters), "environment": None, "state": asdict(state)}
            for facts, state in found
        ]
        click.echo(json.dumps({"version": 1, "engines": plain}, indent=2))
        return
    for facts, state in found:
        sound = f"{facts.sample_rate} Hz, {facts.channels} channels" if facts.sample_rate else "as recorded"
        ready = "ready" if state.ready else f"not ready: {state.reason}; {state.advice}"
        click.echo(safe(f"{facts.name:<9} {facts.fidelity:<9}  {sound}, licence {facts.licence}; {ready}"))


def _explained(name: str | None, prompt: str) -> str:
    """What the sketch engine heard in the words; the models do not say what they understand."""
    if name not in (None, "sketch"):
        raise UsageError(f"{name} can not explain a prompt; try 'scenebuild engines sketch --explain …'")
    from scenebuild.engines.sketch.words import explain, read, warnings

    return "\n".join([explain(prompt).rstrip("\n"), *warnings(read(prompt))])
