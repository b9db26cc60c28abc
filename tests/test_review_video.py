"""Clips of before and after: decoded again, they hold what they are said to hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scenebuild.errors import UsageError
from scenebuild.review.clips import video
from scenebuild.review.clips.clip import LEAST_S, MOST_S, clip_sounds
from scenebuild.review.clips.fonts import fitted, width, write
from scenebuild.review.clips.frames import HEIGHT, LEFT, RIGHT, WIDTH
from scenebuild.review.clips.video import FRAMES_PER_SECOND, MOST_BYTES, clip_mp4
from signals import RATE, band_noise, needs_ffmpeg, noise, stereo, tone

av = pytest.importorskip("av", reason="PyAV is not installed")

Samples = NDArray[np.float64]


def wav(path: Path, samples: NDArray[np.floating], rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_24")
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two different sounds of different lengths that no frame rate divides."""
    before = np.concatenate([band_noise(1.73, 100, 6000), band_noise(1.73, 100, 6000, seed=1)], axis=1)
    after = np.concatenate([band_noise(2.31, 200, 4000, seed=2), band_noise(2.31, 200, 4000, seed=3)], axis=1)
    return wav(tmp_path / "before.wav", before), wav(tmp_path / "after.wav", after)


def heard(clip: Path) -> Samples:
    """The sound of a clip as a player plays it, ``(2, frames)``: what comes before time 0 is not heard."""
    with av.open(str(clip)) as container:
        blocks = [(frame.pts, frame.to_ndarray()) for frame in container.decode(audio=0)]
        assert container.streams.audio[0].rate == RATE
    sound = np.concatenate([block for _, block in blocks], axis=1)
    return sound[:, max(0, -blocks[0][0]) :].astype(np.float64)


def seen(clip: Path, time_s: float) -> NDArray[np.int64]:
    """The frame that is shown at a time, ``(height, width, 3)``."""
    with av.open(str(clip)) as container:
        pictures = [frame for frame in container.decode(video=0) if frame.time <= time_s + 1e-6]
    return np.asarray(pictures[-1].to_ndarray(format="rgb24"), np.int64)


def correlation(one: Samples, other: Samples) -> float:
    """At no lag: sound and picture, and both sides, are where they belong."""
    length = min(one.shape[1], other.shape[1])
    return float(np.corrcoef(one[:, :length].ravel(), other[:, :length].ravel())[0, 1])


def read(path: Path) -> Samples:
    return np.asarray(soundfile.read(path, always_2d=True)[0]).T


def playhead(picture: NDArray[np.int64]) -> tuple[float, float]:
    """Where the white line is: its column, and the row of its middle, in pixels."""
    columns = np.flatnonzero((picture[:, LEFT - 4 : RIGHT + 4].min(axis=2) > 225).sum(axis=0) > 100) + LEFT - 4
    assert 2 <= len(columns) <= 6
    rows = np.flatnonzero(picture[:, columns[1]].min(axis=1) > 225)
    return float(columns.mean()), float(rows.mean())


