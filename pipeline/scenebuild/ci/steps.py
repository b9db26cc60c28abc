"""What a pipeline does with a change: check it, build it, compare it, say it. ``python -I -m scenebuild.ci STEP``.

The steps of ``action.yml`` and of the template for GitLab, for no person to type. Their orders come by the environment
(``REVIEW_SCENES``, ...), where a workflow can put text of strangers without a shell reading it. Everything they write
lies in one folder outside the checkout, beside the job's summary:

    store/      takes, where the project names no store of its own
    report/     the artifact: diff/, and build/ or preview/ with a folder a scene
    page/       the page of diff/, to be had without an archive
    comment/    comment.md and pull-request, for whoever may write the comment
    failed      the steps that found something, one a line
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scenebuild.errors import ErrorLine, Place, Problem, ScenebuildError, UsageError
from scenebuild.files import publish_bytes, read_bounded, utf8
from scenebuild.git import ask
from scenebuild.plan.steps import Plan, Step
from scenebuild.plans import plan_targets
from scenebuild.result import SceneResult, failed_scene
from scenebuild.scene.compose.reference import stem_of
from scenebuild.scene.quoting import printable
from scenebuild.targets import find_targets, targets_in

LARGEST_SUMMARY = 1_000_000  # bytes; GitHub takes 1 MiB of one step, and nothing at all of more
MOST_ERRORS = 20  # of one scene, in words
MARKER = "<!-- scenebuild-diff -->"  # of comments, which are told by it
# No class holds the bracket that begins it, so that each character is looked at once or twice, whatever a text is.
LINK = re.compile(r"(?: · )?(?:\*\*)?!?\[[^\[\]\n]*\]\([^()\n]*\)(?:\*\*)?")
OURS = re.compile(r"::(?:error|warning|notice) file=")  # an annotation, as only we write it
LARGEST_WORDS = 64 << 20  # bytes of a file that an earlier step wrote
KEPT = ("store", "venv")  # in the folder, when the first step empties it
REVISION = re.compile(r"[0-9A-Za-z][\w./@{}^~-]{0,250}\Z")


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for, and where it runs."""

    folder: Path
    scenes: tuple[str, ...]
    base: str  # the revision to compare with; empty: nothing is compared
    head: str
    strict: bool
    video: bool
    fail_on_change: bool
    pull_request: str  # its number
    page: str  # where the uploaded page can be had
    summary: str  # the file of the job's summary
    on_github: bool

    @property
    def report(self) -> Path:
        """What is uploaded."""
        return self.folder / "report"

    @property
    def comment(self) -> Path:
        """What the workflow that may write is handed."""
        return self.folder / "comment"

    @property
    def style(self) -> str:
        """The format of findings."""
        return "github" if self.on_github else "text"


def job_from(environment: Mapping[str, str]) -> Job:
    """The job that the environment asks for. UsageError where it names no folder or no revision."""
    folder = environment.get("REVIEW_FOLDER") or environment.get("RUNNER_TEMP")
    if not folder:
        raise UsageError("REVIEW_FOLDER (or RUNNER_TEMP) names the folder that everything is written to")
    own = "" if environment.get("REVIEW_FOLDER") else "scenebuild"
    revisions = {name: environment.get(f"REVIEW_{name}", "").strip() for name in ("BASE", "HEAD")}
    for name, revision in revisions.items():
        if revision and not REVISION.match(revision):
            raise UsageError(f"REVIEW_{name}: {revision[:60]!r} is no revision; write a commit or a branch")

    def is_on(name: str) -> bool:
        return environment.get(f"REVIEW_{name}", "").strip().lower() == "true"

    return Job(
        folder=_unlinked(Path(folder, own)),
        scenes=tuple(filter(None, map(str.strip, environment.get("REVIEW_SCENES", "scenes").splitlines()))),
        base=revisions["BASE"],
        head=revisions["HEAD"] or "HEAD",
        strict=is_on("STRICT"),
        video=is_on("VIDEO"),
        fail_on_change=is_on("FAIL_ON_CHANGE"),
        pull_request=environment.get("REVIEW_PULL_REQUEST", ""),
        page=environment.get("REVIEW_PAGE", ""),
        summary=environment.get("GITHUB_STEP_SUMMARY", ""),
        on_github=environment.get("GITHUB_ACTIONS") == "true",
    )


def _unlinked(folder: Path) -> Path:
    """The absolute path of the folder. A link that a checkout has in its place is not followed."""
    here = Path.cwd()
    path = Path(os.path.normpath(here / folder))
    return path if path.is_relative_to(here) and path != here else path.resolve()


