"""From a scene file to outputs: what is generated when, what is written, and which bytes stay the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from scenebuild.errors import UsageError
from scenebuild.mix.mixer import mix_scene
from tone_builds import PATH, SCENE, calls, changed, lock, no_leftovers, run, write

__all__ = ["calls", "no_leftovers"]


def test_what_is_saved_while_it_is_built_is_built_by_the_next_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest says what was read, not what stands there when it is written."""
    import scenebuild.render.stages

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        write(changed(two__volume=0.1))
        return mix_scene(*arguments, **options)

    write(SCENE)
    monkeypatch.setattr(scenebuild.render.stages, "mix_scene", meanwhile)
    assert run().scenes[0].status == "built"
    loud = Path("build/test/test.wav").read_bytes()
    monkeypatch.setattr(scenebuild.render.stages, "mix_scene", mix_scene)
    assert run().scenes[0].status == "built"
    assert Path("build/test/test.wav").read_bytes() != loud
    assert run().scenes[0].status == "up-to-date"


def test_a_build_writes_the_mix_the_takes_the_report_and_the_lock(project: Path, calls: list[str]) -> None:
    write(SCENE)
    (scene,) = run().scenes
    assert sorted(calls) == ["first sound", "second sound", "third sound"]
    assert scene.status == "built"
    samples, rate = soundfile.read("build/test/test.wav", always_2d=True)
    assert (len(samples), rate, samples.shape[1]) == (72000, 48000, 2)
    assert np.isfinite(samples).all()
    assert samples.any()
    written = {str(path.relative_to("build/test")) for path in Path("build/test").rglob("*") if path.is_file()}
    assert {
        "test.wav",
        "README.md",
        "index.html",
        "manifest.json",
        "waveform.svg",
        "spectrogram.png",
        "elements/one.wav",
        "elements/two.wav",
        "elements/three.wav",
    } <= written
    assert list(lock()["elements"]) == ["one", "three", "two"]
    assert lock()["elements"]["two"]["prompt"] == "second sound"
    assert lock()["elements"]["two"]["licence"] == "CC-BY-NC-4.0"
    assert lock()["elements"]["two"]["revision"] == "c0ffee"
    assert lock()["mix"]["length_s"] == 1.5


