"""The building blocks of recipes follow their physics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from scenebuild.engines.sketch.kit.exact import decibels
from scenebuild.engines.sketch.kit.grains import bank, beats, burst, call, poisson, ring, thinned
from scenebuild.engines.sketch.kit.noise import Shape, band, noise, pool, resonance, summed, tilted
from scenebuild.engines.sketch.kit.pulses import pulses, train
from scenebuild.engines.sketch.kit.space import convolve, echo, kernel, room, shelf
from scenebuild.engines.sketch.kit.stage import CONTROL, POINTS, RATE, SEGMENT, LayerStage, fine, pan
from scenebuild.engines.sketch.prompt import LayerTraits

Line = NDArray[np.float64]
TIME = np.arange(SEGMENT) / RATE


def stage(seed: int = 1, temperature: float = 1.0) -> LayerStage:
    return LayerStage(seed, "kit", temperature, LayerTraits())


def along(count: int) -> Iterator[LayerStage]:
    """A stage at each of its first segments."""
    here = stage()
    for start in range(0, count * SEGMENT, SEGMENT):
        here.start = start
        yield here


def power_db(line: Line, low: float, high: float) -> float:
    """Mean power of the lines between two frequencies."""
    hertz = np.fft.rfftfreq(len(line), 1 / RATE)
    power = np.abs(np.fft.rfft(line)) ** 2
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].mean()))


def coloured(shape: Shape, seconds: int = 8) -> Line:
    parts = []
    for here in along(seconds):
        parts.append(noise(here, "n", shape)[0].copy())
    return np.concatenate(parts)


def test_a_ring_is_a_damped_sine_and_is_heard_later_and_softer_at_the_far_ear() -> None:
    sound = ring(stage(), "r", np.array([1000.0]), 700.0, 0.02, 0.5, 0.0)
    late = np.maximum(TIME - 1000 / RATE, 0.0)
    true = 0.5 * np.sin(2 * np.pi * 700 * late) * np.exp(-late / 0.02) * np.sqrt(0.5) * (TIME >= 1000 / RATE)
    assert np.abs(sound[0] - true).max() < 1e-3  # it ends 56 dB down
    assert np.array_equal(sound[0], sound[1])
    aside = ring(stage(), "r", np.array([1000.0]), 700.0, 0.02, 0.5, 0.6)
    first = [int(np.argmax(np.abs(ear) > 1e-6)) for ear in aside]
    assert first[0] - first[1] == 18  # 0.6 of 0.63 ms
    assert np.abs(aside[0]).max() / np.abs(aside[1]).max() == pytest.approx(np.sqrt(0.2 / 0.8), rel=0.01)


def test_a_ring_goes_on_where_its_segment_ends() -> None:
    parts = []
    for here in along(2):
        at = np.array([SEGMENT - 500.0]) if here.start == 0 else np.empty(0)
        parts.append(ring(here, "r", at, 300.0, 0.03, 0.5)[0].copy())
    line = np.concatenate(parts)
    late = np.maximum(np.arange(2 * SEGMENT) - (SEGMENT - 500), 0) / RATE
    true = 0.5 * np.sqrt(0.5) * np.sin(2 * np.pi * 300 * late) * np.exp(-late / 0.03)
    assert np.abs(line - true).max() < 1e-3


def test_a_bank_rings_on_for_ever_and_strokes_add_up() -> None:
    parts = []
    for here in along(3):
        at, gain = (
            (np.array([100.0, 30000.0]), np.array([[0.5], [0.3]]))
            if here.start == 0
            else (np.empty(0), np.empty((0, 1)))
        )
        parts.append(bank(here, "b", at, np.array([220.0]), np.array([2.0]), gain))
    line, true = np.concatenate(parts), np.zeros(3 * SEGMENT)
    for start, share in ((100, 0.5), (30000, 0.3)):
        late = np.maximum(np.arange(3 * SEGMENT) - start, 0) / RATE
        true += share * np.sin(2 * np.pi * 220 * late) * np.exp(-late / 2.0)
    assert np.abs(line - true).max() < 1e-5


def events(kind: str, seconds: int = 80) -> Line:
    found = []
    for here in along(seconds):
        one = poisson(here, "e", 20.0) if kind == "poisson" else beats(here, "e", 0.05, 0.3)
        found.append(one.at + here.start)
    return np.concatenate(found) / RATE


def test_poisson_events_have_gaps_as_wide_as_they_are_long() -> None:
    gaps = np.diff(events("poisson"))
    assert gaps.mean() == pytest.approx(1 / 20, rel=0.08)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.08)
    assert (gaps < gaps.mean()).mean() == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_beats_keep_time_within_their_jitter() -> None:
    gaps = np.diff(events("beats"))
    assert gaps.mean() == pytest.approx(0.05, rel=0.02)
    assert 0.05 * 0.69 < gaps.min() < 0.05 * 0.72
    assert 0.05 * 1.28 < gaps.max() < 0.05 * 1.31


def test_temperature_widens_timing_and_pitch() -> None:
    gaps, pitches = [], []
    for temperature in (0.1, 0.5, 1.0, 2.0, 5.0):
        gaps.append(np.diff(beats(stage(1, temperature), "e", 0.02, 0.2).at).std())
        pitches.append(np.std([np.log2(stage(seed, temperature).pick("p", 100.0, 0.5)) for seed in range(60)]))
    assert gaps == sorted(gaps)
    assert pitches == sorted(pitches)
    assert gaps[0] < 0.2 * gaps[2] < gaps[3]
    assert pitches[4] < 2.5 * pitches[2]  # no temperature takes physics apart


def test_thinned_events_are_let_through_as_often_as_the_curve_says() -> None:
    here = stage()
    every = poisson(here, "e", 4000.0)
    some = thinned(every, np.linspace(0.0, 1.0, POINTS + 1))
    assert len(some) / len(every) == pytest.approx(0.5, abs=0.03)
    assert (some.at > SEGMENT / 2).mean() == pytest.approx(0.75, abs=0.03)


def test_a_burst_rises_and_decays() -> None:
    here, level = stage(), np.zeros(SEGMENT)
    source = pool(here, "p", band(1000.0, 12000.0))
    at: Line = np.arange(60) * np.float64(1000.0)
    line = burst(here, "b", at, source, 0.004, 0.003, 1.0)[0]
    level = np.sqrt((line[:60000].reshape(60, 1000) ** 2).mean(axis=0))
    assert level[:10].max() < 0.1 * level.max()
    assert int(np.argmax(level)) == pytest.approx(0.004 * RATE, abs=40)
    fallen = level[192 + 144 : 192 + 144 + 20].mean() / level[192 : 192 + 20].mean()
    assert fallen == pytest.approx(np.exp(-1), rel=0.2)


def test_a_call_has_its_harmonics_and_none_that_would_fold_back() -> None:
    here = stage()
    hertz, loud = np.full((1, 601), 3000.0), np.full((1, 601), 0.5)
    line = call(here, "c", np.array([0.0]), hertz, loud, [1.0, 0.5, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2])[0]
    power = np.abs(np.fft.rfft(line[4800:28800] * np.hanning(24000)))
    peaks = [power[int(3000 * k / 2)] / power[1500] for k in range(1, 8)]
    assert peaks[1:3] == pytest.approx([0.5, 0.25], rel=0.01)
    assert max(peaks[6:]) < 1e-3  # 21 kHz is left out
    between = np.delete(power, [int(1500 * k) + d for k in range(1, 7) for d in range(-4, 5)])
    assert between.max() / power[1500] < 1e-3  # -60 dB: no aliasing


def test_pulses_come_as_often_as_their_curve_turns_and_between_the_frames() -> None:
    count = 0
    curve = np.linspace(100.0, 200.0, POINTS + 1)
    for here in along(4):
        at, numbers = pulses(here, "p", curve)
        count += len(at)
        assert np.all(np.diff(numbers) == 1)
    assert count == pytest.approx(4 * 150 * SEGMENT / RATE, abs=2)
    one = train(np.array([1000.25]), np.array([1.0]))[0]
    assert one[1000:1002] == pytest.approx(np.sqrt(0.5) * np.array([0.75, 0.25]))


def test_noise_has_the_colour_it_was_given() -> None:
    line = coloured(band(500.0, 4000.0, 2))
    assert line.std() == pytest.approx(1.0, rel=0.02)
    middle = power_db(line, 1000, 2000)
    assert power_db(line, 490, 510) - middle == pytest.approx(-3, abs=1.0)
    assert power_db(line, 245, 255) - middle == pytest.approx(-12.3, abs=1.5)
    assert power_db(line, 7900, 8100) - middle == pytest.approx(-12.3, abs=1.0)
    pink = coloured(tilted(50.0, 15000.0, 2, 1))
    assert power_db(pink, 200, 400) - power_db(pink, 3200, 6400) == pytest.approx(12, abs=1.0)
    bell = coloured(resonance(1000.0, 5.0))
    assert power_db(bell, 1095, 1115) - power_db(bell, 990, 1010) == pytest.approx(-3, abs=1.0)
    both = coloured(summed((1.0, band(300.0, 600.0)), (0.5, band(3000.0, 6000.0))))
    assert power_db(both, 3500, 5500) - power_db(both, 350, 550) == pytest.approx(-6, abs=1.0)


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_stereo_noise_has_the_correlation_that_is_asked_for(alike: float) -> None:
    left, right = noise(stage(), "n", band(200.0, 8000.0), alike=alike)
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(alike, abs=0.03)
    assert left.std() == pytest.approx(right.std(), rel=0.05)


@pytest.mark.parametrize("seconds", [0.35, 0.6, 1.2])
def test_a_room_falls_by_60_db_in_its_time(seconds: float) -> None:
    here = stage()
    click = np.zeros((2, SEGMENT))
    click[:, 100] = 1.0
    wet = room(here, "r", click, seconds, 1.0)[0] - click[0]
    level = np.cumsum(wet[::-1] ** 2)[::-1]  # Schroeder 1965
    fall = 10 * np.log10(level[100 + int(0.1 * seconds * RATE)] / level[100 + int(0.35 * seconds * RATE)])
    assert fall / 0.25 == pytest.approx(60, rel=0.35)


def test_outdoor_reflections_end_within_a_tenth_of_a_second() -> None:
    click = np.zeros((2, SEGMENT))
    click[:, 100] = 1.0
    wet = echo(stage(), "e", click, 1.0)[0] - click[0]
    assert (wet[4900:] ** 2).sum() < 1e-6 * (wet**2).sum()


def test_a_response_convolves_and_its_end_is_kept() -> None:
    parts, rng = [], np.random.default_rng(1)
    impulse, sound = rng.standard_normal(3000), rng.standard_normal(2 * SEGMENT)
    response = kernel(impulse)
    for here in along(2):
        parts.append(convolve(here, "c", sound[here.start : here.start + SEGMENT], response)[0].copy())
    true = np.convolve(sound, impulse)[: 2 * SEGMENT]
    assert np.abs(np.concatenate(parts) - true).max() < 1e-8


def test_a_shelf_lifts_what_lies_above() -> None:
    response = shelf(1500.0, 2.0)
    gain = np.hypot(response.real[0], response.imag[0])
    assert gain[round(50 * 65536 / RATE)] == pytest.approx(1.0, abs=0.01)
    assert gain[round(15000 * 65536 / RATE)] == pytest.approx(2.0, abs=0.15)


def test_a_drift_is_smooth_never_repeats_and_goes_on() -> None:
    curves = [here.drift("d", 1.5, 3) for here in along(60)]
    assert [curve[-1] for curve in curves[:-1]] == pytest.approx([curve[0] for curve in curves[1:]])
    line = np.concatenate([curve[:-1] for curve in curves])
    assert np.abs(np.diff(line)).max() < 0.03
    assert 0.2 < line.std() < 1.0
    apart = [abs(np.corrcoef(line[:-n], line[n:])[0, 1]) for n in range(5 * 750, 30 * 750, 750)]
    assert max(apart) < 0.5


def test_panning_keeps_the_power_and_fine_curves_are_straight_lines() -> None:
    assert np.square(pan(np.linspace(-1, 1, 11))).sum(axis=0) == pytest.approx(np.ones(11))
    curve = np.random.default_rng(1).random(POINTS + 1)
    assert fine(curve) == pytest.approx(np.interp(np.arange(SEGMENT), CONTROL * np.arange(POINTS + 1), curve))


def test_levels_are_decibels() -> None:
    assert decibels([0.0, 20.0, -6.0]) == pytest.approx([1.0, 10.0, 0.501187])
