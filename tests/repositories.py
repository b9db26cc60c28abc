"""A repository with a scene and its lock, as authors commit them; all of it in the current folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scenebuild.cli import run

GIT = shutil.which("git")
PORCH = """\
name: Porch
elements:
  rain:
    prompt: steady rain
    duration: 0.4
  wind: {prompt: wind, duration: 0.4}
"""


def git(*arguments: str) -> str:
    """What git says; its author is nobody and its first branch main."""
    person = ["-c", "user.name=Ann", "-c", "user.email=ann@example.invalid", "-c", "init.defaultBranch=main"]
    done = subprocess.run([str(GIT), *person, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(message: str) -> str:
    """The commit of all that is in the current folder."""
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", message)
    return git("rev-parse", "HEAD")


def locked() -> None:
    """Build all scenes, as their authors do before they commit."""
    assert run(["build", "scenes", "-q"]) == 0
    shutil.rmtree("build")


def begin_repository() -> str:
    """The first commit: one scene and its lock. Skips the test where git is not here."""
    if GIT is None:
        pytest.skip("git is not here")
    git("init", "--quiet")
    Path(".gitignore").write_text("/build/\n")
    Path("scenes/porch.yaml").write_text(PORCH)
    locked()
    return committed("a porch")


def louder() -> str:
    """The commit of a heavier rain and less wind."""
    heavier = PORCH.replace("steady rain", "heavy rain on a tin roof")
    Path("scenes/porch.yaml").write_text(heavier.replace("{prompt: wind,", "{prompt: wind, volume: 0.5,"))
    locked()
    return committed("heavier")
