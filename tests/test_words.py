"""Numbers as people read them."""

from __future__ import annotations

import doctest
import math
import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenebuild import number_text as words
from scenebuild.report.pictures import axes
from scenebuild.report.readme import markdown


@pytest.mark.parametrize("module", [words, markdown, axes], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    assert doctest.testmod(module) == (0, doctest.testmod(module).attempted)
    assert doctest.testmod(module).attempted > 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.loudness(-20.04), "−20.0 LUFS"),
        (words.loudness(-math.inf), "silent"),
        (words.true_peak(-3.14), "−3.1 dBTP"),
        (words.true_peak(0.0), "0.0 dBTP"),
        (words.gain(2.44), "+2.4 dB"),
        (words.gain(-0.04), "0.0 dB"),
        (words.gain(-math.inf), "silent"),
        (words.volume(1.2), "1.20 (+1.6 dB)"),
        (words.sample_rate(48000), "48 kHz"),
        (words.sample_rate(44100), "44.1 kHz"),
        (words.sample_rate(22050), "22.05 kHz"),
        (words.channels(1), "mono"),
        (words.channels(6), "6 channels"),
        (words.temperature(1.25), "1.25"),
        (words.pan(1.0), "right"),
        (words.unbroken("0.70 (−3.1 dB)"), "0.70 (−3.1\u00a0dB)"),
        (words.listing([]), ""),
        (words.listing(["rain", "door"]), "rain and door"),
    ],
)
def test_each_kind_of_number(said: str, expected: str) -> None:
    assert said == expected


def _seconds(said: str) -> float:
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+) (h|min|s)\b", said))


@given(st.floats(0, 1e5))
def test_a_duration_says_what_it_is_and_never_60_of_a_smaller_unit(seconds: float) -> None:
    said = words.duration(seconds)
    error = 0.00501 if seconds < 0.995 else 0.0501 if seconds < 59.95 else 0.501
    assert _seconds(said) == pytest.approx(seconds, abs=error)
    assert not re.search(r"(?<![\d.])60(\.0)? (s|min)", said)


@given(st.floats(-1e6, 1e6), st.integers(0, 3), st.booleans())
def test_a_number_has_a_true_minus_and_zero_has_no_sign(value: float, digits: int, signed: bool) -> None:
    said = words.number(value, digits, signed)
    assert "-" not in said
    assert float(said.replace("−", "-")) == pytest.approx(round(value, digits))
    assert float(said.replace("−", "-")) != 0 or said[0] == "0"


@given(st.floats(0.001, 1e6))
def test_ticks_are_few_round_and_told_apart(duration_s: float) -> None:
    ticks = axes.ticks(duration_s)
    times, labels = zip(*ticks, strict=True)
    assert len(ticks) <= 15
    assert times[0] == 0
    assert list(times) == sorted(set(times))
    assert times[-1] <= duration_s * (1 + 1e-9) + 1e-9
    assert len(set(labels)) == len(labels)
