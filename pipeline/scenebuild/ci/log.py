"""The log of a job: a runner of GitHub obeys the findings that a step returns, and no other line."""

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
    """What a step found. The files of findings are named from the root of the repository."""

    exit_code: int
    findings: Sequence[Problem] = ()


def reported(job: Job, name: str, step: Callable[[], Outcome]) -> int:
    """The exit code of a step. What it prints is only read; on GitHub its findings follow as annotations."""
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
