"""The time from an edit to a sound: one volume of a scene of four elements and 30 s changes, and it is built again.

    python benchmarks/edit.py

The peer is a start of a bare ``python -c pass`` of the same environment, run alternately; the figure is the ratio of
the medians. ``desk`` is the same edit in a scene whose layers all run over the desk. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 12
GOAL = 60.0  # bare starts
PLAIN = """
name: Edit
elements:
  rain: {{prompt: steady rain, loop: true, volume: {volume}}}
  wind: {{prompt: a gentle breeze in the leaves, loop: true, volume: 0.4}}
  bell: {{prompt: church bell, start: 4, pan: 0.3}}
  crow: {{prompt: a crow, duration: 3, start: 15}}
mix: {{duration: 30, loudness: -20}}
"""
DESK = """
name: Desk
elements:
  rain: {{prompt: steady rain, loop: true, bus: outside, volume: [{{at: 0, value: 0.2}}, {{at: 20, value: {volume}}}]}}
  wind: {{prompt: a gentle breeze in the leaves, loop: true, volume: 0.4, duck: {{under: bell}}}}
  bell: {{prompt: church bell, start: 4, pan: 0.3, effects: [{{reverb: {{decay: 2}}}}]}}
  crow: {{prompt: a crow, duration: 3, repeat: {{every: 9, jitter: 3}}, distance: 20, bus: outside}}
buses: {{outside: {{effects: [{{high_pass: 120}}, {{compress: {{}}}}]}}}}
mix: {{duration: 30, loudness: -20}}
"""


def seconds(command: list[str], folder: str) -> float:
    """Wall-clock time of one run of a command that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    scenebuild = str(Path(sys.executable).with_name("scenebuild"))
    times: dict[str, list[float]] = {"bare": [], "edit": [], "desk": []}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "scenebuild.toml").touch()
        os.environ["SCENEBUILD_STORE"] = str(Path(folder, "store"))
        for number in range(ROUNDS + 1):
            for name, text in (("edit", PLAIN), ("desk", DESK)):
                Path(folder, f"{name}.yaml").write_text(text.format(volume=0.3 + number / 100))
                taken = seconds([scenebuild, f"{name}.yaml", "--engine", "sketch"], folder)
                if number:  # the first makes the takes
                    times[name].append(taken)
            times["bare"].append(seconds([sys.executable, "-c", "pass"], folder))
    median = {name: statistics.median(found) for name, found in times.items()}
    for name, value in median.items():
        print(f"{name:<6} {value * 1000:7.1f} ms  {value / median['bare']:5.1f} bare starts")
    ratio, desk = (median[name] / median["bare"] for name in ("edit", "desk"))
    figures = {f"{name}_ms": round(value * 1000, 1) for name, value in median.items()}
    print(
        json.dumps(
            {
                "name": "another volume, in bare python starts",
                "ratio": round(ratio, 1),
                "goal": GOAL,
                "met": ratio <= GOAL,
                "desk_ratio": round(desk, 1),
                "rounds": ROUNDS,
                **figures,
            }
        )
    )


if __name__ == "__main__":
    main()
