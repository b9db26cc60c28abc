"""Mix 20 looped elements to ten minutes, 48 kHz stereo, with loudness and true peak: against ffmpeg in the same run.

Then an hour of the same, which should cost no more than its length says, in the same memory. Prints one JSON object on
its last line. ``ratio`` is our CPU time over ffmpeg's, ``hour_ratio`` that of an hour over ten minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ELEMENTS = 20
MINUTES = 10
RATE = 48000
TAKE_S = 8
GOAL_RATIO = 0.5
GOAL_MB = 250
GOAL_HOUR_RATIO = 6.5


def make_takes(folder: Path) -> list[Path]:
    """Half of them 16 kHz mono as AudioGen makes them, half 48 kHz stereo: noise with the tilt of outdoor sounds."""
    import numpy as np

    from scenebuild.audio.wav import write_wav

    generator = np.random.default_rng(0)
    paths = []
    for number in range(ELEMENTS):
        rate, channels = ((16000, 1), (RATE, 2))[number % 2]
        samples = generator.standard_normal((TAKE_S * rate, channels))
        samples = 0.3 * samples + 0.02 * np.cumsum(samples, axis=0)
        samples -= samples.mean(axis=0)
        paths.append(folder / f"take{number}.wav")
        write_wav(paths[-1], 0.05 * samples / samples.std(), rate)
    return paths


def mix_ours(folder: Path, seconds: float, desk: str = "") -> None:
    """The whole job, in a process of its own: measured from outside, with its imports.

    ``desk``: every fifth element moves through a low-pass and sounds in a room that all of them share.
    """
    from scenebuild.audio.wav import probe
    from scenebuild.errors import Place
    from scenebuild.generate.take import Take
    from scenebuild.mix.mixer import mix_scene
    from scenebuild.scene.automation import Automation, Keyframe
    from scenebuild.scene.channel import Bus, Channel
    from scenebuild.scene.effects.reverb import Reverb
    from scenebuild.scene.model import Element, MixSettings, Sampling, Scene
    from scenebuild.scene.timing import LoopSettings, Playback

    opening = Automation("hz", (Keyframe(0.0, 300.0), Keyframe(seconds, 9000.0, "exp")))
    treated = Channel(low_pass=opening, bus="room")
    room = Bus("room", channel=Channel(effects=(Reverb(2.0, 20.0, 0.5, 0.0, 0.3),)))

    elements: list[Element] = []
    sources: dict[str, Take] = {}
    for path in sorted(folder.glob("take*.wav")):
        facts = probe(path)
        sources[path.stem] = Take(
            "", "", str(path), facts.sample_rate, facts.channels, facts.frames, -26.0, -12.0, "", "sketch"
        )
        element = Element(
            name=path.stem,
            place=Place(""),
            prompt="",
            recording=None,
            engine=None,
            model=None,
            duration_s=TAKE_S,
            seed=None,
            take=1,
            sampling=Sampling(),
            start_s=0.0,
            fade_in_s=1.0,
            fade_out_s=2.0,
            playback=Playback(loop=LoopSettings()),
            normalize="loudness",
            volume=Automation.fixed(0.2),
            pan=Automation.fixed(0.1, "pan"),
            channel=treated if desk and len(elements) % 5 == 0 else Channel(),
        )
        elements.append(element)
    settings = MixSettings(duration_s=seconds, loudness_lufs=-23.0)
    scene = Scene("", "", "", 0, None, tuple(elements), settings, {}, (room,))
    mix_scene(scene, {name: (take,) for name, take in sources.items()}, folder / "ours.wav")


def ffmpeg_command(folder: Path, takes: list[Path], seconds: float) -> list[str]:
    """The same job as people give it to ffmpeg."""
    command = ["ffmpeg", "-y", "-v", "error", "-nostdin"]
    graph = ""
    for number, take in enumerate(takes):
        command += ["-stream_loop", "-1", "-t", str(seconds), "-i", str(take)]
        graph += f"[{number}:a]aresample={RATE},aformat=channel_layouts=stereo,volume=0.2,afade=t=in:d=1,"
        graph += f"afade=t=out:st={seconds - 2}:d=2[a{number}];"
    graph += "".join(f"[a{number}]" for number in range(len(takes)))
    graph += f"amix=inputs={len(takes)}:normalize=0,ebur128=peak=true[out]"
    command += ["-filter_complex", graph, "-map", "[out]", "-c:a", "pcm_s24le", "-t", str(seconds)]
    return [*command, str(folder / "ffmpeg.wav")]


def run(command: list[str]) -> dict[str, float]:
    """CPU seconds, wall seconds and the most memory of one child process."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed with status {status}")
    return {
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "max_rss_mb": round(usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), 1),
    }


def main() -> None:
    if len(sys.argv) > 2:
        mix_ours(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
        return
    seconds = MINUTES * 60.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        takes = make_takes(folder)
        theirs = run(ffmpeg_command(folder, takes, seconds))
        ours = run([sys.executable, __file__, name, str(seconds)])
        hour = run([sys.executable, __file__, name, str(6 * seconds)])
        desk = run([sys.executable, __file__, name, str(seconds), "desk"])
        short = run([sys.executable, __file__, name, str(seconds / 5), "desk"])
    ratio, hour_ratio = ours["cpu_s"] / theirs["cpu_s"], hour["cpu_s"] / ours["cpu_s"]
    met = ratio <= GOAL_RATIO and max(ours["max_rss_mb"], hour["max_rss_mb"]) <= GOAL_MB
    met = met and hour_ratio <= GOAL_HOUR_RATIO
    print(f"ours {ours}")
    print(f"ours, an hour {hour}")
    print(f"ours, four of them over the desk {desk}; two minutes {short}")
    print(f"ffmpeg {theirs}")
    result = {"name": "mix", "ratio": round(ratio, 3), "goal": GOAL_RATIO, "met": met, "max_rss_mb": ours["max_rss_mb"]}
    result |= {"hour_ratio": round(hour_ratio, 2), "goal_hour_ratio": GOAL_HOUR_RATIO, "goal_mb": GOAL_MB}
    print(json.dumps(result | {"ours": ours, "hour": hour, "desk": desk, "desk_short": short, "ffmpeg": theirs}))


if __name__ == "__main__":
    main()
