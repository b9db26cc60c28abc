"""Rooms: convolution against its definition, reverberation against what was asked of it, distance against its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio import convolution
from scenebuild.audio.convolution import LONG, SHORT, Convolver
from scenebuild.audio.distance import AIR_DB, AIR_HZ, CRITICAL_METRES, at_distance
from scenebuild.audio.effect import GRID_FRAMES
from scenebuild.audio.equalizer import low_pass, response
from scenebuild.audio.level import pan_gains
from scenebuild.audio.reverb import RoomReverb, impulse_response, reverb
from signals import RATE, Samples, level_db, noise


def convolved(samples: np.ndarray, impulse: np.ndarray) -> np.ndarray:
    """Every input through its way to every output, in one transform; cut to the input's length."""
    inputs, outputs = impulse.shape[1:]
    size = len(samples) + len(impulse)
    spectrum = np.fft.rfft(samples.astype(np.float64), size, axis=0)
    ways = np.fft.rfft(impulse.astype(np.float64), size, axis=0)
    out = [sum(spectrum[:, i] * ways[:, i, o] for i in range(inputs)) for o in range(outputs)]
    return np.fft.irfft(np.stack(out, axis=1), size, axis=0)[: len(samples)]


def each_its_own(impulse: np.ndarray, channels: int) -> np.ndarray:
    """A mono or stereo response as a matrix of ways."""
    ways = np.zeros((len(impulse), channels, channels))
    for channel in range(channels):
        ways[:, channel, channel] = impulse[:, channel % impulse.shape[1]]
    return ways


