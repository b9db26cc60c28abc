"""The results of a scene and of its elements."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scenebuild.deliver.deliver import Delivered
from scenebuild.errors import ErrorLine, Problem
from scenebuild.generate.gather import Gathered
from scenebuild.mix.model import Mix
from scenebuild.plan.lockfile import level
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.pages.build_page import PAGE
from scenebuild.result import ElementResult, SceneResult


def result_of(
    plan: Plan, gathered: Gathered, mix: Mix, files: Sequence[Delivered], warnings: tuple[str, ...], folder: str
) -> SceneResult:
    """The result of a scene that was built."""
    return SceneResult(
        scene=plan.scene.path,
        status="built",
        mix=os.path.relpath(mix.path),
        readme=os.path.relpath(os.path.join(folder, "README.md")),
        page=os.path.relpath(os.path.join(folder, PAGE)),
        duration_s=mix.frames / mix.sample_rate,
        loudness_lufs=level(mix.loudness_lufs),
        true_peak_dbtp=level(mix.true_peak_dbtp),
        preview=plan.is_preview,
        elements=elements_of(plan, gathered),
        warnings=warnings,
        delivered=tuple(os.path.basename(file.path) for file in files),
    )


def elements_of(plan: Plan, gathered: Gathered) -> tuple[ElementResult, ...]:
    """The result of each element, in the order of the plan."""
    statuses = statuses_of(plan, gathered)
    return tuple(
        ElementResult(
            name=step.name,
            engine=step.facts.name,
            key=step.key,
            digest=gathered.digests.get(step.name),
            status=statuses[step.name],
            reason=step.told,
            fidelity=step.facts.fidelity,
        )
        for step in plan.steps
    )


def statuses_of(plan: Plan, gathered: Gathered) -> dict[str, str]:
    """The origin of each take, by its name: "generated", "cached", "locked", "recording" or "failed"."""
    return {step.name: _status(step, gathered) for step in plan.steps}


def _status(step: Step, gathered: Gathered) -> str:
    if step.name in gathered.failures:
        return "failed"
    if step.facts.fidelity == "recording":
        return "recording"
    if step.key in gathered.made and not step.shared_with:
        return "generated"
    return "locked" if step.status == "locked" else "cached"


def failures_of(plan: Plan, gathered: Gathered) -> list[ErrorLine]:
    """Why takes could not be made, each at the place of its element."""
    found: list[ErrorLine] = []
    for step in plan.steps:
        if step.name in gathered.failures:
            first, *more = gathered.failures[step.name].splitlines() or [""]
            found += [Problem("take", f"{step.name}: {first}", step.element.place), *more]
    return found
