"""Locks where there are some, where they are refused, and where there are none."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenebuild.locks import lock


@pytest.fixture
def descriptors(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """One file, opened twice: locks belong to what was opened, not to the process."""
    found = tuple(os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT) for _ in range(2))
    yield found[0], found[1]
    for descriptor in found:
        os.close(descriptor)


def test_one_has_it_and_the_other_does_not(descriptors: tuple[int, int]) -> None:
    one, other = descriptors
    assert (lock(one), lock(other), lock(one, wait=True)) == ("ours", "theirs", "ours")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EIO])
def test_a_file_system_that_refuses_locks_has_none(
    descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refused)
    assert [lock(one, wait=wait) for one in descriptors for wait in (False, True)] == ["none"] * 4


def test_a_system_without_them_has_none(descriptors: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert lock(descriptors[0]) == "none"
