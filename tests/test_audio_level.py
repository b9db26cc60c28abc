"""Gain, pan, fades and crossfades: levels in decibels."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest

from scenebuild.audio.level import crossfade, fade_curve, fade_in, fade_out, pan_gains, spread
from scenebuild.decibels import db_to_gain, gain_to_db
from signals import level_db, noise, stereo, tone


def test_decibels() -> None:
    assert db_to_gain(0.0) == 1.0
    assert db_to_gain(-inf) == 0.0
    assert gain_to_db(2.0) == pytest.approx(6.0206, abs=1e-4)
    assert gain_to_db(0.0) == -inf
    assert gain_to_db(db_to_gain(-17.3)) == pytest.approx(-17.3)
    with pytest.raises(ValueError, match="a gain is 0 or more, not -1"):
        gain_to_db(-1.0)


@pytest.mark.parametrize("pan", np.linspace(-1, 1, 21))
def test_a_mono_sound_keeps_its_power_wherever_it_is_panned(pan: float) -> None:
    take = noise(0.5, channels=1)
    power = 10 * np.log10(np.sum(np.mean(spread(take, 2, pan) ** 2.0, axis=0)))
    assert power == pytest.approx(level_db(take), abs=0.01)


def test_a_mono_sound_sits_where_it_is_panned() -> None:
    assert pan_gains(0.0, 1)[0] == pytest.approx((1 / sqrt(2), 1 / sqrt(2)))
    assert pan_gains(-1.0, 1)[0] == pytest.approx((1, 0))
    assert pan_gains(1.0, 1)[0] == pytest.approx((0, 1), abs=1e-12)


def test_a_stereo_sound_in_the_middle_is_left_as_it_is() -> None:
    take = noise(0.1)
    assert np.array_equal(spread(take, 2), take)


@pytest.mark.parametrize("pan", [-1.0, -0.6, -0.25, 0.25, 0.6, 1.0])
def test_a_stereo_sound_is_panned_as_the_web_audio_api_says(pan: float) -> None:
    """The formulas of the Web Audio API, section 1.33, for one sample at a time."""
    left, right = 0.3, -0.7
    x = pan + 1 if pan <= 0 else pan
    down, up = np.cos(x * np.pi / 2), np.sin(x * np.pi / 2)
    wanted = (left + right * down, right * up) if pan <= 0 else (left * down, right + left * up)
    assert spread(np.array([[left, right]], np.float32), 2, pan)[0] == pytest.approx(wanted, abs=1e-6)


def test_two_unrelated_sides_panned_hard_keep_their_power() -> None:
    take = noise(2.0)
    panned = spread(take, 2, 1.0)
    assert np.sum(np.mean(panned**2.0, axis=0)) == pytest.approx(np.sum(np.mean(take**2.0, axis=0)), rel=0.02)
    assert np.abs(panned[:, 0]).max() < 1e-6


def test_in_mono_a_stereo_take_is_the_average_of_its_sides() -> None:
    take = np.array([[0.5, 0.1], [1.0, -1.0]], np.float32)
    assert spread(take, 1, pan=0.9)[:, 0] == pytest.approx([0.3, 0.0])
    with pytest.raises(ValueError, match="6 channels into 2: only mono and stereo can be mixed"):
        spread(np.zeros((4, 6), np.float32), 2)


def test_two_equal_sounds_add_up_to_six_decibels() -> None:
    take = stereo(tone(440, 1.0, -20))
    assert level_db(take + take) - level_db(take) == pytest.approx(6.02, abs=0.01)


def test_fades_start_in_silence_and_end_at_unity_without_a_corner() -> None:
    curve = fade_curve(1000, 0, 1000)
    assert curve[0] < 1e-5
    assert curve[-1] > 1 - 1e-5
    assert 20 * np.log10(curve[499:501].mean()) == pytest.approx(-6.02, abs=0.01)
    assert np.all(np.diff(curve) > 0)
    assert np.abs(np.diff(curve, 2)).max() < 6e-6  # a straight ramp would have a corner of 1e-3 at its ends
    assert np.array_equal(curve[300:420], fade_curve(1000, 300, 420))


def test_fades_act_on_their_end_only() -> None:
    ones = np.ones((1000, 2), np.float32)
    assert np.all(fade_in(ones, 100)[100:] == 1)
    assert np.all(fade_out(ones, 100)[:900] == 1)
    assert np.array_equal(fade_out(ones, 100), fade_in(ones, 100)[::-1])
    assert fade_in(ones, 5000)[-1, 0] == pytest.approx(1, abs=1e-4)
    assert np.all(ones == 1)


def test_a_crossfade_of_unrelated_sounds_holds_the_level() -> None:
    faded = crossfade(noise(20, seed=1), noise(20, seed=2))
    for part in np.array_split(faded, 10):
        assert level_db(part) == pytest.approx(-20, abs=0.1)
    with pytest.raises(ValueError, match="two sounds of one shape"):
        crossfade(noise(1), noise(2))
