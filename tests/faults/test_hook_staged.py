"""The hook for lockfiles looks at what git would commit, not at what lies in the folder."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from scenebuild.cli import run

ROOT = Path(__file__).resolve().parents[2]
(HOOK,) = [hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()) if "lock" in hook["id"]]
SCENE = "name: {name}\nelements:\n  rain: {{prompt: rain on leaves, duration: 0.3}}\nmix: {{duration: 0.3}}\n"


def git(*arguments: str) -> str:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@x", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def hooked() -> int:
    _, *arguments = shlex.split(HOOK["entry"])
    return run([*arguments, *HOOK["args"]])


def built(name: str) -> str:
    path = f"scenes/{name}.yaml"
    Path(path).write_text(SCENE.format(name=name))
    assert run([path, "--engine", "sketch", "-q"]) == 0
    return path


@pytest.fixture
def repository(project: Path) -> Path:
    git("init", "-q", ".")
    built("first")
    git("add", "scenes")
    git("commit", "-qm", "m")
    return project


def test_a_lock_that_is_not_added_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git("add", built("porch"))
    assert hooked() == 3
    assert capsys.readouterr().err == (
        "scenes/porch.yaml:1:1: scenes/porch.lock.json is not part of the commit; "
        "add it: git add scenes/porch.lock.json\n"
    )
    git("add", "--intent-to-add", "scenes/porch.lock.json")
    assert hooked() == 3, "no commit takes it yet"
    git("add", "scenes/porch.lock.json")
    assert hooked() == 0


def test_a_lock_that_was_built_again_and_not_added_is_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A commit of the new scene with the old lock is one that nobody can build with --frozen."""
    path = Path("scenes/first.yaml")
    path.write_text(path.read_text().replace("rain on leaves", "rain on a roof"))
    assert run([str(path), "--engine", "sketch", "-q"]) == 0
    git("add", str(path))
    assert hooked() == 3
    assert "scenes/first.lock.json is in the commit as it was before the last build" in capsys.readouterr().err
    git("add", "scenes/first.lock.json")
    assert hooked() == 0


def test_a_lock_that_is_ignored_or_taken_out_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".gitignore").write_text("*.lock.json\n")
    assert hooked() == 0, "what is in the index stays in it"
    git("add", built("porch"))
    capsys.readouterr()
    assert hooked() == 3
    assert capsys.readouterr().err == (
        "scenes/porch.yaml:1:1: scenes/porch.lock.json is not part of the commit, because git ignores it; "
        "add it anyway: git add --force scenes/porch.lock.json\n"
    )
    git("add", "--force", "scenes/porch.lock.json")
    assert hooked() == 0
    git("rm", "-q", "--cached", "scenes/first.lock.json")
    assert hooked() == 3


def test_a_scene_that_git_does_not_know_stops_no_commit(repository: Path) -> None:
    Path("scenes/idea.yaml").write_text(SCENE.format(name="idea"))
    assert hooked() == 0
    assert run(["validate", "--locks-only", "scenes"]) == 3
    git("add", "scenes/idea.yaml")
    assert hooked() == 3, "it has no lock at all"


def test_every_variant_has_a_lock_of_its_own(repository: Path) -> None:
    Path("scenes/v.yaml").write_text(SCENE.format(name="v") + "variants:\n  day: {}\n  night: {mix: {duration: 0.4}}\n")
    assert run(["scenes/v.yaml", "--engine", "sketch", "-q"]) == 0
    git("add", "scenes/v.yaml", "scenes/v@day.lock.json")
    assert hooked() == 3
    git("add", "scenes/v@night.lock.json")
    assert hooked() == 0


def test_names_with_signs_of_git_and_another_index_are_read_as_they_are(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("scenes/:(top)*").mkdir()
    Path("scenes/:(top)*/x.yaml").write_text(SCENE.format(name="x"))
    assert run(["scenes/:(top)*/x.yaml", "--engine", "sketch", "-q"]) == 0
    git("--literal-pathspecs", "add", "scenes/:(top)*/x.yaml")
    assert hooked() == 3
    Path("other").write_bytes(Path(".git/index").read_bytes())
    git("add", "scenes")
    assert hooked() == 0
    monkeypatch.setenv("GIT_INDEX_FILE", "other")
    assert hooked() == 3, "as git commit --only has it"


def test_what_git_can_not_say_is_no_answer(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built("porch")
    capsys.readouterr()
    assert hooked() == 2
    assert capsys.readouterr().err.startswith("--staged: not a git repository")
    git("init", "-q", ".")
    Path(".git/index").write_bytes(b"no index")
    assert hooked() == 2


def test_nothing_that_the_repository_configures_is_run(repository: Path) -> None:
    git("config", "core.fsmonitor", "touch ran; false")
    git("config", "core.hooksPath", ".")
    git("-c", "core.fsmonitor=false", "add", built("porch"))
    assert hooked() == 3
    assert not Path("ran").exists()


def test_staged_goes_with_locks_only(repository: Path) -> None:
    assert run(["validate", "--staged", "scenes"]) == 2
