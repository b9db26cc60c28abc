"""How long planning takes when everything is made already, and validating a very large scene.

    python benchmarks/plan.py [--scenes 1000]

Plans scenes of 5 elements whose takes are all in the store (milliseconds a scene), and validates one scene of 2,000
elements (in starts of a bare ``python -c pass``). The peer of planning is reading alone: parsing the same files with
PyYAML's C loader and nothing else. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from scenebuild.build import plan
from scenebuild.settings import GenerateOptions, Settings
from scenebuild.store import LocalStore

GOAL_MS = 10.0  # a scene
GOAL_STARTS = 60.0
ELEMENT = """\
  element_{number}:
    prompt: sound {number} of scene {scene}, steady and close
    volume: 0.{number}
    pan: -0.2
    loop: true
"""


def write_scene(path: Path, scene: int, elements: int) -> None:
    """A scene of its own prompts, so that no two share a take."""
    body = "".join(ELEMENT.format(number=number, scene=scene) for number in range(elements))
    path.write_text(f"name: Scene {scene}\ndefaults: {{engine: sketch}}\nelements:\n{body}mix: {{duration: 20}}\n")


def fill(store: LocalStore, paths: list[str], settings: Settings, folder: Path) -> None:
    """Put something under every key: planning asks whether it is there, not what it is."""
    take = folder / "take"
    take.write_bytes(b"a take")
    for one in plan(paths, settings).values():
        for step in one.steps:
            store.put(step.key, str(take), {})


def start_seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    count = parser.parse_args().scenes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        (folder / "scenebuild.toml").touch()
        paths = [f"scene_{number:04}.yaml" for number in range(count)]
        for number, path in enumerate(paths):
            write_scene(folder / path, number, 5)
        store, settings = LocalStore(str(folder / "store")), Settings(GenerateOptions(str(folder / "store")))
        fill(store, paths, settings, folder)

        began = time.perf_counter()
        plans = plan(paths, settings)
        planning = time.perf_counter() - began
        assert all(step.status == "hit" for one in plans.values() for step in one.steps)
        began = time.perf_counter()
        for path in paths:
            yaml.load(Path(path).read_text(), Loader=yaml.CSafeLoader)
        reading = time.perf_counter() - began

        write_scene(folder / "large.yaml", 0, 2000)
        validate = [str(Path(sys.executable).with_name("scenebuild")), "validate", "large.yaml"]
        starts = [start_seconds([sys.executable, "-c", "pass"]) for _ in range(10)]
        checks = [start_seconds(validate) for _ in range(3)]
    per_scene = planning / count * 1000
    bare, large_s = statistics.median(starts), statistics.median(checks)
    print(f"plan      {per_scene:6.2f} ms a scene of 5 elements, {planning / reading:.1f} times reading the YAML alone")
    print(f"validate  {large_s * 1000:6.0f} ms for 2,000 elements, {large_s / bare:.1f} bare starts")
    print(
        json.dumps(
            {
                "name": "planning scenes that are all made, ms a scene",
                "ratio": round(per_scene, 2),
                "goal": GOAL_MS,
                "met": per_scene < GOAL_MS and large_s / bare < GOAL_STARTS,
                "scenes": count,
                "times_yaml_alone": round(planning / reading, 2),
                "validate_2000_ms": round(large_s * 1000),
                "validate_2000_bare_starts": round(large_s / bare, 1),
                "validate_goal": GOAL_STARTS,
                "bare_ms": round(bare * 1000, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
