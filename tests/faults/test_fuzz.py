"""``tools/fuzz.py``: each reader reads its seed files, and failing inputs are kept."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scenebuild.plan.lockfile import LARGEST_LOCK

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


@pytest.mark.hard
@pytest.mark.parametrize("name", ["lines", "numbers", "sets"])
@pytest.mark.linux("other systems do not hold a process to RLIMIT_AS")
def test_a_lock_of_64_mib_is_refused_in_little_memory(name: str, tmp_path: Path) -> None:
    size = LARGEST_LOCK
    head, tail = '{"version": 1, "elements": {}, "mix": {"a": [', "1]}}"
    text = {
        "lines": "\n" * (size - 2) + "[]",
        "numbers": head + "1.5," * (size // 4 - 20) + tail,
        "sets": head + "{}," * (size // 3 - 20) + tail,
    }[name]
    (tmp_path / "scene.lock.json").write_text(text)
    done = subprocess.run([sys.executable, "-c", CHILD], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("scene.lock.json:1:1: the lockfile "), done.stderr


CHILD = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from scenebuild.errors import LockError
from scenebuild.plan.lockfile import read_lock
try:
    read_lock("scene.lock.json")
except LockError as error:
    print(error)
"""
