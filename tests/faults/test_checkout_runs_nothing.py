"""No step imports or runs anything of the checkout that it looks at, and none writes through a link of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from revisions import git, needs_git
from scenebuild.ci.steps import main as step
from scenebuild.cli import run

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "tools" / "install.py"
NOTE = ROOT / "ci" / "comment" / "note.py"
ELSEWHERE = ("tests", ".venv", ".git", "build", "docs")  # not run by a step, or of no checkout but our own
BROKEN = "name: x\nelements:\n  rain: {promt: rain, duration: 1}\n"


# Modules


def sources(*suffixes: str) -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        if path.is_file() and inside[0] not in ELSEWHERE and path.name.endswith(suffixes):
            yield path


def test_every_module_that_is_run_is_run_with_p_or_i() -> None:
    """``python -m pip`` takes a pip/ of the current folder, which is the checkout of a stranger."""
    in_shell = re.compile(r"python[\d.]*\"?'?((?: +-[\w]+)*) +-m +\w")
    in_python = re.compile(r"sys\.executable, ((?:\"-[\w]+\", )*)\"-m\"")
    wrong = []
    for path in sources(".yml", ".yaml", ".sh", ".py", "Makefile", "run"):
        text = path.read_text(encoding="utf-8")
        for match in (*in_shell.finditer(_without_comments(path, text)), *in_python.finditer(text)):
            if not re.search(r"-[IP]\b", match[1]):
                wrong.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert wrong == []


def _without_comments(path: Path, text: str) -> str:
    """Of Python only its strings that could be commands: an f-string or a list, not what a docstring says."""
    if path.suffix != ".py":
        return text
    with path.open("rb") as file:
        strings = [one.string for one in tokenize.tokenize(file.readline) if one.type == tokenize.STRING]
    return "\n".join(one for one in strings if not one.lstrip("rbf").startswith('"""'))


@pytest.mark.parametrize(
    "path", [ROOT / "action.yml", ROOT / "ci" / "comment" / "action.yml", *sorted((ROOT / "ci" / "gitlab").glob("*"))],
    ids=lambda path: path.name,
)  # fmt: skip
def test_every_script_that_a_step_runs_is_isolated(path: Path) -> None:
    """And is the action's own, or of the clone that the template makes; never one of the checkout."""
    for line in _scripts(yaml.safe_load(path.read_text(encoding="utf-8"))):
        for options, script in re.findall(r"python[\d.]*\"?((?: -\S+)*) \"?([^\s\"]+\.py)", line):
            assert "-I" in options.split(), line
            assert script.startswith(("$GITHUB_ACTION_PATH/", "/opt/scenebuild/")), line


def _scripts(plain: object) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict | list):
        for one in plain.values() if isinstance(plain, dict) else plain:
            yield from _scripts(one)


