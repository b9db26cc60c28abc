"""Recordings that git does not hold: ignored, in a submodule, kept by Git LFS, left out by a clone or a checkout.

The scene is told from its lockfiles then, as the manual promises, and nothing is read that a pointer should not reach.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import soundfile

from revisions import build, commit, diff_json, fast_engines, git, needs_git, start_repository, statuses, write
from scenebuild.cli import run
from scenebuild.scene.pointer import pointer_in
from scenebuild.store.digest import digest_bytes, digest_file

pytestmark = needs_git
PORCH = """\
name: Porch
elements:
  rain: {prompt: soft rain, duration: 1, engine: sketch}
  door: {file: sounds/door.wav, start: 0.2}
mix: {duration: 2}
"""
PATH, SOUND = "scenes/porch.yaml", "scenes/sounds/door.wav"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 16044\n"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


@pytest.fixture
def porch(project: Path) -> Path:
    """A scene with a recording; no commit yet."""
    start_repository()
    Path("scenes/sounds").mkdir()
    soundfile.write(SOUND, [0.1, -0.1] * 4000, 8000)
    write(PORCH, PATH)
    build()
    return project


def later() -> None:
    """The second commit: the door is heard a little later."""
    write(PORCH.replace("start: 0.2", "start: 0.3"), PATH)
    build()
    commit("two")


def told_from_the_locks(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one scene: its edit and what was mixed again are told, by numbers of the locks."""
    (scene,) = diff_json(capsys, *arguments)["scenes"]
    assert scene["status"] == "changed", scene["problems"]
    assert scene["basis"] == "locks"
    assert [(one["field"], one["base"], one["head"]) for one in scene["edits"]] == [("elements.door.start", 0.2, 0.3)]
    assert statuses(scene) == {"door": "mixed"}
    return dict(scene)


