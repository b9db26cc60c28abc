"""The last steps: the files for the workflow that comments, and the summary of the job."""

from __future__ import annotations

import os
import re
import shutil
import sys

from scenebuild.ci.job import Job
from scenebuild.ci.log import inert
from scenebuild.ci.markdown import cut, difference, whole
from scenebuild.ci.workspace import failed_steps, is_plain, remove
from scenebuild.files import publish_bytes, utf8

LARGEST_SUMMARY = 1_000_000  # bytes; GitHub accepts at most 1 MiB from one step, and drops a larger summary


def collect(job: Job) -> int:
    """Write the files for the comment: its text, which is empty if nothing changed, and the number of the pull
    request."""
    for folder in (job.comment, job.page_folder):
        remove(folder)
    job.comment.mkdir(parents=True)
    news = whole(job) if failed_steps(job) or difference(job) else ""
    publish_bytes(str(job.comment / "comment.md"), utf8(news))
    if job.pull_request.isascii() and job.pull_request.isdigit():
        publish_bytes(str(job.comment / "pull-request"), job.pull_request.encode())
    page = job.report / "diff" / "index.html"
    if is_plain(page) and difference(job):
        job.page_folder.mkdir()
        shutil.copyfile(page, job.page_folder / "scenebuild.html", follow_symlinks=False)
        _put_out("page", "true")
    return 0


def summary(job: Job) -> int:
    """Write the summary of the job; exit code 1 if an earlier step failed."""
    text = cut(whole(job), LARGEST_SUMMARY)
    if re.fullmatch(r"https://[\w./:-]+", job.page):
        text = f"**[Listen: the page of this change]({job.page})**\n\n{text}"
    if job.summary:
        with open(job.summary, "a", encoding="utf-8") as file:
            file.write(text)
    else:
        with inert(job):
            sys.stdout.write(text)
    failed = failed_steps(job)
    if failed:
        sys.stdout.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def _put_out(name: str, value: str) -> None:
    """Set an output of the step."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")
