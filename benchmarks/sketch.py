"""How many times faster than real time each recipe plays, on one core, and what an hour keeps in memory.

The hour is played without being held, as the samples of a take are the caller's. The last line is one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kit.stage import RATE, SEGMENT
from scenebuild.engines.sketch.render import render, segments

SECONDS, RUNS, GOAL = 10.24, 7, 50.0
HOUR = "market"  # has some of everything that is kept: drifts, arrivals, calls, rooms, noise
HOUR_S, WARM_S, GOAL_MB = 3600, 60, 8.0


def times_real_time(prompt: str) -> float:
    """The best of a few runs, by the processor's time of this process; the first works out the rooms that are kept."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        render(prompt, 1, int(SECONDS * RATE))
        best = min(best, time.process_time() - begun)
    return SECONDS / best


def growth_mb() -> float:
    """By how much the process has grown between the first minute and the end of an hour."""
    played = segments(HOUR, 1)
    for _ in islice(played, WARM_S * RATE // SEGMENT):
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in islice(played, (HOUR_S - WARM_S) * RATE // SEGMENT):
        pass
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024  # Linux counts in KiB


def main() -> int:
    hour = round(growth_mb(), 1)
    print(f"an hour of {HOUR} after its first minute: {hour:+.1f} MiB", flush=True)
    figures = {}
    for kind in KINDS:
        prompt = kind.words.split(",")[0] or "unheard of"
        figures[kind.name] = round(times_real_time(prompt), 1)
        print(f"{kind.name:12s} {figures[kind.name]:7.1f} x real time", flush=True)
    slowest = min(figures, key=lambda name: figures[name])
    ratio = figures[slowest]
    print(
        json.dumps(
            {
                "name": "sketch",
                "ratio": ratio,
                "goal": GOAL,
                "met": ratio >= GOAL and hour <= GOAL_MB,
                "slowest": slowest,
                "hour_growth_mib": hour,
                "times_real_time": figures,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
