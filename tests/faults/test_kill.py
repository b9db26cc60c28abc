"""Builds killed at every system call that writes: readers see no wrong bytes, and the same command continues."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forks import STRACE, WITHOUT_STRACE, Forks, forks
from scenebuild.store import LocalStore, care
from scenebuild.store.digest import digest_bytes

pytestmark = [pytest.mark.hard, pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)]

KEY = digest_bytes(b"a request")
SOUND = bytes(range(256)) * 10_000  # more than two chunks, so that there are several writes
CALLS = ("mkdir", "rename", "fsync", "unlink", "ftruncate", "utimensat", "flock", "write")
SCENE = """\
name: Killed
defaults: {engine: audiogen, duration: 0.1}
elements:
  one: {prompt: first, loop: true}
  two: {prompt: second, start: 0.1}
mix: {duration: 0.3}
"""
CHANGED = SCENE.replace("second", "another")
KILLED = -9
Record = Callable[[str, object], None]  # a figure for the table of docs/reliability.md


@pytest.fixture(scope="module")
def server() -> Iterator[Forks]:
    with forks() as running:
        yield running


def points(
    server: Forks, order: dict[str, Any], call: str, prepare: Any, signal_name: str = "SIGKILL", step: int = 1
) -> Iterator[int]:
    """The exit codes of runs killed at the first, second … such call, until one ends by itself."""
    for number in range(1, 200, step):
        prepare()
        code = server.run(order, call, f"signal={signal_name}:when={number}")
        if code == 0:
            return
        yield code
    raise AssertionError(f"{order} never ends by itself")


# The store


@pytest.fixture
def order(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "source").write_bytes(SOUND)
    return {
        "task": "put",
        "store": str(tmp_path / "store"),
        "source": str(tmp_path / "source"),
        "key": KEY,
        "digest": digest_bytes(SOUND),
        "size": len(SOUND),
    }


def faults_after_kills(server: Forks, order: dict[str, Any], call: str) -> tuple[int, list[str]]:
    """How many points there were, and all that was wrong in the store after any of them."""
    store = LocalStore(order["store"])
    kills, faults = 0, []
    for code in points(server, order, call, lambda: shutil.rmtree(order["store"], ignore_errors=True)):
        assert code == KILLED
        kills += 1
        faults += [f"{call} {kills}: {damage.what}" for damage in care.verify(store)]
        if store.get(KEY) is not None:
            store.copy(digest_bytes(SOUND), order["source"] + ".copy")
        store.put(KEY, order["source"], {"fidelity": "real"})  # the same again, with no cleaning up
        assert care.verify(store) == []
        assert store.get(KEY) is not None
    return kills, faults


@pytest.mark.parametrize("call", CALLS)
def test_a_put_killed_at_any_call_leaves_a_sound_store(
    server: Forks, order: dict[str, Any], call: str, record_property: Record
) -> None:
    kills, faults = faults_after_kills(server, order, call)
    record_property("kills", kills)
    assert faults == []
    least = {"mkdir": 3, "rename": 3, "fsync": 4, "write": 4}
    assert kills >= least.get(call, 0), "what is to be disturbed did happen"


@pytest.mark.parametrize(("broken", "call"), [("in place", "write"), ("record first", "fsync")])
def test_the_harness_sees_a_store_that_is_wrong(server: Forks, order: dict[str, Any], broken: str, call: str) -> None:
    _, faults = faults_after_kills(server, {**order, "broken": broken}, call)
    assert faults


# A whole build


class Scene:
    """A small project, and what an undisturbed build of it gives."""

    def __init__(self, folder: Path, server: Forks) -> None:
        self.folder = folder / "project"
        self.store = folder / "store"
        (folder / "temporary").mkdir()
        self.server = server
        self.order = {
            "task": "command", "folder": str(self.folder), "store": str(self.store),
            "arguments": ["build", "scenes/killed.yaml", "--stems"],
            "environment": {"TMPDIR": str(folder / "temporary")},
        }  # fmt: skip
        self.reset()
        assert server.run(self.order) == 0
        self.first = self.outputs()
        self.write(CHANGED)
        assert server.run(self.order) == 0
        self.second = self.outputs()

    def reset(self) -> None:
        """As after a checkout."""
        for path in (self.folder, self.store):
            shutil.rmtree(path, ignore_errors=True)
        (self.folder / "scenes").mkdir(parents=True)
        (self.folder / "scenebuild.toml").write_text("")
        self.write(SCENE)

    def write(self, text: str) -> None:
        (self.folder / "scenes" / "killed.yaml").write_text(text)

    def outputs(self) -> dict[str, bytes]:
        """The bytes of all outputs and the lock; the manifest also tells how they were come by."""
        paths = [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in paths
            if path.suffix != ".yaml" and path.name != "manifest.json"
        }

    def generated(self) -> int:
        """How many takes the last build made."""
        manifest = json.loads((self.folder / "build" / "killed" / "manifest.json").read_text())
        return [element["status"] for element in manifest["result"]["elements"]].count("generated")

    def check(self, good: dict[str, bytes], *others: dict[str, bytes]) -> None:
        """Nothing is damaged, each file is whole and one of these builds', and the same command goes on to the end."""
        assert care.verify(LocalStore(str(self.store))) == []
        for name, content in self.outputs().items():
            assert content in [one.get(name) for one in (good, *others)], f"{name} is half written"
        assert self.server.run(self.order) == 0
        assert self.outputs() == good


