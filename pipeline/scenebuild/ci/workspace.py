"""The folder of a job: files that one step writes for the next ones."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from scenebuild.ci.job import Job
from scenebuild.errors import UsageError
from scenebuild.files import publish_bytes, read_bounded

LARGEST_WORDS = 64 << 20  # bytes of a file that an earlier step wrote
FAILED = "failed"
KEPT = ("store", "venv")  # when the first step empties the folder


def refuse_strange_folder(job: Job) -> None:
    """Remove links in the place of our files: they came with the checkout, and nothing is written through them.

    UsageError if the whole folder is reached through such a link.
    """
    here = Path.cwd()
    above = [one for one in job.folder.parents if one.is_relative_to(here) and one != here]
    if any(one.is_symlink() for one in above):
        raise UsageError(f"REVIEW_FOLDER: {job.folder} lies behind a link of the checkout; name another folder")
    own = (job.report, job.comment, job.page_folder, job.difference, job.folder / FAILED)
    inside = [*own, *(job.folder / name for name in KEPT)]
    for one in (job.folder, *inside):
        if one.is_symlink():
            one.unlink()


def begin(job: Job) -> None:
    """Remove everything in the folder: it is from an earlier job, or a checkout brought it."""
    with suppress(FileNotFoundError):
        for one in job.folder.iterdir():
            if one.name not in KEPT:
                remove(one)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all its files; a link is removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_plain(path: Path) -> bool:
    """Whether a path is a regular file and not a link."""
    return path.is_file() and not path.is_symlink()


def read(path: Path) -> str:
    """The text that an earlier step wrote; "" if it wrote none. UsageError for anything but a regular file."""
    try:
        return read_bounded(str(path), LARGEST_WORDS, follow_links=False).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"{path}: this is not what an earlier step wrote: {error.strerror or error}") from error


def failed_steps(job: Job) -> list[str]:
    """The failed steps, in order."""
    return list(dict.fromkeys(read(job.folder / FAILED).split()))


def remember_failure(job: Job, name: str) -> None:
    """Add a step to the failed ones."""
    failed = "".join(f"{one}\n" for one in [*failed_steps(job), name])
    publish_bytes(str(job.folder / FAILED), failed.encode())


def choose_store(job: Job) -> None:
    """Use a store in the job's folder, unless the project's configuration names one."""
    from scenebuild.cli.options import config_for

    if not any(config_for([one]).store for one in job.scenes):
        os.environ["SCENEBUILD_STORE"] = str(job.folder / "store")
