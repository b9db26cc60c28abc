"""The names of the files that a build may write into its folder."""

from __future__ import annotations

import os

from scenebuild.deliver.scene_files import delivery_name
from scenebuild.generate.gather import take_path
from scenebuild.outputs import LABELS, PAGES, Outputs
from scenebuild.plan.steps import Plan
from scenebuild.settings import OutputOptions


def intended(plan: Plan, outputs: Outputs, options: OutputOptions) -> set[str]:
    """The files that a build of a plan may write, relative to its folder."""
    stems = {f"stems/{element.name}.wav" for element in plan.scene.elements if options.stems}
    files = {delivery_name(outputs.stem, wanted) for wanted in plan.scene.deliver}
    return {f"{outputs.stem}.wav", LABELS, *PAGES, *intended_takes(plan), *stems, *files}


def intended_to_hear(plan: Plan, outputs: Outputs, options: OutputOptions) -> set[str]:
    """The files that ``--solo`` and ``--mute`` may write, relative to the folder."""
    return {outputs.listen, *intended_takes(plan)}


def intended_takes(plan: Plan) -> set[str]:
    """The takes that a build of a plan writes into its folder."""
    return {os.path.relpath(take_path("", step.name)) for step in plan.steps}
