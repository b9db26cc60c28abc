"""What goes wrong in a build and is told, and what is never lost; recordings as elements."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scenebuild.errors import LockError, OutputError, SceneError
from scenebuild.store import LocalStore
from tone_builds import PATH, SCENE, Heard, calls, changed, lock, no_leftovers, outputs, run, write

__all__ = ["calls", "no_leftovers"]


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
