"""The hooks for pre-commit and the template for GitLab, run as their programs run them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions import commands
from locks import lock_as_audiogen
from repositories import PORCH, begin_repository, committed, louder

ROOT = Path(__file__).resolve().parent.parent
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
TEMPLATE = ROOT / "ci" / "gitlab" / "scenebuild.gitlab-ci.yml"


def test_our_own_hooks_check_what_make_lint_checks_and_fetch_nothing() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    entries = [hook["entry"].replace(" --force-exclude", "") for hook in local["hooks"]]
    lint = re.search(r"^lint: dev\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert lint is not None
    commands = [line.strip().removesuffix(" .") for line in lint[1].splitlines()]
    assert entries == [command.replace("$(BIN)", ".venv/bin") for command in commands]


def environment(**more: str) -> dict[str, str]:
    """The environment with the command of this installation first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **more}


def hooked(name: str, changed: str) -> tuple[int, str]:
    """What pre-commit does with a hook when one file is staged; -1 where it passes it over."""
    hook = HOOKS[name]
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False, "a scene may extend another one that did not change"
    if not re.search(hook["files"], changed):
        return -1, ""
    done = subprocess.run(
        [*shlex.split(hook["entry"]), *hook["args"]], env=environment(), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(project: Path) -> Path:
    """A repository with one scene and its lock."""
    begin_repository()
    return project


def test_hooks_say_nothing_about_scenes_in_order(repository: Path) -> None:
    assert list(HOOKS) == ["scenebuild-validate", "scenebuild-lint", "scenebuild-lock"]
    for name in HOOKS:
        assert hooked(name, "scenes/porch.yaml") == (0, "")
        assert hooked(name, "README.md") == (-1, "")
        assert hooked(name, "src/scenes.yaml") == (-1, "")


def test_each_hook_finds_what_it_is_for_and_nothing_else(repository: Path) -> None:
    scene = Path("scenes/porch.yaml")

    def answers() -> dict[str, int]:
        return {name.removeprefix("scenebuild-"): hooked(name, "scenes/porch.yaml")[0] for name in HOOKS}

    scene.write_text(PORCH.replace("duration: 0.4\n", "durations: 0.4\n"))
    assert answers() == {"validate": 1, "lint": 1, "lock": 1}, "what cannot be read is nothing to anybody"
    scene.write_text(PORCH + "  piano: {prompt: sad piano music, duration: 0.4}\n")
    assert answers() == {"validate": 0, "lint": 1, "lock": 3}
    scene.write_text(PORCH.replace("steady", "gentle"))
    assert answers() == {"validate": 0, "lint": 0, "lock": 3}
    scene.write_text(PORCH.replace("{prompt: wind,", "{prompt: wind, volume: 0.5,"))
    assert answers() == {"validate": 0, "lint": 0, "lock": 0}, "nothing is generated for that"


def test_a_lock_alone_or_a_recording_calls_the_lock_hook(repository: Path) -> None:
    lock = Path("scenes/porch.lock.json")
    lock.write_text("{}")
    code, said = hooked("scenebuild-lock", str(lock))
    assert (code, said.split(": ")[0]) == (3, "scenes/porch.lock.json:1:1")
    assert hooked("scenebuild-validate", str(lock))[0] == -1
    assert hooked("scenebuild-lock", "scenes/sounds/door.wav")[0] == 3


def test_somebody_without_the_model_may_commit_what_was_made_with_it(repository: Path) -> None:
    lock_as_audiogen("scenes/porch.yaml")
    subprocess.run(["git", "add", "scenes/porch.lock.json"], check=True)
    assert hooked("scenebuild-lock", "scenes/porch.lock.json") == (0, "")


# GitLab


def pipeline(project: Path, **variables: str) -> tuple[int, str]:
    """The script of the template, line after line in one shell, as a runner does it."""
    job = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["scenebuild"]
    told: dict[str, str] = {"CI_PROJECT_DIR": str(project), "CI_JOB_ID": "55", **variables}
    for name, value in job["variables"].items():
        told[name] = re.sub(r"\$(\w+)", lambda match: told.get(match[1], ""), value)
    script = "\n".join(["set -eo pipefail", *job["script"]])
    assert script.count("/opt/scenebuild-venv/bin/python") == 1
    done = subprocess.run(
        ["bash", "-c", script.replace("/opt/scenebuild-venv/bin/python", shlex.quote(sys.executable))],
        env=environment(**told),
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def uploaded(project: Path) -> list[Path]:
    """The paths that the template uploads, which must not hold a variable."""
    job: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))["scenebuild"]
    assert job["cache"]["paths"] == [".scenebuild/store"]
    return [project / path for path in job["artifacts"]["paths"]]


def test_a_merge_request_on_gitlab_is_compared_and_its_page_uploaded(repository: Path) -> None:
    base = committed("base")
    louder()
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    code, log = pipeline(repository, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert code == 0, log
    assert commands(log) == [], "no annotations for another runner"
    assert "heavy rain on a tin roof" in log
    report, comment = uploaded(repository)
    assert (comment / "job").read_text() == "55\n"
    assert (report / "diff" / "index.html").is_file()
    assert (report / "build" / "porch" / "porch.wav").is_file()
    after = {path: path.stat().st_mtime_ns for path in repository.rglob("*") if ".scenebuild" not in path.parts}
    assert after == before


def test_a_mistake_fails_the_job_on_gitlab_after_all_was_said(repository: Path) -> None:
    base = committed("base")
    Path("scenes/porch.yaml").write_text(PORCH.replace("steady", "gentle"))
    committed("no lock")
    code, log = pipeline(repository, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert code == 1
    assert "scenes/porch.yaml:3:3: rain: prompt changed, and scenes/porch.lock.json does not say so" in log
    assert log.endswith("failed: locks, build\n")


def test_the_default_branch_on_gitlab_compares_nothing(repository: Path) -> None:
    code, log = pipeline(repository)
    assert code == 0, log
    assert "| `scenes/porch.yaml` | as locked |" in log


# The manual


def test_the_files_in_the_manual_are_those_that_are_tested() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```yml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    files = [path for path in (ROOT / "ci").rglob("*.yml")] + [ROOT / "ci" / "pre-commit" / ".pre-commit-config.yaml"]
    templates = {path.read_text(encoding="utf-8"): path.name for path in files if path.name != "action.yml"}
    assert {templates.get(text) for text in shown} == set(templates.values())


def test_the_inputs_in_the_manual_are_those_of_the_action() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| .*? \| .* \|$", page, re.MULTILINE)
    assert rows[: rows.index("video") + 1] == list(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])


def test_the_configuration_for_pre_commit_names_hooks_that_there_are() -> None:
    (repository,) = yaml.safe_load((ROOT / "ci" / "pre-commit" / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == list(HOOKS)


def test_the_version_in_the_templates_is_one_that_there_is() -> None:
    from scenebuild import __version__

    for path in [*(ROOT / "ci").rglob("*.yml"), ROOT / "ci" / "pre-commit" / ".pre-commit-config.yaml"]:
        named = set(re.findall(r"(?:OWNER/[\w/]+@|rev: |VERSION: )v(\S+)", path.read_text(encoding="utf-8")))
        assert named <= {__version__}, path
