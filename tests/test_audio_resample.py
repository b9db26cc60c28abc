"""Resampling keeps a tone's level, its place and its length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.resample import fitted, resample, resample_blocks
from scenebuild.frames import frames_of
from signals import level_db, noise, stereo, tone


@pytest.mark.parametrize("from_rate", [16000, 22050, 32000, 44100, 96000])
@pytest.mark.parametrize("hz", [100, 1000, 7000])
def test_a_tone_keeps_its_level(from_rate: int, hz: float) -> None:
    out = resample(stereo(tone(hz, 1.0, -12, from_rate)), from_rate, 48000)
    assert len(out) == 48000
    assert level_db(out[4800:-4800]) == pytest.approx(-12 - 3.01, abs=0.02)


def test_what_the_new_rate_can_not_hold_is_gone() -> None:
    out = resample(stereo(tone(15000, 1.0, 0, 48000)), 48000, 16000)
    assert level_db(out[800:-800]) < -100


def test_an_impulse_stays_where_it_was() -> None:
    take = np.zeros((16000, 1), np.float32)
    take[8000] = 1.0
    assert np.argmax(np.abs(resample(take, 16000, 48000))) == 24000


@settings(max_examples=25, deadline=None)
@given(
    frames=st.integers(1, 5000),
    from_rate=st.sampled_from([8000, 16000, 44100, 48000]),
    to_rate=st.sampled_from([8000, 44100, 48000]),
)
def test_the_length_is_the_nearest_whole_number_of_frames(frames: int, from_rate: int, to_rate: int) -> None:
    out = resample(np.ones((frames, 2), np.float32), from_rate, to_rate)
    exact = Fraction(frames * to_rate, from_rate)
    assert abs(len(out) - exact) <= Fraction(1, 2)
    assert len(out) == frames_of(frames / from_rate, to_rate)


def test_blocks_give_what_the_whole_gives() -> None:
    take = noise(1.0, rate=16000)
    blocks = resample_blocks(np.array_split(take, 7), 16000, 48000, 2)
    np.testing.assert_allclose(np.concatenate(list(fitted(blocks, 48000, 2))), resample(take, 16000, 48000), atol=1e-7)


def test_equal_rates_change_nothing() -> None:
    take = noise(0.3)
    assert np.array_equal(resample(take, 48000, 48000), take)
