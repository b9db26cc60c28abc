"""``tools/fuzz.py``: what it begins with is read by each of its readers, and what is wrong is kept."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fuzz.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


FUZZ = _tool()


@pytest.mark.parametrize("name", list(FUZZ.TARGETS))
def test_each_reader_reads_what_it_begins_with(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = FUZZ.TARGETS[name](tmp_path)
    seeds = list(FUZZ.SEEDS[name]())
    assert len(seeds) > 1
    for content in [*seeds, b"", b"\0", b"\xff" * 40]:
        read(content[: FUZZ.LONGEST])


def test_what_is_wrong_is_kept_once_for_each_place(tmp_path: Path) -> None:
    def read(data: bytes) -> None:
        if data == b"wrong":
            raise ValueError(data)

    watched = FUZZ.Watched("it", read, 4, str(tmp_path / "report.json"), str(tmp_path))
    for data in (b"good", b"wrong", b"good", b"wrong"):
        watched(data)
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures["inputs"] == 4
    assert list(figures["crashes"].values()) == [2]
    assert (tmp_path / "it-crash-1").read_bytes() == b"wrong"
    assert "ValueError" in (tmp_path / "it-crash-1.txt").read_text()
