"""Scenes whose takes go on from a recording, follow a melody, or have a stretch made again: from the fields to the
keys, the plan, the store, the lock and the outputs."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import scenebuild.engines
import scenebuild.generate.make
from engines_for_tests import MISBEHAVING, TONE, TONE_FACTS, CountingChildren
from revisions import commit, diff, needs_git, start_repository
from scenebuild.audio.copyright import copyright_of
from scenebuild.build import build, plan
from scenebuild.cli import run as scenebuild_
from scenebuild.cli.options import Flags
from scenebuild.engines import Action, engine, facts_for
from scenebuild.errors import PolicyError, SceneError
from scenebuild.listener import Silent
from scenebuild.plan.absent_recordings import scene_without
from scenebuild.plan.action import action_key, action_of, base_action_of
from scenebuild.plan.lock_checks import findings_about_locks
from scenebuild.plan.lockfile import LockEntry, parse_lock, read_lock, write_lock_text
from scenebuild.plan.mix_licence import strictest
from scenebuild.plan.models import findings_about
from scenebuild.plan.steps import Step
from scenebuild.result import Result
from scenebuild.review.textconv import text_of
from scenebuild.scene.model import Scene
from scenebuild.scene.read import read_composed, read_scene
from scenebuild.scene.sound_prompt import Redo, SoundPrompts
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_file
from scenebuild.watch.inputs import watched
from test_plan import RAIN, SCENE

PATH = "scenes/test.yaml"
SKETCH = engine("sketch").facts
ELEMENTS: dict[str, dict[str, Any]] = {
    "door": {"prompt": "a door creaks", "duration": 1, "continues": "sounds/door.wav"},
    "rain": {"prompt": "steady rain", "duration": 1, "redo": {"from": 0.25, "to": 0.75}},
}


class Heard(Silent):
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun: dict[str, str] = {}

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, takes: Any) -> None:
        self.begun |= takes


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


def ring(path: str, seconds: float = 0.5, rate: int = 16000, pitch: float = 300.0) -> str:
    """A recording of one tone."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate), rate)
    return path


@pytest.fixture
def scenes(project: Path) -> Path:
    """A project with a recording, and the scene that goes on from it and makes a stretch of another take again."""
    ring("scenes/sounds/door.wav")
    write()
    return project


def write(engine_name: str = "sketch", /, **elements: Any) -> None:
    scene = {"name": "Test", "defaults": {"engine": engine_name}, "elements": elements or ELEMENTS}
    Path(PATH).write_text(json.dumps(scene), encoding="utf-8")


def changed(name: str, **by: Any) -> dict[str, dict[str, Any]]:
    return {**ELEMENTS, name: ELEMENTS[name] | by}


def run(*paths: str, listener: Silent | None = None, **flags: Any) -> Result:
    return build(paths or (PATH,), _settings(flags), listener or Heard())


def _settings(flags: dict[str, Any]) -> Any:
    return Flags(**{"store": os.environ["SCENEBUILD_STORE"], **flags}).settings()


def steps(**flags: Any) -> dict[str, Step]:
    return {step.name: step for step in plan((PATH,), _settings(flags))[PATH].steps}


def lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("scenes/test.lock.json").read_text(encoding="utf-8"))["elements"]
    return found


def samples_of(name: str) -> Any:
    return soundfile.read(f"build/test/elements/{name}.wav", always_2d=True, dtype="float32")[0]


def mistakes(path: str = PATH) -> list[str]:
    return [str(problem) for problem in findings_about(path)]


# Keys


def scene_of(**elements: dict[str, Any]) -> Scene:
    write("audiogen", **elements)
    return read_scene(PATH)


def action(name: str, contents: dict[str, str] | None = None, **elements: dict[str, Any]) -> Action:
    scene = scene_of(**elements)
    element = next(one for one in scene.elements if one.name == name)
    return action_of(element, scene, facts_for("audiogen", element.model), contents=contents)