@pytest.mark.hard
def test_installing_runs_no_pip_of_the_checkout(tmp_path: Path) -> None:
    """Nor what PYTHONPATH and PYTHONSTARTUP find there."""
    checkout = tmp_path / "checkout"
    canary = tmp_path / "canary"
    for name in ("pip", "venv", "hashlib", "sitecustomize", "usercustomize"):
        (checkout / name).mkdir(parents=True)
        for file in ("__init__.py", "__main__.py"):
            (checkout / name / file).write_text(f"open({str(canary)!r}, 'a').write(__name__)\n")
    (checkout / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/\n")
    (checkout / "pip" / "__main__.py").write_text(f"open({str(canary)!r}, 'w')\n")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": ".", "PYTHONSTARTUP": "pip/__main__.py",
        "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "pip.conf",
    }  # fmt: skip
    command = [sys.executable, "-I", str(INSTALL), str(tmp_path / "venv"), "core.txt"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0, "there is no index to install from"
    assert not canary.exists(), done.stdout + done.stderr


# The folder of a review


def collect(folder: Path, monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    monkeypatch.setenv("REVIEW_FOLDER", str(folder))
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    for one in steps:
        assert step([one]) in (0, 1)


@pytest.mark.parametrize(
    "linked", ["", "comment", "comment/comment.md", "report", "report/builds.md", "difference.md", "failed", "page"]
)
def test_nothing_is_written_through_a_link_that_came_with_the_checkout(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: str
) -> None:
    Path("scenes/x.yaml").write_text(BROKEN)
    target = tmp_path / "outside"
    target.mkdir()
    (target / "precious").write_text("mine")
    path = Path(".scenebuild", linked) if linked else Path(".scenebuild")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target / "precious" if path.suffix or linked == "failed" else target)
    collect(project / ".scenebuild", monkeypatch, "validate", "build", "collect", "summary")
    assert [one.name for one in target.iterdir()] == ["precious"]
    assert (target / "precious").read_text() == "mine"
    assert not path.is_symlink()
    assert Path(".scenebuild/comment/comment.md").read_text().startswith("**Failed: validate")


def test_what_a_checkout_laid_ready_is_not_taken_for_ours(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page, words and failures of a stranger; takes of an earlier job stay."""
    Path("scenes/x.yaml").write_text(BROKEN.replace("promt", "prompt"))
    for name in ("report/diff/index.html", "difference.md", "comment/comment.md", "comment/job", "store/kept"):
        Path(".scenebuild", name).parent.mkdir(parents=True, exist_ok=True)
        Path(".scenebuild", name).write_text("theirs")
    collect(project / ".scenebuild", monkeypatch, "validate", "collect")
    left = {str(one.relative_to(".scenebuild")) for one in Path(".scenebuild").rglob("*") if one.is_file()}
    assert left == {"store/kept", "comment/comment.md"}
    assert Path(".scenebuild/comment/comment.md").read_text() == ""


def test_a_folder_behind_a_link_of_the_checkout_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").symlink_to(tmp_path)
    monkeypatch.setenv("REVIEW_FOLDER", "out/review")
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert step(["collect"]) == 2
    assert not (tmp_path / "review").exists()


@pytest.mark.parametrize("name", ["validate", "lint", "locks", "build", "diff"])
def test_scenes_that_a_link_leads_out_of_the_checkout_are_not_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The values of a file of the runner would stand in an annotation that everybody sees."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "x.yaml").write_text("name: x\nelements: {a: hunter2}\n")
    Path("linked").symlink_to(secrets)
    Path("one.yaml").symlink_to(secrets / "x.yaml")
    monkeypatch.setenv("REVIEW_FOLDER", str(tmp_path / "review"))
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    for scenes in ("linked", "linked/x.yaml", "one.yaml", "scenes\n./linked/"):
        monkeypatch.setenv("REVIEW_SCENES", scenes)
        assert step([name]) == 2
        told = "".join(capsys.readouterr())
        assert "leads out of the checkout through a link" in told
        assert "hunter2" not in told


@pytest.mark.parametrize("kind", ["a link", "a folder behind a link", "a pipe", "a folder", "a job behind a link"])
def test_a_note_is_made_of_plain_files_alone(tmp_path: Path, kind: str) -> None:
    """A runner may keep links in what a job hands over; /proc/self/environ has the token in it."""
    folder = tmp_path / "comment"
    folder.mkdir()
    secret = tmp_path / "secrets"
    secret.mkdir()
    (secret / "comment.md").write_text("glpat-secret")
    words = folder / "comment.md"
    if kind == "a link":
        words.symlink_to("/proc/self/environ")
    elif kind == "a folder behind a link":
        folder.rmdir()
        folder.symlink_to(secret)
    elif kind == "a pipe":
        os.mkfifo(words)
    elif kind == "a folder":
        words.mkdir()
    else:
        words.write_text("words")
        (folder / "job").symlink_to("/proc/self/environ")
    environment = {"SCENEBUILD_TOKEN": "glpat-secret", "CI_API_V4_URL": "http://127.0.0.1:9", "CI_PROJECT_ID": "1"}
    done = subprocess.run(
        [sys.executable, "-I", str(NOTE), str(folder)],
        env=environment | {"CI_MERGE_REQUEST_IID": "2"}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("refused: ")
    assert "glpat" not in done.stdout + done.stderr


# Annotations


@needs_git
@pytest.mark.parametrize(
    "argument", [".", "./scenes", "scenes", "scenes/../scenes", "./scenes/porch.yaml", "{here}/scenes"]
)
def test_an_annotation_names_a_file_from_the_root_of_the_repository(
    project: Path, capsys: pytest.CaptureFixture[str], argument: str
) -> None:
    """A code host matches no path that begins with ./ or with the folder of a runner."""
    git("init", "-q")
    Path("scenes/porch.yaml").write_text(BROKEN)
    argument = argument.format(here=project)
    assert run(["validate", argument, "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=scenes/porch.yaml,line=3,")
    assert run(["validate", argument, "--format", "sarif"]) == 1
    assert '"uri": "scenes/porch.yaml"' in capsys.readouterr().out


@needs_git
def test_an_annotation_of_a_project_in_a_folder_names_the_folder(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", folder=project.parent)
    Path("scenes/porch.yaml").write_text(BROKEN)
    for folder, argument in ((".", "scenes"), ("scenes", "porch.yaml"), ("..", ".")):  # each from the one before
        monkeypatch.chdir(folder)
        assert run(["lint", argument, "--format", "github"]) == 1
        assert capsys.readouterr().out.startswith("::error file=project/scenes/porch.yaml,line=3,")