# The steps


def validate(job: Job) -> int:
    """Mistakes and warnings, as annotations. The first step: it begins with an empty folder, but for the store."""
    _begin(job)
    return _annotated(job, "validate", "--format", job.style, "--", *job.scenes)


def locks(job: Job) -> int:
    """Scenes whose committed lock is another scene's, as annotations."""
    return _annotated(job, "validate", "--locks-only", "--format", job.style, "--", *job.scenes)


def lint(job: Job) -> int:
    """The warnings as lines of the log: as annotations they stand already."""
    with _inert(job):
        return _scenebuild("lint", *(["--strict"] if job.strict else []), "--", *job.scenes)


def build(job: Job) -> int:
    """Each scene as its lock says; a sketch of it where a take of a model is not at hand here."""
    with _inert(job):
        results, own_lock = _built(job)
    if job.on_github:
        sys.stdout.write(_annotations([result for result in results if result.scene in own_lock]))
    publish_bytes(str(job.report / "builds.md"), utf8(builds_markdown(results)))
    return max((result.exit_code for result in results), default=0)


def diff(job: Job) -> int:
    """What changed since the base, in words, numbers, pictures and sound."""
    if not job.base:
        return 0
    revisions = f"{_commit(job.base)}...{_commit(job.head)}"
    options = ["--video"] * job.video + ["--exit-code"] * job.fail_on_change
    out = str(job.report / "diff")
    return _annotated(job, "diff", revisions, "--format", job.style, "--out", out, *options, "--", *job.scenes)


def collect(job: Job) -> int:
    """What a comment is made of: the words, which are empty where nothing is new, and the number it belongs to."""
    for folder in (job.comment, job.folder / "page"):
        _remove(folder)
    job.comment.mkdir(parents=True)
    news = words(job) if _failed(job) or difference(job) else ""
    publish_bytes(str(job.comment / "comment.md"), utf8(news))
    if job.pull_request.isascii() and job.pull_request.isdigit():
        publish_bytes(str(job.comment / "pull-request"), job.pull_request.encode())
    page = job.report / "diff" / "index.html"
    if _is_plain(page) and difference(job):
        (job.folder / "page").mkdir()
        shutil.copyfile(page, job.folder / "page" / "scenebuild.html", follow_symlinks=False)
        _put_out("page", "true")
    _drop_unchanged(job)
    return 0


def summary(job: Job) -> int:
    """Write the summary of the job; fails where a step before it did."""
    text = cut(words(job), LARGEST_SUMMARY)
    if re.fullmatch(r"https://[\w./:-]+", job.page):
        text = f"**[Listen: the page of this change]({job.page})**\n\n{text}"
    if job.summary:
        with open(job.summary, "a", encoding="utf-8") as file:
            file.write(text)
    else:
        with _inert(job):
            sys.stdout.write(text)
    failed = _failed(job)
    if failed:
        sys.stdout.write(f"not in order: {', '.join(failed)}\n")
    return 1 if failed else 0


