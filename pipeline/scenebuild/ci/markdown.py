"""The Markdown of a job: for the comment, for the summary, and about its builds."""

from __future__ import annotations

from collections.abc import Sequence

from scenebuild.ci.job import Job
from scenebuild.ci.workspace import failed_steps, read
from scenebuild.files import utf8
from scenebuild.result import SceneResult

MOST_ERRORS = 20  # of one scene, in words


def whole(job: Job) -> str:
    """The Markdown of the whole change: failed steps, the difference, the builds."""
    from scenebuild.report.readme.markdown import text

    failed = text(", ".join(failed_steps(job)))
    builds = read(job.builds).strip()
    parts = [
        f"**Failed: {failed}.** The annotations and the log of the job say where." * bool(failed),
        difference(job),
        f"<details><summary>What was built</summary>\n\n{builds}\n\n</details>" * bool(builds),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def difference(job: Job) -> str:
    """What changed; empty if nothing changed, and if nothing was compared."""
    return read(job.difference)


def cut(text: str, most: int) -> str:
    """At most ``most`` bytes of a text, in whole lines, with a note if it was cut."""
    data = utf8(text)
    if len(data) <= most:
        return text
    note = "\n\n*Cut here; the page has the rest.*\n"
    kept = data[: most - len(note)].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + note


def builds_markdown(results: Sequence[SceneResult]) -> str:
    """The result of each scene as a table of inert Markdown, and the errors below it."""
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
    from scenebuild import number_text as words

    if result.duration_s is None:
        return "", "", ""
    silent = float("-inf")
    loudness = silent if result.loudness_lufs is None else result.loudness_lufs
    peak = silent if result.true_peak_dbtp is None else result.true_peak_dbtp
    return words.duration(result.duration_s), words.loudness(loudness), words.true_peak(peak)
