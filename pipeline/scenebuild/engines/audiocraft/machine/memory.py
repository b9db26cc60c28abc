"""How much memory there is for a model: the machine's, or less where a container sets a limit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from scenebuild.engines.audiocraft.machine.cgroups import groups, numbers

MEMINFO = Path("/proc/meminfo")
LEAST = 1 << 62  # from which on a limit of v1 is none: it then holds the largest number of whole pages


def free_bytes() -> int | None:
    """How much memory may still be taken, counting file pages that the system would give back; None: nobody says."""
    if sys.platform != "linux":
        return _of_psutil("available")
    found = [limit - _used(folder) for folder, limit in _limits()]
    found += [value for name, value in _meminfo() if name == "MemAvailable"]
    return max(0, min(found)) if found else None


def all_bytes() -> int | None:
    """How much memory this process could take if nobody else wanted any; None: nobody says."""
    if sys.platform != "linux":
        return _of_psutil("total")
    found = [limit for _, limit in _limits()]
    found += [value for name, value in _meminfo() if name == "MemTotal"]
    return min(found) if found else None


def is_limited() -> bool:
    """Whether a container has less memory than the machine."""
    total = next((value for name, value in _meminfo() if name == "MemTotal"), LEAST)
    return any(limit < total for _, limit in _limits())


def _limits() -> Iterator[tuple[Path, int]]:
    """The limits of this process's groups. ``memory.high`` is one as well: beyond it a process hardly moves."""
    for folder in groups("memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            yield from ((folder, limit) for limit in numbers(folder, name) if limit < LEAST)


def _used(folder: Path) -> int:
    """What a group holds, without the pages of files: the system takes those back before it ends anybody."""
    used = sum(numbers(folder, "memory.current") or numbers(folder, "memory.usage_in_bytes"))
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return used
    stat = {name: int(value) for name, value in (line.split() for line in lines)}
    # v1 has the sums over a group and those below it under names of their own.
    files = [stat.get(f"total_{name}", stat.get(name, 0)) for name in ("inactive_file", "active_file")]
    return used - sum(files)


def _meminfo() -> Iterator[tuple[str, int]]:
    try:
        with MEMINFO.open(encoding="ascii") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if value.endswith("kB\n"):
                    yield name, 1024 * int(value.split()[0])
    except OSError:
        return


def _of_psutil(field: str) -> int | None:
    """On macOS and Windows, where the AudioGen set brings psutil; else half of what the machine has in all."""
    try:
        return int(getattr(import_module("psutil").virtual_memory(), field))
    except ImportError:
        pass
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
    return total if field == "total" else total // 2
