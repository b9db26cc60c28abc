"""``init`` and ``schema --write`` damage nothing that is there, and ``init`` says what the project is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scenebuild.cli import run

GIT = ("git", "-c", "protocol.file.allow=always", "-c", "user.name=n", "-c", "user.email=e@x")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the test stands in, in no project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(*arguments: str) -> int:
    return subprocess.run([*GIT, *arguments], capture_output=True, check=False).returncode


def is_ignored(name: str) -> bool:
    return git("check-ignore", "-q", name) == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"/build/\n"),
        (b"secret.env", b"secret.env\n/build/\n"),
        (b"*.log\n", b"*.log\n/build/\n"),
        (b"*.log\r\n*.tmp", b"*.log\r\n*.tmp\r\n/build/\r\n"),
        ("# f\u00fcr\nsecret.env".encode("latin-1"), b"# f\xfcr\nsecret.env\n/build/\n"),
        (b"build\nsecret.env", b"build\nsecret.env"),
        (b"/build/", b"/build/"),
    ],
)
def test_the_line_for_build_is_one_of_its_own(before: bytes, after: bytes, folder: Path) -> None:
    git("init", "-q", ".")
    Path(".gitignore").write_bytes(before)
    ignored = is_ignored("secret.env")
    assert run(["init"]) == 0
    assert Path(".gitignore").read_bytes() == after
    assert is_ignored("build/")
    assert is_ignored("secret.env") == ignored == (b"secret.env" in before)


def test_a_gitignore_keeps_its_mode_and_its_place(folder: Path) -> None:
    git("init", "-q", ".")
    Path(".gitignore").write_text("x")
    Path(".gitignore").chmod(0o600)
    number = Path(".gitignore").stat().st_ino
    assert run(["init"]) == 0
    assert (Path(".gitignore").stat().st_ino, Path(".gitignore").stat().st_mode & 0o777) == (number, 0o600)


def test_worktrees_submodules_and_projects_below_a_repository_get_the_line(folder: Path) -> None:
    git("init", "-q", "first")
    git("-C", "first", "commit", "-q", "--allow-empty", "-m", "m")
    assert git("-C", "first", "worktree", "add", "-q", "../tree") == 0
    git("init", "-q", "other")
    assert git("-C", "other", "submodule", "add", "-q", str(folder / "first"), "sub") == 0
    Path("first/game/audio").mkdir(parents=True)
    Path("first/game/audio/scenebuild.toml").touch()
    for place in ("tree", "other/sub", "first/game/audio"):
        os.chdir(folder / place)
        assert run(["init"]) == 0
        assert Path(".gitignore").read_text() == "/build/\n"
        assert is_ignored("build/")


def test_nothing_is_written_through_a_link(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("outside").mkdir()
    Path("outside/ignore").write_text("x")
    Path("p").mkdir()
    os.chdir("p")
    git("init", "-q", ".")
    Path(".gitignore").symlink_to("../outside/ignore")
    Path(".gitattributes").symlink_to("../outside/ignore")
    assert run(["init"]) == 0
    assert "add /build/ to it" in capsys.readouterr().err
    assert run(["init", "--git"]) == 1
    assert Path("../outside/ignore").read_text() == "x"
    assert Path(".gitattributes").is_symlink()
    Path("schema/scene.schema.json").unlink()
    Path("schema").rmdir()
    Path("schema").symlink_to("../outside")
    assert run(["init", "scenes/second.yaml"]) == 2
    assert sorted(os.listdir("../outside")) == ["ignore"]


def test_a_pipe_in_place_of_a_file_of_git_hangs_nothing(folder: Path) -> None:
    git("init", "-q", ".")
    os.mkfifo(".gitignore")
    assert run(["init"]) == 0
    os.mkfifo(".gitattributes")
    assert run(["init", "--git"]) == 1


@pytest.mark.parametrize("theirs", ['{"mine": true}', "[1]", "no json", '{"title": 3}'])
def test_a_schema_that_is_none_of_ours_stays(theirs: str, folder: Path) -> None:
    Path("schema").mkdir()
    Path("schema/scene.schema.json").write_text(theirs)
    assert run(["init"]) == 0
    assert Path("schema/scene.schema.json").read_text() == theirs
    named = Path("scenes/first.yaml").read_text().splitlines()[0].partition("$schema=")[2]
    assert json.loads(Path("scenes", named).read_text())["title"].startswith("A scenebuild scene")
    assert run(["schema", "--write", "schema"]) == 0
    Path("schema/scenebuild.scene.schema.json").write_text(theirs)
    assert run(["schema", "--write", "schema"]) == 2
    assert Path("schema/scenebuild.scene.schema.json").read_text() == theirs


def test_an_older_schema_of_ours_is_brought_up_to_date(folder: Path) -> None:
    Path("schema").mkdir()
    Path("schema/scene.schema.json").write_text('{"title": "A scenebuild scene, version 0"}')
    assert run(["init"]) == 0
    assert "properties" in json.loads(Path("schema/scene.schema.json").read_text())
    assert os.listdir("schema") == ["scene.schema.json"]


# What a project is


def test_a_folder_without_a_mark_becomes_a_project_and_builds_where_the_readme_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 0
    said = capsys.readouterr().out
    assert f"project {folder} (it holds scenebuild.toml); outputs in {folder}/build, takes in " in said
    assert os.environ["SCENEBUILD_STORE"] in said or "store" in said
    assert run(["scenes/first.yaml", "--engine", "sketch", "-q"]) == 0
    assert Path("build/first/first.wav").is_file()
    assert sorted(os.listdir("scenes")) == ["first.lock.json", "first.yaml"]
    assert not Path(".gitignore").exists(), "there is no git"


def test_a_project_that_has_a_mark_gets_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git("init", "-q", ".")
    assert run(["init"]) == 0
    assert "(it holds .git)" in capsys.readouterr().out
    assert not Path("scenebuild.toml").exists()
    assert run(["doctor"]) == 0
    assert f"project      {folder} (it holds .git); outputs in {folder}/build" in capsys.readouterr().out


def test_doctor_says_that_a_folder_has_no_mark(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    assert f"project      {folder} (no folder around holds a .git, " in capsys.readouterr().out
