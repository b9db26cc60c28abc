"""How many times faster than real time each recipe plays, on one core. The last line is one JSON object."""

from __future__ import annotations

import json
import sys
import time

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.render import render

SECONDS, RUNS, GOAL = 10.24, 7, 50.0


def times_real_time(prompt: str) -> float:
    """The best of a few runs, by the processor's time of this process."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        render(prompt, 1, int(SECONDS * 48000))
        best = min(best, time.process_time() - begun)
    return SECONDS / best


def main() -> int:
    figures = {}
    for kind in KINDS:
        prompt = kind.words.split(",")[0] or "unheard of"
        figures[kind.name] = round(times_real_time(prompt), 1)
        print(f"{kind.name:12s} {figures[kind.name]:7.1f} x real time", flush=True)
    slowest = min(figures, key=lambda name: figures[name])
    ratio = figures[slowest]
    print(json.dumps({"name": "sketch", "ratio": ratio, "goal": GOAL, "met": ratio >= GOAL, "slowest": slowest,
                      "times_real_time": figures}))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