def test_each_field_changes_the_key_and_what_the_engine_does_not_take_changes_none(scenes: Path) -> None:
    a, b = "a" * 64, "b" * 64
    plain = {"prompt": "a door creaks", "duration": 1}
    found = {
        "plain": action("x", x=plain),
        "continues a": action("x", {"continues": a}, x=plain | {"continues": "sounds/door.wav"}),
        "continues b": action("x", {"continues": b}, x=plain | {"continues": "sounds/door.wav"}),
        "redo": action("x", x=plain | {"redo": {"from": 0.25, "to": 0.75}}),
        "another redo": action("x", x=plain | {"redo": {"from": 0.25, "to": 0.7}}),
        "another take of the redo": action("x", x=plain | {"redo": {"from": 0.25, "to": 0.75, "take": 2}}),
        "redo of another take": action("x", x=plain | {"take": 2, "redo": {"from": 0.25, "to": 0.75}}),
        "melody": action("x", {"melody": a}, x=plain | {"model": "tone-melody", "melody": "sounds/door.wav"}),
        "the model of it": action("x", x=plain | {"model": "tone-melody"}),
        "both": action("x", {"continues": a}, x=plain | {"continues": "sounds/door.wav", "redo": {"to": 0.25}}),
    }
    keys = {name: action_key(one) for name, one in found.items()}
    assert len(set(keys.values())) == len(keys)
    ignored = action("x", {"melody": a}, x=plain | {"melody": "sounds/door.wav"})
    assert action_key(ignored) == keys["plain"], "the model does not follow it"
    assert found["redo"].redo == found["another take of the redo"].redo == keys["plain"]
    assert (found["redo"].redo_from, found["redo"].redo_to) == (4000, 12000)
    assert found["both"].redo == keys["continues a"]
    assert found["redo"] == replace(
        found["plain"], seed=found["redo"].seed, redo=keys["plain"], redo_from=4000, redo_to=12000
    )
    assert found["redo"].seed != found["plain"].seed


def test_keys_with_sounds_are_pinned(scenes: Path) -> None:
    """Keys live in stores and lockfiles for years."""
    continued = Action("sketch", "1", 48000, prompt="rain", seed=7, temperature=1.0, continues="a" * 64)
    again = replace(continued, redo="b" * 64, redo_from=100, redo_to=20000)
    assert action_key(continued) == "e199e5e914554b274d30f5fb1f3a1c2ff00356dd97da03789825f1866b7a6da5"
    assert action_key(again) == "b1629638b96887811e88a7d1259a9f3b7d3cf1da6a5fa513d84afd72172948c8"
    assert action("rain", rain=ELEMENTS["rain"]).seed == 2730358166


def test_the_path_and_the_order_of_fields_say_nothing(scenes: Path) -> None:
    shutil.copy("scenes/sounds/door.wav", "scenes/sounds/other.wav")
    before = {name: step.key for name, step in steps().items()}
    backwards = {name: dict(reversed(element.items())) for name, element in reversed(changed("door").items())}
    backwards["door"]["continues"] = "sounds/other.wav"
    backwards["rain"]["redo"] = {"to": 0.75, "take": 1, "from": 0.25}
    write(**backwards)
    assert {name: step.key for name, step in steps().items()} == before


@examples(max_examples=50, deadline=None)
@given(
    begins=st.floats(0, 0.7),
    length=st.floats(0.2, 1),
    rate=st.sampled_from([16000, 32000, 44100]),
    duration=st.floats(0.95, 2),
)
def test_a_stretch_lies_within_its_take_at_any_rate(begins: float, length: float, rate: int, duration: float) -> None:
    facts = replace(facts_for("audiogen"), sample_rate=rate)
    redo = Redo(begins, min(begins + length, duration))
    element = replace(RAIN, duration_s=duration, sound_prompts=SoundPrompts(redo=redo))
    made = action_of(element, SCENE, facts)
    assert made.frames is not None
    assert made.redo_from is not None
    assert made.redo_to is not None
    assert 0 <= made.redo_from < made.redo_to <= made.frames
    assert base_action_of(element, SCENE, facts, contents={}) == action_of(
        replace(element, sound_prompts=SoundPrompts()), SCENE, facts
    )


# Built with the sketch


def test_the_take_begins_with_the_recording_and_goes_on(scenes: Path) -> None:
    run()
    door, (recording, _) = samples_of("door"), soundfile.read("scenes/sounds/door.wav", always_2d=True)
    assert len(door) == 48000
    write(door={"prompt": "a door creaks", "duration": 1})
    run()
    alone = samples_of("door")
    assert np.array_equal(door[24000:], alone[24000:]), "behind the recording it is the sketch as it is there"
    assert not np.array_equal(door[:20000], alone[:20000])
    heard, meant = door[: 24000 - 2400 : 3, 0], recording[: len(door[: 24000 - 2400 : 3]), 0]
    assert np.abs(heard - meant)[100:-100].max() < 1e-3, "the recording as it is, at another rate"


def test_a_recording_at_the_rate_of_the_sketch_stays_to_the_bit(scenes: Path) -> None:
    ring("scenes/sounds/door.wav", rate=48000)
    run()
    kept = soundfile.read("scenes/sounds/door.wav", always_2d=True, dtype="float32")[0]
    assert np.array_equal(samples_of("door")[: 24000 - 2400], np.repeat(kept, 2, axis=1)[: 24000 - 2400])


