"""The cost of each effect: a minute of 48 kHz stereo, against ffmpeg's filters for the same job.

Prints how many times faster than real time each runs on one core, block by block as the desk feeds it. The last line is
one JSON object; ``ratio`` is the real-time factor of the slowest.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scenebuild.audio.convolution import Convolver
from scenebuild.audio.curves import Curve, CurvePoint
from scenebuild.audio.dynamics import Compressor, Ducker
from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.equalizer import Equalizer, high_pass, low_pass, peak
from scenebuild.audio.level import Samples
from scenebuild.audio.limiter import limit
from scenebuild.audio.pan import spread_along
from scenebuild.audio.reverb import RoomReverb, impulse_response, reverb
from scenebuild.audio.sweep import Sweep
from scenebuild.audio.wav import write_wav

RATE, SECONDS, RUNS = 48000, 60, 3
GOAL = 50.0
Job = Callable[[list[Samples]], object]


def each(run: Callable[[Samples], object]) -> Job:
    return lambda blocks: [run(block) for block in blocks]


def jobs() -> dict[str, tuple[Callable[[], Job], str]]:
    """By name: what makes our effect at rest, and the peer's filter; {ir} is an impulse response of two seconds."""
    three = high_pass(80, RATE, 4) + low_pass(8000, RATE) + peak(1000, 3, 1, RATE)
    corner = Curve([CurvePoint(0, 100), CurvePoint(SECONDS, 8000, "exp")], RATE)
    moving = np.linspace(-1, 1, GRID_FRAMES, dtype=np.float32)
    ir = impulse_response(RoomReverb(2.0), RATE, 2)
    filters = "highpass=f=80,highpass=f=80,lowpass=f=8000,equalizer=f=1000:g=3:width_type=q:w=1"
    return {
        "equalizer, three filters": (lambda: each(Equalizer(three, 2).run), filters),
        "moving low-pass": (lambda: each(Sweep("low", corner.over, RATE, 2).run), ""),
        "moving pan and gain": (
            lambda: each(lambda one: spread_along(one, 2, moving[: len(one)], moving[: len(one)])),
            "",
        ),
        "compressor": (
            lambda: each(Compressor(RATE, threshold_db=-20, ratio=4).run),
            "acompressor=threshold=0.1:ratio=4",
        ),
        "ducker": (lambda: each(Ducker(RATE, depth_db=9).gains), ""),
        "convolution, 2 s": (lambda: each(Convolver(ir[:, 0], 2).run), "afir"),
        "reverb, 2 s": (lambda: each(reverb(RoomReverb(2.0), RATE, 2).run), ""),
        "reverb, 10 s": (lambda: each(reverb(RoomReverb(10.0), RATE, 2).run), ""),
        "limiter, always at work": (
            lambda: lambda blocks: list(limit(blocks, -12.0, RATE, 2)),
            "aresample=192000,alimiter=limit=0.25:level=false,aresample=48000",
        ),
    }


def ours(make: Callable[[], Job], blocks: list[Samples]) -> float:
    """The best processor time of a few runs, without the making."""
    best = float("inf")
    for _ in range(RUNS):
        job = make()
        begun = time.process_time()
        job(blocks)
        best = min(best, time.process_time() - begun)
    return best


def theirs(filters: str, folder: Path) -> float:
    """The processor time of ffmpeg for the filters, less that for reading the file."""
    times = []
    for graph in (filters, "anull"):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-i", str(folder / "sound.wav")]
        if graph == "afir":
            command += ["-i", str(folder / "ir.wav"), "-filter_complex", "[0][1]afir"]
        else:
            command += ["-af", graph]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, "-f", "null", "-"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return max(times[0] - times[1], 1e-3)


def main() -> int:
    sound = (0.2 * np.random.default_rng(0).standard_normal((SECONDS * RATE, 2))).astype(np.float32)
    blocks = np.split(sound, range(GRID_FRAMES, len(sound), GRID_FRAMES))
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_wav(folder / "sound.wav", sound, RATE)
        write_wav(folder / "ir.wav", 0.1 * impulse_response(RoomReverb(2.0), RATE, 2)[:, 0], RATE)
        for title, (make, filters) in jobs().items():
            figures[title] = {"times_real_time": round(SECONDS / ours(make, blocks), 1)}
            if filters and shutil.which("ffmpeg"):
                figures[title]["ffmpeg_times_real_time"] = round(SECONDS / theirs(filters, folder), 1)
            print(f"{title:26s} {figures[title]}", flush=True)
    ratio = min(one["times_real_time"] for one in figures.values())
    print(json.dumps({"name": "effects", "ratio": ratio, "goal": GOAL, "met": ratio >= GOAL, "effects": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
