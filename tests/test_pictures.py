"""The pictures of a report: physics in what they show, safety and contrast in how they are made."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

from scenebuild.errors import UsageError
from scenebuild.report.pictures import axes
from scenebuild.report.pictures.colours import ramp
from scenebuild.report.pictures.outline import Envelope, envelope, opened
from scenebuild.report.pictures.spectrogram import COLUMN, HEIGHT, ROWS, TOP, range_db, spectrogram_png
from scenebuild.report.pictures.spectrum import FLOOR_DB, Spectrum, row_of, spectrum
from scenebuild.report.pictures.timeline import Lane, timeline_svg
from scenebuild.report.pictures.waveform import COLUMNS, waveform_svg
from scenebuild.report.write import render_report, write_report
from test_report import FULL, PAYLOAD, mix_of

RATE = 48_000
Samples = NDArray[np.float64]


def wav(path: Path, samples: NDArray[np.floating], rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_24")
    return path


def seconds(length: float) -> Samples:
    return np.arange(round(length * RATE)) / RATE


def tone(hertz: float, length: float, amplitude: float = 0.5) -> Samples:
    return amplitude * np.sin(2 * np.pi * hertz * seconds(length))


def outline(path: Path, columns: int, most_frames: int = 2**22) -> Envelope:
    with opened(path, most_frames) as sound:
        return envelope(sound, columns)


def bands(path: Path, rows: int = ROWS, columns: int = 100, most_frames: int = 2**22) -> Spectrum:
    with opened(path, most_frames) as sound:
        return spectrum(sound, rows, columns)


def png(path: Path) -> bytes:
    with opened(path) as sound:
        return spectrogram_png(sound)


def pixels(picture: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(picture)))


# What is measured


def test_a_sine_has_its_peak_and_its_rms_in_every_column(tmp_path: Path) -> None:
    seen = outline(wav(tmp_path / "a.wav", tone(1000, 2)), 100)
    assert seen.high == pytest.approx(0.5, abs=1e-3)
    assert seen.low == pytest.approx(-0.5, abs=1e-3)
    assert seen.peak == pytest.approx(0.5, abs=1e-3)
    assert 20 * np.log10(seen.rms) == pytest.approx(-9.03, abs=0.02)  # 0.5 / sqrt(2)
    assert seen.duration_s == 2


def test_an_impulse_is_in_its_own_column_and_channel(tmp_path: Path) -> None:
    samples = np.zeros((RATE, 2))
    samples[33_333, 1] = -0.8
    seen = outline(wav(tmp_path / "a.wav", samples), 100)
    assert np.argwhere(seen.peak > 0).tolist() == [[1, 69]]
    assert seen.low[1, 69] == pytest.approx(-0.8, abs=1e-6)
    assert seen.rms[1, 69] == pytest.approx(0.8 / np.sqrt(480), rel=1e-3)


def test_columns_that_end_between_frames_leave_no_frame_out(tmp_path: Path) -> None:
    samples = np.zeros(1009)
    for frame in (0, 500, 1008):
        samples[:] = 0
        samples[frame] = 0.5
        assert outline(wav(tmp_path / "a.wav", samples), 100).peak.max() == pytest.approx(0.5)


def test_a_long_file_is_sampled_and_says_nearly_the_same(tmp_path: Path) -> None:
    rise = np.linspace(0.05, 0.5, RATE * 12)[:, None]
    path = wav(tmp_path / "a.wav", np.random.default_rng(0).uniform(-1, 1, (RATE * 12, 2)) * rise)
    whole, sampled = outline(path, 40), outline(path, 40, most_frames=RATE * 3)
    assert 20 * np.log10(sampled.rms / whole.rms) == pytest.approx(0, abs=0.5)
    assert (sampled.peak <= whole.peak + 1e-6).all()
    assert (sampled.peak > whole.peak * 0.9).all()
    assert bands(path).levels_db == pytest.approx(bands(path, most_frames=RATE).levels_db, abs=1e-6)


def test_only_so_much_of_a_long_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    honest = soundfile.SoundFile.read

    def counting(self: soundfile.SoundFile, frames: int = -1, **options: object) -> object:
        read.append(frames)
        return honest(self, frames, **options)

    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        for _ in range(40):
            file.write(np.zeros(2_000_000, np.int16))
    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    outline(path, COLUMNS)
    assert sum(read) < 2 * 2**22
    assert max(read) < 2**20
    read.clear()
    assert len(png(path)) < 150_000
    assert sum(read) < 2 * 2**22


def test_a_full_scale_sine_is_at_0_db_whatever_its_frequency(tmp_path: Path) -> None:
    for hertz in (100, 1000, 9000):
        seen = bands(wav(tmp_path / "a.wav", tone(hertz, 1, amplitude=1)))
        assert seen.levels_db[:, 10:-10].max(axis=0) == pytest.approx(0, abs=0.5)


def test_channels_that_are_opposite_do_not_cancel(tmp_path: Path) -> None:
    one = tone(500, 1)
    same = bands(wav(tmp_path / "a.wav", np.stack([one, one], axis=1)))
    opposite = bands(wav(tmp_path / "b.wav", np.stack([one, -one], axis=1)))
    assert opposite.levels_db == pytest.approx(same.levels_db, abs=0.01)


def test_silence_is_on_the_floor(tmp_path: Path) -> None:
    assert (bands(wav(tmp_path / "a.wav", np.zeros(RATE))).levels_db == FLOOR_DB).all()


# The spectrogram


@pytest.mark.parametrize(("hertz", "rate"), [(1000, 48_000), (200, 44_100), (5000, 16_000)])
def test_a_tone_lights_the_row_that_is_labelled_with_it(tmp_path: Path, hertz: int, rate: int) -> None:
    length = np.arange(rate * 10) / rate
    picture = pixels(png(wav(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * hertz * length), rate)))
    column = picture[TOP : TOP + ROWS, axes.LEFT + axes.PLOT // 2].astype(int)
    brightest = np.flatnonzero(column == column.max()).mean()
    row = row_of(hertz, min(20_000, rate / 2), ROWS)
    assert brightest == pytest.approx(row, abs=1.5)
    assert picture[TOP + round(row), axes.LEFT - 4] > 0  # the mark of the label


def test_an_impulse_lights_its_column(tmp_path: Path) -> None:
    samples = np.zeros(RATE * 30)
    samples[RATE * 12] = 0.9
    picture = pixels(png(wav(tmp_path / "a.wav", samples)))
    plot = picture[TOP : TOP + ROWS, axes.LEFT : axes.LEFT + axes.PLOT].astype(int)
    brightest = int(plot.sum(axis=0).argmax()) + axes.LEFT
    assert brightest == pytest.approx(axes.x_of(12, 30), abs=COLUMN)
    dark = np.delete(plot, np.arange(brightest - axes.LEFT - 9, brightest - axes.LEFT + 12), axis=1)
    assert (dark == dark.min()).all()


@pytest.mark.parametrize(
    "samples", [np.zeros((RATE, 2)), tone(440, 0.1), np.zeros(1), np.zeros(0)], ids=["silent", "short", "one", "none"]
)
def test_silent_short_and_empty_files_have_pictures_too(tmp_path: Path, samples: Samples) -> None:
    path = wav(tmp_path / "a.wav", samples)
    image = Image.open(BytesIO(png(path)))
    assert image.size == (axes.WIDTH, HEIGHT)
    drawing = waveform_svg(outline(path, COLUMNS))
    ElementTree.fromstring(drawing)
    assert (">silent<" in drawing) == (not np.abs(samples).max(initial=0))
    assert "nan" not in drawing


def test_noise_makes_a_small_file_of_the_right_size_and_kind(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (RATE * 30, 2))
    picture = png(wav(tmp_path / "a.wav", noise))
    image = Image.open(BytesIO(picture))
    assert (image.size, image.mode, image.format) == ((axes.WIDTH, HEIGHT), "P", "PNG")
    assert len(picture) < 150_000
    assert image.convert("RGBA").getpixel((axes.WIDTH - 1, 0))[3] == 0  # type: ignore[index]


def test_the_range_is_as_wide_as_the_sound_but_within_limits(tmp_path: Path) -> None:
    """Noise that drops by 60 dB half-way: the quiet half is dark, and still not as dark as silence would be."""
    noise = np.random.default_rng(4).uniform(-0.5, 0.5, RATE * 10)
    noise[RATE * 5 :] *= 10 ** (-60 / 20)
    for wanted, samples in ((48, noise[: RATE * 5]), (80, tone(1000, 5))):
        assert range_db(bands(wav(tmp_path / "a.wav", samples))) == wanted
    assert 60 < range_db(bands(wav(tmp_path / "a.wav", noise))) < 80


def test_brighter_is_louder_in_even_steps() -> None:
    lightness = [luminance(f"#{red:02x}{green:02x}{blue:02x}") ** (1 / 3) for red, green, blue in ramp(96).tolist()]
    steps = np.diff(lightness)
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.mean()


# The drawings


def lane(**changes: object) -> Lane:
    whole = Lane("rain", "0.70 (−3.1 dB)", ((0.0, 24.0),), 8.0, True, 0.0, 0.0, 0.0, np.full(320, 0.5, np.float32))
    return replace(whole, **changes)  # type: ignore[arg-type]


def paths(drawing: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(drawing).findall(".//{http://www.w3.org/2000/svg}path")


def corners(path: ElementTree.Element) -> NDArray[np.float64]:
    """The corners of an area, in pixels, ``(n, 2)``."""
    steps = np.array([float(number) for number in re.findall(r"-?\d+", path.attrib["d"])]).reshape(-1, 2)
    return np.cumsum(steps, axis=0) / 10


def filled(drawing: str) -> list[NDArray[np.float64]]:
    return [corners(path) for path in paths(drawing) if path.get("transform")]


def test_the_waveform_swings_left_up_and_right_down(tmp_path: Path) -> None:
    samples = np.stack([tone(100, 4, 0.7), np.zeros(4 * RATE)], axis=1)
    drawing = waveform_svg(outline(wav(tmp_path / "a.wav", samples), COLUMNS))
    peaks, _ = filled(drawing)
    middle = peaks[0, 1]
    assert peaks[:, 1].max() == middle
    assert peaks[:, 1].min() < middle - 60
    assert "−3 dB" in drawing  # 0.7 is -3.1 dBFS


def test_waveform_and_timeline_lie_under_one_another(tmp_path: Path) -> None:
    samples = np.zeros((RATE * 24, 2))
    samples[RATE * 6 : RATE * 12] = 0.5
    drawn = filled(waveform_svg(outline(wav(tmp_path / "a.wav", samples), COLUMNS)))[0]
    loud = drawn[np.abs(drawn[:, 1] - drawn[0, 1]) > 20, 0]
    assert loud.min() == pytest.approx(axes.x_of(6, 24), abs=3)
    assert loud.max() == pytest.approx(axes.x_of(12, 24), abs=3)
    bar = filled(timeline_svg((lane(times_s=((6.0, 12.0),)),), 24.0))[0]
    assert bar[:, 0].min() == pytest.approx(axes.x_of(6, 24), abs=0.2)
    assert bar[:, 0].max() == pytest.approx(axes.x_of(12, 24), abs=0.2)


def test_a_fade_shapes_the_outline_in_the_timeline() -> None:
    (drawn,) = filled(timeline_svg((lane(fade_in_s=12.0),), 24.0))
    upper = drawn[1 : len(drawn) // 2]
    height = drawn[0, 1] - upper[:, 1]
    half = np.argmin(np.abs(upper[:, 0] - axes.x_of(6, 24)))
    assert height[half] == pytest.approx(height.max() * 0.5**axes.LOUDNESS_EXPONENT, abs=0.3)
    assert height[-1] == height.max()
    assert height[0] < 2


def test_a_take_that_is_not_looped_ends_and_a_loop_marks_its_seams() -> None:
    (once,) = filled(timeline_svg((lane(loop=False),), 24.0))
    sounding = once[np.abs(once[:, 1] - once[0, 1]) > 1, 0]
    assert sounding.max() == pytest.approx(axes.x_of(8, 24), abs=3)
    seams = [path.attrib["d"] for path in paths(timeline_svg((lane(),), 24.0)) if path.get("stroke-dasharray")]
    assert seams == ["M512 6v46M848 6v46"]  # at 8 s and 16 s


@pytest.mark.parametrize("count", [1, 5, 17, 100])
def test_the_timeline_holds_any_number_of_elements(count: int) -> None:
    drawing = timeline_svg(tuple(lane(name=f"element_{k}") for k in range(count)), 24.0)
    root = ElementTree.fromstring(drawing)
    assert len(filled(drawing)) == count
    lowest = max(float(text.attrib["y"]) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert lowest < float(root.attrib["height"])


def test_names_that_are_too_long_end_in_an_ellipsis() -> None:
    drawing = timeline_svg((lane(name="n" * 64),), 24.0)
    assert ">" + "n" * 19 + "…<" in drawing
    assert ">" + "n" * 13 + "…<" in timeline_svg((lane(name="n" * 64),) * 20, 24.0)


def test_what_rings_over_the_end_of_a_loop_is_drawn_at_its_beginning() -> None:
    falling = np.linspace(1, 0.2, 320).astype(np.float32)
    over = lane(times_s=((20.0, 28.0),), loop=False, peaks=falling, fade_out_s=0.0)
    end, beginning = filled(timeline_svg((over,), 24.0))
    whole = filled(timeline_svg((replace(over, times_s=((0.0, 8.0),)),), 24.0))[0]
    assert beginning[:, 0].min() == pytest.approx(axes.LEFT, abs=0.2)
    assert end[:, 0].max() == pytest.approx(axes.LEFT + axes.PLOT, abs=0.2)
    assert np.ptp(end[:, 1]) == pytest.approx(np.ptp(whole[:, 1]), abs=0.5)  # the loud first half
    assert np.ptp(beginning[:, 1]) < 0.85 * np.ptp(whole[:, 1])


@pytest.mark.parametrize("duration_s", [0.0, 0.1, 5e-5, 3600.0])
def test_odd_lengths_are_drawn(duration_s: float) -> None:
    lanes = (
        lane(times_s=((0.0, duration_s),)),
        lane(times_s=((duration_s, duration_s),)),
        lane(peaks=np.zeros(0, np.float32)),
    )
    drawing = timeline_svg(lanes, duration_s)
    ElementTree.fromstring(drawing)
    assert not re.search(r"\b(nan|inf)\b", drawing)


def drawings(folder: Path) -> list[str]:
    samples = np.stack([tone(100, 2), tone(300, 2)], axis=1)
    lanes = tuple(lane(name=f"{PAYLOAD}{k}\x00\ud800", hint=PAYLOAD, fade_in_s=1.0) for k in range(20))
    return [waveform_svg(outline(wav(folder / "a.wav", samples), COLUMNS)), timeline_svg(lanes, 24.0)]


def test_drawings_are_plain_pictures_whatever_the_names(tmp_path: Path) -> None:
    plain = {"svg", "title", "g", "path", "rect", "circle", "text"}
    for drawing in drawings(tmp_path):
        drawing.encode()
        for element in ElementTree.fromstring(drawing).iter():
            assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in plain
            assert not {name for name in element.attrib if name.startswith("on") or "href" in name or name == "style"}
            assert not [value for value in element.attrib.values() if "url(" in value or "://" in value]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_every_colour_stands_out_on_the_light_and_on_the_dark_page(tmp_path: Path, page: str) -> None:
    used = {colour for drawing in drawings(tmp_path) for colour in re.findall(r"#\w{6}\b", drawing)}
    assert used >= {axes.INK, axes.RMS, axes.PEAK, *axes.LANES}
    for colour in used:
        assert contrast(colour, page) >= (4 if colour == axes.INK else 3), colour


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one) + 0.05, luminance(other) + 0.05))
    return high / low


def writing(picture: Image.Image, page: str) -> set[str]:
    """The colours, on a page, of the frame around a spectrogram and of what is most clearly written beside it."""
    ground = Image.new("RGBA", picture.size, page)
    ground.alpha_composite(picture.convert("RGBA"))
    seen = np.asarray(ground.convert("RGB"))
    frame = np.concatenate([seen[TOP - 1, axes.LEFT : axes.LEFT + axes.PLOT], seen[TOP : TOP + ROWS, axes.LEFT - 1]])
    key = seen[TOP + ROWS + 11, 1:83]
    labels = [seen[TOP : TOP + ROWS, 100 : axes.LEFT - 10], seen[TOP + ROWS + 10 :, axes.LEFT :], seen[-26:, 88:140]]
    colours = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in np.unique([*frame, *key], axis=0).tolist()]
    for label in labels:
        found = np.unique(label.reshape(-1, 3), axis=0).tolist()
        colours.append(
            max(("#{:02x}{:02x}{:02x}".format(*colour) for colour in found), key=lambda c: contrast(c, page))
        )
    return set(colours)


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_what_is_written_on_a_spectrogram_stands_out_on_both_pages(tmp_path: Path, page: str) -> None:
    picture = Image.open(BytesIO(png(wav(tmp_path / "a.wav", tone(440, 2)))))
    assert {colour for colour in writing(picture, page) if contrast(colour, page) < 3} == set()


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_the_pictures_of_the_manual_stand_out_on_both_pages(root: Path, page: str) -> None:
    images = root / "docs" / "images"
    drawn = sorted(images.glob("*.svg"))
    assert drawn
    for path in drawn:
        for colour in set(re.findall(r"#\w{6}\b", path.read_text(encoding="utf-8"))):
            assert contrast(colour, page) >= 3, (path.name, colour)
    spectrograms = {path.name: Image.open(BytesIO(path.read_bytes())) for path in sorted(images.glob("*.png"))}
    spectrograms = {name: image for name, image in spectrograms.items() if image.size == (axes.WIDTH, HEIGHT)}
    assert spectrograms
    for name, image in spectrograms.items():
        for colour in writing(image, page):
            assert contrast(colour, page) >= 3, (name, colour)


# On disk


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    """The mix of the full report."""
    noise = np.random.default_rng(2).uniform(-0.3, 0.3, (RATE * 3, 2))
    return wav(tmp_path / "mix.wav", noise)


def test_a_report_is_written_and_is_the_same_when_written_again(tmp_path: Path, mix: Path) -> None:
    names = ["waveform.svg", "timeline.svg", "spectrogram.png", "index.html", "README.md"]
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        written = write_report(render_report(FULL, mix_of(FULL, mix)), folder)
        assert written == [folder / name for name in names]
        assert sorted(os.listdir(folder)) == sorted(names)
        contents.append([path.read_bytes() for path in written])
    assert contents[0] == contents[1]


def test_a_template_that_fails_leaves_everything_as_it_was(tmp_path: Path, mix: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "mine.jinja2").write_text("{{ nowhere }}")
    with pytest.raises(UsageError):
        write_report(render_report(FULL, mix_of(FULL, mix), tmp_path / "mine.jinja2"), tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, mix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "waveform.svg").write_text("old")

    def refuse(source: object, target: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        write_report(render_report(FULL, mix_of(FULL, mix)), folder)
    assert os.listdir(folder) == ["waveform.svg"]
    assert (folder / "waveform.svg").read_text() == "old"
