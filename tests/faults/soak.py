"""A long run: many builds with random edits, kills and two users of one store. ``python tests/faults/soak.py``.

Two checkouts share a store. In each round one of them, or both at once, edits a scene and builds it; some builds are
killed at a random system call, some go back to an older version as ``git checkout`` does. In the end every lock that a
build finished with must build again with ``--frozen``, the store must be sound, and nothing may have grown: files in
the store, in ``build/`` and in the temporary folder, open files, memory. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from forks import STRACE, Forks, forks

KILLED = -9
CALLS = ("write", "rename", "fsync", "unlink", "mkdir", "openat", "close")
NAMES = ("rain", "wind", "door", "steps", "bell")
PROMPTS = tuple(f"{what} {how}" for what in ("rain", "wind", "birds", "a stream") for how in ("near", "far", "slow"))


@dataclass
class Scene:
    """What an author has written: an element is a prompt, a duration and a volume."""

    elements: dict[str, tuple[str, float, float]]
    loudness: float | None = None

    def text(self) -> str:
        lines = ["name: Soak", "defaults: {engine: audiogen}", "elements:"]
        for name, (prompt, duration, volume) in self.elements.items():
            lines.append(f"  {name}: {{prompt: {prompt}, duration: {duration}, volume: {volume}}}")
        if self.loudness is not None:
            lines.append(f"mix: {{loudness: {self.loudness}}}")
        return "\n".join(lines) + "\n"


@dataclass
class Found:
    """What a soak has seen."""

    builds: int = 0
    killed: int = 0
    together: int = 0
    locks: set[tuple[str, str]] = field(default_factory=set)  # scene, lock
    faults: list[str] = field(default_factory=list)


class User:
    """One checkout and its fork server."""

    def __init__(self, folder: Path, store: Path, server: Forks, dice: random.Random) -> None:
        self.folder, self.store, self.server, self.dice = folder, store, server, dice
        (folder / "scenes").mkdir(parents=True)
        (folder / "scenebuild.toml").write_text("")
        self.temporary = folder.parent / f"{folder.name}-temporary"
        self.temporary.mkdir()
        self.scenes = [Scene({"rain": (PROMPTS[number], 0.2, 0.5)}) for number in range(3)]
        self.older: list[tuple[int, str, str]] = []  # number of the scene, its text, its lock

    def path(self, number: int) -> Path:
        return self.folder / "scenes" / f"s{number}.yaml"

    def lock(self, number: int) -> Path:
        return self.path(number).with_suffix(".lock.json")

    def edit(self, number: int) -> None:
        """One edit as authors make them."""
        scene, dice = self.scenes[number], self.dice
        name = dice.choice(list(scene.elements))
        prompt, duration, volume = scene.elements[name]
        kind = dice.randrange(6)
        if kind == 0:
            scene.elements[name] = (dice.choice(PROMPTS), duration, volume)
        elif kind == 1:
            scene.elements[name] = (prompt, dice.choice((0.1, 0.2, 0.3)), volume)
        elif kind == 2 and len(scene.elements) > 1:
            del scene.elements[name]
        elif kind == 3:
            scene.elements[dice.choice(NAMES)] = (dice.choice(PROMPTS), 0.2, 0.5)
        elif kind == 4:
            scene.loudness = dice.choice((None, -20.0, -23.0))
        else:
            scene.elements[name] = (prompt, duration, round(dice.uniform(0.1, 1), 2))

    def order(self, number: int, *arguments: str) -> dict[str, Any]:
        return {
            "task": "command",
            "folder": str(self.folder),
            "store": str(self.store),
            "log": f"{self.folder}.log",
            "arguments": ["build", str(self.path(number).relative_to(self.folder)), *arguments],
            "environment": {"TMPDIR": str(self.temporary)},
        }

    def turn(self, found: Found) -> None:
        """Edit and build once."""
        number = self.dice.randrange(len(self.scenes))
        if self.older and self.dice.random() < 0.1:  # git checkout of an older version, with its lock
            number, text, lock = self.dice.choice(self.older)
            self.lock(number).write_text(lock)
        else:
            self.edit(number)
            text = self.scenes[number].text()
        self.path(number).write_text(text)
        kill = STRACE is not None and self.dice.random() < 0.15
        call = self.dice.choice(CALLS) if kill else ""
        fault = f"signal=SIGKILL:when={self.dice.randrange(1, 25)}" if kill else ""
        code = self.server.run(self.order(number), call, fault)
        found.builds += 1
        found.killed += code == KILLED
        if code == 0:
            pair = (text, self.lock(number).read_text())
            found.locks.add(pair)
            self.older = [*self.older[-30:], (number, *pair)]
        elif code != KILLED:
            found.faults.append(f"{self.folder.name}: exit {code}: {Path(f'{self.folder}.log').read_text()[-300:]}")


def soak(builds: int, seed: int, folder: Path, *, most_replayed: int | None = None) -> dict[str, Any]:
    """Run ``builds`` builds; figures and faults as plain values."""
    found, store = Found(), folder / "store"
    with forks() as one, forks() as other, ThreadPoolExecutor(2) as pool:
        users = [
            User(folder / name, store, server, random.Random(f"{seed} {name}"))
            for name, server in (("ann", one), ("ben", other))
        ]
        dice = random.Random(seed)
        while found.builds < builds:
            if dice.random() < 0.3:
                found.together += 1
                list(pool.map(lambda user: user.turn(found), users))
            else:
                dice.choice(users).turn(found)
            if found.builds % 200 < 2:
                print(f"{found.builds} builds, {len(found.locks)} locks, {len(found.faults)} faults", flush=True)
        settled = [settle(user, found) for user in users]
        replayed = replay(sorted(found.locks)[:most_replayed], folder / "replay", store, one, found)
        memory = in_one_process(users[0], folder)
    return {
        "builds": found.builds,
        "killed": found.killed,
        "together": found.together,
        "locks": len(found.locks),
        "replayed": replayed,
        "faults": found.faults,
        **growth(store, users, found),
        "left": settled,
        **memory,
    }


def settle(user: User, found: Found) -> int:
    """Build all scenes once more, undisturbed; how many files lie in ``build/`` that a fresh build would not write."""
    for number in range(len(user.scenes)):
        user.path(number).write_text(user.scenes[number].text())
        if user.server.run(user.order(number)) != 0:
            found.faults.append(f"{user.folder.name}: the last build failed: {Path(f'{user.folder}.log').read_text()}")
    fresh = user.folder.parent / f"{user.folder.name}-fresh"
    for number in range(len(user.scenes)):
        user.server.run(user.order(number, "--out", str(fresh)))
    # What a killed build was writing lies aside, and goes once it is an hour old.
    extra = {name for name in names(user.folder / "build") - names(fresh) if ".tmp-" not in name}
    found.faults += [f"{user.folder.name}: build/{one} is of no build" for one in sorted(extra)]
    return len(extra)


def replay(locks: Sequence[tuple[str, str]], folder: Path, store: Path, server: Forks, found: Found) -> int:
    """Build every lock with ``--frozen``; how many did."""
    good = 0
    user = User(folder, store, server, random.Random(0))
    for text, lock in locks:
        user.path(0).write_text(text)
        user.lock(0).write_text(lock)
        code = server.run(user.order(0, "--frozen"))
        good += code == 0
        if code != 0 or user.lock(0).read_text() != lock:
            found.faults.append(f"a lock is not replayed: exit {code}: {Path(f'{folder}.log').read_text()[-300:]}")
    return good


def growth(store: Path, users: Sequence[User], found: Found) -> dict[str, int]:
    """What lies about in the end. A sound store has one object or less for each key, and nothing beside them."""
    from scenebuild.store import LocalStore, care

    found.faults += [f"the store: {damage.path}: {damage.what}" for damage in care.verify(LocalStore(str(store)))]
    kinds = {kind: len(names(store / kind)) for kind in ("actions", "objects", "quarantine", "leases")}
    # A killed build may leave a file aside; an hour later gc takes it.
    temporary = sum(".tmp-" in name for name in names(store))
    if kinds["objects"] > kinds["actions"] or kinds["quarantine"]:
        found.faults.append(f"the store has grown: {kinds}")
    left = sum(len(list(user.temporary.iterdir())) for user in users)
    if left:
        found.faults.append(f"the temporary folder holds {left} things after the last build")
    return {**{f"store_{kind}": count for kind, count in kinds.items()}, "store_aside": temporary, "temporary": left}


def in_one_process(user: User, folder: Path, builds: int = 60) -> dict[str, list[int]]:
    """The same build again and again in one process, as ``watch`` does it: open files and memory, before and after."""
    report = folder / "one-process.json"
    user.server.run({**user.order(0, "--force"), "task": "repeated", "builds": builds, "report": str(report)})
    found: dict[str, list[int]] = json.loads(report.read_text())
    return found


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def main() -> int:
    """Run and print; 1 where there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    began = time.monotonic()
    try:
        figures = soak(asked.builds, asked.seed, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    faults = figures.pop("faults")
    for fault in faults[:50]:
        print(fault)
    figures = {"name": "soak", "faults": len(faults), **figures, "seconds": round(time.monotonic() - began)}
    print(json.dumps(figures))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
