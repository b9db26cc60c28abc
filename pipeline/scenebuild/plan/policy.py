"""What a scene may be made of. A help for the author, no legal advice."""

from __future__ import annotations

from collections.abc import Mapping

from scenebuild.errors import PolicyError
from scenebuild.plan.licence import forbids_commerce
from scenebuild.plan.lockfile import lock_path
from scenebuild.plan.steps import Plan, Step


def planned_licences(plan: Plan) -> dict[str, str]:
    """The licence of every element's take, as far as it is known before anything is made."""
    return {step.name: _licence(step, plan) for step in plan.steps}


def refuse_licences(plan: Plan, licences: Mapping[str, str]) -> None:
    """PolicyError that names every element whose take forbids commercial use, where the policy asks for it.

    ``licences`` is the licence of each element's take, by name.
    """
    refused = [step for step in plan.steps if forbids_commerce(licences[step.name])]
    if not plan.scene.commercial or not refused:
        return
    lines = [f"{_line(plan, step)}, whose licence {licences[step.name]} forbids it" for step in refused]
    raise PolicyError("\n".join([*lines, *_ways_out(plan, refused)]))


def _licence(step: Step, plan: Plan) -> str:
    if step.element.recording is not None:
        return step.facts.licence
    if step.record is not None and "licence" in step.record.facts:
        return str(step.record.facts["licence"])
    entry = plan.lock.elements.get(step.name, {}) if plan.lock else {}
    return str(entry.get("licence", step.facts.licence)) if step.status == "locked" else step.facts.licence


def _line(plan: Plan, step: Step) -> str:
    name = step.name
    place = plan.scene.place_of("elements", step.element.name, "prompt")
    weights = f" ({step.action.model})" if step.action.model else ""
    return f"{place}: {name}: commercial use is asked for, but the take is of {step.facts.title}{weights}"


def _ways_out(plan: Plan, refused: list[Step]) -> list[str]:
    names = ", ".join(step.name for step in refused)
    written = ("policy", "commercial") in plan.scene.places
    asked = plan.scene.place_of("policy", "commercial") if written else "the configuration (commercial = true)"
    locked = f" ({lock_path(plan.scene.path)} is left as it is)" if plan.lock else ""
    return [
        f"replace {names}: write engine: sketch, or file: with a recording that you may sell, or a model whose licence "
        "allows commercial use",
        f"the policy stands in {asked}; nothing was made and no take is lost{locked}",
    ]
