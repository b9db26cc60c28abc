"""Loops of one take and of a whole mix: their seams, and the score that detects a bad seam."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenebuild.audio.seam import seam_score
from scenebuild.audio.wav import quantize, read_wav
from scenebuild.errors import SceneError
from scenebuild.scene.automation import Automation, Keyframe
from scenebuild.scene.channel import Bus, Channel, Duck
from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.model import Element
from scenebuild.scene.timing import LoopSettings, MixLoop, Playback, Repeat
from signals import RATE, Samples, level_db, noise, stereo, tone
from test_mix import Studio, element
from test_mix_channels import heard, in_channels

ROUND = MixLoop(60.0)  # whatever it scores


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def looping(**how: object) -> Playback:
    return Playback(loop=LoopSettings(**how))  # type: ignore[arg-type]


def step_at_the_seam(samples: Samples) -> float:
    """A loop played three times: the step at its seams over the 99.9th percentile of the steps inside."""
    line = np.concatenate([samples] * 3)
    steps = np.abs(np.diff(line, axis=0)).max(axis=1)
    seams = [len(samples) - 1, 2 * len(samples) - 1]
    return float(steps[seams].max() / np.percentile(np.delete(steps, seams), 99.9))


def dip_at_the_seam(samples: Samples) -> float:
    """The same: how many dB the 0.4 s around a seam are under the mean of the 0.4 s before and after them."""
    line, half = np.concatenate([samples] * 3), RATE // 5
    before, here, after = (level_db(line[len(samples) + k * half :][: 2 * half]) for k in (-3, -1, 1))
    return (before + after) / 2 - here


# One take


def test_the_best_seam_of_a_hum_has_no_dip_where_the_plain_one_has(studio: Studio) -> None:
    """A take that ends in the middle of a period: a plain crossfade meets itself upside down."""
    hum = stereo(tone(100, 2.005, -12))
    studio.take("a", hum)
    dips = {}
    for kind in ("plain", "best"):
        mixed = studio.sound(element("a", loop=True, playback=looping(seam=kind)), duration_s=10.0)[RATE // 10 :]
        levels = np.array([level_db(piece) for piece in np.array_split(mixed, 990)])
        dips[kind] = float(np.median(levels) - levels.min())
    assert dips["plain"] > 6.0
    assert dips["best"] < 0.5


@pytest.mark.parametrize("kind", ["plain", "best"])
def test_a_loop_of_noise_keeps_its_level_with_either_seam(studio: Studio, kind: str) -> None:
    studio.take("a", noise(2.0))
    mix = studio.mix(element("a", loop=True, playback=looping(seam=kind, worst_seam=3.0)), duration_s=20.0)
    levels = [level_db(piece) for piece in np.array_split(read_wav(mix.path)[0], 200)]
    assert max(levels) - min(levels) < 1.2
    assert mix.stems[0].seam_db is not None
    assert mix.stems[0].seam_db < 0.5


def test_a_loop_that_nobody_asked_about_is_not_scored(studio: Studio) -> None:
    studio.take("a", noise(2.0))
    mix = studio.mix(element("a", loop=True), duration_s=5.0)
    assert mix.stems[0].seam_db is None
    assert mix.seam_db is None


def test_a_bad_loop_fails_and_leaves_what_was_there(studio: Studio) -> None:
    """A hum that meets itself upside down in its crossfade."""
    studio.take("a", stereo(tone(100, 2.005, -12)))
    (studio.folder / "mix.wav").write_text("the mix of yesterday")
    bad = element("a", loop=True, playback=looping(worst_seam=3.0))
    with pytest.raises(SceneError) as caught:
        studio.mix(bad, duration_s=6.0)
    assert str(caught.value).startswith("scene.yaml:1:1: loop: the seam of a scores ")
    assert str(caught.value).endswith(
        " dB, and at most 3 is allowed; try seam: best, a longer crossfade, or another take"
    )
    assert (studio.folder / "mix.wav").read_text() == "the mix of yesterday"


def test_a_crossfade_of_the_authors_own_length(studio: Studio) -> None:
    studio.take("a", np.concatenate([np.full((RATE, 2), 0.5), np.full((RATE, 2), 0.1)]).astype(np.float32))
    mixed = studio.sound(element("a", loop=True, playback=looping(crossfade_s=0.25)), duration_s=4.0)[:, 0]
    assert np.all(mixed[: RATE - 1] == 0.5)
    assert np.abs(mixed[RATE + 1 : RATE * 7 // 4 - 1] - 0.1).max() < 1e-6
    assert mixed[RATE * 7 // 4 + RATE // 8] == pytest.approx((0.5 + 0.1) * np.sqrt(0.5), abs=1e-3)
    assert np.abs(mixed[2 * RATE + 1 : RATE * 11 // 4 - 1] - 0.5).max() < 1e-6


# A whole mix


def landscape(studio: Studio) -> tuple[tuple[Element, ...], tuple[Bus, ...]]:
    """Loops of odd lengths, one-shots with a tail over the end, effects that remember, an automation, ducking."""
    studio.take("rain", noise(3.7, 0.05, seed=1))
    studio.take("hum", stereo(tone(100, 2.9, -28) + tone(233, 2.9, -34)))
    studio.take("bell", stereo(tone(700, 3.0, -12) * np.exp(-np.arange(3 * RATE) / RATE)))
    studio.take("drip", noise(0.2, 0.1, seed=4))
    lane = Automation("gain", (Keyframe(0.0, 0.5), Keyframe(4.0, 1.0, "s"), Keyframe(11.3, 0.5, "s")))
    elements = (
        element("rain", loop=True, volume=lane, channel=Channel(bus="wet")),
        element("hum", loop=True, playback=looping(seam="best"), channel=Channel(duck=Duck(
            ("bell",), 6.0, 0.1, 1.0, 0.5, -30.0))),
        element("bell", start_s=9.5, fade_in_s=0.01, fade_out_s=0.5, channel=Channel(effects=(
            Reverb(2.0, 20.0, 0.3, 0.0, 0.5),))),
        element("drip", start_s=0.7, fade_in_s=0.01, fade_out_s=0.05, playback=Playback(repeat=Repeat(1.7, 0.5))),
    )  # fmt: skip
    press = Compression(-30.0, 3.0, 0.01, 0.2, 6.0, 0.0)
    return elements, (
        Bus("wet", channel=Channel(effects=(Filter("low_pass", 4000.0), press, Reverb(1.0, 8.0, 0.5, 0.0, 0.3)))),
    )


def test_a_mix_that_repeats_three_times_has_no_seam(studio: Studio) -> None:
    elements, buses = landscape(studio)
    mix = in_channels(studio, *elements, buses=buses, duration_s=11.3, loop=MixLoop())
    mixed = read_wav(mix.path)[0]
    assert len(mixed) == round(11.3 * RATE)
    assert step_at_the_seam(mixed) <= 1.0
    assert mix.seam_db is not None
    assert mix.seam_db < 1.0


@pytest.mark.parametrize("duration_s", [11.3, 3.1, 29.9])
def test_what_is_steady_has_no_dip_at_the_seam(studio: Studio, duration_s: float) -> None:
    (rain, hum, *_), buses = landscape(studio)
    steady = (replace(rain, volume=Automation.fixed(1.0)), replace(hum, channel=Channel()))
    mix = in_channels(studio, *steady, buses=buses, duration_s=duration_s, loop=MixLoop())
    mixed = read_wav(mix.path)[0]
    assert step_at_the_seam(mixed) <= 1.0
    assert dip_at_the_seam(mixed) <= 0.5


def test_what_rings_over_the_end_is_heard_at_the_beginning(studio: Studio) -> None:
    """Two turns laid out by hand are the same sound as one turn that goes round."""
    studio.take("bell", stereo(tone(700, 3.0, -12) * np.exp(-np.arange(3 * RATE) / RATE)))
    room = Channel(effects=(Reverb(1.0, 10.0, 0.3, 0.0, 0.5),))
    bell = element("bell", start_s=4.0, channel=room)
    once = heard(studio, bell, duration_s=5.0, loop=ROUND)
    by_hand = element("bell", start_s=4.0, channel=room, playback=Playback(more_starts_s=(9.0, 14.0)))
    laid_out = heard(studio, by_hand, duration_s=20.0)
    assert np.abs(once - laid_out[10 * RATE : 15 * RATE]).max() < 2e-4  # what rang a turn before is at -60 dB
    assert np.abs(once[:RATE]).max() > 0.01


def test_a_loop_fits_whole_into_a_mix_that_loops(studio: Studio) -> None:
    """Whatever the lengths are: the level stays, also over the seam, and nothing is faded."""
    for take_s, mix_s in ((2.0, 7.3), (8.0, 8.0), (8.0, 8.1), (8.0, 3.0), (0.3, 2.0), (5.0, 20.01)):
        studio.take("a", noise(take_s))
        mixed = heard(studio, element("a", loop=True), duration_s=mix_s, loop=ROUND)
        assert len(mixed) == round(mix_s * RATE)
        line = np.concatenate([mixed] * 3)
        levels = [level_db(piece) for piece in np.array_split(line, len(line) // 4800)]
        assert max(levels) - min(levels) < 1.2, (take_s, mix_s)


def test_a_hum_that_loops_is_joined_where_it_fits(studio: Studio) -> None:
    studio.take("a", stereo(tone(100, 4.0, -12) + tone(333, 4.0, -20)))
    mixed = heard(studio, element("a", loop=True, playback=looping(seam="best")), duration_s=9.003, loop=ROUND)
    levels = [level_db(piece) for piece in np.array_split(np.concatenate([mixed] * 2), 180)]
    assert max(levels) - min(levels) < 1.0


def test_a_bad_mix_loop_fails(studio: Studio) -> None:
    studio.take("a", noise(4.0))
    swell = Automation("gain", (Keyframe(0.0, 0.05), Keyframe(4.0, 1.0)))  # a rule refuses it in a scene file
    limit = r"^scene.yaml:1:1: loop: the seam of the mix scores \d+\.\d dB, and at most 3 is"
    with pytest.raises(SceneError, match=limit):
        in_channels(studio, element("a", volume=swell), duration_s=4.0, loop=MixLoop())


def test_stems_and_any_block_size_of_a_mix_that_loops(studio: Studio) -> None:
    elements, buses = landscape(studio)
    options = {"buses": buses, "duration_s": 11.3, "loop": ROUND}
    path = Path(in_channels(studio, *elements, **options, stems=True).path)  # type: ignore[arg-type]
    wanted = path.read_bytes()
    stems = [quantize(read_wav(studio.folder / "stems" / f"{one.name}.wav")[0]) for one in elements]
    assert np.array_equal(np.sum(stems, axis=0), quantize(read_wav(path)[0]))
    in_channels(studio, *elements, **options, block_frames=5000, memory_bytes=0)  # type: ignore[arg-type]
    assert path.read_bytes() == wanted
    for stem in stems:
        assert step_at_the_seam((stem / 2**23).astype(np.float32)) <= 1.0


def test_the_file_says_that_it_loops(studio: Studio) -> None:
    studio.take("a", noise(2.0))
    mix = in_channels(studio, element("a", loop=True), duration_s=5.0, loop=MixLoop())
    content = Path(mix.path).read_bytes()
    at = content.index(b"smpl")
    start, last = np.frombuffer(content[at + 8 + 44 : at + 8 + 52], "<u4")
    assert (start, last) == (0, mix.frames - 1)
    assert b"smpl" not in Path(studio.mix(element("a", loop=True), duration_s=5.0).path).read_bytes()


def test_the_score_is_that_of_the_file(studio: Studio) -> None:
    studio.take("a", noise(2.0))
    mix = in_channels(studio, element("a", loop=True), duration_s=5.0, loop=MixLoop())
    samples, rate = read_wav(mix.path)
    assert mix.seam_db == pytest.approx(seam_score(samples, samples, rate).score_db, abs=1e-9)
