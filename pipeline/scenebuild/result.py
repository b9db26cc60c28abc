"""What a build has to say about each scene: for the terminal, for ``--json`` and for the manifest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from scenebuild.errors import ErrorLine, Problem, ScenebuildError, SceneError

JSON_VERSION = 1

Status = Literal["built", "up-to-date", "failed"]


@dataclass(frozen=True, slots=True)
class ElementResult:
    """One element of a built scene."""

    name: str
    engine: str
    key: str
    digest: str | None
    status: str  # generated | cached | locked | recording | failed
    reason: str
    fidelity: str


@dataclass(frozen=True, slots=True)
class SceneResult:
    """One scene. ``mix`` is a path relative to where the command runs; levels are None for silence."""

    scene: str
    status: Status
    mix: str | None = None
    readme: str | None = None
    page: str | None = None
    duration_s: float | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    preview: bool = False
    elements: tuple[ElementResult, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[ErrorLine, ...] = ()
    exit_code: int = field(default=0)
    delivered: tuple[str, ...] = ()  # the names of the files that were delivered, beside the mix

    def plain(self) -> dict[str, Any]:
        """The object of a scene in ``--json``."""
        return {**asdict(self), "errors": list(map(str, self.errors))}


@dataclass(frozen=True, slots=True)
class Result:
    """All scenes of one command."""

    scenes: tuple[SceneResult, ...]
    errors: tuple[str, ...] = ()  # why the command was refused as a whole, one line each

    @property
    def generated(self) -> int:
        """How many takes were made: each key once, however many elements share it."""
        return len({one.key for scene in self.scenes for one in scene.elements if one.status == "generated"})

    @property
    def exit_code(self) -> int:
        """The worst of all scenes."""
        return max((scene.exit_code for scene in self.scenes), default=0)

    def plain(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "version": JSON_VERSION,
            "generated": self.generated,
            "scenes": [one.plain() for one in self.scenes],
            "errors": list(self.errors),
        }


def failed_scene(
    path: str, *errors: ErrorLine, exit_code: int = 1, elements: tuple[ElementResult, ...] = ()
) -> SceneResult:
    """A scene that was not built, and why, one line each."""
    return SceneResult(path, "failed", errors=errors, exit_code=exit_code, elements=elements)


def refused(error: ScenebuildError) -> Result:
    """The result of a command that was refused before anything was made: the scenes with mistakes, and all lines."""
    by_scene: dict[str, list[Problem]] = {}
    for problem in error.problems if isinstance(error, SceneError) else ():
        by_scene.setdefault(problem.place.file, []).append(problem)
    scenes = [failed_scene(path, *problems, exit_code=error.exit_code) for path, problems in by_scene.items()]
    return Result(tuple(scenes), tuple(map(str, error.lines)))


def result_for_manifest(result: SceneResult, folder: str) -> dict[str, Any]:
    """The result with its paths relative to the output folder, as the next command may run somewhere else."""
    plain = result.plain()
    for name in ("mix", "readme", "page"):
        plain[name] = os.path.relpath(plain[name], folder)
    return plain


def result_from_manifest(path: str, folder: str, plain: Mapping[str, Any]) -> SceneResult:
    """The result of the last build of a scene that is up to date: nothing was generated now."""
    elements = tuple(ElementResult(**one) for one in plain["elements"])
    return SceneResult(
        **{
            **plain,
            "scene": path,
            "status": "up-to-date",
            "mix": os.path.relpath(os.path.join(folder, plain["mix"])),
            "readme": os.path.relpath(os.path.join(folder, plain["readme"])),
            "page": os.path.relpath(os.path.join(folder, plain["page"])),
            "elements": tuple(replace(one, status=_now(one.status), reason="nothing changed") for one in elements),
            "warnings": tuple(plain["warnings"]),
            "errors": (),
            "delivered": tuple(plain.get("delivered", ())),
        }
    )


def _now(status: str) -> str:
    return "cached" if status == "generated" else status
