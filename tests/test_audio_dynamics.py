"""Compressor and ducker: depth, times and curves as asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from scenebuild.audio.dynamics import STEP_FRAMES, Compressor, Ducker
from scenebuild.audio.effect import GRID_FRAMES
from signals import RATE, Samples, level_db, noise, stereo, tone


def in_blocks(run: object, samples: np.ndarray, size: int = GRID_FRAMES) -> np.ndarray:
    return np.concatenate([run(block) for block in np.split(samples, range(size, len(samples), size))])  # type: ignore[operator]


@pytest.mark.parametrize("level", [-50.0, -30.0, -23.0, -20.0, -17.0, -10.0, 0.0])
@pytest.mark.parametrize(("ratio", "knee"), [(4.0, 0.0), (4.0, 6.0), (2.0, 12.0), (20.0, 3.0), (1.0, 6.0)])
def test_a_level_that_holds_comes_out_by_the_curve(level: float, ratio: float, knee: float) -> None:
    compressor = Compressor(RATE, threshold_db=-20, ratio=ratio, knee_db=knee, release_s=0.5)
    samples = stereo(tone(1000, 2, level))
    out = in_blocks(compressor.run, samples)
    gain = level_db(out[RATE:]) - level_db(samples[RATE:])
    # Around the knee by the definition: half of the parabola that joins both lines
    over = level + 20
    if abs(2 * over) < knee:
        wanted = (1 / ratio - 1) * (over + knee / 2) ** 2 / (2 * knee)
    else:
        wanted = (1 / ratio - 1) * max(over, 0)
    assert gain == pytest.approx(wanted, abs=0.1)


def test_attack_and_release_are_the_times_of_63_percent() -> None:
    compressor = Compressor(RATE, threshold_db=-20, ratio=4, knee_db=0, attack_s=0.05, release_s=0.3)
    key = np.concatenate([np.full(RATE, 0.001), np.ones(RATE), np.full(2 * RATE, 0.001)]).astype(np.float32)[:, None]
    gains_db = 20 * np.log10(in_blocks(compressor.gains, key))
    part = 1 - np.exp(-1)
    assert gains_db[RATE - 1] == 0
    assert gains_db[RATE + round(0.05 * RATE)] == pytest.approx(-15 * part, abs=0.2)
    assert gains_db[2 * RATE - 1] == pytest.approx(-15, abs=0.01)
    assert gains_db[2 * RATE + round(0.3 * RATE)] == pytest.approx(-15 * (1 - part), abs=0.2)


def test_the_makeup_is_added_to_all() -> None:
    compressor = Compressor(RATE, threshold_db=-10, ratio=4, makeup_db=6)
    quiet = noise(0.2, rms=0.001)
    assert level_db(compressor.run(quiet)) - level_db(quiet) == pytest.approx(6, abs=0.001)


def test_channels_are_turned_down_together() -> None:
    samples = np.stack([tone(500, 0.5, 0.0), tone(500, 0.5, -40.0)], axis=1).astype(np.float32)
    out = Compressor(RATE, threshold_db=-20, ratio=4).run(samples)[RATE // 10 :]
    assert np.allclose(out[:, 0] * 0.01, out[:, 1], atol=1e-6)


def test_what_is_not_over_the_threshold_passes_untouched() -> None:
    samples = noise(0.5, rms=0.01)
    assert np.array_equal(Compressor(RATE, threshold_db=-10, ratio=8).run(samples), samples)
    assert np.array_equal(Ducker(RATE, depth_db=9).gains(np.zeros((5000, 2), np.float32)), np.ones(5000, np.float32))


def key_of(*stretches: tuple[float, float]) -> np.ndarray:
    """(seconds, amplitude) one after the other, of a voice-like tone."""
    times = np.concatenate([np.full(round(seconds * RATE), amplitude) for seconds, amplitude in stretches])
    return (times * np.sin(2 * np.pi * 150 * np.arange(len(times)) / RATE)).astype(np.float32)[:, None]


def test_depth_attack_hold_and_release_are_as_asked() -> None:
    ducker = Ducker(RATE, depth_db=9, attack_s=0.2, release_s=0.8, hold_s=0.3, threshold_db=-30)
    gains_db = 20 * np.log10(in_blocks(ducker.gains, key_of((1, 0), (2, 0.3), (3, 0))))

    def at(seconds: float) -> float:
        return float(gains_db[round(seconds * RATE)])

    assert at(0.999) == 0
    assert at(1.1) == pytest.approx(-4.5, abs=0.3)  # half-way in dB after half the attack
    assert at(1.19) > -8.99 > at(1.205) - 0.03
    assert gains_db.min() == pytest.approx(-9, abs=1e-4)
    assert at(3.29) == pytest.approx(-9, abs=1e-4)
    assert at(3.7) == pytest.approx(-4.5, abs=0.3)
    assert at(4.05) < -0.01
    assert at(4.11) == 0


def test_a_pause_within_the_hold_changes_nothing() -> None:
    ducker = Ducker(RATE, depth_db=12, attack_s=0.1, release_s=0.5, hold_s=0.3)
    gains_db = 20 * np.log10(in_blocks(ducker.gains, key_of((1, 0.3), (0.25, 0), (1, 0.3))))
    assert np.abs(gains_db[RATE // 2 :] + 12).max() < 1e-4


def test_a_key_under_the_threshold_is_not_heard() -> None:
    assert np.array_equal(
        Ducker(RATE, depth_db=9, threshold_db=-20).gains(key_of((1, 0.09))), np.ones(RATE, np.float32)
    )


def test_the_gain_of_a_ducker_has_no_steps() -> None:
    """What it adds to a low tone above 1 kHz lies 90 dB below it."""
    samples = tone(80, 4, -6)
    gains = in_blocks(
        Ducker(RATE, depth_db=18, attack_s=0.05, release_s=0.1).gains, key_of(*[(0.2, 0.5), (0.6, 0)] * 5)
    )
    out = samples * gains[: len(samples)]
    spectrum = np.abs(np.fft.rfft(out * np.blackman(len(out)))) ** 2
    hz = np.fft.rfftfreq(len(out), 1 / RATE)
    assert 10 * np.log10(spectrum[hz > 1000].sum() / spectrum.sum()) < -90


@pytest.mark.parametrize("size", [STEP_FRAMES, 4096, 1000, 77])
def test_the_blocks_matter_little(size: int) -> None:
    samples = noise(1.0, rms=0.2) * np.float32(1.0)
    samples[: RATE // 2] *= np.float32(0.01)
    makers: tuple[Callable[[], Callable[[Samples], Samples]], ...] = (
        lambda: Compressor(RATE, threshold_db=-20, ratio=4).gains,
        lambda: Ducker(RATE, depth_db=9, hold_s=0.0, threshold_db=-25).gains,
    )
    for make in makers:
        whole, cut = make()(samples), in_blocks(make(), samples, size)
        tolerance_db = 1e-4 if size % STEP_FRAMES == 0 else 2.5
        assert np.abs(20 * np.log10(whole / cut)).max() < tolerance_db


def test_what_dynamics_refuse() -> None:
    with pytest.raises(ValueError, match="a ratio of 1 or more and a knee of 0 or more, not 0.5, 6.0"):
        Compressor(RATE, threshold_db=-20, ratio=0.5)
    with pytest.raises(ValueError, match="a ducker's depth is 0 dB or more, not -3"):
        Ducker(RATE, depth_db=-3)
    assert len(Compressor(RATE, threshold_db=-20, ratio=2).gains(np.zeros((0, 2), np.float32))) == 0
    assert len(Ducker(RATE, depth_db=3).gains(np.zeros((0, 2), np.float32))) == 0
