"""A diff reads what changed, and no more: counted in calls of git, in objects and in parsed scenes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import scenebuild.git
import scenebuild.review.checkout.git
import scenebuild.scene.yaml.document
from revisions import build, commit, diff_json, fast_engines, git, needs_git, start_repository, write
from scenebuild.review.checkout.projects import ProjectSide, ReadScene
from scenebuild.review.compare import renames
from scenebuild.review.compare.edits import similarity
from scenebuild.scene.yaml.document import Document

pytestmark = needs_git
SCENE = "name: S{}\nelements:\n  rain: {{prompt: soft rain number {}, duration: 0.2, engine: sketch}}\n"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often git is called, how many objects it is asked for, and how many documents are parsed."""
    count: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            count[name] += 1
            return function(*arguments, **options)

        return wrapped

    contents = scenebuild.review.checkout.git.Repository.contents

    def counting_contents(self: Any, blobs: Any, **options: Any) -> Iterator[Any]:
        count["objects"] += len(blobs)
        count["locks"] += sum(blob.path.endswith(".lock.json") for blob in blobs)
        return contents(self, blobs, **options)

    monkeypatch.setattr(scenebuild.review.checkout.git.Repository, "contents", counting_contents)
    monkeypatch.setattr(
        scenebuild.review.checkout.git, "_answers", counting("git", scenebuild.review.checkout.git._answers)
    )
    monkeypatch.setattr(scenebuild.review.checkout.git, "ask", counting("git", scenebuild.git.ask))
    monkeypatch.setattr(scenebuild.review.checkout.git, "git", counting("git", scenebuild.git.git))
    monkeypatch.setattr(
        scenebuild.scene.yaml.document,
        "parse_document",
        counting("parsed", scenebuild.scene.yaml.document.parse_document),
    )
    return count


def many(scenes: int) -> None:
    """Two commits of a project in which three of many scenes change."""
    start_repository()
    write(SCENE.format(0, 0), "scenes/s0.yaml")
    build()
    lock = json.loads(Path("scenes/s0.lock.json").read_text())
    for number in range(scenes):
        write(SCENE.format(number, number), f"scenes/s{number}.yaml")
        Path(f"scenes/s{number}.lock.json").write_text(json.dumps(lock | {"x-number": number}))
    commit("one")
    for number in range(3):
        write(SCENE.format(number, number).replace("0.2", "0.3"), f"scenes/s{number}.yaml")
    commit("two")


@pytest.mark.parametrize("arguments", ["HEAD~1..HEAD", "HEAD~1"])
def test_a_diff_of_many_scenes_reads_three_of_them(
    project: Path, counted: Counter[str], capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    many(60)
    found = diff_json(capsys, arguments, "--locks-only")
    assert len(found["scenes"]) == 3
    assert found["looked_at"] == 60
    sides = 1 if arguments == "HEAD~1" else 2
    assert counted["objects"] <= sides * (60 + 3) + 4, "scene files once, and the locks of three"
    assert counted["locks"] == sides * 3
    assert counted["git"] <= 20, "not one call a file"
    assert counted["parsed"] <= 30, "not one a scene"


def test_a_scene_that_names_what_changed_is_found(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through what it extends, in quotes, folded over two lines, by an escape, and through a link."""
    start_repository()
    base = "name: B\nelements:\n  rain: {prompt: soft rain, duration: 0.2, engine: sketch}\n"
    write(base, "scenes/parts/_base.yaml")
    write("extends: parts/_base.yaml\nname: child\n", "scenes/child.yaml")
    write("extends: child.yaml\nname: grandchild\n", "scenes/grandchild.yaml")
    write('"exten\\x64s": "parts/_bas\\x65.yaml"\nname: escaped\n', "scenes/escaped.yaml")
    Path("scenes/parts/_linked.yaml").symlink_to("_base.yaml")
    write("extends: parts/_linked.yaml\nname: linked\n", "scenes/linked.yaml")
    write(base.replace("B", "other"), "scenes/other.yaml")
    commit("one")
    write(base.replace("soft", "hard"), "scenes/parts/_base.yaml")
    commit("two")
    changed = {"scenes/child.yaml", "scenes/grandchild.yaml", "scenes/escaped.yaml"}
    for arguments in ("HEAD~1..HEAD", "HEAD~1"):
        found = {one["scene"]: one["status"] for one in diff_json(capsys, arguments, "--locks-only")["scenes"]}
        assert changed <= found.keys(), found
        assert "scenes/other.yaml" not in found


def test_a_checkout_with_other_line_ends_shows_no_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ids of git are of what it keeps; what is on the disk may have been converted."""
    many(5)
    for path in Path("scenes").iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert diff_json(capsys, "HEAD", "--locks-only")["scenes"] == []
    git("status")


def test_scenes_that_all_moved_are_paired_without_comparing_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of 300 scenes was renamed: ninety thousand pairs."""
    calls: Counter[str] = Counter()

    def counting(before: Document, after: Document) -> float:
        calls["similarity"] += 1
        return similarity(before, after)

    monkeypatch.setattr(renames, "similarity", counting)
    side = ProjectSide("x", "/nowhere")

    def scenes(folder: str, extra: str = "") -> dict[str, ReadScene]:
        found = {}
        for number in range(300):
            name = f"{folder}/s{number}.yaml"
            document = scenebuild.scene.yaml.document.parse_document(name, SCENE.format(number, f"{number}{extra}"))
            found[name] = ReadScene(side, name, document)
        return found

    moved = renames.matched(scenes("old"), scenes("new"))
    assert [(one.reference[4:], other.reference[4:]) for one, other in moved if one and other] == [
        (one.reference[4:], one.reference[4:]) for one, _ in moved if one
    ]
    assert len(moved) == 300
    renames.matched(scenes("old"), scenes("new", " edited"))
    assert calls["similarity"] <= renames.MOST_COMPARED
