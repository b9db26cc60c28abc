"""How long a rerun with nothing to do takes, in starts of a bare ``python -c pass`` of the same environment.

    python benchmarks/rerun.py

Both are run alternately; the figure is the ratio of the medians. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 40
GOAL = 12.0  # bare starts
SCENES = Path(__file__).resolve().parent.parent / "scenes"


def seconds(command: list[str], folder: str) -> float:
    """Wall-clock time of one run of a command that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    scenebuild = str(Path(sys.executable).with_name("scenebuild"))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SCENES, Path(folder, "scenes"), ignore=shutil.ignore_patterns("*.lock.json"))
        Path(folder, "scenebuild.toml").touch()
        os.environ["SCENEBUILD_STORE"] = str(Path(folder, "store"))
        scene = "scenes/rainy_cafe.yaml"
        first = seconds([scenebuild, scene], folder)
        commands = {
            "bare": [sys.executable, "-c", "pass"],
            "rerun": [scenebuild, scene],
            "rerun_json": [scenebuild, scene, "--json"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(seconds(command, folder))
    median = {name: statistics.median(found) for name, found in times.items()}
    ratio = median["rerun"] / median["bare"]
    for name, value in median.items():
        print(f"{name:<12} {value * 1000:7.1f} ms  {value / median['bare']:5.1f} bare starts")
    figures = {f"{name}_ms": round(value * 1000, 1) for name, value in median.items()}
    print(
        json.dumps(
            {
                "name": "rerun with nothing to do, in bare python starts",
                "ratio": round(ratio, 2),
                "goal": GOAL,
                "met": ratio <= GOAL,
                "first_build_ms": round(first * 1000),
                "rounds": ROUNDS,
                **figures,
            }
        )
    )


if __name__ == "__main__":
    main()
