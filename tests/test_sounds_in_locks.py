"""Takes made from sounds in plans, locks and the store: what is up to date, and which base a stretch has."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from scenebuild.cli import run as scenebuild_
from scenebuild.engines import Action
from scenebuild.plan.lockfile import LockEntry, parse_lock, write_lock_text
from scenebuild.review.textconv import text_of
from scenebuild.store import LocalStore
from scenebuild.watch.inputs import watched
from sound_scenes import (
    ELEMENTS,
    PATH,
    Heard,
    calls,
    lock,
    mistakes,
    ring,
    run,
    samples_of,
    scenes,
    steps,
    write,
)

__all__ = ["calls", "scenes"]


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
