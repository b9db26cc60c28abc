"""A build of thousands of takes needs few open files, waits for no process without end, and counts its own takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import TONE, CountingChildren
from forks import forks
from scenebuild.engines import Action, Request
from scenebuild.generate import TakeOrder, make_takes
from scenebuild.generate.make import AT_ONCE, AT_ONCE_TOGETHER, TakeMaker
from scenebuild.generate.take import Take
from scenebuild.plan.action import action_key
from scenebuild.settings import GenerateOptions
from scenebuild.store import LocalStore
from scenebuild.store.lease import Lease, SignsOfLife, take_lease


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TakeMaker:
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    monkeypatch.setattr(CountingChildren, "calls", [])
    folder = tmp_path / "shop"
    folder.mkdir()
    return TakeMaker(LocalStore(str(tmp_path / "store")), str(folder), GenerateOptions(jobs=2))


def order(prompt: str, *, batches: bool = True) -> TakeOrder:
    action = Action("audiogen", "1", 800, prompt=prompt, seed=1, temperature=1.0)
    return TakeOrder(action_key(action), replace(TONE.facts, batches=batches), Request(action))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many leases were held at once, each time that one was taken."""
    now: set[str] = set()
    counts: list[int] = []
    really_take, really_release = take_lease, Lease.release

    def take(root: str, key: str) -> Lease | None:
        lease = really_take(root, key)
        if lease is not None:
            now.add(lease._path)
            counts.append(len(now))
        return lease

    def release(lease: Lease) -> None:
        now.discard(lease._path)
        really_release(lease)

    monkeypatch.setattr(scenebuild.generate.make, "take_lease", take)
    monkeypatch.setattr(Lease, "release", release)
    yield counts
    assert not now, "every lease is given back"


@pytest.mark.parametrize(("files", "batches", "most"), [(1024, False, AT_ONCE), (64, True, 16), (64, False, 16)])
def test_leases_are_held_for_what_is_about_to_be_made(
    shop: TakeMaker, held: list[int], monkeypatch: pytest.MonkeyPatch, files: int, batches: bool, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (files, files))
    orders = [order(f"number {number}", batches=batches) for number in range(2 * AT_ONCE + 5)]
    made = list(make_takes(orders, shop))
    assert [one.key for one in made] == [one.key for one in orders]
    assert len(CountingChildren.calls) == len(orders)
    assert max(held) == most
    assert AT_ONCE_TOGETHER * 4 <= 1024, "what an engine makes together fits into the usual limit"
    assert os.listdir(Path(shop.store.root, "leases")) == []


def test_children_are_kept_from_lot_to_lot(shop: TakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is loaded once, however many lots there are."""
    begun: list[str] = []

    class Counted(CountingChildren):
        def __enter__(self) -> Counted:
            begun.append(self._engine)
            return self

    monkeypatch.setattr(scenebuild.generate.make, "Children", Counted)
    assert len(list(make_takes([order(str(number), batches=False) for number in range(3 * AT_ONCE)], shop))) == 96
    assert begun == ["audiogen"]


@pytest.mark.hard
def test_a_thousand_takes_are_made_with_256_open_files(project: Path) -> None:
    text = "name: L\ndefaults: {duration: 0.1, engine: sketch}\nmix: {duration: 1}\nelements:\n"
    Path("scenes/l.yaml").write_text(text + "".join(f"  e{n}: {{prompt: rain {n}, seed: {n}}}\n" for n in range(1000)))
    done = subprocess.run(
        [sys.executable, "-m", "scenebuild", "scenes/l.yaml", "--json"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["generated"] == 1000
    assert os.listdir(Path(os.environ["SCENEBUILD_STORE"], "leases")) == []


# Leases


def test_a_lease_dated_in_the_future_blocks_nobody_for_good(shop: TakeMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a file server was ahead, or was set back, and the holder sleeps."""
    wanted = order("one")
    lease = take_lease(shop.store.root, wanted.key)
    assert lease is not None
    later = time.time() + 1e6
    os.utime(Path(shop.store.root, "leases", wanted.key), (later, later))
    monkeypatch.setattr("scenebuild.store.lease.ASLEEP_S", 0.3)
    (take,) = make_takes([wanted], shop)
    assert isinstance(take, Take)
    lease.release()


def test_a_holder_whose_clock_is_ahead_and_who_says_something_is_awake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "leases" / "key"
    path.parent.mkdir()
    path.write_text("")
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    signs = SignsOfLife()
    for beat in range(5):
        later = time.time() + 1e6 + beat
        os.utime(path, (later, later))
        assert not signs.is_asleep(str(tmp_path), "key")
        now[0] += 20
    now[0] += 20
    assert signs.is_asleep(str(tmp_path), "key")


def test_a_lease_that_is_no_file_blocks_nobody(shop: TakeMaker) -> None:
    wanted = order("one")
    path = Path(shop.store.root, "leases", wanted.key)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    (take,) = make_takes([wanted], shop)
    assert isinstance(take, Take)


# Company


def test_what_another_builder_made_meanwhile_is_not_counted_as_made(shop: TakeMaker) -> None:
    wanted = order("one")
    (made,) = make_takes([wanted], shop)
    assert shop.made == {wanted.key}
    other = replace(shop, made=set())
    (found,) = make_takes([wanted], other)
    assert isinstance(made, Take)
    assert isinstance(found, Take)
    assert found.digest == made.digest
    assert other.made == set()


def test_force_makes_what_is_there_and_waits_for_nobody_elses(shop: TakeMaker) -> None:
    wanted = order("one")
    list(make_takes([wanted], shop))
    list(make_takes([wanted], shop, anew=True))
    assert CountingChildren.calls == ["one", "one"]


@pytest.mark.hard
def test_builders_say_together_how_many_takes_were_made(project: Path) -> None:
    names = [f"e{number}" for number in range(6)]
    text = "name: C\ndefaults: {engine: audiogen, duration: 0.1}\nelements:\n"
    Path("scenes/c.yaml").write_text(text + "".join(f"  {name}: {{prompt: {name}}}\n" for name in names))
    orders = [
        {"store": os.environ["SCENEBUILD_STORE"], "arguments": ["build", "scenes/c.yaml", "--out", f"out{number}"]}
        for number in range(6)
    ]
    with forks() as server:
        assert server.run({"task": "crowd", "folder": str(project), "orders": orders}) == 0
    statuses = [
        element["status"]
        for number in range(6)
        for element in json.loads(Path(f"out{number}/c/manifest.json").read_text())["result"]["elements"]
    ]
    assert statuses.count("generated") == len(names)
    assert set(statuses) <= {"generated", "cached", "locked"}
