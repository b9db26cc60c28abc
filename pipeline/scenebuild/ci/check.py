"""The steps that check scenes and locks: validate, lint, locks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scenebuild.ci.job import Job
from scenebuild.ci.log import Outcome, reported
from scenebuild.ci.workspace import begin
from scenebuild.errors import Problem, UsageError


def validate(job: Job) -> int:
    """Mistakes and warnings, as annotations. The first step: it empties the folder except for the store."""
    from scenebuild.cli.validate import about_scenes

    begin(job)
    return reported(job, "validate", lambda: _checked(job, about_scenes, locks_only=False))


def locks(job: Job) -> int:
    """Scenes that do not match their committed lock, as annotations."""
    from scenebuild.cli.validate import about_locks

    return reported(job, "locks", lambda: _checked(job, about_locks, locks_only=True))


def lint(job: Job) -> int:
    """The warnings as lines of the log: ``validate`` has written the annotations."""
    return reported(job, "lint", lambda: _linted(job))


def _checked(job: Job, about: Callable[[list[str]], Sequence[Problem]], *, locks_only: bool) -> Outcome:
    from scenebuild.cli.validate import exit_code_of, tell
    from scenebuild.scene.check.findings import at_root

    paths = _scenes(job)
    problems = about(paths)
    if not job.on_github:
        tell(problems, len(paths), locks_only=locks_only)
    return Outcome(exit_code_of(problems, locks_only=locks_only), at_root(problems))


def _linted(job: Job) -> Outcome:
    from scenebuild.cli.lint import about_prompts, exit_code_of, tell

    paths = _scenes(job)
    problems = about_prompts(paths)
    tell(problems, len(paths))
    return Outcome(exit_code_of(problems, strict=job.strict))


def _scenes(job: Job) -> list[str]:
    from scenebuild.scene.project import find_scenes

    if not job.scenes:
        raise UsageError("REVIEW_SCENES names no scenes; write files, or folders of them, one a line")
    return find_scenes(list(job.scenes))
