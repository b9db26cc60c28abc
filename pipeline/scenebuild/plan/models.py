"""The models that a scene names: those of the list, and those that only this machine or only the lock knows.

A user registers a checkpoint by name in the user's configuration. On another machine the name means nothing; but the
lock that was committed with the scene has the digest of the bytes that made a take, which is enough to use that take.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from scenebuild.engines import (
    REGISTRY,
    EngineFacts,
    ModelFacts,
    engine,
    facts_for,
    is_engine,
    is_prompt_engine,
    no_such_model,
    other_engines,
)
from scenebuild.errors import EngineError, LockError, Place, Problem, SceneError, UsageError
from scenebuild.licences import LONGEST, strictest
from scenebuild.plan.lockfile import Lock, LockEntry, lock_path, read_lock
from scenebuild.plan.mix_licence import without_own_terms
from scenebuild.plan.recordings import about_recordings, narrow_band
from scenebuild.scene.check.findings import MOST_SHOWN
from scenebuild.scene.lint.check import lint_scene
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene.sound_prompt import FIELDS


def findings_about(path: str) -> list[Problem]:
    """The errors of a scene file, or its warnings if it has no errors.

    Each scene of a file with variants is checked, until there are more errors than are shown; an error that several
    scenes share is reported once.
    """
    try:
        references = references_in(path)
    except SceneError as error:
        return list(error.problems)
    found: dict[Problem, None] = {}
    for reference in references:
        found.update(dict.fromkeys(_findings(reference)))
        if sum(problem.severity == "error" for problem in found) > MOST_SHOWN:
            break
    return list(found)


def _findings(reference: str) -> list[Problem]:
    try:
        scene = read_scene(reference)
    except SceneError as error:
        return list(error.problems)
    try:
        lock = read_lock(lock_path(reference))
    except LockError:  # the build reports it
        lock = None
    refused, odd = about_recordings(scene)
    asked = _asked_with_sounds(scene, lock)
    untaken = [problem for element, facts in asked for problem in not_taken(element, scene, facts)]
    if wrong := [*unknown_models(scene, lock), *refused, *untaken]:
        return wrong
    real = [(element, facts) for element, facts in asked if facts.fidelity == "real"]
    narrow = [problem for element, facts in real if (problem := narrow_band(element, scene, facts.sample_rate))]
    return [*odd, *narrow, *lint_scene(scene, engines_of_models())]


def unknown_models(scene: Scene, lock: Lock | None) -> list[Problem]:
    """Findings about models that do not exist, and about models that belong to another engine than the element's."""
    named = [element for element in scene.elements if element.model is not None]
    here = {model: engines_with(model) for model in {element.model for element in named}}
    locked = lock.elements if lock else {}
    problems = [
        _problem(element, scene, here[element.model] or engines_with(element.model, locked.get(element.name)))
        for element in named
    ]
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


def _problem(element: Element, scene: Scene, having: list[str]) -> Problem | None:
    asked = element.engine or scene.engine or "auto"
    if not having:
        return unknown_problem(element, scene)
    if is_engine(asked) and asked not in having and engine(asked).facts.models:
        return model_problem(element, scene, wrong_engine(asked, element.model))
    return None


def _asked_with_sounds(scene: Scene, lock: Lock | None) -> list[tuple[Element, EngineFacts]]:
    """The elements that name sounds and an engine, each with the facts of that; for ``auto`` the build chooses."""
    found = []
    for element in scene.elements:
        asked = element.engine or scene.engine or "auto"
        if not element.sound_prompts.fields or not is_prompt_engine(asked):
            continue
        if facts := known_facts(asked, element.model, lock.entry(element.name) if lock else None):
            found.append((element, facts))
    return found


def not_taken(element: Element, scene: Scene, facts: EngineFacts) -> list[Problem]:
    """The fields of sounds that an engine, with that model, does not take. A sketch leaves them out instead."""
    if facts.fidelity == "sketch":
        return []
    who = f"{facts.title} ({facts.default_model})" if facts.default_model else facts.title
    return [
        Problem(
            "sound-prompt",
            f"{field}: {who} does not take it; {_takers(field)}",
            scene.place_of("elements", element.name, field),
        )
        for field in element.sound_prompts.fields
        if field not in facts.parameters
    ]


