"""What a build and its worker processes say to each other: one JSON object a line, a dataclass on both sides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from scenebuild.engines import Action, Request


@dataclass(frozen=True, slots=True)
class Order:
    """The build to a worker: make these requests. The files of the takes are written into ``folder``."""

    engine: str
    options: Mapping[str, Any]  # see ``Engine.load``
    folder: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is loaded."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """A request is this far."""

    index: int  # into the order's requests, here and below
    share: float  # 0 ... 1


@dataclass(frozen=True, slots=True)
class Noted:
    """A line for the user."""

    message: str


@dataclass(frozen=True, slots=True)
class Made:
    """A take is a file now."""

    index: int
    path: str
    digest: str  # of the file's bytes
    seconds: float  # that making it took
    made_by: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    content: str | None = None  # of the recording that was decoded


@dataclass(frozen=True, slots=True)
class Failed:
    """A request could not be made; the others go on."""

    index: int
    message: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The worker ends: none of the order's requests that are not answered yet can be made."""

    message: str
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """Every request of the order is answered."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing was said for a while. Never sent: the reading side makes it."""


Message = Loaded | Advanced | Noted | Made | Failed | Broken | Done
_KINDS: dict[str, type[Message]] = {
    kind.__name__.lower(): kind for kind in (Loaded, Advanced, Noted, Made, Failed, Broken, Done)
}


def encode(message: Message) -> str:
    """One line, without its end."""
    return json.dumps({"event": type(message).__name__.lower(), **asdict(message)})


def decode(line: bytes | str) -> Message:
    """The message of a line. ValueError where it is none."""
    plain = json.loads(line)
    try:
        kind = _KINDS[plain.pop("event")]
        if "warnings" in plain:
            plain["warnings"] = tuple(plain["warnings"])
        return kind(**plain)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no message of a worker: {error}") from error


def encode_order(order: Order) -> str:
    """One line, without its end."""
    return json.dumps(asdict(order))


def decode_order(line: bytes | str) -> Order:
    """The inverse."""
    plain = json.loads(line)
    requests = tuple(
        Request(Action(**one["action"]), one["path"], one["licence"], one["sounds"]) for one in plain["requests"]
    )
    return Order(plain["engine"], plain["options"], plain["folder"], requests)
