"""Messages for people: a bar on a terminal, plain lines in a pipe, and never a control character from a scene."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

import click

from scenebuild.listener import Silent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from scenebuild.result import SceneResult

QUIET, NORMAL, VERBOSE = 0, 1, 2
STATUS_COLOURS = {"built": "green", "up-to-date": "cyan", "failed": "red"}


def tidy_streams() -> None:
    """Write characters that a stream cannot encode as escapes, so that no locale breaks a message."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def safe(text: str) -> str:
    """The text with every control character except the newline as an escape.

    >>> safe("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(one if one == "\n" or one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class Complaints(Silent):
    """A listener that prints the lines for the user on stderr, and nothing else."""

    def tell(self, line: str) -> None:
        """One line for the user."""
        complain(line)


def complain(message: str) -> None:
    """A message on stderr."""
    click.echo(safe(message), err=True)


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Whether to use colours: by ``--color``, then FORCE_COLOR, then NO_COLOR, then whether the stream is a terminal.
    An empty variable counts as not set."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Terminal:
    """A listener that prints progress on stderr, and one line for each scene on stdout."""

    def __init__(self, *, loudness: int, colour: bool, results: bool = True) -> None:
        self._loudness = loudness
        self._colour = colour
        self._results = results
        self._names: Mapping[str, str] = {}
        self._done: set[str] = set()
        self._shares: dict[str, float] = {}
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_bar()

    def tell(self, line: str) -> None:
        """A line on stderr, above the bar where there is one."""
        if self._loudness == QUIET:
            return
        if self._bar is not None:
            self._bar.console.print(safe(line), markup=False, highlight=False)
        else:
            complain(line)

    def begin(self, takes: Mapping[str, str]) -> None:
        """Open the bar; in a pipe, print how many takes will be made."""
        self._names = takes
        self._done, self._shares, self._tasks = set(), {}, {}  # ``watch`` builds several times
        if not takes or self._loudness == QUIET:
            return
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._open_bar(takes)
        else:
            complain(f"making {len(takes)} {'take' if len(takes) == 1 else 'takes'}")

    def progress(self, key: str, share: float) -> None:
        """Move the bar of one take; in a pipe, print a line when it is done."""
        if key not in self._names:  # a recording is read in a moment
            return
        self._shares[key] = share
        if self._bar is not None:
            self._bar.update(self._total, completed=sum(self._shares.values()))
            if key in self._tasks:
                self._bar.update(self._tasks[key], completed=share)
        elif share >= 1.0 and key not in self._done and self._loudness > QUIET:
            self._done.add(key)
            complain(f"  {len(self._done)}/{len(self._names)} {self._names[key]}")

    def show(self, page: object) -> None:
        """Nothing: a page cannot be printed."""

    def finish(self, result: SceneResult) -> None:
        """Print one line about the scene on stdout, and its errors and warnings on stderr."""
        self._stop_bar()
        if self._results and (self._loudness > QUIET or result.status == "failed"):
            self._print_scene(result)

    def _print_scene(self, result: SceneResult) -> None:
        status = click.style(f"{result.status:<10}", fg=STATUS_COLOURS[result.status], bold=True)
        click.echo(f"{status}  {safe(_sentence(result))}", color=self._colour)
        for line in result.errors:
            complain(str(line))
        if result.status == "built" or self._loudness == VERBOSE:
            for line in (*result.warnings, *_not_the_real_thing(result)):
                complain(f"            {line}")
        if self._loudness == VERBOSE:
            for one in result.elements:
                click.echo(safe(f"            {one.name}: {one.status}, {one.engine}; {one.reason}"))

    def _open_bar(self, takes: Mapping[str, str]) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True, no_color=not self._colour)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar.start()
        self._total = self._bar.add_task(f"making {len(takes)} takes", total=len(takes))
        if len(takes) <= 12:  # more bars do not fit a terminal
            self._tasks = {key: self._bar.add_task(f"  {escape(safe(name))}", total=1) for key, name in takes.items()}

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _not_the_real_thing(result: SceneResult) -> list[str]:
    sketched = [one.name for one in result.elements if one.fidelity == "sketch"]
    if not sketched:
        return []
    from scenebuild.engines import AUTO, engine

    real = engine(AUTO[0])
    state = real.state()
    how = f"type: scenebuild {result.scene} --engine {AUTO[0]}" if state.ready else state.advice
    kept = "; the lock keeps the real takes" if result.preview else ""
    return [f"sketched, not {real.facts.title}: {', '.join(sketched)}{kept}; to make it real, {how}"]


def _sentence(result: SceneResult) -> str:
    if result.status == "failed":
        return result.scene
    facts = [f"{result.duration_s:.1f} s"]
    facts.append("silent" if result.loudness_lufs is None else f"{result.loudness_lufs:.1f} LUFS")
    facts.append("" if result.true_peak_dbtp is None else f"{result.true_peak_dbtp:.1f} dBTP")
    counts: dict[str, int] = {}
    for one in result.elements:
        counts[one.status] = counts.get(one.status, 0) + 1
    facts += [f"{number} {status}" for status, number in sorted(counts.items())]
    facts.append(f"{len(result.delivered)} delivered" if result.delivered else "")
    preview = " (preview)" if result.preview else ""
    return f"{result.scene} -> {result.mix}{preview}  {', '.join(fact for fact in facts if fact)}"
