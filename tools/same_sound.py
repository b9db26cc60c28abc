"""Compare what two checkouts make of the same scenes: every take, mix, stem, delivery, lock and listened part.

``python tools/same_sound.py OLD NEW`` builds the scenes of OLD, those of the catalogue, and random ones with all fields
of mixing, each with the ``.venv`` of its checkout. The last line is one JSON object: how many files were compared, and
how many differ. For changes that must not be heard.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

SOUND = {".wav", ".flac", ".ogg", ".mp3"}
CURVES = ("linear", "exp", "s", "hold")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--random", type=int, default=60, metavar="N", help="random scenes beside those of the checkout"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scenes = Path(folder, "scenes-of-both")
        shutil.copytree(options.old / "scenes", scenes, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        for number in range(options.random):
            random_scene(scenes / f"random_{number}.yaml", Chance(options.seed * 100_000 + number))
        found = [made_by(checkout, Path(folder, name), scenes) for checkout, name in each(options.old, options.new)]
    old, new = found
    different = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    for path in different:
        print(f"{path}: {'only in old' if path not in new else 'only in new' if path not in old else 'differs'}")
    count = {kind: sum(path.startswith(f"{kind}/") for path in old) for kind in ("locks", "sounds", "takes")}
    print(json.dumps({"name": "same_sound", "compared": len(old), **count, "different": len(different)}))
    return 1 if different else 0


def each(old: Path, new: Path) -> Iterator[tuple[Path, str]]:
    yield old.resolve(), "old"
    yield new.resolve(), "new"


def made_by(checkout: Path, folder: Path, scenes: Path) -> dict[str, str]:
    """The digest of everything that a checkout makes of the scenes, by a name without what differs between folders."""
    shutil.copytree(scenes, folder / "scenes")
    (folder / "scenebuild.toml").touch()
    command = [str(checkout / ".venv" / "bin" / "python"), "-P", "-m", "scenebuild"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "SOURCE_DATE_EPOCH": "0"}

    def run(*arguments: str) -> None:
        done = subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{checkout}: {' '.join(arguments)}: {done.stdout}{done.stderr}")

    common = ("--engine", "sketch", "--store", str(folder / "store"), "-q")
    for path in (folder / "scenes").glob("random_*.yaml"):  # some ask for what cannot be: then both must refuse them
        if subprocess.run(
            [*command, "validate", f"scenes/{path.name}"], cwd=folder, env=environment, capture_output=True
        ).returncode:
            path.unlink()
    files = sorted(path.name for path in (folder / "scenes").glob("*.yaml"))
    run(*(f"scenes/{name}" for name in files), "--stems", *common)
    run("scenes/catalogue", "--out", "out-of-catalogue", *common)
    run("scenes/rainy_cafe.yaml", "--solo", "rain", *common)
    return {
        **{f"locks/{path.relative_to(folder)}": digest(path) for path in (folder / "scenes").rglob("*.lock.json")},
        **{f"sounds/{path.relative_to(folder)}": digest(path) for path in sounds(folder)},
        **{f"takes/{line}": line for line in takes(folder / "store")},
    }


def sounds(folder: Path) -> Iterator[Path]:
    for root in ("build", "out-of-catalogue"):
        yield from (path for path in (folder / root).rglob("*") if path.suffix in SOUND)


def takes(store: Path) -> Iterator[str]:
    """The digest of the bytes of each take."""
    yield from sorted(digest(path) for path in (store / "objects").rglob("*") if path.is_file())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Chance(random.Random):
    """What a random scene is made from."""

    def number(self, low: float, high: float) -> float:
        return round(self.uniform(low, high), 3)

    def moving(self, low: float, high: float) -> object:
        if self.random() < 0.6:
            return self.number(low, high)
        times = sorted({self.number(0, 3) for _ in range(self.randint(1, 3))})
        return [{"at": at, "value": self.number(low, high), "curve": self.choice(CURVES)} for at in times]

    def some(self, fields: Mapping[str, tuple[float, Callable[[], object]]]) -> dict[str, object]:
        """Each field with its probability."""
        return {name: value() for name, (share, value) in fields.items() if self.random() < share}


def random_scene(path: Path, chance: Chance) -> None:
    """A scene of three short elements in which every field of the mixing desk turns up now and then."""
    mix = chance.some(
        {
            "loudness": (0.3, lambda: chance.number(-30, -14)),
            "sample_rate": (0.2, lambda: chance.choice([16000, 44100])),
            "channels": (0.2, lambda: 1),
            "loop": (0.2, lambda: {"worst_seam": 60}),
        }
    )
    scene: dict[str, object] = {
        "name": path.stem.replace("_", " "),
        "mix": {"duration": chance.number(3, 5), "seed": chance.randint(0, 99), **mix},
        "buses": {"together": {"volume": chance.number(0.2, 1.2), "effects": [effect(chance)]}},
        "elements": {f"e{index}": element(index, chance) for index in range(3)},
    }
    path.write_text(json.dumps(scene, indent=1))


def element(index: int, chance: Chance) -> dict[str, object]:
    times = chance.some(
        {
            "loop": (0.3, lambda: chance.choice([True, {"seam": "best"}, {"crossfade": 0.05}])),
            "start": (0.4, lambda: chance.choice([chance.number(0, 2), [0, chance.number(1, 3)]])),
            "repeat": (0.3, lambda: {"every": chance.number(0.5, 1), "jitter": chance.number(0, 0.3)}),
        }
    )
    return {
        "prompt": chance.choice(["rain", "an owl", "footsteps on gravel", "a clock"]),
        "duration": chance.number(0.3, 3),
        **dict(list(times.items())[:1]),
        **chance.some(
            {
                "volume": (0.4, lambda: chance.moving(0, 1.5)),
                "pan": (0.4, lambda: chance.moving(-1, 1)),
                "high_pass": (0.3, lambda: chance.choice([50, 400])),
                "low_pass": (0.3, lambda: chance.moving(600, 6000)),
                "distance": (0.2, lambda: chance.number(1, 60)),
                "effects": (0.4, lambda: [effect(chance) for _ in range(chance.randint(1, 3))]),
                "reverse": (0.2, lambda: True),
                "speed": (0.2, lambda: chance.number(0.5, 2)),
                "trim": (0.2, lambda: {"from": 0.05, "to": 0.25}),
                "fade_in": (0.3, lambda: chance.number(0, 0.1)),
                "fade_out": (0.3, lambda: chance.number(0, 0.1)),
                "bus": (0.3, lambda: "together"),
                "duck": (0.3 if index else 0, lambda: {"under": "e0", "by": chance.number(3, 20)}),
            }
        ),
    }


def effect(chance: Chance) -> dict[str, object]:
    hz, gain_db = chance.choice([60, 300, 1200, 7000]), chance.number(-12, 12)
    kinds: list[dict[str, object]] = [
        {"high_pass": hz},
        {"low_pass": hz},
        {"low_shelf": {"hz": hz, "gain_db": gain_db}},
        {"high_shelf": {"hz": hz, "gain_db": gain_db}},
        {"peak": {"hz": hz, "gain_db": gain_db, "q": chance.number(0.3, 5)}},
        {"compress": {"threshold": chance.number(-40, -5), "ratio": chance.number(1, 8)}},
        {"convolve": {"file": "sounds/shop_bell.wav", "wet": chance.number(0, 1)}},
        {"reverb": {"decay": chance.number(0.1, 1.5), "wet": chance.number(0, 1)}},
    ]
    return chance.choice(kinds)


if __name__ == "__main__":
    sys.exit(main())
