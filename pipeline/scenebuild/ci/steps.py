"""``python -I -m scenebuild.ci STEP``: the steps of ``action.yml`` and of the template for GitLab.

Their settings are environment variables (``REVIEW_SCENES``, ...), because no shell interprets those, whoever wrote the
text. Apart from the job's summary, all files are written into one folder outside the checkout:

    store/         takes, where the project names no store of its own
    report/        the artifact: diff/, and build/ or preview/ with a folder a scene
    page/          the page of diff/, which is uploaded without an archive
    comment/       comment.md and pull-request, for the workflow that may write the comment
    difference.md  the text of diff/ for the comment and the summary, if something changed
    failed         the failed steps, one a line
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from scenebuild.ci.build import build
from scenebuild.ci.check import lint, locks, validate
from scenebuild.ci.diff import diff
from scenebuild.ci.job import Job, job_from, refuse_links_out
from scenebuild.ci.log import inert
from scenebuild.ci.publish import collect, summary
from scenebuild.ci.workspace import choose_store, refuse_strange_folder, remember_failure
from scenebuild.errors import ScenebuildError

STEPS: dict[str, Callable[[Job], int]] = {
    "validate": validate, "lint": lint, "locks": locks, "build": build, "diff": diff, "collect": collect,
    "summary": summary,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run one step and return its exit code; a failed step is recorded for the summary."""
    # One stream, so that no line can overtake the one that makes the log inert.
    os.dup2(1, 2)
    sys.stderr = sys.stdout  # the old one may be a file, and would seek in it
    if len(arguments) != 1 or arguments[0] not in STEPS:
        sys.stderr.write(f"write one step: {', '.join(STEPS)}\n")
        return 2
    try:
        job = job_from(os.environ)
        refuse_strange_folder(job)
        refuse_links_out(job)
    except ScenebuildError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return _run(arguments[0], job)


def _run(name: str, job: Job) -> int:
    try:
        choose_store(job)
        code = STEPS[name](job)
    except ScenebuildError as error:
        from scenebuild.cli.terminal import complain

        with inert(job):
            complain(str(error))
        code = error.exit_code
    if code and name != "summary":
        remember_failure(job, name)
    return code
