"""What an engine is: the protocol that it fills, and the values that travel between a build and an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol

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
    continues: str | None = None  # SHA-256 of the recording that the take begins with and goes on from
    melody: str | None = None  # SHA-256 of the recording whose melody the take follows
    redo: str | None = None  # key of the take of which only the frames redo_from ... redo_to are made again
    redo_from: int | None = None
    redo_to: int | None = None


def action_facts(action: Action) -> dict[str, str | int | float]:
    """The fields of an action that are set, as plain values; a float field is a float however it was written. Of an
    entry of a lock, which extends an action, only these fields."""
    plain: dict[str, str | int | float] = {}
    for one in fields(Action):
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
    # continues, melody, redo -> where that sound lies now: a copy that has the bytes which the action names. With redo
    # the action still names what its base goes on from; that sound is in the base and not sent again.
    sounds: Mapping[str, str] = field(default_factory=dict)


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
    parameters: frozenset[str] = frozenset()  # beyond those of its engine: "melody" of a model that follows one


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
