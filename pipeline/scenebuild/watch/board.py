"""The latest page and the state of its build: set by the loop, read by every request, awaited by the page's events."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["building", "built", "failed"]


@dataclass(frozen=True, slots=True)
class BuildState:
    """The state of the latest build. ``number`` counts all states, ``page`` the pages so far, ``edits`` the edits that
    this build includes."""

    number: int
    page: int
    edits: int
    kind: Kind
    lines: tuple[str, ...] = ()  # of a failed build, one message each


class Board:
    """The latest state and page. There is no queue: a slow reader sees the latest state and misses the ones before."""

    def __init__(self, html: str) -> None:
        self._changed = threading.Condition()
        self._state = BuildState(1, 0, 0, "building")
        self._html = html
        self._edits = 0
        self._is_open = True

    @property
    def page(self) -> tuple[int, str]:
        """The number of the latest page, and its HTML."""
        with self._changed:
            return self._state.page, self._html

    @property
    def state(self) -> BuildState:
        """The latest state."""
        with self._changed:
            return self._state

    def edited(self, is_news: bool) -> int:
        """Count an edit, if it changed the file: the number of edits that a build must include to include this one."""
        with self._changed:
            self._edits += is_news
            return self._edits

    def building(self) -> None:
        """A build begins, which includes every edit so far; the page stays."""
        self._show("building")

    def built(self, html: str) -> None:
        """A build is done, and this is its page."""
        self._show("built", html=html)

    def failed(self, lines: tuple[str, ...]) -> None:
        """A build failed; the last good page stays."""
        self._show("failed", lines)

    def wait(self, number: int, seconds: float) -> BuildState | None:
        """The state after state ``number`` as soon as there is one, or the same state after ``seconds``; None once the
        board is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.number != number or not self._is_open, seconds)
            return self._state if self._is_open else None

    def close(self) -> None:
        """End every ``wait``, now and later."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def _show(self, kind: Kind, lines: tuple[str, ...] = (), html: str | None = None) -> None:
        with self._changed:
            page = self._state.page + (html is not None)
            self._html = self._html if html is None else html
            edits = self._edits if kind == "building" else self._state.edits
            self._state = BuildState(self._state.number + 1, page, edits, kind, lines)
            self._changed.notify_all()
