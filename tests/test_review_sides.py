"""The sides of ``scenebuild diff``: folders, builds, revisions; and what a stranger can do with them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from revisions import (
    EDITED,
    PATH,
    SCENE,
    build,
    commit,
    diff,
    diff_json,
    edit,
    fast,
    git,
    needs_git,
    repository,
    start_repository,
    statuses,
    write,
)
from scenebuild.cli import run
from scenebuild.review.checkout.comparison import opened

__all__ = ["fast", "repository"]
pytestmark = needs_git


# Sides


def test_two_folders_are_compared(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree("scenes", tmp_path / "old" / "scenes")
    edit()
    found = diff_json(capsys, str(tmp_path / "old"), ".")
    (scene,) = found["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert scene["scene"] == PATH


@pytest.mark.parametrize("stems", [True, False])
def test_two_builds_are_compared(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stems: bool
) -> None:
    flags = ["--stems"] if stems else []
    assert run(["build", "scenes", "-q", "-o", str(tmp_path / "one"), *flags]) == 0
    write(EDITED)
    assert run(["build", "scenes", "-q", "-o", str(tmp_path / "two"), *flags]) == 0
    for one, other in ((tmp_path / "one", tmp_path / "two"), (tmp_path / "one/harbour", tmp_path / "two/harbour")):
        (scene,) = diff_json(capsys, str(one), str(other))["scenes"]
        expected = {"rain": "mixed", "dog": "generated"} if stems else {"dog": "generated"}
        assert statuses(scene) == expected
        assert scene["mix"]["change"]["loudness_lu"] < -0.5
        assert scene["null_test"]["residual_dbfs"] < 0
    assert diff_json(capsys, str(tmp_path / "one"), str(tmp_path / "one"))["scenes"] == []


def test_the_default_is_what_the_branch_changed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "-b", "topic")
    edit()
    git("checkout", "-q", "main")
    write(SCENE, "scenes/elsewhere.yaml")
    commit("main went on")
    git("checkout", "-q", "topic")
    (scene,) = diff_json(capsys)["scenes"]
    assert scene["scene"] == PATH, "not what main did meanwhile"
    assert {one["scene"] for one in diff_json(capsys, "main..topic")["scenes"]} == {PATH, "scenes/elsewhere.yaml"}


def test_one_revision_is_held_against_the_files_as_they_are(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(EDITED)
    write(SCENE, "scenes/untracked.yaml")
    found = {one["scene"]: one["status"] for one in diff_json(capsys, "main")["scenes"]}
    assert found == {PATH: "changed", "scenes/untracked.yaml": "added"}
    only = diff_json(capsys, "main", "--", PATH)["scenes"]
    assert [one["scene"] for one in only] == [PATH]


def test_a_project_in_a_folder_of_a_repository_is_told_as_git_does(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_repository()
    Path("audio").mkdir()
    Path("audio/scenebuild.toml").write_text("")
    write(SCENE, "audio/scenes/harbour.yaml")
    write(SCENE, "scenes/of_another_project.yaml")
    monkeypatch.chdir("audio")
    build()
    commit("one")
    write(EDITED)
    write(EDITED, "../scenes/of_another_project.yaml")
    commit("two")
    (scene,) = diff_json(capsys, "HEAD~1..HEAD")["scenes"]
    assert scene["scene"] == "audio/scenes/harbour.yaml"
    assert scene["edits"][0]["head_place"]["file"] == "audio/scenes/harbour.yaml"
    monkeypatch.chdir("scenes")
    assert len(diff_json(capsys, "HEAD~1..HEAD", "--", "harbour.yaml")["scenes"]) == 1


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["diff", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_what_can_not_be_compared_is_a_usage_error(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "'nowhere' is no revision of this repository" in complaint(capsys, "nowhere")
    assert "scenebuild diff -- scenes" in complaint(capsys, "scenes")
    assert "leads out of the project" in complaint(capsys, "HEAD", "--", "../elsewhere.yaml")
    assert "is on neither side" in complaint(capsys, "HEAD", "--", "scenes/none.yaml")
    assert "too many" in complaint(capsys, "a", "b", "c")
    assert "--out" in complaint(capsys, "HEAD", "--video")
    git("checkout", "-q", "--orphan", "alone")
    commit("alone")
    assert "no commit in common" in complaint(capsys, "main...alone")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in complaint(capsys, "HEAD")


def test_outside_of_a_repository_two_folders_are_asked_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no git repository; compare two folders instead" in complaint(capsys, "HEAD")


def test_a_shallow_clone_is_told_what_it_lacks(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "-q", "-b", "topic")
    edit()
    git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repository}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert "fetch-depth: 0" in complaint(capsys, "origin/main...HEAD")


# Safety


@pytest.mark.parametrize("name", ["--output=canary", "-p", "--help-all", "HEAD\nx"])
def test_a_revision_is_never_an_option_of_git(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    with opened_error() as said:
        opened([name], ()).__enter__()
    assert "is no revision" in str(said.value)
    assert not Path("canary").exists()


def opened_error() -> Any:
    from scenebuild.errors import UsageError

    return pytest.raises(UsageError)


def test_nothing_that_a_repository_configures_is_run(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Filters, textconv and the file system monitor come from its configuration; what an archive leaves out does not
    hide from a review."""
    canary = "sh -c 'touch canary; cat'"
    for name in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor"):
        git("config", name, canary)
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        path = Path(".git/hooks", hook)
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\ntouch canary\n")
        path.chmod(0o755)
    Path(".gitattributes").write_text("*.yaml filter=evil diff=evil export-ignore\n*.json export-subst\n")
    git("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "filter.evil.clean=cat", "add", "-A")
    write(EDITED)
    Path("canary").unlink(missing_ok=True)
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"rain": "mixed", "dog": "generated"}
    assert not Path("canary").exists()


