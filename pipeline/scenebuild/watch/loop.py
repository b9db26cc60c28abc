"""The loop of ``scenebuild watch``: build, show the page, wait for a change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NoReturn

from scenebuild.build import build
from scenebuild.errors import ScenebuildError, UsageError
from scenebuild.listener import Listener
from scenebuild.report.pages.mixer_page import MixerPage
from scenebuild.scene.quoting import printable
from scenebuild.settings import Settings
from scenebuild.targets import Target, find_targets, targets_in
from scenebuild.watch.board import Board
from scenebuild.watch.edits import write_edit
from scenebuild.watch.guard import Secrets
from scenebuild.watch.inputs import POLL_S, settled_stamps, stamps_after_build, stamps_of, watched
from scenebuild.watch.page import live_page, waiting_page
from scenebuild.watch.server import WatchContext, serving

Ask = Callable[[], Settings]


@dataclass(frozen=True, slots=True)
class Watch:
    """One scene that is watched. ``ask`` reads the settings again, because the configuration may change."""

    reference: str
    folder: str  # of its build
    ask: Ask
    board: Board
    secrets: Secrets


def watch(
    scene: str, ask: Ask, listener: Listener, say: Callable[[str], None], *, port: int, opened: Callable[[str], object]
) -> NoReturn:
    """Build a scene, serve its page and build again after each change, until an exception such as Ctrl-C ends it.

    ``say`` is called with the mistakes of a scene, ``opened`` with the address of the page as soon as it answers.
    UsageError for a file with several scenes, and for a port that is not available.
    """
    settings, secrets = ask(), Secrets()
    target = _the_one(scene, settings)
    reference, folder = target.path, target.folder
    board = Board(waiting_page(reference, secrets))
    one = Watch(reference, folder, ask, board, secrets)
    parameters = dict(settings.output.parameters)
    room = WatchContext(board, folder, secrets, lambda edit: write_edit(edit, reference, parameters))
    with serving(port, room) as address:
        opened(address)
        _keep_building(one, room.touched, listener, say)


def _the_one(scene: str, settings: Settings) -> Target:
    """The only scene of a file; of a file with mistakes, which may be corrected while it is watched, the file."""
    found = targets_in(find_targets([scene], settings))
    if len(found) == 1:
        return found[0]
    shown = ", ".join(printable(one.path) for one in found[:3]) + (" …" if len(found) > 3 else "")
    raise UsageError(f"{printable(scene)}: has {len(found)} scenes, and watch takes one; name one of {shown}")


def _keep_building(one: Watch, touched: threading.Event, listener: Listener, say: Callable[[str], None]) -> NoReturn:
    while True:
        paths = watched(one.reference, one.folder)
        # Edits of the page are written at once; an editor may still be writing.
        before = stamps_of(paths) if touched.is_set() else settled_stamps(paths)
        touched.clear()
        _build(one, listener, say)
        paths = watched(one.reference, one.folder)
        seen = stamps_after_build(before, paths, one.reference)
        while stamps_of(paths) == seen and not touched.wait(POLL_S):
            pass


class _PageListener:
    """Shows the page as soon as the mix is written; the other files of the build follow."""

    def __init__(self, listener: Listener, one: Watch) -> None:
        self._one = one
        self.tell, self.begin = listener.tell, listener.begin
        self.progress, self.finish = listener.progress, listener.finish

    def show(self, page: MixerPage) -> None:
        self._one.board.built(live_page(page, self._one.secrets, self._one.board.state.page + 1))


def _build(one: Watch, listener: Listener, say: Callable[[str], None]) -> None:
    """Build the scene, even if nothing has changed: the page is made from the mix."""
    one.board.building()
    try:
        result = build([one.reference], replace(one.ask(), remix=True), _PageListener(listener, one))
    except ScenebuildError as error:
        say(str(error))
        one.board.failed(tuple(str(error).splitlines()))
        return
    errors = [str(line) for scene in result.scenes for line in scene.errors]
    if len(result.scenes) > 1:
        errors.append(f"{printable(one.reference)}: has {len(result.scenes)} scenes by now, and watch takes one")
    if errors:
        one.board.failed(tuple(errors))
