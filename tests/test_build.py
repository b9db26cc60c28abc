"""From scene files to outputs: what is generated when, what is written, and what is never lost or silently changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import MISBEHAVING, TONE, CountingChildren
from scenebuild.build import build
from scenebuild.cli.options import Flags
from scenebuild.errors import LockError, OutputError, SceneError, UsageError
from scenebuild.listener import Silent
from scenebuild.mix.mixer import mix_scene
from scenebuild.result import Result, SceneResult
from scenebuild.store import LocalStore

SCENE: dict[str, Any] = {
    "name": "Test",
    "defaults": {"duration": 0.5, "engine": "audiogen"},
    "elements": {
        "one": {"prompt": "first sound", "loop": True},
        "two": {"prompt": "second sound", "start": 0.25, "volume": 0.5},
        "three": {"prompt": "third sound", "pan": -0.5},
    },
    "mix": {"duration": 1.5},
}
PATH = "scenes/test.yaml"


class Heard(Silent):
    """A listener that only remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.results: list[SceneResult] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def finish(self, result: SceneResult) -> None:
        self.results.append(result)


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every engine call of the test, in order; the engines run in this process, by the worker's own code."""
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:TONE")
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "musicgen", "engines_for_tests:MISBEHAVING")
    monkeypatch.setattr(scenebuild.generate.make, "Children", CountingChildren)
    monkeypatch.setattr(TONE, "ready", True)
    monkeypatch.setattr(MISBEHAVING, "ready", True)
    monkeypatch.setattr(CountingChildren, "calls", [])
    return CountingChildren.calls


def changed(**by: Any) -> dict[str, Any]:
    """The test scene with some values changed: ``one__prompt="…"`` for an element's, ``mix={…}`` for the top level."""
    scene: dict[str, Any] = json.loads(json.dumps(SCENE))
    for name, value in by.items():
        *parents, last = name.split("__")
        place = scene["elements"][parents[0]] if parents else scene
        place[last] = value
    return scene


def write(scene: dict[str, Any], path: str = PATH) -> None:
    Path(path).write_text(json.dumps(scene, ensure_ascii=False), encoding="utf-8")


def run(*paths: str, listener: Heard | None = None, **flags: Any) -> Result:
    settings = Flags(**{"store": os.environ["SCENEBUILD_STORE"], **flags}).settings()
    return build(paths or (PATH,), settings, listener or Heard())


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


def lock(path: str = "scenes/test.lock.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def outputs() -> dict[str, bytes]:
    """Every output but the manifest, which also tells how the takes were come by."""
    paths = [path for path in Path("build/test").rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path): path.read_bytes() for path in paths}


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


# Frozen


def test_frozen_brings_back_the_locked_takes(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    before = lock()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    shutil.rmtree("build")
    calls.clear()
    (scene,) = run(frozen=True).scenes
    assert len(calls) == 3
    assert {one.name: one.digest for one in scene.elements} == {
        name: entry["digest"] for name, entry in before["elements"].items()
    }
    assert lock() == before


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ({"two__prompt": "another"}, "two: prompt changed; --frozen builds only what the lock says"),
        ({"two__seed": 1}, "two: seed changed; --frozen builds only what the lock says"),
        ({"two__duration": 1}, "two: duration changed; --frozen builds only what the lock says"),
        ({"elements": {"one": SCENE["elements"]["one"], "four": {"prompt": "x"}}},
         "four: new element; --frozen builds only what the lock says"),
        ({"elements": {"one": SCENE["elements"]["one"]}},
         "scenes/test.lock.json:1:1: two: is in the lock, but no longer in the scene"),
        ({"two__volume": 0.1}, "scenes/test.lock.json:1:1: mix: loudness_lufs is "),
    ],
    ids=str,
)  # fmt: skip
def test_frozen_refuses_what_drifted(project: Path, calls: list[str], by: dict[str, Any], line: str) -> None:
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    calls.clear()
    write(changed(**by))
    with pytest.raises(LockError) as error:
        run(frozen=True)
    assert line in str(error.value)
    assert error.value.exit_code == 3
    assert calls == []
    assert Path("scenes/test.lock.json").read_bytes() == before