def test_a_link_in_an_old_commit_leads_nowhere_outside(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "secret.wav", [0.1, -0.1] * 4000, 8000)
    Path("scenes/sounds").symlink_to(tmp_path)
    write("name: S\nelements:\n  a: {file: sounds/secret.wav}\n", "scenes/secret.yaml")
    commit("link")
    shutil.move("scenes/secret.yaml", "scenes/.secret.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["status"] == "unreadable" or scene["basis"] == "locks"
    assert scene["problems"]["base"], "a recording outside of the project is not read"


@pytest.mark.parametrize(
    "facts",
    [
        {"length_s": "long"}, {"length_s": 1e999}, {"length_s": 10**400}, {"loudness_lufs": "<script>"},
        {"loudness_lufs": [1]}, {"peak_dbfs": {"a": 1}, "true_peak_dbtp": True}, {"engine": "no-such-engine"},
        {"prompt": ["x"]}, {"model": "/etc/passwd"}, {"precision": "\x1b[31m"}, {"seed": -1}, {"licence": 7},
    ],
    ids=str,
)  # fmt: skip
def test_odd_facts_in_a_lock_break_no_review(
    repository: Path, capsys: pytest.CaptureFixture[str], facts: dict[str, Any]
) -> None:
    lock = json.loads(Path("scenes/harbour.lock.json").read_text())
    lock["elements"]["dog"].update(facts)
    lock["mix"].update(facts)
    text = json.dumps(lock).replace("Infinity", "1e999")
    Path("scenes/harbour.lock.json").write_text(text)
    for style in ("text", "md", "json"):
        said = diff(capsys, "HEAD", "--locks-only", "--format", style)
        assert "<script" not in said
        assert "\x1b" not in said


def test_no_link_in_a_copy_leads_out_of_it(repository: Path, tmp_path: Path) -> None:
    """Not by itself, and not through another; and nothing is written through one, as a tree made by hand could ask."""
    (tmp_path / "outside").mkdir()
    Path("scenes/up").symlink_to("../..")
    Path("scenes/absolute").symlink_to(tmp_path / "outside")
    Path("scenes/deep").mkdir()
    Path("scenes/deep/self").symlink_to(".")
    Path("scenes/through").symlink_to("deep/self/self/self/../../../..")
    Path("scenes/inside").symlink_to("harbour.yaml")
    commit("links")
    blob = git("rev-parse", "HEAD:scenes/harbour.yaml")
    listing = git("ls-tree", "HEAD:scenes")
    evil = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        input=str(tmp_path / "outside"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    inner = _tree(f"100644 blob {blob}\tescaped.yaml\n")
    scenes = _tree(f"{listing}\n120000 blob {evil}\tout\n040000 tree {inner}\tout\n")
    tree = _tree(f"040000 tree {scenes}\tscenes\n")
    forged = git("commit-tree", tree, "-m", "forged")
    for commit_name in ("HEAD", forged):
        with opened([commit_name, "HEAD~1"], ()) as comparison:
            root = Path(comparison.before.root)
            links = [path for path in root.rglob("*") if path.is_symlink()]
            assert all(path.resolve().is_relative_to(root) for path in links)
            assert {path.name for path in links} >= {"inside", "self"}
    assert list((tmp_path / "outside").iterdir()) == []


def _tree(listing: str) -> str:
    made = subprocess.run(["git", "mktree"], input=listing, capture_output=True, text=True, check=True)
    return made.stdout.strip()


def test_a_link_within_the_project_is_followed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sounds").mkdir()
    soundfile.write("sounds/a.wav", [0.1, -0.1] * 4000, 8000)
    Path("scenes/sounds").symlink_to("../sounds")
    write("name: S\nelements:\n  a: {file: sounds/a.wav}\n", "scenes/linked.yaml")
    build()
    commit("link")
    write("name: S\nelements:\n  a: {file: sounds/a.wav, volume: 0.5}\n", "scenes/linked.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert (scene["status"], scene["basis"]) == ("changed", "sound")
    assert statuses(scene) == {"a": "mixed"}


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 16044\n"


@pytest.mark.parametrize("kept", [True, False])
def test_a_recording_that_git_lfs_keeps(repository: Path, capsys: pytest.CaptureFixture[str], kept: bool) -> None:
    """In the commit there is only a pointer. What it stands for may lie in the repository's own store of large files;
    if it does not, the lock tells."""
    from scenebuild.store.digest import digest_file

    Path("scenes/sounds").mkdir()
    sound = Path("scenes/sounds/a.wav")
    soundfile.write(sound, [0.1, -0.1] * 4000, 8000)
    write("name: S\nelements:\n  a: {file: sounds/a.wav}\n", "scenes/large.yaml")
    build()
    digest, content = digest_file(str(sound)), sound.read_bytes()
    sound.write_text(POINTER.format(digest))
    commit("pointer")
    sound.write_bytes(content)
    if kept:
        large = Path(".git/lfs/objects", digest[:2], digest[2:4], digest)
        large.parent.mkdir(parents=True)
        large.write_bytes(content)
    write("name: S\nelements:\n  a: {file: sounds/a.wav, volume: 0.5}\n", "scenes/large.yaml")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert statuses(scene) == {"a": "mixed"}
    assert scene["basis"] == ("sound" if kept else "locks")
    if not kept:
        assert scene["why"] == [
            f"HEAD ({git('rev-parse', 'HEAD')[:7]}): scenes/sounds/a.wav is kept by Git LFS and is not here"
        ]


def test_no_control_character_reaches_a_terminal(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(SCENE, "scenes/a\x1b[31mred.yaml")
    text = diff(capsys, "HEAD", "--color", "never", "--locks-only")
    assert "\x1b" not in text
    assert "\\x1b[31mred.yaml" in text
    coloured = diff(capsys, "HEAD", "--color", "always", "--locks-only")
    assert "\x1b[31mred" not in coloured


def test_an_element_of_a_null_that_is_not_possible_says_why(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(SCENE + "  sample_rate: 44100\n")
    (scene,) = diff_json(capsys, "HEAD")["scenes"]
    assert scene["null_test"]["not_possible"] == "the sample rates differ: 48000 Hz and 44100 Hz"
    assert "not possible" in diff(capsys, "HEAD")


def test_the_module_runs_as_a_command(repository: Path) -> None:
    """By itself, with child processes and all."""
    write(EDITED)
    done = subprocess.run(
        [sys.executable, "-m", "scenebuild", "diff", "HEAD", "--exit-code"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 generated again, 1 mixed again" in done.stdout
