"""What the page of ``scenebuild watch`` may write: one line, four fields, and never over somebody else's change."""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import stat
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from scenebuild.files import exchange
from scenebuild.scene.read import faults_with, read_scene
from scenebuild.watch.edits import ControlEdit, Value, WrittenEdit, parse_edit, shown, write_edit
from scenebuild.watch.guard import RefusedError

SCENE = """\
# The café on a wet evening.
name: "Café"
defaults: {volume: 0.5}

elements:
  rain:
    prompt: steady rain   # on the window
    volume: 0.7           # not louder: it hides the cups

    loop: true

  # Comes late.
  cups: {prompt: cups and saucers, start: 2.5, pan: -0.3}
  bell: {prompt: a bell, gain_db: -3}
  hum:
    prompt: a steady hum
    volume: [{at: 0, value: 0.2}, {at: 4, value: 0.7}]
    pan:
      - {at: 0, value: -1}
      - {at: 8, value: 1}
    start: [0, 4]
mix: {duration: 12}
"""
PATH = "scenes/cafe.yaml"


@pytest.fixture
def scene(project: Path) -> Path:
    path = project / PATH
    path.write_bytes(SCENE.encode())
    return path


def write(element: str, field: str, value: Value, was: Value, path: str = PATH) -> WrittenEdit:
    return write_edit(ControlEdit(element, field, value, was), path, {})


def refusal(element: str, field: str, value: Value, was: Value, path: str = PATH) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        write(element, field, value, was, path)
    return caught.value


def changes(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("edit", "diff"),
    [
        (
            ("rain", "volume", 0.35, 0.7),
            [
                "-     volume: 0.7           # not louder: it hides the cups",
                "+     volume: 0.35           # not louder: it hides the cups",
            ],
        ),
        (("rain", "mute", True, False), ["+     mute: true"]),
        (
            ("cups", "pan", 0.25, -0.3),
            [
                "-   cups: {prompt: cups and saucers, start: 2.5, pan: -0.3}",
                "+   cups: {prompt: cups and saucers, start: 2.5, pan: 0.25}",
            ],
        ),
        (
            ("cups", "start", 0, 2.5),
            [
                "-   cups: {prompt: cups and saucers, start: 2.5, pan: -0.3}",
                "+   cups: {prompt: cups and saucers, start: 0, pan: -0.3}",
            ],
        ),
        (
            ("cups", "volume", 1.0, 0.5),
            [
                "-   cups: {prompt: cups and saucers, start: 2.5, pan: -0.3}",
                "+   cups: {prompt: cups and saucers, start: 2.5, pan: -0.3, volume: 1}",
            ],
        ),
        (
            ("bell", "volume", 0.5, 10 ** (-3 / 20)),
            ["-   bell: {prompt: a bell, gain_db: -3}", "+   bell: {prompt: a bell, gain_db: -6.02}"],
        ),
        (
            ("bell", "volume", 0.0, 10 ** (-3 / 20)),
            ["-   bell: {prompt: a bell, gain_db: -3}", "+   bell: {prompt: a bell, gain_db: -96}"],
        ),
    ],
)
def test_a_control_changes_one_line(scene: Path, edit: tuple[str, str, Value, Value], diff: list[str]) -> None:
    written = write(*edit)
    assert changes(SCENE, scene.read_text()) == diff
    element = next(one for one in read_scene(PATH).elements if one.name == edit[0])
    assert shown(element, edit[1]) == written.value
    assert written.changed
    assert diff[-1][2:] == scene.read_text().splitlines()[written.line - 1]


def test_back_again_is_the_file_to_the_byte(scene: Path) -> None:
    """Undo is an edit like any other. What the page counts linearly stays decibels where the author counts so."""
    for element, field, value in (("rain", "volume", 0.123), ("bell", "volume", 0.4), ("cups", "start", 7.25)):
        before = next(one for one in read_scene(PATH).elements if one.name == element)
        was = shown(before, field)
        assert was is not None
        write(element, field, was, write(element, field, value, was).value)
    assert scene.read_bytes() == SCENE.encode()


