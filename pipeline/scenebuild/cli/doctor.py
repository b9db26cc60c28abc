"""``scenebuild doctor``: what is installed, what is missing, and what to type to get it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass

import click

from scenebuild import __version__
from scenebuild.cli import options
from scenebuild.cli.terminal import complain, safe
from scenebuild.errors import UsageError
from scenebuild.settings import Settings

BUNDLE = "scenebuild-report.zip"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. ``advice``: what to type if it is not fine."""

    what: str
    fine: bool
    found: str
    advice: str = ""


@click.command("doctor")
@options.store
@click.option(
    "--bundle",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    is_flag=False,
    flag_value=BUNDLE,
    help=f"Also write what helps with a report into one zip file.  [default: {BUNDLE}]",
)
@options.json_output
def command(store: str | None, bundle: str | None, as_json: bool) -> int:
    """Say which engines, devices and tools are installed, and what to type to get the others.

    Exit code 1 if something that every build needs is broken.
    """
    settings = options.settings_here(store)
    place = settings.generate.store
    needed = [_python(), _store(place)]
    useful = [_project(place), *_engines(), _gpu(), *_tools()]
    if as_json:
        plain = [asdict(finding) for finding in (*needed, *useful)]
        click.echo(json.dumps({"version": 1, "findings": plain}, indent=2))
    else:
        for finding in (*needed, *useful):
            click.echo(safe(_line(finding)))
    if bundle is not None:
        _write(bundle, settings, [*needed, *useful])
    return 0 if all(finding.fine for finding in needed) else 1


def _write(path: str, settings: Settings, findings: list[Finding]) -> None:
    """Print the content of the file, then write it. The user looks at it before sending it."""
    from scenebuild.cli.bundle import bundle, write_bundle

    if os.path.lexists(path):
        raise UsageError(f"{path} is there already; name another file, or delete it first")
    parts = bundle(options.root_of(()), settings, map(_line, findings))
    complain(f"for a report, in {path}: versions and platform, the project and its settings, the state of the store,")
    complain("the last builds and locks with the names of their files and elements. Left out: all sound, prompts and")
    complain("descriptions; home, user, machine and secrets are replaced. Look at it before you send it.")
    for name, text in parts.items():
        complain(f"  {name}  {len(text)} characters")
    write_bundle(path, parts)
    complain(f"wrote {path}")


def _line(finding: Finding) -> str:
    advice = f"  ->  {finding.advice}" if finding.advice else ""
    return f"{'ok' if finding.fine else '--'}  {finding.what:<12} {finding.found}{advice}"


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("scenebuild", True, f"{__version__} on Python {version}")


def _project(store: str) -> Finding:
    """The project around the current folder."""
    return Finding("project", True, options.about_project(options.root_of(()), store).removeprefix("project "))


def _store(root: str) -> Finding:
    """Whether the store is writable, or can be made."""
    place = os.path.abspath(root)
    while not os.path.lexists(place):
        place = os.path.dirname(place)
    if os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
        free = shutil.disk_usage(place).free / 1e9
        return Finding("store", True, f"{root}, {free:.0f} GB free")
    return Finding("store", False, f"{root} cannot be written", "name another with --store or SCENEBUILD_STORE")


def _engines() -> list[Finding]:
    from scenebuild.engines import REGISTRY, all_engines
    from scenebuild.engines.installed import faults

    return [*map(_engine, all_engines()), *(Finding("engines", False, fault) for fault in faults(REGISTRY))]


def _engine(name: str) -> Finding:
    from scenebuild.engines import engine
    from scenebuild.errors import EngineError

    try:
        state = engine(name).state()
    except EngineError as error:  # a package that cannot be loaded
        return Finding(name, False, str(error), "repair or uninstall the package")
    return Finding(name, state.ready, "ready" if state.ready else state.reason, state.advice)


def _gpu() -> Finding:
    """Whether a GPU can compute. torch is asked in a child, and only where there is a driver: it takes seconds."""
    from importlib.util import find_spec

    from scenebuild.engines.audiocraft.machine.gpu import ask_a_child, has_driver

    if not has_driver():
        return Finding("gpu", False, "no NVIDIA driver; sketches need none")
    if find_spec("torch") is None:
        return Finding("gpu", True, "NVIDIA driver found; whether models can use it is known once torch is here")
    found = ask_a_child()
    if not found.usable:
        return Finding("gpu", False, f"not used: {found.reason}", "update NVIDIA's driver, or use --device cpu")
    named = ", ".join(f"cuda:{one.number} ({one.name}, {one.memory_gb:g} GB)" for one in found.usable)
    return Finding("gpu", True, "; not used: ".join(filter(None, (named, found.reason))))


def _tools() -> list[Finding]:
    uses = {"git": "keeps scenes and lockfiles", "ffmpeg": "only for the tests: a second opinion on loudness"}
    found = [
        Finding(name, shutil.which(name) is not None, shutil.which(name) or f"not found; {use}")
        for name, use in uses.items()
    ]
    return [*found, _compiler(), *_kernels(), *_precisions()]


def _compiler() -> Finding:
    from scenebuild.engines.audiocraft.compute.compiling import NO_COMPILER, compilers

    if found := compilers():
        return Finding("c++", True, " ".join(found[0]))
    named = os.environ.get("CXX", "").strip()
    missing = f"CXX names {named}, which is not found" if named else "not found"
    advice = "unset CXX, or correct it" if named else NO_COMPILER
    return Finding("c++", False, f"{missing}; models on a CPU are several times faster with one", advice)


def _kernels() -> list[Finding]:
    """Whether the models' kernels are in use; only if a model can run here, because the check compiles them."""
    from scenebuild.engines import AUTO, engine
    from scenebuild.engines.audiocraft.compute.compiling import compilers
    from scenebuild.engines.audiocraft.compute.kernels import found_kernels

    if not compilers() or not engine(AUTO[0]).state().ready:
        return []
    found = found_kernels()
    if found.reason:
        return [Finding("kernels", False, f"not in use: {found.reason}", found.advice)]
    return [Finding("kernels", not found.notes, "; ".join(("in use on a CPU", *found.notes)))]


def _precisions() -> list[Finding]:
    """What was measured here of the precisions that lose something, for each model that is here."""
    from scenebuild.engines.audiocraft.hub.models import models
    from scenebuild.engines.audiocraft.hub.weights import LocatedWeights, located
    from scenebuild.engines.audiocraft.verdict import COMPARED, verdict_line

    here = [one for one in models() if isinstance(located(one), LocatedWeights)]
    return [Finding(COMPARED[0], True, verdict_line(one, COMPARED[0])) for one in here]
