"""The mixer: physics, exact sums, the same bytes, and nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenebuild.audio.loudness import measure_loudness
from scenebuild.audio.true_peak import measure_peak, measure_true_peak
from scenebuild.audio.wav import AudioFileError, quantize, read_wav, write_wav
from scenebuild.errors import Place, ScenebuildError
from scenebuild.generate.take import Take
from scenebuild.mix.levels import master_gain_db
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix
from scenebuild.scene.automation import Automation
from scenebuild.scene.model import Element, MixSettings, Sampling, Scene
from scenebuild.scene.timing import LoopSettings, Playback
from signals import RATE, Samples, ffmpeg_ebur128, impulses, level_db, needs_ffmpeg, noise, speech_like, stereo, tone

ELEMENT = Element(
    name="a",
    place=Place("scene.yaml"),
    prompt="rain",
    recording=None,
    engine=None,
    model=None,
    duration_s=1.0,
    seed=None,
    take=1,
    sampling=Sampling(),
    start_s=0.0,
    fade_in_s=0.0,
    fade_out_s=0.0,
    normalize="none",
)


def element(
    name: str, *, volume: float | Automation = 1.0, pan: float | Automation = 0.0, loop: bool = False, **changes: Any
) -> Element:
    if loop and changes.setdefault("playback", Playback()).loop is None:
        changes["playback"] = replace(changes["playback"], loop=LoopSettings())
    level = volume if isinstance(volume, Automation) else Automation.fixed(volume)
    panned = pan if isinstance(pan, Automation) else Automation.fixed(pan, "pan")
    return replace(ELEMENT, name=name, volume=level, pan=panned, **changes)


class Studio:
    """A folder with takes, in which scenes are mixed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, tuple[Take, ...]] = {}

    def take(self, name: str, samples: Samples, rate: int = RATE, number: int = 0) -> None:
        path = self.folder / f"take-{name}-{number}.wav"
        write_wav(path, samples, rate)
        samples, _ = read_wav(path)
        loudness, peak = measure_loudness(samples, rate), measure_peak(samples)
        take = Take(
            "0" * 64, "0" * 64, str(path), rate, samples.shape[1], len(samples), loudness, peak, "CC0-1.0", "sketch"
        )
        self.sources[name] = (*self.sources.get(name, ())[:number], take)

    def scene(self, *elements: Element, **mix: Any) -> Scene:
        return Scene("scene.yaml", "s", "", 0, None, elements, MixSettings(**mix), {})

    def mix(self, *elements: Element, stems: bool = False, block_frames: int = 32768, **mix: Any) -> Mix:
        return mix_scene(
            self.scene(*elements, **mix),
            self.sources,
            self.folder / "mix.wav",
            stems_folder=self.folder / "stems" if stems else None,
            block_frames=block_frames,
        )

    def sound(self, *elements: Element, **mix: Any) -> Samples:
        return read_wav(self.mix(*elements, **mix).path)[0]


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_a_take_at_volume_one_comes_through_bit_by_bit(studio: Studio) -> None:
    take = noise(0.5)
    studio.take("a", take)
    assert np.array_equal(quantize(studio.sound(element("a"))), quantize(take))


def test_two_equal_stems_sum_to_six_decibels(studio: Studio) -> None:
    for name in "ab":
        studio.take(name, stereo(tone(440, 1.0, -20)))
    one = studio.sound(element("a"))
    two = studio.sound(element("a"), element("b"))
    assert level_db(two) - level_db(one) == pytest.approx(6.02, abs=0.01)


def test_placement_is_exact_to_the_frame(studio: Studio) -> None:
    click = np.zeros((100, 2), np.float32)
    click[0] = 0.5
    studio.take("a", click)
    for start_s in (0.0, 0.25, 1 / 3):
        mixed = studio.sound(element("a", start_s=start_s), duration_s=1.0)
        assert len(mixed) == RATE
        assert np.flatnonzero(mixed[:, 0]).tolist() == [round(start_s * RATE)]


