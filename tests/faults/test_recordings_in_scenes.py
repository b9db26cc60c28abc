"""Recordings from the scene to the mix: what validate says, what a build refuses, and the limits of a mix."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from odd_recordings import RATE, encoded, integers, streamed_flac, tone, wav, wide, write
from scenebuild.audio.loudness import LoudnessMeter, k_weighting, measure_loudness
from scenebuild.cli import run
from scenebuild.engines import Action
from scenebuild.mix import impulse_responses
from scenebuild.plan.action import action_key
from scenebuild.plan.records import facts_of_action
from scenebuild.review.compare.meters import measure_sound
from scenebuild.review.textconv import text_of
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_file

TRUNCATED = wav(integers(tone(1.0)), stated=2 * 2 * RATE)


def scene(element: str = "{file: v.wav, normalize: none}", mix: str = "", name: str = "x") -> str:
    text = f"name: x\nelements:\n  voice: {element}\n" + (f"mix: {mix}\n" if mix else "")
    return write(f"scenes/{name}.yaml", text.encode())


def lock(name: str = "x") -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(f"scenes/{name}.lock.json").read_text())
    return found


def finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    return not isinstance(value, float) or math.isfinite(value)


# --- damage is told before anything is generated ---


@pytest.mark.parametrize("command", [["validate"], []], ids=["validate", "build"])
def test_a_truncated_recording_is_refused_with_its_place(
    project: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", TRUNCATED)
    assert run([*command, scene()]) == 1
    assert (
        "scenes/x.yaml:3:17: file: 'v.wav' is damaged: its header says 2.000 s, and 1.000 s are there; copy it again, "
        "or keep what is there: ffmpeg -i scenes/v.wav -c copy scenes/v-repaired.wav"
    ) in capsys.readouterr().err
    assert not Path("build/x/x.wav").exists()


def test_a_damaged_recording_of_one_scene_keeps_no_other_from_being_built(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", TRUNCATED)
    write("scenes/w.wav", encoded(tone()))
    paths = [scene(), scene("{file: w.wav}", name="y")]
    assert run([*paths, "--keep-going"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("scenes/x.yaml:3:17: file: 'v.wav' is damaged: ")
    assert [line.split()[:2] for line in said.out.splitlines()] == [["failed", paths[0]], ["built", paths[1]]]
    assert not Path("build/x/x.wav").exists()
    assert run([*paths]) == 1


def test_a_take_that_was_made_of_a_damaged_recording_before_is_used(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", encoded(tone(1.0)))
    path = scene()
    assert run([path]) == 0
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    good = store.get(action_key(of_recording("scenes/v.wav")))
    assert good is not None
    write("scenes/v.wav", TRUNCATED)
    damaged = of_recording("scenes/v.wav")
    facts = {**good.facts, **facts_of_action(damaged, damaged.content)}
    store.put(action_key(damaged), "build/x/elements/voice.wav", facts)  # as a version before this rule kept it
    assert run([path]) == 0
    assert run([path, "--force"]) == 1
    assert "'v.wav' is damaged" in capsys.readouterr().err


def of_recording(path: str) -> Action:
    return Action(engine="file", engine_version="1", frames=None, content=digest_file(path))


def test_validate_warns_of_what_is_odd(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = encoded(tone(3.0, 2), "MP3")
    write("scenes/v.wav", one + one)
    assert run(["validate", scene()]) == 0
    assert "scenes/x.yaml:3:17: warning: file: scenes/v.wav holds another MP3 behind" in capsys.readouterr().err


def test_validate_looks_at_impulse_responses(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("scenes/v.wav", encoded(tone()))
    write("scenes/hall.wav", TRUNCATED)
    path = scene("{file: v.wav, effects: [{convolve: {file: hall.wav}}]}")
    assert run(["validate", path]) == 1
    assert "'hall.wav' is damaged" in capsys.readouterr().err


def test_validate_of_recordings_loads_no_numpy(project: Path) -> None:
    for ending, content in (("wav", encoded(tone())), ("m4a", b"\0\0\0\x18ftypM4A " + bytes(12))):
        write(f"scenes/v.{ending}", content)
    write("scenes/x.yaml", b"name: x\nelements: {a: {file: v.wav}, b: {file: v.m4a}}\n")
    code = (
        "import sys\nfrom scenebuild.cli import run\nrun(['validate', 'scenes/x.yaml'])\n"
        "print(sorted({'numpy', 'soundfile', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_is_no_audio_is_told_with_the_command_that_converts_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", b"junkjunkjunk" + encoded(tone(), "MP3"))
    assert run(["validate", scene()]) == 1
    assert "ffmpeg -i scenes/v.wav scenes/v-converted.flac" in capsys.readouterr().err


def test_a_strange_name_is_quoted_in_the_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("scenes/a $(id); b.wav", TRUNCATED)
    assert run(["validate", scene("{file: a $(id); b.wav}")]) == 1
    assert "ffmpeg -i 'scenes/a $(id); b.wav' -c copy 'scenes/a $(id); b-repaired.wav'" in capsys.readouterr().err


# --- bombs ---


def test_a_rate_of_10_hz_is_refused_before_anything_is_made(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("scenes/v.wav", wav(bytes(400_000), 10, bits=8))
    for command in (["validate"], []):
        assert run([*command, scene()]) == 1
        assert "has a sample rate of 10 Hz; recordings from 1000 to 768000 Hz can be read" in capsys.readouterr().err


def test_a_mix_whose_length_a_recording_decides_has_the_longest_length_of_a_mix(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", encoded(tone(2.0)))
    monkeypatch.setattr("scenebuild.mix.scene_timeline.LONGEST_S", 5.0)
    assert run([scene("{file: v.wav, start: 3.5}")]) == 1
    assert "scenes/x.yaml:3:3: voice: would end at 6 s, and a mix lasts at most 5 s" in capsys.readouterr().err
    assert run([scene("{file: v.wav, speed: 0.25}", "{duration: 1}")]) == 1
    assert "voice: would sound for 8 s, and a mix lasts at most 5 s" in capsys.readouterr().err
    assert run([scene("{file: v.wav, start: 3.5}", "{duration: 5}")]) == 0


# --- low rates ---


@pytest.mark.parametrize("rate", [1000, 1500, 2000, 3000, 3300, 3363, 3364, 3999])
def test_the_loudness_of_low_rates_is_that_of_the_same_sound_at_48_khz(rate: int) -> None:
    for hz in (50.0, 100.0, 0.2 * rate, 0.3 * rate, 0.4 * rate, 0.45 * rate):
        low, high = (0.3 * np.sin(2 * np.pi * hz * np.arange(4 * at) / at) for at in (rate, 48000))
        found, wanted = (
            measure_loudness(one.astype(np.float32)[:, None], at) for one, at in ((low, rate), (high, 48000))
        )
        assert abs(found - wanted) < 0.35, hz


def test_the_filter_of_loudness_is_stable_at_every_rate() -> None:
    for rate in (*range(1000, 4200, 37), 8000, 44100, 48000, 96000, 384000, 768000):
        for section in k_weighting(rate):
            assert np.abs(np.roots([1, section.a1, section.a2])).max() < 1, rate


@pytest.mark.parametrize("rate", [1, 4, 10, 999])
def test_loudness_is_not_measured_where_it_has_no_meaning(rate: int) -> None:
    with pytest.raises(ValueError, match="loudness is measured from 1000 Hz on"):
        LoudnessMeter(rate, 1)


@pytest.mark.parametrize("rate", [1000, 2000, 3300])
def test_a_low_rate_is_normalised_and_no_number_of_it_is_missing(
    project: Path, rate: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", encoded(tone(4.0, 1, rate, 200), rate=rate))
    assert run([scene("{file: v.wav}")]) == 0
    assert "silent" not in capsys.readouterr().err
    element = lock()["elements"]["voice"]  # type: ignore[index]
    assert -17 < element["loudness_lufs"] < -12
    assert finite(lock())
    mixed, _ = soundfile.read("build/x/x.wav")
    assert np.isfinite(mixed).all()
    assert np.abs(mixed).max() > 0.01


# --- odd recordings in a build ---


def test_odd_recordings_are_built_and_measured(project: Path) -> None:
    write("scenes/a.flac", streamed_flac(tone(1.0)))
    write("scenes/b.wav", wide(integers(tone(1.0)), head=b"BW64"))
    write("scenes/c.ogg", 2 * encoded(tone(1.0), "OGG", "VORBIS"))
    write("scenes/x.yaml", b"name: x\nelements: {a: {file: a.flac}, b: {file: b.wav}, c: {file: c.ogg}}\n")
    assert run(["validate", "scenes/x.yaml"]) == 0
    assert run(["scenes/x.yaml"]) == 0
    assert [round(lock()["elements"][name]["length_s"], 3) for name in "abc"] == [1.0, 1.0, 2.0]  # type: ignore[index]


def test_git_diff_shows_a_flac_from_a_pipe(project: Path) -> None:
    told = text_of(write("scenes/v.flac", streamed_flac(tone(6.0, 2))))
    assert "length             6.000 s" in told
    assert "cannot be shown" not in told


def test_git_diff_shows_a_sound_of_4_hz(project: Path) -> None:
    assert "not measured" in text_of(write("scenes/v.wav", wav(integers(tone(1.0)), 4)))


def test_a_sound_of_another_form_is_no_mix_that_can_be_compared(project: Path) -> None:
    from scenebuild.audio.wav import AudioFileError

    with pytest.raises(AudioFileError, match="has 1 channels at 10 Hz"):
        measure_sound(Path(write("v.wav", wav(bytes(400), 10))))


# --- impulse responses ---


def test_p21_an_impulse_response_is_read_once_and_its_digest_is_the_one_that_was_heard(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("scenes/v.wav", encoded(tone(1.0)))
    hall = write("scenes/hall.wav", encoded(tone(0.05)))
    before = digest_file(hall)
    reads: list[str] = []
    really_read = impulse_responses.read_response

    def reading(path: str) -> impulse_responses.ImpulseResponse:
        reads.append(path)
        found = really_read(path)
        write("scenes/hall.wav", encoded(tone(0.05, hz=2000)))  # saved while the mix is made
        return found

    monkeypatch.setattr(impulse_responses, "read_response", reading)
    path = scene("{file: v.wav, effects: [{convolve: {file: hall.wav}}, {convolve: {file: hall.wav}}]}")
    assert run([path, "--stems"]) == 0
    assert len(reads) == 1
    assert before in Path("build/x/manifest.json").read_text()
    monkeypatch.setattr(impulse_responses, "read_response", really_read)
    first = Path("build/x/x.wav").read_bytes()
    assert run([path, "--stems"]) == 0  # not up to date: it is another impulse response now
    assert Path("build/x/x.wav").read_bytes() != first


def test_an_impulse_response_is_never_read_further_than_it_may_last(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("scenes/v.wav", encoded(tone(0.5)))
    write("scenes/hall.flac", streamed_flac(tone(40.0, 1, 8000), 8000))
    assert run([scene("{file: v.wav, effects: [{convolve: {file: hall.flac}}]}")]) == 1
    assert "hall.flac: an impulse response has one or two channels and at most 30 s" in capsys.readouterr().err


def test_no_scratch_file_of_a_build_with_recordings_is_left(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    write("scenes/v.wav", encoded(tone(0.5)))
    assert run([scene()]) == 0
    assert os.listdir(scratch) == []
