"""Commands that write a scene beside each other and beside an editor: each edit is in the file, or refused in words."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

import scenebuild.commands.rewrite as room
from scenebuild.cli import run
from scenebuild.commands.rewrite import SceneChangedError, write_element_field
from scenebuild.files import exchange, publish_in_place_of
from scenebuild.scene.read import read_scene

PATH = "scenes/s.yaml"
NAMES = [f"e{number}" for number in range(6)]


def text(takes: dict[str, int] | None = None) -> str:
    lines = ["version: 1", "name: S", "elements:"]
    for name in NAMES:
        lines += [f"  {name}:", f"    prompt: rain {name}", *([f"    take: {takes[name]}"] if takes else [])]
    return "\n".join([*lines, "mix:", "  duration: 2", ""])


@pytest.fixture
def scene(project: Path) -> Path:
    Path(PATH).write_text(text())
    return Path(PATH)


def takes() -> dict[str, int]:
    return {element.name: element.take for element in read_scene(PATH).elements}


def test_a_scene_that_another_pick_wrote_since_it_was_read_is_found_again(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other one added a line above: every place that was read is another one by now."""
    import scenebuild.commands.takes

    real = scenebuild.commands.takes.find_element

    def meanwhile(*arguments: Any) -> Any:
        found = real(*arguments)
        write_element_field(read_scene(PATH), "e0", "take", 7)
        return found

    monkeypatch.setattr(scenebuild.commands.takes, "find_element", meanwhile)
    assert run(["pick", "e5", "9", PATH]) == 0
    assert "e5: take: 9" in capsys.readouterr().out
    assert takes() == dict.fromkeys(NAMES, 1) | {"e0": 7, "e5": 9}


@pytest.mark.parametrize("gone", [True, False])
def test_places_of_another_text_are_refused_in_words(scene: Path, gone: bool) -> None:
    """Somebody who gives the bytes that were seen, and a scene that was read from other ones in between."""
    read = read_scene(PATH)
    scene.write_text("version: 1\nname: S\nelements:\n  other: {prompt: rain}\n" if gone else "# more\n" + text())
    before = scene.read_bytes()
    with pytest.raises(SceneChangedError, match="was changed by somebody else just now; nothing was written"):
        write_element_field(read, "e5", "take", 9, seen=before)
    assert scene.read_bytes() == before


def test_the_answer_names_the_line_that_was_written_whatever_comes_after(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publish_in_place_of

    def replaced(path: str, data: bytes, was: str | None) -> bool:
        placed = real(path, data, was)
        Path(PATH).write_text("name: [")
        return placed

    monkeypatch.setattr(room, "publish_in_place_of", replaced)
    assert write_element_field(read_scene(PATH), "e0", "take", 7).line == 6


def test_a_file_that_is_taken_away_while_it_is_given_back_is_there_again(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor saves, then takes its file away at the moment of giving back: what it saved last stays."""
    calls: list[str] = []

    def meanwhile(one: str, other: str) -> bool:
        calls.append(other)
        if len(calls) == 1:
            Path(PATH).write_text(text() + "# theirs\n")
        else:
            Path(PATH).unlink()
        return exchange(one, other)

    monkeypatch.setattr("scenebuild.files.exchange", meanwhile)
    with pytest.raises(SceneChangedError):
        write_element_field(read_scene(PATH), "e0", "take", 7)
    assert Path(PATH).read_text() == text() + "# theirs\n"
    assert os.listdir("scenes") == ["s.yaml"]


def at_once(rounds: int) -> tuple[dict[str, int], list[str]]:
    """Each element picked in a thread of its own: the last take of each that was said to be written, and refusals."""
    last: dict[str, int] = {}
    refused: list[str] = []
    wrong: list[str] = []

    def loop(name: str) -> None:
        for number in range(2, 2 + rounds):
            try:
                write_element_field(read_scene(PATH), name, "take", number)
                last[name] = number
            except SceneChangedError as error:
                refused.append(str(error))
            except Exception as error:
                wrong.append(repr(error))

    threads = [threading.Thread(target=loop, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    return last, refused


def test_picks_beside_picks_lose_nothing(scene: Path) -> None:
    last, refused = at_once(6)
    assert takes() == dict.fromkeys(NAMES, 1) | last
    assert refused == [], "commands of ours wait for each other"
    assert os.listdir("scenes") == ["s.yaml"]


def test_where_the_system_has_no_locks_a_pick_is_refused_in_words(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then two that write at once may meet; no traceback, and a whole file in the end."""

    def none(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", none)
    at_once(6)
    assert set(takes()) == set(NAMES)
    assert os.listdir("scenes") == ["s.yaml"]


def test_a_holder_that_sleeps_is_not_waited_for(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(room, "PAUSE_S", 0.0)
    holder = os.open("scenes", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert write_element_field(read_scene(PATH), "e0", "take", 7).changed
    finally:
        os.close(holder)
    assert takes()["e0"] == 7
