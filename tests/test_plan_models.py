"""Models that are registered on one machine: named in a scene, and known to other machines from the lock."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scenebuild.build import plan
from scenebuild.cli import run
from scenebuild.cli.options import Flags
from scenebuild.config import REGISTERED_EXAMPLE, user_file
from scenebuild.engines import EngineState, action_facts, audiocraft, engine
from scenebuild.engines.audiocraft.hub.manifest import Fingerprint, record_path, write_record
from scenebuild.engines.audiocraft.hub.models import MODELS
from scenebuild.store import LocalStore

LISTED = ", ".join(one.id for one in MODELS)
SCENE = "scenes/x.yaml"


@pytest.fixture(autouse=True)
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "1000")


@pytest.fixture
def store() -> LocalStore:
    return LocalStore(os.environ["SCENEBUILD_STORE"])


def register(name: str = "my-rain", base: str = "facebook/audiogen-medium", licence: str = "CC0-1.0") -> None:
    file = Path(user_file())
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as config:
        config.write(f'[models.{name}]\npath = "/x/{name}"\nbase = "{base}"\nlicence = "{licence}"\n')


def record(name: str = "my-rain", bytes_like: str = "a") -> None:
    """As ``models fetch`` does with files of its own that are there."""
    write_record(name, "own", {"state_dict.bin": Fingerprint(bytes_like * 64, 1)})


def write(**fields: Any) -> None:
    Path(SCENE).write_text(json.dumps({"name": "X", "elements": {"rain": {"prompt": "rain on a roof", **fields}}}))


def planned(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    """The plan of the one element."""
    capsys.readouterr()
    assert run(["plan", SCENE, "--json", *flags]) == 0
    element: dict[str, Any] = json.loads(capsys.readouterr().out)["scenes"][0]["elements"][0]
    return element


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 1) -> str:
    capsys.readouterr()
    assert run([*words]) == code
    return capsys.readouterr().err


def lock_it(store: LocalStore, tmp_path: Path, *, keep: bool = True) -> str:
    """The lock, and the take in the store, as the machine leaves them where the checkpoint is registered: the key."""
    step = plan([SCENE], Flags(store=store.root).settings())[SCENE].steps[0]
    sound = tmp_path / "take.wav"
    sound.write_bytes(b"a sound")
    made = store.put(step.key, str(sound), {"licence": "CC0-1.0"}) if keep else None
    digest = made.digest if made else "d" * 64
    entry = {**action_facts(step.action), "key": step.key, "digest": digest, "channels": 1, "licence": "CC0-1.0"}
    Path("scenes/x.lock.json").write_text(json.dumps({"version": 1, "elements": {"rain": entry}, "mix": {}}))
    return step.key


def forget() -> None:
    """Now this is the machine of somebody who never registered anything."""
    Path(user_file()).unlink()


# Names in a scene


def test_a_registered_name_is_valid_and_an_unknown_one_is_answered(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(model="my-rain")
    assert refused(capsys, "validate", SCENE) == (
        f"{SCENE}:1:74: model: there is no model 'my-rain' here. There are: {LISTED}; a checkpoint of your own is "
        f"registered in {user_file()}; --model NAME builds with another one\n"
    )
    register()
    assert run(["validate", SCENE]) == 0
    assert run(["lint", SCENE]) == 0
    write(model="my-rian")
    words = refused(capsys, "validate", SCENE)
    assert "there is no model 'my-rian' here. Did you mean my-rain? There are: facebook/audiogen-medium, " in words
    assert "musicgen-stereo-melody-large, my-rain; a checkpoint" in words
    assert refused(capsys, "plan", SCENE) == words == refused(capsys, SCENE)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("audiogen-mediun", "facebook/audiogen-medium"), ("musicgen-smal", "facebook/musicgen-small"),
     ("musicgen-stereo-medum", "facebook/musicgen-stereo-medium")],
)  # fmt: skip
def test_what_was_meant_is_found_under_the_end_of_a_name(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, meant: str
) -> None:
    write(model=name)
    assert f"there is no model {name!r} here. Did you mean {meant}? There are: " in refused(capsys, "validate", SCENE)


def test_the_end_of_a_name_is_a_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(model="audiogen-medium", engine="audiogen")
    short = planned(capsys)["key"]
    write(model="facebook/audiogen-medium", engine="audiogen")
    assert planned(capsys)["key"] == short


@pytest.mark.parametrize("name", ["./my-rain", "/x/my-rain", "~/my-rain", "my rain", "My-Rain", "facebook/other", "..",
                                  "my-rain/", "C:/x", "-", "a" * 65, ""])  # fmt: skip
def test_a_scene_never_names_a_path(project: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    register()
    write(model=name)
    words = refused(capsys, "validate", SCENE)
    listed = "facebook/audiogen-medium or another of 'scenebuild models list'"
    allowed = f"write {listed}, or the name of a registered checkpoint"
    assert f"{SCENE}:1:74: model: {name!r} is no model; {allowed} (a-z, 0-9, _ and -)." in words


def test_a_model_of_another_engine_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register()
    write(engine="musicgen", model="my-rain")
    words = refused(capsys, "validate", SCENE)
    assert words.startswith(f"{SCENE}:1:96: model: musicgen has no model 'my-rain'; it has: facebook/musicgen-small, ")
    assert refused(capsys, "plan", SCENE) == words


def test_every_unknown_model_is_said_at_once_and_one_of_the_defaults_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elements = {"a": {"prompt": "a"}, "b": {"prompt": "b"}, "c": {"prompt": "c", "model": "third"}}
    Path(SCENE).write_text(json.dumps({"name": "X", "defaults": {"model": "first"}, "elements": elements}))
    for verb in ("validate", "plan"):
        lines = refused(capsys, verb, SCENE).splitlines()
        assert [line.split(" here. ")[0] for line in lines] == [
            f"{SCENE}:1:37: model: there is no model 'first'",
            f"{SCENE}:1:134: model: there is no model 'third'",
        ]


def test_sarif_knows_the_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(model="my-rain")
    assert run(["validate", SCENE, "--format", "sarif"]) == 1
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"][0]["ruleId"] == "model-unknown"


def test_the_lint_knows_whose_a_registered_model_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register("my-song", "facebook/musicgen-small")
    register("my-rain")
    for name, warned in (("my-song", False), ("my-rain", True), ("musicgen-small", False), ("audiogen-medium", True)):
        Path(SCENE).write_text(
            json.dumps({"name": "X", "elements": {"a": {"prompt": "a soft piano melody", "model": name}}})
        )
        assert run(["lint", SCENE]) == 0
        assert ("musicgen" in capsys.readouterr().out) is warned, name


# Keys, locks and machines


def test_the_key_is_of_the_bytes_that_are_recorded(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register()
    write(engine="audiogen", model="my-rain")
    keys = [planned(capsys)["key"]]
    for bytes_like in ("a", "b"):
        record(bytes_like=bytes_like)
        keys.append(planned(capsys)["key"])
    write(engine="audiogen")
    keys.append(planned(capsys)["key"])
    assert len(set(keys)) == 4
    record(bytes_like="a")
    write(engine="audiogen", model="my-rain")
    assert planned(capsys)["key"] == keys[1]


@pytest.mark.parametrize("engine", [None, "audiogen"])
@pytest.mark.parametrize("elsewhere", ["not registered", "not recorded"])
def test_a_locked_take_needs_no_registration(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    store: LocalStore,
    tmp_path: Path,
    engine: str | None,
    elsewhere: str,
) -> None:
    register()
    record()
    fields = {"model": "my-rain"} | ({"engine": engine} if engine else {})
    write(**{**fields, "engine": "audiogen"})
    key = lock_it(store, tmp_path)
    write(**fields)
    if elsewhere == "not registered":
        forget()
    else:
        Path(record_path("my-rain", "own")).unlink()
    for flags in ((), ("--frozen",)):
        found = planned(capsys, *flags)
        assert (found["key"], found["status"], found["engine"]) == (key, "locked", "audiogen")
    assert run(["validate", SCENE]) == 0
    assert run(["lint", SCENE]) == 0


def test_what_only_the_lock_knows_can_not_be_made_anew(
    project: Path, capsys: pytest.CaptureFixture[str], store: LocalStore, tmp_path: Path
) -> None:
    register()
    record()
    write(engine="audiogen", model="my-rain")
    lock_it(store, tmp_path)
    forget()
    write(engine="audiogen", model="my-rain", temperature=1.1)
    found = planned(capsys)
    assert found["status"] == "miss"
    assert found["reason"].startswith("temperature changed; engine: AudioGen cannot be used here: ")
    assert "temperature changed; --frozen builds only what the lock says" in refused(
        capsys, "plan", SCENE, "--frozen", code=3
    )


def test_the_obstacle_says_where_to_register(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiocraft, "find_spec", lambda name: object())
    state = engine("audiogen").state("my-rain")
    assert (state.ready, state.reason) == (False, "my-rain is not registered on this machine")
    assert state.advice == f"register it in {user_file()}, for example: {REGISTERED_EXAMPLE}"


@pytest.mark.parametrize(
    "wrong", [{"revision": "../../x"}, {"revision": ""}, {"channels": 9}, {"licence": "x" * 401}, {"model": "other"},
              {"engine": "musicgen"}]
)  # fmt: skip
def test_a_strangers_lock_is_not_believed_for_long(
    project: Path, capsys: pytest.CaptureFixture[str], store: LocalStore, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    register()
    record()
    write(engine="audiogen", model="my-rain")
    lock_it(store, tmp_path)
    forget()
    lock = json.loads(Path("scenes/x.lock.json").read_text())
    lock["elements"]["rain"].update(wrong)
    Path("scenes/x.lock.json").write_text(json.dumps(lock))
    assert "there is no model 'my-rain' here" in refused(capsys, "plan", SCENE)


# The licence


def test_the_policy_asks_for_the_stricter_of_registration_and_base(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("scenebuild.toml").write_text("commercial = true\n")
    register(licence="CC0-1.0")
    register("my-other-rain", licence="openrail")
    for model, licence in (("my-rain", "CC-BY-NC-4.0"), ("my-other-rain", "CC-BY-NC-4.0 and openrail")):
        write(engine="audiogen", model=model)
        said = refused(capsys, "plan", SCENE, code=3)
        assert f"the take is of AudioGen ({model}), whose licence {licence} forbids it" in said


def test_the_policy_asks_for_the_licence_in_the_lock_where_nothing_is_registered(
    project: Path, capsys: pytest.CaptureFixture[str], store: LocalStore, tmp_path: Path
) -> None:
    register(licence="CC-BY-NC-4.0")
    record()
    write(engine="audiogen", model="my-rain")
    lock_it(store, tmp_path, keep=False)
    lock = json.loads(Path("scenes/x.lock.json").read_text())
    lock["elements"]["rain"]["licence"] = "CC-BY-NC-4.0"
    Path("scenes/x.lock.json").write_text(json.dumps(lock))
    forget()
    Path("scenebuild.toml").write_text("commercial = true\n")
    assert "whose licence CC-BY-NC-4.0 forbids it" in refused(capsys, "plan", SCENE, code=3)


# The flag


def test_the_flag_overrides_what_its_engine_makes_and_nothing_else(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    register()
    record()
    elements = {
        "plain": {"engine": "audiogen"}, "named": {"engine": "audiogen", "model": "facebook/audiogen-medium"},
        "music": {"engine": "musicgen", "model": "musicgen-large"}, "drawn": {"engine": "sketch"}, "free": {},
    }  # fmt: skip
    scene = {"name": "X", "elements": {name: {"prompt": "rain", **fields} for name, fields in elements.items()}}
    Path(SCENE).write_text(json.dumps(scene))

    def models(**settings: Any) -> dict[str, str | None]:
        found = plan([SCENE], Flags(store=os.environ["SCENEBUILD_STORE"], **settings).settings())[SCENE]
        return {step.element.name: step.action.model for step in found.steps}

    medium, large = "facebook/audiogen-medium", "facebook/musicgen-large"
    before = {"plain": medium, "named": medium, "music": large, "drawn": None, "free": None}
    assert models() == before
    assert models(model="my-rain") == {**before, "plain": "my-rain", "named": "my-rain"}
    assert models(model="musicgen-medium") == {**before, "music": "facebook/musicgen-medium"}
    assert models(model="my-rain", engine="audiogen") == dict.fromkeys(before, "my-rain")
    monkeypatch.setattr(audiocraft.AudiocraftEngine, "state", lambda self, model=None: EngineState(True))
    assert models(model="my-rain")["free"] == "my-rain"
    capsys.readouterr()
    monkeypatch.setenv("SCENEBUILD_MODEL", "my-rain")
    assert run(["plan", SCENE, "--json"]) == 0
    by_environment = [one["key"] for one in json.loads(capsys.readouterr().out)["scenes"][0]["elements"]]
    monkeypatch.delenv("SCENEBUILD_MODEL")
    assert run([SCENE, "--dry-run", "--model", "my-rain", "--json"]) == 0
    assert [one["key"] for one in json.loads(capsys.readouterr().out)["scenes"][0]["elements"]] == by_environment


def test_the_flag_stands_in_for_a_model_that_is_not_registered(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for fields in ({"engine": "audiogen"}, {}):
        write(model="my-rain", **fields)
        refused(capsys, "plan", SCENE)
        assert planned(capsys, "--model", "audiogen-medium")["engine"] == fields.get("engine", "sketch")


def test_a_flag_that_names_no_model_is_a_mistake_of_usage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register()
    write()
    assert refused(capsys, "plan", SCENE, "--model", "my-rian", code=2) == (
        f"--model my-rian: there is no model 'my-rian' here. Did you mean my-rain? There are: {LISTED}, my-rain; "
        f"a checkpoint of your own is registered in {user_file()}\n"
    )
    assert "there is no model '../x' here" in refused(capsys, SCENE, "--model", "../x", code=2)
