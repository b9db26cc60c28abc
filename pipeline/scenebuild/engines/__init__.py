"""What an engine is, and the registry of the built-in ones. Another package may offer more: ``docs/engines.md``.

An engine turns requests into sound. The build reads its *facts* to plan (cheap, in the main process: no numpy, no
torch). It is *loaded* only in a child process, so that a crash, a leak or a kill costs at most the takes in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

from scenebuild.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Fidelity = Literal["real", "sketch", "recording"]


@dataclass(frozen=True, slots=True)
class Action:
    """Only what decides the bytes of one take, and nothing else. Its hash is the action key.

    A field that an engine does not use is ``None`` here, so that changing it changes no key.
    """

    engine: str
    engine_version: str
    frames: int | None  # exact length at the engine's sample rate; None: as long as the recording is
    prompt: str | None = None  # NFC
    seed: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    cfg: float | None = None
    model: str | None = None
    revision: str | None = None
    precision: str | None = None
    content: str | None = None  # SHA-256 of a recording's bytes


def action_facts(action: Action) -> dict[str, str | int | float]:
    """The fields of an action that are set, as plain values; a float field is a float however it was written."""
    plain: dict[str, str | int | float] = {}
    for one in fields(action):
        value = getattr(action, one.name)
        if value is not None:
            plain[one.name] = float(value) if one.name in ("temperature", "top_p", "cfg") else value
    return plain


@dataclass(frozen=True, slots=True)
class Request:
    """One take that is wanted. What is beside its action decides nothing about its sound."""

    action: Action
    path: str | None = None  # where a recording lies now
    licence: str | None = None  # of a model's weights, to be written into the file


@dataclass(frozen=True, slots=True)
class MadeTake:
    """One take that an engine made: float32 samples, shape ``(frames, channels)``, nominally in [-1, 1]."""

    index: int  # into the requests
    samples: NDArray[np.float32]
    sample_rate: int
    made_by: dict[str, str] = field(default_factory=dict)  # device, dtype, library versions: recorded, never in the key
    warnings: tuple[str, ...] = ()
    content: str | None = None  # SHA-256 of the recording's bytes that were decoded: those of the action


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether an engine can be used now; if not, why, and what to type to change that."""

    ready: bool
    reason: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One of an engine's models, pinned to one commit, and what of the engine's facts follows from it."""

    id: str
    revision: str
    sample_rate: int  # Hz
    channels: int
    longest_take_s: float
    licence: str
    record: str | None = None  # the file by which a model that can change says what it is now


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What planning needs to know about an engine without loading it; with models, about it and one of them."""

    name: str
    title: str  # for people: "AudioGen"
    version: str  # changes whenever the same action would give other bytes
    fidelity: Fidelity
    sample_rate: int | None  # Hz; None: as the recording has it
    channels: int | None
    longest_take_s: float | None  # of one pass of the model; None: any length
    parameters: frozenset[str]  # the fields of Action, beyond prompt and frames, that act on the sound
    licence: str  # SPDX id of what is made, "as recorded" for a recording
    batches: bool  # True: gains from many requests at once; False: requests may be spread over processes
    default_model: str | None = None  # the one that these facts are about
    models: tuple[ModelFacts, ...] = ()
    defaults: tuple[tuple[str, int | float], ...] = ()  # parameter -> what it is when nobody says
    precision: str | None = None
    environment: tuple[tuple[str, str], ...] = ()  # of the child process
    trained_on: Literal["sounds", "music"] | None = None  # which prompts suit it; None: the words are not looked at


Progress = Callable[[int, float], None]  # (index of the request, share done 0 ... 1)


class EngineSession(Protocol):
    """A loaded engine, in the child process. One at a time; may hold gigabytes."""

    def generate(self, requests: Sequence[Request], progress: Progress) -> Iterator[MadeTake | FailedRequest | Note]:
        """Make every request, in any order, each yielded as soon as it is done, so that a kill loses little.

        The same action gives the same samples alone, with others and in any order. A request that fails alone is
        yielded as ``FailedRequest``; the others go on. A ``Note`` may be yielded at any time.
        """
        ...


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """One request that an engine could not make, with a message for the user."""

    index: int
    message: str


@dataclass(frozen=True, slots=True)
class Note:
    """One line for the user about how the engine works here; a build shows it once."""

    message: str


class Engine(Protocol):
    """The contract; ``tests/test_engines.py`` runs every engine in the registry through it."""

    @property
    def facts(self) -> EngineFacts:
        """Constant for one installed version; cheap; imports nothing heavy."""
        ...

    def state(self, model: str | None = None) -> EngineState:
        """Look, without importing anything heavy, whether the engine, with that model, can be loaded here."""
        ...

    def load(self, options: dict[str, Any]) -> EngineSession:
        """Make ready to generate. Slow and large for a model. Only ever called in a child process.

        ``options``: ``device`` (auto, cpu, cuda, cuda:1, mps) and ``exact`` (bool), for engines whom they concern.
        """
        ...


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
    "prompt_engines",
]
