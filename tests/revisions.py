"""Repositories with a history, for the tests of ``scenebuild diff``; children run in this process, by the worker's own
code, so that a build takes no half a second to start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import TONE, CountingChildren
from scenebuild.cli import run

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
SCENE = """\
name: Harbour
# A comment.
defaults: {duration: 1.2, engine: sketch}
elements:
  rain:
    prompt: soft rain
    volume: 0.7
    loop: true
  bell:
    prompt: a church bell
    start: 0.5
  dog:
    prompt: a dog barking
    start: 1.5
mix:
  duration: 4
"""
PATH = "scenes/harbour.yaml"
EDITED = SCENE.replace("volume: 0.7", "volume: 0.35").replace("a dog barking", "a large dog barking far away")


def git(*arguments: str, folder: str | Path = ".") -> str:
    """What git says."""
    alone = {f"GIT_CONFIG_{scope}": os.devnull for scope in ("GLOBAL", "SYSTEM")}
    for role in ("AUTHOR", "COMMITTER"):
        alone |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.invalid"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, env={**os.environ, **alone}, check=True
    )
    return done.stdout.strip()


def commit(message: str = "change") -> str:
    """Everything that is not ignored as a commit; its name."""
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", message)
    return git("rev-parse", "HEAD")


def write(text: str | dict[str, Any], path: str = PATH) -> None:
    """A scene file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), encoding="utf-8")


def build(*arguments: str) -> None:
    """Build, and it must work."""
    assert run(["build", *(arguments or ("scenes",)), "-q"]) == 0


def start_repository() -> None:
    """In the current folder, on the branch main."""
    git("init", "-q", "-b", "main")
    Path(".gitignore").write_text("build/\n")


def fast_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """``audiogen`` is an engine of the tests, and no process is started."""
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    monkeypatch.setattr(TONE, "ready", True)
    monkeypatch.setattr(CountingChildren, "calls", [])


def files_of(folder: str | Path = ".") -> dict[str, bytes]:
    """Every file outside of .git, and its bytes."""
    return {
        str(path): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def diff(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What ``scenebuild diff`` prints."""
    capsys.readouterr()
    assert run(["diff", *arguments]) == code
    return capsys.readouterr().out


def diff_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The object that ``--format json`` prints."""
    found: dict[str, Any] = json.loads(diff(capsys, "--format", "json", *arguments))
    return found


def statuses(scene: dict[str, Any]) -> dict[str, str]:
    """What became of each element that changed."""
    return {one["name"]: one["status"] for one in scene["elements"]}


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


@pytest.fixture
def repository(project: Path) -> Path:
    """One commit: a scene, built, with its lock."""
    start_repository()
    write(SCENE)
    build()
    commit("one")
    return project


def edit() -> None:
    """The second commit: the volume of one element, the prompt of another."""
    write(EDITED)
    build()
    commit("two")
