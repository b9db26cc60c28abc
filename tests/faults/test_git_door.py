"""Git runs nothing that a checkout configures and fetches nothing, and its failures are reported."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from revisions import EDITED, PATH, SCENE, build, commit, fast_engines, git, needs_git, start_repository, write
from scenebuild.ci.steps import main as step
from scenebuild.cli import run
from scenebuild.git import KEPT, OVERRIDES, command, environment

pytestmark = needs_git
PACKAGE = Path(__file__).parents[2] / "pipeline" / "scenebuild"
Said = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


@pytest.fixture
def repository(project: Path) -> Path:
    """Two commits: a scene with its lock, and one edit of it."""
    start_repository()
    write(SCENE)
    build()
    commit("one")
    write(EDITED)
    commit("two")
    return project


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The exit code and all that ``scenebuild diff`` says, without a look at sound."""

    def called(*arguments: str) -> tuple[int, str]:
        code = run(["diff", *arguments, "--locks-only"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return called


# What a configuration names

CANARY = "touch {canary}; false"
COMMANDS = [
    "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy",
    "core.alternateRefsCommand", "credential.helper", "diff.external", "diff.evil.command", "diff.evil.textconv",
    "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "gpg.program", "gpg.ssh.program",
    "interactive.diffFilter", "merge.evil.driver", "pager.diff", "pager.ls-tree", "pager.rev-parse",
    "remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs", "sequence.editor",
    "uploadpack.packObjectsHook", "alias.rev-parse", "alias.ls-tree", "alias.cat-file", "trace2.eventTarget",
]  # fmt: skip
URLS = ["{nowhere}", "file://{nowhere}", "ssh://host.invalid/x", "ext::sh -c 'touch {canary}'", "git://host.invalid/x"]


def configure(canary: Path) -> None:
    """Everything that could run something, in the configuration and in a file that it includes."""
    for name in COMMANDS:
        git("config", name, CANARY.format(canary=canary))
    git("config", "remote.origin.vcs", "", folder=".")
    git("config", "--unset", "remote.origin.vcs")
    included = Path(".git", "included")
    included.write_text(f'[core]\n\tfsmonitor = "{CANARY.format(canary=canary)}"\n')
    git("config", "include.path", "included")
    hooks = Path(".git", "evil-hooks")
    hooks.mkdir()
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"):
        Path(hooks, hook).write_text(f"#!/bin/sh\ntouch {canary}\n")
        Path(hooks, hook).chmod(0o755)
    git("config", "core.hooksPath", str(hooks.absolute()))
    Path(".git", "info", "attributes").write_text("* filter=evil diff=evil merge=evil\n")


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_nothing_that_a_configuration_names_runs_and_nothing_is_fetched(
    repository: Path, tmp_path: Path, diff: Said, url: str
) -> None:
    """A partial clone lacks an object: git itself would ask the remote for it, by whatever command it is told."""
    canary = tmp_path / "canary"
    configure(canary)
    git("config", "extensions.partialClone", "origin")
    git("config", "remote.origin.promisor", "true")
    git("config", "remote.origin.url", url.format(canary=canary, nowhere=tmp_path / "nowhere"))
    git("config", f"url.{tmp_path}/else/.insteadOf", "git://host.invalid/")
    code, said = diff("HEAD~1..HEAD")
    assert code == 0
    assert "elements.dog.prompt" in said
    remove_object(f"HEAD~1:{PATH}")
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert f"{PATH}: " in said
    assert "partial" in said
    assert not canary.exists()


def remove_object(name: str) -> str:
    """What a clone with a filter does not have."""
    oid = git("rev-parse", name)
    Path(".git/objects", oid[:2], oid[2:]).unlink()
    return oid


def test_no_variable_of_the_outside_names_a_command(tmp_path: Path) -> None:
    outside = {
        name: f"touch {tmp_path / 'canary'}"
        for name in (
            "GIT_EXTERNAL_DIFF",
            "GIT_SSH_COMMAND",
            "GIT_SSH",
            "GIT_ASKPASS",
            "SSH_ASKPASS",
            "GIT_PAGER",
            "PAGER",
            "GIT_EDITOR",
            "GIT_PROXY_COMMAND",
            "GIT_TRACE",
            "GIT_TRACE2_EVENT",
            "GIT_CONFIG_PARAMETERS",
            "GIT_TEMPLATE_DIR",
            "GIT_SEQUENCE_EDITOR",
            "GIT_REDIRECT_STDOUT",
        )
    }
    inside = environment(outside | {"PATH": "/bin", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_DIR": "x"})
    assert not outside.keys() & inside.keys()
    assert inside["GIT_CONFIG_KEY_0"] == "safe.directory"
    assert inside["GIT_ALLOW_PROTOCOL"] == "none"
    assert inside["GIT_NO_LAZY_FETCH"] == "1"
    assert "GIT_DIR" in KEPT


def test_a_git_of_the_checkout_is_not_the_git_that_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, diff: Said
) -> None:
    """An empty part of PATH is the current folder."""
    real = str(shutil.which("git"))
    Path("git").write_text(f"#!/bin/sh\ntouch {tmp_path / 'canary'}\n")
    Path("git").chmod(0o755)
    monkeypatch.setenv("PATH", f":.:{os.path.dirname(real)}")
    assert diff("HEAD~1..HEAD")[0] == 0
    assert command("version")[0] == real
    assert not (tmp_path / "canary").exists()


def test_every_call_of_git_goes_through_the_one_door() -> None:
    """No other module starts a program of that name, and none but the door knows the overrides."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.List | ast.Tuple) and node.elts:
                first = node.elts[0]
                if isinstance(first, ast.Constant) and first.value == "git":
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []
    assert {"core.fsmonitor", "core.hooksPath", "core.sshCommand", "protocol.allow"} <= OVERRIDES.keys()


def test_the_files_of_a_repository_are_around_the_folder_that_is_asked_about(
    repository: Path, tmp_path: Path, diff: Said
) -> None:
    git("config", "core.worktree", str(tmp_path))
    shutil.copytree("scenes", tmp_path / "other" / "scenes")
    git("config", "core.worktree", str(tmp_path / "other"))
    code, said = diff("HEAD")
    assert code == 2
    assert "core.worktree" in said


# Failures

FAKE = """\
#!/bin/sh
case " $* " in *" {verb} "*) echo "fatal: the disk is on fire" >&2; exit {code};; esac
exec {git} "$@"
"""


@pytest.mark.parametrize("code", [1, 128, 137])
@pytest.mark.parametrize("verb", ["rev-parse", "merge-base", "ls-tree", "cat-file"])
def test_a_failure_of_git_is_an_error_in_its_own_words(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, diff: Said, verb: str, code: int
) -> None:
    """Never 'nothing changed', 'added' or 'there is no such revision'."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(verb=verb, code=code, git=shutil.which("git")))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    code_of_ours, said = diff("HEAD~1...HEAD")
    assert code_of_ours == 2
    assert "the disk is on fire" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("lines", ["printf 'BAD'", "printf ''", "printf '%040d blob 999\\nshort' 0"])
def test_an_answer_that_ends_in_the_middle_is_an_error(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, diff: Said, lines: str
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    text = f'#!/bin/sh\ncase " $* " in *" cat-file "*) {lines}; exit 0;; esac\nexec {shutil.which("git")} "$@"\n'
    fake.write_text(text)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert "cat-file" in said


def test_a_missing_tree_is_no_empty_one(repository: Path, diff: Said) -> None:
    remove_object("HEAD~1:scenes")
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert "nothing changed" not in said


def test_a_damaged_object_is_told(repository: Path, diff: Said) -> None:
    oid = git("rev-parse", f"HEAD~1:{PATH}")
    path = Path(".git/objects", oid[:2], oid[2:])
    path.chmod(0o644)
    path.write_bytes(b"garbage")
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert PATH in said or oid in said


def test_a_folder_that_a_commit_does_not_have_is_an_empty_one(project: Path, diff: Said) -> None:
    """The one absence that is true."""
    start_repository()
    Path("readme").write_text("x")
    commit("zero")
    Path("audio/scenes").mkdir(parents=True)
    Path("audio/scenebuild.toml").write_text("")
    write(SCENE, "audio/scenes/harbour.yaml")
    commit("one")
    os.chdir("audio")
    code, said = diff("HEAD~1..HEAD")
    assert code == 0
    assert "added" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_dubious_ownership_is_passed_on_in_the_words_of_git(
    repository: Path, tmp_path: Path, diff: Said, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 1234, 1234)
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert "detected dubious ownership" in said
    assert "git config --global --add safe.directory" in said
    monkeypatch.setenv("REVIEW_FOLDER", str(tmp_path / "review"))
    monkeypatch.setenv("REVIEW_BASE", "HEAD~1")
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert step(["diff"]) == 2
    said = "".join(capsys.readouterr())
    assert "detected dubious ownership" in said
    assert "fetch-depth" not in said


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
@pytest.mark.parametrize("is_checked_out", [False, True])
def test_a_partial_clone_is_compared_or_says_what_it_lacks(
    repository: Path, tmp_path: Path, diff: Said, monkeypatch: pytest.MonkeyPatch, kind: str, is_checked_out: bool
) -> None:
    git("config", "uploadpack.allowFilter", "true")
    clone = str(tmp_path / "clone")
    git("clone", "-q", "--no-local", "--no-checkout", f"--filter={kind}", f"file://{repository}", clone)
    if is_checked_out:
        git("checkout", "-q", "HEAD", "--", ".", folder=clone)
    git("config", "remote.origin.url", str(tmp_path / "nowhere"), folder=clone)
    monkeypatch.chdir(clone)
    code, said = diff("HEAD~1..HEAD")
    assert code == 2
    assert "partial" in said
    assert "nothing changed" not in said
    assert "added" not in said
