"""The files of Linux's control groups, in which a container's limits are written.

A process is in one group of each hierarchy, and every group above it limits it as well. In a container the hierarchy
may begin with the container's own group while its path is told from the machine's root: a folder that is not there is
passed over, the root of the mount is always looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def groups(controller: str) -> Iterator[Path]:
    """The folders of this process's groups that have that controller, v2 and v1, from its own up to the root."""
    try:
        lines = OWN.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from _upwards(ROOT / "unified" if (ROOT / "unified").is_dir() else ROOT, path)
        elif controller in controllers.split(","):
            yield from _upwards(ROOT / controller, path)


def numbers(folder: Path, name: str) -> list[int]:
    """The numbers in a file of a group; none where it is not there or says "max"."""
    try:
        return [int(word) for word in (folder / name).read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    inside = PurePosixPath(path.lstrip("/"))
    for one in (inside, *inside.parents):
        folder = mount / one
        if ".." not in one.parts and folder.is_dir():
            yield folder
