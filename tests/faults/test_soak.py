"""A short soak; ``make soak`` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from soak import soak

pytestmark = pytest.mark.hard


def test_nothing_is_lost_and_nothing_grows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = soak(120, seed=7, folder=tmp_path, most_replayed=60)
    assert found["faults"] == []
    assert found["replayed"] == min(60, found["locks"])
    assert found["locks"] > 40, "most builds end with a lock"
    early, late = found["open_files"]
    assert late <= early
    early, late = found["memory_kb"]
    assert late <= 1.1 * early
