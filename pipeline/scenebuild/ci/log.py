"""The log of a job: only the findings of a step are commands to a runner of GitHub, and no other line."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from scenebuild.ci.job import Job
from scenebuild.errors import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a step. The files of its findings are named from the root of the repository."""

    exit_code: int
    findings: Sequence[Problem] = ()


def reported(job: Job, name: str, step: Callable[[], Outcome]) -> int:
    """The exit code of a step. Its output contains no commands; on GitHub its findings follow as annotations."""
    from scenebuild.cli import answered
    from scenebuild.scene.check.findings import as_github

    findings: list[Problem] = []

    def act() -> int:
        outcome = step()
        findings.extend(outcome.findings)
        return outcome.exit_code

    with inert(job):
        code = answered(act, f"step: {name}")
    if job.on_github:
        sys.stdout.write(as_github(findings))
    sys.stdout.flush()
    return code


@contextmanager
def inert(job: Job) -> Iterator[None]:
    """In the block, a runner of GitHub executes no command in the log, whatever an author wrote."""
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
