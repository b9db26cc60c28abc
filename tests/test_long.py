"""Durations longer than one take: by continuation, by several takes, by a loop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenebuild.audio.wav import quantize, read_wav
from scenebuild.engines import engine
from scenebuild.plan.action import action_key, action_of, seed_of
from scenebuild.plan.lockfile import parse_lock
from scenebuild.scene.model import Element
from scenebuild.scene.played_part import pieces_of
from scenebuild.scene.timing import Long, Playback
from signals import RATE, level_db, noise
from test_mix import Studio, element
from test_plan import RAIN, SCENE

SKETCH = engine("sketch").facts
WINDOW = replace(SKETCH, longest_take_s=10.0)


def long(how: Long, duration_s: float, piece_s: float | None = None) -> Element:
    return replace(RAIN, duration_s=duration_s, playback=Playback(long=how, piece_s=piece_s))


@pytest.mark.parametrize(
    ("element", "pieces"),
    [
        (long("extend", 60.0), (1, 60.0)),
        (long("loop", 60.0), (1, 10.0)),
        (long("takes", 60.0), (7, 10.0)),  # 10 + 5 x 9.5 = 57.5 is not enough, 67 is
        (long("takes", 57.5), (6, 10.0)),
        (long("takes", 10.0), (1, 10.0)),
        (long("takes", 4.0), (1, 4.0)),
        (long("takes", 60.0, piece_s=20.5), (7, 10.0)),  # no longer than the engine makes
        (long("takes", 60.0, piece_s=5.0), (14, 5.0)),
    ],
)
def test_how_many_takes_there_are_and_how_long(element: Element, pieces: tuple[int, float]) -> None:
    assert pieces_of(element.duration_s or 0.0, element.playback, WINDOW.longest_take_s) == pieces


def test_an_engine_of_any_length_makes_it_in_one_go() -> None:
    assert pieces_of(60.0, Playback(long="takes"), SKETCH.longest_take_s) == (1, 60.0)
    assert pieces_of(60.0, Playback(long="takes", piece_s=8.0), SKETCH.longest_take_s) == (8, 8.0)


def test_every_take_has_dice_of_its_own_and_the_first_is_the_plain_one() -> None:
    takes = long("takes", 60.0)
    seeds = [seed_of(takes, SCENE, piece) for piece in range(7)]
    assert len(set(seeds)) == 7
    assert seeds[0] == seed_of(RAIN, SCENE)
    plain = action_key(action_of(replace(RAIN, duration_s=10.0), SCENE, WINDOW))
    assert action_key(action_of(takes, SCENE, WINDOW)) == plain
    again = replace(takes, take=2)
    assert not {seed_of(again, SCENE, piece) for piece in range(7)} & set(seeds)
    given = replace(takes, seed=5)
    assert [seed_of(given, SCENE, piece) for piece in range(2)][0] == 5
    assert len({seed_of(given, SCENE, piece) for piece in range(7)}) == 7


def test_a_longer_duration_keeps_the_takes_that_there_are() -> None:
    def keys(element: Element) -> list[str]:
        count, _ = pieces_of(element.duration_s or 0.0, element.playback, WINDOW.longest_take_s)
        return [action_key(action_of(element, SCENE, WINDOW, piece=piece)) for piece in range(count)]

    assert keys(long("takes", 60.0))[:3] == keys(long("takes", 25.0))


def test_a_lock_may_hold_further_takes_and_no_path() -> None:
    entry = {"engine": "sketch", "key": "0" * 64, "digest": "1" * 64}
    for name, good in (("rain.2", True), ("rain.02", False), ("rain.", False), ("../x.2", False), ("a.2.3", False)):
        text = json.dumps({"version": 1, "elements": {name: entry}, "mix": {}})
        if good:
            assert list(parse_lock(text, "x").elements) == [name]
        else:
            with pytest.raises(Exception, match="incomplete"):
                parse_lock(text, "x")


# In the mix


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_takes_lead_into_each_other_without_a_dip(studio: Studio) -> None:
    for number in range(3):
        studio.take("a", noise(4.0, 0.02 * (number + 1), seed=number), number=number)
    made = element("a", duration_s=10.5, normalize="loudness", playback=Playback(long="takes"))
    mixed = studio.sound(made)
    assert len(mixed) == 10.5 * RATE
    levels = [level_db(piece) for piece in np.array_split(mixed, 105)]
    assert max(levels) - min(levels) < 1.0  # takes of any level are made alike
    first, _ = read_wav(studio.sources["a"][0].path)
    gain = mixed[1000, 0] / first[1000, 0]
    assert np.abs(mixed[: 3 * RATE] - first[: 3 * RATE] * gain).max() < 1e-5


def test_one_take_is_looped_to_its_duration(studio: Studio) -> None:
    take = noise(2.0)
    studio.take("a", take)
    mixed = studio.sound(element("a", duration_s=7.0, playback=Playback(long="loop")))
    assert len(mixed) == 7 * RATE
    assert np.array_equal(quantize(mixed[: RATE * 3 // 2]), quantize(take[: RATE * 3 // 2]))
    levels = [level_db(piece) for piece in np.array_split(mixed, 70)]
    assert max(levels) - min(levels) < 0.8


def test_several_takes_backwards_are_the_same_sound_backwards(studio: Studio) -> None:
    for number in range(2):
        studio.take("a", noise(2.0, seed=number), number=number)
    forwards = element("a", duration_s=3.2, playback=Playback(long="takes", trim_from_s=0.7))
    backwards = element("a", duration_s=3.2, playback=Playback(long="takes", trim_from_s=0.7, reverse=True))
    there, back = studio.sound(forwards), studio.sound(backwards)
    assert len(there) == 2.5 * RATE
    assert np.abs(there - back[::-1]).max() < 1e-6


# In a build


def test_a_build_of_several_takes(project: Path) -> None:
    def built(fields: str) -> Any:
        text = f"name: X\nelements: {{a: {{prompt: rain, duration: 4, long: takes, piece: 1{fields}}}}}\n"
        Path("scenes/x.yaml").write_text(text)
        command = [sys.executable, "-m", "scenebuild", "scenes/x.yaml", "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    first = built("")
    assert first["generated"] == 5
    (scene,) = first["scenes"]
    assert [one["name"] for one in scene["elements"]] == ["a", "a.2", "a.3", "a.4", "a.5"]
    assert scene["duration_s"] == 4.0
    lock = parse_lock(Path("scenes/x.lock.json").read_text(), "x")
    assert len({entry.digest for entry in lock.elements.values()}) == 5
    assert built(", volume: 0.5, start: [0, 3], fade_out: 1")["generated"] == 0
    readme = Path("build/x/README.md").read_text()
    assert "Made of 5 takes of 1.0 s, each leading into the next" in readme
    frozen = subprocess.run([sys.executable, "-m", "scenebuild", "scenes/x.yaml", "--frozen"], check=False)
    assert frozen.returncode == 0
