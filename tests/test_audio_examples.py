"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = [
    "curves",
    "distance",
    "equalizer",
    "frames",
    "level",
    "loop",
    "loudness",
    "pan",
    "reverb",
    "true_peak",
    "wav",
]


@pytest.mark.parametrize("name", [*(f"audio.{name}" for name in MODULES), "mix.timeline"])
def test_examples(name: str) -> None:
    done = doctest.testmod(import_module(f"scenebuild.{name}"))
    assert done.attempted > 0
    assert done.failed == 0
