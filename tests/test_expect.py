"""Expectations: each with a sound that meets it and one that does not; what a build and ``scenebuild test`` say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from scenebuild.audio.traits import Traits, edge_step, measure_traits, onsets, seam, share_above, silences
from scenebuild.audio.wav import write_wav
from scenebuild.cli import run
from scenebuild.errors import SceneError
from scenebuild.expect.check import check_expectations
from scenebuild.plan.lockfile import Lock, LockEntry, LockMix
from scenebuild.scene.read import read_scene

LOCKED = LockEntry(engine="sketch", key="a" * 64, digest="b" * 64)
RATE = 48000
Sound = NDArray[np.float32]


def tone(seconds: float = 2.0, hertz: float = 440.0, peak: float = 0.1) -> Sound:
    """A sine that begins and ends at 0 for whole periods, mono."""
    wave = peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return wave.astype(np.float32)[:, None]


def noise(seconds: float = 2.0, peak: float = 0.1) -> Sound:
    chance = np.random.default_rng(3)
    return (chance.uniform(-peak, peak, (round(seconds * RATE), 1))).astype(np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros((round(seconds * RATE), 1), np.float32)


def clicks(count: int) -> Sound:
    """Bursts of 20 ms, half a second apart, the first after half a second."""
    return np.concatenate(
        [piece for _ in range(count) for piece in (silence(0.5), tone(0.02, 1000, 0.5))] + [silence(0.3)]
    )


def together(*sounds: Sound) -> Sound:
    return np.concatenate(sounds)


SEAM = "expected at most 1 times and 3 dB"
# expectation, a sound that meets it, one that does not, and what is said of that one
CASES: list[tuple[str, Sound, Sound, str]] = [
    ("loudness: [-24, -20]", tone(peak=0.1), tone(peak=0.5), "loudness is -9.7 LUFS, expected -24 to -20 LUFS"),
    ("loudness: [-24, -20]", tone(peak=0.1), silence(2), "loudness is -inf LUFS, expected -24 to -20 LUFS"),
    ("duration: [1.9, 2.1]", tone(2.0), tone(2.5), "duration is 2.500 s, expected 1.9 to 2.1 s"),
    ("no_silence_over: 1", together(tone(), silence(0.9), tone()), together(tone(), silence(1.5), tone(), silence(0.3)),
     "silent for 1.50 s from 2.00 s, expected at most 1 s"),
    ("no_clipping: true", tone(peak=0.99), np.clip(together(tone(1, 100), tone(1, 100, 1.2)), -1, 1),
     "clipped 200 times (at 1.00, 1.01, 1.01, 1.02, 1.02 … s), expected never"),
    ("energy_above: {hz: 4000, share: 0.05}", noise(), tone(),
     "0.00% of the energy lies above 4000 Hz, expected at least 5.00%"),
    ("onsets: [3, 5]", clicks(4), clicks(2), "2 onsets (at 0.50, 1.02 s), expected 3 to 5"),
    ("onsets: [3, 5]", clicks(3), clicks(6), "6 onsets (at 0.50, 1.02, 1.54, 2.06, 2.58 … s), expected 3 to 5"),
    ("onsets: [1, 1]", tone(), silence(1), "0 onsets, expected 1 to 1"),
    ("loop_seam: 3", tone(2.0), together(tone(1.0), tone(1.0, peak=0.3)),
     f"at the seam (2.00 s) a step of 0.99 times the usual largest, and 9.5 dB of change, {SEAM}"),
    ("loop_seam: 3", tone(2.0), tone(2.0 + 0.25 / 440),
     f"at the seam (2.00 s) a step of 17 times the usual largest, and 0.0 dB of change, {SEAM}"),
    ("similar_to_lock: 2", tone(peak=0.1), tone(peak=0.2),
     "loudness is -17.7 LUFS, 5.3 LU from the -23.0 of the lock, expected at most 2 LU"),
]  # fmt: skip


def verdicts(project: Path, expectation: str, sound: Sound, owner: str) -> list[Any]:
    """What is said of a sound that is the element's take, or the mix, where the lock says -23 LUFS."""
    expect = "expect: {" + expectation + "}"
    element, mix = (f", {expect}", "") if owner == "rain" else ("", f"mix: {{{expect}}}\n")
    Path("scenes/a.yaml").write_text(f"name: A\nelements:\n  rain: {{prompt: rain{element}}}\n{mix}")
    write_wav("a.wav", sound, RATE)
    lock = Lock({"rain": replace(LOCKED, loudness_lufs=-23.0)}, LockMix(loudness_lufs=-23.0))
    return check_expectations(read_scene("scenes/a.yaml"), lock, {"rain": ("a.wav",)}, "a.wav")


