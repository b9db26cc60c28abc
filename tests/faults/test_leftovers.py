"""Files of killed builds are removed, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import scenebuild.outputs
import scenebuild.render.stages
from builds_of_x import BUILD, MORE, PATH, SCENE, below, scene, status, up, victim
from scenebuild.build import build
from scenebuild.cli import run
from scenebuild.errors import ScenebuildError
from scenebuild.plan.manifest import LIST
from scenebuild.plan.up_to_date import up_to_date
from scenebuild.settings import Settings

__all__ = ["scene", "victim"]


# Leftovers


def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that is killed after its files and before its manifest."""

    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(scenebuild.outputs.Outputs, "finish", kill)
        with pytest.raises(Killed):
            run([PATH, "-q", "--stems"])


def test_what_a_killed_build_left_goes(
    scene: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([PATH, "-q"]) == 0
    before = below(BUILD).keys()
    scene.write_text(MORE)
    interrupted(monkeypatch)
    assert {"x.podcast.mp3", "elements/old.wav", "stems/old.wav"} < below(BUILD).keys()
    (BUILD / "notes.txt").write_text("the user's own")
    scene.write_text(SCENE)
    assert not up(), "the manifest is right, but something else lies there"
    assert status(capsys) == "built"
    assert below(BUILD).keys() == {*before, "notes.txt"}
    assert status(capsys) == "up-to-date"


def test_a_list_of_a_stranger_removes_nothing_but_outputs(project: Path, victim: Path) -> None:
    assert run([PATH, "-q"]) == 0
    (BUILD / "thesis.txt").write_text("precious")
    names = ["thesis.txt", "../../scenes/x.yaml", "elements/old.wav", "/etc/passwd", 5, None, "x.wav", "manifest.json"]
    for number, text in enumerate((json.dumps({"names": names}), "[", "[[[[", '{"names": 1}', '{"pid": 1e99}')):
        (BUILD / f"{LIST}{number}.json").write_text(text)
    (BUILD / "elements/old.wav").write_text("left over")
    assert run([PATH, "-q"]) == 0
    assert {"thesis.txt", "x.wav", "manifest.json"} < below(BUILD).keys()
    assert "elements/old.wav" not in below(BUILD)
    assert not list(BUILD.glob(f"{LIST}*"))
    assert up()


def test_a_build_that_is_running_keeps_its_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([PATH, "-q"]) == 0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        plain = {"host": os.uname().nodename, "pid": other.pid, "names": ["elements/theirs.wav"]}
        (BUILD / f"{LIST}1.json").write_text(json.dumps(plain))
        (BUILD / "elements/theirs.wav").write_text("just written")
        assert status(capsys) == "built"
        assert "elements/theirs.wav" in below(BUILD)
        other.communicate(b"\n")
    assert status(capsys) == "built"
    assert "elements/theirs.wav" not in below(BUILD)
    assert status(capsys) == "up-to-date"


def test_a_list_that_another_machine_left_is_waited_for_by_one_build_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that was killed cannot be asked. Its list counts until a build that began later is done."""
    assert run([PATH, "-q"]) == 0
    plain = {"host": "a-container-that-is-gone", "pid": 5, "names": ["elements/theirs.wav"]}
    (BUILD / f"{LIST}1.json").write_text(json.dumps(plain))
    (BUILD / "elements/theirs.wav").write_text("just written")
    capsys.readouterr()
    assert status(capsys) == "built"
    assert "elements/theirs.wav" in below(BUILD), "that build may still be running"
    assert status(capsys) == "up-to-date"
    scene = Path(PATH)
    scene.write_text(scene.read_text().replace("name: ", "name: A new "))
    os.utime(BUILD / f"{LIST}1.json", (1, 1))
    assert status(capsys) == "built"
    assert "elements/theirs.wav" not in below(BUILD)


def test_listening_leaves_the_build_up_to_date(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene.write_text(MORE)
    assert run([PATH, "-q"]) == 0
    assert run([PATH, "-q", "--solo", "old"]) == 0
    assert up()
    assert status(capsys) == "up-to-date"


@pytest.mark.hard
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.2, 0.5])
def test_killed_anywhere_it_leaves_nothing_for_ever(scene: Path, after_s: float) -> None:
    assert run([PATH, "-q"]) == 0
    before = below(BUILD).keys()
    scene.write_text(MORE)
    with subprocess.Popen([sys.executable, "-m", "scenebuild", PATH, "-q", "--stems"]) as process:
        end = time.monotonic() + 60
        while process.poll() is None and not list(BUILD.glob(f"{LIST}*")) and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(after_s)
        process.kill()
    for path in BUILD.rglob(".tmp-*"):  # swept once they are old
        os.utime(path, (1, 1))
    scene.write_text(SCENE)
    assert run([PATH, "-q"]) == 0
    assert below(BUILD).keys() == before
    assert up()


def test_a_build_that_fails_says_so_and_the_next_one_tidies(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ScenebuildError):
        build(["scenes/none.yaml"], None, None)  # type: ignore[arg-type]
    assert up_to_date(PATH, Settings()) is None
