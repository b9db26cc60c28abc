"""Recordings as people have them: what is decoded is what was planned; damage is told; odd files are read."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import soundfile

from odd_recordings import RATE, encoded, integers, streamed_flac, tone, wav, wide, without_end_of_stream, write
from scenebuild.audio import recording
from scenebuild.audio.container.formats import read_header
from scenebuild.audio.recording import RecordingChangedError, decode_recording
from scenebuild.audio.wav import AudioFileError
from scenebuild.cli import run
from scenebuild.engines import Action, FailedRequest, Request, engine
from scenebuild.files import open_regular
from scenebuild.generate.children import Children
from scenebuild.store.digest import digest_bytes, digest_file

A, B = encoded(tone(hz=440)), encoded(tone(hz=1000))
SCENE = "name: x\nelements:\n  voice: {file: v.wav, normalize: none}\n"


# --- what is decoded has the digest that stands in the key ---


def stored(store: str) -> list[Path]:
    return [path for path in Path(store).rglob("*") if path.is_file() and {"objects", "actions"} & set(path.parts)]


@pytest.fixture
def voice(project: Path) -> Path:
    """A scene with one recording; the path of the recording."""
    Path("scenes/x.yaml").write_text(SCENE)
    return Path(write("scenes/v.wav", A))


def swapped_in(path: Path, content: bytes) -> None:
    other = write(path.with_name(".new"), content)
    os.replace(other, path)


def rewritten(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def retargeted(path: Path, content: bytes) -> None:
    write(path.with_name("b.wav"), content)
    path.unlink()
    path.symlink_to("b.wav")


def removed(path: Path, content: bytes) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [swapped_in, rewritten, retargeted, removed])
def test_p21_a_recording_that_changes_between_planning_and_decoding_is_not_kept(
    voice: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path, bytes], None],
) -> None:
    really_start = Children._start

    def start(self: Children, *args: object) -> object:
        change(voice, B)
        return really_start(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Children, "_start", start)
    assert run(["scenes/x.yaml"]) == 1
    said = capsys.readouterr().err
    assert ("v.wav changed while it was built" if change is not removed else "v.wav cannot be read") in said
    assert not stored(os.environ["SCENEBUILD_STORE"])
    monkeypatch.setattr(Children, "_start", really_start)
    swapped_in(voice, A)
    assert run(["scenes/x.yaml"]) == 0
    played, _ = soundfile.read("build/x/elements/voice.wav", dtype="float32", always_2d=True)
    assert np.abs(played - tone(hz=440)).max() < 1e-4


def test_p21_a_recording_that_is_rewritten_while_it_is_read_is_refused(
    voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "COPY_BYTES", 4096)

    def opening(path: str) -> object:
        file = open_regular(path)
        really_read = file.read

        class Reader:
            def __enter__(self) -> Reader:
                return self

            def __exit__(self, *args: object) -> None:
                file.close()

            def read(self, size: int) -> bytes:
                rewritten(voice, B)
                return really_read(size)

        return Reader()

    monkeypatch.setattr(recording, "open_regular", opening)
    with pytest.raises(RecordingChangedError):
        decode_recording(voice, digest_bytes(A))


@pytest.mark.parametrize("change", [swapped_in, rewritten, retargeted, removed])
def test_p21_a_recording_that_changes_while_it_is_decoded_is_the_one_that_was_hashed(
    voice: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, bytes], None]
) -> None:

    def look(file: BinaryIO) -> object:
        change(voice, B)
        return read_header(file)

    monkeypatch.setattr(recording, "read_header", look)
    found = decode_recording(voice, digest_bytes(A))
    assert found.digest == digest_bytes(A)
    assert np.abs(found.samples - tone(hz=440)).max() < 1e-4


def test_a_pipe_in_the_place_of_a_recording_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "v.wav")
    with pytest.raises(OSError, match="is a named pipe"):
        decode_recording(tmp_path / "v.wav")


def test_nothing_of_a_recording_is_left_behind(voice: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = os.listdir("/dev/fd")
    decode_recording(voice)
    write(voice, A[:2000])
    with pytest.raises(AudioFileError):
        decode_recording(voice)
    assert os.listdir(scratch) == []
    assert len(os.listdir("/dev/fd")) == len(before)


# --- ordinary files give the bytes that libsndfile gives when it reads them whole ---

ORDINARY = [
    ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
    ("WAV", "ALAW"), ("WAV", "ULAW"), ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"), ("WAV", "GSM610"),
    ("WAVEX", "PCM_16"), ("RF64", "PCM_24"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("AIFF", "IMA_ADPCM"), ("CAF", "PCM_24"),
    ("CAF", "ALAC_16"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "subtype"), ORDINARY)
@pytest.mark.parametrize("channels", [1, 2])
def test_an_ordinary_recording_gives_the_samples_it_always_gave(
    tmp_path: Path, form: str, subtype: str, channels: int
) -> None:
    if subtype == "GSM610" and channels == 2:
        pytest.skip("GSM is mono")
    rate = 48000 if subtype == "OPUS" else RATE
    path = write(tmp_path / "v", encoded(tone(3.1, channels, rate), form, subtype, rate))
    whole, whole_rate = soundfile.read(path, dtype="float32", always_2d=True)
    found = decode_recording(path, digest_file(path))
    assert found.sample_rate == whole_rate
    assert found.warnings == ()
    assert np.array_equal(found.samples, whole)


def test_a_recording_that_peaks_over_full_scale_is_brought_down_as_it_was(tmp_path: Path) -> None:
    loud = 8 * tone(30.0, 2)
    path = write(tmp_path / "v.wav", encoded(loud, "WAV", "FLOAT"))
    found = decode_recording(path)
    peak = float(np.max(np.abs(loud)))
    assert np.array_equal(found.samples, (loud / peak).astype(np.float32))
    assert "peaks 7.6 dB over full scale" in found.warnings[0]


# --- damage ---


def cut(content: bytes, share: float = 0.5) -> bytes:
    return content[: int(len(content) * share)]


DAMAGED = {
    "v.wav": wav(integers(tone(1.0)), stated=2 * 2 * RATE),
    "float.wav": cut(encoded(tone(2.0, 2), "WAV", "FLOAT")),
    "adpcm.wav": cut(encoded(tone(2.0), "WAV", "IMA_ADPCM")),
    "wide.wav": cut(wide(integers(tone(2.0)))),
    "v.aiff": cut(encoded(tone(2.0), "AIFF", "PCM_16")),
    "v.caf": cut(encoded(tone(2.0), "CAF", "PCM_16")),
    "v.flac": cut(encoded(tone(2.0), "FLAC", "PCM_16")),
    "v.mp3": cut(encoded(tone(6.0, 2), "MP3")),
    "v.ogg": cut(encoded(tone(6.0, 2), "OGG", "VORBIS")),
    "v.opus": cut(encoded(tone(6.0, 2, 48000), "OGG", "OPUS", 48000)),
}
HEADLESS = {
    "no-data.wav": A[:36],
    "no-fmt.wav": A[:12] + A[36:],
    "no-sound.aiff": encoded(tone(), "AIFF", "PCM_16")[:30],
    "no-head.wav": A[:20],
    "no-head.flac": encoded(tone(), "FLAC", "PCM_16")[:12],
    "no-head.ogg": encoded(tone(), "OGG", "VORBIS")[:30],
}


MUTATED = {
    "wav": A,
    "extensible": wav(integers(tone(0.2, 2)), channels=2, mask=3),
    "adpcm": encoded(tone(0.2), "WAV", "IMA_ADPCM"),
    "bw64": wide(integers(tone(0.2)), head=b"BW64"),
    "aiff": encoded(tone(0.2), "AIFF", "PCM_16"),
    "caf": encoded(tone(0.2), "CAF", "ALAC_16"),
    "flac": encoded(tone(0.2), "FLAC", "PCM_16"),
    "vorbis": encoded(tone(0.2), "OGG", "VORBIS"),
    "opus": encoded(tone(0.2, 1, 48000), "OGG", "OPUS", 48000),
    "mp3": encoded(tone(0.3), "MP3"),
}


@pytest.mark.parametrize("name", HEADLESS)
def test_a_recording_without_its_header_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioFileError, match=rf"^{name} (cannot be read as audio|is damaged): [^\n]*copy it again"):
        decode_recording(write(tmp_path / name, HEADLESS[name]))


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_recording_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, DAMAGED[name])
    with pytest.raises(AudioFileError) as refused:
        decode_recording(path)
    said = str(refused.value)
    assert said.startswith(f"{name} is damaged")
    assert "copy it again" in said
    assert f"ffmpeg -i {name} " in said


def test_a_damaged_recording_says_how_much_of_it_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "v.wav", DAMAGED["v.wav"])
    with pytest.raises(AudioFileError, match=r"its header says 2\.000 s, and 1\.000 s are there"):
        decode_recording(path)


@pytest.mark.hard
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg, whose commands are given, is not installed")
@pytest.mark.parametrize("name", DAMAGED)
def test_the_command_that_is_given_repairs_a_damaged_recording(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, DAMAGED[name])
    with pytest.raises(AudioFileError) as refused:
        decode_recording(path)
    command = str(refused.value).rpartition(": ")[2]
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
    repaired = decode_recording(tmp_path / command.split()[-1])
    assert len(repaired.samples) / repaired.sample_rate > 0.4


@pytest.mark.parametrize(("form", "rate", "length_s"), [("VORBIS", RATE, 6.0), ("OPUS", 48000, 6.0)])
def test_an_ogg_without_its_last_page_is_read_with_a_warning(
    tmp_path: Path, form: str, rate: int, length_s: float
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(length_s * rate), 2)).astype(np.float32)
    content = without_end_of_stream(encoded(noise, "OGG", form, rate))
    found = decode_recording(write(tmp_path / "v.ogg", content))
    assert 1.0 < len(found.samples) / rate < length_s
    assert "ends without an end-of-stream page" in found.warnings[0]


# --- odd, and read ---


@pytest.mark.parametrize("form", ["VORBIS", "OPUS"])
def test_two_oggs_in_one_file_are_both_read(tmp_path: Path, form: str) -> None:
    one, two = (encoded(tone(3.0, 2, 48000, hz), "OGG", form, 48000) for hz in (440, 1000))
    found = decode_recording(write(tmp_path / "v.ogg", one + two + one))
    assert found.samples.shape == (9 * 48000, 2)
    alone = decode_recording(write(tmp_path / "w.ogg", two))
    assert np.array_equal(found.samples[3 * 48000 : 6 * 48000], alone.samples)


def test_two_oggs_of_different_rates_are_refused_with_a_command(tmp_path: Path) -> None:
    content = encoded(tone(1.0), "OGG", "VORBIS") + encoded(tone(1.0, 1, 22050), "OGG", "VORBIS", 22050)
    with pytest.raises(AudioFileError, match=r"number 2 has another sample rate.*ffmpeg -i v.ogg"):
        decode_recording(write(tmp_path / "v.ogg", content))


def test_two_mp3s_in_one_file_are_told_of(tmp_path: Path) -> None:
    one = encoded(tone(3.0, 2), "MP3")
    found = decode_recording(write(tmp_path / "v.mp3", one + one))
    assert "holds another MP3 behind the 3.0" in found.warnings[0]
    assert "ffmpeg -i v.mp3 v-converted.flac" in found.warnings[0]


def test_a_flac_from_a_pipe_is_read_whole(tmp_path: Path) -> None:
    found = decode_recording(write(tmp_path / "v.flac", streamed_flac(tone(6.0, 2))))
    assert found.samples.shape == (6 * RATE, 2)


UNFINISHED = {
    "zeros": {"stated": 0, "riff": 0},
    "zero with a size of the head": {"stated": 0, "riff": 36},
    "all ones": {"stated": 0xFFFFFFFF, "riff": 0xFFFFFFFF},
    "as SoX writes": {"stated": 0x7FFFF000, "riff": 0x7FFFF024},
    "as arecord writes": {"stated": 0x80000000, "riff": 0x80000024},
}


@pytest.mark.parametrize("sizes", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_a_wav_whose_header_was_never_finished_is_read_to_its_end(tmp_path: Path, sizes: dict[str, int]) -> None:
    found = decode_recording(write(tmp_path / "v.wav", wav(integers(tone(2.0)), **sizes)))  # type: ignore[arg-type]
    assert len(found.samples) == 2 * RATE


@pytest.mark.parametrize("head", [b"RF64", b"BW64"])
@pytest.mark.parametrize("sizes", [None, (0, 0, 0)], ids=["finished", "never finished"])
def test_rf64_and_bw64_are_read(tmp_path: Path, head: bytes, sizes: tuple[int, int, int] | None) -> None:
    found = decode_recording(write(tmp_path / "v.wav", wide(integers(tone(2.0)), head=head, sizes=sizes)))
    assert len(found.samples) == 2 * RATE


def test_a_wav_of_no_frames_that_ends_as_it_says_holds_no_sound(tmp_path: Path) -> None:
    for name, content in (("v.wav", wav(b"")), ("v.aiff", encoded(tone(0), "AIFF", "PCM_16"))):
        with pytest.raises(AudioFileError, match="holds no sound: its length is 0"):
            decode_recording(write(tmp_path / name, content))


def test_tags_before_and_behind_a_recording_and_a_wrong_ending_do_not_matter(tmp_path: Path) -> None:
    tag = b"ID3\4\0\0\0\0\0\x0a" + b"\0" * 10
    for name, content in (("a.mp3", tag + A), ("b.ogg", A + b"TAG" + b"\0" * 125), ("c.txt", A)):
        assert len(decode_recording(write(tmp_path / name, content)).samples) == RATE


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, bad: float) -> None:
    samples = tone(3.0)
    samples[100_000] = bad
    with pytest.raises(AudioFileError, match="not numbers"):
        decode_recording(write(tmp_path / "v.wav", encoded(samples, "WAV", "FLOAT")))


def test_a_recording_of_one_value_is_read(tmp_path: Path) -> None:
    found = decode_recording(write(tmp_path / "v.wav", encoded(np.full((RATE, 1), 0.25, np.float32))))
    assert np.ptp(found.samples) == 0


def test_an_unknown_encoding_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(
        AudioFileError, match=r"^v.wav cannot be read as audio: [^\n]*ffmpeg -i v.wav v-converted.flac$"
    ):
        decode_recording(write(tmp_path / "v.wav", wav(integers(tone()), tag=0x1234)))


@pytest.mark.hard
@pytest.mark.parametrize("name", MUTATED)
def test_a_recording_with_a_few_other_bytes_is_read_or_refused_in_a_line(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(13)
    for _ in range(150):
        content = bytearray(MUTATED[name])
        for _ in range(random.integers(1, 4)):
            at = int(random.integers(0, min(len(content), int(random.choice([64, 300, len(content)])))))
            change = bytes(random.choice([0, 1, 127, 128, 255], size=int(random.choice([1, 4]))).astype(np.uint8))
            content[at : at + len(change)] = change
        if random.random() < 0.1:
            content = content[: int(random.integers(1, len(content)))]
        path = write(tmp_path / "v", bytes(content))
        try:
            assert np.isfinite(decode_recording(path).samples).all()
        except AudioFileError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("scenebuild.audio.recording._copied", full)
    request = Request(Action("file", "1", None, content="0" * 64), write(tmp_path / "v.wav", A))
    (failed,) = engine("file").load({}).generate([request], lambda index, share: None)
    assert isinstance(failed, FailedRequest)
    assert "v.wav cannot be decoded: there is no space in " in failed.message


# --- bombs ---


@pytest.mark.parametrize("rate", [1, 4, 10, 999, 2_000_000_000])
def test_a_rate_that_nothing_records_at_is_refused_with_a_command(tmp_path: Path, rate: int) -> None:
    with pytest.raises(AudioFileError, match=rf"has a sample rate of {rate} Hz; .* ffmpeg -i v.wav -ar 48000"):
        decode_recording(write(tmp_path / "v.wav", wav(bytes(4000), rate, bits=8)))


@pytest.mark.parametrize("rate", [1000, 3300, 8000, 96000, 384000, 768000])
def test_a_rate_that_something_records_at_is_read(tmp_path: Path, rate: int) -> None:
    assert decode_recording(write(tmp_path / "v.wav", wav(integers(tone(0.5, 1, rate, 100)), rate))).sample_rate == rate


def test_a_recording_longer_than_the_longest_mix_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "v.wav"
    with path.open("wb") as file:
        file.write(wav(b"", 1000, bits=8, stated=36_001_000, riff=36_001_036))
        file.truncate(44 + 36_001_000)
    with pytest.raises(AudioFileError, match=r"lasts 36001 s or more; .* ffmpeg -i v.wav -t 36000"):
        decode_recording(path)


def test_a_recording_longer_than_its_header_says_is_cut_short_while_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenebuild.audio.container.faults.MOST_FRAMES", 100_000)
    blocks: list[int] = []
    really_read = soundfile.SoundFile.read

    def reading(self: soundfile.SoundFile, *args: object, **kwargs: object) -> object:
        blocks.append(1)
        return really_read(self, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", reading)
    with pytest.raises(AudioFileError, match="holds 131072 samples a channel or more"):
        decode_recording(write(tmp_path / "v.flac", streamed_flac(tone(30.0))))
    assert len(blocks) == 2


@pytest.mark.hard
@pytest.mark.linux("other systems do not hold a process to RLIMIT_DATA")
def test_a_long_recording_is_decoded_in_flat_memory(tmp_path: Path) -> None:
    """An hour of silence is 60 KB of FLAC and would be 1.4 GB of floats."""
    path = tmp_path / "v.flac"
    with soundfile.SoundFile(path, "w", 48000, 2, "PCM_16") as file:
        for _ in range(600):
            file.write(np.zeros((6 * 48000, 2), np.int16))
    code = (
        "import resource, sys\n"
        "from scenebuild.audio.recording import decode_recording\n"
        "from scenebuild.audio.wav import write_wav\n"
        "import soundfile, soxr, numpy\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (300 << 20,) * 2)\n"
        f"found = decode_recording({str(path)!r}); write_wav({str(tmp_path / 'w.wav')!r}, found.samples, 48000)\n"
        "print(len(found.samples))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == f"{3600 * 48000}\n", done.stderr