STEPS: dict[str, Callable[[Job], int]] = {
    "validate": validate, "lint": lint, "locks": locks, "build": build, "diff": diff, "collect": collect,
    "summary": summary,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run one step and return its exit code; a step that finds something is remembered for the summary."""
    # One stream, so that nobody can overtake the line that makes the log inert.
    os.dup2(1, 2)
    sys.stderr = sys.stdout  # the old one may have been made for a file, and would seek in it
    if len(arguments) != 1 or arguments[0] not in STEPS:
        sys.stderr.write(f"one step, please: {', '.join(STEPS)}\n")
        return 2
    try:
        job = job_from(os.environ)
        _own_folders(job)
        _inner_scenes(job)
    except ScenebuildError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return _run(arguments[0], job)


def _run(name: str, job: Job) -> int:
    try:
        _choose_store(job)
        code = STEPS[name](job)
    except ScenebuildError as error:
        from scenebuild.cli.terminal import complain

        with _inert(job):
            complain(str(error))
        code = error.exit_code
    if code and name != "summary":
        failed = "".join(f"{one}\n" for one in [*_failed(job), name])
        publish_bytes(str(job.folder / "failed"), failed.encode())
    return code


# Building


def _built(job: Job) -> tuple[list[SceneResult], frozenset[str]]:
    """The result of every scene, in order, and the scenes whose lock is theirs.

    What is missing here is previewed where that touches no lock.
    """
    from scenebuild.build import build as make
    from scenebuild.cli.options import Flags, settings_for
    from scenebuild.cli.terminal import NORMAL, Terminal

    told = Flags(store=os.environ.get("SCENEBUILD_STORE"), keep_going=True, out=str(job.report / "build"))
    as_found = settings_for(job.scenes, told)
    as_locked = replace(as_found, frozen=True)
    sketched = replace(told, engine="sketch", out=str(job.report / "preview")).settings()
    targets = targets_in(find_targets(job.scenes, as_found))
    paths = [target.path for target in targets]
    planned = plan_targets(targets)
    plans, mistakes = planned.by_path, planned.mistakes
    missing = [path for path, plan in plans.items() if _lacks_a_take(plan)]
    previews = plan_targets(targets_in(find_targets(missing, sketched)) if missing else [])
    # A sketch of what is in no lock would make a lock; a preview of what is in one leaves it as it is.
    previewed = [path for path, plan in previews.by_path.items() if plan.is_preview]
    unlocked = "the lock knows no take of a model that the scene asks for, and there is no model here"
    results = {path: failed_scene(path, f"{path}: {unlocked}") for path in missing if path not in previewed}
    results |= {path: failed_scene(path, *one.lines, exit_code=one.exit_code) for path, one in mistakes.items()}
    with Terminal(loudness=NORMAL, colour=False) as terminal:
        for result in results.values():
            terminal.finish(result)
        for settings, wanted in ((as_locked, [path for path in plans if path not in missing]), (sketched, previewed)):
            results |= {one.scene: one for one in (make(wanted, settings, terminal).scenes if wanted else ())}
    own_lock = frozenset(path for path, plan in plans.items() if not plan.gone and not any(map(_drifts, plan.steps)))
    return [results[path] for path in paths], own_lock


def _drifts(step: Step) -> bool:
    return bool(step.drift)


def _annotations(results: Sequence[SceneResult]) -> str:
    """The mistakes that only a build finds, such as a mix that is not as loud as the lock says."""
    from scenebuild.scene.check.findings import as_github, at_root

    found = [(one.scene, line) for one in results for line in one.errors[:MOST_ERRORS]]
    return as_github(at_root([_about_lock(line, scene) for scene, line in found]))


def _about_lock(line: ErrorLine, scene: str) -> Problem:
    """A line of a scene's build as a finding; what has no place of its own stands at the beginning of the scene."""
    return replace(line, rule="lock") if isinstance(line, Problem) else Problem("lock", line, Place(scene))


def _lacks_a_take(plan: Plan) -> bool:
    return plan.is_preview or any(step.status == "miss" and step.is_dear for step in plan.steps)


def builds_markdown(results: Sequence[SceneResult]) -> str:
    """What became of each scene as a table of inert Markdown, and the errors below it."""
    from scenebuild.report.readme.markdown import code, text

    rows = ["| scene | | length | loudness | true peak |", "| --- | --- | ---: | ---: | ---: |"]
    rows += [f"| {code(one.scene)} | {_state(one)} | {' | '.join(map(text, _facts(one)))} |" for one in results]
    errors = [str(line) for one in results for line in one.errors[:MOST_ERRORS]]
    return "\n".join([*rows, "", *(f"- {text(line)}" for line in errors)]).rstrip() + "\n" if results else ""


def _state(result: SceneResult) -> str:
    if result.status == "failed":
        return "**failed**"
    if not result.preview:
        return "as locked"
    sketched = sum(one.fidelity == "sketch" for one in result.elements)
    return f"**sketch preview**: {sketched} of {len(result.elements)} takes are sketches, the lock keeps the real ones"


def _facts(result: SceneResult) -> tuple[str, str, str]:
    from scenebuild import words

    if result.duration_s is None:
        return "", "", ""
    silent = float("-inf")
    loudness = silent if result.loudness_lufs is None else result.loudness_lufs
    peak = silent if result.true_peak_dbtp is None else result.true_peak_dbtp
    return words.duration(result.duration_s), words.loudness(loudness), words.true_peak(peak)


# Words


def words(job: Job) -> str:
    """The Markdown of the whole change: what failed, the difference, what was built."""
    from scenebuild.report.readme.markdown import text

    failed = text(", ".join(_failed(job)))
    builds = _read(job.report / "builds.md").strip()
    parts = [
        f"**Not in order: {failed}.** The annotations and the log of the job say where." * bool(failed),
        difference(job),
        f"<details><summary>What was built</summary>\n\n{builds}\n\n</details>" * bool(builds),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def difference(job: Job) -> str:
    """What changed, in Markdown without links: its page and pictures are uploaded to where no path of its own leads.
    Empty where nothing changed."""
    words = _read(job.report / "diff" / "diff.md").replace(MARKER, "")
    return LINK.sub("", words).strip() if _compared(job) else ""


def cut(text: str, most: int) -> str:
    """At most ``most`` bytes of a text, in whole lines, with a word about the others."""
    data = utf8(text)
    if len(data) <= most:
        return text
    note = "\n\n*Cut here; the page has the rest.*\n"
    kept = data[: most - len(note)].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + note


def _read(path: Path) -> str:
    try:
        return read_bounded(str(path), LARGEST_WORDS, follow_links=False).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"{path}: this is not what an earlier step wrote: {error.strerror or error}") from error


def _drop_unchanged(job: Job) -> None:
    """Of a comparison only the scenes that differ are uploaded; the others were built to see that they can be."""
    compared = _compared(job)
    if compared is None:
        return
    kept = {stem_of(path) for path in compared}
    for name in ("build", "preview"):
        for folder in (job.report / name).glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder)


