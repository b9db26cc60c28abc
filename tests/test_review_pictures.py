"""The pictures of a comparison: a difference is where the sound differs, and nowhere else."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

from scenebuild.report.pictures import axes
from scenebuild.report.pictures.spectrum import row_of
from scenebuild.review.compare.aligned import AFTER
from scenebuild.review.formats.pictures import (
    DIFFERENCE,
    GAP,
    LESS,
    MORE,
    OTHER_RATE,
    ROWS,
    SAME,
    SWINGS,
    TOP,
    before_after_png,
    waveforms_svg,
)
from signals import RATE, noise, stereo, tone
from test_pictures import contrast, filled

Pixels = NDArray[np.int64]
PANEL = ROWS + GAP


def wav(path: Path, samples: NDArray[np.floating], rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_24")
    return path


def panel(picture: bytes, index: int) -> Pixels:
    """The colours of a panel, ``(rows, columns, 4)``: 0 before, 1 after, 2 difference."""
    image = np.asarray(Image.open(BytesIO(picture)).convert("RGBA")).astype(np.int64)
    top = TOP + index * PANEL
    return image[top : top + ROWS, axes.LEFT : axes.LEFT + axes.PLOT]


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def placed(line: NDArray[np.floating], start_s: float, length_s: float) -> NDArray[np.float32]:
    whole = np.zeros(round(length_s * RATE))
    first = round(start_s * RATE)
    whole[first : first + len(line)] = line
    return stereo(whole)


def test_a_tone_that_is_gone_shows_at_its_frequency_and_place_and_nowhere_else(tmp_path: Path) -> None:
    ground = noise(8, 0.003)
    after = wav(tmp_path / "after.wav", ground)
    swell = np.clip(np.hanning(2 * RATE) * 20, 0, 1)  # without the clicks of switching
    before = wav(tmp_path / "before.wav", ground + placed(tone(1000, 2, -12) * swell, 4, 8))
    picture = before_after_png(before, after)
    difference = panel(picture, 2)
    strong = np.nonzero(difference[:, :, 3] > 150)
    assert (difference[strong][:, :3] == rgb(LESS)).all()
    assert strong[0].mean() == pytest.approx(row_of(1000, 20_000, ROWS), abs=1.5)
    assert strong[1].min() + axes.LEFT == pytest.approx(axes.x_of(4, 8), abs=12)
    assert strong[1].max() + axes.LEFT == pytest.approx(axes.x_of(6, 8), abs=12)
    # Before and after the tone nothing; while it sounds nothing but the tone.
    assert not difference[:, : round(axes.PLOT * 3.9 / 8), 3].any()
    assert not difference[:, round(axes.PLOT * 6.1 / 8) :, 3].any()
    middle = difference[:, round(axes.PLOT * 4.2 / 8) : round(axes.PLOT * 5.8 / 8), 3]
    assert np.ptp(np.nonzero(middle)[0]) < 12
    swapped = panel(before_after_png(after, before), 2)
    assert (swapped[strong][:, :3] == rgb(MORE)).all()
    assert (swapped[:, :, 3] == difference[:, :, 3]).all()


def test_twice_the_volume_is_six_decibels_more_everywhere(tmp_path: Path) -> None:
    ground = noise(2, 0.05)
    picture = before_after_png(wav(tmp_path / "a.wav", ground), wav(tmp_path / "b.wav", 2 * ground))
    difference = panel(picture, 2)
    assert (difference[:, :, :3] == rgb(MORE)).all()
    assert (difference[:, :, 3] > 150).mean() > 0.99  # 6.02 dB of the 12 that the key shows


def test_equal_sounds_have_an_empty_difference_that_says_so(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", noise(1))
    difference = panel(before_after_png(path, path), 2)
    written = np.nonzero(difference[:, :, 3])
    assert {tuple(colour) for colour in difference[written][:, :3].tolist()} == {tuple(rgb(axes.INK))}
    assert np.ptp(written[1]) < 150  # two words in the middle
    drawing = waveforms_svg(path, path)
    assert drawing.count(SAME) == 1
    assert np.ptp(filled(drawing)[-1][:, 1]) == 0


def test_before_and_after_share_their_colours(tmp_path: Path) -> None:
    """A quieter sound is darker: each would look alike if it had a scale of its own."""
    ground = noise(1, 0.1)
    before, after = wav(tmp_path / "a.wav", ground), wav(tmp_path / "b.wav", ground / 8)
    picture = before_after_png(before, after)
    assert panel(picture, 0)[:, :, :3].mean() > 1.3 * panel(picture, 1)[:, :, :3].mean()


def test_the_residual_is_drawn_where_it_sounds_and_as_loud_as_it_is(tmp_path: Path) -> None:
    ground = placed(tone(300, 8, -6), 0, 8)
    before = wav(tmp_path / "a.wav", ground)
    after = wav(tmp_path / "b.wav", ground + placed(tone(900, 2, -6), 4, 8))
    drawn = filled(waveforms_svg(before, after))
    assert len(drawn) == 6  # peaks and power of three sounds
    residual = drawn[4]
    heights = np.abs(residual[:, 1] - residual[0, 1])
    sounding = residual[heights > 1, 0]
    assert sounding.min() == pytest.approx(axes.x_of(4, 8), abs=4)
    assert sounding.max() == pytest.approx(axes.x_of(6, 8), abs=4)
    assert heights.max() == pytest.approx(np.abs(drawn[0][:, 1] - drawn[0][0, 1]).max(), abs=0.2)


def test_what_is_longer_goes_on_beside_silence(tmp_path: Path) -> None:
    ground = stereo(tone(500, 4, -12))
    before, after = wav(tmp_path / "a.wav", ground), wav(tmp_path / "b.wav", ground[: 3 * RATE])
    difference = panel(before_after_png(before, after), 2)
    columns = np.nonzero(difference[:, :, 3].max(axis=0) > 100)[0] + axes.LEFT
    assert columns.min() == pytest.approx(axes.x_of(3, 4), abs=12)  # half a window
    drawn = filled(waveforms_svg(before, after))
    assert drawn[2][np.abs(drawn[2][:, 1] - drawn[2][0, 1]) > 1, 0].max() == pytest.approx(axes.x_of(3, 4), abs=4)
    assert drawn[4][np.abs(drawn[4][:, 1] - drawn[4][0, 1]) > 1, 0].min() == pytest.approx(axes.x_of(3, 4), abs=4)


def test_mono_is_heard_on_both_sides(tmp_path: Path) -> None:
    line = tone(440, 1, -12)
    mono, both = wav(tmp_path / "a.wav", line), wav(tmp_path / "b.wav", stereo(line))
    assert SAME in waveforms_svg(mono, both)
    left = wav(tmp_path / "c.wav", np.stack([line, 0 * line], axis=1))
    assert SAME not in waveforms_svg(mono, left)


def test_another_sample_rate_has_a_spectrogram_but_no_residual(tmp_path: Path) -> None:
    before = wav(tmp_path / "a.wav", tone(1000, 2, -12))
    after = wav(tmp_path / "b.wav", tone(1000, 2, -12, rate=16_000), 16_000)
    drawing = waveforms_svg(before, after)
    assert OTHER_RATE in drawing
    assert len(filled(drawing)) == 4
    picture = before_after_png(before, after)
    lit = [int(np.argmax(panel(picture, index)[:, 500, :3].sum(axis=1))) for index in (0, 1)]
    assert lit[0] == pytest.approx(row_of(1000, 20_000, ROWS), abs=2)
    assert lit[1] == pytest.approx(lit[0], abs=2)


@pytest.mark.parametrize("side", [0, 1])
def test_a_scene_that_came_or_went_is_shown_alone(tmp_path: Path, side: int) -> None:
    path = wav(tmp_path / "a.wav", noise(0.5))
    pair = (path, None) if side == 0 else (None, path)
    image = Image.open(BytesIO(before_after_png(*pair)))
    assert image.size == (axes.WIDTH, TOP + ROWS + axes.FOOT)
    drawing = waveforms_svg(*pair)
    assert (f">{AFTER}<" in drawing) == (side == 1)
    assert f">{DIFFERENCE}<" not in drawing
    assert len(filled(drawing)) == 2


def test_nothing_at_all_is_no_comparison() -> None:
    for draw in (before_after_png, waveforms_svg):
        with pytest.raises(ValueError, match="a sound before or a sound after"):
            draw(None, None)


@pytest.mark.parametrize("frames", [0, 1, RATE // 10])
def test_silent_short_and_empty_sounds_have_pictures(tmp_path: Path, frames: int) -> None:
    silent = wav(tmp_path / "a.wav", np.zeros((frames, 2)))
    loud = wav(tmp_path / "b.wav", noise(0.3))
    for pair in ((silent, silent), (silent, loud), (loud, silent)):
        image = Image.open(BytesIO(before_after_png(*pair)))
        assert image.size == (axes.WIDTH, TOP + 3 * PANEL - GAP + axes.FOOT)
        drawing = waveforms_svg(*pair)
        ElementTree.fromstring(drawing)
        assert not re.search(r"\b(nan|inf)\b", drawing)


def test_the_same_sounds_give_the_same_bytes(tmp_path: Path) -> None:
    before, after = wav(tmp_path / "a.wav", noise(1)), wav(tmp_path / "b.wav", noise(1, seed=1))
    assert before_after_png(before, after) == before_after_png(before, after)
    assert waveforms_svg(before, after) == waveforms_svg(before, after)


def test_a_long_file_is_looked_at_here_and_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pictures from a sixteenth of the frames, nearly: noise that doubles half-way."""
    ground = noise(16, 0.05)
    grown = ground.copy()
    grown[8 * RATE :] *= 2
    before, after = wav(tmp_path / "a.wav", ground), wav(tmp_path / "b.wav", grown)
    read: list[int] = []
    honest = soundfile.SoundFile.read

    def counting(self: soundfile.SoundFile, frames: int = -1, **options: object) -> object:
        read.append(frames)
        return honest(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    assert before_after_png(before, after, RATE) == before_after_png(before, after)
    whole, sampled = (filled(waveforms_svg(before, after, most))[4] for most in (2**22, RATE))
    assert np.abs(sampled[:, 1] - whole[:, 1]).max() < 0.3 * np.ptp(whole[:, 1])
    read.clear()
    waveforms_svg(before, after, RATE)
    # Each sound for itself and for the residual; a run of frames is at most as long as two batches.
    assert max(read) <= 2**19


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_every_colour_stands_out_on_the_light_and_on_the_dark_page(tmp_path: Path, page: str) -> None:
    drawing = waveforms_svg(wav(tmp_path / "a.wav", noise(1)), wav(tmp_path / "b.wav", noise(1, seed=1)))
    used = set(re.findall(r"#\w{6}\b", drawing))
    assert used >= {axes.INK, *SWINGS}
    for colour in {*used, LESS, MORE}:
        assert contrast(colour, page) >= (4 if colour == axes.INK else 3), colour
