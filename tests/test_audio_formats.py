"""What files say and how they are compressed: read back by libsndfile and ffmpeg."""

from __future__ import annotations

import ctypes
import io
import json
import re
import struct
import subprocess
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scenebuild.audio import wav
from scenebuild.audio.dither import Dither
from scenebuild.audio.encode import loop_comments, write_flac, write_mp3, write_ogg
from scenebuild.audio.loudness import LoudnessMeter
from scenebuild.audio.ogg import checksum, read_pages, with_comments
from scenebuild.audio.riff import BEXT_BYTES, Broadcast, Mark, bext_chunk, cue_chunks, info_chunk, smpl_chunk
from scenebuild.audio.vorbis_comment import pack_comments
from scenebuild.audio.wav import WavWriter, quantize, write_wav
from signals import RATE, level_db, needs_ffmpeg, noise, speech_like

SAMPLES = noise(1.5, rms=0.1)[:70001]
COMMENTS = {"TITLE": "Rainy café ☂", "LICENSE": "CC0-1.0", **loop_comments(0, 70001)}


def ffprobe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def tags(path: Path) -> dict[str, str]:
    found = ffprobe(path)
    return {
        name.upper(): text
        for part in (found["format"], *found["streams"])
        for name, text in part.get("tags", {}).items()
    }


