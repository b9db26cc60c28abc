"""Which engine makes the take of an element, with which model and in which precision, in the order of docs/cli.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scenebuild.config import Config
from scenebuild.engines import (
    AUTO,
    RECORDINGS,
    Action,
    EngineFacts,
    EngineState,
    engine,
    is_engine,
    is_prompt_engine,
    prompt_engines,
)
from scenebuild.errors import Problem, SceneError, UsageError
from scenebuild.plan.action import action_key, action_of
from scenebuild.plan.lockfile import LockEntry
from scenebuild.plan.models import (
    engines_with,
    known_facts,
    model_problem,
    not_taken,
    unknown_problem,
    wrong_engine,
)
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.quoting import nearest
from scenebuild.settings import PlanOptions
from scenebuild.store import LocalStore

Contents = Mapping[str, str]  # see ``contents_of``


def decide(
    element: Element,
    scene: Scene,
    entry: LockEntry | None,
    store: LocalStore,
    options: PlanOptions,
    contents: Contents,
) -> tuple[EngineFacts, Action]:
    """The engine of an element, and the element's action on it.

    SceneError if that engine does not take a sound that the element names.
    """
    if element.recording is not None:
        facts = engine(RECORDINGS).facts
        return facts, action_of(element, scene, facts, contents=contents)
    configured = options.config or Config()
    asked = options.engine or element.engine or scene.engine or configured.engine or "auto"
    if asked != "auto":
        named = _named(asked, element, scene, entry, options)
        if problems := not_taken(element, scene, named):
            raise SceneError(problems)
        return _acting(element, scene, named, entry, options, contents)
    if entry is not None and is_engine(entry.engine):
        # the locked engine stays as long as its take is wanted and available
        locked = known_facts(entry.engine, _model(entry.engine, element, options), entry)
        kept = None
        if locked and not not_taken(element, scene, locked):
            kept = _acting(element, scene, locked, entry, options, contents)
        if kept and (options.as_locked or _is_kept(entry, kept, store)):
            return kept
    facts = next(facts for facts in _candidates(element, scene, entry, options) if state_of(facts).ready)
    return _acting(element, scene, facts, entry, options, contents)


def _acting(
    element: Element,
    scene: Scene,
    facts: EngineFacts,
    entry: LockEntry | None,
    options: PlanOptions,
    contents: Contents,
) -> tuple[EngineFacts, Action]:
    """The action in the precision of the flag; without the flag, a locked take that is still wanted keeps its own.

    The configuration's precision applies to takes that have to be made, and never makes an existing take again.
    """

    def in_precision(precision: str | None) -> tuple[EngineFacts, Action]:
        acting = facts if facts.precision is None else replace(facts, precision=precision)
        return acting, action_of(element, scene, acting, contents=contents)

    if options.precision is not None:
        return in_precision(options.precision)
    if entry is not None and entry.engine == facts.name and entry.precision is not None:
        locked = in_precision(entry.precision)
        of_the_take = {action_key(locked[1]), locked[1].redo}  # its own key, and that of its base
        if of_the_take & ({entry.key, entry.redo} - {None}):
            return locked
    configured = options.config or Config()
    return in_precision(configured.precision or facts.precision)


def _model(name: str, element: Element, options: PlanOptions) -> str | None:
    """The model for an element on an engine: the flag's, if it belongs to that engine, else the element's."""
    asked = known_facts(name, options.model) if options.model else None
    return options.model if asked and asked.models else element.model


def _candidates(element: Element, scene: Scene, entry: LockEntry | None, options: PlanOptions) -> list[EngineFacts]:
    """The engines that `auto` may choose, the best first. If the author names a model, it decides the real engine."""
    having = list(AUTO[:-1]) if element.model is None else engines_with(element.model, entry)
    names = having or (engines_with(options.model) if options.model else [])
    if not names:
        raise _unknown_model(element, scene)
    found = list(filter(None, (known_facts(name, _model(name, element, options), entry) for name in names)))
    taking = [facts for facts in found if not not_taken(element, scene, facts)]
    if having and element.model is not None and not taking:
        raise SceneError([problem for facts in found for problem in not_taken(element, scene, facts)])
    return [*taking, engine(AUTO[-1]).facts]


def _unknown_model(element: Element, scene: Scene, wanted_by: str = "") -> SceneError:
    if wanted_by and engines_with(element.model):
        return SceneError([model_problem(element, scene, wrong_engine(wanted_by, element.model))])
    return SceneError([unknown_problem(element, scene)])


def state_of(facts: EngineFacts) -> EngineState:
    """Whether an engine can be used now with the model in its facts."""
    return engine(facts.name).state(facts.default_model)


def _is_kept(entry: LockEntry, kept: tuple[EngineFacts, Action], store: LocalStore) -> bool:
    return action_key(kept[1]) == entry.key and _can_be_had(entry, kept[0], store)


def _can_be_had(entry: LockEntry, facts: EngineFacts, store: LocalStore) -> bool:
    return store.has(entry.digest) or store.get(entry.key) is not None or state_of(facts).ready


def _named(name: str, element: Element, scene: Scene, entry: LockEntry | None, options: PlanOptions) -> EngineFacts:
    if is_prompt_engine(name):
        return _with_model(name, element, scene, entry, options)
    if options.engine is not None:
        known = (*prompt_engines(), "auto")
        meant = nearest(name, list(known))
        there = f"there are: {', '.join(known)}{'.' if meant else ''}{meant}"
        raise UsageError(f"--engine {name}: there is no such engine; {there}")
    message = f"engine: {name} is not part of this installation; '--engine {AUTO[-1]}' previews the scene without it"
    raise SceneError([Problem("engine-missing", message, scene.place_of("elements", element.name, "engine"))])


def _with_model(
    name: str, element: Element, scene: Scene, entry: LockEntry | None, options: PlanOptions
) -> EngineFacts:
    """The engine with the element's model; if the flag names the engine and the model belongs to another one, with the
    engine's default model."""
    found = known_facts(name, _model(name, element, options), entry)
    if found is None and options.engine is not None and engines_with(element.model, entry):
        return engine(name).facts
    if found is None:
        raise _unknown_model(element, scene, wanted_by=name)
    return found


def refuse_unknown_engine(options: PlanOptions) -> None:
    """UsageError if the configuration names an engine that does not exist."""
    configured = options.config.engine if options.config else None
    if configured is not None and configured != "auto" and not is_prompt_engine(configured):
        known = ("auto", *prompt_engines())
        raise UsageError(
            f"engine = {configured!r} in the configuration: there is no such engine; there are: {', '.join(known)}"
        )
