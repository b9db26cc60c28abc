"""How many threads compute on a CPU, and how they wait for each other."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from scenebuild.engines.audiocraft.machine.cgroups import groups, numbers

# A layer has eleven barriers. By default a thread spins at each for milliseconds, and where its neighbour has lost the
# core to another program it keeps that core busy for nothing: a step then took three times as long. Some 50 us are
# longer than threads that both run wait for each other. GNU's runtime counts turns, the others milliseconds.
BRIEF_SPIN = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}


def spin_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads that wait give their core away soon, unless the user said how they wait.

    The runtime reads it when it is loaded, with torch.
    """
    if "OMP_WAIT_POLICY" not in environment:
        for name, value in BRIEF_SPIN.items():
            environment.setdefault(name, value)


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
