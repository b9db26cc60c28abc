"""Loudness against the EBU's cases, ffmpeg's ebur128 and pyloudnorm."""

from __future__ import annotations

import warnings
from math import inf, log10
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.loudness import Loudness, LoudnessMeter, measure_loudness
from scenebuild.audio.wav import write_wav
from signals import RATE, Samples, band_noise, ffmpeg_ebur128, impulses, needs_ffmpeg, noise, speech_like, stereo, tone

SIGNALS = {
    "speech": speech_like(20),
    "tone": stereo(tone(997, 5, -18)),
    "bass": stereo(tone(50, 5, -18)),
    "treble": stereo(tone(12000, 5, -18)),
    "impulses": impulses(10),
    "noise": noise(6),
    "quiet": (speech_like(20) * np.float32(0.02)).astype(np.float32),
    "mono": band_noise(5, 100, 4000),
    "left only": np.pad(band_noise(5, 100, 4000), ((0, 0), (0, 1))),
}


def steps(*parts: tuple[float, float]) -> Samples:
    """A 1 kHz tone on both channels in parts of (dBFS, seconds), without a break between them."""
    levels = np.concatenate([np.full(round(seconds * RATE), 10 ** (dbfs / 20)) for dbfs, seconds in parts])
    return stereo(levels * tone(1000, len(levels) / RATE))


def measured(samples: Samples, rate: int = RATE) -> Loudness:
    meter = LoudnessMeter(rate, samples.shape[1])
    meter.feed(samples)
    return meter.loudness()


# EBU Tech 3341, table 1. Case 6 is 5.0 surround, 7 and 8 are recordings of programmes.
EBU_INTEGRATED: dict[int, tuple[list[tuple[float, float]], float]] = {
    1: ([(-23, 20)], -23.0),
    2: ([(-33, 20)], -33.0),
    3: ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    4: ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    5: ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("case", EBU_INTEGRATED)
def test_ebu_integrated(case: int) -> None:
    parts, wanted = EBU_INTEGRATED[case]
    assert measured(steps(*parts)).integrated_lufs() == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize(("case", "wanted"), [(1, -23.0), (2, -33.0)])
def test_ebu_momentary_and_short_term_of_a_steady_tone(case: int, wanted: float) -> None:
    loudness = measured(steps(*EBU_INTEGRATED[case][0]))
    assert loudness.momentary_lufs()[6:] == pytest.approx(wanted, abs=0.1)
    assert loudness.short_term_lufs() == pytest.approx(wanted, abs=0.1)


def test_ebu_case_9_short_term_is_constant() -> None:
    loudness = measured(steps(*[(-20, 1.34), (-30, 1.66)] * 5))
    assert loudness.short_term_lufs() == pytest.approx(-23.0, abs=0.1)


def test_ebu_case_12_momentary_is_constant() -> None:
    loudness = measured(steps(*[(-20, 0.18), (-30, 0.22)] * 25))
    assert loudness.momentary_lufs()[6:] == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("silence_s", [0.0, 0.5, 2.4])
def test_ebu_case_10_highest_short_term_of_a_tone_of_three_seconds(silence_s: float) -> None:
    loudness = measured(steps((-inf, silence_s), (-23, 3), (-inf, 1)))
    assert loudness.short_term_lufs().max() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("rate", [16000, 22050, 32000, 44100, 48000, 96000])
def test_the_reference_tone_at_any_rate(rate: int) -> None:
    """ITU-R BS.1770-4: 997 Hz at 0 dBFS in one channel reads -3.01. A low rate bends the shelf a little."""
    assert measure_loudness(tone(997, 3, 0, rate)[:, None].astype(np.float32), rate) == pytest.approx(-3.01, abs=0.05)


@needs_ffmpeg
@pytest.mark.parametrize("name", SIGNALS)
def test_as_ffmpeg_measures(name: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "signal.wav", SIGNALS[name], RATE)
    wanted, _ = ffmpeg_ebur128(tmp_path / "signal.wav")
    assert wanted > -69  # or it would prove nothing
    assert measure_loudness(SIGNALS[name], RATE) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("name", SIGNALS)
def test_as_pyloudnorm_measures(name: str) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=SyntaxWarning, module="pyloudnorm")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        import pyloudnorm

    oracle = pyloudnorm.Meter(RATE, filter_class="DeMan")
    assert measure_loudness(SIGNALS[name], RATE) == pytest.approx(
        oracle.integrated_loudness(SIGNALS[name].astype(np.float64)), abs=0.02
    )


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(0, 60000), cuts=st.lists(st.integers(0, 60000), max_size=8))
def test_the_answer_does_not_depend_on_the_blocks(frames: int, cuts: list[int]) -> None:
    samples = noise(60000 / RATE)[:frames]
    meter = LoudnessMeter(RATE, 2)
    for piece in np.split(samples, sorted(cuts)):
        meter.feed(piece)
        meter.loudness()  # looking changes nothing
    assert meter.loudness().integrated_lufs() == measured(samples).integrated_lufs()


def test_silence_and_near_silence() -> None:
    assert measure_loudness(np.zeros((RATE, 2), np.float32), RATE) == -inf
    assert measure_loudness(np.zeros((100, 1), np.float32), RATE) == -inf
    assert measure_loudness(np.zeros((0, 2), np.float32), RATE) == -inf
    assert measure_loudness(stereo(tone(1000, 2, -71)), RATE) == -inf  # under the absolute gate


def test_a_sound_under_400_ms_has_the_energy_it_has_in_one_block() -> None:
    """Half the time at the same level is half the energy."""
    full = measure_loudness(steps((-23, 0.4)), RATE)
    assert full == pytest.approx(-23.0, abs=0.1)
    assert measure_loudness(steps((-23, 0.2)), RATE) == pytest.approx(full + 10 * log10(0.5), abs=0.1)
    assert measure_loudness(steps((-90, 0.2)), RATE) == pytest.approx(-93.1, abs=0.2)  # no gate here


@pytest.mark.parametrize("duration_s", [0.05, 0.1, 0.25, 0.299, 0.3, 0.301, 0.35, 0.399])
def test_the_energy_of_a_brief_sound_grows_with_its_length(duration_s: float) -> None:
    brief = measure_loudness(steps((-23, duration_s)), RATE)
    assert brief == pytest.approx(-23 + 10 * log10(duration_s / 0.4), abs=0.2)


def test_the_loudness_after_a_gain_counts_what_the_gain_lifts_over_the_gate() -> None:
    samples = steps((-60, 5), (-68, 5), (-75, 5))
    for gain_db in (0.0, 4.0, 8.0, 30.0):
        louder = (samples * 10 ** (gain_db / 20)).astype(np.float32)
        assert measured(samples).integrated_lufs(gain_db) == pytest.approx(measure_loudness(louder, RATE), abs=0.001)
    quiet = measured(steps((-80, 2)))
    assert quiet.integrated_lufs() == -inf
    assert quiet.integrated_lufs(40.0) == pytest.approx(-40.0, abs=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_refused(value: float) -> None:
    samples = noise(1.0)
    samples[100, 1] = value
    with pytest.raises(ValueError, match="not finite"):
        measure_loudness(samples, RATE)
    with pytest.raises(ValueError, match="of mono and stereo, not of 6 channels"):
        LoudnessMeter(RATE, 6)