@pytest.mark.parametrize("owner", ["rain", "mix"])
@pytest.mark.parametrize(("expectation", "good", "bad", "message"), CASES, ids=range(len(CASES)))
def test_each_expectation_is_met_and_missed(
    project: Path, expectation: str, good: Sound, bad: Sound, message: str, owner: str
) -> None:
    (met,) = verdicts(project, expectation, good, owner)
    assert met.holds, met.message
    (missed,) = verdicts(project, expectation, bad, owner)
    assert (missed.holds, missed.owner, missed.message) == (False, owner, message)
    assert missed.name == expectation.split(":")[0]
    line = Path("scenes/a.yaml").read_text().splitlines()[missed.place.line - 1]
    assert line[missed.place.column - 1 :].startswith((expectation, expectation.split(": ")[1]))


def test_without_a_lock_there_is_nothing_to_be_similar_to(project: Path) -> None:
    Path("scenes/a.yaml").write_text("name: A\nelements: {a: {prompt: a, expect: {similar_to_lock: 1}}}\n")
    write_wav("a.wav", tone(), RATE)
    assert check_expectations(read_scene("scenes/a.yaml"), None, {"a": ("a.wav",)}, None) == []


def hear(sound: Sound, *cuts: int) -> Traits:
    return measure_traits(np.split(sound, cuts), RATE, sound.shape[1])


def test_how_a_sound_comes_changes_no_measurement() -> None:
    sound = np.clip(np.repeat(together(tone(0.7, 100, 1.3), silence(0.2), noise(0.5)), 2, axis=1), -1, 1)
    whole, cut = hear(sound), hear(sound, 1, 2, 479, 480, 700, 5000, 5001, 33601, 60000)
    assert (whole.clipped_s, whole.frames) == (cut.clipped_s, cut.frames)
    assert whole.dc == pytest.approx(cut.dc)
    for name in ("levels_db", "spectrum", "first", "last"):
        np.testing.assert_allclose(getattr(whole, name), getattr(cut, name), rtol=1e-9)
    assert (whole.usual_step, whole.loudness_lufs) == (cut.usual_step, cut.loudness_lufs)
    assert len(whole.clipped_s) == 140


def test_the_measurements_are_those_of_physics() -> None:
    sound = hear(tone(2.0, 1000, 0.5))
    assert sound.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert np.median(sound.levels_db) == pytest.approx(-9.03, abs=0.01)
    assert share_above(sound, 900) == pytest.approx(1.0, abs=1e-3)
    assert share_above(sound, 1100) == pytest.approx(0.0, abs=1e-3)
    assert share_above(hear(noise()), 12000) == pytest.approx(0.5, abs=0.02), (
        "white noise has half of it in the upper half"
    )
    assert hear(tone() + np.float32(0.1)).dc == pytest.approx(0.1, abs=1e-4)
    assert silences(hear(together(silence(0.5), tone(1.0), silence(0.25)))) == [(0.0, 0.5), (1.5, 0.25)]
    assert onsets(hear(tone())) == [0.0]
    assert edge_step(hear(np.full((4800, 1), 0.3, np.float32))) == pytest.approx(0.3)
    assert seam(hear(tone(2.0)))[0] <= 1.0
    assert seam(hear(silence(1))) == (0.0, 0.0)


def test_three_samples_at_full_scale_are_clipping_and_two_are_not() -> None:
    sound = silence(0.1)
    sound[100:102] = 1.0
    assert hear(sound).clipped_s == ()
    sound[200:203] = -1.0
    for cuts in ((), (201,), (202,)):
        assert hear(sound, *cuts).clipped_s == pytest.approx((200 / RATE,))


SCENE = """\
name: Test
elements:
  rain:
    prompt: steady rain
    duration: 0.5
    expect: {no_silence_over: 0.2, loudness: [-50, 0]}
  wind: {prompt: wind, duration: 0.5}
mix:
  expect: {duration: [0.4, 0.6], no_clipping: true}
"""
PATH = "scenes/test.yaml"


