"""``scenebuild engines``: the engines that make sound."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe
from scenebuild.engines import AUTO
from scenebuild.errors import UsageError

if TYPE_CHECKING:
    from scenebuild.engines import EngineFacts, EngineState


@click.command("engines")
@click.argument("name", required=False)
@click.option(
    "--explain",
    metavar="PROMPT",
    help=f"Say what {AUTO[-1]} understands of a prompt: 'engines {AUTO[-1]} --explain …'.",
)
@options.json_output
def command(name: str | None, explain: str | None, as_json: bool) -> None:
    """List the engines, or the one called NAME: what they make, and whether they can be used here."""
    from scenebuild.engines import all_engines, is_engine

    if explain is not None:
        click.echo(safe(_explained(name, explain)))
        return
    if name is not None and not is_engine(name):
        raise UsageError(f"there is no engine {name!r}; there are: {', '.join(all_engines())}")
    found = list(_found(all_engines() if name is None else [name]))
    if as_json:
        plain = [
            {**_plain(facts), "parameters": sorted(facts.parameters), "environment": None, "state": asdict(state)}
            for facts, state in found
        ]
        click.echo(json.dumps({"version": 1, "engines": plain}, indent=2))
        return
    for facts, state in found:
        sound = f"{facts.sample_rate} Hz, {facts.channels} channels" if facts.sample_rate else "as recorded"
        ready = "ready" if state.ready else f"not ready: {state.reason}; {state.advice}"
        click.echo(safe(f"{facts.name:<9} {facts.fidelity:<9}  {sound}, licence {facts.licence}; {ready}"))


def _found(names: Iterable[str]) -> Iterator[tuple[EngineFacts, EngineState]]:
    """The engines that can be loaded; a broken package is one line on stderr."""
    from scenebuild.engines import engine
    from scenebuild.errors import EngineError

    for name in names:
        try:
            found = engine(name)
        except EngineError as error:
            complain(str(error))
            continue
        yield found.facts, found.state()


def _plain(facts: EngineFacts) -> dict[str, Any]:
    return {name: value for name, value in asdict(facts).items() if name != "trained_on"}


def _explained(name: str | None, prompt: str) -> str:
    """What the sketch engine understands of a prompt; models cannot say what they understand."""
    if name not in (None, AUTO[-1]):
        raise UsageError(f"{name} cannot explain a prompt; try 'scenebuild engines {AUTO[-1]} --explain …'")
    from scenebuild.engines.sketch.prompt import explain, read, warnings

    return "\n".join([explain(prompt).rstrip("\n"), *warnings(read(prompt))])
