"""True peak against the EBU's cases, ffmpeg, and interpolating everything."""

from __future__ import annotations

import math
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.true_peak import TAPS, TruePeakMeter, _interpolator, measure_peak, measure_true_peak
from scenebuild.audio.wav import write_wav
from signals import RATE, Samples, band_noise, ffmpeg_ebur128, impulses, needs_ffmpeg, noise, speech_like, stereo, tone

SIGNALS = {
    "speech": speech_like(8),
    "tone": stereo(tone(997, 2, -3)),
    "quarter rate": stereo(np.pad(tone(RATE / 4, 1, -3, phase=45), 500)),
    "impulses": impulses(6),
    "noise": noise(4),
    "square": stereo(0.5 * np.sign(tone(1000, 2, phase=1))),
    "quiet": (speech_like(8) * np.float32(0.002)).astype(np.float32),
    "drone": stereo(band_noise(4, 50, 800)[:, 0]),
    "mono": band_noise(4, 100, 12000),
}


def naive_true_peak(samples: Samples) -> float:
    """Interpolate every gap of every channel."""
    taps_of_a_gap = _interpolator().matrix.reshape(2 * TAPS, TAPS, -1)[1 : TAPS + 1, 0]
    peak = float(np.abs(samples).max())
    for line in np.pad(samples, ((TAPS, TAPS), (0, 0))).T:
        for taps in taps_of_a_gap.T:
            peak = max(peak, float(np.abs(np.convolve(line, taps[::-1])).max()))
    return 20 * math.log10(peak)


# EBU Tech 3341, table 1: (the tone's part of the sample rate, phase in degrees, peak amplitude, expected dBTP)
EBU_TONES = {
    15: (4, 0.0, 0.50, -6.0),
    16: (4, 45.0, 0.50, -6.0),
    17: (6, 60.0, 0.50, -6.0),
    18: (8, 67.5, 0.50, -6.0),
    19: (4, 45.0, 1.41, 3.0),
}


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("case", EBU_TONES)
def test_ebu_tones(case: int, rate: int) -> None:
    part, phase, amplitude, wanted = EBU_TONES[case]
    line = amplitude * np.sin(2 * np.pi * np.arange(2 * rate) / part + np.radians(phase))
    ramp = np.clip(np.arange(2 * rate) / (0.01 * rate), 0, 1)  # a tone that starts at once is wider than its pitch
    found = measure_true_peak(stereo(line * ramp * ramp[::-1]))
    assert wanted - 0.4 <= found <= wanted + 0.2


@pytest.mark.parametrize("offset", range(4))
def test_ebu_cases_20_to_23_one_high_cycle_between_the_samples(offset: int) -> None:
    """A tone of half amplitude with one cycle that reaches 1.0, made at four times the rate and thinned out.

    The four cases differ in which of four samples is kept, so in where the peak lies between them.
    """
    fast, cycles = 4 * RATE, 500
    low = 0.5 * np.sin(2 * np.pi * np.arange(cycles * 24) / 24)  # a sixth of the final rate
    high = np.sin(2 * np.pi * np.arange(16) / 16)  # one cycle at a quarter of it
    line = np.concatenate([low, high, low])
    spectrum = np.fft.rfft(line)
    frequencies = np.fft.rfftfreq(len(line), 1 / fast)
    spectrum *= np.clip((RATE / 2 - frequencies) / 4000, 0, 1)  # nothing left that the final rate cannot hold
    line = np.fft.irfft(spectrum, len(line))
    line /= np.abs(line).max()
    found = measure_true_peak(stereo(line[offset::4]))
    assert -0.4 <= found <= 0.2


@needs_ffmpeg
@pytest.mark.parametrize("name", SIGNALS)
def test_as_ffmpeg_measures(name: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "signal.wav", SIGNALS[name], RATE)
    _, wanted = ffmpeg_ebur128(tmp_path / "signal.wav")
    assert measure_true_peak(SIGNALS[name].clip(-1, 1)) == pytest.approx(wanted, abs=0.2)


@pytest.mark.parametrize("name", SIGNALS)
def test_skipping_gaps_skips_no_peak(name: str) -> None:
    samples = SIGNALS[name][:40000]
    assert measure_true_peak(samples) == pytest.approx(naive_true_peak(samples), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=120))
def test_skipping_gaps_skips_no_peak_whatever_the_samples(values: list[float]) -> None:
    samples = np.array(values, np.float32)[:, None]
    if np.abs(samples).max() > 1e-6:
        assert measure_true_peak(samples) == pytest.approx(naive_true_peak(samples), abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 20000), max_size=8))
def test_the_answer_does_not_depend_on_the_blocks(cuts: list[int]) -> None:
    samples = noise(20000 / RATE)
    meter = TruePeakMeter(2)
    for piece in np.split(samples, sorted(cuts)):
        meter.feed(piece)
        meter.true_peak_dbtp()  # looking changes nothing
    assert meter.true_peak_dbtp() == measure_true_peak(samples)


def test_a_peak_on_the_border_of_two_chunks_is_seen() -> None:
    for shift in range(-40, 40):
        line = np.zeros(20000)
        line[8192 + shift : 8192 + shift + 2] = 0.5  # peaks between the two samples
        assert measure_true_peak(stereo(line)) == pytest.approx(-6.02 + 2.1, abs=0.05)


def test_silence_peaks_and_what_is_not_a_number() -> None:
    assert measure_true_peak(np.zeros((1000, 2), np.float32)) == -inf
    assert measure_true_peak(np.zeros((0, 2), np.float32)) == -inf
    assert measure_peak(np.array([[0.1], [-0.5]], np.float32)) == pytest.approx(-6.02, abs=0.01)
    meter = TruePeakMeter(1)
    meter.feed(np.array([[0.1], [-0.5]], np.float32))
    assert meter.sample_peak_dbfs() == pytest.approx(-6.02, abs=0.01)
    for value in (np.nan, np.inf, -np.inf):
        samples = noise(1.0)
        samples[30000, 1] = value
        with pytest.raises(ValueError, match="not finite"):
            measure_true_peak(samples)