def _takers(field: str) -> str:
    """Which engines take a field, and with which of their models."""
    found = []
    for facts in (engine(name).facts for name in (*REGISTRY, *_whole(other_engines()))):
        models = [one.id for one in facts.models if field in one.parameters]
        if field in facts.parameters:
            found.append(facts.name)
        elif models:
            found.append(f"{facts.name} with {' or '.join(models)}")
    return f"these do: {', '.join(found)}" if found else "no engine here does; remove it"


def unknown_problem(element: Element, scene: Scene) -> Problem:
    """The finding about a model that no engine has here."""
    return model_problem(element, scene, f"{unknown_model(element.model)}; --model NAME builds with another one")


def model_problem(element: Element, scene: Scene, sentence: str) -> Problem:
    """The finding about an element's model, at the place where it is written."""
    own = ("elements", element.name, "model")
    place: Place = scene.places.get(own) or scene.place_of("defaults", "model")
    return Problem("model-unknown", f"model: {sentence}", place)


def unknown_model(model: str | None) -> str:
    """The sentence about a model that no engine has."""
    known = list(engines_of_models(whole_names_only=True))
    return no_such_model(str(model), sorted(known, key=lambda one: "/" not in one))  # the user's own are the last


def wrong_engine(name: str, model: str | None) -> str:
    """The sentence about a model that another engine has."""
    known = ", ".join(one.id for one in engine(name).facts.models)
    return f"{name} has no model {model!r}; it has: {known}"


def engines_with(model: str | None, entry: LockEntry | None = None) -> list[str]:
    """The engines that have a model of that name, here or in the lock's ``entry``."""

    def having(names: Iterable[str]) -> list[str]:
        return [name for name in names if (facts := known_facts(name, model, entry)) and facts.models]

    return having(REGISTRY) or having(_whole(other_engines()))


def engines_of_models(*, whole_names_only: bool = False) -> dict[str, str]:
    """The engine of each model, by the model's whole name and by the part of it after the slash."""
    names = (*REGISTRY, *_whole(other_engines()))
    ids = {one.id: name for name in names for one in engine(name).facts.models}
    return ids if whole_names_only else {one.rpartition("/")[2]: name for one, name in ids.items()} | ids


def _whole(names: Iterable[str]) -> Iterator[str]:
    """The engines that can be loaded. A broken package is reported when its engine is used, and by the doctor."""
    for name in names:
        with contextlib.suppress(EngineError):
            engine(name)
            yield name


def known_facts(name: str, model: str | None, entry: LockEntry | None = None) -> EngineFacts | None:
    """The facts of an engine with that model; None if it has no model of that name.

    The facts of a checkpoint that is not registered here, or whose bytes were never recorded, are from the lock's
    ``entry``.
    """
    try:
        facts = facts_for(name, model)
    except EngineError:
        return _as_locked(engine(name).facts, model, entry)
    unrecorded = any(one.id == facts.default_model and not one.revision for one in facts.models)
    return (_as_locked(facts, model, entry) if unrecorded else None) or facts


def _as_locked(facts: EngineFacts, model: str | None, entry: LockEntry | None) -> EngineFacts | None:
    if model is None or entry is None or (entry.engine, entry.model) != (facts.name, model):
        return None
    revision, channels, said = entry.revision or "", entry.channels, entry.licence
    if not re.fullmatch(r"[0-9a-f]{40}", revision) or channels not in (1, 2) or said is None or len(said) > LONGEST:
        return None
    like = facts.models[0]  # the sample rate and the window are the same for all models of an engine
    # The model was trained from one of the engine's, whatever a lock says.
    licence = strictest([facts.licence, without_own_terms(said)])
    takes = frozenset(name for name in FIELDS if getattr(entry, name) is not None)
    one = ModelFacts(model, revision, like.sample_rate, channels, like.longest_take_s, licence, parameters=takes)
    others = tuple(other for other in facts.models if other.id != model)
    return replace(
        facts,
        default_model=model,
        models=(*others, one),
        channels=one.channels,
        licence=licence,
        parameters=facts.parameters | takes,
    )


def refuse_unknown_model(asked: str | None) -> None:
    """UsageError if the command line names a model that does not exist."""
    if asked is not None and not engines_with(asked):
        raise UsageError(f"--model {asked}: {unknown_model(asked)}")