def test_the_value_that_is_there_is_not_written_again(scene: Path) -> None:
    facts = scene.stat()
    for edit in (("rain", "volume", 0.7, 0.7), ("rain", "mute", False, False), ("cups", "pan", -0.3, -0.3)):
        written = write(*edit)
        assert not written.changed
    assert (scene.stat().st_mtime_ns, scene.stat().st_ino) == (facts.st_mtime_ns, facts.st_ino)


@pytest.mark.parametrize(
    ("edit", "answer"),
    [
        (("rain", "volume", 17.0, 0.7), f"{PATH}:8:13: volume: 17 is more than 16. Did you mean 0.17?"),
        (
            ("rain", "volume", -0.1, 0.7),
            f"{PATH}:8:13: volume: -0.1 is less than 0 (1.0 is unity); for decibels write gain_db: -0.1",
        ),
        (
            ("cups", "pan", 1.01, -0.3),
            f"{PATH}:13:53: pan: 1.01 is more than 1; write -1 to 1 (-1 is left, 1 is right)",
        ),
        (("cups", "start", 12.0, 2.5), f"{PATH}:13:43: start: "),
        (
            ("bell", "volume", 16.0, 10 ** (-3 / 20)),
            f"{PATH}:14:35: gain_db: 24.08 is more than 24; write -96 to 24 (decibels; 0 is unity)",
        ),
        (("hum", "volume", 0.5, 0.2), "volume: hum has a list of them; change it in scenes/cafe.yaml by hand"),
        (("hum", "pan", 0.5, -1.0), "pan: hum has a list of them; change it in scenes/cafe.yaml by hand"),
        (("hum", "start", 0.5, 0.0), "start: hum has a list of them; change it in scenes/cafe.yaml by hand"),
        (("wind", "volume", 0.5, 0.7), "wind: scenes/cafe.yaml has no such element"),
        (("../rain\x1b[31m", "volume", 0.5, 0.7), r"'../rain\x1b[31m': scenes/cafe.yaml has no such element"),
    ],
)
def test_what_no_good_scene_would_say_is_refused(scene: Path, edit: tuple[str, str, Value, Value], answer: str) -> None:
    refused = refusal(*edit)
    assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert str(refused).startswith(answer), str(refused)
    assert scene.read_bytes() == SCENE.encode()


def test_an_edit_of_an_editor_survives(scene: Path) -> None:
    """Of the same field: refused, with what it says now. Of any other line: both stand there."""
    theirs = SCENE.replace("volume: 0.7 ", "volume: 0.9 ").replace("a bell", "a small bell")
    scene.write_text(theirs)
    refused = refusal("rain", "volume", 0.2, 0.7)
    assert refused.status == HTTPStatus.CONFLICT
    assert refused.facts == {"now": 0.9}
    assert str(refused) == "volume: the file now has 0.9, so nothing was written"
    assert scene.read_text() == theirs
    write("rain", "volume", 0.2, 0.9)
    assert scene.read_text() == theirs.replace("volume: 0.9 ", "volume: 0.2 ")


def test_a_file_that_is_broken_just_now_is_left_alone(scene: Path) -> None:
    scene.write_text(SCENE + "oops: 1\n")
    refused = refusal("rain", "volume", 0.2, 0.7)
    assert refused.status == HTTPStatus.CONFLICT
    assert str(refused).startswith(f"{PATH}:23:1: ")
    assert scene.read_text() == SCENE + "oops: 1\n"


def test_what_another_file_says_is_not_changed_there(scene: Path, project: Path) -> None:
    """Its element could be many a scene's. The default of a parent is no obstacle: the child gets a line of its own."""
    child = project / "scenes/night.yaml"
    child.write_text("extends: cafe.yaml\nelements:\n  cups: {start: 3}\n")
    refused = refusal("rain", "volume", 0.2, 0.7, path="scenes/night.yaml")
    assert refused.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "rain stands in scenes/cafe.yaml:8:13, which other scenes may extend" in str(refused)
    write("cups", "start", 4.0, 3.0, path="scenes/night.yaml")
    assert child.read_text() == "extends: cafe.yaml\nelements:\n  cups: {start: 4}\n"
    assert scene.read_bytes() == SCENE.encode()


