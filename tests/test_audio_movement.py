"""Automation: curves through keyframes, moving pan, moving filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.curves import HOLD_RAMP_S, Curve, CurvePoint, Way
from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.equalizer import Equalizer, Sections, high_pass, low_pass
from scenebuild.audio.level import pan_gains, spread
from scenebuild.audio.pan import spread_along
from scenebuild.audio.sweep import Sweep
from signals import RATE, noise, tone

WAYS = st.sampled_from(["linear", "exp", "s", "hold"])


def points_of(gaps: list[float], values: list[float], ways: list[Way]) -> list[CurvePoint]:
    times = np.cumsum(gaps)
    return [CurvePoint(float(at), value, way) for at, value, way in zip(times, values, ways, strict=False)]


curves = st.builds(
    points_of,
    st.lists(st.floats(0.001, 3), min_size=1, max_size=6),
    st.lists(st.floats(0, 100) | st.just(0.0), min_size=6, max_size=6),
    st.lists(WAYS, min_size=6, max_size=6),
)


def test_between_the_points() -> None:
    def at(way: Way, *times: float) -> list[float]:
        curve = Curve([CurvePoint(1, 0.2), CurvePoint(5, 0.8, way)], 1000)
        return [float(curve.over(frame, frame + 1)[0]) for frame in (round(1000 * time) for time in times)]

    assert at("linear", 0, 1, 2, 3, 5, 9) == pytest.approx([0.2, 0.2, 0.35, 0.5, 0.8, 0.8])
    assert at("exp", 1, 3, 5) == pytest.approx([0.2, 0.4, 0.8])
    assert at("s", 1, 2, 3, 4, 5) == pytest.approx([0.2, 0.2 + 0.6 * 0.1464466, 0.5, 0.8 - 0.6 * 0.1464466, 0.8])
    assert at("hold", 1, 3, 4.995, 4.998, 5) == pytest.approx([0.2, 0.2, 0.2, 0.5 + 0.3 * 0.309017, 0.8])


def test_a_level_that_moves_exponentially_moves_evenly_in_decibels() -> None:
    gains = Curve([CurvePoint(0, 0.01), CurvePoint(2, 1.0, "exp")], RATE).over(0, 2 * RATE)
    wanted = np.linspace(-40, 0, 2 * RATE, endpoint=False)
    assert np.abs(20 * np.log10(gains) - wanted).max() < 0.01


def test_an_exponential_way_to_silence_arrives() -> None:
    gains = Curve([CurvePoint(0, 1.0), CurvePoint(1, 0.0, "exp"), CurvePoint(2, 0.5, "exp")], RATE).over(
        0, 2 * RATE + 1
    )
    assert gains[RATE] == 0
    assert gains[2 * RATE] == 0.5
    assert 20 * np.log10(gains[RATE // 2]) == pytest.approx(-30, abs=0.3)
    assert np.abs(np.diff(gains)).max() < 2e-4


def test_an_exponential_way_from_the_smallest_number_there_is() -> None:
    values = Curve([CurvePoint(0, 5e-324), CurvePoint(1, 20_000.0, "exp")], RATE).over(0, RATE + 1)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    assert values[-1] == 20_000


@settings(max_examples=200, deadline=None)
@given(curves, st.integers(0, 8000), st.integers(0, 5000), st.integers(1, 5000))
def test_any_stretch_of_a_curve_alone(points: list[CurvePoint], start: int, length: int, cut: int) -> None:
    curve = Curve(points, 1000)
    whole = curve.over(start, start + length)
    assert len(whole) == length
    cut = min(cut, length)
    assert np.array_equal(
        np.concatenate([curve.over(start, start + cut), curve.over(start + cut, start + length)]), whole
    )
    values = [point.value for point in points]
    assert whole.min(initial=min(values)) >= min(values) * (1 - 1e-6)
    assert whole.max(initial=max(values)) <= max(values) * (1 + 1e-6)
    constant = curve.constant_over(start, start + length)
    if constant is not None:
        assert np.array_equal(whole, np.full(length, constant, np.float32))


@settings(max_examples=100, deadline=None)
@given(curves)
def test_the_points_are_met_exactly(points: list[CurvePoint]) -> None:
    curve = Curve(points, 96000)
    for point in points:
        frame = int(np.floor(point.at_s * 96000 + 0.5))
        assert curve.over(frame, frame + 1)[0] == np.float32(point.value)


def test_constant_stretches_are_told() -> None:
    curve = Curve([CurvePoint(1, 0.5), CurvePoint(2, 0.5), CurvePoint(3, 1.0)], 10)
    assert curve.constant_over(0, 20) == 0.5
    assert curve.constant_over(0, 22) is None
    assert curve.constant_over(30, 99) == 1.0


def test_a_held_value_changes_without_a_click() -> None:
    values = Curve([CurvePoint(0, 0.0), CurvePoint(1, 1.0, "hold")], RATE).over(0, RATE + 1)
    ramp = round(HOLD_RAMP_S * RATE)
    assert not values[: RATE - ramp].any()
    assert values[RATE] == 1
    assert np.abs(np.diff(values)).max() < 2 / ramp


def test_what_a_curve_refuses() -> None:
    with pytest.raises(ValueError, match="a curve needs at least one point"):
        Curve([], RATE)
    with pytest.raises(ValueError, match="follow each other in time: 1 after 1"):
        Curve([CurvePoint(1, 0), CurvePoint(1, 1)], RATE)
    with pytest.raises(ValueError, match="an exponential way needs values of 0 and more: -3 to 2"):
        Curve([CurvePoint(0, -3), CurvePoint(1, 2, "exp")], RATE)


@pytest.mark.parametrize("inputs", [1, 2])
def test_a_moving_pan_follows_the_law_of_the_one_that_stands(inputs: int) -> None:
    pans = np.linspace(-1, 1, 201, dtype=np.float32)
    for channel in range(inputs):
        samples = np.zeros((201, inputs), np.float32)
        samples[:, channel] = 1
        wanted = [pan_gains(float(pan), inputs)[channel] for pan in pans]
        np.testing.assert_allclose(spread_along(samples, 2, pans), wanted, atol=1e-6)


def test_a_moving_pan_keeps_the_power() -> None:
    mono = np.ones((1001, 1), np.float32)
    power = np.square(spread_along(mono, 2, np.linspace(-1, 1, 1001, dtype=np.float32)), dtype=np.float64).sum(axis=1)
    assert np.abs(10 * np.log10(power)).max() < 0.001


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("inputs", [1, 2])
def test_what_stands_still_is_a_plain_spread(inputs: int, channels: int) -> None:
    samples = noise(0.1, channels=inputs)
    gain = np.full(len(samples), 0.3, np.float32)
    pan = np.full(len(samples), 0.4, np.float32)
    wanted = spread(samples, channels, 0.4, 0.3)
    assert np.array_equal(spread_along(samples, channels, 0.4, 0.3), wanted)
    for moving in (spread_along(samples, channels, pan, 0.3), spread_along(samples, channels, 0.4, gain)):
        np.testing.assert_allclose(moving, wanted, atol=1e-6)


def naive_sweep(kind: str, line: np.ndarray, corner: np.ndarray, q: float) -> np.ndarray:
    """Simper's form of the filter, sample by sample."""
    first = second = 0.0
    out = np.empty(len(line))
    for n, (x, g) in enumerate(zip(line, np.tan(np.pi * corner / RATE), strict=True)):
        a1 = 1 / (1 + g * (g + 1 / q))
        rest = x - second
        band = a1 * first + g * a1 * rest
        low = second + g * a1 * first + g * g * a1 * rest
        first, second = 2 * band - first, 2 * low - second
        out[n] = low if kind == "low" else x - band / q - low
    return out


