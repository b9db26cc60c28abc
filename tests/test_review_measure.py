"""The numbers of a review, on sounds with known properties."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenebuild.audio.wav import read_blocks, write_wav
from scenebuild.review.compare import meters as measure
from scenebuild.review.compare.meters import BandMeter, measure_sound, null_test
from scenebuild.review.compare.spectral_balance import BANDS, EDGES_HZ, balance, in_words
from signals import RATE, Samples, band_noise, ffmpeg_ebur128, needs_ffmpeg, noise, stereo, tone

levels = st.lists(st.floats(-90, 0) | st.just(-math.inf), min_size=len(BANDS), max_size=len(BANDS))


def wav(folder: Path, name: str, samples: Samples, rate: int = RATE) -> Path:
    write_wav(folder / name, samples, rate)
    return folder / name


# Bands


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("band", range(len(BANDS)))
def test_a_sine_is_in_its_band_with_its_level(band: int, rate: int) -> None:
    hertz = min(math.sqrt(EDGES_HZ[band] * EDGES_HZ[band + 1]), 15_000)
    meter = BandMeter(rate, 2)
    meter.feed(stereo(tone(hertz, 4.0, -12.0, rate)))
    found = meter.bands_db()
    assert found[band] == pytest.approx(-12.0, abs=0.2)
    assert all(level < -50 for at, level in enumerate(found) if at != band)


def test_the_bands_do_not_depend_on_how_the_sound_was_cut() -> None:
    samples = noise(2.5)
    whole, pieces = BandMeter(RATE, 2), BandMeter(RATE, 2)
    whole.feed(samples)
    for start in range(0, len(samples), 7777):
        pieces.feed(samples[start : start + 7777])
    assert whole.bands_db() == pieces.bands_db()
    assert whole.bands_db() == whole.bands_db(), "asking changes nothing"


def test_silence_has_no_level_in_any_band() -> None:
    meter = BandMeter(RATE, 1)
    meter.feed(np.zeros((1000, 1), np.float32))
    assert set(meter.bands_db()) == {-math.inf}


def test_a_change_of_level_is_no_change_of_balance() -> None:
    before = [-20.0, -25.0, -30.0, -35.0, -50.0]
    after = [level - 6 for level in before]
    assert balance(before, after) == pytest.approx([0.0] * len(BANDS), abs=1e-9)
    assert in_words(before, after) == ""


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((-20, -20, -20, -26, -36), "brighter"),
        ((-20, -20, -20, -34, -44), "darker"),
        ((-20, -20, -20, -28.3, -38.3), "slightly brighter"),
        ((-30, -20, -20, -30, -40), "much less bass"),
        ((-14, -20, -20, -30, -40), "darker, more bass"),
        ((-20, -20, -20, -30, -20), "much brighter"),
        ((-20, -20, -20, -30, -40), ""),
    ],
)
def test_a_change_of_balance_in_words(after: tuple[float, ...], words: str) -> None:
    assert words in in_words((-20, -20, -20, -30, -40), after)
    assert bool(words) == bool(in_words((-20, -20, -20, -30, -40), after))


@given(levels, levels)
def test_the_other_direction_says_the_opposite(before: list[float], after: list[float]) -> None:
    assert balance(before, after) == pytest.approx([-one for one in balance(after, before)], abs=1e-9)
    opposite = {"brighter": "darker", "darker": "brighter", "more": "less", "less": "more"}
    words = " ".join(opposite.get(word, word) for word in in_words(before, after).replace(",", " ,").split())
    assert words.replace(" ,", ",") == in_words(after, before)


# The null test


def test_the_same_file_is_identical(tmp_path: Path) -> None:
    one, other = wav(tmp_path, "a.wav", noise(1.0)), wav(tmp_path, "b.wav", noise(1.0))
    found = null_test(one, other)
    assert (found.identical, found.residual_dbfs, found.peak_dbfs) == (True, -math.inf, -math.inf)


def test_one_bit_is_a_difference(tmp_path: Path) -> None:
    samples = noise(1.0)
    changed = samples.copy()
    changed[1000, 0] += 2**-23
    found = null_test(wav(tmp_path, "a.wav", samples), wav(tmp_path, "b.wav", changed))
    assert not found.identical
    assert found.peak_dbfs == pytest.approx(20 * math.log10(2**-23), abs=0.01)


def test_half_the_level_leaves_half_of_it(tmp_path: Path) -> None:
    samples = stereo(tone(1000, 1.0, -6.0))
    one, other = wav(tmp_path, "a.wav", samples), wav(tmp_path, "b.wav", samples * np.float32(0.5))
    found = null_test(one, other)
    assert found.residual_dbfs == pytest.approx(-6.0 - 3.01 - 6.02, abs=0.01)
    assert found.relative_db == pytest.approx(-6.02, abs=0.01)
    assert found == null_test(other, one)


def test_behind_the_shorter_one_there_is_silence(tmp_path: Path) -> None:
    samples = noise(2.0)
    found = null_test(wav(tmp_path, "a.wav", samples), wav(tmp_path, "b.wav", samples[: RATE // 2]))
    assert found.padded_s == pytest.approx(1.5)
    assert found.residual_dbfs == pytest.approx(10 * math.log10(0.01 * 0.75), abs=0.1)
    silent = np.concatenate([samples, np.zeros_like(samples)])
    found = null_test(wav(tmp_path, "a.wav", samples), wav(tmp_path, "c.wav", silent))
    assert (found.identical, found.residual_dbfs, found.padded_s) == (False, -math.inf, 2.0)


def test_other_rates_and_channels_can_not_be_taken_away(tmp_path: Path) -> None:
    one = wav(tmp_path, "a.wav", noise(0.2))
    assert "the sample rates differ" in null_test(one, wav(tmp_path, "b.wav", noise(0.2), 44100)).not_possible
    assert "the channels differ" in null_test(one, wav(tmp_path, "c.wav", noise(0.2, channels=1))).not_possible


def test_blocks_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = wav(tmp_path, "a.wav", noise(1.0))
    other = wav(tmp_path, "b.wav", noise(1.3, seed=1))
    found = null_test(one, other)
    monkeypatch.setattr(measure, "read_blocks", lambda path: read_blocks(path, 1234))
    assert null_test(one, other).residual_dbfs == pytest.approx(found.residual_dbfs, abs=1e-9)


# Whole sounds


@needs_ffmpeg
def test_loudness_and_peak_are_those_of_ffmpeg(tmp_path: Path) -> None:
    path = wav(tmp_path, "a.wav", stereo(band_noise(4.0, 200, 4000, 0.1)[:, 0]))
    found = measure_sound(path, over_time=True)
    integrated, peak = ffmpeg_ebur128(path)
    assert found.loudness_lufs == pytest.approx(integrated, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(peak, abs=0.2)
    assert (found.length_s, found.sample_rate, found.channels) == (4.0, RATE, 2)
    assert len(found.over_time) == 37, "every 0.1 s, from 0.4 s on"


def test_a_click_has_a_line_of_one_column(tmp_path: Path) -> None:
    found = measure_sound(wav(tmp_path, "a.wav", noise(0.2)), over_time=True)
    assert found.over_time == (found.loudness_lufs,)