def test_a_recording_that_git_ignores(porch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As those that DVC keeps. The file lies on the disk, and in no commit."""
    Path(".gitignore").write_text("build/\n/scenes/sounds/\n")
    commit("one")
    later()
    scene = told_from_the_locks(capsys, "HEAD~1..HEAD")
    assert all(line.endswith(f": {SOUND} is not here") for line in scene["why"])
    assert len(scene["why"]) == 2
    told_from_the_locks(capsys, "HEAD~1")


def test_a_recording_in_a_submodule(porch: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.move("scenes/sounds", tmp_path / "sounds")
    git("init", "-q", folder=tmp_path / "sounds")
    git("add", "-A", folder=tmp_path / "sounds")
    git("commit", "-qm", "sounds", folder=tmp_path / "sounds")
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "sounds"), "scenes/sounds")
    commit("one")
    later()
    told_from_the_locks(capsys, "HEAD~1..HEAD")


def test_scenes_in_a_submodule_are_not_called_unchanged(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = tmp_path / "inner"
    write(PORCH, str(inner / "porch.yaml"))
    git("init", "-q", folder=inner)
    git("add", "-A", folder=inner)
    git("commit", "-qm", "scenes", folder=inner)
    start_repository()
    Path("scenes").rmdir()
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "scenes")
    commit("one")
    assert run(["diff", "HEAD"]) == 2
    assert "scenes is a submodule" in capsys.readouterr().err


@pytest.mark.parametrize("is_large", [False, True], ids=["partial", "lfs"])
def test_a_clone_without_its_recordings(
    porch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_large: bool
) -> None:
    """A clone that leaves large files out, or got only the pointers to them, knows the scene all the same."""
    if is_large:
        sound = Path(SOUND).read_bytes()
        Path(SOUND).write_text(POINTER.format(digest_bytes(sound)))
        commit("one")
        Path(SOUND).write_bytes(sound)
        write(PORCH.replace("start: 0.2", "start: 0.3"), PATH)
        build()
        Path(SOUND).write_text(POINTER.format(digest_bytes(sound)))
        commit("two")
    else:
        commit("one")
        later()
    git("config", "uploadpack.allowFilter", "true")
    clone = str(tmp_path / "clone")
    git("clone", "-q", "--no-local", "--no-checkout", "--filter=blob:limit=8k", f"file://{porch}", clone)
    git("config", "remote.origin.url", str(tmp_path / "nowhere"), folder=clone)
    monkeypatch.chdir(clone)
    told_from_the_locks(capsys, "HEAD~1..HEAD")


def test_a_sparse_checkout_has_lost_no_scene(porch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(PORCH.replace("sounds/door.wav", "../sounds/door.wav").replace("  door: ", "  # door: "), "other/calm.yaml")
    commit("one")
    later()
    git("sparse-checkout", "set", "--no-cone", "/*", "!/scenes/sounds/", "!/other/")
    assert not Path(SOUND).exists()
    told_from_the_locks(capsys, "HEAD~1")
    git("sparse-checkout", "set", "--no-cone", "/*", "!/scenes/")
    assert not Path(PATH).exists()
    assert run(["diff", "HEAD~1"]) == 0
    said = capsys.readouterr()
    assert "removed" not in said.out
    assert "1 scene file is left out of this sparse checkout" in said.err


def test_a_recording_that_no_lock_knows_is_missing(porch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".gitignore").write_text("build/\n/scenes/sounds/\n*.lock.json\n")
    commit("one")
    write(PORCH.replace("0.2", "0.3"), PATH)
    commit("two")
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert scene["status"] == "unreadable"


# Pointers


def test_a_lock_is_right_where_git_lfs_keeps_the_recording(porch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pointer says which bytes it stands for, and the lock which bytes it was made of."""
    right = digest_file(SOUND)
    Path(SOUND).write_text(POINTER.format(right))
    assert run(["validate", "scenes", "--locks-only"]) == 0
    Path(SOUND).write_text(POINTER.format("0" * 64))
    capsys.readouterr()
    assert run(["validate", "scenes", "--locks-only"]) == 3
    assert "door: recording changed" in capsys.readouterr().err
    assert run(["validate", "scenes"]) == 1, "a build needs the sound itself"


@pytest.mark.parametrize(
    "oid", ["/" * 64, "A" * 64, "0" * 63, "0" * 65, "../" * 21 + "x", "0" * 63 + "g", "０" * 64, ""], ids=range(8)
)
def test_an_oid_is_64_hex_digits(tmp_path: Path, oid: str) -> None:
    path = tmp_path / "a.wav"
    path.write_text(POINTER.format(oid))
    assert pointer_in(str(path)) is None
    path.write_text(POINTER.format("ab" * 32))
    assert pointer_in(str(path)) == "ab" * 32
    path.write_text(POINTER.format("ab" * 32) + "x" * 2000)
    assert pointer_in(str(path)) is None, "a pointer has at most 1,024 bytes"


def outside(secret: Path, kind: str) -> str:
    """A pointer of a stranger, and what of theirs would lead to a file that is none of the repository's."""
    if kind == "absolute":
        return "/" * (64 - len(str(secret))) + str(secret)
    digest = digest_file(str(secret)) if kind != "other bytes" else "12" * 32
    store = Path(".git/lfs/objects")
    folder = store / digest[:2] / digest[2:4]
    if kind == "linked folder":
        folder.parent.mkdir(parents=True)
        folder.symlink_to(secret.parent)
        secret.rename(secret.parent / digest)
    elif kind == "linked file":
        folder.mkdir(parents=True)
        (folder / digest).symlink_to(secret)
    else:
        folder.mkdir(parents=True)
        shutil.copy(secret, folder / digest)
    return digest


@pytest.mark.parametrize("kind", ["absolute", "linked file", "linked folder", "other bytes"])
def test_a_pointer_leads_nowhere_but_into_the_store_of_git_lfs(
    porch: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # of a path short enough for a pointer
        secret = Path(folder) / "secret.wav"
        soundfile.write(secret, [0.5, -0.5] * 12_000, 8000)
        commit("one")
        Path(SOUND).write_text(POINTER.format(outside(secret, kind)))
        commit("two")
        (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
        assert scene["basis"] == "locks" or scene["status"] == "unreadable"
