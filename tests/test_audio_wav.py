"""WAV files: other programs read what was written, and the same sound gives the same bytes."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from scenebuild.audio import wav
from scenebuild.audio.riff import info_chunk
from scenebuild.audio.wav import (
    AudioFileError,
    WavWriter,
    dequantize,
    probe,
    quantize,
    read_blocks,
    read_wav,
    write_wav,
)
from signals import needs_ffmpeg, noise

INFO = {"INAM": "Rainy café", "ISFT": "scenebuild 0.1.0", "ICOP": "CC0-1.0"}


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=50))
def test_24_bit_samples_go_through_floats_unchanged(values: list[int]) -> None:
    integers = np.array(values, np.int32)[:, None]
    assert np.array_equal(quantize(dequantize(integers)), integers)


def test_rounding_is_the_same_on_both_sides_of_zero() -> None:
    steps = np.array([0.4, 0.5, 0.6, 1.5, 2.5, 1000.49]) / 2**23
    assert quantize(steps).tolist() == [0, 0, 1, 2, 2, 1000]
    assert quantize(-steps).tolist() == [0, 0, -1, -2, -2, -1000]
    assert quantize(np.array([7.0, -7.0], np.float32)).tolist() == [2**23 - 1, -(2**23)]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [0, 1, 2, 999])
def test_soundfile_reads_what_was_written(tmp_path: Path, channels: int, frames: int) -> None:
    samples = noise(1.0, channels=channels)[:frames]
    path = tmp_path / "a.wav"
    write_wav(path, samples, 44100, INFO)
    found, rate = soundfile.read(path, dtype="int32", always_2d=True)
    assert rate == 44100
    assert soundfile.info(path).subtype == "PCM_24"
    assert np.array_equal(found >> 8, quantize(samples))
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.software, file.copyright) == ("Rainy café", "scenebuild 0.1.0", "CC0-1.0")
    assert struct.unpack_from("<I", path.read_bytes(), 4)[0] == path.stat().st_size - 8
    assert path.read_bytes()[36:40] == b"data"


@needs_ffmpeg
def test_ffmpeg_reads_what_was_written(tmp_path: Path) -> None:
    samples = noise(0.1)
    write_wav(tmp_path / "a.wav", samples, 48000, INFO)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(tmp_path / "a.wav"), "-f", "s32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    assert np.array_equal(np.frombuffer(done.stdout, "<i4").reshape(-1, 2) >> 8, quantize(samples))


def test_blocks_give_the_bytes_of_the_whole(tmp_path: Path) -> None:
    samples = noise(0.5, channels=1)[:12345]
    write_wav(tmp_path / "whole.wav", samples, 48000, INFO)
    with WavWriter(tmp_path / "blocks.wav", 48000, 1, info=INFO) as writer:
        for block in np.array_split(samples, 9):
            writer.write(block)
    assert (tmp_path / "blocks.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_never_written(tmp_path: Path, value: float) -> None:
    samples = noise(0.1)
    samples[7, 0] = value
    with pytest.raises(ValueError, match="the sound holds samples that are not finite numbers"):
        write_wav(tmp_path / "a.wav", samples, 48000)
    assert not (tmp_path / "a.wav").exists()


def test_what_the_writer_refuses(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", 48000, 2) as writer:
        with pytest.raises(ValueError, match=r"expected \(frames, 2\), not \(4, 1\)"):
            writer.write(np.zeros((4, 1), np.float32))
        with pytest.raises(ValueError, match="a sample does not fit into 24 bits"):
            writer.write_integers(np.full((4, 2), 2**23, np.int32))
    with pytest.raises(ValueError, match="inside its `with` only"):
        writer.write(np.zeros((4, 2), np.float32))


def test_info_texts() -> None:
    assert info_chunk({}) == info_chunk({"INAM": ""}) == b""
    assert info_chunk({"INAM": "ab"}) == b"LIST\x10\0\0\0INFOINAM\x03\0\0\0ab\0\0"
    for name in ("inam", "NAME!", "ÄBCD", "IN"):
        with pytest.raises(ValueError, match="is not the name of a RIFF INFO field, such as INAM"):
            info_chunk({name: "x"})
    for text in ("a\nb", "\x1b[31m", "\x85", "nul\0"):
        with pytest.raises(ValueError, match="the ICMT text of a WAV file cannot hold control characters"):
            info_chunk({"ICMT": text})


def test_beyond_4_gib_a_file_is_rf64_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "LARGEST_RIFF", 10_000)
    samples = noise(0.1)
    with pytest.raises(AudioFileError, match=r"a.wav would be larger than the 4 GiB that a WAV file can hold"):  # noqa: SIM117
        with WavWriter(tmp_path / "a.wav", 48000, 2) as writer:
            writer.write(samples)
    monkeypatch.setattr(wav, "LARGEST_RIFF", 0xFFFFFFFF)
    small = tmp_path / "small.wav"
    write_wav(small, samples, 48000, INFO)
    monkeypatch.setattr(wav, "LARGEST_RIFF", small.stat().st_size - 9)
    large = tmp_path / "large.wav"
    write_wav(large, samples, 48000, INFO)
    assert large.read_bytes()[:4] == b"RF64"
    found, _ = soundfile.read(large, dtype="int32")
    assert soundfile.info(large).format == "RF64"
    assert np.array_equal(found >> 8, quantize(samples))


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_any_sound_file_can_be_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, noise(0.5, rms=0.05), 48000, format=kind)
    facts = probe(path)
    assert (facts.sample_rate, facts.channels, facts.format) == (48000, 2, kind)
    samples, rate = read_wav(path)
    assert rate == 48000
    assert samples.dtype == np.float32
    assert samples.shape == (facts.frames, 2) == (24000, 2)
    assert np.array_equal(np.concatenate(list(read_blocks(path, 1000))), samples)


def test_what_is_no_sound_says_so(tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("not a sound")
    with pytest.raises(AudioFileError, match=r"^notes.wav is not a sound file: "):
        probe(text)
    with pytest.raises(AudioFileError, match=r"^notes.wav cannot be read as sound: "):
        list(read_blocks(text))
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "missing.wav")
    broken = tmp_path / "broken.wav"
    soundfile.write(broken, np.array([0.1, np.nan]), 48000, subtype="FLOAT")
    with pytest.raises(AudioFileError, match=r"^broken.wav holds samples that are not finite numbers$"):
        read_wav(broken)
