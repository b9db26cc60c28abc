"""What a machine has for a model, memory, threads and a compiler: read where Linux and containers write it."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from scenebuild.engines.audiocraft import cgroups, memory, threads

GIB = 1 << 30


class Machine:
    """Files as Linux has them, in a folder of the test: 16 GiB of memory, 12 of them available."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "cgroup"
        self.root.mkdir()
        self._own = folder / "own"
        meminfo = folder / "meminfo"
        meminfo.write_text(f"MemTotal:       {16 << 20} kB\nMemAvailable:   {12 << 20} kB\nHugePages_Total:       0\n")
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(cgroups, "ROOT", self.root)
        monkeypatch.setattr(cgroups, "OWN", self._own)
        monkeypatch.setattr(memory, "MEMINFO", meminfo)

    def is_in(self, *lines: str) -> None:
        self._own.write_text("".join(f"{line}\n" for line in lines))

    def group(self, path: str, **files: str | int) -> None:
        """A group with files; the dot of a name is written as two underscores."""
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(f"{content}\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_without_a_limit_the_memory_is_the_machines(machine: Machine) -> None:
    assert memory.free_bytes() == 12 * GIB  # no file says which group it is
    machine.is_in("0::/user.slice/shell")
    machine.group("user.slice/shell", memory__max="max", memory__current=3 * GIB)
    assert (memory.free_bytes(), memory.all_bytes(), memory.is_limited()) == (12 * GIB, 16 * GIB, False)


def test_a_container_has_what_its_group_leaves_without_pages_of_files(machine: Machine) -> None:
    machine.is_in("0::/")
    stat = f"anon 5\ninactive_file {GIB}\nactive_file {GIB // 2}"
    machine.group("", memory__max=3 * GIB, memory__current=2 * GIB, memory__stat=stat)
    assert memory.free_bytes() == 3 * GIB - GIB // 2
    assert (memory.all_bytes(), memory.is_limited()) == (3 * GIB, True)
    machine.group("", memory__high=2 * GIB)  # a process that is throttled comes to no end
    assert (memory.free_bytes(), memory.all_bytes()) == (3 * GIB // 2, 2 * GIB)


def test_the_least_limit_above_a_group_counts(machine: Machine) -> None:
    machine.is_in("0::/pod/one/two")
    machine.group("pod", memory__max=4 * GIB, memory__current=3 * GIB)
    machine.group("pod/one", memory__max="max", memory__current=GIB)
    machine.group("pod/one/two", memory__max=8 * GIB, memory__current=GIB)
    assert (memory.free_bytes(), memory.all_bytes()) == (GIB, 4 * GIB)


def test_the_first_version_of_control_groups_is_read_too(machine: Machine) -> None:
    """Its path may be that on the machine, while the container sees its own group as the root."""
    machine.is_in("4:memory:/docker/0123", "1:cpu,cpuacct:/docker/0123", "0::/")
    none = 9223372036854771712
    used: dict[str, str | int] = {
        "memory__usage_in_bytes": 2 * GIB,
        "memory__stat": f"total_inactive_file {GIB}\ninactive_file 7",
    }
    machine.group("memory", memory__limit_in_bytes=none, **used)
    assert memory.free_bytes() == 12 * GIB
    machine.group("memory", memory__limit_in_bytes=3 * GIB)
    assert (memory.free_bytes(), memory.all_bytes()) == (2 * GIB, 3 * GIB)


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"cpu__max": "max 100000"}, 1 << 16),
        ({"cpu__max": "250000 100000"}, 2),
        ({"cpu__max": "50000 100000"}, 1),
        ({}, 1 << 16),
    ],
)
def test_a_quota_is_whole_processors_of_the_group_or_one_above(
    machine: Machine, files: dict[str, str], processors: int
) -> None:
    machine.is_in("0::/pod/one")
    machine.group("pod/one", cpu__max="800000 100000")
    machine.group("pod", **files)
    assert threads.quota() == min(8, processors)


def test_the_quota_of_the_first_version(machine: Machine) -> None:
    machine.is_in("1:cpu:/docker/0123")
    machine.group("cpu", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    assert threads.quota() == 1 << 16
    machine.group("cpu/docker/0123", cpu__cfs_quota_us=300000, cpu__cfs_period_us=100000)
    assert threads.quota() == 3


def test_as_many_threads_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 8}, raising=False)
    monkeypatch.setattr(threads, "_siblings", lambda cpu: f"core {cpu // 2}")
    for quota, wanted in ((1 << 16, 3), (2, 2)):
        monkeypatch.setattr(threads, "quota", lambda quota=quota: quota)
        assert threads.threads() == wanted
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert threads.threads() == 7


def test_elsewhere_psutil_says_how_much_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = types.ModuleType("psutil")
    asked.__dict__["virtual_memory"] = lambda: types.SimpleNamespace(available=5 * GIB, total=8 * GIB)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "psutil", asked)
    assert (memory.free_bytes(), memory.all_bytes()) == (5 * GIB, 8 * GIB)
    monkeypatch.setitem(sys.modules, "psutil", None)
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert (memory.free_bytes(), memory.all_bytes()) == (total // 2, total)
