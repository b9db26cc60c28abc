"""AudioGen by the installed command, in real child processes, from a hub cache that holds tiny real checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

import scenebuild.engines.audiocraft  # noqa: E402
from audiocraft_fixtures import AUDIOGEN, MUSICGEN_STEREO, cache_content, write_checkpoint  # noqa: E402
from hub import put_in_cache  # noqa: E402
from scenebuild.config import user_file  # noqa: E402
from scenebuild.engines import EngineFacts, engine, facts_for  # noqa: E402
from scenebuild.engines.audiocraft.hub.models import model  # noqa: E402
from test_models_pickles import Canary  # noqa: E402

MEDIUM, STEREO = "facebook/audiogen-medium", "facebook/musicgen-stereo-small"
DURATIONS = (0.1, 0.58, 2.3, 9.99, 10.0, 10.7, 11.2, 12.25, 33.3)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HF_HOME with AudioGen-medium and a stereo MusicGen at their pinned commits, as far as names go."""
    home = tmp_path_factory.mktemp("hub")
    for name, kind in ((MEDIUM, AUDIOGEN), (STEREO, MUSICGEN_STEREO)):
        put_in_cache(home / "hub", cache_content(model(name), tmp_path_factory.mktemp("files"), kind))
    return home


@pytest.fixture(autouse=True)
def _environment(hub: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(hub))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def scenebuild_command(*arguments: str, code: int = 0) -> Any:
    """What the installed command prints with --json."""
    command = [str(Path(sys.executable).parent / "scenebuild"), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def write(elements: dict[str, Any], name: str = "test", **top: Any) -> str:
    path = f"scenes/{name}.yaml"
    Path(path).write_text(json.dumps({"name": name, "elements": elements, **top}), encoding="utf-8")
    return path


def digests(result: Any) -> dict[str, str]:
    return {one["name"]: one["digest"] for one in result["scenes"][0]["elements"]}


def statuses(result: Any) -> dict[str, str]:
    return {one["name"]: one["status"] for one in result["scenes"][0]["elements"]}


def test_the_cafe_is_built_rebuilt_by_nobody_and_forced_to_the_same_bytes(project: Path, root: Path) -> None:
    for name in ("rainy_cafe.yaml", "sounds/shop_bell.wav"):
        target = project / "scenes" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((root / "scenes" / name).read_bytes())
    cafe = ("scenes/rainy_cafe.yaml", "--engine", "audiogen")
    first = scenebuild_command(*cafe)
    assert first["generated"] == len(first["scenes"][0]["elements"]) - 1
    assert {one["engine"] for one in first["scenes"][0]["elements"]} == {"audiogen", "file"}
    again = scenebuild_command(*cafe)
    assert (again["generated"], again["scenes"][0]["status"]) == (0, "up-to-date")
    forced = scenebuild_command(*cafe, "--force-element", "rain")
    assert statuses(forced) == {**statuses(forced), "rain": "generated"}
    assert forced["generated"] == 1
    assert digests(forced) == digests(first)
    lock = json.loads(Path("scenes/rainy_cafe.lock.json").read_text(encoding="utf-8"))
    rain = lock["elements"]["rain"]
    assert (rain["model"], rain["revision"], rain["precision"]) == (MEDIUM, model(MEDIUM).revision, "auto")
    assert (rain["top_k"], rain["cfg"], rain["licence"]) == (250, 3.0, "CC-BY-NC-4.0")
    assert rain["made_by"]["torch"].startswith("2.11.0")
    assert lock["mix"]["licence"].startswith("CC-BY-NC-4.0")


def test_bytes_are_another_take_which_the_lock_then_keeps(project: Path) -> None:
    scene = write({"rain": {"prompt": "rain on a roof", "engine": "audiogen", "duration": 0.5}})

    def built(*flags: str) -> tuple[int, str]:
        result = scenebuild_command(scene, *flags)
        return result["generated"], result["scenes"][0]["elements"][0]["key"]

    _, plain = built()
    assert built("--precision", "int8")[0] == 1
    rain = json.loads(Path("scenes/test.lock.json").read_text())["elements"]["rain"]
    assert rain["precision"] == "int8"
    assert rain["made_by"]["arithmetic"].endswith(", int8")
    assert built() == (0, rain["key"])
    assert built("--precision", "auto") == (0, plain)


def test_any_duration_and_both_engines_in_one_build_and_each_take_as_it_is_alone(project: Path) -> None:
    elements: dict[str, Any] = {
        f"sound-{number}": {"prompt": f"birds singing, {number} of them", "engine": "audiogen", "duration": duration}
        for number, duration in enumerate(DURATIONS)
    }
    elements["music"] = {"prompt": "a soft chord bed", "engine": "musicgen", "model": STEREO, "duration": 1.5}
    together = scenebuild_command(write(elements))
    for number, duration in enumerate(DURATIONS):
        info = soundfile.info(f"build/test/elements/sound-{number}.wav")
        assert (info.frames, info.samplerate, info.channels) == (round(duration * 16000), 16000, 1)
    info = soundfile.info("build/test/elements/music.wav")
    assert (info.frames, info.samplerate, info.channels) == (48000, 32000, 2)
    two = {name: elements[name] for name in ("sound-6", "sound-1")}
    store = os.path.join(os.environ["SCENEBUILD_STORE"], "another")
    apart = scenebuild_command(write(two, "apart"), "--store", store, "--device", "cpu", "--exact")
    assert apart["generated"] == 2
    assert digests(apart) == {name: digests(together)[name] for name in two}


def test_a_take_goes_on_from_a_recording_and_a_stretch_of_another_is_made_again(project: Path) -> None:
    """The files hold what was given bit for bit; ``--frozen`` builds it again without the base."""
    sound = Path("scenes/sounds/door.wav")
    sound.parent.mkdir()
    tone = (0.3 * np.sin(np.arange(9600) / 20) * 2**15).round() / 2**15
    soundfile.write(sound, tone, 16000, "PCM_16")
    rain = {"prompt": "steady rain", "engine": "audiogen", "duration": 2}
    door = {"prompt": "a door", "engine": "audiogen", "duration": 1, "continues": "sounds/door.wav"}
    scenebuild_command(write({"rain": rain}, "base"))
    scene = write({"door": door, "rain": {**rain, "redo": {"from": 0.5, "to": 1.2}}})
    first = scenebuild_command(scene)
    assert statuses(first) == {"door": "generated", "rain": "generated"}
    base, again, on = (
        soundfile.read(f"build/{name}.wav")[0]
        for name in ("base/elements/rain", "test/elements/rain", "test/elements/door")
    )
    changed = np.flatnonzero(base != again)
    assert (len(again), changed.min() >= 8000, changed.max() < 19200, len(changed) > 8000) == (32000, True, True, True)
    assert np.array_equal(on[: 9600 - 2560], tone[: 9600 - 2560])
    lock = json.loads(Path("scenes/test.lock.json").read_text())["elements"]
    assert [len(lock[name]["made_by"]["seams_db"].split(", ")) for name in ("door", "rain")] == [1, 2]
    Path("build/test/test.wav").unlink()
    assert digests(scenebuild_command(scene, "--frozen")) == digests(first)


def test_a_folder_in_the_checkout_and_a_changed_file_of_the_cache_run_nothing(
    project: Path, hub: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    for folder in (MEDIUM, "t5-large"):
        Path(folder).mkdir(parents=True)
        for name in ("state_dict.bin", "compression_state_dict.bin", "pytorch_model.bin", "spiece.model"):
            torch.save(Canary(trace), Path(folder, name))
    path = write({"rain": {"prompt": "rain", "engine": "audiogen", "duration": 0.1}})
    scenebuild_command(path)
    file = (
        hub / "hub" / f"models--{MEDIUM.replace('/', '--')}" / "snapshots" / model(MEDIUM).revision / "state_dict.bin"
    )
    good = file.read_bytes()
    try:
        file.resolve().write_bytes(good[:-100] + b"?" + good[-99:])
        refused = scenebuild_command(path, "--force", code=3)
        assert "refused, nothing was loaded: state_dict.bin" in refused["scenes"][0]["errors"][0]
        torch.save(Canary(trace), file.resolve())
        scenebuild_command(path, "--force", code=3)
    finally:
        file.resolve().write_bytes(good)
    assert not trace.exists()


def test_without_weights_the_message_says_what_to_type(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(project / "empty"))
    path = write({"rain": {"prompt": "rain", "engine": "audiogen"}})
    command = [str(Path(sys.executable).parent / "scenebuild"), path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "AudioGen cannot be used here: facebook/audiogen-medium is not here" in done.stderr
    assert "type: scenebuild models fetch facebook/audiogen-medium" in done.stderr


def test_a_device_that_is_not_there_or_none_is_said(project: Path) -> None:
    path = write({"rain": {"prompt": "rain", "engine": "audiogen", "duration": 0.1}})
    if not torch.cuda.is_available():
        refused = scenebuild_command(path, "--device", "cuda", code=1)
        assert "--device cuda: " in refused["scenes"][0]["errors"][0]
    command = [str(Path(sys.executable).parent / "scenebuild"), path, "--device", "abacus"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--device: 'abacus' is not a device; write auto, cpu, cuda, cuda:1 or mps" in done.stderr


# Checkpoints of the user's own


def fetched(name: str) -> str:
    """The revision that fetching says."""
    return fetch(name).split(" at ")[-1].split(";")[0].strip()


def register(folder: Path, licence: str = "CC0-1.0") -> Path:
    file = Path(user_file())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[models.my-rain]\npath = "{folder}"\nbase = "{MEDIUM}"\nlicence = "{licence}"\n')
    return file


def fetch(name: str) -> str:
    command = [str(Path(sys.executable).parent / "scenebuild"), "models", "fetch", name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_checkpoint_of_ones_own_from_training_to_another_machine(project: Path, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "my rain", AUDIOGEN, seed=5)
    configuration = register(folder)
    path = write(
        {
            "rain": {"prompt": "rain", "model": "my-rain", "duration": 0.2, "seed": 1},
            "other": {"prompt": "rain", "engine": "audiogen", "duration": 0.2, "seed": 1},
        }
    )
    asked = subprocess.run(
        [str(Path(sys.executable).parent / "scenebuild"), path, "--engine", "audiogen"], capture_output=True, text=True
    )
    assert asked.returncode == 1
    assert "my-rain is registered, but its bytes were never recorded; type: scenebuild models fetch" in asked.stderr
    revision = fetched("my-rain")
    first = scenebuild_command(path)
    assert (first["generated"], statuses(first)) == (2, {"rain": "generated", "other": "generated"})
    assert digests(first)["rain"] != digests(first)["other"]  # other weights, else the same action
    lock = json.loads(Path("scenes/test.lock.json").read_text(encoding="utf-8"))["elements"]
    rain = lock["rain"]
    assert (rain["model"], rain["revision"], rain["licence"]) == ("my-rain", revision, "CC-BY-NC-4.0")
    assert (lock["other"]["model"], lock["other"]["licence"]) == (MEDIUM, "CC-BY-NC-4.0")
    assert soundfile.SoundFile("build/test/elements/rain.wav").copyright == "CC-BY-NC-4.0"  # as its base
    assert soundfile.SoundFile("build/test/test.wav").copyright == "CC-BY-NC-4.0"  # the mix has the strictest
    assert "`my-rain`" in Path("build/test/README.md").read_text(encoding="utf-8")
    assert scenebuild_command(path)["scenes"][0]["status"] == "up-to-date"

    # The flag makes the other one with it as well: the same action, so the same take.
    flagged = scenebuild_command(path, "--model", "my-rain")
    assert flagged["generated"] == 0
    assert set(digests(flagged).values()) == {digests(first)["rain"]}
    scenebuild_command(path)

    # A machine that has no registration, but the store.
    configuration.unlink()
    frozen = scenebuild_command(path, "--frozen")
    assert (frozen["generated"], digests(frozen), set(statuses(frozen).values())) == (0, digests(first), {"locked"})
    # And one that has neither.
    elsewhere = scenebuild_command(path, "--store", str(tmp_path / "empty"), "--force", code=1)
    words = " ".join(elsewhere["errors"])
    assert "AudioGen cannot be used here: my-rain is not registered on this machine; register it in " in words

    # Another training is another take, and the manifest knows.
    register(folder)
    scenebuild_command(path)
    write_checkpoint(folder, AUDIOGEN, seed=6)
    assert fetched("my-rain") != revision
    trained = scenebuild_command(path)
    assert (trained["generated"], statuses(trained)["rain"]) == (1, "generated")
    assert digests(trained)["rain"] != digests(first)["rain"]


# What planning knows


def test_the_state_says_what_is_missing(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine("audiogen").state().ready
    assert engine("musicgen").state(STEREO).ready
    other = engine("musicgen").state()
    assert not other.ready
    assert other.advice == "type: scenebuild models fetch facebook/musicgen-small"
    monkeypatch.setattr(
        scenebuild.engines.audiocraft, "find_spec", lambda name: None if name in ("torch", "audiocraft") else object()
    )
    bare = engine("audiogen").state()
    assert (bare.ready, bare.reason, bare.advice) == (
        False,
        "the AudioGen set is not installed (no torch, audiocraft)",
        "type: make audiogen",
    )


def test_facts_follow_from_the_model() -> None:
    def told(facts: EngineFacts) -> Sequence[object]:
        return facts.default_model, facts.sample_rate, facts.channels, facts.longest_take_s, facts.licence

    assert told(facts_for("audiogen")) == (MEDIUM, 16000, 1, 10.0, "CC-BY-NC-4.0")
    assert told(facts_for("musicgen", "musicgen-stereo-small")) == (STEREO, 32000, 2, 30.0, "CC-BY-NC-4.0")
