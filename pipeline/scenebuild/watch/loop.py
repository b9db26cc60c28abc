"""Build, show, wait for a change, and again: until the user has heard enough."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from scenebuild.build import Listener, build, scene_paths
from scenebuild.errors import ScenebuildError, UsageError
from scenebuild.plan.manifest import output_folder
from scenebuild.report.pages.mixer_page import DeskPage
from scenebuild.scene.quoting import printable
from scenebuild.settings import Settings
from scenebuild.watch.board import Board
from scenebuild.watch.edits import write_edit
from scenebuild.watch.guard import Secrets
from scenebuild.watch.inputs import POLL_S, brought_up, calm, stamps_of, watched
from scenebuild.watch.page import live_page, waiting_page
from scenebuild.watch.server import WatchContext, serving

Ask = Callable[[], Settings]


@dataclass(frozen=True, slots=True)
class Watch:
    """One scene that is watched. ``ask`` gives the settings anew: the configuration is among what may change."""

    reference: str
    folder: str  # of its build
    ask: Ask
    board: Board
    secrets: Secrets


def watch(
    scene: str, ask: Ask, listener: Listener, say: Callable[[str], None], *, port: int, opened: Callable[[str], object]
) -> NoReturn:
    """Build a scene, serve its page and build again after each change, until an exception such as Ctrl-C ends it.

    ``say`` hears what is wrong with a scene, ``opened`` the address of the page as soon as it answers. UsageError for
    a file that holds several scenes, and for a port that can not be had.
    """
    settings, secrets = ask(), Secrets()
    reference = _the_one(scene, settings)
    folder = output_folder(reference, settings.out)
    board = Board(waiting_page(reference, secrets))
    one = Watch(reference, folder, ask, board, secrets)
    room = WatchContext(board, folder, secrets, lambda edit: write_edit(edit, reference, dict(settings.chosen)))
    with serving(port, room) as address:
        opened(address)
        _keep_building(one, room.touched, listener, say)


def _the_one(scene: str, settings: Settings) -> str:
    """The only scene that is meant; of a file with mistakes, which it may lose while it is watched, the file."""
    found = scene_paths([scene], settings)
    if len(found) == 1:
        return found[0]
    shown = ", ".join(map(printable, found[:3])) + (" …" if len(found) > 3 else "")
    raise UsageError(f"{printable(scene)}: {len(found)} scenes, and one is watched at a time: name one of {shown}")


def _keep_building(one: Watch, touched: threading.Event, listener: Listener, say: Callable[[str], None]) -> NoReturn:
    while True:
        paths = watched(one.reference, one.folder)
        before = stamps_of(paths) if touched.is_set() else calm(paths)  # an edit of ours is never half written
        touched.clear()
        _build(one, listener, say)
        paths = watched(one.reference, one.folder)
        seen = brought_up(before, paths, one.reference)
        while stamps_of(paths) == seen and not touched.wait(POLL_S):
            pass


def _build(one: Watch, listener: Listener, say: Callable[[str], None]) -> None:
    """The page is put up as soon as the mix is written: the files for others follow while it is looked at."""
    one.board.building()

    def show(page: DeskPage) -> None:
        one.board.built(live_page(page, one.secrets, one.board.state.page + 1))

    try:
        result = build([one.reference], one.ask(), listener, show)
    except ScenebuildError as error:
        say(str(error))
        one.board.failed(tuple(str(error).splitlines()))
        return
    errors = [line for scene in result.scenes for line in scene.errors]
    if len(result.scenes) > 1:
        errors.append(f"{printable(one.reference)}: {len(result.scenes)} scenes by now, and one is watched at a time")
    if errors:
        one.board.failed(tuple(errors))