def test_what_lies_around_the_stretch_stays_to_the_bit(scenes: Path, calls: list[str]) -> None:
    write(rain={"prompt": "steady rain", "duration": 1})
    run()
    base = samples_of("rain")
    write(rain=ELEMENTS["rain"])
    assert steps()["rain"].reason == "redo changed; 0.25 s to 0.75 s made again (the base take is in the store)"
    calls.clear()
    run()
    assert calls == ["steady rain"], "the base is not made again"
    again = samples_of("rain")
    assert np.array_equal(again[:12000], base[:12000])
    assert np.array_equal(again[36000:], base[36000:])
    assert not np.array_equal(again[12000:36000], base[12000:36000])
    write(rain=ELEMENTS["rain"] | {"redo": {"from": 0.25, "to": 0.75, "take": 2}})
    assert steps()["rain"].reason == "redo changed; 0.25 s to 0.75 s made again (the base take is in the store)"
    run()
    third = samples_of("rain")
    assert np.array_equal(third[:12000], base[:12000])
    assert not np.array_equal(third[12000:36000], again[12000:36000])


@pytest.mark.parametrize("engine_name", ["sketch", "audiogen"])
def test_a_base_that_is_not_there_is_made_first(scenes: Path, calls: list[str], engine_name: str) -> None:
    write(engine_name, **ELEMENTS)
    listener = Heard()
    assert steps()["rain"].reason == "new element; 0.25 s to 0.75 s made again (the base take is made first)"
    run(listener=listener)
    assert sorted(calls) == ["a door creaks", "steady rain", "steady rain"]
    assert sorted(listener.begun.values()) == ["door", "rain", "rain (base)"]
    again = samples_of("rain")
    write(engine_name, rain={"prompt": "steady rain", "duration": 1})
    calls.clear()
    run()
    assert calls == [], "the base is a take like any other"
    quarter = len(again) // 4
    assert np.array_equal(samples_of("rain")[:quarter], again[:quarter])
    assert np.array_equal(samples_of("rain")[-quarter:], again[-quarter:])


def test_a_base_that_another_element_plays_is_made_once(scenes: Path, calls: list[str]) -> None:
    write(plain={"prompt": "rain", "duration": 1, "seed": 3}, redo=ELEMENTS["rain"] | {"prompt": "rain", "seed": 3})
    run()
    assert calls == ["rain", "rain"]
    assert np.array_equal(samples_of("plain")[:12000], samples_of("redo")[:12000])


