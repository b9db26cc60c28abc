"""Delivered files: presets pass in ffmpeg's meters and in their own table; a figure that is missed is reported."""

from __future__ import annotations

import subprocess
import sys
from math import inf
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scenebuild.audio.loudness import measure_loudness
from scenebuild.audio.riff import Mark
from scenebuild.audio.true_peak import measure_true_peak
from scenebuild.audio.wav import AudioFileError, read_wav, write_wav
from scenebuild.deliver.convert import convert
from scenebuild.deliver.deliver import Check, Delivered, deliver
from scenebuild.deliver.presets import BY_NAME, PRESETS, Delivery, delivery
from scenebuild.deliver.write import FileMetadata
from scenebuild.mix.levels import MOST_GAIN_DB
from signals import RATE, Samples, ffmpeg_ebur128, impulses, level_db, needs_ffmpeg, noise, speech_like, stereo, tone

TEXTS = FileMetadata(title="Rainy café", licence="CC0-1.0", comment="made by a test", software="scenebuild 0.1.0")


def premaster(folder: Path, samples: Samples, rate: int = RATE) -> Path:
    path = folder / "premaster.wav"
    write_wav(path, samples, rate)
    return path


def delivered(
    folder: Path, samples: Samples, wanted: Delivery, facts: FileMetadata = TEXTS, rate: int = RATE
) -> Delivered:
    return deliver(premaster(folder, samples, rate), wanted, folder / f"out.{wanted.format}", facts)


def mixture() -> Samples:
    """A soundscape with a voice, some clicks and rain; 6 s."""
    rain = noise(6, rms=0.02, seed=4)
    return rain + speech_like(6, rms=0.06) + impulses(6) * np.float32(0.6)


@needs_ffmpeg
@pytest.mark.parametrize("preset", [one.preset for one in PRESETS])
def test_every_preset_passes_when_ffmpeg_measures_it(tmp_path: Path, preset: str) -> None:
    wanted = delivery(preset, limiter=True)
    found = delivered(tmp_path, mixture(), wanted, FileMetadata(loop=wanted.loop))
    loudness, peak = ffmpeg_ebur128(Path(found.path))
    if wanted.loudness_lufs is not None:
        assert loudness == pytest.approx(wanted.loudness_lufs, abs=0.5)
    assert peak <= wanted.true_peak_dbtp + 0.05  # ffmpeg's own summary has one decimal
    assert loudness == pytest.approx(found.loudness_lufs, abs=0.1)
    assert found.passes
    assert found.warnings == ()
    assert all(isinstance(check, Check) for check in found.checks)
    info = soundfile.info(found.path)
    assert (info.samplerate, info.channels, info.frames) == (wanted.sample_rate, wanted.channels, found.frames)
    assert info.format == wanted.format.upper()
    if wanted.format in ("wav", "flac"):
        assert info.subtype == f"PCM_{wanted.bits}"


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_what_is_told_is_what_the_file_holds(tmp_path: Path, kind: str) -> None:
    found = delivered(tmp_path, mixture(), delivery("podcast", format=kind, bits=16, limiter=True))
    samples, rate = read_wav(found.path)
    assert measure_loudness(samples, rate) == pytest.approx(found.loudness_lufs, abs=1e-6)
    assert measure_true_peak(samples) == pytest.approx(found.true_peak_dbtp, abs=1e-6)
    assert len(samples) == found.frames == 6 * 44100
    assert found.limited


def test_a_compliance_table() -> None:
    assert [check.rule for check in _of(passes=True)] == ["loudness", "true peak", "loop"]


def _of(passes: bool) -> tuple[Check, ...]:
    from scenebuild.audio.loudness import LoudnessMeter
    from scenebuild.audio.meter import MeasuredLevels
    from scenebuild.deliver.deliver import _checks

    meter = LoudnessMeter(RATE, 2)
    meter.feed(stereo(tone(997, 4, -24.0 if passes else -34.0)))
    return _checks(delivery("game-loop"), MeasuredLevels(meter.loudness(), -3.04), FileMetadata(loop=passes))


def test_the_words_of_the_table() -> None:
    assert _of(passes=True) == (
        Check("loudness", "-24.0 LUFS ± 2.0 LU", "-24.0 LUFS", True),
        Check("true peak", "at most -1.0 dBTP", "-3.0 dBTP", True),
        Check("loop", "without a seam", "a loop", True),
    )
    assert _of(passes=False)[0] == Check("loudness", "-24.0 LUFS ± 2.0 LU", "-34.0 LUFS", False)
    assert _of(passes=False)[2] == Check("loop", "without a seam", "not mixed as a loop", False)


