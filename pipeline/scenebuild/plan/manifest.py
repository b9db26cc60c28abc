"""The manifest beside the outputs of a build: its inputs, its settings and its outputs.

Imports only modules that load fast. A manifest holds the digests of the bytes that the build read and wrote, not of the
files at the time when it is written. It may be damaged, or come from another person: a file that differs in any way
from what a build writes is not a manifest.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

from scenebuild import __version__
from scenebuild.files import read_bounded
from scenebuild.plan.digests import fingerprint, home_digest, links_of, path_at, relative_to
from scenebuild.result import ElementResult, SceneResult
from scenebuild.scene.compose.reference import scene_file
from scenebuild.settings import Settings

MANIFEST_VERSION = 3
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 << 20
LIST = ".build-"  # the list of what a build may write; it exists until the manifest is written
# The command line turns these into settings. The store and the number of jobs decide no output.
AS_FLAGS = frozenset(
    f"SCENEBUILD_{name}" for name in ("ENGINE", "MODEL", "PRECISION", "TEMPLATE", "OUT", "DEVICE", "COLOR")
)
WITHOUT_EFFECT = AS_FLAGS | {"SCENEBUILD_STORE", "SCENEBUILD_JOBS"}
_LABEL = re.compile(r"[a-z0-9][a-z0-9_+-]{0,149}")  # of a variant; it becomes the name of a folder
_HEX = re.compile(r"[0-9a-f]{64}")

Digests = Mapping[str, str | None]  # of files by path; None for one that was not there


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file as a build wrote it; the times are 0 if they are not known."""

    size: int
    digest: str
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished build. All paths are relative to its folder."""

    scene: str  # the file
    code: str
    asked: Mapping[str, Any]
    configured: Mapping[str, Any]
    configuration: Digests  # its files
    home: str
    inputs: Digests
    links: Mapping[str, str]  # where inputs lie that are reached through links
    outputs: Mapping[str, OutputFile]
    result: SceneResult | None  # None for the pages about the variants of a file
    variants: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The manifest as JSON."""
        plain = {
            "version": MANIFEST_VERSION,
            "scenebuild": __version__,
            "code": self.code,
            "scene": self.scene,
            "asked": self.asked,
            "configured": self.configured,
            "configuration": self.configuration,
            "home": self.home,
            "inputs": self.inputs,
            "links": self.links,
            "outputs": {name: astuple(file) for name, file in self.outputs.items()},
            "result": asdict(self.result) if self.result else {"variants": self.variants},
        }
        return json.dumps(plain, indent=1, sort_keys=True) + "\n"


def manifest_of(
    scene_path: str,
    settings: Settings,
    folder: str,
    *,
    inputs: Digests,
    configuration: Digests,
    outputs: Mapping[str, OutputFile],
    result: SceneResult | None,
    variants: tuple[str, ...] = (),
) -> Manifest:
    """The manifest of a finished build: ``inputs`` and the files of the ``configuration`` with the digests of what was
    read, ``outputs`` and ``result`` with names relative to ``folder``."""
    return Manifest(
        scene=relative_to(scene_file(scene_path), folder),
        code=fingerprint(),
        asked=asked(settings),
        configured=settings.plan.config.deciding if settings.plan.config else {},
        configuration={relative_to(path, folder): digest for path, digest in configuration.items()},
        home=home_digest(),
        inputs={relative_to(path, folder): digest for path, digest in inputs.items()},
        links=links_of(inputs, folder),
        outputs=outputs,
        result=result,
        variants=variants,
    )


def asked(settings: Settings) -> dict[str, Any]:
    """The settings and environment variables that decide the outputs, as a manifest holds them."""
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


def outputs_of(folder: str) -> set[str]:
    """The files that the last build wrote into ``folder``, relative to it; only names below it."""
    return {name for name in _named(folder, "outputs") if _is_below(name)}


def scene_of(folder: str) -> str | None:
    """The scene file whose build lies in a folder; None if it is not known."""
    try:
        name = _json(os.path.join(folder, MANIFEST))["scene"]
        return path_at(name, folder) if isinstance(name, str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def inputs_of(folder: str) -> set[str]:
    """Every file that the last build in ``folder`` depended on, whether it exists or not."""
    return {path_at(name, folder) for name in _named(folder, "inputs")}


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
    """A JSON file. OSError or ValueError if it cannot be read. Never waits, and reads at most ``LARGEST_MANIFEST``."""
    try:
        return json.loads(read_bounded(path, LARGEST_MANIFEST, follow_links=False), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def read_manifest(folder: str) -> tuple[Manifest, int] | None:
    """The manifest in a folder and when it was written (ns since the epoch). None if this version wrote none, and if
    another build has begun and not finished."""
    path = os.path.join(folder, MANIFEST)
    written_ns = os.lstat(path).st_mtime_ns
    plain = _json(path)
    lists = (os.path.join(folder, name) for name in os.listdir(folder) if name.startswith(LIST))
    if not all(_is_overtaken(one, written_ns) for one in lists):
        return None
    return (_manifest(plain), written_ns) if _is_manifest(plain) else None


def _is_overtaken(path: str, written_ns: int) -> bool:
    """Whether a list is of a build on another machine that began before the manifest was written. A killed container
    leaves such a list, and nobody can tell whether that build still runs; what it still writes shows on the outputs."""
    try:
        host = _json(path)["host"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(host, str) and host != os.uname().nodename and os.lstat(path).st_mtime_ns < written_ns


def _manifest(plain: Mapping[str, Any]) -> Manifest:
    """The value of a manifest that ``_is_manifest`` accepts."""
    result = plain["result"]
    return Manifest(
        **{name: plain[name] for name in ("scene", "code", "asked", "configured", "configuration", "home")},
        inputs=plain["inputs"],
        links=plain["links"],
        outputs={name: OutputFile(*facts) for name, facts in plain["outputs"].items()},
        result=None if "variants" in result else _result(result),
        variants=tuple(result.get("variants", ())),
    )


def _result(plain: Mapping[str, Any]) -> SceneResult:
    tuples = {name: tuple(plain[name]) for name in ("warnings", "errors", "delivered")}
    elements = tuple(ElementResult(**one) for one in plain["elements"])
    return SceneResult(**{**plain, **tuples, "elements": elements})


def _is_manifest(plain: Any) -> bool:
    return (
        _fits(plain, _MANIFEST)
        and (plain["version"], plain["scenebuild"]) == (MANIFEST_VERSION, __version__)
        and all(map(_is_below, plain["outputs"]))
        and plain["scene"] in plain["inputs"]
        and _is_result(plain["result"], plain["outputs"])
    )


def _is_result(plain: Mapping[str, Any], outputs: Mapping[str, Any]) -> bool:
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
    """A file name may hold any character but NUL, and bytes that are not UTF-8; it is escaped when it is shown."""
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


# The exact fields of the manifest of this version, and of the result of a scene (``SceneResult``).
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
