"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import scenebuild

PACKAGE = Path(scenebuild.__file__).parent
WITH_EXAMPLES = sorted(
    f"{room}.{path.stem}"
    for room in ("audio", "deliver", "mix")
    for path in (PACKAGE / room).glob("*.py")
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    done = doctest.testmod(import_module(f"scenebuild.{name}"))
    assert done.attempted > 0
    assert done.failed == 0
