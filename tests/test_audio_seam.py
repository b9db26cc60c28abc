"""Seams: the best place is found, the power holds whatever the correlation, and a bad loop scores badly."""

from __future__ import annotations

import numpy as np
import pytest

from scenebuild.audio.level import crossfade_curves
from scenebuild.audio.loop import crossfade_frames, loop_body, render_loop
from scenebuild.audio.seam import (
    AUDIBLE_DB,
    Seam,
    SeamScore,
    best_seam,
    closed,
    crossfade_by,
    find_seam,
    gains_by,
    loop_score,
    seam_score,
)
from signals import RATE, Samples, impulses, level_db, noise, speech_like, stereo, tone


def pink(seconds: float, seed: int = 0) -> Samples:
    spectrum = np.fft.rfft(noise(seconds, seed=seed), axis=0)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))[:, None]
    line = np.fft.irfft(spectrum, round(seconds * RATE), axis=0)
    return np.asarray(0.1 * line / line.std(), np.float32)


def hum(seconds: float, hz: float = 73.1) -> Samples:
    return stereo(np.sum([tone(hz * k, seconds, -12 - 6 * k) for k in (1, 2, 3, 5)], axis=0))


def swelling(samples: Samples, db: float) -> Samples:
    """Louder and louder."""
    return (samples * 10 ** (np.linspace(0, db / 20, len(samples)))[:, None]).astype(np.float32)


def naive_correlations(head: np.ndarray, tail: np.ndarray, crossfade: int) -> list[float]:
    angle = (np.arange(crossfade) + 0.5) / crossfade * np.pi / 2
    weight = (np.sin(angle) * np.cos(angle))[:, None]
    out = []
    for at in range(len(tail) - crossfade + 1):
        end = tail[at : at + crossfade]
        power = np.sqrt((weight * head[:crossfade] ** 2).sum() * (weight * end**2).sum())
        out.append(float((weight * head[:crossfade] * end).sum() / power))
    return out


def test_the_search_finds_the_highest_correlation() -> None:
    for seed in range(5):
        samples = pink(0.05, seed).astype(np.float64)
        head, tail = samples[:200], samples[-700:]
        wanted = naive_correlations(head, tail, 200)
        seam = find_seam(head.astype(np.float32), tail.astype(np.float32), 200)
        assert seam.cut == 500 - int(np.argmax(wanted))
        assert seam.correlation == pytest.approx(max(wanted), abs=1e-5)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.3, 8.0])