def test_without_a_limiter_the_peaks_keep_their_shape(tmp_path: Path) -> None:
    samples = mixture()
    found = delivered(tmp_path, samples, delivery("music", sample_rate=RATE, bits=24))
    out, _ = read_wav(found.path)
    assert np.abs(out - samples * np.float32(10 ** (found.gain_db / 20))).max() <= 2**-22
    assert found.true_peak_dbtp == pytest.approx(-1.1, abs=0.01)
    assert not found.limited
    assert not found.passes
    assert found.warnings == (
        f"music: the loudness is {found.loudness_lufs:.1f} LUFS and should be -14.0 LUFS ± 1.0 LU: "
        "the true peak leaves no room for more gain; 'limiter: true' makes room",
    )


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_what_an_encoder_takes_from_the_loudness_is_put_back(tmp_path: Path, kind: str) -> None:
    """It leaves out what lies above 16 to 20 kHz, which white noise has much of."""
    found = delivered(tmp_path, noise(4, rms=0.05), delivery("broadcast", format=kind))
    assert found.loudness_lufs == pytest.approx(-23, abs=0.1)
    assert not found.limited


def test_the_master_is_the_mix_itself(tmp_path: Path) -> None:
    samples = noise(2, rms=0.05)
    found = delivered(tmp_path, samples, delivery("master"))
    assert found.gain_db == 0
    assert np.array_equal(read_wav(found.path)[0], read_wav(premaster(tmp_path, samples))[0])


def test_silence_and_what_is_too_quiet(tmp_path: Path) -> None:
    silent = delivered(tmp_path, np.zeros((RATE, 2), np.float32), delivery("broadcast"))
    assert silent.loudness_lufs == -inf
    assert silent.gain_db == 0
    assert silent.warnings == ("broadcast: the mix is silent, so no loudness can be reached",)
    quiet = delivered(tmp_path, noise(2, rms=0.0001), delivery("broadcast"))
    assert quiet.gain_db == MOST_GAIN_DB
    assert quiet.warnings[0].endswith("the mix is very quiet, and +40 dB is the most gain there is")
    below_the_gate = delivered(tmp_path, noise(2, rms=0.0001), delivery("broadcast", loudness_lufs=-35.0))
    assert below_the_gate.passes


def test_a_loop_preset_wants_a_loop(tmp_path: Path) -> None:
    found = delivered(tmp_path, noise(2), delivery("game-loop"))
    assert not found.passes
    assert found.warnings == ("game-loop: this preset is for a mix that loops, and the mix does not",)


def test_mono_and_stereo(tmp_path: Path) -> None:
    sides = np.stack([tone(500, 3, -20), tone(900, 3, -20)], axis=1).astype(np.float32)
    down = delivered(tmp_path, sides, delivery("master", channels=1))
    wanted = (sides[:, :1] + sides[:, 1:]) / 2
    assert np.abs(read_wav(down.path)[0] - wanted).max() < 2**-22
    up = delivered(tmp_path, wanted.astype(np.float32), delivery("broadcast"))
    out = read_wav(up.path)[0]
    assert np.array_equal(out[:, 0], out[:, 1])
    assert up.passes


def test_another_rate_keeps_the_sound(tmp_path: Path) -> None:
    found = delivered(tmp_path, stereo(tone(1000, 3, -20)), delivery("master", sample_rate=44100))
    out, rate = read_wav(found.path)
    assert (len(out), rate) == (3 * 44100, 44100)
    wanted = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(len(out)) / 44100)
    assert level_db(out[4410:-4410, 0] - wanted[4410:-4410]) < -100


