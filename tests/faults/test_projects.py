"""Each scene is built by the configuration and with the store of its own project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenebuild.cli import run

SCENE = "name: {name}\nelements:\n  rain: {{prompt: rain on leaves, duration: 0.3}}\nmix: {{duration: 0.3}}\n"
Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Projects side by side, each with one scene: ``make("mine", 'engine = "sketch"')`` is the path of its scene."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCENEBUILD_STORE")

    def made(name: str, configuration: str = 'engine = "sketch"\nstore = "takes"') -> str:
        Path(name, "scenes").mkdir(parents=True)
        Path(name, "scenebuild.toml").write_text(configuration)
        scene = Path(name, "scenes", f"{name}.yaml")
        scene.write_text(SCENE.format(name=name))
        return str(scene)

    return made


def manifest(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name, "build", name, "manifest.json").read_text())
    return found


def edited_project(make: Make) -> list[str]:
    """A project before and after an edit of its scene, in ``old`` and ``new``."""
    scenes = []
    for name, prompt in (("old", "rain on leaves"), ("new", "rain on a tin roof")):
        make(name)
        scene = Path(name, "scenes", f"{name}.yaml").rename(Path(name, "scenes", "x.yaml"))
        scene.write_text(SCENE.format(name="x").replace("rain on leaves", prompt))
        scenes.append(str(scene))
    return scenes


def keys(store: str) -> set[str]:
    return {path.name for path in Path(store, "actions").rglob("*.json")}


def configure(folder: Path, text: str) -> None:
    folder.joinpath("scenebuild").mkdir(parents=True)
    folder.joinpath("scenebuild", "config.toml").write_text(text)


def test_each_scene_of_one_command_has_the_store_of_its_own_project(make: Make) -> None:
    """The stranger's store holds other bytes under the key of my element; they are none of mine."""
    mine, theirs = make("mine"), make("theirs")
    assert run([theirs, "-q"]) == 0
    (taken,) = Path("theirs/takes/objects").rglob("??/*")
    digest = json.loads(Path("theirs/scenes/theirs.lock.json").read_text())["elements"]["rain"]["digest"]
    assert taken.name == digest[2:]
    from scenebuild.audio.wav import read_wav, write_wav
    from scenebuild.store import LocalStore

    samples, rate = read_wav(str(taken))
    write_wav("other.wav", samples * 0.5, rate)
    store = LocalStore("theirs/takes")
    (key,) = store.all_keys()
    record = store.get(key)
    assert record is not None
    other = store.put(key, "other.wav", record.facts).digest
    for path in (*Path("theirs/build").rglob("*.*"), Path("theirs/scenes/theirs.lock.json")):
        path.unlink()
    assert run([theirs, mine, "-q"]) == 0
    locks = [json.loads(Path(name, "scenes", f"{name}.lock.json").read_text()) for name in ("theirs", "mine")]
    assert [lock["elements"]["rain"]["digest"] for lock in locks] == [other, digest]
    assert keys("mine/takes") == keys("theirs/takes") != set()
    assert not Path(os.environ["XDG_CACHE_HOME"], "scenebuild", "store").exists()


