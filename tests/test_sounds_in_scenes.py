"""Takes that go on from a recording, follow a melody, or have a stretch made again: their keys, and what is built."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from engines_for_tests import MISBEHAVING, TONE_FACTS
from scenebuild.engines import Action, facts_for
from scenebuild.plan.action import action_key, action_of, base_action_of
from scenebuild.scene.sound_prompt import Redo, SoundPrompts
from scenebuild.store import LocalStore
from scenebuild.store.digest import digest_file
from sound_scenes import (
    ELEMENTS,
    PATH,
    Heard,
    action,
    calls,
    changed,
    lock,
    ring,
    run,
    samples_of,
    scenes,
    steps,
    write,
)
from test_plan import RAIN, SCENE

__all__ = ["calls", "scenes"]


# Keys


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
