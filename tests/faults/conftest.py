"""Names the tests of each promise and, where ``FAULTS_REPORT`` says so, writes what came of them as JSON."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from promises import PROMISES

TESTS = Path(__file__).resolve().parent.parent
_held: defaultdict[str, list[str]] = defaultdict(list)  # test -> the promises that it holds
for _promise in PROMISES:
    for _test in _promise.tests:
        _held[_test].append(_promise.name)


def _name(item: pytest.Item) -> str:
    return f"{item.path.relative_to(TESTS)}::{getattr(item, 'originalname', item.name)}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if TESTS in item.path.parents:
            if item.path.parent == TESTS / "faults":
                item.add_marker("faults")
            for promise in _held.get(_name(item), ()):
                item.extra_keyword_matches.add(promise)
                item.add_marker("faults")
                item.user_properties.append(("promise", promise))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One row a promise: how many of its tests passed, failed and were skipped, and the figures that they recorded."""
    path = os.environ.get("FAULTS_REPORT")
    if not path:
        return
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    figures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            properties = getattr(report, "user_properties", ())
            for promise in {value for name, value in properties if name == "promise"}:
                outcomes[promise][outcome] += 1
                figures[promise].update({name: value for name, value in properties if name != "promise"})
    table = [
        {"promise": one.name, "outcomes": dict(outcomes[one.name]), "figures": dict(figures[one.name])}
        for one in PROMISES
    ]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(table, indent=1) + "\n")
