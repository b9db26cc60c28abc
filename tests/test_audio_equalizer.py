"""Fixed filters against their design curves, and what an effect promises."""

from __future__ import annotations

import numpy as np
import pytest

from scenebuild.audio.effect import GRID_FRAMES, Blend, Chain
from scenebuild.audio.equalizer import (
    Equalizer,
    Sections,
    butterworth_qs,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
    peak,
    response,
)
from signals import RATE, Samples, noise

FREQUENCIES = np.geomspace(30, 6000, 60)  # up to an eighth of the rate, where the transform has hardly squeezed
CORNERS = [60.0, 250.0, 1000.0, 3000.0]


def measured(sections: Sections, hz: np.ndarray) -> np.ndarray:
    """The gain in dB of the effect as it runs, block by block, from its impulse response."""
    effect = Equalizer(sections, 1)
    impulse = np.zeros((1 << 17, 1), np.float32)
    impulse[0] = 1
    blocks = [effect.run(block) for block in np.split(impulse, len(impulse) // GRID_FRAMES)]
    line = np.concatenate(blocks)[:, 0].astype(np.float64)
    spectrum = np.fft.rfft(line)
    return np.asarray(20 * np.log10(np.abs(spectrum[np.round(hz / RATE * len(line)).astype(int)])))


def grid(hz: np.ndarray) -> np.ndarray:
    """The frequencies that the measurement really reads."""
    return np.round(hz / RATE * (1 << 17)) * RATE / (1 << 17)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("order", [1, 2, 3, 4, 8])
def test_the_passes_are_butterworth(corner: float, order: int) -> None:
    hz = grid(FREQUENCIES)
    for sections, turn in ((low_pass(corner, RATE, order), 2 * order), (high_pass(corner, RATE, order), -2 * order)):
        found = measured(sections, FREQUENCIES)
        analogue = -10 * np.log10(1 + (hz / corner) ** turn)
        assert np.abs(found - analogue)[(analogue > -20) & (hz < 3000)].max() < 0.5
        squeezed = np.tan(np.pi * hz / RATE) / np.tan(np.pi * corner / RATE)  # by the bilinear transform
        transformed = -10 * np.log10(1 + squeezed**turn)
        assert np.abs(found - transformed)[transformed > -80].max() < 0.05


def analogue_shelf(ratio: np.ndarray, db: float) -> np.ndarray:
    """The Cookbook's low shelf with S = 1 at s = j ratio."""
    s, gain = 1j * ratio, 10 ** (db / 40)
    slope = np.sqrt(gain) * np.sqrt(2.0)
    return np.asarray(20 * np.log10(np.abs(gain * (s * s + slope * s + gain) / (gain * s * s + slope * s + 1))))


@pytest.mark.parametrize("db", [-18.0, -3.0, 6.0, 12.0])
@pytest.mark.parametrize("corner", CORNERS)
def test_shelves_and_peaks_follow_the_cookbook(corner: float, db: float) -> None:
    ratio = grid(FREQUENCIES) / corner
    assert np.abs(measured(low_shelf(corner, db, RATE), FREQUENCIES) - analogue_shelf(ratio, db)).max() < 0.5
    assert np.abs(measured(high_shelf(corner, db, RATE), FREQUENCIES) - analogue_shelf(1 / ratio, db)).max() < 0.5
    for q in (0.5, 2.0):
        gain, s = 10 ** (db / 40), 1j * ratio
        bell = 20 * np.log10(np.abs((s * s + s * gain / q + 1) / (s * s + s / (gain * q) + 1)))
        assert np.abs(measured(peak(corner, db, q, RATE), FREQUENCIES) - bell).max() < 0.5


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_the_curve_is_what_the_effect_does(rate: int) -> None:
    sections = high_pass(80, rate, 3) + peak(900, 5, 1, rate) + high_shelf(3000, -6, rate) + low_shelf(200, 2, rate)
    hz = np.linspace(50, rate / 2 - 50, 50)
    found = measured(sections, hz / rate * RATE)
    curve = response(sections, grid(hz / rate * RATE), RATE)
    assert np.abs(found - 20 * np.log10(np.abs(curve))).max() < 0.01


def test_a_boost_and_its_cut_undo_each_other() -> None:
    samples = noise(0.5)
    there_and_back = peak(700, 9, 1, RATE) + peak(700, -9, 1, RATE) + low_shelf(90, 4, RATE) + low_shelf(90, -4, RATE)
    assert np.abs(Equalizer(there_and_back, 2).run(samples) - samples).max() < 1e-6


def test_corners_out_of_reach() -> None:
    assert low_pass(50_000, RATE) == low_pass(0.49 * RATE, RATE)
    for make in (low_pass, high_pass):
        with pytest.raises(ValueError, match="a filter needs a frequency above 0 Hz, not 0"):
            make(0, RATE)
        with pytest.raises(ValueError, match="a filter has an order of 1 to 8, not 9"):
            make(100, RATE, 9)
    with pytest.raises(ValueError, match="a filter needs a frequency above 0 Hz, not -1"):
        peak(-1, 3, 1, RATE)


def test_butterworth_sections() -> None:
    assert butterworth_qs(1) == ()
    assert butterworth_qs(2) == pytest.approx([0.70711], abs=1e-5)
    assert butterworth_qs(3) == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("sections", "seconds"),
    [
        (low_pass(100, RATE), 3 * np.log(10) * np.sqrt(2) / (2 * np.pi * 100)),
        (high_pass(30, RATE, 4), 3 * np.log(10) * 2 * 1.30656 / (2 * np.pi * 30)),
        (peak(1000, 12, 8, RATE), 3 * np.log(10) * 16 * 10 ** (12 / 40) / (2 * np.pi * 1000)),
    ],
)
def test_the_tail_is_that_of_the_slowest_pole(sections: Sections, seconds: float) -> None:
    """A pair of poles at hz falls by e in every 2 Q / (2 pi hz) seconds."""
    effect = Equalizer(sections, 1)
    assert effect.tail_frames == pytest.approx(seconds * RATE, rel=0.01)
    impulse = np.zeros((effect.tail_frames + 4800, 1), np.float32)
    impulse[0] = 1
    out = np.abs(effect.run(impulse))
    assert out[effect.tail_frames :].max() < 10 ** (-50 / 20) * out.max()


class Doubler:
    """An effect that rings for as long as it is told."""

    def __init__(self, tail: int) -> None:
        self.tail_frames = tail

    def run(self, samples: Samples) -> Samples:
        return samples * np.float32(2)


def test_effects_in_a_row_and_side_by_side() -> None:
    samples = noise(0.1)
    chain = Chain([Doubler(3), Doubler(4)])
    assert chain.tail_frames == 7
    assert np.array_equal(chain.run(samples), 4 * samples)
    nothing = Chain([])
    assert nothing.tail_frames == 0
    assert np.array_equal(nothing.run(samples), samples)
    assert nothing.run(samples) is not samples
    blend = Blend(Doubler(5), wet=0.25, dry=0.5)
    assert blend.tail_frames == 5
    assert np.array_equal(blend.run(samples), samples)


def test_the_input_is_left_alone() -> None:
    samples = noise(0.1)
    kept = samples.copy()
    for effect in (Equalizer(low_pass(100, RATE), 2), Blend(Doubler(0), 0.5), Chain([Doubler(0)])):
        effect.run(samples)
        assert np.array_equal(samples, kept)
