"""What a build read, what it was asked and what it wrote: how the next one sees that there is nothing to do.

Imports only what a bare Python start has cheaply. A manifest holds the digests of the bytes that the build read and
wrote, not of what lies there when it is written. Inputs are few and small and are always hashed; where a link leads is
noted as well. An output counts as untouched while it has the size and the times that it was left with, and is older
than the manifest, which is written last; any other is hashed.

A manifest may be damaged, or come with a stranger's checkout: what is not exactly as a build writes it is none.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from scenebuild import __version__
from scenebuild.config import Config
from scenebuild.files import digest_of, is_reachable, read_bounded
from scenebuild.scene.compose.reference import referenced, scene_file, stem_of
from scenebuild.settings import Settings

MANIFEST_VERSION = 3
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 << 20
LIST = ".build-"  # what a build may write: such a file is there until its manifest is
CHANGED = "changed while it was built"  # instead of a digest
# Flags by another name: the command line turns them into settings. The store and the number of jobs decide nothing.
AS_FLAGS = frozenset(
    f"SCENEBUILD_{name}" for name in ("ENGINE", "MODEL", "PRECISION", "TEMPLATE", "OUT", "DEVICE", "COLOR")
)
WITHOUT_EFFECT = AS_FLAGS | {"SCENEBUILD_STORE", "SCENEBUILD_JOBS"}
_LABEL = re.compile(r"[a-z0-9][a-z0-9_+-]{0,149}")  # of a variant; it becomes the name of a folder
_HEX = re.compile(r"[0-9a-f]{64}")

Fact = list[Any]  # of an output: its size, its digest, when it was written and changed (ns; 0 where nobody knows)


def asked(settings: Settings) -> dict[str, Any]:
    """The settings that decide the outputs, as a manifest holds them, with the environment's say."""
    plan, output = settings.plan, settings.output
    names = sorted(name for name in os.environ if name.startswith("SCENEBUILD_") and name not in WITHOUT_EFFECT)
    return {
        "engine": plan.engine,
        "template": os.path.abspath(output.template) if output.template else None,
        "stems": output.stems,
        "precision": plan.precision,
        "model": plan.model,
        "set": dict(output.parameters),
        "environment": {name: os.environ[name] for name in names},
    }


def manifest_text(
    scene_path: str,
    settings: Settings,
    inputs: Mapping[str, str | None],
    folder: str,
    outputs: Mapping[str, Fact],
    result: Mapping[str, Any],
    configuration: Mapping[str, str | None],
) -> str:
    """The manifest of a finished build: ``inputs`` and the files of the ``configuration`` with the digests of what was
    read, ``outputs`` (relative to ``folder``) with what was written."""
    plain = {
        "version": MANIFEST_VERSION,
        "scenebuild": __version__,
        "code": fingerprint(),
        "scene": _relative(scene_file(scene_path), folder),
        "asked": asked(settings),
        "configured": settings.plan.config.deciding if settings.plan.config else {},
        "configuration": {_relative(path, folder): digest for path, digest in configuration.items()},
        "home": _home(),
        "inputs": {_relative(path, folder): digest for path, digest in inputs.items()},
        "links": _links(inputs, folder),
        "outputs": dict(outputs),
        "result": dict(result),
    }
    return json.dumps(plain, indent=1, sort_keys=True) + "\n"


