"""``git diff`` of locks and sounds, by a real git: what changed, in words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scenebuild.cli import run
from scenebuild.review.textconv import COLUMNS, text_of
from signals import RATE, noise, stereo, tone

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
PAYLOAD = "\x1b[31m\u202e ::error:: \n@@ <script>"
SCENE = """\
name: X
elements:
  rain: {prompt: rain, duration: 0.5}
  wind: {prompt: wind, duration: 0.5}
"""


def git(*arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def facts(text: str) -> dict[str, str]:
    return {line[:18].strip(): line[19:] for line in text.splitlines()}


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git with a scene, built and committed; git finds the command on its path."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    Path("scenes/x.yaml").write_text(SCENE)
    Path(".gitignore").write_text("/build/\n")
    git("init", "-q")
    assert run(["scenes/x.yaml", "--engine", "sketch", "-q"]) == 0
    soundfile.write("steps.wav", noise(0.5), RATE, subtype="PCM_24")
    assert run(["init", "--git"]) == 0
    git("add", "-A")
    git("commit", "-qm", "first")
    return project


# With git


@needs_git
def test_git_diff_says_in_words_what_changed_in_a_lock(repository: Path) -> None:
    Path("scenes/x.yaml").write_text(SCENE.replace("prompt: wind,", "prompt: a storm,"))
    assert run(["scenes/x.yaml", "--engine", "sketch", "-q"]) == 0
    shown = git("diff", "scenes/x.lock.json")
    assert "\n-  prompt             wind\n" in shown
    assert "\n+  prompt             a storm\n" in shown
    assert "{" not in shown
    # Above the changed lines git names the element that they belong to.
    assert "@@ element wind" in git("diff", "-U0", "scenes/x.lock.json")
    assert "element rain" not in git("diff", "-U0", "scenes/x.lock.json")
    assert '"prompt"' in git("diff", "--no-textconv", "scenes/x.lock.json")


@needs_git
def test_git_diff_says_in_numbers_what_changed_in_a_sound(repository: Path) -> None:
    quieter, rate = soundfile.read("steps.wav")
    soundfile.write("steps.wav", quieter[: RATE // 4] / 2, rate, subtype="PCM_24")
    shown = git("diff", "steps.wav").splitlines()
    assert "-length             0.500 s" in shown
    assert "+length             0.250 s" in shown
    assert any(line.startswith("+outline            |") for line in shown)
    assert " channels           stereo" in shown
    assert "Binary files" in git("diff", "--no-textconv", "steps.wav")


@needs_git
def test_git_diff_goes_on_where_a_file_can_not_be_read(repository: Path) -> None:
    Path("steps.wav").write_bytes(b"RIFF no more")
    Path("scenes/x.lock.json").write_text("{\n")
    shown = git("diff")
    assert "+this cannot be shown: the lockfile is not JSON" in shown
    assert shown.count("+this cannot be shown") == 2
    assert "-  prompt             wind" in shown


@needs_git
def test_init_git_twice_changes_nothing_and_keeps_what_is_there(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(".gitattributes").read_text()
    assert before.splitlines() == [
        "/scenes/**/*.lock.json diff=scenebuild-lock",
        *(f"*.{ending} diff=scenebuild-sound" for ending in ("wav", "flac", "ogg", "mp3")),
    ]
    capsys.readouterr()
    assert run(["init", "--git"]) == 0
    assert "all lines are there" in capsys.readouterr().out
    assert Path(".gitattributes").read_text() == before
    assert not Path("scenes/first.yaml").exists()  # there is a scene
    assert Path(".gitignore").read_text().splitlines() == ["/build/"]  # once, however often it is asked for
    Path(".gitattributes").write_text("*.png binary\n*.wav filter=lfs")
    assert run(["init", "--git"]) == 0
    assert Path(".gitattributes").read_text() == "*.png binary\n*.wav filter=lfs\n" + before
    assert git("check-attr", "filter", "diff", "--", "a/b.wav").splitlines() == [
        "a/b.wav: filter: lfs",
        "a/b.wav: diff: scenebuild-sound",
    ]
    for path, driver in (("scenes/sub/y.lock.json", "scenebuild-lock"), ("package.lock.json", "unspecified")):
        assert git("check-attr", "diff", "--", path) == f"{path}: diff: {driver}\n"


@needs_git
def test_init_git_in_a_new_repository_writes_the_first_scene_too(project: Path) -> None:
    git("init", "-q")
    assert run(["init", "--git"]) == 0
    assert Path("scenes/first.yaml").exists()
    assert git("config", "--local", "diff.scenebuild-lock.textconv").endswith(" textconv\n")
    assert run(["init", "--git", "scenes/second.yaml"]) == 0  # who names one wants it
    assert Path("scenes/second.yaml").exists()


@needs_git
def test_init_git_finds_the_folders_that_hold_scenes(project: Path) -> None:
    git("init", "-q")
    for name in ("levels", "menus"):
        Path(name).mkdir()
        Path(name, "x.yaml").write_text(SCENE)
    assert run(["init", "--git"]) == 0
    assert Path(".gitattributes").read_text().splitlines()[:2] == [
        "/levels/**/*.lock.json diff=scenebuild-lock",
        "/menus/**/*.lock.json diff=scenebuild-lock",
    ]
    Path("x.yaml").write_text(SCENE)
    assert run(["init", "--git"]) == 0
    assert "*.lock.json diff=scenebuild-lock" in Path(".gitattributes").read_text().splitlines()


@needs_git
def test_without_the_command_on_the_path_git_gets_the_interpreter(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.path.dirname(str(shutil.which("git"))))
    git("init", "-q")
    assert run(["init", "--git"]) == 0
    command = git("config", "--local", "diff.scenebuild-sound.textconv").strip()
    if not shutil.which("scenebuild"):
        assert command == f"{sys.executable} -P -m scenebuild textconv"
    soundfile.write("a.wav", noise(0.1), RATE)
    git("add", "-A")
    git("commit", "-qm", "first")
    soundfile.write("a.wav", noise(0.2), RATE)
    assert "+length             0.200 s" in git("diff", "a.wav")


@needs_git
def test_init_git_outside_a_repository_says_so(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    assert run(["init", "--git"]) == 2
    said = capsys.readouterr().err
    assert "not a git repository" in said
    assert "git init" in said
    assert not Path("scenes/first.yaml").exists()


def test_without_git_one_is_told_to_install_it(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(project))
    assert run(["init", "--git"]) == 2
    assert "git is not installed" in capsys.readouterr().err


# Without


def test_the_outline_shows_where_a_sound_is_loud(tmp_path: Path) -> None:
    samples = np.zeros((RATE, 2), np.float32)
    samples[RATE // 4 : RATE // 2] = stereo(tone(500, 0.25, -6))
    samples[RATE // 2 : RATE * 3 // 4] = stereo(tone(500, 0.25, -12))
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="PCM_24")
    shown = facts(text_of(str(tmp_path / "a.wav")))
    loud, quiet = shown["outline"][13:24], shown["outline"][25:36]
    assert len(shown["outline"]) == COLUMNS + 2
    assert (set(loud), set(quiet)) == ({"█"}, {"▇"})  # half the volume is a block less
    assert shown["outline"][1:13] == " " * 12
    assert shown["true peak"] == "-6.00 dBTP"
    assert shown["length"] == "1.000 s"


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_every_format_is_read_by_its_bytes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, noise(0.5), RATE)
    shown = facts(text_of(str(path.rename(tmp_path / "without_an_ending"))))
    assert {"format", "sample rate", "channels", "length", "loudness", "true peak", "outline", "digest"} == set(shown)
    assert shown["loudness"].endswith(" LUFS")
    assert len(shown["digest"]) == 12


def test_odd_sounds_are_said_to_be_what_they_are(tmp_path: Path) -> None:
    path = str(tmp_path / "a.wav")
    soundfile.write(path, np.zeros((100, 2)), RATE)
    assert facts(text_of(path))["loudness"] == "silent"
    soundfile.write(path, np.zeros((0, 2)), RATE)
    assert facts(text_of(path))["length"] == "0.000 s"
    soundfile.write(path, np.full((100, 1), np.nan), RATE, subtype="FLOAT")
    assert "not finite" in text_of(path)
    soundfile.write(path, noise(0.5, channels=6), RATE)
    assert facts(text_of(path))["loudness"] == "not measured"


def test_a_pointer_of_git_lfs_is_shown_as_it_is(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    (tmp_path / "a.wav").write_text(pointer)
    assert text_of(str(tmp_path / "a.wav")) == pointer + "Git LFS keeps the sound: git lfs pull\n"


def test_what_can_not_be_read_is_a_line_without_its_path_and_the_exit_code_is_0(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "conflict").write_text("<<<<<<< ours\n{}\n")
    (tmp_path / "not_utf8").write_bytes(b'{"\xff')
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "deep").write_text("{" + "[" * 100_000)
    for name in ("nowhere", "", "fifo", "conflict", "not_utf8", "empty", "deep"):
        assert run(["textconv", str(tmp_path / name)]) == 0
        said = capsysbinary.readouterr().out.decode()
        assert said.startswith("this cannot be shown: "), name
        assert str(tmp_path) not in said
        assert len(said.splitlines()) <= 2


def test_text_of_an_author_is_inert(tmp_path: Path) -> None:
    entry = {"engine": "e", "key": "0" * 64, "digest": "0" * 64, "prompt": PAYLOAD}
    lock = {"version": 1, "mix": {PAYLOAD: PAYLOAD}, "elements": {"rain": entry}}
    (tmp_path / "x").write_text(json.dumps(lock))
    shown = text_of(str(tmp_path / "x"))
    assert all(line.isprintable() for line in shown.splitlines())
    assert "\\x1b[31m" in shown
    assert len(shown.splitlines()) == 8