def looping(frames: int, seed: int = 0) -> Samples:
    """Noise and tones with exactly this period."""
    spectrum = np.zeros(frames // 2 + 1, np.complex128)
    rng = np.random.default_rng(seed)
    top = frames // 4
    spectrum[20:top] = rng.standard_normal(top - 20) + 1j * rng.standard_normal(top - 20)
    spectrum[20:top] /= np.sqrt(np.arange(20, top))
    line = np.fft.irfft(spectrum, frames)
    return stereo(0.1 * line / line.std())


@pytest.mark.parametrize("frames", [3 * RATE, 3 * RATE + 17, RATE // 3])
@pytest.mark.parametrize(("rate", "limiter"), [(44100, False), (RATE, True), (44100, True)])
def test_a_loop_stays_whole_through_resampler_and_limiter(
    tmp_path: Path, frames: int, rate: int, limiter: bool
) -> None:
    """What is delivered, twice round, is what delivering the loop twice round gives in its middle."""
    samples = looping(frames)
    wanted = delivery("music", sample_rate=rate, bits=24, limiter=limiter, loudness_lufs=-10.0, tolerance_lu=20.0)
    found = delivered(tmp_path, samples, wanted, FileMetadata(loop=True))
    out = read_wav(found.path)[0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(out[:, 0])) ** 2
    if not limiter:  # a whole number of periods has nothing above what it was made of: no seam, no line of a step
        made_of = slice(0, frames // 4 + 1)
        assert 10 * np.log10(spectrum[frames // 4 + 2 :].sum() / spectrum[made_of].sum()) < -90
    steps = np.abs(np.diff(np.concatenate([out, out]), axis=0))
    assert (steps[len(out) - 1] <= np.percentile(steps, 99.9, axis=0)).all()
    assert found.frames == np.floor(frames * rate / RATE + 0.5)


@needs_ffmpeg
def test_a_loop_in_ogg_says_where_it_is(tmp_path: Path) -> None:
    found = delivered(tmp_path, looping(3 * RATE), delivery("game-loop"), FileMetadata(title="Sea", loop=True))
    command = ["ffprobe", "-v", "error", "-show_entries", "stream_tags", "-of", "csv", found.path]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "0,144000" in told
    assert "Sea" in told
    assert found.passes


def test_a_wav_says_all_it_knows(tmp_path: Path) -> None:
    facts = FileMetadata(
        "Rainy café", "CC0-1.0", "x", "scenebuild", (Mark(0, "rain"), Mark(RATE, "thunder")), loop=True
    )
    found = delivered(tmp_path, looping(3 * RATE), delivery("broadcast", sample_rate=44100), facts)
    data = Path(found.path).read_bytes()
    assert data[12:16] == b"bext"
    loudness, span, peak, momentary, short = np.frombuffer(data, "<i2", 5, 20 + 412) / 100
    assert loudness == pytest.approx(found.loudness_lufs, abs=0.006)
    assert peak == pytest.approx(found.true_peak_dbtp, abs=0.006)
    assert span == pytest.approx(0, abs=0.5)
    assert -23 <= short <= momentary <= -20
    assert b"rain\0" in data
    cue = data.index(b"cue ")
    assert np.frombuffer(data, "<u4", 1, cue + 12 + 24 + 20)[0] == 44100
    assert b"smpl" in data
    assert soundfile.info(found.path).frames == found.frames


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_the_same_mix_is_the_same_file(tmp_path: Path, kind: str) -> None:
    wanted = delivery("streaming", format=kind, bits=16, limiter=True)
    source = premaster(tmp_path, mixture()[: 2 * RATE])
    first, second = (deliver(source, wanted, tmp_path / f"{n}.{kind}", TEXTS) for n in range(2))
    assert Path(first.path).read_bytes() == Path(second.path).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"premaster.wav", f"0.{kind}", f"1.{kind}"}


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.flac"
    out.write_text("before")
    source = premaster(tmp_path, noise(1))
    with pytest.raises(ValueError, match="cannot hold control characters"):
        deliver(source, delivery("streaming"), out, FileMetadata(title="a\nb"))
    write_wav(tmp_path / "empty.wav", np.zeros((0, 2), np.float32), RATE)
    with pytest.raises(AudioFileError, match="empty.wav is empty"):
        deliver(tmp_path / "empty.wav", delivery("streaming"), out, FileMetadata())
    soundfile.write(tmp_path / "three.wav", np.zeros((10, 3)), RATE)
    with pytest.raises(AudioFileError, match="three.wav has 3 channels; mono and stereo can be delivered"):
        deliver(tmp_path / "three.wav", delivery("streaming"), out, FileMetadata())
    assert out.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 4


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    deliver(premaster(tmp_path, noise(1)), delivery("broadcast"), tmp_path / "a.wav", FileMetadata(), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_presets_say_where_they_come_from() -> None:
    assert len(BY_NAME) == len(PRESETS)
    for one in PRESETS:
        assert one.about
        assert one.source
        assert one.true_peak_dbtp <= 0
        assert one == delivery(one.preset)
    with pytest.raises(KeyError):
        delivery("vinyl")
    with pytest.raises(TypeError):
        delivery("podcast", colour="blue")


def test_presets_load_without_numpy() -> None:
    code = "import scenebuild.deliver.presets, sys; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_converted_that_need_not_be(tmp_path: Path) -> None:
    samples = noise(1)
    source = premaster(tmp_path, samples)
    for loop in (False, True):
        found = np.concatenate(list(convert(source, RATE, 2, loop).blocks()))
        assert np.array_equal(found, read_wav(source)[0])
