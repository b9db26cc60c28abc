"""The GitHub action on a pull request from a stranger: its steps run in bash, with a read-only token.

It writes the summary and what is uploaded, and nothing else, whatever the scenes say.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from markdown_it import MarkdownIt

from actions import Run, Runner, commands
from locks import lock_as_audiogen
from repositories import PORCH, begin_repository, committed, git, locked, louder
from scenebuild.ci.job import job_from
from scenebuild.ci.markdown import cut
from scenebuild.cli import run as scenebuild
from scenebuild.errors import UsageError
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_file

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "actions/cache/restore", "actions/cache/save", "actions/checkout", "actions/setup-python",
    "actions/upload-artifact",
}  # fmt: skip
WORKFLOWS = [ROOT / ".github" / "workflows" / "test.yml", *sorted((ROOT / "ci" / "github").glob("*.yml"))]
ACTIONS = [ROOT / "action.yml", ROOT / "ci" / "comment" / "action.yml"]
BELL = "name: New\nelements:\n  bell: {prompt: a bell, engine: audiogen, duration: 1}\n"
PAGE = {"page": {"artifact-url": "https://forge.invalid/owner/harbour/actions/runs/9/artifacts/3"}}


# The files themselves


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-actions", ACTIONS),
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.gitlab-ci", [ROOT / "ci" / "gitlab" / "scenebuild.gitlab-ci.yml"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_files_are_what_their_readers_publish(schema: str, paths: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def steps_of(path: Path) -> list[dict[str, Any]]:
    """All steps of an action or a workflow."""
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "runs" in plain:
        return list(plain["runs"]["steps"])
    return [step for job in plain["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", [*ACTIONS, *WORKFLOWS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_strangers_text_reaches_a_shell_and_no_strangers_action_a_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert ("github.token" in text) == (path.parent.name == "comment"), "only who comments has a token"
    for step in steps_of(path):
        assert "${{" not in step.get("run", "").replace("${{ matrix.", ""), (
            "expressions become code there; env does not"
        )
        name, _, version = step.get("uses", "").partition("@")
        if name and not name.startswith((".", "OWNER/scenebuild")):
            assert name in ALLOWED
            assert re.fullmatch(r"[0-9a-f]{40}", version), f"{name}: a tag can be moved"
            assert re.search(rf"{name}@{version} # v\d+\.\d+\.\d+$", text, re.MULTILINE)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_that_runs_for_pull_requests_may_only_read(path: Path) -> None:
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "pull_request" in plain[True]:  # YAML 1.1 reads 'on' as true
        assert plain["permissions"] == {"contents": "read"}
        assert all("permissions" not in job for job in plain["jobs"].values())
        assert all(
            step["with"]["persist-credentials"] is False
            for step in steps_of(path)
            if step.get("uses", "").startswith("actions/checkout@")
        )


# A run


def fingerprint(folder: Path, but: str = "") -> dict[str, tuple[str, int]]:
    """The bytes and the time of everything below a folder, with .git: what was written and removed again shows, too."""
    paths = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.lstat().st_mtime_ns,
        )
        for path in paths
        if not but or but not in path.relative_to(folder).parts
    }


class Bench:
    """A checkout, a runner's folders, and what they looked like before."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout, self.folder = checkout, folder
        self.temp = folder / "runner"
        self.own_store = ""  # a folder in the checkout that the project names as its store
        for name in ("runner", "home", "tmp", "bin"):
            (folder / name).mkdir()
        # What would be fetched is here; what it is asked for is noted down.
        python = folder / "bin" / "python3"
        python.write_text(
            '#!/bin/bash\nset -e\necho "$@" >"$(dirname "$0")/asked"\nmkdir -p "$3/bin"\n'
            f'printf \'#!/bin/sh\\nexec "{sys.executable}" "$@"\\n\' >"$3/bin/python"\nchmod +x "$3/bin/python"\n'
        )
        python.chmod(0o755)

    def run(self, event_name: str, event: dict[str, Any], **inputs: str) -> Run:
        """The whole action; fails where anything is written that must not be."""
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"),
        }  # fmt: skip
        before = fingerprint(self.checkout, self.own_store)
        runner = Runner(ROOT / "action.yml", self.checkout, self.temp, event_name, event)
        result = runner.run(environment, PAGE, **inputs)
        assert fingerprint(self.checkout, self.own_store) == before, "the checkout is only read"
        assert list((self.folder / "home").iterdir()) == list((self.folder / "tmp").iterdir()) == []
        assert {path.name for path in self.temp.iterdir()} == {"scenebuild"}
        assert {path.name for path in (self.temp / "scenebuild").iterdir()} <= {
            "venv",
            "store",
            "report",
            "comment",
            "page",
            "difference.md",
            "failed",
        }
        assert {path.name for path in self.folder.iterdir()} - {"project", "canary"} == {
            "runner",
            "home",
            "tmp",
            "bin",
            "GITHUB_OUTPUT",
            "GITHUB_ENV",
            "GITHUB_STEP_SUMMARY",
        }
        assert (self.folder / "GITHUB_ENV").read_text() == ""
        return result

    def pull_request(self, base: str, head: str, **inputs: str) -> Run:
        """The action for a pull request from a fork."""
        pull = {"number": 7, "base": {"sha": base}, "head": {"sha": head, "ref": "$(touch canary)`touch canary`;x"}}
        return self.run("pull_request", {"pull_request": pull}, **inputs)

    @property
    def summary(self) -> str:
        """The summary of the job."""
        return (self.folder / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")

    def made(self, name: str) -> Path:
        """Something that is uploaded."""
        return self.temp / "scenebuild" / name


@pytest.fixture
def bench(project: Path) -> Bench:
    """A repository with one built scene on its main branch."""
    begin_repository()
    return Bench(project, project.parent)


def test_a_pull_request_is_checked_built_compared_and_told(bench: Bench) -> None:
    base = git("rev-parse", "HEAD")
    head = louder()
    run = bench.pull_request(base, head)
    assert {one.name: one.outcome for one in run.steps if one.outcome != "success"} == {"Keep the store": "skipped"}
    assert not run.failed
    asked = (bench.folder / "bin" / "asked").read_text()
    assert asked == f"-I {ROOT}/tools/install.py {bench.temp}/scenebuild/venv core.txt\n"
    assert bench.summary.startswith(f"**[Listen: the page of this change]({PAGE['page']['artifact-url']})**\n\n")
    assert "heavy rain on a tin roof" in bench.summary
    assert f"{base[:7]} → {head[:7]}" in bench.summary.replace("&#8288;", "")
    assert "| `scenes/porch.yaml` | as locked |" in bench.summary
    assert bench.made("report/build/porch/porch.wav").is_file()
    assert bench.made("report/diff/index.html").read_bytes() == bench.made("page/scenebuild.html").read_bytes()
    assert bench.made("comment/pull-request").read_text() == "7"
    words = bench.made("comment/comment.md").read_text()
    assert words in bench.summary
    assert "](" not in words, "what lies beside the page is not beside a comment"
    uploaded = {one.given.get("name", "page"): one.given["path"] for one in run.steps if "upload" in one.uses}
    assert all(Path(line).exists() for path in uploaded.values() for line in path.split())
    assert set(uploaded) == {"page", "scenebuild-report", "scenebuild-comment"}


def test_clips_are_made_where_they_are_asked_for(bench: Bench) -> None:
    pytest.importorskip("av", reason="PyAV is not here")
    base = git("rev-parse", "HEAD")
    assert not bench.pull_request(base, louder(), video="true").failed
    assert (bench.folder / "bin" / "asked").read_text().endswith(" core.txt video.txt\n")
    assert bench.made("report/diff/porch.mp4").is_file()


def test_a_push_keeps_the_store_and_compares_nothing(bench: Bench) -> None:
    event = {"ref": "refs/heads/main", "repository": {"default_branch": "main"}}
    run = bench.run("push", event)
    assert not run.failed
    assert run.step("Get the store").given["path"] == run.step("Keep the store").given["path"]
    assert bench.made("store/objects").is_dir()
    assert not bench.made("report/diff").exists()
    assert "| `scenes/porch.yaml` | as locked |" in bench.summary
    assert {one.name for one in run.steps if one.outcome == "skipped"} == {
        "Upload the page",
        "Upload the words for the comment",
    }


def test_the_store_is_kept_for_the_default_branch_alone(bench: Bench) -> None:
    event = {"ref": "refs/heads/topic", "repository": {"default_branch": "main"}}
    assert bench.run("push", event).step("Keep the store").outcome == "skipped"


def test_where_a_take_is_missing_a_sketch_is_built_and_called_one(bench: Bench) -> None:
    lock_as_audiogen("scenes/porch.yaml")
    base = git("rev-parse", "HEAD")
    run = bench.pull_request(base, committed("made with the model"))
    assert not run.failed, "a machine without the model is no mistake of the author's"
    assert not bench.made("report/build").exists()
    assert bench.made("report/preview/porch/porch.wav").is_file()
    assert "**sketch preview**: 2 of 2 takes are sketches, the lock keeps the real ones" in bench.summary


def test_takes_that_a_project_keeps_in_git_are_mixed_without_the_model(bench: Bench) -> None:
    """The store in a folder of the repository (with Git LFS, say): nothing is a sketch then."""
    bench.own_store = "takes"
    Path("scenebuild.toml").write_text('store = "takes"\n')
    soundfile.write("take.wav", 0.1 * np.sin(np.arange(6400) / 10), 16000, subtype="FLOAT")
    digest = digest_file("take.wav")
    LocalStore("takes").put_back(digest, "take.wav")
    lock_as_audiogen("scenes/porch.yaml", digest)
    assert scenebuild(["build", "scenes", "-q", "--store", "takes"]) == 0
    shutil.rmtree("build")
    head = committed("made with the model")
    run = bench.pull_request(head, head)
    assert not run.failed
    assert "| `scenes/porch.yaml` | as locked |" in bench.summary
    assert not bench.made("store").exists()


def test_a_lock_that_was_forgotten_fails_the_job_and_is_named(bench: Bench) -> None:
    lock_as_audiogen("scenes/porch.yaml")
    base = committed("made with the model")
    Path("scenes/porch.yaml").write_text(PORCH.replace("steady", "gentle"))
    run = bench.pull_request(base, committed("and no lock"))
    assert run.failed
    assert run.step("Compare scenes with their locks").outcome == "failure"
    name, properties, text = run.commands[0]
    assert (name, properties) == ("error", "file=scenes/porch.yaml,line=3,col=3,title=lock")
    assert text.startswith("rain: prompt changed, and scenes/porch.lock.json does not say so")
    assert "**Failed: locks.**" in bench.summary
    assert bench.made("report/preview/porch/porch.wav").is_file(), "and can be listened to nevertheless"
    assert run.step("Upload the words").outcome == "success"


def test_a_mix_that_is_not_as_loud_as_its_lock_says_is_named_by_the_build(bench: Bench) -> None:
    base = git("rev-parse", "HEAD")
    Path("scenes/porch.yaml").write_text(PORCH + "mix: {loudness: -30}\n")
    run = bench.pull_request(base, committed("only a volume, and no build"))
    assert run.failed
    assert run.step("Compare scenes with their locks").outcome == "success", "every take is the one of the lock"
    errors = [(properties, text) for name, properties, text in run.commands if name == "error"]
    assert [properties for properties, _ in errors][:1] == ["file=scenes/porch.lock.json,line=1,col=1,title=lock"]
    assert "loudness_lufs is -30.0, the lock says" in errors[0][1]
    assert len(run.step("Build").log.split("::error")) == 2, "once"


def test_only_what_differs_is_uploaded(bench: Bench) -> None:
    Path("scenes/still.yaml").write_text(PORCH.replace("Porch", "Still"))
    locked()
    base = committed("a second scene")
    run = bench.pull_request(base, louder())
    assert not run.failed
    assert [path.name for path in bench.made("report/build").iterdir()] == ["porch"]
    assert "| `scenes/still.yaml` | as locked |" in bench.summary


def test_a_new_sound_of_a_model_that_nobody_made_yet_is_no_reason_to_write_a_lock(bench: Bench) -> None:
    Path("scenes/new.yaml").write_text(BELL)
    run = bench.pull_request(git("rev-parse", "HEAD"), committed("new"))
    assert run.failed
    assert run.step("Build").outcome == "failure"
    assert "| `scenes/new.yaml` | **failed** |" in bench.summary
    assert "| `scenes/porch.yaml` | as locked |" in bench.summary


def test_mistakes_are_annotations_and_the_rest_of_the_report_still_comes(bench: Bench) -> None:
    base = git("rev-parse", "HEAD")
    Path("scenes/porch.yaml").write_text(PORCH.replace("prompt: steady rain", "promt: steady rain"))
    run = bench.pull_request(base, committed("a slip"))
    assert run.failed
    assert ("error", "file=scenes/porch.yaml,line=4,col=5,title=unknown-field") in [one[:2] for one in run.commands]
    assert "**Failed: validate, lint, locks, build" in bench.summary


def test_the_lint_warns_and_fails_only_where_it_is_asked_to(bench: Bench) -> None:
    Path("scenes/porch.yaml").write_text(PORCH.replace("steady rain", "sad piano music"))
    locked()
    head = committed("music")
    run = bench.pull_request(head, head)
    assert not run.failed
    assert {one[0] for one in run.commands} == {"warning"}
    assert len(run.commands) == len(set(run.commands)), "each once, though two steps look at it"
    assert "scenes/porch.yaml:4:" in run.step("Lint").log


def test_the_lint_fails_where_it_is_asked_to(bench: Bench) -> None:
    Path("scenes/porch.yaml").write_text(PORCH.replace("steady rain", "sad piano music"))
    locked()
    head = committed("music")
    assert bench.pull_request(head, head, strict="true").failed


def test_no_change_is_no_news(bench: Bench) -> None:
    head = git("rev-parse", "HEAD")
    run = bench.pull_request(head, head, fail_on_change="true")
    assert not run.failed
    assert bench.made("comment/comment.md").read_text() == ""
    assert run.step("Upload the page").outcome == "skipped"


def test_a_change_fails_where_it_must_not_be(bench: Bench) -> None:
    base = git("rev-parse", "HEAD")
    assert bench.pull_request(base, louder(), fail_on_change="true").failed


def test_a_base_that_was_not_fetched_is_asked_for(bench: Bench) -> None:
    run = bench.pull_request("12" * 20, git("rev-parse", "HEAD"))
    assert run.failed
    assert "fetch-depth: 0" in run.step("Compare with the base").log
    assert "**Failed: diff.**" in bench.summary


@pytest.mark.parametrize(
    "base", ["--output=canary", "$(touch canary)", "main; touch canary", "main\ntouch canary", "@"]
)
def test_a_base_is_a_revision_and_nothing_else(base: str) -> None:
    with pytest.raises(UsageError, match="is not a revision"):
        job_from({"RUNNER_TEMP": "/tmp", "REVIEW_BASE": base})


@pytest.mark.parametrize("base", ["main", "origin/main", "v1.2^{commit}", "HEAD~2", "HEAD@{1}", "12" * 20])
def test_a_revision_is_written_as_git_writes_it(base: str) -> None:
    assert job_from({"REVIEW_FOLDER": "/tmp", "REVIEW_BASE": f" {base}\n"}).base == base


# Strangers

PAYLOADS = [
    "::error file=x::pwned", "##[error]pwned", "::set-output name=a::b", "::stop-commands::x", "::add-mask::a",
    "${{ github.token }} $(touch canary) `touch canary` ; touch canary", "</details></summary><script>x</script>",
    "[click](https://evil.invalid) ![x](https://evil.invalid/x.png) @team #1 https://evil.invalid",
    "| cell | # head :smile: $x$", "<!-- scenebuild-diff --> ]]> &#64;team",
]  # fmt: skip
REFUSED = ["\u2028::error::pwned", "\u202etxet", "\x1b[31mred", "\r::error::pwned"]
NAMES = ["::error::x.yaml", "##[error]x.yaml", "a\n::error::x.yaml", "a\r::error::y.yaml", "$(touch canary).yaml"]


def scenes_saying(texts: list[str], names: list[str]) -> None:
    """Scenes that put a text wherever one can be written, in files of any name."""
    for number, name in enumerate(names):
        elements = {f"e{index}": {"prompt": text.strip(), "duration": 0.1} for index, text in enumerate(texts)}
        scene = {"name": texts[number % len(texts)], "description": " ".join(texts), "elements": elements}
        Path("scenes", name).write_text(json.dumps(scene), encoding="utf-8")


class Elements(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append("!--")


def elements_of(markdown: str) -> list[str]:
    """The elements of Markdown as it is rendered."""
    return Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)).tags


