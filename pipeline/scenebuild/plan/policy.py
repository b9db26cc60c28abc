"""The policy of a scene: which licences its takes may have. A help for the author, not legal advice.

The licence of a take is the licence of the model that made it, from the list and the user's own configuration of today.
A licence in a record, a lock or a sound file does not count: it may be forged or out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scenebuild.config import Config
from scenebuild.engines import AUTO
from scenebuild.errors import PolicyError, Problem
from scenebuild.plan.lockfile import lock_path
from scenebuild.plan.mix_licence import allows_commerce, forbids_commerce, without_own_terms
from scenebuild.plan.steps import Plan, Step
from scenebuild.scene.model import Scene


def under_policy(scene: Scene, config: Config | None) -> Scene:
    """The scene under the policy of its project's configuration; a scene cannot relax it."""
    return replace(scene, commercial=scene.commercial or (config is not None and config.commercial))


def planned_licences(plan: Plan) -> dict[str, str]:
    """The licence of every element's take, as it is known before anything is made."""
    return {step.name: step.licence for step in plan.steps}


def refuse_licences(plan: Plan, licences: Mapping[str, str]) -> None:
    """PolicyError if the policy asks for commercial use and the licence of a take forbids it, or is not known to allow
    it; the error names every such element.

    ``licences`` has the licence of each element's take, by name. Recordings are not checked: only the author knows
    their terms.
    """
    made = [step for step in plan.steps if step.element.recording is None]
    refused = [step for step in made if not allows_commerce(licences[step.name])]
    if not plan.scene.commercial or not refused:
        return
    problems = [_problem(plan, step, licences[step.name]) for step in refused]
    unknown = [step for step in refused if not forbids_commerce(without_own_terms(licences[step.name]))]
    raise PolicyError(*problems, *_ways_out(plan, refused, unknown))


def _why(licence: str) -> str:
    return f"{licence} forbids it" if forbids_commerce(licence) else f"{licence!r} is not known to allow it"


def _problem(plan: Plan, step: Step, licence: str) -> Problem:
    place = plan.scene.place_of("elements", step.element.name, "prompt")
    weights = f" ({step.action.model})" if step.action.model else ""
    take = f"the take is of {step.facts.title}{weights}, whose licence {_why(without_own_terms(licence))}"
    return Problem("policy", f"{step.name}: commercial use is asked for, but {take}", place)


def _ways_out(plan: Plan, refused: list[Step], unknown: list[Step]) -> list[str]:
    names = ", ".join(step.name for step in refused)
    written = ("policy", "commercial") in plan.scene.places
    asked = plan.scene.place_of("policy", "commercial") if written else "the configuration (commercial = true)"
    locked = f" ({lock_path(plan.scene.path)} is left as it is)" if plan.lock else ""
    models = dict.fromkeys(str(step.action.model) for step in unknown)
    named = [
        f"if the licence of {', '.join(models)} allows commercial use, write its SPDX id, such as CC-BY-4.0 or "
        "Apache-2.0, as licence where the model is registered, in your own configuration"
    ]
    return [
        *(named if unknown else ()),
        f"replace {names}: write engine: {AUTO[-1]}, or file: with a recording that you may sell, or a model whose "
        "licence allows commercial use",
        f"the policy stands in {asked}; nothing was made and no take is lost{locked}",
    ]
