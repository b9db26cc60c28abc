"""Work on a store grows with the store and not faster: calls are counted, not seconds."""

from __future__ import annotations

import cProfile
import os
import pstats
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from scenebuild.store import LocalStore, Record, care
from scenebuild.store.digest import digest_bytes
from scenebuild.store.record import encode_record

FEW, MANY = 100, 400
SLACK = 1.1  # of what is constant, and of the folders of the first level, of which there are 256 at most


def filled(folder: Path, count: int) -> LocalStore:
    """A store as ``put`` fills it, without waiting for the disk."""
    store = LocalStore(str(folder))
    for number in range(count):
        data = f"sound {number}".encode()
        record = Record(
            digest_bytes(str(number).encode()),
            digest_bytes(data),
            len(data),
            {"fidelity": "sketch" if number % 2 else "real"},
        )
        texts = {store.object_path(record.digest): data, store.record_path(record.key): encode_record(record)}
        for path, text in texts.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(text)
            os.utime(path, (1_000_000_000, 1_000_000_000))
    return store


def calls(work: Callable[[], object]) -> int:
    """How many calls of functions, ours and the system's, a piece of work takes; after one round to warm up."""
    work()
    profile = cProfile.Profile()
    profile.runcall(work)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalStore, LocalStore]:
    return filled(tmp_path_factory.mktemp("few") / "store", FEW), filled(
        tmp_path_factory.mktemp("many") / "store", MANY
    )


WORK: dict[str, Callable[[LocalStore], object]] = {
    "gc": lambda store: care.collect(store, unused_for_s=0, only=("sketch", "real"), dry_run=True),
    "gc of sketches": lambda store: care.collect(store, unused_for_s=0, only=("sketch",), dry_run=True),
    "verify": care.verify,
    "verify --repair": lambda store: care.verify(store, repair=True),
    "size": care.size,
    "ls": lambda store: list(care.entries(store)),
}


@pytest.mark.parametrize("what", WORK)
def test_the_care_of_a_store_takes_calls_in_proportion(stores: tuple[LocalStore, LocalStore], what: str) -> None:
    few, many = (calls(partial(WORK[what], store)) for store in stores)
    assert many / few <= SLACK * MANY / FEW
    assert many <= 200 * MANY, "and few for each of them"


def test_the_harness_sees_work_that_grows_with_the_square(stores: tuple[LocalStore, LocalStore]) -> None:
    def squared(store: LocalStore) -> int:
        found = list(care.entries(store))
        return sum(len(one.record.key) for one in found for _ in found)

    few, many = (calls(partial(squared, store)) for store in stores)
    assert many / few > 2 * SLACK * MANY / FEW


def test_a_gc_that_removes_takes_calls_in_proportion(tmp_path: Path) -> None:
    counts = []
    for count in (FEW, MANY):
        store = filled(tmp_path / str(count), count)
        profile = cProfile.Profile()
        removed, _ = profile.runcall(care.collect, store, unused_for_s=0, only=("sketch", "real"), dry_run=False)
        assert removed == count
        assert list(store.all_digests()) == []
        counts.append(int(pstats.Stats(profile).total_calls))  # type: ignore[attr-defined]
    assert counts[1] / counts[0] <= SLACK * MANY / FEW
