"""scenebuild for programs: the functions of ``import scenebuild``.

Paths are files, ``file@variant`` or folders of scenes; options are those of the command line. An option that is left
out has its value from the configuration of the project; environment variables are not read. Every mistake is an
exception of ``scenebuild.errors``. Nothing is printed.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing

from scenebuild.build import build as build_scenes
from scenebuild.build import plan as plan_scenes
from scenebuild.config import check_device
from scenebuild.errors import Problem
from scenebuild.listener import SILENT, Listener
from scenebuild.plan.models import findings_about
from scenebuild.plan.steps import Plan
from scenebuild.result import Result
from scenebuild.review.model import SceneReview
from scenebuild.scene.check.neighbours import name_clashes
from scenebuild.scene.model import Scene
from scenebuild.scene.project import find_scenes
from scenebuild.scene.read import read_scene
from scenebuild.settings import GenerateOptions, OutputOptions, PlanOptions, Settings

StrPath = str | os.PathLike[str]


def read(path: StrPath, *, params: Mapping[str, str] | None = None) -> Scene:
    """The scene that a file, or ``file@variant``, describes; a file with several variants is read as its first.

    SceneError with every problem of the file.
    """
    return read_scene(os.fspath(path), params)


def validate(*paths: StrPath) -> list[Problem]:
    """All mistakes in scene files, in order; for a file without mistakes, the warnings of the lint.

    SceneError for a path that does not exist.
    """
    found = find_scenes([os.fspath(path) for path in paths])
    clashes = name_clashes(found)
    return [
        problem
        for path in found
        for problem in (*(clashes[path].problems if path in clashes else ()), *findings_about(path))
    ]


def plan(
    *paths: StrPath,
    params: Mapping[str, str] | None = None,
    engine: str | None = None,
    model: str | None = None,
    precision: str | None = None,
    store: StrPath | None = None,
    frozen: bool = False,
    force: bool = False,
    force_elements: Iterable[str] = (),
) -> dict[str, Plan]:
    """What a build would do and why, by scene: nothing is generated, and no file is written.

    SceneError, LockError, PolicyError or UsageError as ``build``.
    """
    settings = Settings(
        GenerateOptions(_text(store) or ""),
        PlanOptions(engine, model, precision, force, frozenset(force_elements)),
        OutputOptions(parameters=_sorted(params)),
        frozen=frozen,
    )
    return plan_scenes([os.fspath(path) for path in paths], settings)


def build(
    *paths: StrPath,
    params: Mapping[str, str] | None = None,
    engine: str | None = None,
    model: str | None = None,
    precision: str | None = None,
    store: StrPath | None = None,
    out: StrPath | None = None,
    template: StrPath | None = None,
    stems: bool = False,
    frozen: bool = False,
    force: bool = False,
    force_elements: Iterable[str] = (),
    keep_going: bool = False,
    jobs: int | None = None,
    device: str | None = None,
    exact: bool = False,
    listener: Listener = SILENT,
) -> Result:
    """Generate what is missing, mix, deliver and report. If a take cannot be made, its scene has failed in the result,
    whose ``exit_code`` is then not 0.

    Mistakes that are found before anything is generated are raised: SceneError for a scene, LockError if ``frozen`` is
    set and the lock says something else, PolicyError if the project forbids a licence, UsageError for an option. With
    ``keep_going`` all but UsageError are in the result of their scene instead. OutputError if a file cannot be written.
    """
    settings = Settings(
        GenerateOptions(_text(store) or "", jobs or 0, device and check_device(device, "device") or "", exact),
        PlanOptions(engine, model, precision, force, frozenset(force_elements)),
        OutputOptions(_text(out), _text(template), stems, _sorted(params)),
        frozen=frozen,
        keep_going=keep_going,
    )
    return build_scenes([os.fspath(path) for path in paths], settings, listener)


def diff(
    *revisions: StrPath,
    paths: Iterable[StrPath] = (),
    store: StrPath | None = None,
    locks_only: bool = False,
) -> Generator[SceneReview]:
    """Each scene that changed between two revisions of git, two folders or two builds, as soon as it is compared.

    Without a revision: main...HEAD. With one: that revision and the files as they are. Runs in the folder of the
    project; with ``paths`` only these are compared. UsageError for a revision or a folder that does not exist; it is
    raised when the first scene is asked for.
    """
    from scenebuild.review.compare.revisions import compare_revisions

    settings = Settings(GenerateOptions(_text(store) or ""))
    named = ([os.fspath(one) for one in revisions], [os.fspath(path) for path in paths])
    with compare_revisions(*named, settings, locks_only=locks_only) as (_, changes), closing(changes.scenes):
        for changed in changes.scenes:
            yield changed.review


def _text(path: StrPath | None) -> str | None:
    return None if path is None else os.fspath(path)


def _sorted(params: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((params or {}).items()))