def test_each_take_is_brought_to_its_reference_before_its_volume_acts(studio: Studio) -> None:
    studio.take("a", noise(4, 0.02))
    for volume, wanted in ((1.0, -23.0), (0.5, -29.02)):
        mix = studio.mix(element("a", normalize="loudness", volume=volume))
        assert mix.loudness_lufs == pytest.approx(wanted, abs=0.02)
        assert mix.stems[0].loudness_lufs == pytest.approx(wanted, abs=0.02)
    peak = studio.sound(element("a", normalize="peak"))
    assert measure_peak(peak) == pytest.approx(-6.0, abs=0.01)


def test_a_short_take_has_a_level_too(studio: Studio) -> None:
    studio.take("a", stereo(tone(1000, 0.2, -40)))
    stem = studio.mix(element("a", normalize="loudness")).stems[0]
    assert stem.gain_db == pytest.approx(20.0, abs=0.1)  # half of 0.4 s at -40 is -43


@pytest.mark.parametrize("normalize", ["loudness", "peak"])
def test_silence_is_left_alone_and_near_silence_is_not_turned_into_noise(studio: Studio, normalize: str) -> None:
    studio.take("a", np.zeros((RATE, 2), np.float32))
    studio.take("b", stereo(tone(1000, 1.0, -69)))
    mix = studio.mix(element("a", normalize=normalize), element("b", normalize=normalize))
    assert [stem.gain_db for stem in mix.stems] == [0.0, 40.0]
    assert mix.stems[0].peak_dbfs == mix.stems[0].loudness_lufs == -inf
    needed = 46.0 if normalize == "loudness" else 63.0
    assert mix.warnings == (
        "a: the take is silent, so it was not normalised",
        f"b: the take is very quiet; it would need {needed:+.1f} dB to reach its reference level and got +40.0 dB,"
        " the most there is",
    )


def test_a_mute_element_is_silent(studio: Studio) -> None:
    studio.take("a", noise(0.5))
    mix = studio.mix(element("a", volume=0.0, normalize="loudness"))
    assert (mix.loudness_lufs, mix.true_peak_dbtp, mix.stems[0].gain_db) == (-inf, -inf, -inf)


def test_pan_reaches_the_mix(studio: Studio) -> None:
    studio.take("a", noise(0.5, channels=1))
    left, right = studio.sound(element("a", pan=-1.0)).T
    assert not right.any()
    assert level_db(left) == pytest.approx(-20, abs=0.1)
    mono = studio.sound(element("a", pan=-1.0), channels=1)
    assert mono.shape[1] == 1
    assert level_db(mono) == pytest.approx(-20, abs=0.1)


