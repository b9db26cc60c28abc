"""One small scene in a project, how its builds end, and a folder outside that no build may touch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scenebuild.cli import run
from scenebuild.plan.up_to_date import nothing_to_do

SCENE = (
    "name: x\nelements:\n  rain: {prompt: rain, duration: 0.5, engine: sketch, normalize: none}\nmix: {duration: 1}\n"
)
MORE = SCENE.replace("mix:", "  old: {prompt: wind, duration: 0.5, engine: sketch}\ndeliver: [{preset: podcast}]\nmix:")
PATH, BUILD = "scenes/x.yaml", Path("build/x")


@pytest.fixture(autouse=True)
def scene(project: Path) -> Path:
    path = project / PATH
    path.write_text(SCENE)
    return path


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """How a run ends, by ``--json``."""
    capsys.readouterr()
    assert run([*(arguments or (PATH,)), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    return "/".join(one["status"] for one in plain["scenes"])


def up(reference: str = PATH) -> bool:
    """What the quick look before the command line is loaded says."""
    return nothing_to_do([reference]) is not None


def tone(path: Path, hertz: float, seconds: float = 0.3) -> None:
    times = np.arange(int(seconds * 48000)) / 48000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hertz * times), 48000, subtype="PCM_16")


def below(folder: Path) -> dict[str, bytes | None]:
    return {str(it.relative_to(folder)): it.read_bytes() if it.is_file() else None for it in sorted(folder.rglob("*"))}


@pytest.fixture
def victim(project: Path) -> Iterator[Path]:
    """A folder outside of the project; whatever is done, it stays as it is."""
    folder = project.parent / "victim"
    for name in ("thesis.txt", "x/thesis.txt", "elements/rain.wav", "stems/thesis.wav", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("precious")
    before = below(folder)
    yield folder
    assert below(folder) == before


def file_with_a_hole(path: Path, size: int) -> None:
    path.touch()
    os.truncate(path, size)
