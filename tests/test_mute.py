"""A muted element is silent, and everything else is as if it sounded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenebuild.audio.wav import quantize, read_wav
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix
from scenebuild.scene.channel import Bus, Channel, Duck
from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.model import Element
from scenebuild.scene.timing import Playback, Repeat
from signals import RATE, Samples, noise, stereo, tone
from test_mix import Studio, element

SCENE = """\
name: Quay
seed: 2
elements:
  waves: {prompt: gentle waves, duration: 1, loop: true}
  bell:
    prompt: a ship's bell
    duration: 1
    start: 1
    mute: true  # until the mix has room for it
  music: {prompt: a steady hum, duration: 1, loop: true, volume: 0.5, duck: {under: bell, by: 12}}
mix: {duration: 3}
"""
ROOM = (Reverb(0.4, 10.0, 0.5, 0.0, 0.3), Compression(-24.0, 4.0, 0.01, 0.1, 6.0, 0.0))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    studio = Studio(tmp_path)
    studio.take("voice", stereo(tone(440, 0.5, -12)))
    studio.take("bed", noise(2.0, seed=1) * np.float32(0.3))
    studio.take("rain", noise(1.0, seed=2) * np.float32(0.2))
    return studio


def mixed(studio: Studio, *elements: Element, buses: tuple[Bus, ...] = (), **mix: object) -> Mix:
    scene = replace(studio.scene(*elements, duration_s=2.0, **mix), buses=buses)
    return mix_scene(scene, studio.sources, studio.folder / "mix.wav", stems_folder=studio.folder / "stems")


def stem(studio: Studio, name: str) -> Samples:
    return read_wav(studio.folder / "stems" / f"{name}.wav")[0]


def duck(under: str) -> Duck:
    return Duck((under,), by_db=12.0, attack_s=0.02, release_s=0.1, hold_s=0.05, threshold_db=-50.0)


VOICE = element("voice", start_s=0.7)
CASES = {
    "plain": ((VOICE, element("bed"), element("rain")), ()),
    "a key": ((VOICE, element("bed", channel=Channel(duck=duck("voice"))), element("rain", loop=True)), ()),
    "on a bus": (
        (replace(VOICE, channel=Channel(bus="room")), element("bed", channel=Channel(bus="room")), element("rain")),
        (Bus("room", channel=Channel(effects=ROOM)),),
    ),
    "alone on a bus that is a key": (
        (
            replace(VOICE, channel=Channel(bus="talk")),
            element("bed", channel=Channel(duck=duck("talk"))),
            element("rain", playback=Playback(repeat=Repeat(0.6, 0.1))),
        ),
        (Bus("talk", channel=Channel(effects=ROOM[:1])),),
    ),
}


@pytest.mark.parametrize(("elements", "buses"), CASES.values(), ids=CASES)
def test_it_is_gone_and_others_still_make_room_for_it(
    studio: Studio, elements: tuple[Element, ...], buses: tuple[Bus, ...]
) -> None:
    """What is left is the same mix less the muted element's share, to the last unit but for the bus it shared."""
    mixed(studio, *elements, buses=buses)
    before = {one.name: quantize(stem(studio, one.name)) for one in elements}
    muted = (replace(elements[0], mute=True), *elements[1:])
    mix = mixed(studio, *muted, buses=buses)
    after = {one.name: quantize(stem(studio, one.name)) for one in elements}
    assert not after["voice"].any(), "its stem is there, and silent"
    assert len(after["voice"]) == mix.frames
    assert np.array_equal(sum(after.values()), quantize(read_wav(mix.path)[0]))
    shared = {one.name for one in elements[1:] if one.channel.bus}
    for name in {"bed", "rain"} - shared:
        assert np.abs(after[name] - before[name]).max() <= 8, "the rounding of what was treated together"
    assert before["voice"].any()
    facts = {one.name: one for one in mix.stems}
    assert facts["voice"].loudness_lufs == facts["voice"].peak_dbfs == -np.inf


