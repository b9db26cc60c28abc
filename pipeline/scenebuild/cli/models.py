"""``scenebuild models``: list, fetch, check and find weights."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import NORMAL, Terminal, complain, safe
from scenebuild.engines.audiocraft.verdict import COMPARED

name_argument = click.argument("name")


@click.group("models")
def command() -> None:
    """List, fetch, check and find the weights of models."""


@command.command("list")
@options.json_output
def list_(as_json: bool) -> None:
    """List the models with the commit they are pinned to, their licence, and whether they are here."""
    from scenebuild.engines.audiocraft.hub.models import models

    plain = [_plain(one) for one in models()]
    if as_json:
        click.echo(json.dumps({"version": 1, "models": plain}, indent=2))
        return
    for one in plain:
        here = "here" if one["here"] else "not here"
        sound = f"{one['sample_rate'] / 1000:g} kHz {'stereo' if one['channels'] == 2 else 'mono'}"
        click.echo(
            safe(
                f"{one['id']:<37} {one['engine']:<8}  {sound:<13}  {one['licence']:<12}  "
                f"{one['revision'][:12]:<12}  {here}"
            )
        )
        for verdict in one["verdicts"].values():
            click.echo(safe(f"    {verdict}"))


@command.command("fetch")
@name_argument
def fetch_(name: str) -> None:
    """Download the weights NAME at their pinned commit into the cache of huggingface_hub, and check them.

    HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured. An interrupted download continues where it
    stopped. For a checkpoint of your own: record its bytes as they are now.
    """
    from scenebuild.engines.audiocraft.hub.fetch import fetch
    from scenebuild.engines.audiocraft.hub.models import model
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
    from scenebuild.engines.audiocraft.hub.models import model, models
    from scenebuild.engines.audiocraft.hub.weights import LocatedWeights, located, verified
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
    from scenebuild.engines.audiocraft.hub.models import model
    from scenebuild.engines.audiocraft.hub.weights import MissingWeights, located
    from scenebuild.errors import EngineError

    found = located(model(name))
    if isinstance(found, MissingWeights):
        raise EngineError(f"{found.reason}; {found.advice}")
    if as_json:
        click.echo(json.dumps({"version": 1, **asdict(found)}, indent=2))
    else:
        click.echo(found.folder)


@command.command("compare")
@name_argument
@click.option(
    "--precision",
    type=click.Choice(COMPARED),
    default=COMPARED[0],
    show_default=True,
    help="The number format that is compared with fp32.",
)
@click.option(
    "--prompts",
    "file",
    type=click.File(encoding="utf-8", errors="replace"),
    help="A file with one prompt a line.  [default: six prompts of ours]",
)
@click.option("--seconds", type=click.FloatRange(1, 30), default=5.0, show_default=True, help="How long each take is.")
@options.json_output
def compare_(name: str, precision: str, file: TextIO | None, seconds: float, as_json: bool) -> None:
    """Measure how takes of the weights NAME in another precision differ from those in fp32, and keep the result.

    Every prompt is made three times on the CPU: in fp32, in the other precision, and in fp32 with another seed. That
    difference is what the verdict is measured by. A build with --precision, 'models list' and 'doctor' show it.
    """
    from scenebuild.commands.compare_precision import PROMPTS, compare_precision
    from scenebuild.engines.audiocraft.hub.models import model
    from scenebuild.errors import UsageError
    from scenebuild.settings import GenerateOptions

    wanted = model(name)
    prompts = PROMPTS[wanted.engine] if file is None else tuple(filter(None, map(str.strip, file)))
    if not prompts:
        raise UsageError("--prompts: the file has no prompt; write one a line")
    with Terminal(loudness=NORMAL, colour=False) as terminal:
        found = compare_precision(wanted, precision, prompts, seconds, GenerateOptions(device="cpu"), terminal)
    if as_json:
        click.echo(json.dumps({"version": 1, "id": wanted.id, **asdict(found), "verdict": found.line}, indent=2))
        return
    for one in found.measures:
        click.echo(safe(f"{one.name:<36} {precision} {one.precision:6.2f} {one.unit}   another seed {one.seed:6.2f}"))
    click.echo(safe(f"same codes as fp32 for the first {found.same_until_s:g} s of {seconds:g} s (median)"))
    click.echo(safe(found.line))


def _say(results: dict[str, str]) -> None:
    for one, wrong in results.items():
        if wrong:
            complain(wrong)
        else:
            click.echo(safe(f"{one} is unchanged"))
    if not results:
        complain("no weights are here; 'scenebuild models list' names them, 'scenebuild models fetch NAME' gets them")


def _plain(one: Any) -> dict[str, Any]:
    from scenebuild.engines.audiocraft.hub.weights import LocatedWeights, located

    here = isinstance(located(one), LocatedWeights)
    return {**asdict(one), "here": here, "verdicts": _verdicts(one) if here else {}}


def _verdicts(one: Any) -> dict[str, str]:
    """What was measured of each precision here, in one line."""
    from scenebuild.engines.audiocraft.verdict import verdict_of

    found = {precision: verdict_of(one, precision) for precision in COMPARED}
    return {precision: verdict.line for precision, verdict in found.items() if verdict}
