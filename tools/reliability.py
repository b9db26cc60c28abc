"""Renew the table of docs/reliability.md from the reports of its runs: ``reliability.py REPORT.json ...``.

``make test-faults`` writes ``build/faults.json``; the last lines of ``make soak``, ``make fuzz`` and ``make mutants``
are reports as well, each saved to a file of its own. A table without a report stays as it is.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
sys.path.insert(0, str(ROOT / "tests"))

from promises import PROMISES  # noqa: E402


def main(*reports: str) -> int:
    """Write the page anew."""
    page = PAGE.read_text(encoding="utf-8")
    for path in reports:
        report = json.loads(Path(path).read_text())
        name, text = _rendered(report)
        page = re.sub(rf"(<!-- {name} -->\n).*?(<!-- end -->)", rf"\g<1>{text}\g<2>", page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")
    return 0


def _rendered(report: Any) -> tuple[str, str]:
    """The name of a table and its text."""
    if isinstance(report, dict):
        return _long_run(report)
    return ("fuzz", _fuzzed(report)) if "target" in report[0] else ("promises", _promises(report))


def _fuzzed(report: list[dict[str, Any]]) -> str:
    rows = ["| reader | inputs | CPU seconds | slowest, ms | crashes | slow |", "| --- | --- | --- | --- | --- | --- |"]
    for one in report:
        figures = (one["target"], one["inputs"], one["cpu_s"], one["slowest_ms"], len(one["crashes"]), one["slow"])
        rows.append(f"| {' | '.join(map(_told, figures))} |")
    return "\n".join(rows) + "\n"


def _promises(report: list[dict[str, Any]]) -> str:
    found = {one["promise"]: one for one in report}
    rows = ["| | promise | tests | tried |", "| --- | --- | --- | --- |"]
    for promise in PROMISES:
        outcomes = found.get(promise.name, {}).get("outcomes", {})
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        figures = found.get(promise.name, {}).get("figures", {})
        tried = ", ".join(f"{value:,} {name}" for name, value in sorted(figures.items()))
        rows.append(f"| {promise.name} | {promise.sentence} | {told} | {tried} |")
    return "\n".join(rows) + "\n"


def _long_run(report: dict[str, Any]) -> tuple[str, str]:
    """Any other report: its figures, one a row, and of a table of rooms one row a room."""
    rows = ["| figure | value |", "| --- | --- |"]
    for name, value in report.items():
        if isinstance(value, dict):
            rows += [f"| {room} | {_told(figures)} |" for room, figures in value.items()]
        elif name != "name":
            rows.append(f"| {name.replace('_', ' ')} | {_told(value)} |")
    return report["name"].split()[0], "\n".join(rows) + "\n"


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
