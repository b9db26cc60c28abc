"""Where a project begins, and which scenes a folder means."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenebuild.errors import SceneError
from scenebuild.scene.project import find_scenes, project_root


@pytest.mark.parametrize("mark", [".git", "scenebuild.toml", "pyproject.toml"])
def test_the_nearest_mark_is_the_root(mark: str, tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    (inner / "scenes").mkdir(parents=True)
    (tmp_path / "outer" / ".git").write_text("gitdir: elsewhere")  # a file, as in a worktree
    assert project_root(inner / "scenes" / "a.yaml") == tmp_path / "outer"
    (inner / mark).mkdir()
    assert project_root(str(inner / "scenes" / "a.yaml")) == inner


def test_without_a_mark_the_scenes_folder_is_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert project_root("scene.yaml") == tmp_path / "a"


@pytest.mark.parametrize(
    ("scene", "root"),
    [
        ("p/scenes/a.yaml", "p"),
        ("p/scenes/night/deep/a.yaml", "p"),
        ("p/scenes/scenes/a.yaml", "p/scenes"),
        ("p/night/a.yaml", "p/night"),
        ("p/myscenes/a.yaml", "p/myscenes"),
    ],
)
def test_without_a_mark_a_folder_called_scenes_belongs_to_the_one_around_it(
    scene: str, root: str, tmp_path: Path
) -> None:
    (tmp_path / scene).parent.mkdir(parents=True)
    assert project_root(tmp_path / scene) == tmp_path / root


def test_a_mark_in_a_folder_where_everybody_writes_makes_no_project(tmp_path: Path) -> None:
    """In /tmp a file of another user would decide how mine is built."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "scenebuild.toml").touch()
    assert project_root(tmp_path / "mine" / "a.yaml") == tmp_path
    tmp_path.chmod(0o1777)
    assert project_root(tmp_path / "mine" / "a.yaml") == tmp_path / "mine"


def test_a_linked_folder_has_the_root_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert project_root(tmp_path / "link" / "scene.yaml") == tmp_path / "real"


def test_folders_mean_all_scenes_below_them_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [
        "b.yaml",
        "a.yml",
        "deep/er/c.yaml",
        "notes.txt",
        ".hidden.yaml",
        ".git/x.yaml",
        "build/y.yaml",
        "catalogue/k.yaml",
        "_part.yaml",
        "_parts/p.yaml",
        "a/z.yaml",
    ]
    for name in files:
        path = tmp_path / "scenes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "scenes" / "outside.yaml").symlink_to("/etc/hostname")
    found = ["scenes/a.yml", "scenes/b.yaml", "scenes/a/z.yaml", "scenes/deep/er/c.yaml"]
    assert find_scenes(["scenes"]) == found
    assert find_scenes(["scenes/b.yaml", "scenes", "scenes/b.yaml"]) == ["scenes/b.yaml", *(set_aside(found))]
    assert find_scenes(["scenes/notes.txt"]) == ["scenes/notes.txt"]  # named by hand: meant
    assert find_scenes([]) == []


def set_aside(found: list[str]) -> list[str]:
    return [path for path in found if path != "scenes/b.yaml"]


def test_all_missing_arguments_are_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SceneError) as caught:
        find_scenes(["gone.yaml", "empty", "g\x1bne"])
    assert str(caught.value).splitlines() == [
        "gone.yaml:1:1: this is not there; give scene files or folders of them",
        "empty:1:1: there is no scene (*.yaml, *.yml) in this folder or below it",
        "g\\x1bne:1:1: this is not there; give scene files or folders of them",
    ]