def test_the_clip_plays_the_old_mix_and_then_the_new_one(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    clip = tmp_path / "clip.mp4"
    facts = clip_mp4(*pair, clip, "Harbour", ["rain: volume 0.7 → 0.35"])
    before, after = map(read, pair)
    sound = heard(clip)
    assert correlation(sound[:, : before.shape[1]], before) > 0.98
    assert correlation(sound[:, before.shape[1] :], after) > 0.98
    assert abs(correlation(sound[:, : before.shape[1]], after)) < 0.2  # so that the figures above say something
    assert (facts.before_s, facts.after_s) == pytest.approx((1.73, 2.31), abs=1e-3)
    assert (facts.start_s, facts.is_part) == (0, False)
    assert facts.size == clip.stat().st_size
    assert facts.duration_s == pytest.approx(4.04, abs=1e-3)
    # As loud as it was, both sides alike: a reviewer judges levels by it.
    for part, whole in ((sound[:, : before.shape[1]], before), (sound[:, before.shape[1] :], after)):
        assert 20 * np.log10(part[:, : whole.shape[1]].std() / whole.std()) == pytest.approx(0, abs=0.2)
    assert sorted(os.listdir(tmp_path)) == ["after.wav", "before.wav", "clip.mp4"]


@needs_ffmpeg
def test_ffprobe_finds_one_picture_and_one_sound_that_every_browser_plays(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    clip = tmp_path / "clip.mp4"
    clip_mp4(*pair, clip, "Harbour")
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(clip)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    streams = {stream["codec_type"]: stream for stream in found["streams"]}
    assert len(found["streams"]) == 2
    assert (streams["video"]["codec_name"], streams["audio"]["codec_name"]) == ("h264", "aac")
    assert streams["video"]["pix_fmt"] == "yuv420p"
    assert (streams["video"]["width"], streams["video"]["height"]) == (WIDTH, HEIGHT)
    assert streams["video"]["color_space"] == "bt709"
    assert streams["audio"]["channels"] == 2
    for length in (found["format"]["duration"], streams["video"]["duration"], streams["audio"]["duration"]):
        assert float(length) == pytest.approx(4.04, abs=0.1)
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # it plays before it has come whole


def test_the_playhead_goes_over_the_side_that_is_heard(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    clip = tmp_path / "clip.mp4"
    clip_mp4(*pair, clip, "Harbour")
    places = [playhead(seen(clip, time_s)) for time_s in (0.4, 1.2, 1.73 + 0.4, 1.73 + 2.0)]
    for (x, _), time_s in zip(places, (0.4, 1.2, 0.4, 2.0), strict=True):
        step = (RIGHT - LEFT) / 2.31 / FRAMES_PER_SECOND
        assert x == pytest.approx(LEFT + (RIGHT - LEFT) * time_s / 2.31, abs=step + 4)
    (_, first), (_, second), (_, third), (_, fourth) = places
    assert first == second < third == fourth


def test_what_has_played_is_brighter_and_the_name_of_the_side_is_lit(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    clip = tmp_path / "clip.mp4"
    clip_mp4(*pair, clip, "Harbour")
    start, later, last = (seen(clip, time_s) for time_s in (0.0, 1.0, 3.9))
    plot = slice(LEFT, LEFT + 300)
    lit, coming = later[100:360, plot].mean(), start[100:360, plot].mean()
    assert lit > 1.2 * coming
    assert last[400:640, plot].mean() > 1.2 * start[400:640, plot].mean()
    blue, green = (picture[90:430, 50:150].sum(axis=(0, 1)) for picture in (start, last))
    assert blue[2] > blue[1]
    assert green[1] > green[2]


def test_mono_and_other_rates_are_played_as_they_sound(tmp_path: Path) -> None:
    before = wav(tmp_path / "a.wav", tone(700, 1, -12, rate=22_050), 22_050)
    after = wav(tmp_path / "b.wav", stereo(tone(900, 1, -12)))
    clip_mp4(before, after, tmp_path / "clip.mp4", "Mono, then stereo")
    sound = heard(tmp_path / "clip.mp4")
    assert correlation(sound[:, :RATE], stereo(tone(700, 1, -12)).T.astype(np.float64)) > 0.98
    assert correlation(sound[:, RATE : 2 * RATE], stereo(tone(900, 1, -12)).T.astype(np.float64)) > 0.98


@pytest.mark.parametrize("side", [0, 1])
def test_a_scene_that_came_or_went_is_played_alone(tmp_path: Path, pair: tuple[Path, Path], side: int) -> None:
    before, after = (pair[0], None) if side == 0 else (None, pair[1])
    facts = clip_mp4(before, after, tmp_path / "clip.mp4", "Harbour")
    assert correlation(heard(tmp_path / "clip.mp4"), read(pair[side])) > 0.98
    assert (facts.before_s > 0, facts.after_s > 0) == (side == 0, side == 1)
    column, row = playhead(seen(tmp_path / "clip.mp4", 1.0))
    assert 250 < row < 450
    assert column > LEFT


@pytest.mark.parametrize("frames", [0, 1, 500, RATE // 10])
def test_short_silent_and_empty_sounds_have_clips(tmp_path: Path, frames: int) -> None:
    silent = wav(tmp_path / "a.wav", np.zeros((frames, 2)))
    for other in (silent, wav(tmp_path / "b.wav", noise(0.2))):
        facts = clip_mp4(silent, other, tmp_path / "clip.mp4", "")
        assert heard(tmp_path / "clip.mp4").shape[1] / RATE == pytest.approx(facts.duration_s, abs=0.1)


def test_of_a_long_mix_the_stretch_that_changed_is_played(tmp_path: Path) -> None:
    rate = 8000
    ground = noise(100, 0.05, rate=rate)
    changed = ground.copy()
    changed[70 * rate : 75 * rate] = noise(5, 0.2, rate=rate, seed=1)
    before, after = wav(tmp_path / "a.wav", ground, rate), wav(tmp_path / "b.wav", changed, rate)
    stretch, sides = clip_sounds(before, after)
    assert stretch.is_part
    assert stretch.start_s + 8 < 70  # what came before the change is heard, too, and what comes after it
    assert stretch.start_s + MOST_S > 75 + 8
    assert [side.length_s for side in sides] == [MOST_S, MOST_S]
    louder = [side.samples[:, round((72.5 - stretch.start_s) * RATE) :][:, :RATE].std() for side in sides]
    assert louder[1] > 3 * louder[0]
    assert clip_sounds(after, after)[0].start_s == 0
    # Of two rates there is no residual; the levels say where it changed.
    other = wav(tmp_path / "c.wav", noise(100, 0.05, rate=4000), 4000)
    assert 30 <= clip_sounds(other, after)[0].start_s <= 70


def test_a_side_that_ends_early_is_heard_all_the_same(tmp_path: Path) -> None:
    rate = 8000
    before = wav(tmp_path / "a.wav", noise(20, rate=rate), rate)
    after = wav(tmp_path / "b.wav", noise(100, rate=rate, seed=1), rate)
    stretch, sides = clip_sounds(before, after)
    assert stretch.start_s + LEAST_S <= 20
    assert sides[0].length_s >= LEAST_S
    assert sides[1].length_s == MOST_S


def test_a_clip_that_would_be_too_large_is_made_coarser(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    for most in (MOST_BYTES, clip_mp4(*pair, tmp_path / "clip.mp4", "Harbour").size - 1):
        monkeypatch.setattr(video, "MOST_BYTES", most)
        sizes.append(clip_mp4(*pair, tmp_path / "clip.mp4", "Harbour").size)
    assert sizes[1] < 0.9 * sizes[0]
    assert correlation(heard(tmp_path / "clip.mp4"), read(pair[0])) > 0.98


def test_the_same_sounds_give_the_same_bytes(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    for name in ("one.mp4", "two.mp4"):
        clip_mp4(*pair, tmp_path / name, "Harbour")
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_a_clip_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "clip.mp4").write_bytes(b"old")

    def refuse(*_: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(video, "_audio_frame", refuse)
    with pytest.raises(OSError, match="no space"):
        clip_mp4(*pair, out / "clip.mp4", "Harbour")
    assert os.listdir(out) == ["clip.mp4"]
    assert (out / "clip.mp4").read_bytes() == b"old"


def test_without_pyav_one_is_told_what_to_type(
    tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        UsageError, match=r"^clips need PyAV, which is not installed; type: pip install 'scenebuild\[video\]'$"
    ):
        clip_mp4(*pair, tmp_path / "clip.mp4", "Harbour")
    assert not (tmp_path / "clip.mp4").exists()


# What is written on it


def drawn(words: str) -> NDArray[np.uint8]:
    image = Image.new("L", (900, 60))
    write(ImageDraw.Draw(image), (10, 40), words, 22, "#ffffff")
    return np.asarray(image)


def test_words_are_drawn_in_any_script_that_a_font_has() -> None:
    if (
        not shutil.which("fc-list")
        or "DejaVu" not in subprocess.run(["fc-list"], capture_output=True, text=True).stdout
    ):
        pytest.skip("the DejaVu fonts are not installed")
    box = drawn("\U0010fffe")
    for words in ("ж", "→", "λ", "ш", "א", "ع"):
        assert drawn(words).any()
        assert (drawn(words) != box).any(), words
    letters = [drawn(words) for words in ("дождь", "ветер", "дверь")]
    assert all((one != other).any() for one, other in pairwise(letters))


def test_what_no_font_has_is_a_box_and_what_can_not_be_shown_is_harmless() -> None:
    assert drawn("雨の音").any()
    assert (drawn("a\x00\x1b[31m\u202eb\nc") == drawn("a\ufffd\ufffd[31m\ufffdb c")).all()


def test_long_lines_end_in_an_ellipsis() -> None:
    assert fitted("rain", 22, 500) == "rain"
    cut = fitted("rain and thunder " * 20, 22, 500)
    assert cut.endswith("…")
    assert 440 < width(cut, 22) <= 500


def test_hostile_titles_stay_pixels(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    payload = "<script>alert(1)</script> ::error:: \x1b[31m \ud800 {{7*7}}"
    clip_mp4(*pair, tmp_path / "clip.mp4", payload, [payload * 50] * 9)
    assert b"script" not in (tmp_path / "clip.mp4").read_bytes()