def _compared(job: Job) -> list[str] | None:
    """The scenes that differ from the base; None where nothing was compared."""
    text = _read(job.report / "diff" / "diff.json")
    return [one["scene"] for one in json.loads(text)["scenes"]] if text else None


def _put_out(name: str, value: str) -> None:
    """An output of a step, for a workflow that asks for one."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")


def _failed(job: Job) -> list[str]:
    return list(dict.fromkeys(_read(job.folder / "failed").split()))


# The surroundings


@contextmanager
def _inert(job: Job) -> Iterator[None]:
    """What is printed within is only read: a runner of GitHub obeys no line of it, whatever an author wrote."""
    token = secrets.token_hex(16)
    if job.on_github:
        sys.stdout.write(f"::stop-commands::{token}\n")
        sys.stdout.flush()
    try:
        yield
    finally:
        if job.on_github:
            sys.stdout.write(f"\n::{token}::\n")
            sys.stdout.flush()


def _begin(job: Job) -> None:
    """Remove whatever lies in the folder: an earlier job's, or what a checkout brought along to be taken for ours."""
    with suppress(FileNotFoundError):
        for one in job.folder.iterdir():
            if one.name not in KEPT:
                _remove(one)


def _own_folders(job: Job) -> None:
    """A link in place of a folder of ours came with the checkout, and is removed: nothing is written through it."""
    here = Path.cwd()
    above = [one for one in job.folder.parents if one.is_relative_to(here) and one != here]
    if any(one.is_symlink() for one in above):
        raise UsageError(f"REVIEW_FOLDER: {job.folder} lies behind a link of the checkout; name another folder")
    inside = [job.folder / name for name in (*KEPT, "report", "page", "comment", "failed")]
    for one in (job.folder, *inside):
        if one.is_symlink():
            one.unlink()


def _inner_scenes(job: Job) -> None:
    """UsageError where scenes that the workflow names are reached through a link out of the checkout: what lies there
    is read, and its words are published."""
    here = Path.cwd()
    for one in job.scenes:
        if Path(os.path.normpath(here / one)).is_relative_to(here) and not (here / one).resolve().is_relative_to(here):
            raise UsageError(f"REVIEW_SCENES: {printable(one)} leads out of the checkout through a link")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_plain(path: Path) -> bool:
    """A regular file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _annotated(job: Job, *arguments: str) -> int:
    """Run a command whose findings GitHub is to obey: they alone, and none of what else is printed."""
    if not job.on_github:
        return _scenebuild(*arguments)
    printed = io.StringIO()
    with _inert(job):
        with redirect_stdout(printed):
            code = _scenebuild(*arguments)
        lines = [f"{line}\n" for line in printed.getvalue().split("\n") if line]
        sys.stdout.writelines(line for line in lines if not OURS.match(line))
    sys.stdout.writelines(line for line in lines if OURS.match(line))
    sys.stdout.flush()
    return code


def _scenebuild(*arguments: str) -> int:
    from scenebuild.cli import run

    code = run(arguments)
    sys.stdout.flush()
    return code


def _choose_store(job: Job) -> None:
    """The job's own store, unless the project keeps one in git."""
    from scenebuild.cli.options import config_for

    if not any(config_for([one]).store for one in job.scenes):
        os.environ["SCENEBUILD_STORE"] = str(job.folder / "store")


def _commit(revision: str) -> str:
    """The full id of a commit. UsageError where the checkout does not have it, in git's words where git fails."""
    answer = ask(os.getcwd(), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if answer is None:
        raise UsageError(
            f"{revision} is not in this checkout; fetch the whole history: fetch-depth: 0 for actions/checkout, "
            "GIT_DEPTH: 0 on GitLab"
        )
    return answer.decode().strip()
