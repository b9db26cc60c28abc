"""The error families, whose mistake each one is, and the exit code it leads to.

``0`` done · ``1`` invalid scene or an element failed · ``2`` usage · ``3`` refused (lock drift, digest
mismatch, policy) · ``4`` a bug of ours · ``130``/``143`` stopped by a signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; ``line`` and ``column`` count from 1, ``file`` is as the user typed it."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a file.

    ``rule`` is a stable id such as ``unknown-field``; ``message`` is one line of plain text: what, got, allowed, what
    to do. It is safe to print: no control characters, at most 200 characters of the author's text.
    """

    rule: str
    message: str
    place: Place
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


ErrorLine = Problem | str  # a finding with its place, or a sentence without one


class ScenebuildError(Exception):
    """The base of all errors that a user can cause and correct. Its text is its lines."""

    exit_code = 1

    def __init__(self, *lines: ErrorLine) -> None:
        super().__init__("\n".join(map(str, lines)))
        self.lines: tuple[ErrorLine, ...] = tuple(
            one for line in lines for one in (line.splitlines() if isinstance(line, str) else (line,))
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The lines that have a place in a file."""
        return tuple(line for line in self.lines if isinstance(line, Problem))


class SceneError(ScenebuildError):
    """The author's mistake: one or more problems in scene files."""

    def __init__(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        super().__init__(*problems)


class UsageError(ScenebuildError):
    """The command line or a configuration file asks for something that does not exist."""

    exit_code = 2


class EngineError(ScenebuildError):
    """An engine, or its installation, could not make a take."""


class StoreError(ScenebuildError):
    """The store could not keep or return bytes. A build continues without the store if it can."""


class OutputError(ScenebuildError):
    """The files of a build cannot be written: a full disk, a folder without write permission."""


class LockError(ScenebuildError):
    """The build differs from the lockfile, and ``--frozen`` forbids that."""

    exit_code = 3


class PolicyError(ScenebuildError):
    """The licence of a take is forbidden by the project's policy; nothing is written, and no take is lost."""

    exit_code = 3


class DigestError(ScenebuildError):
    """Weights differ from the recorded bytes, or contain code: they are refused before they are loaded."""

    exit_code = 3
