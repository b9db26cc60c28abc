"""Bad scenes, and the exact answer each gets: ``data/scenes/invalid/*.yaml``, the answer in a ``.txt`` beside it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from scenebuild.errors import SceneError
from scenebuild.scene.check.rulebook import RULES
from scenebuild.scene.read import read_scene

INVALID = Path(__file__).parent / "data" / "scenes" / "invalid"

# What would not survive a checkout or an editor, or offends other tools: bytes and their answer.
BYTES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "1:1: the file is empty; a scene has at least a name and elements"),
    "spaces": (b"  \n\n", "1:1: the file is empty; a scene has at least a name and elements"),
    "latin_1": (
        b"name: Test\ndescription: a caf\xe9\n",
        "2:19: the file is not UTF-8 text; save it as UTF-8 in your editor",
    ),
    "utf_16": (
        "name: Test\n".encode("utf-16"),
        "1:1: the file is not UTF-8 text (it looks like UTF-16); save it as UTF-8 in your editor",
    ),
    "encoded_surrogate": (
        b"name: \xed\xa0\x80\n",
        "1:7: the file is not UTF-8 text; save it as UTF-8 in your editor",
    ),
    "null_byte": (b"name: a\0b\n", "1:8: a control character; remove it"),
    "ansi_escape": (b"name: Test\ndescription: \x1b[31mred\n", "2:14: a control character; remove it"),
    "c1_control": ("name: é\x9b31m\n".encode(), "1:8: a control character; remove it"),
    "line_separator": ("name: a\u2028b\n".encode(), "1:8: a control character; remove it"),
    "too_large": (
        b"# " + b"x" * (1 << 20),
        "1:1: the file is larger than 1 MiB, the most for a scene; split it into several scenes",
    ),
    "merge_conflict": (
        b"name: Test\nelements:\n  rain:\n<<<<<<< HEAD\n    volume: 0.7\n=======\n    volume: 0.5\n>>>>>>> louder\n",
        "4:1: a merge conflict is not resolved; keep one side and remove the lines with <<<<<<<, ======= and >>>>>>>",
    ),
    "crlf": (
        b"name: Test\r\nelements:\r\n  rain:\r\n    promt: rain\r\n    prompt: rain\r\n",
        "4:5: promt: is not a field of an element. Did you mean prompt?",
    ),
    "byte_order_mark": (
        "\ufeffname: Test\nelements: {é: {prompt: a}}\n".encode(),
        "2:12: 'é' cannot name an element: names are made of a-z, 0-9, _ and -, begin with a letter or digit,"
        " and have at most 64 characters. Did you mean e?",
    ),
    "column_in_characters": (
        "name: Test\nelements: {a: {prompt: 雨🌧é, volume: x}}\n".encode(),
        "2:37: volume: 'x' is not a number; write one such as 0.7 (1.0 is unity)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("scene", sorted(path.stem for path in INVALID.glob("*.yaml")))
def test_each_invalid_scene_gets_its_messages(scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INVALID)
    with pytest.raises(SceneError) as caught:
        read_scene(f"{scene}.yaml")
    assert f"{caught.value}\n" == Path(f"{scene}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", BYTES)
def test_invalid_bytes_get_their_message(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, answer = BYTES[what]
    monkeypatch.chdir(tmp_path)
    Path("scene.yaml").write_bytes(content)
    with pytest.raises(SceneError) as caught:
        read_scene("scene.yaml")
    assert str(caught.value) == f"scene.yaml:{answer}"


def test_every_file_of_messages_has_its_scene() -> None:
    assert {path.stem for path in INVALID.glob("*.txt")} == {path.stem for path in INVALID.glob("*.yaml")}


def test_messages_are_printable_lines() -> None:
    for answer in INVALID.glob("*.txt"):
        for line in answer.read_text(encoding="utf-8").splitlines():
            assert line.isprintable(), answer
            assert len(line) <= 420, answer  # two pieces of the author's at most, and our own words


def test_every_rule_that_is_broken_is_in_the_rulebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INVALID)
    broken = set()
    for scene in INVALID.glob("*.yaml"):
        with pytest.raises(SceneError) as caught:
            read_scene(scene.name)
        broken |= {problem.rule for problem in caught.value.problems}
    elsewhere = {"model-unknown", "unreadable", "too-large", "encoding", "merge-conflict", "too-many-values"}
    elsewhere |= {"extends", "inherit", "variant", "parameter", "matrix"}  # test_recipes.py
    elsewhere |= {"expect"}  # test_expect.py
    elsewhere |= {"lock"}  # test_locks.py
    assert broken | elsewhere == set(RULES)


def test_a_path_that_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.yaml")
    Path("folder.yaml").mkdir()
    Path("loop.yaml").symlink_to("loop.yaml")
    answers = {
        "missing.yaml": "this is not there",
        "missing/scene.yaml": "this is not there",
        "pipe.yaml": "this is a named pipe, not a file",
        "socket.yaml": "this is a socket, not a file",
        "folder.yaml": "this is a folder, not a file",
        "/dev/zero": "this is a device, not a file",
        "loop.yaml": "this cannot be read: Too many levels of symbolic links",
        "x" * 300: "this cannot be read: File name too long",
        "a\0b.yaml": "this is not a path",
    }
    for path, answer in answers.items():
        with pytest.raises(SceneError) as caught:
            read_scene(path)
        assert str(caught.value) == f"{path}:1:1: {answer}".replace("\0", "\\x00")


def test_a_hostile_file_name_is_shown_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a\x1b[31m\n.yaml").write_text("name: 3\nelements: {rain: {prompt: a}}", encoding="utf-8")
    with pytest.raises(SceneError) as caught:
        read_scene("a\x1b[31m\n.yaml")
    assert str(caught.value) == "a\\x1b[31m\\n.yaml:1:7: name: 3 is not text; put it in quotes: '3'"
