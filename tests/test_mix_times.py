"""When an element sounds and how its take is played: exact times, seeded chance, trim, reverse, speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.wav import AudioFileError, quantize, read_wav
from scenebuild.mix.repeats import draw, repeat_times
from scenebuild.mix.timeline import Span, lay_out
from scenebuild.scene.timing import Playback, Repeat
from signals import RATE, Samples, level_db, noise, stereo, tone
from test_mix import Studio, element


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def click(level: float = 0.5) -> Samples:
    samples = np.zeros((100, 2), np.float32)
    samples[0] = level
    return samples


def times(repeat: Repeat, length_s: float, seed: int, end_s: float = 1000.0, **options: bool) -> np.ndarray:
    return np.array(list(repeat_times(repeat, 2.0, length_s, seed, "thunder", end_s, **options)))


# Chance


def test_the_same_seed_gives_the_same_times_and_another_others() -> None:
    repeat = Repeat(20.0, 5.0)
    first = times(repeat, 3.0, 7)
    assert first.tolist() == times(repeat, 3.0, 7).tolist()
    assert first.tolist() != times(repeat, 3.0, 8).tolist()
    assert [round(draw(7, "thunder", count), 6) for count in range(3)] == [0.888341, 0.127459, 0.215341]


def test_over_a_thousand_seeds_the_spacing_has_the_asked_mean_and_spread() -> None:
    spacings = np.concatenate([np.diff(times(Repeat(20.0, 5.0), 3.0, seed)) for seed in range(1000)])
    error_of_the_mean = 5 / np.sqrt(3) / np.sqrt(len(spacings))
    assert spacings.mean() == pytest.approx(20.0, abs=4 * error_of_the_mean)
    assert spacings.std() == pytest.approx(5 / np.sqrt(3), rel=0.02)  # uniform over +-5
    assert 15.0 <= spacings.min() < 15.1
    assert 24.9 < spacings.max() <= 25.0


def test_a_gap_is_kept_over_a_thousand_seeds_and_moves_no_mean() -> None:
    spacings = np.concatenate([np.diff(times(Repeat(10.0, 8.0, gap_s=2.0), 4.0, seed)) for seed in range(1000)])
    assert spacings.min() >= 4.0 + 2.0
    assert spacings.mean() == pytest.approx(10.0, abs=4 * 4 / np.sqrt(3) / np.sqrt(len(spacings)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 8), st.floats(0, 3), st.floats(0, 20), st.floats(30, 300))
def test_in_a_mix_that_loops_the_gap_holds_over_the_seam_too(
    seed: int, length_s: float, gap_s: float, jitter_s: float, end_s: float
) -> None:
    repeat = Repeat(length_s + gap_s + jitter_s + 1, jitter_s, gap_s)
    found = times(repeat, length_s, seed, end_s, loops=True)
    around = np.diff([*found, found[0] + end_s])
    assert around.min() >= length_s + gap_s - 1e-6 or len(found) == 1


def test_a_count_ends_it_and_says_how_long_the_mix_is() -> None:
    assert times(Repeat(5.0, count=3), 1.0, 0).tolist() == [2.0, 7.0, 12.0]
    rain, owl = Span(0, 8, True), Span(2, 1, False, repeat=Repeat(5.0, count=3), name="owl")
    assert lay_out([rain, owl], 48000).frames / 48000 == 13.0
    assert lay_out([rain, Span(2, 1, False, repeat=Repeat(5.0)), Span(0, 4, False)], 48000).frames / 48000 == 4.0


def test_times_are_placed_to_the_frame_and_cut_where_the_mix_ends() -> None:
    (placement,) = lay_out([Span(1, 3, False, more_starts_s=(4.0, 9.5, 12.0))], 1000, 10.0).placements
    assert placement.times == ((1000, 4000), (4000, 7000), (9500, 10000))
    assert (placement.start, placement.stop, placement.cut) == (1000, 10000, True)


def test_drawing_times_needs_no_numpy() -> None:
    code = "import sys, scenebuild.mix.repeats; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# In the mix


def test_a_list_of_starts_is_exact_to_the_frame_and_adds_up_where_it_overlaps(studio: Studio) -> None:
    studio.take("a", click())
    starts = Playback(more_starts_s=(0.5, 0.5 + 1 / RATE, 0.75))
    mixed = studio.sound(element("a", start_s=0.1, playback=starts), duration_s=1.0)[:, 0]
    assert np.flatnonzero(mixed).tolist() == [4800, 24000, 24001, 36000]
    studio.take("b", np.full((4800, 2), 0.25, np.float32))
    overlapping = studio.sound(element("b", playback=Playback(more_starts_s=(0.05,))), duration_s=0.2)[:, 0]
    assert np.unique(overlapping[2400:4800]).tolist() == [0.5]


def test_every_time_has_fades_of_its_own(studio: Studio) -> None:
    studio.take("a", np.full((RATE, 2), 0.5, np.float32))
    twice = element("a", fade_in_s=0.2, fade_out_s=0.4, playback=Playback(more_starts_s=(1.5,)))
    mixed = studio.sound(twice, duration_s=3.0)[:, 0]
    once = studio.sound(element("a", fade_in_s=0.2, fade_out_s=0.4))[:, 0]
    assert np.array_equal(mixed[:RATE], once)
    assert np.array_equal(mixed[RATE * 3 // 2 : RATE * 5 // 2], once)


def test_repeats_come_when_the_mixs_seed_says(studio: Studio) -> None:
    studio.take("a", click())
    drip = element("a", playback=Playback(repeat=Repeat(1.0, 0.5)))
    heard = {seed: np.flatnonzero(studio.sound(drip, duration_s=30.0, seed=seed)[:, 0]) for seed in (1, 2)}
    wanted = repeat_times(Repeat(1.0, 0.5), 0.0, 100 / RATE, 1, "a", 30.0)
    assert heard[1].tolist() == [round(time_s * RATE) for time_s in wanted]
    assert heard[1].tolist() != heard[2].tolist()


def test_facts_tell_every_time(studio: Studio) -> None:
    studio.take("a", noise(1.0))
    stem = studio.mix(element("a", playback=Playback(more_starts_s=(2.5,))), duration_s=3.0).stems[0]
    assert stem.times_s == ((0.0, 1.0), (2.5, 3.0))
    assert (stem.start_s, stem.end_s, stem.pass_s) == (0.0, 3.0, 1.0)


def test_a_trim_plays_exactly_its_part_and_reverse_exactly_backwards(studio: Studio) -> None:
    take = noise(1.0)
    studio.take("a", take)
    trimmed = studio.sound(element("a", playback=Playback(trim_from_s=0.25, trim_to_s=0.75)))
    assert np.array_equal(quantize(trimmed), quantize(take[RATE // 4 : RATE * 3 // 4]))
    backwards = studio.sound(element("a", playback=Playback(reverse=True)))
    assert np.array_equal(quantize(backwards), quantize(take[::-1]))
    both = studio.sound(element("a", playback=Playback(trim_from_s=0.5, reverse=True)))
    assert np.array_equal(quantize(both), quantize(take[: RATE // 2 - 1 : -1]))


def test_a_take_at_another_rate_is_trimmed_and_turned_too(studio: Studio) -> None:
    line = np.concatenate([tone(500, 1.0, -12, 16000), tone(2000, 1.0, -12, 16000)])
    studio.take("a", line[:, None].astype(np.float32), 16000)
    mixed = studio.sound(element("a", playback=Playback(trim_from_s=0.5, trim_to_s=1.5, reverse=True)), channels=1)
    assert len(mixed) == RATE
    halves = np.split(mixed[:, 0], 2)
    assert [strongest_hz(half) for half in halves] == [2000, 500]


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.5, 2.0, 4.0])
def test_speed_changes_pitch_and_length_together_and_no_level(studio: Studio, speed: float) -> None:
    studio.take("a", stereo(tone(1000, 2.0, -12)))
    mixed = studio.sound(element("a", playback=Playback(speed=speed)))
    assert len(mixed) == round(2 * RATE / speed)
    middle = mixed[len(mixed) // 4 : len(mixed) * 3 // 4, 0]
    assert strongest_hz(middle) == pytest.approx(1000 * speed, abs=2)
    assert level_db(middle) == pytest.approx(-15.01, abs=0.02)


def strongest_hz(line: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(line * np.hanning(len(line))))
    return float(np.argmax(spectrum) * RATE / len(line))


def test_a_trim_behind_the_end_of_a_recording_is_said(studio: Studio) -> None:
    studio.take("a", noise(1.0))
    with pytest.raises(AudioFileError, match=r"^a: trim: nothing is left from 2 s on: the take lasts 1 s$"):
        studio.mix(element("a", playback=Playback(trim_from_s=2.0)))


def test_stems_of_sounds_that_come_again_sum_to_the_mix_and_any_block_size_gives_its_bytes(studio: Studio) -> None:
    studio.take("a", noise(0.7, seed=1))
    studio.take("b", noise(1.1, seed=2))
    elements = (
        element("a", playback=Playback(more_starts_s=(0.4, 1.9)), pan=-0.3),
        element("b", playback=Playback(repeat=Repeat(0.9, 0.3), reverse=True, speed=1.3), volume=0.5),
    )
    mix = studio.mix(*elements, duration_s=5.0, loudness_lufs=-20)
    alone = Path(mix.path).read_bytes()
    for block_frames in (1000, 4096, 50_001):
        studio.mix(*elements, duration_s=5.0, loudness_lufs=-20, block_frames=block_frames, stems=True)
        assert Path(mix.path).read_bytes() == alone
    stems = [quantize(read_wav(studio.folder / "stems" / f"{name}.wav")[0]) for name in "ab"]
    assert np.array_equal(np.sum(stems, axis=0), quantize(read_wav(mix.path)[0]))


# Never a model for it


def test_no_sound_is_made_again_for_times_and_playing(project: Path) -> None:
    def built(fields: str, mix: str) -> str:
        text = f"name: X\nelements: {{a: {{prompt: rain, duration: 0.5{fields}}}}}\nmix: {{duration: 9{mix}}}\n"
        Path("scenes/x.yaml").write_text(text)
        command = [sys.executable, "-m", "scenebuild", "scenes/x.yaml"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "1 generated" in built("", "")
    for fields in (
        ", start: [1, 5]",
        ", repeat: {every: 2, jitter: 1}",
        ", trim: {to: 0.2}",
        ", reverse: true",
        ", speed: 0.5",
        ", volume: [{at: 0, value: 0.2}, {at: 3, value: 1}], low_pass: 900",
        ", distance: 9, effects: [{reverb: {}}], loop: {seam: best}",
    ):
        assert "1 locked" in built(fields, "")
    assert "1 locked" in built(", repeat: {every: 2, jitter: 1}", ", seed: 3")
    readme = Path("build/x/README.md").read_text()
    assert "times, from 0 s to" in readme
    assert "Repeated: every 2.0 s, give or take 1.0 s" in readme
