"""What an engine is, and the registry of the built-in ones. Another package may offer more: ``docs/engines.md``.

An engine turns requests into sound. The build reads its *facts* to plan (cheap, in the main process: no numpy, no
torch). It is *loaded* only in a child process, so that a crash, a leak or a kill costs at most the takes in progress.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from importlib import import_module
from typing import Any

from scenebuild.engines.protocol import (
    Action,
    Engine,
    EngineFacts,
    EngineSession,
    EngineState,
    FailedRequest,
    MadeTake,
    ModelFacts,
    Note,
    Progress,
    Request,
    action_facts,
)
from scenebuild.errors import EngineError

# The built-in engines: name -> "module:attribute". Those of other packages are in ``installed``.
REGISTRY = {
    "sketch": "scenebuild.engines.sketch:ENGINE",
    "file": "scenebuild.engines.file:ENGINE",
    "audiogen": "scenebuild.engines.audiocraft:AUDIOGEN",
    "musicgen": "scenebuild.engines.audiocraft:MUSICGEN",
}
RECORDINGS = "file"  # makes the takes of recordings; no element names it
# What ``engine: auto`` tries: the real one first, and last the one that is ready everywhere.
AUTO = ("audiogen", "sketch")


def engine(name: str) -> Engine:
    """The engine of that name. EngineError with the list of those that there are, or where a package is broken."""
    if name in REGISTRY:
        module, attribute = REGISTRY[name].split(":")
        found: Engine = getattr(import_module(module), attribute)
        return found
    from scenebuild.engines.installed import installed_engine

    if not is_engine(name):
        raise EngineError(f"there is no engine {name!r}; there are: {', '.join(all_engines())}")
    return installed_engine(name)


def places_of(name: str, device: str) -> tuple[dict[str, Any], ...]:
    """Where children of an engine may work side by side, such as on several GPUs: what to add to the options of each
    for ``Engine.load``. An engine may have a method ``places(device)`` that says so; most have one place, and none."""
    places = getattr(engine(name), "places", None)
    return tuple(places(device)) if places else ()


def is_engine(name: str) -> bool:
    """Whether there is an engine of that name, whole or broken. Other packages are asked only where it is not built
    in."""
    return name in REGISTRY or name in other_engines()


def all_engines() -> tuple[str, ...]:
    """The names of all engines, the built-in ones first."""
    return (*REGISTRY, *other_engines())


def prompt_engines() -> tuple[str, ...]:
    """The names of the engines that make sound from a prompt."""
    return tuple(name for name in all_engines() if name != RECORDINGS)


def is_prompt_engine(name: str) -> bool:
    """Whether an element may name that engine."""
    return name != RECORDINGS and is_engine(name)


def other_engines() -> tuple[str, ...]:
    """The names of the engines that other packages offer."""
    from scenebuild.engines.installed import names

    return names(REGISTRY)


def facts_for(name: str, model: str | None = None) -> EngineFacts:
    """The facts of an engine with that model, or with its own choice. EngineError with the list of those it has."""
    facts = engine(name).facts
    wanted = model or facts.default_model
    if not facts.models:
        return facts
    for one in facts.models:
        if wanted in (one.id, one.id.rpartition("/")[2]):
            return replace(
                facts,
                default_model=one.id,
                sample_rate=one.sample_rate,
                channels=one.channels,
                longest_take_s=one.longest_take_s,
                licence=one.licence,
                parameters=facts.parameters | one.parameters,
            )
    known = ", ".join(one.id for one in facts.models)
    raise EngineError(f"{facts.title} has no model {wanted!r}; it has: {known}")


def no_such_model(name: str, known: Collection[str]) -> str:
    """The sentence about a name that no model has here: what was meant, what there is, where one's own belong."""
    from difflib import get_close_matches

    from scenebuild.config import user_file

    whole = {one.rpartition("/")[2]: one for one in known} | {one: one for one in known}
    close = get_close_matches(name[:100].lower(), whole, n=1, cutoff=0.75)
    meant = f"Did you mean {whole[close[0]]}? " if close else ""
    return (
        f"there is no model {name!r} here. {meant}There are: {', '.join(known)}; "
        f"a checkpoint of your own is registered in {user_file()}"
    )


__all__ = [
    "AUTO",
    "RECORDINGS",
    "REGISTRY",
    "Action",
    "Engine",
    "EngineError",
    "EngineFacts",
    "EngineSession",
    "EngineState",
    "FailedRequest",
    "MadeTake",
    "ModelFacts",
    "Note",
    "Progress",
    "Request",
    "action_facts",
    "all_engines",
    "engine",
    "facts_for",
    "is_engine",
    "is_prompt_engine",
    "no_such_model",
    "other_engines",
    "places_of",
    "prompt_engines",
]