@pytest.mark.parametrize("together", [["p", "q"], ["q", "p"]])
def test_the_configuration_of_one_project_is_not_lent_to_another(
    make: Make, together: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make("p")
    make("q", 'engine = "audiogen"')
    scenes = [f"{name}/scenes/{name}.yaml" for name in together]
    assert run([scenes[together.index("q")], "-q"]) == 1, "there is no model here"
    alone = capsys.readouterr().err
    assert run([*scenes, "-q"]) == 1
    assert capsys.readouterr().err == alone
    assert not Path("p/build").exists(), "what nobody can make is found before anything is made"
    assert run([*scenes, "-q", "--keep-going"]) == 1
    assert not Path("q/build/q/manifest.json").exists()
    capsys.readouterr()
    assert run(["plan", "--json", scenes[together.index("p")]]) == 0
    assert json.loads(capsys.readouterr().out)["scenes"][0]["elements"][0]["engine"] == "sketch"


def test_every_verb_asks_the_project_of_the_scene(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """Called from another project, and with the folder of a project instead of a scene."""
    scene = make("p")
    make("here", 'engine = "audiogen"')
    os.chdir("here")
    for arguments in (
        [f"../{scene}"],
        ["../p"],
        ["plan", "../p"],
        ["test", "../p/scenes"],
        ["takes", "rain", f"../{scene}", "-n", "1"],
        ["validate", "--locks-only", "../p"],
    ):
        assert run([*arguments, *(["-q"] if arguments[0] != "plan" else [])]) == 0, arguments
    assert run(["plan", "--json", "../p"]) == 0
    printed = capsys.readouterr().out
    (step,) = json.loads(printed[printed.index('{\n  "version"') :])["scenes"][0]["elements"]
    assert (step["engine"], step["status"]) == ("sketch", "locked")
    assert keys("../p/takes")
    assert not Path("takes").exists()
    assert not Path("build").exists()


def test_two_projects_that_are_compared_have_their_takes_from_their_own_stores(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    for scene in edited_project(make):
        assert run([scene, "-q"]) == 0
    capsys.readouterr()
    assert run(["diff", "old", "new", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["scenes"]
    assert found["basis"] == "sound", found
    assert not Path(os.environ["XDG_CACHE_HOME"], "scenebuild", "store").exists(), "nothing was made again"
    assert run(["diff", "old", "new", "--format", "json", "--store", "one"]) == 0
    assert keys("one") == keys("old/takes") | keys("new/takes"), "a flag names one store for all"


def test_a_comparison_makes_no_store_in_a_project(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    edited_project(make)
    assert run(["diff", "old", "new", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenes"], "a take was made to be compared"
    assert not Path("old/takes").exists()
    assert not Path("new/takes").exists()


# The settings in force


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_another_configuration_of_the_user_is_no_rerun_and_the_same_values_are(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = make("p", "")
    if variable == "HOME":
        monkeypatch.delenv("XDG_CONFIG_HOME")
    below = Path(".config" if variable == "HOME" else "")
    for name, text in {
        "a": 'engine = "sketch"',
        "b": 'engine = "audiogen"',
        "c": 'engine = "sketch"  # as a\n',
    }.items():
        configure(tmp_path / name / below, text)

    def status(home: str) -> str:
        monkeypatch.setenv(variable, str(tmp_path / home))
        capsys.readouterr()
        code = run([scene, "--json"])
        return str(json.loads(capsys.readouterr().out)["scenes"][0]["status"]) if code == 0 else f"exit {code}"

    assert status("a") == "built"
    assert status("a") == "up-to-date"
    assert status("c") == "up-to-date"
    assert status("b") == "exit 1"
    assert status("none") == "built", "without a preference, the lock decides"
    assert status("a") == "built"


def test_what_was_decided_stands_in_the_manifest_and_nobody_s_home_does(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make("p", "commercial = true")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "a"))
    configure(tmp_path / "a", 'engine = "sketch"\nprecision = "fp32"')
    assert run([scene, "-q"]) == 0
    found = manifest("p")
    assert found["configured"] == {"commercial": True, "engine": "sketch", "models": "", "precision": "fp32"}
    assert os.environ["HOME"] not in json.dumps(found)


def test_the_short_way_to_say_that_nothing_is_to_do_sees_another_configuration(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scenebuild.plan.up_to_date import nothing_to_do

    scene = make("p")
    assert run([scene, "-q"]) == 0
    assert nothing_to_do([scene]) is not None
    for name in ("HOME", "XDG_CONFIG_HOME", "SCENEBUILD_ENGINE", "SCENEBUILD_KERNELS", "SCENEBUILD_TEMPLATE"):
        with monkeypatch.context() as changed:
            changed.setenv(name, str(tmp_path / "elsewhere"))
            assert nothing_to_do([scene]) is None, name
    Path(os.environ["XDG_CONFIG_HOME"], "scenebuild").mkdir(parents=True)
    own = Path(os.environ["XDG_CONFIG_HOME"], "scenebuild", "config.toml")
    own.write_text("jobs = 1")
    assert nothing_to_do([scene]) is None, "it was not there"
    own.unlink()
    assert nothing_to_do([scene]) is not None
    Path("p/pyproject.toml").touch()
    assert nothing_to_do([scene]) is None
    assert run([scene, "-q"]) == 0


def test_the_short_way_imports_neither_the_command_line_nor_what_finds_folders(make: Make) -> None:
    scene = make("p")
    assert run([scene, "-q"]) == 0
    code = (
        "import sys, json; from scenebuild.plan.up_to_date import nothing_to_do; done = nothing_to_do(sys.argv[1:]);"
        "print(json.dumps([done is not None, sorted({'click', 'platformdirs', 'tomllib', 'yaml'} & set(sys.modules))]))"
    )
    said = subprocess.run([sys.executable, "-c", code, scene], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [True, []]


def test_scenes_below_a_folder_in_capitals_have_one_project(tmp_path: Path) -> None:
    """A game's ``Scenes`` without git: outputs go beside it, as with ``scenes``."""
    from scenebuild.scene.project import project_root

    for folder in ("scenes", "Scenes", "Scenes/Level 1"):
        assert project_root(tmp_path / "game" / folder / "Wet Cave.yaml") == (tmp_path / "game").resolve()