def test_a_hum_closes_in_phase(seconds: float) -> None:
    take = hum(seconds)
    seam = best_seam(take, RATE)
    assert seam.correlation > 0.99
    body = closed(take, seam)
    assert len(body) == len(take) - seam.cut
    played = render_loop(body, seam.crossfade, 0, 3 * len(body))
    levels = [level_db(block) for block in np.split(played[: len(played) // 4800 * 4800], len(played) // 4800)]
    assert max(levels) - min(levels) < 0.5


def test_an_equal_power_crossfade_of_a_hum_swells_and_the_score_hears_it() -> None:
    """Two ends in phase: the plain crossfade rises by 3 dB half-way."""
    take = stereo(tone(100, 3.0, -12))
    body = loop_body(take, 24000)
    assert loop_score(body, 24000, RATE).level_db == pytest.approx(2.3, abs=0.5)
    seam = best_seam(take, RATE)
    better = closed(take, seam)
    assert loop_score(better, seam.crossfade, RATE).score_db < 0.1


@pytest.mark.parametrize("correlation", [-0.5, -0.2, 0.0, 0.3, 0.7, 1.0])
def test_the_power_holds_whatever_the_correlation(correlation: float) -> None:
    down, up = (gains.astype(np.float64) for gains in gains_by(correlation, 999))
    power = down**2 + up**2 + 2 * correlation * down * up
    assert np.abs(10 * np.log10(power)).max() < 0.001


def test_the_ends_of_the_law() -> None:
    for found, wanted in zip(gains_by(0.0, 500), crossfade_curves(500), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    down, up = gains_by(1.0, 500)
    np.testing.assert_allclose(down + up, 1.0, atol=1e-6)
    one = noise(0.1)
    np.testing.assert_allclose(crossfade_by(1.0, one, one), one, atol=1e-6)
    with pytest.raises(ValueError, match="a crossfade needs two sounds of one shape"):
        crossfade_by(0.0, one, one[1:])


GOOD = {
    "noise": noise(8),
    "short noise": noise(1),
    "pink": pink(8),
    "swelling noise": swelling(noise(8), 6),
    "hum": hum(8),
    "short hum": hum(0.7),
    "hum and noise": hum(8) * np.float32(0.3) + noise(8, rms=0.01),
    "speech": speech_like(8),
    "clicks": impulses(8),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_loop_with_its_best_seam_can_not_be_told(name: str) -> None:
    take = GOOD[name]
    seam = best_seam(take, RATE)
    body = closed(take, seam)
    score = loop_score(body, seam.crossfade, RATE)
    assert score.score_db < 1.0
    # The demand itself, on three times round: the sample step, and the level around the seam against the rest.
    played = render_loop(body, seam.crossfade, 0, 3 * len(body)).astype(np.float64)
    steps = np.abs(np.diff(played, axis=0))
    assert (steps[len(body) - 1] <= np.percentile(steps, 99.9, axis=0)).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_level_does_not_dip(seed: int) -> None:
    """Noise, whose mean level over a crossfade is known to 0.1 dB."""
    take = noise(6, seed=seed)
    seam = best_seam(take, RATE)
    body = closed(take, seam)
    around = body[-seam.crossfade :]
    for part in np.array_split(around, 4):
        assert abs(level_db(part) - level_db(body)) < 0.25


BAD = {
    "hum cut anywhere": (hum(3), 20.0),
    "swelling noise": (swelling(noise(8), 12), 8.0),
    "dull to bright": (np.concatenate([0.3 * noise(4), np.cumsum(noise(4), axis=0, dtype=np.float32) / 50]), 5.0),
    "rising offset": (np.linspace(0, 0.5, 3 * RATE)[:, None].astype(np.float32) + noise(3, rms=0.001), 20.0),
    "dying away": (swelling(noise(8), -40), 30.0),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_loop_scores_badly(name: str) -> None:
    take, at_least = BAD[name]
    assert seam_score(take, take, RATE).score_db > max(at_least, AUDIBLE_DB)


def test_the_worst_of_the_three_counts() -> None:
    assert SeamScore(-3.0, 1.0, 0.5).score_db == 1.0


def test_every_part_of_the_score_hears_its_own() -> None:
    quiet = noise(4, rms=0.01)
    offset = seam_score(quiet, quiet + np.float32(0.3), RATE)
    assert offset.step_db > 10
    louder = seam_score(quiet, noise(4, rms=0.03, seed=1), RATE)
    assert louder.level_db == pytest.approx(20 * np.log10(3) - 0.5, abs=0.6)
    assert louder.spectrum_db < 0.5
    other = np.cumsum(noise(4, seed=2), axis=0)
    other -= np.linspace(other[0], other[-1], len(other))
    coloured = seam_score(quiet, (0.01 * other / other.std()).astype(np.float32), RATE)
    assert coloured.spectrum_db > 5


@pytest.mark.parametrize("frames", [0, 1, 2, 100, 5000])
def test_short_sounds_have_a_score_too(frames: int) -> None:
    for samples in (noise(0.2)[:frames], np.zeros((frames, 1), np.float32)):
        score = seam_score(samples, samples, RATE, min(frames, 50))
        assert np.isfinite([score.step_db, score.level_db, score.spectrum_db]).all()
        seam = best_seam(samples, RATE)
        assert len(closed(samples, seam)) == frames - seam.cut
        assert seam.crossfade == crossfade_frames(frames, RATE)


def test_no_room_to_search() -> None:
    assert find_seam(noise(0.1), noise(0.1)[:100], 100).cut == 0
    assert find_seam(noise(0.1), noise(0.1)[:50], 100) == Seam(0, 50, 0.0)
    assert find_seam(noise(0.1), noise(0.1), 0) == Seam(0, 0, 0.0)
