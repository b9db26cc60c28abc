"""Every promise of the manual has tests, and every test that the table names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from promises import PROMISES, Promise

TESTS = Path(__file__).resolve().parent.parent


def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_a_promise_has_tests_that_are_there(promise: Promise) -> None:
    assert promise.tests
    missing = [one for one in promise.tests if one.split("::")[1] not in functions_of(TESTS / one.split("::")[0])]
    assert missing == []


def test_the_promises_are_numbered_without_a_gap() -> None:
    assert [promise.name for promise in PROMISES] == [f"P{number:02}" for number in range(1, len(PROMISES) + 1)]


def test_the_page_names_every_file_of_these_tests_and_no_other() -> None:
    """A family of faults that nobody can look up is soon forgotten."""
    page = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
    families = page[page.index("## Families of faults") :]
    here = {path.name for path in (TESTS / "faults").glob("test_*.py")}
    named = set(re.findall(r"`(test_\w+\.py)`", families))
    assert named <= here
    of_their_own = {one.split("/")[-1].split("::")[0] for promise in PROMISES for one in promise.tests}
    assert here - named - of_their_own == {"test_promises.py", "test_fuzz.py"}
