"""Options that several verbs share, and the settings they add up to."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import click

from scenebuild.cli.terminal import complain
from scenebuild.config import PRECISIONS, Config, check_device, fallback_store, read_config, user_folder
from scenebuild.errors import ScenebuildError, UsageError
from scenebuild.result import refused
from scenebuild.settings import GenerateOptions, OutputOptions, PlanOptions, Settings

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., Any])

LONGEST_VALUE = 2000  # of a parameter: as long as a prompt may be
# click does not check these: a path that cannot be read gets our own message, and a build works without a store.
_PATH = click.Path(readable=False)

scenes = click.argument("scenes", metavar="SCENE...", nargs=-1, required=True, type=_PATH)
json_output = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else there."
)
format_of_findings = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations in a workflow, sarif for code scanning.",
)
colour = click.option(
    "--color",
    "--colour",
    "colour",
    envvar="SCENEBUILD_COLOR",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="When to use colours. NO_COLOR and FORCE_COLOR are honoured.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Say more: a line for each element.")
store = click.option(
    "--store", type=_PATH, envvar="SCENEBUILD_STORE", help="The folder of the store.  [default: in the user's cache]"
)
engine = click.option(
    "--engine",
    metavar="NAME",
    envvar="SCENEBUILD_ENGINE",
    help="Make every prompt with this engine, whatever the scene says.",
)
model = click.option(
    "--model",
    metavar="NAME",
    envvar="SCENEBUILD_MODEL",
    help="Use this model for all elements of its engine, whatever the scene says.",
)
precision = click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    envvar="SCENEBUILD_PRECISION",
    help="The number format in which models compute; int8 is fastest on a CPU. Part of a take's key.  [default: auto: "
    "fp16 on CUDA, else fp32]",
)
frozen = click.option(
    "--frozen", is_flag=True, help="Build only what the lockfile says; exit 3 with the names of what drifted."
)
force = click.option("-f", "--force", is_flag=True, help="Make every take again.")
force_element = click.option(
    "--force-element", metavar="NAME", multiple=True, help="Make this element's take again. Repeatable."
)

chosen = click.option(
    "--set",
    "chosen",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give a parameter of the scenes another value. Repeatable; changes no lock.",
)

solo = click.option("--solo", metavar="NAME", multiple=True, help="Listen to this element or bus alone. Repeatable.")
mute = click.option("--mute", metavar="NAME", multiple=True, help="Listen without this element or bus. Repeatable.")
out = click.option(
    "-o",
    "--out",
    type=click.Path(),
    envvar="SCENEBUILD_OUT",
    help="Build into this folder.  [default: build/ in the project]",
)
out_below = click.option(
    "-o",
    "--out",
    type=click.Path(),
    envvar="SCENEBUILD_OUT",
    help="Write below this folder.  [default: build/ in the project]",
)
template = click.option(
    "--template", type=click.Path(), envvar="SCENEBUILD_TEMPLATE", help="A Jinja template of your own for the README."
)
stems = click.option("--stems", is_flag=True, help="Also write one file an element; together they are the mix.")
jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    envvar="SCENEBUILD_JOBS",
    help="How many takes to make at once.  [default: one a core]",
)
device = click.option(
    "--device",
    metavar="NAME",
    envvar="SCENEBUILD_DEVICE",
    help="Where models run: auto, cpu, cuda, cuda:1 or mps.  [default: auto: CUDA, else the CPU]",
)
exact = click.option(
    "--exact", is_flag=True, help="Run each take alone where the others in a batch could change its last bit."
)


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


choosing = together(engine, model, precision, store, frozen, force, force_element)
speaking = together(quiet, verbose, colour)


@contextmanager
def refusal_as_json(as_json: bool) -> Iterator[None]:
    """With ``--json``, a command that is refused as a whole still prints its JSON object; the error is raised on."""
    try:
        yield
    except ScenebuildError as error:
        if as_json:
            click.echo(json.dumps(refused(error).plain(), indent=2, ensure_ascii=False))
        raise


def shown_path(path: str) -> str:
    """A path relative to the current folder, if that is shorter."""
    return min(os.path.relpath(path), path, key=len)


def root_of(arguments: Sequence[str]) -> str:
    """The project of the first argument, or of the current folder."""
    from scenebuild.scene.project import project_root

    first = arguments[0] if arguments else os.getcwd()
    return str(project_root(os.path.join(first, "scene.yaml") if os.path.isdir(first) else first))


def about_project(root: str, store: str | None = None) -> str:
    """A sentence about the project: its folder, the file that marks it, where outputs and takes go."""
    from scenebuild.scene.project import root_marker

    mark = root_marker(root)
    why = f"it holds {mark}" if mark else "no folder around holds a .git, a scenebuild.toml or a pyproject.toml"
    told = os.environ.get("SCENEBUILD_STORE") or None  # for a verb without --store, such as init
    takes = store or settings_for([os.path.join(root, "scene.yaml")], Flags(store=told)).within(root).generate.store
    return f"project {root} ({why}); outputs in {os.path.join(root, 'build')}, takes in {takes}"


def config_for(arguments: Sequence[str]) -> Config:
    """The configuration of the project of the first argument, or of the current folder."""
    return read_config(root_of(arguments))


def chosen_values(pairs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The values of ``--set weather=drizzle``, by name. UsageError for any other form."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value.strip() or not value.isprintable() or len(value) > LONGEST_VALUE:
            shown = repr(pair[:60])
            raise UsageError(f"--set {shown}: write NAME=VALUE, such as weather=drizzle, with at most 2000 characters")
        values[name] = value
    return tuple(sorted(values.items()))


@dataclass(frozen=True, slots=True)
class Flags:
    """The values of the options of this module; None, False or empty if an option was not given."""

    engine: str | None = None
    model: str | None = None
    precision: str | None = None
    store: str | None = None
    frozen: bool = False
    force: bool = False
    force_element: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()  # NAME=VALUE
    out: str | None = None
    template: str | None = None
    stems: bool = False
    solo: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    jobs: int | None = None
    device: str | None = None
    exact: bool = False
    keep_going: bool = False

    def settings(self) -> Settings:
        """The settings before any configuration. UsageError for a value that is not allowed."""
        device = self.device and check_device(self.device, "--device")
        return Settings(
            GenerateOptions(self.store or "", self.jobs or 0, device or "", self.exact),
            PlanOptions(
                engine=self.engine or None,
                model=self.model or None,
                precision=self.precision or None,
                force=self.force,
                force_elements=frozenset(self.force_element),
            ),
            OutputOptions(self.out, self.template, self.stems, chosen_values(self.chosen)),
            frozen=self.frozen,
            keep_going=self.keep_going,
        )


_FLAGS = frozenset(field.name for field in fields(Flags))


def as_flags(command: Callable[..., Result]) -> Callable[..., Result]:
    """Pass the options of ``Flags`` to the command as one argument, ``flags``."""

    @functools.wraps(command)
    def collected(**given: Any) -> Result:
        others = {name: value for name, value in given.items() if name not in _FLAGS}
        return command(flags=Flags(**{name: given[name] for name in given.keys() & _FLAGS}), **others)

    return collected


def settings_for(arguments: Sequence[str], flags: Flags) -> Settings:
    """The settings of a command about these scenes; ``within`` gives those of each project. If the user has no cache
    folder, a message says where takes are kept."""
    settings, root = flags.settings(), root_of(arguments)
    if settings.within(root).generate.store == fallback_store(root):
        complain(
            f"your cache folder is not available ({user_folder('cache')}): takes are kept in {fallback_store(root)}; "
            "set SCENEBUILD_STORE to use another folder"
        )
    return settings


def settings_here(store: str | None) -> Settings:
    """The settings of a command without a scene. The store is that of the flag or the environment (click reads both),
    else of the configuration of the current project, else in the user's cache."""
    return settings_for((), Flags(store=store)).within(root_of(()))
