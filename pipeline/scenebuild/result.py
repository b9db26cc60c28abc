"""The result of a build for each scene: for the terminal, for ``--json`` and for the manifest."""

from __future__ import annotations

import os
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
        """The number of takes that were made: each key once, however many elements share it."""
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


def result_in(result: SceneResult, folder: str) -> SceneResult:
    """The result with its paths relative to the output folder, as the next command may run somewhere else."""
    mix, readme, page = (path and os.path.relpath(path, folder) for path in (result.mix, result.readme, result.page))
    return replace(result, mix=mix, readme=readme, page=page)


def unchanged_result(result: SceneResult, path: str, folder: str) -> SceneResult:
    """What the last build of a scene said, for one that is up to date: nothing was generated now."""
    mix, readme, page = (
        name and os.path.relpath(os.path.join(folder, name)) for name in (result.mix, result.readme, result.page)
    )
    elements = tuple(replace(one, status=_now(one.status), reason="nothing changed") for one in result.elements)
    return replace(
        result, scene=path, status="up-to-date", mix=mix, readme=readme, page=page, elements=elements, errors=()
    )


def _now(status: str) -> str:
    return "cached" if status == "generated" else status