def test_test_needs_takes_and_makes_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(PATH).write_text(SCENE)
    assert run(["test", PATH]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"{PATH}  not tested\n"
    assert captured.err == (
        f"{PATH}:3:3: rain: its take is not at hand (new element)\n"
        f"{PATH}:7:3: wind: its take is not at hand (new element)\n"
        f"build it first: scenebuild {PATH}\n"
    )
    assert run([PATH, "-q"]) == 0
    before = {path: path.read_bytes() for path in Path("build").rglob("*") if path.is_file()}
    capsys.readouterr()
    assert run(["test", PATH]) == 0
    assert capsys.readouterr().out == f"{PATH}  4 of 4 expectations hold\n"
    assert {path: path.read_bytes() for path in Path("build").rglob("*") if path.is_file()} == before
    Path(PATH).write_text(SCENE.replace("prompt: wind", "prompt: gale"))
    assert run(["test", PATH]) == 1, "the mix is not what the file says until the new take is made"


def test_what_does_not_hold_is_said_by_the_build_and_fails_the_test(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(PATH).write_text(SCENE.replace("duration: [0.4, 0.6]", "duration: [3, 4]"))
    assert run([PATH]) == 0
    message = "mix: duration is 0.500 s, expected 3 to 4 s"
    assert message in capsys.readouterr().err
    assert "duration is 0.500 s, expected 3 to 4 s" in Path("build/test/README.md").read_text()
    assert run(["test", PATH, "--junit", "out/junit.xml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"{PATH}  3 of 4 expectations hold\n"
    assert captured.err == f"{PATH}:9:12: {message}\n"
    (suite,) = ElementTree.parse("out/junit.xml").getroot()
    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["failures"]) == (PATH, "4", "1")
    (failure,) = suite.iter("failure")
    assert failure.attrib["message"] == f"{PATH}:9:12: {message}"
    assert [case.attrib["name"] for case in suite] == [
        "rain: loudness",
        "rain: no_silence_over",
        "mix: duration",
        "mix: no_clipping",
    ]


def test_json_and_scenes_that_expect_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(PATH).write_text(SCENE)
    Path("scenes/plain.yaml").write_text("name: P\nelements: {a: {prompt: rain, duration: 0.2}}\n")
    Path("scenes/bad.yaml").write_text("name: P\nelements: {a: {promt: rain}}\n")
    assert run(["test", "scenes/plain.yaml"]) == 0
    assert capsys.readouterr().out == "scenes/plain.yaml  expects nothing\n"
    run([PATH, "-q"])
    assert run(["test", "scenes", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(one["scene"], one["holds"], len(one["expectations"]), len(one["errors"])) for one in found["scenes"]] == [
        ("scenes/bad.yaml", False, 0, 1),
        ("scenes/plain.yaml", True, 0, 0),
        (PATH, True, 4, 0),
    ]


@pytest.mark.parametrize(
    ("expect", "answer"),
    [
        ("{loudness: [-18, -24]}", "loudness: -18 to -24 is not in order; write the least value first"),
        ("{loudness: -18}", "loudness: -18 is not a list; write one such as [-24, -18] (LUFS)"),
        ("{loudness: [-18]}", "loudness: 1 values; write 2, such as [-24, -18]"),
        ("{loudness: [a, b]}", "loudness: 'a' is not a number; write one such as -24 (LUFS)"),
        ("{lodness: [1, 2]}", "lodness: is not a field of expect. Did you mean loudness?"),
        ("{energy_above: {hz: 4000}}", "share: is missing; write one such as 0.05"),
        ("{}", "expect: nothing is written here; write one such as {loudness: [-24, -18], no_clipping: true}"),
        ("{no_clipping: yes}", "no_clipping: 'yes' is text, not true or false; write true"),
    ],
)
def test_an_expectation_that_is_none_is_explained(project: Path, expect: str, answer: str) -> None:
    Path(PATH).write_text(f"name: A\nelements: {{a: {{prompt: a, expect: {expect}}}}}\n")
    with pytest.raises(SceneError) as caught:
        read_scene(PATH)
    assert caught.value.problems[0].message == answer


def test_a_take_that_was_measured_before_is_judged_by_its_bytes(project: Path) -> None:
    """The same facts for a mono and a stereo take of the same sound."""
    mono = hear(tone())
    stereo = measure_traits([np.repeat(tone(), 2, axis=1)], RATE, 2)
    assert replace(stereo, loudness_lufs=0.0).peak_dbfs == mono.peak_dbfs
    assert stereo.loudness_lufs == pytest.approx(mono.loudness_lufs + 3.01, abs=0.02), (
        "two channels have twice the power"
    )