def test_a_variant_is_written_where_it_speaks(project: Path) -> None:
    path = project / "scenes/day.yaml"
    text = (
        "name: Day\nelements:\n  rain: {prompt: rain, volume: 0.7}\nvariants:\n  day: {}\n  night:\n    elements:\n"
        "      rain: {volume: 0.2}\n"
    )
    path.write_text(text)
    write("rain", "volume", 0.3, 0.2, path="scenes/day.yaml@night")
    assert path.read_text() == text.replace("volume: 0.2", "volume: 0.3")
    write("rain", "volume", 0.4, 0.7, path="scenes/day.yaml@day")
    assert path.read_text() == text.replace("volume: 0.2", "volume: 0.3").replace("volume: 0.7", "volume: 0.4")


def test_a_file_that_can_not_be_written_says_so(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenebuild.files.exchange", full)
    refused = refusal("rain", "volume", 0.2, 0.7)
    assert refused.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "No space left on device" in str(refused)
    assert scene.read_bytes() == SCENE.encode()
    assert os.listdir(scene.parent) == ["cafe.yaml"]


def test_permissions_and_links_stay(scene: Path, project: Path) -> None:
    scene.chmod(0o640)
    link = project / "scenes/link.yaml"
    link.symlink_to("cafe.yaml")
    write("rain", "volume", 0.2, 0.7, path="scenes/link.yaml")
    assert link.is_symlink()
    assert stat.S_IMODE(scene.stat().st_mode) == 0o640
    assert "volume: 0.2 " in scene.read_text()


def test_an_editor_that_saves_between_look_and_word_wins(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file changes after the page's value was found in it, and before the new one is written."""
    from scenebuild.watch import edits

    theirs = [SCENE.replace("a bell", "a small bell"), SCENE.replace("volume: 0.7 ", "volume: 0.9 ")]

    def meanwhile(*arguments: Any) -> Any:
        if theirs:
            scene.write_text(theirs.pop(0))
        return faults_with(*arguments)

    monkeypatch.setattr(edits, "faults_with", meanwhile)
    refused = refusal("rain", "volume", 0.2, 0.7)  # the bell is no obstacle, the other fader is
    assert refused.facts == {"now": 0.9}
    assert scene.read_text() == SCENE.replace("volume: 0.7 ", "volume: 0.9 ")


def save(path: Path, text: str) -> None:
    """As editors do: write aside, rename."""
    path.with_suffix(".swp").write_text(text)
    path.with_suffix(".swp").replace(path)


@pytest.mark.parametrize("saves", [1, 2, 3])
@pytest.mark.parametrize("way", [save, Path.write_text], ids=["renamed", "in place"])
def test_an_editor_that_saves_at_the_very_last_moment_wins(
    scene: Path, monkeypatch: pytest.MonkeyPatch, saves: int, way: Any
) -> None:
    """After the last look at the file, and again while what was found there is given back."""
    theirs = [SCENE.replace("volume: 0.7 ", f"volume: 0.{number} ") for number in range(1, saves + 1)]
    waiting = list(theirs)

    def meanwhile(one: str, other: str) -> bool:
        if waiting:
            way(scene, waiting.pop(0))
        return exchange(one, other)

    monkeypatch.setattr("scenebuild.files.exchange", meanwhile)
    refused = refusal("rain", "volume", 0.5, 0.7)
    assert refused.status == HTTPStatus.CONFLICT
    assert refused.facts == {"now": saves / 10}
    assert scene.read_text() == theirs[-1]
    assert os.listdir(scene.parent) == ["cafe.yaml"]


def test_an_editor_that_saves_all_the_time_loses_nothing(scene: Path) -> None:
    """Each save stands there in the end, whatever the page writes beside it."""
    done = threading.Event()

    def drag() -> None:
        was: Value = 0.7
        while not done.is_set():
            try:
                was = write("rain", "volume", 0.3 if was == 0.6 else 0.6, was).value
            except RefusedError as refused:
                was = refused.facts.get("now", was)  # type: ignore[assignment]

    page = threading.Thread(target=drag)
    page.start()
    for number in range(150):
        text = re.sub(r"# The.*", f"# The café, {number} times.", scene.read_text())
        save(scene, text)
        time.sleep(0.002)
        end = time.monotonic() + 5
        while f"# The café, {number} times." not in scene.read_text():  # a moment later at the latest
            assert time.monotonic() < end, number
    done.set()
    page.join()


def test_where_files_can_not_change_places_one_is_put_over_the_other(
    scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenebuild.files.exchange", lambda one, other: False)
    write("rain", "volume", 0.2, 0.7)
    assert "volume: 0.2 " in scene.read_text()
    assert os.listdir(scene.parent) == ["cafe.yaml"]


def test_two_pages_that_write_at_once_lose_nothing(scene: Path) -> None:
    names = ["rain", "cups", "bell"]

    def drag(name: str) -> None:
        was: Value = {"rain": 0.7, "cups": 0.5, "bell": 10 ** (-3 / 20)}[name]
        for step in range(1, 16):
            was = write(name, "volume", step / 100, was).value

    threads = [threading.Thread(target=drag, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {one.name: one.volume.first for one in read_scene(PATH).elements}
    assert [round(found[name], 3) for name in names] == [0.15, 0.15, 0.15]


GOOD = {"element": "rain", "field": "volume", "value": 0.5, "was": 0.7}


def test_an_edit_is_exactly_one_object() -> None:
    assert parse_edit(json.dumps(GOOD).encode()) == ControlEdit("rain", "volume", 0.5, 0.7)
    assert parse_edit(json.dumps({**GOOD, "field": "mute", "value": True, "was": False}).encode()).value is True


NO_SWITCH: tuple[object, ...] = (1, 0, "true", None, [])
BAD: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"\xff\xfe", 400),
    (b"[]", 400),
    (b"null", 400),
    (b"{}", 400),
    (b'{"element": "rain"', 400),
    (json.dumps({**GOOD, "file": "/etc/passwd"}).encode(), 400),
    (json.dumps({**GOOD, "scene": "scenes/other.yaml"}).encode(), 400),
    (json.dumps({key: value for key, value in GOOD.items() if key != "was"}).encode(), 400),
    (b'{"element": "rain", "element": "cups", "field": "volume", "value": 0.5, "was": 0.7}', 400),
    (b'{"element": "rain", "field": "volume", "value": NaN, "was": 0.7}', 400),
    (b'{"element": "rain", "field": "volume", "value": -Infinity, "was": 0.7}', 400),
    (b'{"element": "rain", "field": "volume", "value": ' + b"[" * 2000 + b"}", 400),
    (b'{"element": "rain", "field": "volume", "value": 1e400, "was": 0.7}', 422),
    (b'{"element": "rain", "field": "volume", "value": ' + b"9" * 1500 + b', "was": 0.7}', 422),
    (json.dumps({**GOOD, "element": 3}).encode(), 400),
    (json.dumps({**GOOD, "element": ["rain"]}).encode(), 400),
    (json.dumps({**GOOD, "field": ["volume"]}).encode(), 400),
    *((json.dumps({**GOOD, "field": field}).encode(), 422) for field in (
        "prompt", "file", "gain_db", "effects", "take", "volume: 1\n    prompt", "__class__", "")),
    *((json.dumps({**GOOD, "value": value}).encode(), 422) for value in ("0.5", None, True, [0.5], {"at": 0})),
    *((json.dumps({**GOOD, "field": "mute", "was": False, "value": value}).encode(), 422) for value in NO_SWITCH),
    (json.dumps({**GOOD, "was": None}).encode(), 422),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BAD)
def test_anything_else_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_edit(body)
    assert caught.value.status == status
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_numbers_stay_finite_and_short(scene: Path) -> None:
    write("rain", "volume", 1 / 3, 0.7)
    assert "volume: 0.333333 " in scene.read_text()
    write("cups", "pan", -0.0, -0.3)
    assert "pan: 0}" in scene.read_text()
    assert math.isfinite(read_scene(PATH).elements[0].volume.first)
