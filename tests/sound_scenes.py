"""Scenes with sounds as prompts, built in this process by engines for tests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import MISBEHAVING, TONE, CountingChildren
from scenebuild.build import build, plan
from scenebuild.cli.options import Flags
from scenebuild.engines import Action, engine, facts_for
from scenebuild.listener import Silent
from scenebuild.plan.action import action_of
from scenebuild.plan.models import findings_about
from scenebuild.plan.steps import Step
from scenebuild.result import Result
from scenebuild.scene.model import Scene
from scenebuild.scene.read import read_scene

PATH = "scenes/test.yaml"
SKETCH = engine("sketch").facts
ELEMENTS: dict[str, dict[str, Any]] = {
    "door": {"prompt": "a door creaks", "duration": 1, "continues": "sounds/door.wav"},
    "rain": {"prompt": "steady rain", "duration": 1, "redo": {"from": 0.25, "to": 0.75}},
}


class Heard(Silent):
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun: dict[str, str] = {}

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, takes: Any) -> None:
        self.begun |= takes


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


def ring(path: str, seconds: float = 0.5, rate: int = 16000, pitch: float = 300.0) -> str:
    """A recording of one tone."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate), rate)
    return path


@pytest.fixture
def scenes(project: Path) -> Path:
    """A project with a recording, and the scene that goes on from it and makes a stretch of another take again."""
    ring("scenes/sounds/door.wav")
    write()
    return project


def write(engine_name: str = "sketch", /, **elements: Any) -> None:
    scene = {"name": "Test", "defaults": {"engine": engine_name}, "elements": elements or ELEMENTS}
    Path(PATH).write_text(json.dumps(scene), encoding="utf-8")


def changed(name: str, **by: Any) -> dict[str, dict[str, Any]]:
    return {**ELEMENTS, name: ELEMENTS[name] | by}


def run(*paths: str, listener: Silent | None = None, **flags: Any) -> Result:
    return build(paths or (PATH,), settings_of(flags), listener or Heard())


def settings_of(flags: dict[str, Any]) -> Any:
    return Flags(**{"store": os.environ["SCENEBUILD_STORE"], **flags}).settings()


def steps(**flags: Any) -> dict[str, Step]:
    return {step.name: step for step in plan((PATH,), settings_of(flags))[PATH].steps}


def lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("scenes/test.lock.json").read_text(encoding="utf-8"))["elements"]
    return found


def samples_of(name: str) -> Any:
    return soundfile.read(f"build/test/elements/{name}.wav", always_2d=True, dtype="float32")[0]


def mistakes(path: str = PATH) -> list[str]:
    return [str(problem) for problem in findings_about(path)]


def scene_of(**elements: dict[str, Any]) -> Scene:
    write("audiogen", **elements)
    return read_scene(PATH)


def action(name: str, contents: dict[str, str] | None = None, **elements: dict[str, Any]) -> Action:
    scene = scene_of(**elements)
    element = next(one for one in scene.elements if one.name == name)
    return action_of(element, scene, facts_for("audiogen", element.model), contents=contents)