def test_frozen_refuses_other_bytes_under_the_same_key(
    project: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model gives other bytes on another machine: the lock still says which ones are meant."""
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    shutil.rmtree("build")
    monkeypatch.setattr(TONE, "session", MISBEHAVING.session)
    monkeypatch.setattr("engines_for_tests.tone", lambda request: np.full((8000, 1), 0.1, np.float32))
    with pytest.raises(LockError, match=r"two: the lock pins [0-9a-f]{12}…, which is not in the store, and making it"):
        run(frozen=True)
    assert Path("scenes/test.lock.json").read_bytes() == before
    (scene,) = run().scenes
    assert "two: the locked take is missing; another take with the same key was used" in scene.warnings
    assert Path("scenes/test.lock.json").read_bytes() != before


def test_frozen_without_a_lock_says_so(project: Path) -> None:
    write(SCENE)
    with pytest.raises(LockError, match=r"--frozen, but there is no scenes/test.lock.json"):
        run(frozen=True)


def test_a_locked_sketch_comes_back_whatever_the_store_holds_under_its_key(project: Path) -> None:
    write({**SCENE, "defaults": {"duration": 0.5, "engine": "sketch"}})
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    shutil.rmtree("build")
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    Path("other.wav").write_bytes(b"other bytes")
    for key in list(store.all_keys()):
        record = store.get(key)
        assert record is not None
        store.put(key, "other.wav", record.facts)
        Path(store.object_path(record.digest)).unlink()
    (scene,) = run().scenes
    assert {one.status for one in scene.elements} == {"generated"}
    assert Path("scenes/test.lock.json").read_bytes() == before


# Previews


def test_a_sketch_never_replaces_a_real_take_in_the_lock(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    (preview,) = run(engine="sketch").scenes
    assert preview.preview
    assert {one.engine for one in preview.elements} == {"sketch"}
    assert Path("scenes/test.lock.json").read_bytes() == before
    assert "preview" in Path("build/test/README.md").read_text(encoding="utf-8").lower()
    calls.clear()
    (real,) = run().scenes
    assert (real.status, real.preview, calls) == ("built", False, [])
    assert {one.status for one in real.elements} == {"locked"}


def test_a_real_engine_asked_for_by_name_replaces_a_sketch(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write({**SCENE, "defaults": {"duration": 0.5}})
    monkeypatch.setattr(TONE, "ready", False)
    (sketched,) = run().scenes
    assert {one.engine for one in sketched.elements} == {"sketch"}
    assert not sketched.preview
    monkeypatch.setattr(TONE, "ready", True)
    (real,) = run(engine="audiogen").scenes
    assert {entry["engine"] for entry in lock()["elements"].values()} == {"audiogen"}
    assert not real.preview


# What goes wrong


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("empty", "the engine returned 0 frames, wanted 8000"),
        ("half", "the engine returned 4000 frames, wanted 8000"),
        ("silence", "the engine returned silence"),
        ("nan", "the engine returned samples that are not finite numbers"),
        ("infinite", "the engine returned samples that are not finite numbers"),
        ("flat", "the engine returned samples of shape (8000,), wanted (frames, 1 or 2)"),
        ("other rate", "the engine returned (8000, 8000, 1) (frames, Hz, channels), wanted (8000, 16000, 1)"),
        ("fails", "too long for this model; shorten it"),
    ],
)
def test_an_engine_that_misbehaves_fails_its_element_and_the_others_are_kept(
    project: Path, calls: list[str], prompt: str, message: str
) -> None:
    scene = changed(two__prompt=prompt, defaults={"engine": "musicgen", "duration": 0.5})
    write(scene)
    (result,) = run(keep_going=True).scenes
    assert (result.status, result.exit_code) == ("failed", 1)
    assert list(map(str, result.errors)) == [f"{PATH}:1:{Path(PATH).read_text().index('two') + 0}: two: {message}"]
    assert not Path("build/test/test.wav").exists()
    assert not Path("scenes/test.lock.json").exists()
    calls.clear()
    scene["elements"]["two"]["prompt"] = "good again"
    write(scene)
    run()
    assert calls == ["good again"]


def test_mistakes_of_all_scenes_are_said_before_anything_is_generated(project: Path, calls: list[str]) -> None:
    write(SCENE)
    write(changed(one__volume="loud"), "scenes/bad.yaml")
    write(changed(two__promt="x"), "scenes/worse.yaml")
    with pytest.raises(SceneError) as error:
        run("scenes")
    assert {problem.place.file for problem in error.value.problems} == {"scenes/bad.yaml", "scenes/worse.yaml"}
    assert calls == []
    result = run("scenes", keep_going=True)
    assert {scene.scene: scene.status for scene in result.scenes} == {
        "scenes/bad.yaml": "failed",
        "scenes/test.yaml": "built",
        "scenes/worse.yaml": "failed",
    }
    assert result.exit_code == 1


def test_a_damaged_take_is_made_again(project: Path, calls: list[str]) -> None:
    write(SCENE)
    run()
    digest = lock()["elements"]["two"]["digest"]
    stored = Path(LocalStore(os.environ["SCENEBUILD_STORE"]).object_path(digest))
    data = bytearray(stored.read_bytes())
    data[1000] ^= 1
    stored.write_bytes(data)
    shutil.rmtree("build")
    calls.clear()
    listener = Heard()
    run(listener=listener)
    assert calls == ["second sound"]
    assert listener.lines == [f"two: the object {digest[:12]}… was damaged; it is made again"]
    assert lock()["elements"]["two"]["digest"] == digest


def test_a_lost_store_is_filled_again_from_the_outputs(project: Path, calls: list[str]) -> None:
    """Nothing that cost GPU time is lost while its bytes are anywhere."""
    write(SCENE)
    run()
    before = Path("scenes/test.lock.json").read_bytes()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    write(changed(one__volume=0.2))
    calls.clear()
    run()
    assert calls == []
    assert json.loads(before)["elements"] == lock()["elements"]
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    assert set(store.all_digests()) == {entry["digest"] for entry in lock()["elements"].values()}
    assert list(store.all_keys()) == [], "what a checkout says of a key holds for its own scene alone"


def test_a_store_that_can_not_be_written_slows_a_build_and_fails_none(project: Path, calls: list[str]) -> None:
    Path("in_the_way").write_text("")
    write(SCENE)
    listener = Heard()
    (scene,) = run(listener=listener, store="in_the_way/store").scenes
    assert scene.status == "built"
    assert soundfile.info("build/test/test.wav").frames == 72000
    assert any("could not keep a take" in line for line in listener.lines)


def test_outputs_that_can_not_be_written_are_said_and_takes_are_kept(project: Path, calls: list[str]) -> None:
    write(SCENE)
    Path("build").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"build.*: cannot be written: .*; finished takes are kept"):
        run()
    Path("build").unlink()
    calls.clear()
    run()
    assert calls == []


@pytest.mark.parametrize(
    "output", ["test.wav", "README.md", "elements/two.wav", "manifest.json", "waveform.svg", "index.html"]
)
@pytest.mark.parametrize("harm", ["delete", "edit"])
def test_outputs_that_were_touched_are_made_again(project: Path, calls: list[str], output: str, harm: str) -> None:
    write(SCENE)
    run()
    good = outputs()
    path = Path("build/test", output)
    path.unlink() if harm == "delete" else path.write_bytes(path.read_bytes()[:-1] + b"?")
    calls.clear()
    (scene,) = run().scenes
    assert (scene.status, calls) == ("built", [])
    assert outputs() == good


def test_the_same_build_gives_the_same_bytes_anywhere(project: Path) -> None:
    write(SCENE)
    run()
    first = outputs()
    shutil.rmtree("build")
    Path("scenes/test.lock.json").unlink()
    shutil.rmtree(os.environ["SCENEBUILD_STORE"])
    run()
    assert outputs() == first


def test_stems_that_are_no_longer_asked_for_go_with_their_folder(project: Path) -> None:
    write(SCENE)
    run(stems=True)
    run()
    assert not Path("build/test/stems").exists()


def test_a_forced_take_that_is_another_one_is_no_cause_for_worry(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(SCENE)
    run()
    monkeypatch.setattr("engines_for_tests.tone", lambda request: np.full((8000, 1), 0.1, np.float32))
    (scene,) = run(force_element=("two",)).scenes
    assert not any("the locked take is missing" in warning for warning in scene.warnings)


def test_what_killed_builds_left_is_swept_once_it_is_old(project: Path) -> None:
    write(SCENE)
    run()
    old, young = (Path("build/test", f".tmp-{name}-test.wav") for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    write(changed(one__volume=0.2))
    run()
    assert (old.exists(), young.exists()) == (False, True)
    young.unlink()


def test_stems_are_the_mix(project: Path) -> None:
    write(SCENE)
    run()
    alone = Path("build/test/test.wav").read_bytes()
    run(stems=True)
    assert Path("build/test/test.wav").read_bytes() == alone
    mix, _ = soundfile.read("build/test/test.wav", dtype="int32")
    stems = [soundfile.read(path, dtype="int32")[0] for path in Path("build/test/stems").glob("*.wav")]
    assert len(stems) == 3
    lsb = 1 << 8  # libsndfile gives 24 bit in the upper bits of 32
    assert np.abs(np.sum(stems, axis=0, dtype=np.int64) - mix).max() <= lsb


# Recordings


@pytest.fixture
def door(project: Path) -> Path:
    path = project / "scenes" / "sounds" / "door.wav"
    path.parent.mkdir()
    soundfile.write(path, 0.3 * np.sin(np.arange(22050) / 20), 22050)
    return path


WITH_DOOR = {**SCENE, "elements": {**SCENE["elements"], "door": {"file": "sounds/door.wav", "start": 0.2}}}


def test_a_recording_is_an_element_like_any_other(door: Path, calls: list[str]) -> None:
    write(WITH_DOOR)
    result = run()
    by_name = {one.name: one for one in result.scenes[0].elements}
    assert by_name["door"].status == "recording"
    assert result.generated == 3
    assert "as recorded" in lock()["elements"]["door"]["licence"]
    assert lock()["mix"]["licence"] == "CC-BY-NC-4.0, and the recordings' own terms"
    soundfile.write(door, 0.2 * np.sin(np.arange(22050) / 10), 22050)
    calls.clear()
    (scene,) = run().scenes
    assert (scene.status, calls) == ("built", [])
    soundfile.write(door, 0.1 * np.sin(np.arange(22050) / 10), 22050)
    with pytest.raises(LockError, match="door: recording changed"):
        run(frozen=True)


def test_a_recording_that_is_no_audio_fails_with_its_place(door: Path) -> None:
    door.write_bytes(b"RIFF\x10\x00\x00\x00WAVE not a sound at all")
    write(WITH_DOOR)
    with pytest.raises(SceneError, match=r"test.yaml:1:\d+: file: 'door.wav' cannot be read as audio: no part"):
        run()
    (result,) = run(keep_going=True).scenes
    assert result.status == "failed"
    assert "file: 'door.wav' cannot be read as audio" in str(result.errors[-1])


def test_fades_longer_than_a_recording_are_refused(door: Path) -> None:
    scene = json.loads(json.dumps(WITH_DOOR))
    scene["elements"]["door"]["fade_out"] = 3
    write(scene)
    with pytest.raises(SceneError, match=r"fade_in and fade_out last 3 s together, the recording 1 s; shorten them"):
        run()


def test_a_recording_over_full_scale_is_brought_down_and_said(door: Path) -> None:
    soundfile.write(door, 2.0 * np.sin(np.arange(22050) / 20), 22050, subtype="FLOAT")
    write(WITH_DOOR)
    (scene,) = run().scenes
    assert "door: door.wav peaks 6.0 dB over full scale; it is played that much lower" in scene.warnings


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    yield
    assert not [path for path in Path.cwd().rglob(".tmp-*")], "nothing half written stays"
