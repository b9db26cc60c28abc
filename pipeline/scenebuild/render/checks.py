"""Checks that need the takes or the mix: warnings, unmet expectations, fades that are too long."""

from __future__ import annotations

from scenebuild.audio.copyright import copyright_of
from scenebuild.errors import Problem, SceneError
from scenebuild.expect.check import check_expectations, expects_anything
from scenebuild.generate.gather import Takes, paths_of
from scenebuild.mix.clip import clip_of
from scenebuild.mix.model import Mix
from scenebuild.plan.mix_licence import forbids_commerce
from scenebuild.plan.steps import Plan


def warnings_of(plan: Plan, takes: Takes) -> tuple[str, ...]:
    """The warnings about the takes of a scene."""
    found = [f"{step.name}: {warning}" for step in plan.steps for warning in step.one_of(takes).warnings]
    changed = [
        step for step in plan.steps if step.digest and step.digest != step.one_of(takes).digest and not step.is_forced
    ]
    found += [f"{step.name}: {step.left_out}" for step in plan.steps if step.left_out]
    found += [f"{step.name}: the locked take is missing; another take with the same key was used" for step in changed]
    return tuple([*found, *_signed_recordings(plan)])


def _signed_recordings(plan: Plan) -> list[str]:
    """Warnings, in a commercial scene, about recordings whose metadata forbid commercial use, as a copied take of a
    model does. Not an error: the author of a recording may sell it, whatever its metadata say. A recording that an
    engine leaves out is not in the take."""
    signed = [
        (step.name, copyright_of(path))
        for step in plan.steps
        for field, path in step.element.recordings.items()
        if plan.scene.commercial and (field == "file" or field in step.facts.parameters)
    ]
    return [
        f"{name}: the recording's copyright text is: {' '.join(text.split())[:100]}; make sure that it may be sold"
        for name, text in signed
        if forbids_commerce(text)
    ]


def unmet_expectations(plan: Plan, takes: Takes, mix: Mix) -> list[str]:
    """The expectations of a scene that do not hold, in words."""
    if not expects_anything(plan.scene):
        return []
    found = check_expectations(plan.scene, plan.lock, paths_of(takes), mix.path)
    return [f"{verdict.owner}: {verdict.message}" for verdict in found if not verdict.holds]


def refuse_long_fades(plan: Plan, takes: Takes) -> None:
    """SceneError for fades longer than their recording, whose length is only known now; fades of prompts are checked
    when the scene is read."""
    problems = []
    for step in plan.steps:
        element = step.element
        fades = element.fade_in_s + element.fade_out_s
        length_s = clip_of(element, [step.one_of(takes)]).length_s
        if element.recording is not None and not element.playback.loop and fades > length_s:
            place = plan.scene.place_of("elements", element.name, "fade_in" if element.fade_in_s else "fade_out")
            message = f"fade_in and fade_out last {fades:g} s together, the recording {length_s:.3g} s; shorten them"
            problems.append(Problem("fade-too-long", message, place))
    if problems:
        raise SceneError(problems)