@pytest.fixture(scope="module")
def scene(server: Forks, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("killed"), server)


@pytest.mark.parametrize("call", ["rename", "fsync", "unlink"])
def test_a_build_killed_at_any_call_goes_on(scene: Scene, call: str, record_property: Record) -> None:
    kills = 0
    for code in points(scene.server, scene.order, call, scene.reset):
        assert code == KILLED
        kills += 1
        kept = len(list(LocalStore(str(scene.store)).all_keys()))
        scene.check(scene.first)
        assert scene.generated() == 2 - kept, "a take that was kept is not made again"
    record_property("kills", kills)
    assert kills >= {"rename": 14, "fsync": 10, "unlink": 2}[call], "what is to be disturbed did happen"


def test_a_rebuild_killed_at_any_rename_is_the_old_or_the_new_one_file_by_file(scene: Scene) -> None:
    scene.reset()
    assert scene.server.run(scene.order) == 0
    built = scene.folder.with_name("built")
    shutil.copytree(scene.folder, built)
    shutil.copytree(scene.store, scene.store.with_name("filled"))

    def prepare() -> None:
        scene.reset()
        shutil.copytree(built, scene.folder, dirs_exist_ok=True)
        shutil.copytree(scene.store.with_name("filled"), scene.store)
        scene.write(CHANGED)

    for code in points(scene.server, scene.order, "rename", prepare, step=2):
        assert code == KILLED
        scene.check(scene.second, scene.first)


@pytest.mark.parametrize(
    ("signal_name", "expected", "step"), [("SIGINT", 130, 3), ("SIGTERM", 143, 4), ("SIGHUP", 129, 5)]
)
def test_a_build_stopped_at_a_rename_says_so_and_leaves_nothing_half_written(
    scene: Scene, signal_name: str, expected: int, step: int
) -> None:
    shutil.rmtree(scene.folder.with_name("temporary"))  # what kills left
    scene.folder.with_name("temporary").mkdir()
    codes = []
    for code in points(scene.server, scene.order, "rename", scene.reset, signal_name, step):
        codes.append(code)
        # The list of what it may have written stays until the next build, which tidies by it.
        left = [path.name for path in scene.folder.rglob(".*") if not path.name.startswith(".build-")]
        left += [path.name for path in scene.folder.with_name("temporary").iterdir()]
        assert left == []
        scene.check(scene.first)
    assert len(codes) >= 14 // step
    assert set(codes) == {expected}
