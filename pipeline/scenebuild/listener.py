"""Whoever hears how a build goes: a terminal, the page of ``watch``, a program, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from scenebuild.report.pages.mixer_page import MixerPage
    from scenebuild.result import SceneResult


class Listener(Protocol):
    """What a build says while it goes on."""

    def tell(self, line: str) -> None:
        """One line for the user."""
        ...

    def begin(self, takes: Mapping[str, str]) -> None:
        """These takes are about to be made: key -> what to call it."""
        ...

    def progress(self, key: str, share: float) -> None:
        """A take is done to this share, 0 ... 1."""
        ...

    def show(self, page: MixerPage) -> None:
        """The page of a scene that is mixed; its files are written next."""
        ...

    def finish(self, result: SceneResult) -> None:
        """A scene is done, failed, or had nothing to do."""
        ...


class Silent:
    """A listener that says nothing; one that hears only a part extends it."""

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