def test_whatever_a_stranger_writes_is_only_read(bench: Bench) -> None:
    base = git("rev-parse", "HEAD")
    Path("numpy.py").write_text("open('canary', 'w')")
    Path("scenebuild").mkdir()
    Path("scenebuild/__init__.py").write_text("open('canary', 'w')")
    scenes_saying([*PAYLOADS, *REFUSED], NAMES)
    scenes_saying(PAYLOADS, ["valid.yaml"])
    lock = {"version": 1, "elements": {}, "mix": {}}
    Path("scenes/::error::x.lock.json").write_text(json.dumps(lock))
    run = bench.pull_request(base, committed("::error::pwned"))
    assert run.failed, "their locks are missing"
    assert not list(bench.folder.rglob("canary"))
    assert {one[0] for one in run.commands} <= {"error", "warning", "notice"}
    assert all(re.match(r"file=scenes/.*,line=\d+,col=\d+,title=[\w-]+$", one[1]) for one in run.commands)
    for step in run.steps:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", step.log), step.name


def test_hostile_text_leaves_the_summary_with_the_elements_of_a_harmless_one(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same change twice, in words that want something and in words that do not."""
    seen: list[Any] = []
    for texts in (PAYLOADS, ["plain words"] * len(PAYLOADS)):
        folder = tmp_path / f"{len(seen)}"
        shutil.copytree(bench.checkout, folder / "project")
        monkeypatch.chdir(folder / "project")
        base = git("rev-parse", "HEAD")
        scenes_saying(texts, ["stranger.yaml"])
        locked()
        other = Bench(folder / "project", folder)
        run = other.pull_request(base, committed("texts"))
        assert not run.failed
        seen.append(elements_of(other.summary))
    assert seen[0] == seen[1]


def test_a_summary_is_cut_before_it_is_too_long_for_github() -> None:
    text = "| \u00e9 | x |\n" * 200_000
    short = cut(text, 1_000_000)
    assert 999_900 < len(short.encode()) <= 1_000_000
    assert short.endswith("| x |\n\n\n*Cut here; the page has the rest.*\n")
    assert cut("short", 1_000_000) == "short"


def test_a_step_says_all_in_one_stream_wherever_the_other_went(bench: Bench) -> None:
    Path("scenes/porch.yaml").write_text(PORCH.replace("prompt: wind", "promt: wind"))
    with open(bench.folder / "stderr", "wb") as stderr:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "scenebuild.ci", "validate"], stdout=subprocess.PIPE, stderr=stderr, text=True,
            env={"RUNNER_TEMP": str(bench.temp)}, check=False,
        )  # fmt: skip
    assert (done.returncode, (bench.folder / "stderr").read_text()) == (1, "")
    assert done.stdout.startswith("scenes/porch.yaml:6:10: promt")


def test_the_commands_in_a_log_are_found_by_the_tests_themselves() -> None:
    assert commands("::error file=a::b\nplain\n x ##[warning]c") == [("error", "file=a", "b"), ("warning", "", "c")]
    assert commands("::stop-commands::t\n::error::a\n::t::\n::debug::b") == [("debug", "", "b")]
