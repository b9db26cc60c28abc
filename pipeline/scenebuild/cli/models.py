"""``scenebuild models``: list, fetch, check and find weights."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe

name_argument = click.argument("name")


@click.group("models")
def command() -> None:
    """List, fetch, check and find the weights of models."""


@command.command("list")
@options.json_output
def list_(as_json: bool) -> None:
    """List the models with the commit they are pinned to, their licence, and whether they are here."""
    from scenebuild.engines.audiocraft.models import models

    plain = [_plain(one) for one in models()]
    if as_json:
        click.echo(json.dumps({"version": 1, "models": plain}, indent=2))
        return
    for one in plain:
        here = "here" if one["here"] else "not here"
        sound = f"{one['sample_rate'] / 1000:g} kHz {'stereo' if one['channels'] == 2 else 'mono'}"
        click.echo(
            safe(
                f"{one['id']:<31} {one['engine']:<8}  {sound:<13}  {one['licence']:<12}  "
                f"{one['revision'][:12]:<12}  {here}"
            )
        )


@command.command("fetch")
@name_argument
def fetch_(name: str) -> None:
    """Download the weights NAME at their pinned commit into the cache of huggingface_hub, and check them.

    HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured. An interrupted download continues where it
    stopped. For a checkpoint of your own: record its bytes as they are now.
    """
    from scenebuild.engines.audiocraft.fetch import fetch
    from scenebuild.engines.audiocraft.models import model
    from scenebuild.licences import forbids_commerce

    found = fetch(model(name), complain, bars=sys.stderr.isatty())
    click.echo(
        safe(
            f"{found.id} is here, at {found.revision}; non-commercial use only"
            if forbids_commerce(found.licence)
            else f"{found.id} is here, at {found.revision}"
        )
    )


@command.command("verify")
@click.argument("name", required=False)
@options.json_output
def verify_(name: str | None, as_json: bool) -> int:
    """Read every byte of the weights NAME, or of all that are here, and compare with what was first recorded.

    Exit code 3 if a file has changed, or contains code.
    """
    from scenebuild.engines.audiocraft.models import model, models
    from scenebuild.engines.audiocraft.weights import LocatedWeights, located, verified
    from scenebuild.errors import DigestError

    wanted = [model(name)] if name else [one for one in models() if isinstance(located(one), LocatedWeights)]
    results: dict[str, str] = {}
    for one in wanted:
        try:
            verified(one)
            results[one.id] = ""
        except DigestError as error:
            results[one.id] = str(error)
    if as_json:
        plain = [{"id": one, "fine": not wrong, "error": wrong or None} for one, wrong in results.items()]
        click.echo(json.dumps({"version": 1, "models": plain}, indent=2))
    else:
        _say(results)
    return DigestError.exit_code if any(results.values()) else 0


@command.command("path")
@name_argument
@options.json_output
def path_(name: str, as_json: bool) -> None:
    """Print the folder of the weights NAME; exit code 1 if they are not here."""
    from scenebuild.engines.audiocraft.models import model
    from scenebuild.engines.audiocraft.weights import MissingWeights, located
    from scenebuild.errors import EngineError

    found = located(model(name))
    if isinstance(found, MissingWeights):
        raise EngineError(f"{found.reason}; {found.advice}")
    if as_json:
        click.echo(json.dumps({"version": 1, **asdict(found)}, indent=2))
    else:
        click.echo(found.folder)


def _say(results: dict[str, str]) -> None:
    for one, wrong in results.items():
        if wrong:
            complain(wrong)
        else:
            click.echo(safe(f"{one} is unchanged"))
    if not results:
        complain("no weights are here; 'scenebuild models list' names them, 'scenebuild models fetch NAME' gets them")


def _plain(one: Any) -> dict[str, Any]:
    from scenebuild.engines.audiocraft.weights import LocatedWeights, located

    return {**asdict(one), "here": isinstance(located(one), LocatedWeights)}