@pytest.mark.parametrize("kind", ["low", "high"])
def test_a_sweep_is_the_loop_over_samples(kind: Literal["low", "high"]) -> None:
    samples = noise(0.25)
    corner = np.geomspace(50, 15000, len(samples))
    for cuts in (range(GRID_FRAMES, len(samples), GRID_FRAMES), [1, 64, 65, 700, 5000]):
        sweep = Sweep(kind, lambda start, stop: corner[start:stop], RATE, 2)
        out = np.concatenate([sweep.run(block) for block in np.split(samples, cuts)])
        for channel in range(2):
            naive = naive_sweep(kind, samples[:, channel].astype(np.float64), corner, np.sqrt(0.5))
            np.testing.assert_allclose(out[:, channel], naive, atol=1e-6)


@pytest.mark.parametrize("order", [2, 4])
def test_a_corner_that_stands_is_a_butterworth(order: int) -> None:
    samples = noise(0.25)
    designs: dict[Literal["low", "high"], Callable[[float, int, int], Sections]] = {"low": low_pass, "high": high_pass}
    for kind, design in designs.items():
        sweep = Sweep(kind, lambda start, stop: np.full(stop - start, 900.0), RATE, 2, order)
        wanted = Equalizer(design(900, RATE, order), 2).run(samples)
        np.testing.assert_allclose(sweep.run(samples), wanted, atol=2e-6)


def test_a_sweep_makes_no_noise_of_its_own() -> None:
    """A low tone under a corner that races over four octaves in a second: what is not tone lies 100 dB below it."""
    samples = tone(100, 4, -6)[:, None].astype(np.float32)
    curve = Curve(
        [CurvePoint(0, 8000), CurvePoint(1, 500, "exp"), CurvePoint(2, 8000, "exp"), CurvePoint(4, 500, "s")], RATE
    )
    sweep = Sweep("low", curve.over, RATE, 1)
    out = np.concatenate(
        [sweep.run(block) for block in np.split(samples, range(GRID_FRAMES, len(samples), GRID_FRAMES))]
    )
    spectrum = np.abs(np.fft.rfft(out[:, 0] * np.blackman(len(out)))) ** 2
    hz = np.fft.rfftfreq(len(out), 1 / RATE)
    assert 10 * np.log10(spectrum[hz > 1000].sum() / spectrum.sum()) < -100


def test_corners_are_kept_in_reach() -> None:
    sweep = Sweep("low", lambda start, stop: np.full(stop - start, 1e6), RATE, 2)
    samples = noise(0.1)
    assert np.isfinite(sweep.run(samples)).all()
    assert sweep.tail_frames < 100
    deep = Sweep("high", lambda start, stop: np.full(stop - start, -5.0), RATE, 1)
    assert np.isfinite(deep.run(samples[:, :1])).all()
    with pytest.raises(ValueError, match="a moving filter has an order of 2, 4, 6 or 8, not 3"):
        Sweep("low", lambda start, stop: np.ones(stop - start), RATE, 2, 3)


def test_after_the_tail_of_a_sweep_it_is_quiet() -> None:
    for order in (2, 4):
        sweep = Sweep("low", lambda start, stop: np.full(stop - start, 200.0), RATE, 1, order)
        impulse = np.zeros((RATE, 1), np.float32)
        impulse[0] = 1
        out = np.abs(sweep.run(impulse))
        assert out[sweep.tail_frames :].max() < 10 ** (-50 / 20) * out.max()
        assert out[sweep.tail_frames // 3 :].max() > 10 ** (-50 / 20) * out.max()
