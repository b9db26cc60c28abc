"""Limiter: never over the ceiling, no latency, transparent below it. Dither: noise instead of distortion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.dither import Dither
from scenebuild.audio.limiter import LOOK_AHEAD_S, RELEASE_S, limit
from scenebuild.audio.true_peak import TAPS, _interpolator, heights_over, measure_true_peak
from scenebuild.audio.wav import write_wav
from signals import (
    RATE,
    Samples,
    band_noise,
    ffmpeg_ebur128,
    impulses,
    level_db,
    needs_ffmpeg,
    noise,
    speech_like,
    stereo,
    tone,
)

LOUD = {
    "speech": speech_like(6, rms=0.5),
    "noise": noise(4, rms=0.5),
    "clicks": impulses(4) * np.float32(2),
    "quarter rate": stereo(np.pad(tone(RATE / 4, 2, 3, phase=45), 500)),
    "drone": stereo(band_noise(4, 50, 800, rms=0.6)[:, 0]),
    "square": stereo(1.5 * np.sign(tone(1000, 2, phase=1))),
    "loud at once": np.concatenate([noise(1, rms=0.01), noise(1, rms=1.0), noise(1, rms=0.01)]),
    "loud from the first frame": stereo(tone(3000, 0.1, 12, phase=90)),
}


def limited(samples: Samples, ceiling: float, size: int = 32768, rate: int = RATE) -> Samples:
    blocks = np.split(samples, range(size, len(samples), size))
    return np.concatenate(list(limit(blocks, ceiling, rate, samples.shape[1])))


@pytest.mark.parametrize("ceiling", [-1.0, -9.0])
@pytest.mark.parametrize("name", LOUD)
def test_nothing_goes_over_the_ceiling(name: str, ceiling: float) -> None:
    out = limited(LOUD[name], ceiling)
    assert out.shape == LOUD[name].shape
    assert measure_true_peak(LOUD[name]) > ceiling
    assert ceiling - 0.5 < measure_true_peak(out) <= ceiling


@needs_ffmpeg
@pytest.mark.parametrize("name", LOUD)
def test_ffmpeg_finds_nothing_over_the_ceiling(tmp_path: Path, name: str) -> None:
    write_wav(tmp_path / "a.wav", limited(LOUD[name], -1.0), RATE)
    assert ffmpeg_ebur128(tmp_path / "a.wav")[1] <= -1.0 + 0.1


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_at_any_rate(rate: int) -> None:
    assert measure_true_peak(limited(noise(30000 / rate, rms=0.5, rate=rate), -3.0, rate=rate)) <= -3.0


def test_below_the_ceiling_every_bit_is_as_it_was() -> None:
    for samples in (noise(2, rms=0.1), np.zeros((5, 1), np.float32), np.zeros((0, 2), np.float32)):
        assert np.array_equal(limited(samples, measure_true_peak(samples) + 0.001 if samples.any() else -1.0), samples)


def test_long_before_and_after_a_peak_every_bit_is_as_it_was() -> None:
    samples = noise(6, rms=0.05)
    samples[3 * RATE] = 1.0
    out = limited(samples, -6.0)
    before = 3 * RATE - round(LOOK_AHEAD_S * RATE) - 2
    after = 3 * RATE + round(10 * RELEASE_S * RATE)
    assert np.array_equal(out[:before], samples[:before])
    assert np.array_equal(out[after:], samples[after:])
    assert out[3 * RATE, 0] == pytest.approx(10 ** (-6.1 / 20), rel=0.02)


def test_the_gain_comes_in_the_look_ahead_and_goes_in_the_release() -> None:
    samples = np.full((2 * RATE, 1), 0.01, np.float32)
    samples[RATE : RATE + 2001, 0] += 0.99 * np.hanning(2001)
    over = RATE + int(np.argmax(samples[RATE:, 0] > 10 ** (-12 / 20)))
    peak = RATE + 1000
    gain_db = 20 * np.log10(limited(samples, -12.0)[:, 0] / samples[:, 0])
    assert gain_db[over - round(LOOK_AHEAD_S * RATE) - 2] == 0
    assert gain_db[over - round(LOOK_AHEAD_S * RATE) // 2] < 0
    assert gain_db[peak] == pytest.approx(-12.1, abs=0.1)
    assert gain_db[peak + round(RELEASE_S * RATE)] == pytest.approx(-12.1 / np.e, abs=0.2)


def test_a_limited_tone_stays_a_tone() -> None:
    """The gain stands still on a steady tone: what is added to it lies 60 dB below."""
    out = limited(stereo(tone(440, 4, 0)), -6.0)[RATE : 3 * RATE, 0]
    spectrum = np.abs(np.fft.rfft(out * np.blackman(len(out)))) ** 2
    hz = np.fft.rfftfreq(len(out), 1 / RATE)
    assert 10 * np.log10(spectrum[np.abs(hz - 440) > 10].sum() / spectrum.sum()) < -60


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30000), st.integers(1, 20000))
def test_the_cut_and_the_length_do_not_matter(frames: int, size: int) -> None:
    samples = noise(frames / RATE, rms=0.4)
    out = limited(samples, -6.0, size)
    assert np.array_equal(out, limited(samples, -6.0, 10**6))
    assert len(out) == frames


def test_heights_are_those_of_interpolating_everything() -> None:
    line = noise(0.05, rms=0.3)[: 64 * TAPS].T
    found = heights_over(line, 0.0)
    taps_of_a_gap = _interpolator().matrix.reshape(2 * TAPS, TAPS, -1)[1 : TAPS + 1, 0]
    points = np.stack([np.convolve(one, taps[::-1], "valid") for taps in taps_of_a_gap.T for one in line])
    gaps = np.abs(points).max(axis=0)  # gap k lies between the samples 15 + k and 16 + k
    wanted = np.maximum(np.abs(line).max(axis=0)[TAPS:-TAPS], np.maximum(gaps[16:-17], gaps[17:-16])[: len(found)])
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_dither_turns_distortion_into_noise() -> None:
    """A tone of one step: rounded plainly it is a square wave, dithered a tone in noise."""
    line = (tone(1000, 4, 0) * 0.8 / 32768)[:, None].astype(np.float32)
    spectra = []
    for integers in (Dither().run(line), np.rint(line * 32768)):
        power = np.abs(np.fft.rfft(integers[:, 0] * np.hanning(len(line)))) ** 2
        spectra.append(10 * np.log10(power[3 * 4000] / power[4000]))  # the third harmonic; lines are 0.25 Hz apart
    dithered, plain = spectra
    assert plain > -15
    assert dithered < -35


def test_the_error_has_the_level_and_the_flatness_of_theory() -> None:
    samples = noise(4, rms=0.01, channels=1)
    error = Dither().run(samples)[:, 0] / 32768 - samples[:, 0]
    assert level_db(error) == pytest.approx(20 * np.log10(1 / 32768) + 10 * np.log10(1 / 4), abs=0.05)
    assert abs(np.corrcoef(error, samples[:, 0])[0, 1]) < 0.01
    assert abs(error.mean()) < 0.01 / 32768


def test_the_same_sound_is_the_same_numbers_however_it_is_cut() -> None:
    samples = noise(0.5)
    dither = Dither()
    pieces = [dither.run(piece) for piece in np.split(samples, [1, 2, 777, 9000])]
    assert np.array_equal(np.concatenate(pieces), Dither().run(samples))