def decoded(path: Path) -> np.ndarray:
    """By ffmpeg, as floats."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<f4").reshape(-1, 2)


# -- WAV


def test_16_bits(tmp_path: Path) -> None:
    integers = Dither().run(SAMPLES)
    with WavWriter(tmp_path / "a.wav", RATE, 2, bits=16) as file:
        for block in np.array_split(integers, 7):
            file.write_integers(block)
        with pytest.raises(ValueError, match="a sample does not fit into 16 bits"):
            file.write_integers(np.full((1, 2), 32768, np.int32))
        with pytest.raises(ValueError, match="a file of 16 bits takes integers"):
            file.write(SAMPLES)
    found, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate == RATE
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"
    assert np.array_equal(found, integers)
    assert (tmp_path / "a.wav").stat().st_size == 44 + 4 * len(SAMPLES)


def write_all(path: Path, large: bool = False) -> None:
    """A file with every chunk there is."""
    more = smpl_chunk(RATE, 100, 60000) + cue_chunks([Mark(48000, "thunder"), Mark(0, "rain")])
    front = bext_chunk(Broadcast())
    info = {"INAM": "Rain", "ICOP": "CC0-1.0"}
    with WavWriter(path, RATE, 2, info=info, front=front, more=more) as file:
        file.write(SAMPLES)
        file.replace_front(bext_chunk(Broadcast("Rainy café", "scenebuild", -23.004, 5.5, -1.25, -18.0, None)))


class Instrument(ctypes.Structure):
    """SF_INSTRUMENT of sndfile.h."""

    class Loop(ctypes.Structure):
        _fields_ = [("mode", ctypes.c_int), *((name, ctypes.c_uint32) for name in ("start", "end", "count"))]

    _fields_ = [
        ("gain", ctypes.c_int),
        *((name, ctypes.c_char) for name in ("basenote", "detune", "vel_lo", "vel_hi", "key_lo", "key_hi")),
        ("loop_count", ctypes.c_int),
        ("loops", Loop * 16),
    ]


def instrument_of(path: Path) -> Instrument:
    """The sampler chunk as libsndfile reads it (SFC_GET_INSTRUMENT)."""
    found = Instrument()
    with soundfile.SoundFile(path) as file:
        pointer = soundfile._ffi.from_buffer(memoryview(found).cast("B"))
        assert soundfile._snd.sf_command(file._file, 0x10D0, pointer, ctypes.sizeof(found)) == 1
    return found


def test_libsndfile_reads_the_loop(tmp_path: Path) -> None:
    write_all(tmp_path / "a.wav")
    found = instrument_of(tmp_path / "a.wav")
    assert found.loop_count == 1
    assert found.loops[0].mode == 801  # SF_LOOP_FORWARD
    # The file names the last frame that is played; libsndfile gives the one behind it.
    assert (found.loops[0].start, found.loops[0].end) == (100, 60000)


def test_libsndfile_reads_the_sound_and_the_texts_beside_all_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    write_all(path)
    assert struct.unpack_from("<I", path.read_bytes(), 4)[0] == path.stat().st_size - 8
    monkeypatch.setattr(wav, "LARGEST_RIFF", 10_000)
    with WavWriter(
        tmp_path / "large.wav", RATE, 2, front=bext_chunk(Broadcast()), expected_frames=len(SAMPLES)
    ) as file:
        file.write(SAMPLES)
    assert soundfile.info(tmp_path / "large.wav").format == "RF64"
    for one in (path, tmp_path / "large.wav"):
        found, _ = soundfile.read(one, dtype="int32")
        assert np.array_equal(found >> 8, quantize(SAMPLES))
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.copyright) == ("Rain", "CC0-1.0")


@needs_ffmpeg
def test_ffmpeg_reads_what_broadcasters_wrote(tmp_path: Path) -> None:
    write_all(tmp_path / "a.wav")
    found = tags(tmp_path / "a.wav")
    assert found["COMMENT"] == "Rainy caf?"
    assert found["TITLE"] == "Rain"
    assert found["ENCODED_BY"] == "scenebuild"
    assert len(decoded(tmp_path / "a.wav")) == len(SAMPLES)


def test_the_numbers_of_broadcasters() -> None:
    chunk = bext_chunk(Broadcast("d", "o", -23.004, 5.5, -1.257, float("-inf"), None))
    assert len(chunk) == 8 + BEXT_BYTES == 610
    assert struct.unpack_from("<H", chunk, 8 + 346)[0] == 2
    assert struct.unpack_from("<5h", chunk, 8 + 412) == (-2300, 550, -126, 0x7FFF, 0x7FFF)
    assert not any(chunk[8 + 422 :])


def test_marks_are_named_and_in_order() -> None:
    assert cue_chunks([]) == b""
    assert cue_chunks([Mark(1 << 32, "too far")]) == b""
    chunks = cue_chunks([Mark(7, "b"), Mark(3, "ab")])
    assert chunks[:8] == b"cue " + struct.pack("<I", 4 + 2 * 24)
    assert struct.unpack_from("<III4sIII", chunks, 8) == (2, 1, 3, b"data", 0, 0, 3)
    labels = chunks[8 + 52 :]
    assert labels[:4] + labels[8:12] == b"LISTadtl"
    assert labels[12:] == b"labl\x07\0\0\0\x01\0\0\0ab\0\0labl\x06\0\0\0\x02\0\0\0b\0"


def test_a_loop_that_does_not_fit_is_not_written() -> None:
    assert smpl_chunk(RATE, 0, 1 << 32) == b""
    assert len(smpl_chunk(RATE, 0, (1 << 32) - 1)) == 8 + 36 + 24


def test_the_chunk_in_front_keeps_its_length(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", RATE, 2) as file, pytest.raises(ValueError, match="has 0 bytes, not 610"):
        file.replace_front(bext_chunk(Broadcast()))


def test_a_plain_file_is_as_plain_as_before(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", SAMPLES, RATE, {"INAM": "x"})
    data = (tmp_path / "a.wav").read_bytes()
    assert data[36:40] == b"data"
    assert data[44 + 6 * len(SAMPLES) :] == info_chunk({"INAM": "x"})


# -- FLAC, Ogg, MP3


def write_kind(path: Path, comments: dict[str, str] | None = None, cuts: int = 3) -> None:
    blocks = np.array_split(SAMPLES, cuts)
    if path.suffix == ".flac":
        write_flac(path, map(quantize, blocks), RATE, 2, 24, comments)
    elif path.suffix == ".ogg":
        write_ogg(path, blocks, RATE, 2, comments)
    else:
        texts = {"TIT2": comments["TITLE"], "TCOP": comments["LICENSE"], "LICENSE": "CC0-1.0"} if comments else None
        write_mp3(path, blocks, RATE, 2, texts)


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_the_length_is_exact_and_the_sound_the_same(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    write_kind(path, COMMENTS)
    found, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    assert found.shape == SAMPLES.shape
    if kind == "flac":
        assert np.array_equal(found, quantize(SAMPLES) / np.float32(2**23))
    else:  # white noise, the hardest there is; a shift by one sample would leave an error as loud as the sound
        assert level_db(found - SAMPLES) < level_db(SAMPLES) - 3

        def low(line: NDArray[np.floating]) -> NDArray[np.floating]:
            return np.apply_along_axis(np.convolve, 0, line, np.hanning(65) / 32.5, "valid")

        assert level_db(low(found - SAMPLES)) < level_db(low(SAMPLES)) - 15
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_ffmpeg_reads_them_with_their_texts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    write_kind(path, COMMENTS)
    found = tags(path)
    assert found["TITLE"] == "Rainy café ☂"
    assert found["LICENSE"] == "CC0-1.0"
    if kind != "mp3":
        assert (found["LOOPSTART"], found["LOOPLENGTH"]) == ("0", "70001")
    samples = decoded(path)
    if kind != "mp3":
        assert len(samples) == len(SAMPLES)
    theirs, _ = soundfile.read(path, dtype="float32")
    assert np.abs(samples[: len(theirs)] - theirs[: len(samples)]).max() < 1e-4
    if kind == "mp3":
        assert ffprobe(path)["streams"][0]["bit_rate"] == "192000"


@pytest.mark.parametrize("kind", ["flac", "ogg", "mp3"])
def test_the_same_sound_is_the_same_bytes(tmp_path: Path, kind: str) -> None:
    write_kind(tmp_path / f"a.{kind}", COMMENTS)
    write_kind(tmp_path / f"b.{kind}", COMMENTS, cuts=11)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_without_texts_an_mp3_begins_with_its_sound(tmp_path: Path) -> None:
    write_kind(tmp_path / "a.mp3")
    assert (tmp_path / "a.mp3").read_bytes()[:2] == b"\xff\xfb"


@pytest.mark.parametrize("bits", [16, 24])
def test_flac_of_either_width(tmp_path: Path, bits: Literal[16, 24]) -> None:
    integers = Dither().run(SAMPLES) if bits == 16 else quantize(SAMPLES)
    write_flac(tmp_path / "a.flac", [integers], RATE, 2, bits)
    found, _ = soundfile.read(tmp_path / "a.flac", dtype="int32")
    assert soundfile.info(tmp_path / "a.flac").subtype == f"PCM_{bits}"
    assert np.array_equal(found >> (32 - bits), integers)


def slow_checksum(data: bytes) -> int:
    """RFC 3533, bit by bit."""
    register = 0
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    return register


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_standard(data: bytes) -> None:
    assert checksum(data) == slow_checksum(data)


@pytest.mark.parametrize("size", [0, 10, 255, 65_025, 200_000])
def test_comments_of_any_size(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.ogg"
    write_ogg(path, [SAMPLES], RATE, 2, {"COMMENT": "x" * size, "TITLE": "t"})
    data = path.read_bytes()
    pages = list(read_pages(io.BytesIO(data)))
    assert [page.sequence for page in pages] == list(range(len(pages)))
    assert b"".join(page.pack() for page in pages) == data
    again = io.BytesIO()
    with_comments(io.BytesIO(data), again, {"TITLE": "t"})
    with soundfile.SoundFile(io.BytesIO(again.getvalue())) as file:
        assert (file.frames, file.title) == (len(SAMPLES), "t")
    with soundfile.SoundFile(path) as file:
        assert (file.frames, file.title) == (len(SAMPLES), "t")


def test_what_is_no_ogg() -> None:
    with pytest.raises(ValueError, match="this is not a page of an Ogg file"):
        with_comments(io.BytesIO(b"RIFF" + bytes(40)), io.BytesIO(), {})
    with pytest.raises(ValueError, match="this is not an Ogg Vorbis file"):
        with_comments(io.BytesIO(), io.BytesIO(), {})
    opus = io.BytesIO()
    soundfile.write(opus, SAMPLES, RATE, format="OGG", subtype="OPUS")
    opus.seek(0)
    with pytest.raises(ValueError, match="this is not an Ogg Vorbis file"):
        with_comments(opus, io.BytesIO(), {})


def test_what_texts_may_not_hold(tmp_path: Path) -> None:
    for name in ("", "A=B", "Ä", "a\n"):
        with pytest.raises(ValueError, match="is not the name of a comment"):
            pack_comments(b"", {name: "x"})
    with pytest.raises(ValueError, match="the TITLE text cannot hold control characters"):
        pack_comments(b"", {"TITLE": "a\x1b[31m"})
    with pytest.raises(ValueError, match="the TIT2 text of an MP3 file cannot hold control characters"):
        write_mp3(tmp_path / "a.mp3", [SAMPLES], RATE, 2, {"TIT2": "a\nb"})


def test_rates_that_mp3_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an MP3 has 8, 11.025, 12, 16, 22.05, 24, 32, 44.1 or 48 kHz, not 96000 Hz"):
        write_mp3(tmp_path / "a.mp3", [SAMPLES], 96000, 2)


# -- loudness range


@needs_ffmpeg
def test_the_loudness_range_is_ffmpegs(tmp_path: Path) -> None:
    samples = np.concatenate([speech_like(10, 0.02 * step) for step in (1, 4, 2, 8)])
    write_wav(tmp_path / "a.wav", samples, RATE)
    command = ["ffmpeg", "-hide_banner", "-nostats", "-nostdin", "-i", str(tmp_path / "a.wav"), "-af", "ebur128"]
    done = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True)
    theirs = float(re.findall(r"LRA:\s+(\S+) LU\s*$", done.stderr, re.MULTILINE)[-1])
    meter = LoudnessMeter(RATE, 2)
    meter.feed(samples)
    assert meter.loudness().range_lu() == pytest.approx(theirs, abs=0.3)


def test_the_loudness_range_of_two_levels() -> None:
    """EBU Tech 3342, case 1: 20 s of -20 dBFS and 20 s of -30 dBFS of a 1 kHz tone spread by 10 LU."""
    time = np.arange(20 * RATE) / RATE
    line = np.sin(2 * np.pi * 1000 * time)
    samples = np.concatenate([0.1 * line, 10**-1.5 * line]).astype(np.float32)
    meter = LoudnessMeter(RATE, 2)
    meter.feed(np.stack([samples, samples], axis=1))
    assert meter.loudness().range_lu() == pytest.approx(10, abs=1.0)
    quiet = LoudnessMeter(RATE, 2)
    quiet.feed(np.zeros((4 * RATE, 2), np.float32))
    assert quiet.loudness().range_lu() == 0
