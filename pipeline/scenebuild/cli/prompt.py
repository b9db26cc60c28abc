"""``scenebuild prompt``: a prompt from its parts, as an element of a scene."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe
from scenebuild.errors import UsageError

if TYPE_CHECKING:
    from scenebuild.scene.phrase import PromptParts

QUESTIONS = {
    "source": "What sounds? (a dog barking, rain, footsteps)",
    "where": "Where? (behind a fence, on a tin roof; Enter for nowhere)",
    "quality": "How is it? (large, steady, old wooden; Enter for nothing)",
    "dynamics": "What does it do? (coming closer, now and then; Enter for nothing)",
}


@click.command("prompt")
@click.argument("scene", required=False, type=click.Path(readable=False))
@click.option("--source", help="What sounds: a dog barking, rain, footsteps.")
@click.option("--where", help="Where it is: behind a fence, on a tin roof.")
@click.option("--quality", help="How it is: large, steady, old wooden.")
@click.option("--dynamics", help="What it does: coming closer, now and then.")
@click.option("--name", help="The name of the element.  [default: from what sounds]")
@click.option("--duration", type=float, help="Seconds generated.")
@click.option("--loop", is_flag=True, help="Fill the scene with it.")
def command(scene: str | None, name: str | None, duration: float | None, loop: bool, **parts: str | None) -> None:
    """Put a prompt together from the parts that models understand: source, place, quality, dynamics.

    On a terminal it asks for the parts. Prints the element; with SCENE, adds it to that file and changes nothing else.
    The warnings of 'scenebuild lint' about the prompt are printed too.
    """
    from scenebuild.commands.rewrite import add_element, element_fault
    from scenebuild.scene.phrase import name_for, prompt_of

    wish = _wish(parts)
    taken = _names(scene) if scene else frozenset()
    name = name or name_for(wish.source, taken)
    if name in taken:
        raise UsageError(f"--name {name}: {scene} has such an element; choose another name")
    fields: dict[str, str | float | bool] = {"prompt": prompt_of(wish)}
    fields |= {} if duration is None else {"duration": duration}
    fields |= {"loop": True} if loop else {}
    if fault := element_fault(name, fields):
        raise UsageError(fault)
    _advise(str(fields["prompt"]))
    if scene is None:
        click.echo(safe(_element(name, fields)), nl=False)
        return
    added = add_element(scene, name, fields)
    click.echo(safe(f"{options.shown_path(added.path)}:{added.line}: {name}: {fields['prompt']}"))


def _wish(parts: dict[str, str | None]) -> PromptParts:
    from scenebuild.scene.phrase import PromptParts

    answers = dict(parts)
    if not any(parts.values()) and sys.stdin.isatty():
        for part, question in QUESTIONS.items():
            answers[part] = click.prompt(question, default=None if part == "source" else "", show_default=False)
    if not (answers["source"] or "").strip():
        raise UsageError("--source: say what sounds, such as --source 'a dog barking' --where 'behind a fence'")
    return PromptParts(**{part: (answer or "").strip() for part, answer in answers.items()})


def _names(scene: str) -> frozenset[str]:
    from scenebuild.scene.read import read_scene

    return frozenset(element.name for element in read_scene(scene).elements)


def _advise(prompt: str) -> None:
    from scenebuild.engines import AUTO
    from scenebuild.scene.lint.check import broken_rules

    for rule, sentence in broken_rules(prompt, AUTO[0]):
        complain(f"warning: {sentence} ({rule})")


def _element(name: str, fields: dict[str, str | float | bool]) -> str:
    from scenebuild.scene.yaml.edit import scalar

    return f"{name}:\n" + "".join(f"  {field}: {scalar(value)}\n" for field, value in fields.items())
