"""The example in docs/review.md is what comes out. ``python tests/test_review_docs.py`` writes it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from revisions import git, needs_git

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "review.md"
BEGIN, END = "<!-- begin: example (python tests/test_review_docs.py writes this part) -->\n", "<!-- end: example -->"
HASHES = "1a2b3c4", "5d6e7f8"


def example(folder: Path) -> str:
    """The branch that the page speaks of, and what ``scenebuild diff`` says of it."""
    shutil.copytree(ROOT / "scenes" / "sounds", folder / "scenes" / "sounds")
    for name in ("rainy_cafe.yaml", "rainy_cafe.lock.json", "harbour.yaml", "harbour.lock.json"):
        shutil.copy(ROOT / "scenes" / name, folder / "scenes" / name)
    (folder / ".gitignore").write_text("build/\n")
    (folder / "scenebuild.toml").write_text("")
    git("init", "-q", "-b", "main", folder=folder)
    _commit(folder)
    git("checkout", "-q", "-b", "branch", folder=folder)
    scene = folder / "scenes" / "rainy_cafe.yaml"
    text = scene.read_text(encoding="utf-8").replace("volume: 0.7", "volume: 0.35")
    scene.write_text(text.replace("on a wooden floor, close", "on gravel, close"), encoding="utf-8")
    _scenebuild(folder, "scenes/rainy_cafe.yaml", "-q")
    _commit(folder)
    said = _scenebuild(folder, "diff", "--color", "never")
    for found, shown in zip(re.findall(r"\(([0-9a-f]{7})\)", said), HASHES, strict=True):
        said = said.replace(found, shown)
    return said


def _commit(folder: Path) -> None:
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "change", folder=folder)


def _scenebuild(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "scenebuild", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def numbers(text: str) -> list[float]:
    return [float(one.replace("−", "-")) for one in re.findall(r"−?\d+\.\d", text)]


@needs_git
def test_the_example_in_the_manual_is_what_comes_out(tmp_path: Path) -> None:
    written = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    made = f"```text\n{example(tmp_path)}```\n"
    # Another machine may round the last digit of a level otherwise, and draw a block one step higher.
    without = re.compile(r"[−+]?\d+\.\d|[▁▂▃▄▅▆▇█]")
    assert without.sub("", written) == without.sub("", made), "run: python tests/test_review_docs.py"
    assert numbers(written) == pytest.approx(numbers(made), abs=0.11)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["SCENEBUILD_STORE"] = os.path.join(scratch, "store")
        (Path(scratch) / "project" / "scenes").mkdir(parents=True)
        said = example(Path(scratch, "project"))
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}```text\n{said}```\n{END}{rest.split(END)[1]}", encoding="utf-8")