@pytest.mark.parametrize("length", [1, 5, SHORT, SHORT + 1, LONG, LONG + 1, 3 * LONG - 7])
@pytest.mark.parametrize("shape", [(1,), (2,), (2, 2)])
def test_any_length_and_shape_is_a_convolution(length: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(length)
    impulse = rng.standard_normal((length, *shape)) / np.sqrt(length)
    samples = noise(5 * LONG / RATE, rms=0.2)
    convolver = Convolver(impulse, 2)
    out = np.concatenate([convolver.run(block) for block in np.split(samples, len(samples) // GRID_FRAMES)])
    wanted = convolved(samples, each_its_own(impulse, 2) if len(shape) == 1 else impulse)
    assert out.dtype == np.float32
    assert level_db(out - wanted) < level_db(wanted) - 110
    assert convolver.tail_frames == length - 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.integers(1, 600), st.integers(0, 3))
def test_blocks_of_any_size_are_answered_in_time(sizes: list[int], length: int, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "SHORT", 32)
        patch.setattr(convolution, "LONG", 128)
        samples = noise(sum(sizes) / RATE, seed=seed)
        impulse = np.random.default_rng(seed).standard_normal((length, 2))
        convolver = Convolver(impulse, 2)
        out = [convolver.run(block) for block in np.split(samples, np.cumsum(sizes)[:-1])]
    np.testing.assert_allclose(np.concatenate(out), convolved(samples, each_its_own(impulse, 2)), atol=2e-4)


def test_an_impulse_that_is_one_leaves_the_sound_as_it_is() -> None:
    samples = noise(0.5, channels=1)
    assert np.abs(Convolver(np.ones((1, 1)), 1).run(samples) - samples).max() < 1e-6


def test_what_convolution_refuses() -> None:
    for shape in [(10, 3), (0, 1), (10, 1, 2), (10,)]:
        with pytest.raises(ValueError, match=r"does not fit a sound of 2 channels"):
            Convolver(np.ones(shape), 2)


def decay_time(line: np.ndarray, hz: float) -> float:
    """The time to -60 dB of an octave, from -5 to -35 dB of Schroeder's backward integral (ISO 3382, T30)."""
    spectrum = np.fft.rfft(line, 2 * len(line))
    octaves = np.abs(np.log2(np.maximum(np.fft.rfftfreq(2 * len(line), 1 / RATE), 1) / hz))
    spectrum *= np.clip(2 - 4 * octaves, 0, 1)  # flat over half an octave, with slopes of a quarter on each side
    band = np.fft.irfft(spectrum)[: len(line)]
    left = 10 * np.log10(np.cumsum(band[::-1] ** 2)[::-1] / np.sum(band**2))
    start, stop = np.argmax(left < -5), np.argmax(left < -35)
    slope = np.polyfit(np.arange(start, stop) / RATE, left[start:stop], 1)[0]
    return float(-60 / slope)


@pytest.mark.parametrize("decay_s", [0.4, 1.2, 4.0])
@pytest.mark.parametrize("size_m", [3.0, 12.0])
def test_it_decays_in_the_time_that_was_asked_for(decay_s: float, size_m: float) -> None:
    ways = impulse_response(RoomReverb(decay_s, size_m, damping=0.6), RATE, 2)
    for ear in range(2):
        for hz in (125, 250, 500, 1000):
            assert decay_time(ways[:, 0, ear], hz) == pytest.approx(decay_s, rel=0.1), hz
    open_room = impulse_response(RoomReverb(decay_s, size_m, damping=0.0), RATE, 1)
    for hz in (250, 1000, 4000, 8000):
        assert decay_time(open_room[:, 0, 0], hz) == pytest.approx(decay_s, rel=0.1), hz


@pytest.mark.parametrize("damping", [0.3, 1.0])
def test_damping_shortens_the_treble(damping: float) -> None:
    room = RoomReverb(2.0, 8.0, damping)
    line = impulse_response(room, RATE, 1)[:, 0, 0]
    for hz in (2000, 4000, 8000):
        assert room.decay_at(hz) == pytest.approx(2.0 * (hz / 1000) ** -damping)
        assert decay_time(line, hz) == pytest.approx(room.decay_at(hz), rel=0.2)


def test_the_predelay_is_silence() -> None:
    plain, later = (impulse_response(RoomReverb(0.5, predelay_s=predelay), RATE, 2) for predelay in (0.0, 0.03))
    assert not later[:1440].any()
    assert np.array_equal(later[1440:], plain)
    before_the_walls = plain[: round(0.5 * 10 / 343 * RATE)]
    assert level_db(before_the_walls) + 10 * np.log10(len(before_the_walls) / len(plain)) < level_db(plain) - 15


def correlation(samples: Samples) -> float:
    """Of the two channels."""
    return float(np.asarray(np.corrcoef(samples.T))[0, 1])


def test_noise_comes_out_as_loud_and_on_two_sides_that_know_nothing_of_each_other() -> None:
    effect = reverb(RoomReverb(1.0), RATE, 2)
    out = effect.run(noise(8.0))[2 * RATE :]
    assert level_db(out) == pytest.approx(-20, abs=0.3)
    assert abs(correlation(out)) < 0.1
    one_voice = np.repeat(noise(8.0, channels=1), 2, axis=1)
    sides = reverb(RoomReverb(1.0), RATE, 2).run(one_voice)[2 * RATE :]
    assert abs(correlation(sides)) < 0.2


def test_the_room_is_as_loud_wherever_a_sound_is_panned() -> None:
    ways = impulse_response(RoomReverb(1.5), RATE, 2)
    levels = []
    for pan in (-1.0, -0.5, 0.0, 0.5, 1.0):
        left, right = pan_gains(pan, 1)[0]
        levels.append(level_db(left * ways[:, 0] + right * ways[:, 1]))
    assert max(levels) - min(levels) < 0.5


def test_nothing_rings() -> None:
    """A room that rings has a few modes that outlive all others. The late power of noise is spread over the frequencies
    as that of noise: its logarithm has a standard deviation of 5.57 dB (exponential distribution), and no line stands
    out from the many."""
    line = impulse_response(RoomReverb(2.0, damping=0.0), RATE, 1)[:, 0, 0]
    late = line[RATE // 2 : RATE + RATE // 2] * np.exp(6.9077553 / 2.0 * np.arange(RATE) / RATE)
    power = np.abs(np.fft.rfft(late * np.hanning(len(late))))[200:15000] ** 2
    assert np.std(10 * np.log10(power)) == pytest.approx(5.57, abs=0.3)
    assert power.max() / power.mean() < 2 * np.log(len(power))


def test_the_echoes_are_dense() -> None:
    """Share of the late samples beyond one standard deviation: 0.317 for noise (J. Abel, echo density)."""
    line = impulse_response(RoomReverb(1.5, 6.0), RATE, 1)[:, 0, 0]
    window = line[int(0.1 * RATE) : int(0.12 * RATE)]
    assert np.mean(np.abs(window) > window.std()) == pytest.approx(0.317, abs=0.04)


def test_the_same_numbers_give_the_same_room() -> None:
    assert np.array_equal(impulse_response(RoomReverb(0.3), RATE, 2), impulse_response(RoomReverb(0.3), RATE, 2))


def test_what_is_no_room() -> None:
    for room in (RoomReverb(0.04), RoomReverb(1.0, 0.0), RoomReverb(damping=1.5), RoomReverb(predelay_s=-1)):
        with pytest.raises(ValueError, match="is no room"):
            reverb(room, RATE, 2)
    tiny = impulse_response(RoomReverb(0.05), 8000, 1)
    assert np.isfinite(tiny).all()
    assert np.square(tiny).sum() == pytest.approx(1)


@pytest.mark.parametrize("metres", [2.0, 5.0, 20.0, 100.0])
def test_distance_follows_its_laws(metres: float) -> None:
    far, twice = at_distance(metres), at_distance(2 * metres)
    assert 20 * np.log10(twice.gain / far.gain) == pytest.approx(-6.02, abs=0.01)
    if far.cutoff_hz is not None:
        hz = np.array([1000.0, 2000.0, 4000.0, 8000.0])
        air = AIR_DB * (metres - 1) * (hz / AIR_HZ) ** 2
        filtered = -20 * np.log10(np.abs(response(low_pass(far.cutoff_hz, 192000), hz, 192000)))
        assert np.abs(filtered - air)[air < 15].max() < 2.0


def test_near_and_at_the_recorded_distance() -> None:
    assert at_distance(1).gain == 1
    assert at_distance(0.5).gain == 2
    assert at_distance(0.5).cutoff_hz is at_distance(2).cutoff_hz is None
    assert at_distance(0.01) == at_distance(0.25)
    assert at_distance(1).reverb_gain == 0
    at_critical = at_distance(CRITICAL_METRES)
    assert 20 * np.log10(at_critical.reverb_gain / at_critical.gain) == pytest.approx(0, abs=0.1)
    with pytest.raises(ValueError, match="a distance is more than 0, not 0"):
        at_distance(0)


def test_farther_is_never_louder_or_brighter_or_drier() -> None:
    places = [at_distance(metres) for metres in np.geomspace(0.2, 500, 200)]
    for nearer, farther in zip(places, places[1:], strict=False):
        assert farther.gain <= nearer.gain
        assert (farther.cutoff_hz or np.inf) <= (nearer.cutoff_hz or np.inf)
        assert farther.reverb_gain >= nearer.reverb_gain
