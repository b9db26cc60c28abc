"""The job of a pipeline, from its environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenebuild.errors import UsageError
from scenebuild.scene.quoting import printable

REVISION = re.compile(r"[0-9A-Za-z][\w./@{}^~-]{0,250}\Z")


@dataclass(frozen=True, slots=True)
class Job:
    """The settings and the folder of a job."""

    folder: Path
    scenes: tuple[str, ...]
    base: str  # the revision to compare with; empty: nothing is compared
    head: str
    strict: bool
    video: bool
    fail_on_change: bool
    pull_request: str  # its number
    page: str  # the address of the uploaded page
    summary: str  # the file of the job's summary
    on_github: bool

    @property
    def report(self) -> Path:
        """The folder that is uploaded."""
        return self.folder / "report"

    @property
    def comment(self) -> Path:
        """The folder for the workflow that may write the comment."""
        return self.folder / "comment"

    @property
    def page_folder(self) -> Path:
        """The folder with the page alone."""
        return self.folder / "page"

    @property
    def difference(self) -> Path:
        """The text of the comparison for the comment and the summary; it exists if something changed."""
        return self.folder / "difference.md"

    @property
    def builds(self) -> Path:
        """The text about the builds."""
        return self.report / "builds.md"


def job_from(environment: Mapping[str, str]) -> Job:
    """The job that the environment describes. UsageError if it names no folder, or a text that is not a revision."""
    folder = environment.get("REVIEW_FOLDER") or environment.get("RUNNER_TEMP")
    if not folder:
        raise UsageError("REVIEW_FOLDER (or RUNNER_TEMP) is not set; set it to the folder for all outputs")
    own = "" if environment.get("REVIEW_FOLDER") else "scenebuild"
    revisions = {name: environment.get(f"REVIEW_{name}", "").strip() for name in ("BASE", "HEAD")}
    for name, revision in revisions.items():
        if revision and not REVISION.match(revision):
            raise UsageError(f"REVIEW_{name}: {revision[:60]!r} is not a revision; write a commit or a branch")

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
    """The absolute path of the folder. A link inside the checkout is not followed."""
    here = Path.cwd()
    path = Path(os.path.normpath(here / folder))
    return path if path.is_relative_to(here) and path != here else path.resolve()


def refuse_links_out(job: Job) -> None:
    """UsageError if a path of REVIEW_SCENES leads through a link out of the checkout: texts of the scenes there would
    be published."""
    here = Path.cwd()
    for one in job.scenes:
        if Path(os.path.normpath(here / one)).is_relative_to(here) and not (here / one).resolve().is_relative_to(here):
            raise UsageError(f"REVIEW_SCENES: {printable(one)} leads out of the checkout through a link")
