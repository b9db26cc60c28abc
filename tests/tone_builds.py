"""Builds of one small scene whose engines run in this process, and what they heard, called and wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import MISBEHAVING, TONE, CountingChildren
from scenebuild.build import build
from scenebuild.cli.options import Flags
from scenebuild.listener import Silent
from scenebuild.result import Result, SceneResult

SCENE: dict[str, Any] = {
    "name": "Test",
    "defaults": {"duration": 0.5, "engine": "audiogen"},
    "elements": {
        "one": {"prompt": "first sound", "loop": True},
        "two": {"prompt": "second sound", "start": 0.25, "volume": 0.5},
        "three": {"prompt": "third sound", "pan": -0.5},
    },
    "mix": {"duration": 1.5},
}
PATH = "scenes/test.yaml"


class Heard(Silent):
    """A listener that only remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.results: list[SceneResult] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def finish(self, result: SceneResult) -> None:
        self.results.append(result)


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every engine call of the test, in order; the engines run in this process, by the worker's own code."""
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "musicgen", "engines_for_tests:MISBEHAVING")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    monkeypatch.setattr(TONE, "ready", True)
    monkeypatch.setattr(MISBEHAVING, "ready", True)
    monkeypatch.setattr(CountingChildren, "calls", [])
    return CountingChildren.calls


def changed(**by: Any) -> dict[str, Any]:
    """The test scene with some values changed: ``one__prompt="…"`` for an element's, ``mix={…}`` for the top level."""
    scene: dict[str, Any] = json.loads(json.dumps(SCENE))
    for name, value in by.items():
        *parents, last = name.split("__")
        place = scene["elements"][parents[0]] if parents else scene
        place[last] = value
    return scene


def write(scene: dict[str, Any], path: str = PATH) -> None:
    Path(path).write_text(json.dumps(scene, ensure_ascii=False), encoding="utf-8")


def run(*paths: str, listener: Heard | None = None, **flags: Any) -> Result:
    settings = Flags(**{"store": os.environ["SCENEBUILD_STORE"], **flags}).settings()
    return build(paths or (PATH,), settings, listener or Heard())


def lock(path: str = "scenes/test.lock.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def outputs() -> dict[str, bytes]:
    """Every output but the manifest, which also tells how the takes were come by."""
    paths = [path for path in Path("build/test").rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path): path.read_bytes() for path in paths}


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    yield
    assert not [path for path in Path.cwd().rglob(".tmp-*")], "nothing half written stays"
