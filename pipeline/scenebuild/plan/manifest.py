"""What a build read, what it was asked and what it wrote: how the next one sees that there is nothing to do.

Imports only what a bare Python start has cheaply. Inputs are few and small and are always hashed. An output counts as
untouched while its size is right and it is not younger than the manifest, which is written last; a younger one is
hashed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenebuild import __version__
from scenebuild.files import is_reachable
from scenebuild.scene.reference import referenced, scene_file, stem_of

MANIFEST_VERSION = 2
MANIFEST = "manifest.json"
CHANGED = "changed while it was built"  # instead of a digest
# Flags by another name: the command line turns them into settings. The store and the number of jobs decide nothing.
AS_FLAGS = frozenset(
    f"SCENEBUILD_{name}" for name in ("ENGINE", "MODEL", "PRECISION", "TEMPLATE", "OUT", "DEVICE", "COLOR")
)
WITHOUT_EFFECT = AS_FLAGS | {"SCENEBUILD_STORE", "SCENEBUILD_JOBS"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The settings that a build has, as far as they decide the outputs: flags, and what the configuration says.

    ``configured`` is None where no configuration was read: then its files decide, which must be the same.
    """

    engine: str | None = None
    template: str | None = None
    stems: bool = False
    model: str | None = None
    precision: str | None = None
    chosen: tuple[tuple[str, str], ...] = ()  # parameters, by name
    configured: Mapping[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """As a manifest holds it, with the environment's say."""
        names = sorted(name for name in os.environ if name.startswith("SCENEBUILD_") and name not in WITHOUT_EFFECT)
        return {
            "engine": self.engine,
            "template": self.template,
            "stems": self.stems,
            "precision": self.precision,
            "model": self.model,
            "set": dict(self.chosen),
            "environment": {name: os.environ[name] for name in names},
        }


def manifest_text(
    asked: Asked,
    inputs: Mapping[str, str | None],
    folder: str,
    outputs: Iterable[str],
    result: Mapping[str, Any],
    configuration: Mapping[str, str | None],
) -> str:
    """The manifest of a finished build: ``inputs`` and the files of the ``configuration`` with what they were,
    ``outputs`` relative to ``folder``."""
    plain = {
        "version": MANIFEST_VERSION,
        "scenebuild": __version__,
        "asked": asked.plain(),
        "configured": dict(asked.configured or {}),
        "configuration": {os.path.relpath(path, folder): digest for path, digest in configuration.items()},
        "home": _home(),
        "inputs": {os.path.relpath(path, folder): digest for path, digest in inputs.items()},
        "outputs": {path: _fact(os.path.join(folder, path)) for path in sorted(outputs)},
        "result": dict(result),
    }
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def digests_of(paths: Iterable[str], begun_ns: int | None = None) -> dict[str, str | None]:
    """What the files are, for the inputs of a manifest. One that was written since ``begun_ns``, after it was read
    perhaps, is none that any later build will find."""
    return {path: CHANGED if _is_newer(path, begun_ns) else _digest(path) for path in map(os.path.abspath, paths)}


def _is_newer(path: str, begun_ns: int | None) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return begun_ns is not None and begun_ns < max(found.st_mtime_ns, found.st_ctime_ns) <= time.time_ns()


def up_to_date(folder: str, scene_path: str, asked: Asked) -> Mapping[str, Any] | None:
    """The result of the last build in ``folder``, if nothing that decides it has changed since; else None."""
    path = os.path.join(folder, MANIFEST)
    try:
        written = os.stat(path).st_mtime_ns
        with open(path, encoding="utf-8") as file:
            plain = json.load(file)
        fresh = (
            plain["version"] == MANIFEST_VERSION
            and plain["scenebuild"] == __version__
            and plain["asked"] == asked.plain()
            and _same_configuration(plain, asked, folder)
            and os.path.relpath(scene_file(scene_path), folder) in plain["inputs"]
            and all(_digest(os.path.join(folder, name)) == digest for name, digest in plain["inputs"].items())
            and all(_untouched(os.path.join(folder, name), fact, written) for name, fact in plain["outputs"].items())
        )
        result: Mapping[str, Any] = plain["result"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return result if fresh else None


def _same_configuration(plain: Mapping[str, Any], asked: Asked, folder: str) -> bool:
    """Whether the configuration says what it said. Where it was read, by what it says; else by its files and by what
    decides where the user's own lies."""
    if asked.configured is not None:
        return bool(plain["configured"] == dict(asked.configured))
    files = plain["configuration"].items()
    return plain["home"] == _home() and all(_digest(os.path.join(folder, name)) == digest for name, digest in files)


def _home() -> str:
    """What decides where the user's own configuration lies, in a form that tells nobody where that is."""
    facts = [os.environ.get("HOME", f"of user {os.getuid()}"), os.environ.get("XDG_CONFIG_HOME", "")]
    return hashlib.sha256("\0".join(facts).encode(errors="surrogateescape")).hexdigest()


def outputs_of(folder: str) -> set[str]:
    """What the last build wrote into ``folder``, relative to it; only plain names below it."""
    return {name for name in _named(folder, "outputs") if not os.path.isabs(name) and ".." not in name.split("/")}


def inputs_of(folder: str) -> set[str]:
    """Every file that the last build in ``folder`` depended on, there or not."""
    return {os.path.normpath(os.path.join(folder, name)) for name in _named(folder, "inputs")}


def _named(folder: str, what: str) -> set[str]:
    try:
        with open(os.path.join(folder, MANIFEST), encoding="utf-8") as file:
            names = set(json.load(file)[what])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    return {name for name in names if isinstance(name, str)}


def nothing_to_do(arguments: Sequence[str]) -> list[tuple[str, str]] | None:
    """The mixes of scene files, each with its reference, that are all up to date; None when the whole program is needed
    to tell."""
    if any(map(os.environ.get, AS_FLAGS)):
        return None
    mixes: list[tuple[str, str]] = []
    for scene_path in arguments:
        whole = _result_of(scene_path)
        if whole is None:
            return None
        held = _held(scene_path, whole)
        for reference in held:
            result = whole if held == [scene_path] else _result_of(reference)
            if result is None or "mix" not in result:
                return None
            mixes.append((reference, os.path.relpath(os.path.join(output_folder(reference), result["mix"]))))
    return mixes


def built_variants(scene_path: str, asked: Asked, out: str | None = None) -> list[str] | None:
    """The scenes that a file holds, if the last build of all of them says so and nothing that decides it has changed;
    None where that is not known without reading the file."""
    result = up_to_date(output_folder(scene_path, out), scene_path, asked)
    return None if result is None else _held(scene_path, result)


def _result_of(reference: str) -> Mapping[str, Any] | None:
    if not os.path.isfile(scene_file(reference)):
        return None
    return up_to_date(output_folder(reference), reference, Asked())


def _held(scene_path: str, result: Mapping[str, Any]) -> list[str]:
    """What a result is about: the variants that it names, or the one scene."""
    return [referenced(scene_path, str(label)) for label in result.get("variants", ())] or [scene_path]


def output_folder(scene_path: str, out: str | None = None) -> str:
    """Where a scene is built: ``<project>/build/<stem>``, or ``<out>/<stem>``; a variant in ``<stem>@<variant>``."""
    from scenebuild.scene.project import project_root

    return os.path.join(out or os.path.join(project_root(scene_path), "build"), stem_of(scene_path))


def _digest(path: str) -> str | None:
    if not is_reachable(path):  # an input that is not there, such as a configuration file, must stay away
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fact(path: str) -> list[Any]:
    return [os.stat(path).st_size, _digest(path)]


def _untouched(path: str, fact: Sequence[Any], written: int) -> bool:
    found = os.stat(path)
    size, digest = fact
    return found.st_size == size and (found.st_mtime_ns <= written or _digest(path) == digest)