def test_a_bus_hears_nothing_of_what_is_muted_on_it(studio: Studio) -> None:
    elements, buses = CASES["on a bus"]
    mixed(studio, replace(elements[0], mute=True), *elements[1:], buses=buses)
    with_it = read_wav(studio.folder / "mix.wav")[0]
    mixed(studio, *elements[1:], buses=buses)
    assert np.array_equal(with_it, read_wav(studio.folder / "mix.wav")[0])


def test_its_level_costs_the_others_none(studio: Studio) -> None:
    """A stem over full scale lowers the mix; not where nobody hears it."""
    loud = element("voice", volume=12.0)
    assert mixed(studio, loud, element("bed")).master_gain_db < -1
    assert mixed(studio, replace(loud, mute=True), element("bed")).master_gain_db == 0
    ducked = element("bed", channel=Channel(duck=duck("voice")))
    assert mixed(studio, replace(loud, mute=True), ducked).master_gain_db == 0


@pytest.mark.parametrize("channel", [Channel(), Channel(effects=ROOM)], ids=["plain", "treated"])
def test_all_muted_is_silence_of_the_same_length(studio: Studio, channel: Channel) -> None:
    elements = [element(name, mute=True, channel=channel) for name in ("voice", "bed")]
    mix = mixed(studio, *elements, loudness_lufs=-20)
    assert mix.frames == 2 * RATE
    assert not read_wav(mix.path)[0].any()
    assert mix.warnings == ("the mix is silent, so the loudness target of -20 LUFS was not reached",)
    assert not stem(studio, "bed").any()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scenebuild", *arguments, "--engine", "sketch"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_its_take_is_made_and_locked_and_the_readme_says_muted(project: Path) -> None:
    scene = Path("scenes/quay.yaml")
    scene.write_text(SCENE)
    done = run("scenes/quay.yaml")
    assert done.returncode == 0, done.stderr
    lock = json.loads(Path("scenes/quay.lock.json").read_text())
    assert set(lock["elements"]) == {"waves", "bell", "music"}
    readme = Path("build/quay/README.md").read_text()
    assert "| muted |" in readme
    assert "- Muted: its volume is 1.00 (0.0 dB)" in readme
    assert 'opacity="0.4"' in Path("build/quay/timeline.svg").read_text()
    silent = read_wav("build/quay/quay.wav")[0]
    scene.write_text(SCENE.replace("mute: true", "mute: false"))
    done = run("scenes/quay.yaml")
    assert "making" not in done.stderr, "no key says whether something is heard"
    assert json.loads(Path("scenes/quay.lock.json").read_text())["elements"] == lock["elements"]
    assert not np.array_equal(silent, read_wav("build/quay/quay.wav")[0])
    assert "muted" not in Path("build/quay/README.md").read_text()


def test_listening_to_it_overrides_what_the_scene_mutes(project: Path) -> None:
    scene = Path("scenes/quay.yaml")
    scene.write_text(SCENE)
    assert run("scenes/quay.yaml", "--solo", "bell").returncode == 0
    heard = read_wav("build/quay/listen.wav")[0]
    assert heard.any()
    assert run("scenes/quay.yaml", "--mute", "waves").returncode == 0
    left = read_wav("build/quay/listen.wav")[0]
    assert run("scenes/quay.yaml", "--solo", "music").returncode == 0
    assert np.array_equal(left, read_wav("build/quay/listen.wav")[0]), "what is muted in the scene stays muted"
    done = run("scenes/quay.yaml", "--solo", "bell", "--mute", "bell")
    assert done.returncode == 2


def test_only_true_and_false_are_taken(project: Path) -> None:
    for wrong in ("1", "yes", '"true"', "null"):
        Path("scenes/quay.yaml").write_text(SCENE.replace("mute: true", f"mute: {wrong}"))
        done = run("scenes/quay.yaml")
        assert done.returncode == 1
        assert done.stderr.startswith("scenes/quay.yaml:9:11: mute: "), done.stderr