def test_nothing_to_do_writes_nothing_and_calls_nobody(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    calls.clear()
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    (scene,) = run().scenes
    assert scene.status == "up-to-date"
    assert {(element.status, element.reason) for element in scene.elements} == {("cached", "nothing changed")}
    assert calls == []
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


@pytest.mark.parametrize(
    "by",
    [
        {"one__volume": 0.3}, {"one__gain_db": -9}, {"one__pan": 0.4}, {"two__start": 0.5}, {"two__fade_in": 0.2},
        {"two__fade_out": 0.2}, {"one__loop": False}, {"one__normalize": "peak"}, {"one__normalize": "none"},
        {"mix": {"duration": 2}}, {"mix": {"sample_rate": 44100}}, {"mix": {"channels": 1}},
        {"mix": {"true_peak": -6}}, {"mix": {"loudness": -30}}, {"name": "Another"}, {"description": "Changed."},
    ],
    ids=str,
)  # fmt: skip
def test_changing_the_mix_never_calls_an_engine(project: Path, calls: list[str], by: dict[str, Any]) -> None:
    write(SCENE)
    run()
    entries = lock()["elements"]
    calls.clear()
    write(changed(**by))
    (scene,) = run().scenes
    assert (scene.status, calls) == ("built", [])
    assert lock()["elements"] == entries


@pytest.mark.parametrize(
    ("by", "call"),
    [
        ({"two__prompt": "another sound"}, "another sound"),
        ({"two__duration": 0.6}, "second sound"),
        ({"two__temperature": 1.4}, "second sound"),
        ({"two__seed": 9}, "second sound"),
        ({"two__take": 2}, "second sound"),
        ({"two__top_k": 20}, "second sound"),
    ],
    ids=str,
)
def test_changing_one_take_calls_once(project: Path, calls: list[str], by: dict[str, Any], call: str) -> None:
    write(SCENE)
    run()
    before = lock()["elements"]
    calls.clear()
    write(changed(**by))
    result = run()
    assert calls == [call]
    assert result.generated == 1
    after = lock()["elements"]
    assert [name for name in after if after[name] != before[name]] == ["two"]


def test_going_back_to_an_earlier_prompt_calls_nobody(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    first = Path("scenes/test.lock.json").read_bytes()
    write(changed(two__prompt="another sound"))
    run()
    calls.clear()
    write(SCENE)
    run()
    assert calls == []
    assert Path("scenes/test.lock.json").read_bytes() == first


REWRITTEN = """\
# the same scene, as another person would write it
elements:
  three: {pan: -0.50, prompt: third sound}   # reordered
  two:
    volume: 0.5
    start: 0.25
    prompt: "second sound"
  one: {prompt: 'first sound', loop: true, fade_in: 0.010}
mix:
  duration: 1.50
defaults: {engine: audiogen, duration: 5e-1}
name: Test
"""


def test_writing_the_same_scene_otherwise_changes_no_key_and_no_byte_of_the_lock(
    project: Path, calls: list[str]
) -> None:
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    calls.clear()
    Path(PATH).write_text(REWRITTEN)
    run()
    assert calls == []
    assert Path("scenes/test.lock.json").read_bytes() == before


names = st.lists(st.sampled_from(["rain", "wind", "door", "birds", "car"]), unique=True, min_size=1, max_size=5)


@given(st.permutations(["rain", "wind", "door", "birds"]), names)
@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_adding_removing_and_reordering_elements_never_changes_the_others(
    project: Path, calls: list[str], first: list[str], then: list[str]
) -> None:
    shutil.rmtree(os.environ["SCENEBUILD_STORE"], ignore_errors=True)
    shutil.rmtree("build", ignore_errors=True)
    Path("scenes/test.lock.json").unlink(missing_ok=True)

    def scene_of(order: list[str]) -> dict[str, Any]:
        return {**SCENE, "elements": {name: {"prompt": f"a {name}", "duration": 0.1} for name in order}}

    write(scene_of(first))
    run()
    before = lock()["elements"]
    calls.clear()
    write(scene_of(then))
    run()
    assert sorted(calls) == sorted(f"a {name}" for name in then if name not in before)
    after = lock()["elements"]
    assert list(after) == sorted(then)
    assert all(after[name] == before[name] for name in then if name in before)


def test_equal_elements_of_several_scenes_are_made_once(project: Path, calls: list[str]) -> None:
    twin = {"prompt": "shared", "seed": 4}
    write({**SCENE, "elements": {"here": twin, "there": {**twin, "volume": 0.2}}}, "scenes/one.yaml")
    write({**SCENE, "elements": {"elsewhere": twin}}, "scenes/two.yaml")
    result = run("scenes")
    assert calls == ["shared"]
    assert result.generated == 1
    assert [scene.scene for scene in result.scenes] == ["scenes/one.yaml", "scenes/two.yaml"]


def test_two_scenes_of_one_name_are_refused(project: Path) -> None:
    Path("scenes/more").mkdir()
    write(SCENE)
    write(SCENE, "scenes/more/test.yaml")
    with pytest.raises(UsageError, match=r"scenes/test.yaml and scenes/more/test.yaml would both be built in"):
        run("scenes")


def test_the_take_of_a_removed_element_goes_with_it_but_stays_in_the_store(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run(stems=True)
    Path("build/test/elements/mine.txt").write_text("a note of the user's")
    write({**SCENE, "elements": {name: SCENE["elements"][name] for name in ("one", "three")}})
    run()
    left = {str(path.relative_to("build/test")) for path in Path("build/test").rglob("*") if path.is_file()}
    assert {name for name in left if name.startswith(("elements/", "stems/"))} == {
        "elements/one.wav",
        "elements/three.wav",
        "elements/mine.txt",
    }
    calls.clear()
    write(SCENE)
    run()
    assert calls == []