def test_fades_lie_at_the_ends_of_the_element(studio: Studio) -> None:
    studio.take("a", np.full((RATE, 2), 0.5, np.float32))
    mixed = studio.sound(element("a", start_s=0.5, fade_in_s=0.2, fade_out_s=0.4))[:, 0]
    assert mixed[RATE // 2 + RATE // 10] == pytest.approx(0.25, abs=1e-3)
    assert mixed[RATE * 3 // 2 - RATE // 5] == pytest.approx(0.25, abs=1e-3)
    assert np.all(mixed[RATE // 2 + RATE // 5 : RATE * 3 // 2 - RATE * 2 // 5] == 0.5)
    assert mixed[RATE // 2] < 1e-5
    assert mixed[-1] < 1e-5


def test_a_sound_that_the_mix_cuts_off_does_not_click(studio: Studio) -> None:
    studio.take("a", np.full((RATE, 2), 0.5, np.float32))
    cut = studio.sound(element("a"), duration_s=0.5)[:, 0]
    assert cut[-1] < 1e-4
    assert np.all(cut[: RATE // 2 - 240] == 0.5)
    assert cut[RATE // 2 - 120] == pytest.approx(0.25, abs=0.01)
    faded = studio.sound(element("a", fade_out_s=0.2), duration_s=0.5)[:, 0]
    assert faded[RATE // 2 - RATE // 10] == pytest.approx(0.25, abs=1e-3)  # at the mix's end, not the take's
    whole = studio.sound(element("a"))[:, 0]
    assert np.all(whole == 0.5)


def test_a_loop_fills_the_mix_without_a_dip(studio: Studio) -> None:
    studio.take("a", noise(2.0))
    mixed = studio.sound(element("a", loop=True, start_s=0.5), duration_s=20)
    assert len(mixed) == 20 * RATE
    assert not mixed[: RATE // 2].any()
    levels = [level_db(part) for part in np.array_split(mixed[RATE // 2 :], 195)]  # 0.1 s each
    assert min(levels) > -20.4
    assert max(levels) < -19.6


def test_a_loop_of_a_few_samples_is_mixed_like_any_other(studio: Studio) -> None:
    take = noise(1.0)[:3]
    studio.take("a", take)
    mixed = studio.sound(element("a", loop=True), duration_s=20)
    assert np.array_equal(quantize(mixed), np.tile(quantize(take), (20 * RATE // 3, 1)))


def test_a_take_at_another_rate_keeps_pitch_level_and_length(studio: Studio) -> None:
    studio.take("a", tone(1000, 2.0, -12, 16000)[:, None].astype(np.float32), 16000)
    mixed = studio.sound(element("a"), channels=1)
    assert len(mixed) == 2 * RATE
    middle = mixed[RATE // 2 : RATE // 2 + RATE, 0]
    assert level_db(middle) == pytest.approx(-15.01, abs=0.02)
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 1000


def four(studio: Studio) -> tuple[Element, ...]:
    """Four elements that use everything: loops, fades, pan, another rate, a cut, levels that need the limit."""
    studio.take("rain", noise(1.3, 0.2, seed=1))
    studio.take("voice", speech_like(2.5))
    studio.take("tick", noise(0.25, 0.1, 1, 16000, seed=2), 16000)
    studio.take("clicks", impulses(1.0))
    return (
        element("rain", loop=True, normalize="loudness", volume=1.4, fade_in_s=0.7, fade_out_s=1.1),
        element("voice", start_s=1.0, normalize="loudness", volume=2.0, pan=0.4),
        element("tick", start_s=0.33, loop=True, normalize="peak", volume=0.3, pan=-0.7),
        element("clicks", start_s=2.4, volume=0.8),
    )


def test_the_stems_sum_to_the_mix_exactly_and_never_change_it(studio: Studio) -> None:
    elements = four(studio)
    studio.mix(*elements, loudness_lufs=-14)
    alone = (studio.folder / "mix.wav").read_bytes()
    mix = studio.mix(*elements, stems=True, loudness_lufs=-14)
    assert (studio.folder / "mix.wav").read_bytes() == alone
    stems = [quantize(read_wav(studio.folder / "stems" / f"{one.name}.wav")[0]) for one in elements]
    total = quantize(read_wav(mix.path)[0])
    assert np.array_equal(np.sum(stems, axis=0), total)
    assert all(stem.shape == (mix.frames, 2) and stem.any() for stem in stems)
    for stem, facts in zip(stems, mix.stems, strict=True):
        samples = (stem / 2**23).astype(np.float32)
        assert measure_peak(samples) == pytest.approx(facts.peak_dbfs, abs=0.01)
    voice = read_wav(studio.folder / "stems" / "voice.wav")[0][RATE : RATE + int(2.5 * RATE)]
    assert mix.stems[1].loudness_lufs == pytest.approx(measure_loudness(voice, RATE), abs=0.02)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(block_frames=st.integers(500, 70000))
def test_the_same_bytes_whatever_the_block_size(studio: Studio, block_frames: int) -> None:
    elements = four(studio)
    reference = studio.mix(*elements, loudness_lufs=-20)
    wanted = Path(reference.path).read_bytes()
    again = studio.mix(*elements, loudness_lufs=-20, block_frames=block_frames)
    assert Path(again.path).read_bytes() == wanted
    assert again == reference


def test_takes_that_do_not_fit_in_memory_give_the_same_bytes(studio: Studio) -> None:
    scene = studio.scene(*four(studio), loudness_lufs=-20)
    mix_scene(scene, studio.sources, studio.folder / "held.wav")
    before = set(studio.folder.iterdir())
    mix_scene(scene, studio.sources, studio.folder / "held.wav", memory_bytes=1_000_000)
    assert set(studio.folder.iterdir()) == before
    held = (studio.folder / "held.wav").read_bytes()
    mix_scene(scene, studio.sources, studio.folder / "spilled.wav", memory_bytes=0)
    assert (studio.folder / "spilled.wav").read_bytes() == held


def test_reported_levels_are_those_of_the_file(studio: Studio) -> None:
    mix = studio.mix(*four(studio), loudness_lufs=-18)
    samples, rate = read_wav(mix.path)
    assert (rate, samples.shape) == (mix.sample_rate, (mix.frames, mix.channels))
    assert mix.loudness_lufs == measure_loudness(samples, rate)
    assert mix.true_peak_dbtp == measure_true_peak(samples)


LOUD: dict[str, Callable[[], Samples]] = {
    "speech": lambda: speech_like(6, 0.3),
    "tone": lambda: stereo(tone(997, 4, 0)),
    "impulses": lambda: impulses(6),
    "noise": lambda: noise(4, 0.5).clip(-1, 1),
}


@needs_ffmpeg
@pytest.mark.parametrize(("limit", "rate"), [(-1.0, 48000), (-1.0, 44100), (-6.0, 48000), (0.0, 48000)])
@pytest.mark.parametrize("name", LOUD)
def test_the_true_peak_limit_holds_by_ffmpeg(studio: Studio, name: str, limit: float, rate: int) -> None:
    studio.take("a", LOUD[name]())
    mix = studio.mix(
        element("a", normalize="loudness", volume=8.0, start_s=0.1),
        true_peak_dbtp=limit,
        loudness_lufs=0,
        sample_rate=rate,
    )
    loudness, true_peak = ffmpeg_ebur128(Path(mix.path))
    assert limit - 0.35 <= true_peak <= limit
    assert mix.true_peak_dbtp <= limit
    assert mix.true_peak_dbtp == pytest.approx(true_peak, abs=0.2)
    assert mix.loudness_lufs == pytest.approx(loudness, abs=0.1)


def test_a_loudness_target_is_met_and_a_miss_is_told(studio: Studio) -> None:
    studio.take("a", speech_like(8))
    met = studio.mix(element("a", normalize="loudness"), loudness_lufs=-26.5)
    assert met.loudness_lufs == pytest.approx(-26.5, abs=0.02)
    assert met.warnings == ()
    missed = studio.mix(element("a", normalize="loudness"), loudness_lufs=-8)
    by = -8 - missed.loudness_lufs
    assert missed.true_peak_dbtp == pytest.approx(-1.1, abs=0.01)
    assert missed.warnings == (
        f"the loudness target of -8 LUFS was missed by {by:.1f} LU: the true peak limit of -1 dBTP leaves no room"
        " for more gain",
    )


def test_a_target_far_above_a_quiet_mix_is_not_reached_by_a_roar(studio: Studio) -> None:
    studio.take("a", stereo(tone(1000, 2.0, -78)))
    mix = studio.mix(element("a"), loudness_lufs=-20)
    assert mix.master_gain_db == 40.0
    assert mix.warnings == (
        "the loudness target of -20 LUFS was missed by 18.0 LU: the mix is very quiet, and +40.0 dB is the most gain"
        " there is",
    )


def test_a_silent_mix_has_no_loudness_to_reach(studio: Studio) -> None:
    studio.take("a", np.zeros((RATE, 2), np.float32))
    mix = studio.mix(element("a"), loudness_lufs=-20)
    assert mix.master_gain_db == 0.0
    assert mix.warnings == ("the mix is silent, so the loudness target of -20 LUFS was not reached",)


def test_no_stem_exceeds_full_scale_where_two_cancel(studio: Studio) -> None:
    loud = stereo(tone(300, 1.0, -2))
    studio.take("a", loud)
    studio.take("b", -loud)
    mix = studio.mix(element("a", volume=3.0), element("b", volume=3.0), stems=True)
    assert mix.true_peak_dbtp == -inf
    assert max(stem.peak_dbfs for stem in mix.stems) == pytest.approx(-0.1, abs=0.002)
    stem, _ = read_wav(studio.folder / "stems" / "a.wav")
    assert level_db(stem) == pytest.approx(-3.1, abs=0.02)  # a clipped tone would be louder


def test_without_a_target_a_mix_under_the_limit_is_left_alone(studio: Studio) -> None:
    studio.take("a", noise(1.0, 0.05))
    assert studio.mix(element("a")).master_gain_db == 0.0


def test_the_master_gain_does_not_hang_on_a_last_digit() -> None:
    settings = MixSettings(loudness_lufs=-20.0)
    from scenebuild.audio.loudness import Loudness

    gains = {
        master_gain_db(settings, Loudness(np.full(50, 0.001) * (1 + e)), -30.0, -30.0)[0] for e in (0, 1e-12, -1e-12)
    }
    assert len(gains) == 1


def test_an_element_after_the_end_is_told_and_not_heard(studio: Studio) -> None:
    studio.take("a", noise(0.5))
    mix = studio.mix(element("a", start_s=3.0), duration_s=1.0)
    assert mix.warnings == ("a: starts at 3 s, after the end of the mix, and is not heard",)
    assert mix.loudness_lufs == -inf
    assert (mix.stems[0].start_s, mix.stems[0].end_s) == (1.0, 1.0)


def test_progress_goes_from_nothing_to_all(studio: Studio) -> None:
    heard: list[float] = []
    scene = studio.scene(*four(studio))
    mix_scene(scene, studio.sources, studio.folder / "mix.wav", progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_what_can_not_be_mixed_is_said(studio: Studio) -> None:
    with pytest.raises(ScenebuildError, match=r"^scene.yaml: there is nothing to mix: no element and no duration$"):
        studio.mix()
    studio.take("a", noise(0.5))
    write_wav(studio.folder / "take-a-0.wav", noise(0.4), RATE)
    with pytest.raises(AudioFileError, match=r"^a: the take is not the one that was measured$"):
        studio.mix(element("a"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.99])
def test_an_interruption_leaves_what_was_there(studio: Studio, share: float, error: type[BaseException]) -> None:
    elements = four(studio)
    target, stems = studio.folder / "mix.wav", studio.folder / "stems"
    target.write_text("the mix of yesterday")

    def stop(done: float) -> None:
        if done >= share:
            raise error

    with pytest.raises(error):
        mix_scene(studio.scene(*elements), studio.sources, target, stems_folder=stems, progress=stop, block_frames=4096)
    assert target.read_text() == "the mix of yesterday"
    assert list(stems.iterdir()) == []
    assert not list(studio.folder.glob(".tmp-*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from test_mix import Studio, four
from scenebuild.mix.mixer import mix_scene
studio = Studio(Path(sys.argv[1]))
def stop(done):
    if done >= 0.7:
        os.kill(os.getpid(), signal.SIGKILL)
mix_scene(studio.scene(*four(studio)), studio.sources, studio.folder / "mix.wav", progress=stop, block_frames=4096)
"""


def test_a_kill_in_the_middle_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = (path.name for path in tmp_path.iterdir() if not path.name.startswith("take-"))
    assert left.startswith(".tmp-")  # which a later build sweeps
    assert left.endswith("-mix.wav")
