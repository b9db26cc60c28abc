"""Engines of other packages, which say so by an entry point in the group ``scenebuild.engines``.

They are looked for only when a name is asked for that is not built in, or when all engines are listed. What is found
was installed by the user. Nothing of the current folder is found, which may be a stranger's checkout: neither a
package's metadata nor a module.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scenebuild.errors import EngineError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from scenebuild.engines.protocol import Engine, EngineFacts, EngineSession, EngineState

GROUP = "scenebuild.engines"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
RESERVED = ("auto",)


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry point, and the package that has it."""

    package: str
    entry_point: EntryPoint


@dataclass(frozen=True, slots=True)
class InstalledEngine:
    """An engine of another package. Satisfies ``Engine``."""

    package: str
    engine: Engine

    @property
    def facts(self) -> EngineFacts:
        """Its own, with the package in the version: two packages never share a key."""
        facts = self.engine.facts
        return replace(facts, version=f"{self.package}/{facts.version}")

    def state(self, model: str | None = None) -> EngineState:
        """See ``Engine``."""
        return self.engine.state(model)

    def load(self, options: dict[str, Any]) -> EngineSession:
        """See ``Engine``."""
        return self.engine.load(options)


@functools.cache
def offers() -> dict[str, tuple[Offer, ...]]:
    """Engine name -> the packages that offer it, in the order of their names."""
    from importlib.metadata import distributions

    found: dict[str, dict[str, Offer]] = {}
    with _without_current_folder():
        for package in distributions(path=list(sys.path)):
            for entry_point in package.entry_points.select(group=GROUP):
                offer = Offer(package.metadata["Name"], entry_point)
                found.setdefault(entry_point.name, {}).setdefault(offer.package, offer)
    return {name: tuple(by[package] for package in sorted(by)) for name, by in sorted(found.items())}


def faults(built_in: Collection[str]) -> list[str]:
    """One sentence for each engine that is offered under a name that it cannot have."""
    return [
        f"the package {offer.package} offers an engine {name!r}, which is not used: {reason}"
        for name, by in offers().items()
        if (reason := _fault_of(name, built_in))
        for offer in by
    ]


def names(built_in: Collection[str]) -> tuple[str, ...]:
    """The engines of other packages; a built-in one is never replaced."""
    return tuple(name for name in offers() if not _fault_of(name, built_in))


@functools.cache
def installed_engine(name: str) -> InstalledEngine:
    """The engine that a package offers. EngineError, one line, where it cannot be loaded or is none."""
    offered = offers()[name]
    if len(offered) > 1:
        packages = " and ".join(offer.package for offer in offered)
        raise EngineError(f"the packages {packages} both offer the engine {name!r}; uninstall one of them")
    (offer,) = offered
    try:
        with _without_current_folder():
            loaded = offer.entry_point.load()
            problem = _not_an_engine(name, loaded)
    except Exception as error:  # a package may raise anything while it is imported
        problem = f"cannot be loaded: {type(error).__name__}: {str(error).partition(os.linesep)[0][:200]}"
    if problem:
        raise EngineError(f"the engine {name!r} of the package {offer.package} {problem}")
    return InstalledEngine(offer.package, loaded)


def _fault_of(name: str, built_in: Collection[str]) -> str:
    if name in built_in:
        return "it is built in"
    if name in RESERVED or not NAME.match(name):
        return "a name has at most 64 of a-z, 0-9, _ and -, begins with a letter, and is not 'auto'"
    return ""


def _not_an_engine(name: str, loaded: Any) -> str:
    from scenebuild.engines.protocol import EngineFacts

    facts = getattr(loaded, "facts", None)
    if not isinstance(facts, EngineFacts):
        return "is no engine: it has no facts of the type EngineFacts"
    if missing := [one for one in ("state", "load") if not callable(getattr(loaded, one, None))]:
        return f"is no engine: it has no {' and no '.join(missing)}"
    return "" if facts.name == name else f"calls itself {facts.name!r} in its facts"


@contextlib.contextmanager
def _without_current_folder() -> Iterator[None]:
    """``python -m`` puts the current folder first on the path; an engine is never taken from there."""
    whole, here = list(sys.path), os.path.realpath(os.getcwd())
    sys.path[:] = [entry for entry in whole if os.path.isabs(entry) and os.path.realpath(entry) != here]
    try:
        yield
    finally:
        sys.path[:] = whole
