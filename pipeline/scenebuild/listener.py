"""Listeners of a build: a terminal, the page of ``watch``, a program, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scenebuild.report.pages.mixer_page import MixerPage
    from scenebuild.result import SceneResult


class Listener(Protocol):
    """Is told about a build while it runs."""

    def tell(self, line: str) -> None:
        """One line for the user."""
        ...

    def begin(self, takes: Mapping[str, str]) -> None:
        """These takes will be made: their names for the user, by key."""
        ...

    def progress(self, key: str, share: float) -> None:
        """The share of a take that is done, 0 ... 1."""
        ...

    def show(self, page: MixerPage) -> None:
        """The page of a scene that is mixed; its files are written next."""
        ...

    def finish(self, result: SceneResult) -> None:
        """A scene was built, failed, or was up to date."""
        ...


class Silent:
    """A listener that ignores everything; a base for listeners with a few methods."""

    def tell(self, line: str) -> None:
        """One line for the user."""

    def begin(self, takes: Mapping[str, str]) -> None:
        """These takes are about to be made."""

    def progress(self, key: str, share: float) -> None:
        """A take is done to this share."""

    def show(self, page: MixerPage) -> None:
        """The page of a scene that is mixed."""

    def finish(self, result: SceneResult) -> None:
        """A scene is done."""


SILENT = Silent()
