"""Listening to a part of a scene: solo, mute, and the timeline for an editor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scenebuild.audio.wav import quantize, read_wav

SCENE = """
name: Quay
seed: 2
elements:
  waves: {prompt: gentle waves, duration: 2, loop: true, bus: outside}
  gulls: {prompt: a seagull, duration: 2, start: [0.5, 3], bus: outside}
  bell: {prompt: a ship's bell, duration: 2, start: 1}
  music: {prompt: a steady hum, duration: 2, loop: true, volume: 0.5, duck: {under: bell, by: 12}}
buses: {outside: {effects: [{reverb: {decay: 0.8}}]}}
mix: {duration: 5, loudness: -20}
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scenebuild", "scenes/quay.yaml", "--engine", "sketch", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def quay(project: Path) -> Path:
    Path("scenes/quay.yaml").write_text(SCENE)
    return project


def listened() -> np.ndarray:
    return read_wav("build/quay/listen.wav")[0]


def test_solo_is_the_stem_before_the_master_gain_and_touches_nothing_else(quay: Path) -> None:
    assert run("--stems").returncode == 0
    before = {path: path.read_bytes() for path in quay.rglob("*") if path.is_file()}
    done = run("--solo", "music")
    assert done.returncode == 0, done.stderr
    assert "build/quay/listen.wav" in done.stdout
    stem = read_wav("build/quay/stems/music.wav")[0]
    gain = np.abs(listened()).max() / np.abs(stem).max()
    # Ducked under a bell that is not heard. At the very end the reverb of others is faded out, with all that sounds.
    assert np.abs(listened() - stem * gain)[:-300].max() < 2e-6 * max(gain, 1)
    (quay / "build/quay/listen.wav").unlink()
    assert {path: path.read_bytes() for path in quay.rglob("*") if path.is_file()} == before


def test_mute_leaves_out_and_a_bus_stands_for_its_elements(quay: Path) -> None:
    assert run("--mute", "outside", "--mute", "music").returncode == 0
    bell = listened()
    assert run("--solo", "bell").returncode == 0
    assert np.array_equal(quantize(bell), quantize(listened()))
    assert run("--solo", "outside", "--mute", "waves").returncode == 0
    gulls = listened()
    assert run("--solo", "gulls").returncode == 0
    assert np.array_equal(quantize(gulls), quantize(listened()))


def test_only_what_is_heard_is_made(quay: Path) -> None:
    done = run("--solo", "bell", "-v")
    assert "making 1 take" in done.stderr
    assert not Path("scenes/quay.lock.json").exists()
    assert "making 1 take" in run("--solo", "music").stderr  # the bell, under which it ducks, is there


def test_what_does_not_exist_is_said(quay: Path) -> None:
    for arguments, answer in (
        (
            ["--solo", "bells"],
            "--solo bells: scenes/quay.yaml has no such element and no such bus. Did you mean bell?\n",
        ),
        (
            ["--mute", "x", "--mute", "y"],
            "--mute x, y: scenes/quay.yaml has no such element and no such bus; "
            "there are waves, gulls, bell, music, outside\n",
        ),
        (["--solo", "bell", "--mute", "bell"], "no element is left to be heard; solo or mute other elements\n"),
        (["--solo", "bell", "--frozen"], "--solo and --mute only write listen.wav; --frozen goes without them\n"),
        (["--mute", "bell", "--stems"], "--solo and --mute only write listen.wav; --stems goes without them\n"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert done.stderr.endswith(answer), done.stderr


def test_the_timeline_for_an_editor_has_every_time(quay: Path) -> None:
    run()
    lines = [line.split("\t") for line in Path("build/quay/timeline.txt").read_text().splitlines()]
    assert lines == [
        ["0.000000", "5.000000", "music"],
        ["0.000000", "5.000000", "waves"],
        ["0.500000", "2.500000", "gulls"],
        ["1.000000", "3.000000", "bell"],
        ["3.000000", "5.000000", "gulls"],
    ]
