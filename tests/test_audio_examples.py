"""The examples in docstrings are run as doctests."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import scenebuild

PACKAGE = Path(scenebuild.__file__).parent
ROOMS = ("audio", "deliver", "mix")
PATHS = (*PACKAGE.glob("*.py"), *(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")))
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PATHS if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    done = doctest.testmod(import_module(f"scenebuild.{name}"))
    assert done.attempted > 0
    assert done.failed == 0
