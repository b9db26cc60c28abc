"""The step that compares the change with its base, in words, numbers, pictures and sound."""

from __future__ import annotations

import os
import shutil

from scenebuild.ci.job import Job
from scenebuild.ci.log import Outcome, reported
from scenebuild.errors import UsageError
from scenebuild.files import publish_bytes, utf8
from scenebuild.git import ask
from scenebuild.review.model import Review
from scenebuild.scene.compose.reference import stem_of


def diff(job: Job) -> int:
    """What changed since the base, in words, numbers, pictures and sound."""
    if not job.base:
        return 0
    revisions = f"{_commit(job.base)}...{_commit(job.head)}"
    return reported(job, "diff", lambda: _compared(job, revisions))


def _compared(job: Job, revisions: str) -> Outcome:
    from scenebuild.cli.diff import reviewed, tell
    from scenebuild.cli.options import Flags, settings_for
    from scenebuild.cli.terminal import complain
    from scenebuild.review.formats.annotations import findings_of
    from scenebuild.review.formats.markdown import as_markdown
    from scenebuild.review.formats.page import ReviewPage
    from scenebuild.review.formats.write import ReviewFolder

    settings = settings_for((), Flags(store=os.environ.get("SCENEBUILD_STORE")))
    page, folder = ReviewPage(), ReviewFolder(job.report / "diff", video=job.video, tell=complain)
    found = reviewed([revisions], job.scenes, settings, page, folder)
    if found:
        publish_bytes(str(job.difference), utf8(as_markdown(found, folder.attached, is_apart=True).strip()))
    _drop_unchanged(job, found)
    if not job.on_github:
        tell(found, colour=os.environ.get("SCENEBUILD_COLOR") or "auto")
    return Outcome(1 if job.fail_on_change and found else 0, findings_of(found))


def _drop_unchanged(job: Job, found: Review) -> None:
    """Remove the builds of scenes that do not differ: only the others are uploaded."""
    kept = {stem_of(scene.path) for scene in found.scenes}
    for name in ("build", "preview"):
        for folder in (job.report / name).glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder)


def _commit(revision: str) -> str:
    """The full id of a commit. UsageError if the checkout does not have it; if git fails, with git's message."""
    answer = ask(os.getcwd(), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if answer is None:
        raise UsageError(
            f"{revision} is not in this checkout; fetch the whole history: fetch-depth: 0 for actions/checkout, "
            "GIT_DEPTH: 0 on GitLab"
        )
    return answer.decode().strip()