@pytest.mark.parametrize(("engine_name", "rate"), [("sketch", 48000), ("audiogen", 16000)])
def test_a_stretch_behind_a_recording_and_within_it(scenes: Path, engine_name: str, rate: int) -> None:
    behind, within = ELEMENTS["door"] | {"redo": {"from": 0.6}}, ELEMENTS["door"] | {"redo": {"to": 0.3}, "seed": 1}
    write(engine_name, behind=behind, within=within)
    run()
    again = {name: samples_of(name) for name in ("behind", "within")}
    write(engine_name, behind=ELEMENTS["door"], within=ELEMENTS["door"] | {"seed": 1})
    run()
    for name, kept in (("behind", slice(0, rate * 6 // 10)), ("within", slice(rate * 3 // 10, None))):
        assert np.array_equal(again[name][kept], samples_of(name)[kept])
        assert not np.array_equal(again[name], samples_of(name))


def test_a_damaged_base_is_made_again(scenes: Path, calls: list[str]) -> None:
    run()
    step = steps()["rain"]
    assert step.base is not None
    assert step.base.digest is not None
    path = Path(LocalStore(os.environ["SCENEBUILD_STORE"]).object_path(step.base.digest))
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    write(**changed("rain", redo={"from": 0.25, "to": 0.7}))
    calls.clear()
    listener = Heard()
    run(listener=listener)
    assert calls.count("steady rain") == 2
    assert any(line.endswith("its base take is made again") for line in listener.lines)


def test_a_base_that_fails_is_named(scenes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MISBEHAVING, "facts", replace(MISBEHAVING.facts, parameters=TONE_FACTS.parameters))
    write("musicgen", rain=ELEMENTS["rain"] | {"prompt": "fails"}, wind={"prompt": "wind", "duration": 1})
    (scene,) = run(keep_going=True).scenes
    told = "rain: the take of which a stretch is made again: too long for this model; shorten it"
    assert [str(error) for error in scene.errors] == [f"{PATH}:1:67: {told}"]


def test_a_melody_is_followed_by_a_model_and_left_out_of_a_sketch(scenes: Path, calls: list[str]) -> None:
    theme = {"prompt": "soft strings", "duration": 1, "model": "tone-melody", "melody": "sounds/door.wav"}
    write("audiogen", theme=theme)
    run()
    assert lock()["theme"]["melody"] == digest_file("scenes/sounds/door.wav")
    assert lock()["theme"]["licence"] == "CC-BY-NC-4.0, and the recordings' own terms"
    (scene,) = run(engine="sketch").scenes
    assert "theme: melody left out: a sketch takes none" in scene.warnings
    assert steps(engine="sketch")["theme"].told.endswith("; melody left out: a sketch takes none")
    assert steps(engine="sketch")["theme"].action.melody is None
    assert steps(engine="sketch")["theme"].licence == "CC0-1.0"


def test_auto_leaves_out_engines_that_do_not_take_the_sounds(scenes: Path) -> None:
    write("auto", theme={"prompt": "strings", "melody": "sounds/door.wav"}, door=ELEMENTS["door"])
    assert {name: step.facts.name for name, step in steps().items()} == {"theme": "sketch", "door": "audiogen"}
    write("auto", theme={"prompt": "strings", "melody": "sounds/door.wav", "model": "tone-melody"})
    assert steps()["theme"].facts.default_model == "tone-melody"


# Up to date, locks, frozen


def test_a_changed_recording_is_a_reason_to_build(scenes: Path, calls: list[str]) -> None:
    assert os.path.abspath("scenes/sounds/door.wav") in watched(PATH, "build/test"), "also before the first build"
    run()
    assert run().scenes[0].status == "up-to-date"
    ring("scenes/sounds/door.wav", pitch=500)
    assert steps()["door"].reason == "the recording sounds/door.wav changed"
    calls.clear()
    assert run().scenes[0].status == "built"
    assert calls == ["a door creaks"]
    assert run().scenes[0].status == "up-to-date"


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ({"redo": {"from": 0.25, "to": 0.7}}, "redo changed"),
        ({"redo": {"from": 0.25, "to": 0.75, "take": 2}}, "redo changed"),
        ({"redo": None}, "redo changed"),
        ({"prompt": "heavy rain"}, "prompt changed"),
        ({"seed": 5}, "seed changed"),
        ({"duration": 2}, "duration changed"),
        ({"temperature": 0.5, "redo": {"from": 0.3, "to": 0.75}}, "temperature and redo changed"),
    ],
)
def test_the_plan_names_what_changed(scenes: Path, by: dict[str, Any], reason: str) -> None:
    run()
    rain = {name: value for name, value in (ELEMENTS["rain"] | by).items() if value is not None}
    write(**{**ELEMENTS, "rain": rain})
    assert steps()["rain"].drift == reason


def test_a_recording_is_added_and_removed(scenes: Path) -> None:
    run()
    write(
        door={"prompt": "a door creaks", "duration": 1},
        rain=ELEMENTS["rain"] | {"continues": "sounds/door.wav"},
    )
    assert {name: step.drift for name, step in steps().items()} == {
        "door": "continues changed",
        "rain": "continues changed",
    }


def test_a_frozen_build_needs_the_final_take_alone(scenes: Path, calls: list[str]) -> None:
    run()
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    base = steps()["rain"].base
    assert base is not None
    assert base.digest is not None
    store.delete(base.key)
    os.unlink(store.object_path(base.digest))
    shutil.rmtree("build")
    calls.clear()
    before = Path("scenes/test.lock.json").read_bytes()
    assert run(frozen=True).scenes[0].status == "built"
    assert calls == []
    assert Path("scenes/test.lock.json").read_bytes() == before
    assert steps()["rain"].reason == "as the lock says"


def test_the_locked_base_is_the_base(scenes: Path) -> None:
    """Its record may be of other bytes of the same request, made elsewhere; the lock's are those that people know."""
    write("audiogen", rain={"prompt": "steady rain", "duration": 1})
    run()
    store, known = LocalStore(os.environ["SCENEBUILD_STORE"]), lock()["rain"]
    ring("other.wav", 1, pitch=900)
    store.put(known["key"], "other.wav", store.read(known["key"]).facts)
    write("audiogen", rain=ELEMENTS["rain"])
    base = steps()["rain"].base
    assert base is not None
    assert (base.key, base.digest) == (known["key"], known["digest"])


def test_the_lock_pins_the_base_of_a_stretch(scenes: Path, calls: list[str]) -> None:
    """Another machine makes other bytes of the base; whoever changes the stretch there gets those that people know."""
    write("audiogen", rain={"prompt": "steady rain", "duration": 1})
    run()
    base, key = lock()["rain"]["digest"], lock()["rain"]["key"]
    write("audiogen", rain=ELEMENTS["rain"])
    run()
    assert lock()["rain"]["redo_base"] == base
    store = LocalStore(os.environ["SCENEBUILD_STORE"])
    ring("other.wav", 1, pitch=900)
    store.put(key, "other.wav", store.read(key).facts)
    write("audiogen", rain={**ELEMENTS["rain"], "redo": {"from": 0.25, "to": 0.5}})
    calls.clear()
    run()
    assert (calls, lock()["rain"]["redo_base"]) == (["steady rain"], base)
    os.unlink(store.object_path(base))
    shutil.rmtree("build")
    write("audiogen", rain={**ELEMENTS["rain"], "redo": {"from": 0.5, "to": 0.75}})
    assert "the locked base take is not in the store" in steps()["rain"].reason


def other_take(name: str, seconds: float = 1) -> tuple[LocalStore, Any]:
    """Other bytes of the locked request of an element, as another machine makes them: its record in the store."""
    store, known = LocalStore(os.environ["SCENEBUILD_STORE"]), lock()[name]
    ring("other.wav", seconds, pitch=900)
    return store, store.put(known["key"], "other.wav", store.read(known["key"]).facts)


def test_a_stretch_that_was_made_of_another_base_is_made_again(scenes: Path, calls: list[str]) -> None:
    """What lies around the stretch is the base as it is now, whatever was made of the same request before."""
    plain, redo = {"prompt": "steady rain", "duration": 1}, ELEMENTS["rain"]
    for element in (plain, redo):
        write("audiogen", rain=element)
        run()
    with_first = samples_of("rain")
    write("audiogen", rain=plain)
    run()
    other_take("rain")
    os.unlink("scenes/test.lock.json")
    shutil.rmtree("build")
    run()
    base = samples_of("rain")
    write("audiogen", rain=redo)
    assert (steps()["rain"].status, steps()["rain"].digest) == ("miss", None)
    calls.clear()
    run()
    assert calls == ["steady rain"]
    assert np.array_equal(samples_of("rain")[:4000], base[:4000])
    assert not np.array_equal(samples_of("rain")[:4000], with_first[:4000])
    shutil.rmtree("build")
    assert steps()["rain"].status == "locked"
    os.unlink("scenes/test.lock.json")
    assert steps()["rain"].status == "hit"


def test_a_base_of_another_form_is_made_again_whatever_the_lock_says(scenes: Path, calls: list[str]) -> None:
    write("audiogen", rain={"prompt": "steady rain", "duration": 1})
    run()
    _, other = other_take("rain", seconds=0.4)
    text = Path("scenes/test.lock.json").read_text().replace(lock()["rain"]["digest"], other.digest)
    Path("scenes/test.lock.json").write_text(text)
    write("audiogen", rain=ELEMENTS["rain"])
    calls.clear()
    heard = Heard()
    assert run(listener=heard).scenes[0].status == "built"
    assert calls == ["steady rain"] * 2
    assert any("(6400, 16000, 1) (frames, Hz, channels), wanted" in line for line in heard.lines)


def test_the_plan_says_that_the_locked_base_is_elsewhere(scenes: Path) -> None:
    write("audiogen", rain={"prompt": "steady rain", "duration": 1})
    run()
    shutil.rmtree("build")
    store, known = LocalStore(os.environ["SCENEBUILD_STORE"]), lock()["rain"]
    os.unlink(store.object_path(known["digest"]))
    write("audiogen", rain=ELEMENTS["rain"])
    _, other = other_take("rain")
    told = "redo changed; 0.25 s to 0.75 s made again (the locked base take is not in the store; "
    assert steps()["rain"].reason == told + "another take of the same request is its base)"
    store.delete(other.key)
    assert steps()["rain"].reason == told + "another one is made first)"


def test_a_take_whose_base_a_lock_alone_vouches_for_is_for_scenes_with_that_lock(scenes: Path) -> None:
    """A stranger's lock and outputs can put bytes under the key of a base, and no scene of ours gets them."""
    write("audiogen", rain={"prompt": "steady rain", "duration": 1})
    run()
    store, other = other_take("rain")
    text = Path("scenes/test.lock.json").read_text()
    Path("scenes/test.lock.json").write_text(text.replace(lock()["rain"]["digest"], other.digest))
    store.delete(other.key)
    write("audiogen", rain=ELEMENTS["rain"])
    run()
    assert steps()["rain"].status == "locked"
    os.unlink("scenes/test.lock.json")
    assert steps()["rain"].status == "miss"


def test_every_mistake_about_sounds_is_said_at_once(scenes: Path) -> None:
    ring("scenes/sounds/long.wav", 2)
    write("audiogen", door=ELEMENTS["door"] | {"continues": "sounds/long.wav", "melody": "sounds/door.wav"})
    assert [("lasts 2 s" in one, "does not take it" in one) for one in mistakes()] == [(True, False), (False, True)]


def test_force_makes_the_stretch_again_and_keeps_its_base(scenes: Path, calls: list[str]) -> None:
    run()
    calls.clear()
    run(force_element=("rain",))
    assert calls == ["steady rain"]
    assert steps(force=True)["rain"].reason == "forced; 0.25 s to 0.75 s made again (the base take is in the store)"


def test_entries_without_sounds_stay_as_they_were(scenes: Path) -> None:
    write(wind={"prompt": "wind", "duration": 1})
    run()
    assert not {"continues", "melody", "redo", "redo_from", "redo_to"} & lock()["wind"].keys()
    before = json.dumps(lock()["wind"], sort_keys=True)
    write(wind={"prompt": "wind", "duration": 1}, **ELEMENTS)
    run()
    assert json.dumps(lock()["wind"], sort_keys=True) == before
    text = Path("scenes/test.lock.json").read_text()
    assert write_lock_text(parse_lock(text, "x")) == text
    assert {one.name for one in fields(Action)} <= {one.name for one in fields(LockEntry)}
    shown = text_of("scenes/test.lock.json")
    assert re.search(r"^  continues +[0-9a-f]{12}$", shown, re.MULTILINE)
    assert re.search(r"^  redo from +12000$", shown, re.MULTILINE)


def test_plan_json_has_the_base(scenes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenebuild_(["plan", PATH, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    door, rain = plain["scenes"][0]["elements"]
    assert plain["generated"] == 3
    assert "base" not in door
    assert rain["base"] == {"key": steps()["rain"].action.redo, "digest": None}
    run()
    assert scenebuild_(["plan", PATH, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["generated"] == 0
    assert len(plain["scenes"][0]["elements"][1]["base"]["digest"]) == 64


# Takes of the stretch


def test_takes_of_a_stretch_are_compared_and_picked(
    scenes: Path, capsys: pytest.CaptureFixture[str], calls: list[str]
) -> None:
    text = (
        "name: Test\ndefaults: {engine: audiogen}\nelements:\n  # the bed\n  rain: {prompt: steady rain, duration: 1}\n"
    )
    Path(PATH).write_text(text, encoding="utf-8")
    run()
    Path(PATH).write_text(text.replace("1}", "1, redo: {from: 0.25, to: 0.75}}"), encoding="utf-8")
    base = samples_of("rain")
    calls.clear()
    assert scenebuild_(["takes", "rain", PATH, "-n", "3", "-q"]) == 0
    assert calls == ["steady rain"] * 3, "of one base"
    made = [soundfile.read(f"build/takes/test/rain/elements/take-{number}.wav")[0] for number in (1, 2, 3)]
    assert len({one.tobytes() for one in made}) == 3
    for one in made:
        assert np.array_equal(one[:4000], base[:4000, 0])
        assert np.array_equal(one[12000:], base[12000:, 0])
    capsys.readouterr()
    assert scenebuild_(["pick", "rain", "2", PATH]) == 0
    assert capsys.readouterr().out == f"{PATH}:5: rain: redo.take: 2\n"
    assert (
        "  rain: {prompt: steady rain, duration: 1, redo: {from: 0.25, to: 0.75, take: 2}}\n" in Path(PATH).read_text()
    )
    calls.clear()
    run()
    assert calls == []
    assert np.array_equal(samples_of("rain")[:, 0], made[1].astype(np.float32))
    assert scenebuild_(["pick", "rain", "2", PATH]) == 0
    assert capsys.readouterr().out == f"{PATH}:5: rain: redo.take: 2 is there already\n"


# What people read


def test_the_readme_says_what_a_take_is_made_from(scenes: Path) -> None:
    run()
    readme = Path("build/test/README.md").read_text(encoding="utf-8")
    assert "- Goes on from: scenes/sounds/door.wav\n" in readme
    assert "- Made again: 0.25 s to 0.75 s of the take\n" in readme
    assert "- Licence: CC0-1.0, and the recordings' own terms\n" in readme


@needs_git
def test_a_diff_names_the_recordings_and_the_stretch(scenes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_repository()
    run()
    commit("one")
    ring("scenes/sounds/door2.wav", pitch=500)
    write(**{**changed("door", continues="sounds/door2.wav"), "rain": ELEMENTS["rain"] | {"redo": {"to": 0.5}}})
    run()
    commit("two")
    told = diff(capsys, "HEAD~1", "HEAD")
    assert "elements.door.continues: 'sounds/door.wav' → 'sounds/door2.wav'" in told
    assert "elements.rain.redo.to: 0.75 → 0.5" in told
    assert "door  the recording sounds/door2.wav changed;" in told
    assert "rain  redo changed;" in told
    ring("scenes/sounds/door2.wav", pitch=700)
    run()
    commit("three")
    told = diff(capsys, "HEAD~1", "HEAD")
    assert "door  the recording sounds/door2.wav changed;" in told
    assert "rain" not in told
    ring("scenes/sounds/door2.wav", pitch=900)
    commit("four, and nobody built it")
    assert "door  the recording sounds/door2.wav changed;" in diff(capsys, "HEAD~1", "HEAD")


@needs_git
def test_a_recording_that_git_lfs_keeps_elsewhere_is_no_hole_in_a_lock(scenes: Path) -> None:
    run()
    digest = digest_file("scenes/sounds/door.wav")
    assert findings_about_locks(PATH) == []
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 16044\n"
    Path("scenes/sounds/door.wav").write_text(pointer, encoding="utf-8")
    assert findings_about_locks(PATH) == []
    Path("scenes/sounds/door.wav").write_text(pointer.replace(digest, "0" * 64), encoding="utf-8")
    (found,) = findings_about_locks(PATH)
    assert found.message.startswith("door: the recording sounds/door.wav changed, and scenes/test.lock.json")


# What is refused


def test_a_misspelt_field_of_redo_is_one_mistake(scenes: Path) -> None:
    for written, told in (("form", "Did you mean from?"), ("end", "there are from, to, take")):
        write(**changed("rain", redo={written: 0.5}))
        (mistake,) = mistakes()
        assert told in mistake


def test_a_recording_over_full_scale_is_told_by_a_sketch(scenes: Path) -> None:
    soundfile.write("scenes/sounds/door.wav", 4 * soundfile.read(ring("scenes/sounds/door.wav"))[0] * 5, 16000, "FLOAT")
    heard = Heard()
    run(listener=heard)
    assert samples_of("door").max() <= 1
    report = json.loads(Path("build/test/manifest.json").read_text())
    assert "door.wav peaks 12.0 dB over full scale; it is played that much lower" in json.dumps([report, heard.lines])


def test_three_usual_mistakes_get_their_answers(scenes: Path) -> None:
    ring("scenes/sounds/long.wav", 2)
    write("sketch", door=ELEMENTS["door"] | {"continues": "sounds/long.wav"})
    told = "continues: 'long.wav' lasts 2 s, and door 1 s: nothing is left to make; write a longer duration, or a "
    assert mistakes() == [f"{PATH}:1:129: {told}shorter recording to go on from"]
    write("audiogen", theme={"prompt": "strings", "melody": "sounds/door.wav"})
    told = "melody: Tone (tone-small) does not take it; these do: audiogen with tone-melody, musicgen with tone-melody"
    assert mistakes() == [f"{PATH}:1:108: {told}"]
    write("sketch", rain=ELEMENTS["rain"] | {"redo": {"from": 0.5, "to": 8}})
    assert mistakes() == [f"{PATH}:1:142: to: 8 s is not within rain, which lasts 1 s; write at most 1"]


@pytest.mark.parametrize("by", [{"engine": "audiogen"}, {"model": "tone-small"}])
def test_a_build_refuses_what_the_engine_does_not_take(scenes: Path, by: dict[str, str]) -> None:
    write("auto", theme={"prompt": "strings", "melody": "sounds/door.wav", **by})
    with pytest.raises(SceneError, match=r"melody: Tone \(tone-small\) does not take it; these do: audiogen with"):
        run()


def test_the_flag_asks_for_an_engine_that_does_not_take_it(scenes: Path) -> None:
    with pytest.raises(
        SceneError, match=r"continues: Tone \(tone-small\) does not take it; these do: sketch, audiogen"
    ):
        run(engine="musicgen")


def test_a_recording_that_is_too_long_is_refused_before_anything_is_made(scenes: Path, calls: list[str]) -> None:
    ring("scenes/sounds/door.wav", 1)
    with pytest.raises(SceneError, match=r"'door.wav' lasts 1 s, and door 1 s: nothing is left to make"):
        run()
    assert calls == []


def test_a_recording_with_a_lower_sample_rate_than_the_take_is_told(scenes: Path) -> None:
    ring("scenes/sounds/door.wav", rate=8000)
    write("audiogen", door=ELEMENTS["door"])
    told = "continues: 'door.wav' has 8000 Hz, and the take 16000 Hz: it sounds duller up to the end of the recording; "
    assert mistakes() == [f"{PATH}:1:131: {told}record it at 16000 Hz or more"]
    write("sketch", door=ELEMENTS["door"])
    assert mistakes() == []
    ring("scenes/sounds/door.wav")
    write("audiogen", door=ELEMENTS["door"])
    assert mistakes() == []


def swap_for(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def swapped(path: Path) -> None:
        path.unlink()
        make(path)

    return swapped


@pytest.mark.parametrize("field", ["continues", "melody"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (swap_for(lambda path: None), "is not there"),
        (swap_for(lambda path: path.symlink_to("/etc/hostname")), "leads out of the project through a link"),
        (swap_for(lambda path: os.mkfifo(path)), "is a named pipe"),
        (swap_for(lambda path: path.mkdir()), "is a folder"),
        (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "is a Git LFS pointer"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"not a sound at all"), "is not audio"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "is damaged"),
        (lambda path: soundfile.write(path, np.zeros(0), 16000), "holds no sound: its length is 0; export it again"),
        (
            lambda path: soundfile.write(path, np.zeros((5000, 8)), 16000),
            "mix it down first: ffmpeg -i scenes/sounds/door.wav -ac 2 scenes/sounds/door-converted.flac",
        ),
    ],
    ids=["missing", "link", "pipe", "folder", "pointer", "empty", "text", "half", "no samples", "microphones"],
)
def test_a_recording_that_is_none_is_refused(
    scenes: Path, field: str, damage: Callable[[Path], None], told: str
) -> None:
    write("sketch", door={"prompt": "a door", "duration": 1, field: "sounds/door.wav"})
    damage(Path("scenes/sounds/door.wav"))
    (found,) = mistakes()
    assert f"{field}: " in found
    assert told in found


def test_a_recording_that_is_exchanged_while_it_is_built_fails_alone(
    scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scenebuild.generate.gather as gather
    from scenebuild.generate.orders import order_of

    def meanwhile(step: Step, maker: Any) -> Any:
        if step.name == "door":
            ring("scenes/sounds/door.wav", pitch=700)
        return order_of(step, maker)

    write("audiogen", **ELEMENTS)
    monkeypatch.setattr(gather, "order_of", meanwhile)
    (scene,) = run(keep_going=True).scenes
    told = "door: door.wav changed while it was built: it is not the file that was planned; build again"
    assert [str(error).partition(": ")[2] for error in scene.errors] == [told]
    assert LocalStore(os.environ["SCENEBUILD_STORE"]).get(steps()["door"].key) is None


def test_a_link_within_the_project_is_followed(scenes: Path) -> None:
    Path("takes").mkdir()
    shutil.move("scenes/sounds/door.wav", "takes/door.wav")
    Path("scenes/sounds/door.wav").symlink_to("../../takes/door.wav")
    assert run().scenes[0].status == "built"


def test_a_recording_that_is_not_here_is_known_by_the_lock(scenes: Path) -> None:
    """As on a reviewer's machine, where a checkout lacks the sounds."""
    run()
    digest = digest_file("scenes/sounds/door.wav")
    os.unlink("scenes/sounds/door.wav")
    scene, absent = scene_without(read_composed(PATH), PATH, read_lock("scenes/test.lock.json"))
    assert absent.contents == {os.path.abspath("scenes/sounds/door.wav"): digest}
    assert scene.elements[0].sound_prompts.continues == os.path.abspath("scenes/sounds/door.wav")
    with pytest.raises(SceneError, match="is not there"):
        scene_without(read_composed(PATH), PATH, None)


# Licences


def test_a_take_that_is_made_from_a_recording_has_its_terms_as_well(scenes: Path) -> None:
    run()
    assert lock()["door"]["licence"] == "CC0-1.0, and the recordings' own terms"
    assert lock()["rain"]["licence"] == "CC0-1.0"
    text = Path("scenes/test.lock.json").read_text(encoding="utf-8")
    assert json.loads(text)["mix"]["licence"] == "CC0-1.0, and the recordings' own terms"
    own = "CC0-1.0, and the recordings' own terms"
    assert strictest([own, "CC-BY-NC-4.0"]) == strictest(["as recorded", "CC-BY-NC-4.0"])
    assert strictest([strictest([own]), own]) == own
    run(engine="audiogen")
    assert copyright_of("build/test/elements/door.wav") == "CC-BY-NC-4.0, and the recordings' own terms"
    assert copyright_of("build/test/elements/rain.wav") == "CC-BY-NC-4.0"


def test_a_recording_does_not_make_a_take_unsaleable_and_its_own_word_is_told(scenes: Path) -> None:
    Path("scenebuild.toml").write_text("commercial = true\n")
    with soundfile.SoundFile("scenes/sounds/door.wav", "w", 16000, 1) as file:
        file.copyright = "CC-BY-NC-4.0"
        file.write(0.1 * np.sin(np.arange(8000) / 10))
    (scene,) = run().scenes
    assert any("door: the recording's copyright text is: CC-BY-NC-4.0" in warning for warning in scene.warnings)
    write("audiogen", **ELEMENTS)
    with pytest.raises(PolicyError, match="whose licence CC-BY-NC-4.0 forbids it"):
        run()
