"""How many threads compute on a CPU."""

from __future__ import annotations

import os

from scenebuild.engines.audiocraft.cgroups import groups, numbers


def threads() -> int:
    """How many threads to compute with: the cores that this process may use, without their second threads.

    What a container may use is less than what it sees; more threads than that would wait for each other at every step.
    OMP_NUM_THREADS has the last word.
    """
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        return max(1, int(os.environ["OMP_NUM_THREADS"]))
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_siblings(cpu) for cpu in mine}
    return max(1, min(len(cores), quota()))


def _siblings(cpu: int) -> str:
    """The threads of the core that a thread belongs to, as Linux writes them; the thread itself where nobody says."""
    try:
        with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return str(cpu)


def quota() -> int:
    """How many processors' time the container has, the least of its own group and those above; many without a limit."""
    found = [1 << 16]
    for folder in groups("cpu"):
        both = numbers(folder, "cpu.max")  # v2: quota and period; "max 100000" without one
        both = both or numbers(folder, "cpu.cfs_quota_us") + numbers(folder, "cpu.cfs_period_us")  # v1: -1 without one
        if len(both) == 2 and min(both) > 0:
            found.append(max(1, both[0] // both[1]))
    return min(found)
