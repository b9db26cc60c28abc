"""Surround and AAC: read where the parts for them are installed, else refused with the command that converts them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from odd_recordings import RATE, encoded, integers, tone, wav, write
from scenebuild.audio.container.speakers import SPEAKERS
from scenebuild.audio.downmix import can_mix_down
from scenebuild.audio.recording import decode_recording
from scenebuild.audio.wav import AudioFileError
from scenebuild.cli import run
from scenebuild.store.digest import digest_bytes

SIDE = 0.5**0.5
FFMPEG = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg, the second opinion, is not installed")


def one_by_one(channels: int, rate: int = RATE) -> np.ndarray:
    """A constant in one channel after the other, 0.1 s each."""
    samples = np.zeros((channels * rate // 10, channels), np.float32)
    for channel in range(channels):
        samples[channel * rate // 10 : (channel + 1) * rate // 10, channel] = 0.5
    return samples


def heard(samples: np.ndarray, channels: int) -> list[tuple[float, float]]:
    """What each channel gives to (left, right)."""
    step = len(samples) // channels
    return [tuple(np.round(2.0 * samples[step * at + step // 2].astype(float), 3).tolist()) for at in range(channels)]


def mask(*names: str) -> int:
    return sum(1 << SPEAKERS.index(name) for name in names)


L, R, C, NOTHING, LS, RS = (1.0, 0.0), (0.0, 1.0), (0.707, 0.707), (0.0, 0.0), (0.707, 0.0), (0.0, 0.707)
LAYOUTS = {
    "3.0": (("FL", "FR", "FC"), [L, R, C]),
    "2.1": (("FL", "FR", "LFE"), [L, R, NOTHING]),
    "quad": (("FL", "FR", "BL", "BR"), [L, R, LS, RS]),
    "4.0": (("FL", "FR", "FC", "BC"), [L, R, C, (0.5, 0.5)]),
    "5.0": (("FL", "FR", "FC", "BL", "BR"), [L, R, C, LS, RS]),
    "5.1": (("FL", "FR", "FC", "LFE", "BL", "BR"), [L, R, C, NOTHING, LS, RS]),
    "5.1(side)": (("FL", "FR", "FC", "LFE", "SL", "SR"), [L, R, C, NOTHING, LS, RS]),
    "7.1": (("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"), [L, R, C, NOTHING, LS, RS, LS, RS]),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_surround_is_mixed_down_as_bs_775_says(tmp_path: Path, name: str) -> None:
    speakers, wanted = LAYOUTS[name]
    count = len(speakers)
    content = wav(integers(one_by_one(count)), channels=count, mask=mask(*speakers))
    found = decode_recording(write(tmp_path / "v.wav", content))
    assert heard(found.samples, count) == wanted
    assert f"v.wav has {count} channels (" in found.warnings[0]
    assert "mixed down to stereo (ITU-R BS.775)" in found.warnings[0]


@pytest.mark.parametrize(
    ("form", "subtype", "order"),
    [
        ("FLAC", "PCM_16", [L, R, C, NOTHING, LS, RS]),
        ("OGG", "VORBIS", [L, C, R, LS, RS, NOTHING]),
        ("OGG", "OPUS", [L, C, R, LS, RS, NOTHING]),
    ],
)
def test_the_order_of_the_speakers_is_that_of_the_format(
    tmp_path: Path, form: str, subtype: str, order: list[tuple[float, float]]
) -> None:
    rate = 48000
    time = np.arange(rate * 6 // 10) / rate
    samples = one_by_one(6, rate) * np.sin(2 * np.pi * 100 * time)[:, None].astype(np.float32)
    found = decode_recording(write(tmp_path / "v", encoded(samples, form, subtype, rate)))
    step = len(time) // 6
    for at, wanted in enumerate(order):
        if wanted == NOTHING and form == "OGG":
            continue  # the LFE of a lossy file keeps its lowest frequencies only, and leaks before and after
        part = found.samples[step * at + step // 4 : step * (at + 1) - step // 4]
        peaks = 2 * np.abs(part).max(axis=0)
        assert np.abs(peaks - wanted).max() < (0.01 if form == "FLAC" else 0.2), at


def test_a_loud_surround_is_brought_down_to_full_scale(tmp_path: Path) -> None:
    samples = np.full((RATE, 6), 0.9, np.float32)
    content = wav(integers(samples), channels=6, mask=mask(*LAYOUTS["5.1"][0]))
    found = decode_recording(write(tmp_path / "v.wav", content))
    assert np.abs(found.samples).max() == pytest.approx(1.0)
    assert any("over full scale" in one for one in found.warnings)


@pytest.mark.parametrize(
    ("channels", "named"),
    [
        (6, None),  # a plain header
        (4, 0),  # the microphones of a field recorder
        (4, mask("FL", "FR", "FC")),  # fewer speakers than channels
        (4, mask("FL", "FR", "FLC", "FRC")),
        (6, mask("FL", "FR", "BL", "BR", "TFL", "TFR")),
    ],
)
def test_channels_without_known_speakers_are_refused_with_a_command(
    tmp_path: Path, channels: int, named: int | None
) -> None:
    content = wav(integers(one_by_one(channels)), channels=channels, mask=named)
    with pytest.raises(AudioFileError, match=rf"v.wav has {channels} channels and .* ffmpeg -i v.wav -ac 2"):
        decode_recording(write(tmp_path / "v.wav", content))


def test_more_channels_than_eight_are_refused_with_a_command(tmp_path: Path) -> None:
    content = wav(integers(one_by_one(12)), channels=12)
    with pytest.raises(AudioFileError, match=r"has 12 channels; at most 8 .* ffmpeg -i v.wav -af 'pan=stereo"):
        decode_recording(write(tmp_path / "v.wav", content))


def test_every_layout_that_is_mixed_down_has_its_speakers_once() -> None:
    assert not can_mix_down(None)
    assert not can_mix_down(("FL", "FL", "FR"))
    assert all(can_mix_down(speakers) for speakers, _ in LAYOUTS.values())


@FFMPEG
@pytest.mark.hard
@pytest.mark.parametrize("name", ["3.0", "quad", "5.0", "5.1", "5.1(side)"])
def test_ffmpeg_mixes_down_alike(tmp_path: Path, name: str) -> None:
    """ffmpeg scales its sum so that it cannot clip, by one number for all channels."""
    speakers, _ = LAYOUTS[name]
    noise = np.random.default_rng(1).normal(0, 0.05, (RATE, len(speakers))).astype(np.float32)
    path = write(tmp_path / "v.wav", wav(integers(noise), channels=len(speakers), mask=mask(*speakers)))
    ours = decode_recording(path).samples
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "2", "-c:a", "pcm_f32le", str(tmp_path / "w.wav")]
    subprocess.run(command, check=True)
    theirs, _ = soundfile.read(tmp_path / "w.wav", dtype="float32")
    scale = float((ours * theirs).sum() / (theirs * theirs).sum())
    assert np.abs(ours - scale * theirs).max() < 1e-3


# --- AAC and what else PyAV reads ---


def compressed(samples: np.ndarray, form: str, codec: str, rate: int = RATE, layout: str = "stereo") -> bytes:
    """A sound encoded by PyAV."""
    av = pytest.importorskip("av", reason="PyAV, which reads AAC, is not installed")
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = rate
        fifo.write(frame)
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        while part := fifo.read(1024, partial=True):
            for one in resampler.resample(part):
                container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return out.getvalue()


@pytest.mark.parametrize(("form", "codec"), [("mp4", "aac"), ("ipod", "aac"), ("adts", "aac"), ("mp4", "alac")])
def test_aac_is_read(tmp_path: Path, form: str, codec: str) -> None:
    content = compressed(tone(2.0, 2), form, codec)
    found = decode_recording(write(tmp_path / "v.m4a", content), digest_bytes(content))
    assert found.sample_rate == RATE
    assert found.samples.dtype == np.float32
    assert abs(len(found.samples) - 2 * RATE) <= 3 * 1024  # the frames of an encoder are never cut
    assert 0.15 < float(np.sqrt(np.square(found.samples[RATE // 2 : RATE]).mean())) < 0.25


def test_a_webm_of_a_browser_is_read(tmp_path: Path) -> None:
    content = compressed(tone(2.0, 2, 48000), "webm", "libopus", 48000)
    found = decode_recording(write(tmp_path / "v.webm", content))
    assert found.sample_rate == 48000
    assert abs(len(found.samples) - 96000) <= 1920


def test_aac_in_surround_is_mixed_down(tmp_path: Path) -> None:
    content = compressed(tone(1.0, 6), "mp4", "aac", layout="5.1")
    found = decode_recording(write(tmp_path / "v.m4a", content))
    assert found.samples.shape[1] == 2
    assert "has 6 channels (5.1)" in found.warnings[0]


def test_a_cut_m4a_is_refused(tmp_path: Path) -> None:
    content = compressed(tone(2.0, 2), "mp4", "aac")
    with pytest.raises(AudioFileError, match=r"cannot be read as audio: its index \(moov\) is missing"):
        decode_recording(write(tmp_path / "v.m4a", content[: len(content) // 2]))


@pytest.mark.parametrize(
    "content", [b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom\0\0\0\x08moov", b"\x1aE\xdf\xa3" * 20, b"\xff\xf1\x50\x80" * 9]
)
def test_what_only_begins_like_aac_is_told_in_a_line(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("av", reason="PyAV, which reads AAC, is not installed")
    with pytest.raises(AudioFileError, match=r"^v.m4a [^\n]*$"):
        decode_recording(write(tmp_path / "v.m4a", content))


def test_a_playlist_in_the_place_of_a_recording_is_never_opened(tmp_path: Path) -> None:
    write(tmp_path / "secret.wav", encoded(tone()))
    for content in (b"ffconcat version 1.0\nfile secret.wav\n", b"#EXTM3U\n#EXTINF:1,\nsecret.wav\n"):
        with pytest.raises(AudioFileError, match="cannot be read as audio"):
            decode_recording(write(tmp_path / "v.m4a", content))


def test_a_scene_with_an_m4a_is_built(project: Path) -> None:
    write("scenes/v.m4a", compressed(tone(1.0, 2), "mp4", "aac"))
    write("scenes/x.yaml", b"name: x\nelements: {a: {file: v.m4a}}\n")
    assert run(["validate", "scenes/x.yaml"]) == 0
    assert run(["scenes/x.yaml"]) == 0


def test_without_pyav_an_m4a_is_refused_with_the_command_that_converts_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    write("scenes/v.m4a", b"\0\0\0\x18ftypM4A " + bytes(12))
    write("scenes/x.yaml", b"name: x\nelements: {a: {file: v.m4a}}\n")
    assert run(["validate", "scenes/x.yaml"]) == 1
    said = capsys.readouterr().err
    assert (
        "file: 'v.m4a' is MPEG-4 (m4a), which is read with PyAV; install it (pip install 'scenebuild[video]')" in said
    )
    assert "or convert it: ffmpeg -i scenes/v.m4a scenes/v-converted.flac" in said
