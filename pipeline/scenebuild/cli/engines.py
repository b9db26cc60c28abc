"""``scenebuild engines``: what can make sound here."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import safe


@click.command("engines")
@options.json_output
def command(as_json: bool) -> None:
    """List the engines, what they make, and whether they can be used here."""
    from scenebuild.engines import REGISTRY, engine

    found = [(engine(name).facts, engine(name).state()) for name in REGISTRY]
    if as_json:
        plain = [
            {
                **asdict(facts),
                "parameters": sorted(facts.parameters),
                "environment": None,
                "state": asdict(state),
            }
            for facts, state in found
        ]
        click.echo(json.dumps({"version": 1, "engines": plain}, indent=2))
        return
    for facts, state in found:
        sound = f"{facts.sample_rate} Hz, {facts.channels} channels" if facts.sample_rate else "as recorded"
        ready = "ready" if state.ready else f"not ready: {state.reason}; {state.advice}"
        click.echo(safe(f"{facts.name:<9} {facts.fidelity:<9}  {sound}, licence {facts.licence}; {ready}"))