@cache
def fingerprint() -> str:
    """What decides beside the version: the code that is installed. Of a wheel its own list of digests; else, as in a
    development install, which keeps its number, the sizes and times of all files."""
    more = [way for name in ("schema", "templates") for way in import_module(f"scenebuild.{name}").__path__]
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    record = os.path.join(os.path.dirname(package), f"scenebuild-{__version__}.dist-info", "RECORD")
    try:
        return digest_of(record)
    except OSError:
        found = [one for root in (package, *more) for one in _files_in(root, root)]
        return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def _files_in(folder: str, root: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                found = entry.stat()
                yield os.path.relpath(entry.path, root), found.st_size, found.st_mtime_ns
            elif entry.name != "__pycache__":
                yield from _files_in(entry.path, root)


def digests_of(paths: Iterable[str], begun_ns: int | None = None) -> dict[str, str | None]:
    """What the files are, for the inputs of a manifest. One that was written since ``begun_ns``, after it was read
    perhaps, is none that any later build will find."""
    return {path: CHANGED if _is_newer(path, begun_ns) else _digest(path) for path in map(os.path.abspath, paths)}


def same_digests(before: Mapping[str, str | None]) -> dict[str, str | None]:
    """Digests that were taken before the files were read, for a manifest: one that is another by now may have been
    read before or after it was changed."""
    return {path: digest if _digest_or_none(path) == digest else CHANGED for path, digest in before.items()}


def _digest_or_none(path: str) -> str | None:
    try:
        return _digest(path)
    except OSError:
        return None


def _is_newer(path: str, begun_ns: int | None) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return begun_ns is not None and begun_ns < max(found.st_mtime_ns, found.st_ctime_ns) <= time.time_ns()


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(os.path.abspath(path), os.path.abspath(folder))


def _at(name: str, folder: str) -> str:
    """The other way round; ``..`` is taken as it was written, also where the folder is reached through a link."""
    return os.path.normpath(os.path.join(os.path.abspath(folder), name))


def _links(inputs: Iterable[str], folder: str) -> dict[str, str]:
    """Where the inputs lie that are reached through links: the same bytes elsewhere are another file."""
    found = {_relative(path, folder): _real(path, folder) for path in inputs}
    return {name: real for name, real in found.items() if name != real}


def _real(path: str, folder: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(folder))


def up_to_date(scene_path: str, settings: Settings) -> Mapping[str, Any] | None:
    """The result of the last build of a scene, if nothing that decides it has changed since; else None.

    Settings without a configuration: none was read, so its files must be the same.
    """
    folder = output_folder(scene_path, settings.output.out)
    try:
        found = _read(folder)
        if found is None:
            return None
        plain, written = found
        fresh = (
            plain["asked"] == asked(settings)
            and plain["code"] == fingerprint()
            and plain["scene"] == _relative(scene_file(scene_path), folder)
            and _untouched_all(outputs_root(scene_path, settings.output.out), folder, plain["outputs"], written)
            and _same_configuration(plain, settings.plan.config, folder)
            and all(_digest(_at(name, folder)) == digest for name, digest in plain["inputs"].items())
            and _links((_at(name, folder) for name in plain["inputs"]), folder) == plain["links"]
        )
        result: Mapping[str, Any] = plain["result"]
    except (OSError, ValueError):
        return None
    return result if fresh else None


def _same_configuration(plain: Mapping[str, Any], config: Config | None, folder: str) -> bool:
    """Whether the configuration says what it said. Where it was read, by what it says; else by its files and by what
    decides where the user's own lies."""
    if config is not None:
        return bool(plain["configured"] == config.deciding)
    files = plain["configuration"].items()
    return plain["home"] == _home() and all(_digest(_at(name, folder)) == digest for name, digest in files)


def _home() -> str:
    """What decides where the user's own configuration lies, in a form that tells nobody where that is."""
    facts = [os.environ.get("HOME", f"of user {os.getuid()}"), os.environ.get("XDG_CONFIG_HOME", "")]
    return hashlib.sha256("\0".join(facts).encode(errors="surrogateescape")).hexdigest()


def outputs_of(folder: str) -> set[str]:
    """What the last build wrote into ``folder``, relative to it; only plain names below it."""
    return {name for name in _named(folder, "outputs") if _is_below(name)}


def scene_of(folder: str) -> str | None:
    """The scene file whose build lies in a folder; None where that is not known."""
    try:
        name = _json(os.path.join(folder, MANIFEST))["scene"]
        return _at(name, folder) if isinstance(name, str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def inputs_of(folder: str) -> set[str]:
    """Every file that the last build in ``folder`` depended on, there or not."""
    return {_at(name, folder) for name in _named(folder, "inputs")}


def _named(folder: str, what: str) -> set[str]:
    """Names in a manifest of any version."""
    try:
        names = _json(os.path.join(folder, MANIFEST))[what]
        return {name for name in names if isinstance(name, str)} if isinstance(names, dict) else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _is_below(name: str) -> bool:
    return not os.path.isabs(name) and not {"", ".", ".."} & set(name.split("/")) and "\0" not in name


def _json(path: str) -> Any:
    """OSError or ValueError where it can not be read. Never waits, never reads without end."""
    try:
        return json.loads(read_bounded(path, LARGEST_MANIFEST, follow_links=False), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nobody nests so deep") from error


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _read(folder: str) -> tuple[Mapping[str, Any], int] | None:
    """The manifest in a folder and when it was written (ns); None where there is none that this version wrote, and
    where a build is, or was, at work since."""
    path = os.path.join(folder, MANIFEST)
    written = os.lstat(path).st_mtime_ns
    plain = _json(path)
    if any(name.startswith(LIST) for name in os.listdir(folder)):
        return None
    return (plain, written) if _is_manifest(plain) else None


def _is_manifest(plain: Any) -> bool:
    return (
        _fits(plain, _MANIFEST)
        and (plain["version"], plain["scenebuild"]) == (MANIFEST_VERSION, __version__)
        and all(map(_is_below, plain["outputs"]))
        and plain["scene"] in plain["inputs"]
        and _is_result(plain["result"], plain["outputs"])
    )


def _is_result(plain: Mapping[str, Any], outputs: Mapping[str, Fact]) -> bool:
    if plain.keys() == {"variants"}:
        return bool(plain["variants"]) and _is_list(
            plain["variants"], lambda label: isinstance(label, str) and bool(_LABEL.fullmatch(label))
        )
    if not _fits(plain, RESULT) or plain["exit_code"] != 0:
        return False
    return {plain["mix"], plain["readme"], plain["page"], *plain["delivered"]} <= outputs.keys()


Check = Callable[[Any], bool]


def _fits(plain: Any, checks: Mapping[str, Check]) -> bool:
    return isinstance(plain, dict) and plain.keys() == checks.keys() and all(checks[it](plain[it]) for it in checks)


def _is_list(value: Any, check: Check) -> bool:
    return isinstance(value, list) and all(map(check, value))


def _is_dict(value: Any, check: Check) -> bool:
    return isinstance(value, dict) and all(map(check, value.values()))


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_path(value: Any) -> bool:
    """A name of a file may hold what no line does, bytes that are no UTF-8 as well; it is escaped where it is shown."""
    return isinstance(value, str) and "\0" not in value


def _is_line_or_none(value: Any) -> bool:
    return value is None or _is_line(value)


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (type(value) is float and math.isfinite(value))


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_fact(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and isinstance(value[1], str)
        and _HEX.fullmatch(value[1]) is not None
        and all(map(_is_whole, (value[0], *value[2:])))
    )


# What stands in the manifest of this version, and in the result of a scene (``SceneResult``), to the letter.
_ELEMENT: Mapping[str, Check] = {
    **dict.fromkeys(("name", "engine", "key", "status", "reason", "fidelity"), _is_line),
    "digest": _is_line_or_none,
}
RESULT: Mapping[str, Check] = {
    **dict.fromkeys(("scene", "mix", "readme", "page"), _is_path),
    "status": _is_line,
    **dict.fromkeys(("duration_s", "loudness_lufs", "true_peak_dbtp"), _is_number_or_none),
    **dict.fromkeys(("warnings", "errors"), lambda value: _is_list(value, _is_line)),
    "delivered": lambda value: _is_list(value, _is_path),
    "preview": lambda value: isinstance(value, bool),
    "exit_code": _is_whole,
    "elements": lambda value: _is_list(value, lambda one: _fits(one, _ELEMENT)),
}
_MANIFEST: Mapping[str, Check] = {
    "version": _is_whole,
    **dict.fromkeys(("scenebuild", "code", "home"), _is_line),
    "scene": _is_path,
    **dict.fromkeys(("asked", "configured", "result"), lambda value: isinstance(value, dict)),
    **dict.fromkeys(("inputs", "configuration"), lambda value: _is_dict(value, _is_line_or_none)),
    "links": lambda value: _is_dict(value, lambda one: isinstance(one, str)),
    "outputs": lambda value: _is_dict(value, _is_fact),
}


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


def built_variants(scene_path: str, settings: Settings) -> list[str] | None:
    """The scenes that a file holds, if the last build of all of them says so and nothing that decides it has changed;
    None where that is not known without reading the file."""
    result = up_to_date(scene_path, settings)
    return None if result is None else _held(scene_path, result)


def _result_of(reference: str) -> Mapping[str, Any] | None:
    if not os.path.isfile(scene_file(reference)):
        return None
    return up_to_date(reference, Settings())


def _held(scene_path: str, result: Mapping[str, Any]) -> list[str]:
    """What a result is about: the variants that it names, or the one scene."""
    return [referenced(scene_path, str(label)) for label in result.get("variants", ())] or [scene_path]


def output_folder(scene_path: str, out: str | None = None) -> str:
    """Where a scene is built: ``<project>/build/<stem>``, or ``<out>/<stem>``; a variant in ``<stem>@<variant>``."""
    return os.path.join(out or os.path.join(_root_of(scene_path), "build"), stem_of(scene_path))


def outputs_root(scene_path: str, out: str | None = None) -> str:
    """The folder that the user named, below which no link is followed: ``--out`` or the project. A ``build`` that is a
    link into the project itself, as to a folder that is kept elsewhere in it, is the user's as well."""
    if out is not None:
        return out
    root = _root_of(scene_path)
    build = os.path.join(root, "build")
    if not os.path.islink(build):
        return root
    inner = os.path.relpath(os.path.realpath(build), os.path.realpath(root)).split(os.sep)
    return root if inner[0] in ("..", ".") or ".git" in inner else build


def _root_of(scene_path: str) -> str:
    from scenebuild.scene.project import project_root

    return str(project_root(scene_path))


def _digest(path: str) -> str | None:
    if not is_reachable(path):  # an input that is not there, such as a configuration file, must stay away
        return None
    return digest_of(path)


def _untouched_all(root: str, folder: str, facts: Mapping[str, Fact], written: int) -> bool:
    """Whether all outputs are as they were left, each a file of its own in a real folder.

    Outputs that were copied, with their manifest, are known by their bytes; but not where git brought them: then the
    manifest is a stranger's word about a stranger's bytes.
    """
    names = {os.path.dirname(name) for name in (MANIFEST, *facts)}
    if not all(_is_real_folder(root, os.path.join(folder, name)) for name in names):
        return False
    if not all(_untouched(os.path.join(folder, name), fact, written) for name, fact in facts.items()):
        return False
    here = all(_times(os.lstat(os.path.join(folder, name))) == fact[2:] for name, fact in facts.items())
    return here or not _is_committed(folder)


def _is_committed(folder: str) -> bool:
    """Whether git tracks the manifest in a folder; where git can not say, it may."""
    ways = os.path.abspath(folder).split(os.sep)
    if not any(os.path.lexists(os.path.join(os.sep, *ways[:depth], ".git")) for depth in range(len(ways) + 1)):
        return False
    from scenebuild.errors import UsageError
    from scenebuild.git import git

    try:
        return bool(git(folder, "ls-files", "-z", "--", MANIFEST))
    except UsageError:
        return True


def _is_real_folder(root: str, folder: str) -> bool:
    parts = os.path.relpath(folder, root).split(os.sep)
    ways = [os.path.join(root, *parts[: depth + 1]) for depth in range(len(parts))]
    return ".." not in parts and all(stat.S_ISDIR(os.lstat(way).st_mode) for way in ways)


def _untouched(path: str, fact: Sequence[Any], written: int) -> bool:
    found = os.lstat(path)
    size, digest, times = fact[0], fact[1], fact[2:]
    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
        return False
    now = _times(found)
    # What is not older than the manifest may have been changed since in the same tick of the clock.
    return (now == times and max(now) < written) or digest_of(path, follow_links=False) == digest


def _times(found: os.stat_result) -> list[int]:
    return [found.st_mtime_ns, found.st_ctime_ns]
