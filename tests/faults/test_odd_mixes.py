"""A scene that validates is mixed; one that cannot be mixed is refused with a place. Neither ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings

from odd_mixes import SCENES, write_sounds
from scenebuild.cli import run
from scenebuild.deliver.presets import PRESETS
from scenebuild.errors import ScenebuildError, SceneError
from scenebuild.mix.mixer import mix_scene
from scenebuild.scene.delivery import MP3_RATES
from scenebuild.scene.read import read_scene

PATH = "scenes/odd.yaml"


def mixed(scene: dict[str, Any], sources: dict[str, Any]) -> str:
    """What came of a scene: it is "refused" with a place, or "failed" in words, or "mixed", and its stems add up."""
    Path(PATH).write_text(json.dumps(scene))
    try:
        read = read_scene(PATH)
    except SceneError as error:
        return "refused" if all(problem.place.line for problem in error.problems) else "refused without a place"
    takes = {element.name: sources[Path(str(element.recording)).stem] for element in read.elements}
    kept: list[Any] = []
    try:
        mix = mix_scene(
            read, takes, Path("mix.wav"), stems_folder=Path("stems"), capture=kept.append, most_captured_frames=10**7
        )
    except ScenebuildError:
        return "failed"
    whole, _ = soundfile.read(mix.path, dtype="int32", always_2d=True)
    parts = [soundfile.read(f"stems/{stem.name}.wav", dtype="int32", always_2d=True)[0] for stem in mix.stems]
    assert np.array_equal(np.sum([part >> 8 for part in parts], axis=0, dtype=np.int64), whole >> 8)
    assert len(whole) == mix.frames
    return "mixed"


@pytest.fixture
def sources(project: Path) -> dict[str, Any]:
    return write_sounds(Path("scenes"))


def test_any_desk_is_mixed_or_refused_in_words(sources: dict[str, Any]) -> None:
    found: dict[str, int] = {}

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(SCENES)
    def holds(scene: dict[str, Any]) -> None:
        outcome = mixed(scene, sources)
        assert outcome in ("mixed", "failed", "refused")
        found[outcome] = found.get(outcome, 0) + 1

    holds()
    assert found["mixed"] > found.get("failed", 0)


@pytest.mark.hard
def test_thousands_of_desks_are_mixed_or_refused_in_words(sources: dict[str, Any]) -> None:
    @settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(SCENES)
    def holds(scene: dict[str, Any]) -> None:
        assert mixed(scene, sources) in ("mixed", "failed", "refused")

    holds()


@pytest.mark.parametrize("on", ["a", "x"])
@pytest.mark.parametrize("buses", [{}, {"a": {}}, {"a": {}, "x": {"duck": {"under": "a"}}}])
def test_an_element_and_a_bus_of_one_name_are_refused_with_a_place(
    project: Path, buses: dict[str, Any], on: str, capsys: pytest.CaptureFixture[str]
) -> None:
    elements = {"a": {"prompt": "rain", "bus": on, "duration": 1}, "b": {"prompt": "wind", "duck": {"under": "a"}}}
    scene = {"name": "X", "elements": elements, **({"buses": buses} if buses else {})}
    Path(PATH).write_text(json.dumps(scene))
    assert run(["validate", PATH]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith(f"{PATH}:1:") for line in lines)
    wanted = (
        "a: an element has this name too; rename one of the two" if buses else f"bus: {on} is not a bus of this scene"
    )
    assert any(wanted in line for line in lines)


def test_room_is_made_for_a_bus_that_nothing_is_on(sources: dict[str, Any]) -> None:
    elements = {"a": {"file": "noise.wav", "duck": {"under": "x"}}}
    assert mixed({"name": "X", "elements": elements, "buses": {"x": {}}}, sources) == "mixed"


@pytest.mark.parametrize("fader", [{"volume": 16}, {"effects": [{"compress": {"makeup": 24}}], "volume": 16}])
def test_members_of_a_boosted_bus_that_cancel_each_other_have_stems(
    sources: dict[str, Any], fader: dict[str, Any]
) -> None:
    elements: dict[str, dict[str, Any]] = {name: {"file": f"{name}.wav", "bus": "x"} for name in ("noise", "inverse")}
    elements["loud"] = {"file": "loud.wav", "volume": 0.1, "bus": "x"}
    scene = {"name": "X", "elements": elements, "buses": {"x": fader}, "mix": {"loudness": -20}}
    assert mixed(scene, sources) == "mixed"


# What is delivered


def delivered(project: Path, deliver: list[dict[str, Any]]) -> int:
    elements = {"a": {"prompt": "rain", "engine": "sketch", "duration": 1}}
    loops = any(one["preset"] == "game-loop" for one in deliver)
    mix = {"duration": 1, "loop": loops}
    Path(PATH).write_text(json.dumps({"name": "X", "elements": elements, "mix": mix, "deliver": deliver}))
    return run([PATH])


@pytest.mark.parametrize("rate", MP3_RATES)
def test_every_rate_that_mp3_has_is_delivered(project: Path, rate: int) -> None:
    files = [{"preset": "podcast", "name": f"c{n}", "sample_rate": rate, "channels": n} for n in (1, 2)]
    assert delivered(project, files) == 0
    for n in (1, 2):
        found = soundfile.info(f"build/odd/odd.c{n}.mp3")
        assert (found.samplerate, found.channels, found.frames) == (rate, n, rate)


@pytest.mark.parametrize("rate", [8001, 9600, 96000, 192000])
def test_a_rate_that_mp3_has_not_is_refused_by_validate(
    project: Path, rate: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert delivered(project, [{"preset": "podcast", "sample_rate": rate}]) == 1
    assert f"sample_rate: mp3 has no {rate} Hz; it has 8000, 11025" in capsys.readouterr().err


@pytest.mark.hard
@pytest.mark.parametrize("preset", [one.preset for one in PRESETS])
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_what_validate_lets_pass_the_encoders_can_do(project: Path, preset: str, kind: str) -> None:
    rates = [*MP3_RATES, *([] if kind == "mp3" else [8001, 88200, 96000, 192000])]
    files = [
        {"preset": preset, "format": kind, "name": f"r{rate}c{channels}", "sample_rate": rate, "channels": channels}
        for rate in rates
        for channels in (1, 2)
    ]
    for begin in range(0, len(files), 20):
        code = delivered(project, files[begin : begin + 20])
        assert code == (1 if (preset, kind) == ("game-loop", "mp3") else 0)
