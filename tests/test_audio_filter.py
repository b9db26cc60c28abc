"""Recursive filters by blocks, against the loop over samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.biquad import Biquad, BlockFilter
from scenebuild.audio.loudness import k_weighting
from signals import noise


def direct_form(sections: tuple[Biquad, ...], line: np.ndarray) -> np.ndarray:
    """The definition, sample by sample."""
    for section in sections:
        x1 = x2 = y1 = y2 = 0.0
        out = np.zeros(len(line))
        for k, x in enumerate(line):
            out[k] = section.b0 * x + section.b1 * x1 + section.b2 * x2 - section.a1 * y1 - section.a2 * y2
            x1, x2, y1, y2 = x, x1, out[k], y1
        line = out
    return line


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 192000])
def test_blocks_give_what_the_loop_over_samples_gives(rate: int) -> None:
    sections = k_weighting(rate)
    samples = noise(5000 / rate, rate=rate)
    block_filter = BlockFilter(sections)
    out, _ = block_filter.run(samples, block_filter.at_rest(2))
    for channel in range(2):
        naive = direct_form(sections, samples[:, channel].astype(np.float64))
        np.testing.assert_allclose(out[:, channel], naive, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 700), max_size=6))
def test_the_state_carries_over_any_cut(cuts: list[int]) -> None:
    block_filter = BlockFilter(k_weighting(48000))
    samples = noise(700 / 48000)
    whole, end = block_filter.run(samples, block_filter.at_rest(2))
    state, pieces = block_filter.at_rest(2), []
    for piece in np.split(samples, sorted(cuts)):
        out, state = block_filter.run(piece, state)
        pieces.append(out)
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-12)
    np.testing.assert_allclose(state, end, atol=1e-9)


def test_the_table_of_the_standard_at_48_khz() -> None:
    shelf, high_pass = k_weighting(48000)
    found = (shelf.b0, shelf.b1, shelf.b2, shelf.a1, shelf.a2, high_pass.a1, high_pass.a2)
    assert found == pytest.approx(
        (
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            -1.69065929318241,
            0.73248077421585,
            -1.99004745483398,
            0.99007225036621,
        ),
        abs=1e-13,
    )
