"""Inheritance, variants, parameters and matrices of scenes, and the messages about mistakes in them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.cli import run
from scenebuild.engines import engine
from scenebuild.errors import Place, Problem, SceneError, UsageError
from scenebuild.plan.action import action_key, action_of
from scenebuild.plan.up_to_date import nothing_to_do
from scenebuild.scene.check.rulebook import RULES
from scenebuild.scene.model import Scene
from scenebuild.scene.read import read_scene, references_in
from scenes_strategy import PIECES
from test_scene_properties import ELEMENT, NAMES, QUICK, meaning, retyped
from test_scene_properties import SCENES as WITH_BUSES

# A bus may not share its name with an element, which two scenes together would do by chance.
SCENES = WITH_BUSES.map(lambda data: {key: value for key, value in data.items() if key != "buses"})
BROKEN = Path(__file__).parent / "data" / "scenes" / "recipes"


def write(folder: Path, name: str, data: Any) -> str:
    path = folder / name
    text = data if isinstance(data, str) else yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return str(path)


def keys(scene: Scene) -> dict[str, str]:
    """The action key of each element on the sketch engine: what its take is kept under."""
    facts = engine("sketch").facts
    return {element.name: action_key(action_of(element, scene, facts)) for element in scene.elements}


def same(one: Scene, other: Scene) -> bool:
    """Whether two scenes sound alike in every respect, wherever they are written."""
    plain = [vars_of(meaning(scene)) for scene in (one, other)]
    return plain[0] == plain[1] and keys(one) == keys(other)


NOWHERE = ("path", "places", "sources", "digests")  # of the files, not of the sound


def vars_of(scene: Scene) -> dict[str, Any]:
    nowhere = {name: getattr(scene, name) for name in scene.__slots__ if name not in NOWHERE}
    nowhere["elements"] = [
        {name: getattr(element, name) for name in element.__slots__ if name != "place"} for element in scene.elements
    ]
    return nowhere


def read_all(reference: str) -> list[Scene]:
    """Every scene that a file holds."""
    return [read_scene(one) for one in references_in(reference)]


def broken(reference: str) -> str:
    with pytest.raises(SceneError) as caught:
        read_all(reference)
    return str(caught.value)


@pytest.mark.parametrize("recipe", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_each_broken_recipe_gets_its_answer(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    assert f"{broken(f'{recipe}.yaml')}\n" == Path(f"{recipe}.txt").read_text(encoding="utf-8")


def test_there_are_thirty_and_every_answer_is_a_line_with_its_place() -> None:
    assert len(list(BROKEN.glob("*.yaml"))) >= 30
    for answer in BROKEN.glob("*.txt"):
        for line in answer.read_text(encoding="utf-8").splitlines():
            place, _, message = line.partition(": ")
            assert len(place.split(":")) == 3
            assert message
            assert line.isprintable()
            assert len(line) <= 420


def test_the_rules_of_recipes_are_in_the_rulebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    found = set()
    for path in BROKEN.glob("*.yaml"):
        with pytest.raises(SceneError) as caught:
            read_all(path.name)
        found |= {problem.rule for problem in caught.value.problems}
    assert {"extends", "inherit", "parameter", "matrix"} <= found <= set(RULES)


def test_a_link_out_of_the_project_is_not_followed(project: Path) -> None:
    outside = project.parent / "outside.yaml"
    outside.write_text("name: Secret\nelements: {a: {prompt: a}}\n")
    Path("scenes/link.yaml").symlink_to(outside)
    Path("scenes/a.yaml").write_text("extends: link.yaml\n")
    assert broken("scenes/a.yaml") == (
        "scenes/a.yaml:1:10: extends: 'link.yaml' leads out of the project through a link; copy the scene file into it"
    )
    Path("scenes/pipe.yaml").unlink(missing_ok=True)
    import os

    os.mkfifo("scenes/pipe.yaml")
    Path("scenes/a.yaml").write_text("extends: pipe.yaml\n")
    assert "is a named pipe, not a file" in broken("scenes/a.yaml")


def test_a_child_changes_adds_and_removes_by_name(project: Path) -> None:
    Path("scenes/shared").mkdir()
    write(
        project,
        "scenes/shared/forest.yaml",
        {
            "name": "Forest",
            "seed": 3,
            "defaults": {"duration": 4},
            "elements": {"rain": {"prompt": "rain", "volume": 0.5, "pan": 0.2}, "birds": {"prompt": "birds"}},
            "mix": {"duration": 9, "loudness": -20},
        },
    )
    child = write(project, "scenes/night.yaml", {
        "extends": "shared/forest.yaml", "name": "Night",
        "elements": {"rain": {"gain_db": -6, "pan": None}, "birds": None, "owl": {"prompt": "an owl"}},
        "mix": {"loudness": None},
    })  # fmt: skip
    scene = read_scene(child)
    assert (scene.name, scene.seed, scene.mix.duration_s, scene.mix.loudness_lufs) == ("Night", 3, 9, None)
    rain, owl = scene.elements
    assert (rain.prompt, rain.duration_s, rain.pan.value, owl.duration_s) == ("rain", 4, 0, 4)
    assert rain.volume.value == pytest.approx(10 ** (-6 / 20)), "gain_db here takes the place of the volume there"
    assert [Path(one).name for one in scene.sources] == ["night.yaml", "forest.yaml"]


def test_places_point_into_the_file_that_holds_what_is_meant(project: Path) -> None:
    Path("scenes/forest.yaml").write_text("name: F\nelements:\n  rain:\n    prompt: rain\n    volume: 0.5\n")
    Path("scenes/a.yaml").write_text("extends: forest.yaml\nelements:\n  rain:\n    volume: 0.1\n")
    scene = read_scene("scenes/a.yaml")
    assert scene.place_of("elements", "rain", "prompt") == Place("scenes/forest.yaml", 4, 13)
    assert scene.place_of("elements", "rain", "volume") == Place("scenes/a.yaml", 4, 13)
    assert scene.elements[0].place == Place("scenes/a.yaml", 3, 3)
    Path("scenes/forest.yaml").write_text("name: F\nelements:\n  rain:\n    prompt: rain\n    start: -1\n")
    assert broken("scenes/a.yaml").startswith("scenes/forest.yaml:5:12: start: -1 is less than 0")


def test_a_recording_lies_where_the_file_says_that_names_it(project: Path) -> None:
    Path("scenes/shared/sounds").mkdir(parents=True)
    Path("scenes/shared/sounds/door.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    Path("scenes/shared/doors.yaml").write_text("name: D\nelements: {door: {file: sounds/door.wav}}\n")
    Path("scenes/a.yaml").write_text("extends: shared/doors.yaml\n")
    assert read_scene("scenes/a.yaml").elements[0].recording == str(project / "scenes/shared/sounds/door.wav")


def test_a_recording_takes_the_place_of_a_prompt_and_the_other_way_round(project: Path) -> None:
    Path("scenes/door.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    Path("scenes/f.yaml").write_text("name: F\nelements: {door: {prompt: a door, take: 3, pan: 0.5}}\n")
    Path("scenes/a.yaml").write_text("extends: f.yaml\nelements: {door: {file: door.wav}}\n")
    (door,) = read_scene("scenes/a.yaml").elements
    assert (door.prompt, door.recording, door.take, door.pan.value) == (None, str(project / "scenes/door.wav"), 1, 0.5)
    Path("scenes/b.yaml").write_text("extends: a.yaml\nelements: {door: {prompt: another door}}\n")
    (door,) = read_scene("scenes/b.yaml").elements
    assert (door.prompt, door.recording, door.pan.value) == ("another door", None, 0.5)


@QUICK
@given(data=SCENES)
def test_a_child_without_changes_has_its_parents_keys(data: dict[str, Any], tmp_path: Path) -> None:
    parent = read_scene(write(tmp_path, "parent.yaml", data))
    assert same(read_scene(write(tmp_path, "child.yaml", {"extends": "parent.yaml"})), parent)


@QUICK
@given(data=SCENES, other=SCENES, chance=st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(
    data: dict[str, Any], other: dict[str, Any], chance: random.Random, tmp_path: Path
) -> None:
    child = {"extends": "parent.yaml", **other}
    write(tmp_path, "parent.yaml", data)
    one = read_scene(write(tmp_path, "child.yaml", child))
    write(tmp_path, "parent.yaml", retyped(data, chance))
    assert same(read_scene(write(tmp_path, "child.yaml", retyped(child, chance))), one)


@QUICK
@given(data=SCENES, name=NAMES, element=ELEMENT)
def test_an_element_that_goes_and_comes_back_is_the_same(
    data: dict[str, Any], name: str, element: dict[str, Any], tmp_path: Path
) -> None:
    write(tmp_path, "whole.yaml", {**data, "elements": {**data["elements"], name: element}})
    removed = {"extends": "whole.yaml", "elements": {name: None, "other": {"prompt": "wind"}}}
    write(tmp_path, "less.yaml", removed)
    back = {"extends": "less.yaml", "elements": {name: element, "other": None}}
    if name != "other" and "other" not in data["elements"]:
        assert same(read_scene(write(tmp_path, "back.yaml", back)), read_scene(str(tmp_path / "whole.yaml")))


@QUICK
@given(data=SCENES, other=SCENES)
def test_what_is_put_together_is_put_together_already(
    data: dict[str, Any], other: dict[str, Any], tmp_path: Path
) -> None:
    """A variant is the file with its patch laid over it, as a scene that extends the file is; and twice is once."""
    patch = {key: value for key, value in other.items() if key != "version"}
    write(tmp_path, "parent.yaml", data)
    write(tmp_path, "variants.yaml", {**data, "variants": {"one": patch}})
    once = read_scene(write(tmp_path, "once.yaml", {"extends": "parent.yaml", **patch}))
    write(tmp_path, "twice.yaml", {"extends": "once.yaml", **patch})
    assert same(read_scene(str(tmp_path / "variants.yaml@one")), once)
    assert same(read_scene(str(tmp_path / "twice.yaml")), once)


FOREST = """\
name: Forest, {{ hour }}
params: {hour: noon, weather: dry}
elements:
  stream: {prompt: 'a stream, {{weather}}'}
variants:
  day: {}
  night:
    params: {hour: midnight}
    elements: {owl: {prompt: 'an owl at {{ hour }}'}}
"""


def test_variants_are_scenes_of_their_own(project: Path) -> None:
    Path("scenes/forest.yaml").write_text(FOREST)
    assert references_in("scenes/forest.yaml") == ["scenes/forest.yaml@day", "scenes/forest.yaml@night"]
    day, night = map(read_scene, references_in("scenes/forest.yaml"))
    assert (day.name, night.name) == ("Forest, noon", "Forest, midnight")
    assert [element.prompt for element in night.elements] == ["a stream, dry", "an owl at midnight"]
    assert (day.path, day.sources) == ("scenes/forest.yaml@day", ("scenes/forest.yaml",))
    assert keys(day)["stream"] == keys(night)["stream"]
    assert broken("scenes/forest.yaml@dya") == "scenes/forest.yaml:5:1: there is no variant 'dya'. Did you mean day?"
    Path("scenes/one.yaml").write_text("name: One\nelements: {a: {prompt: a}}\n")
    assert broken("scenes/one.yaml@day") == (
        "scenes/one.yaml:1:1: there is no variant 'day': the file holds one scene; leave out the @"
    )


def test_a_matrix_multiplies_and_set_picks(project: Path) -> None:
    Path("scenes/forest.yaml").write_text(FOREST + "matrix: {weather: [Light rain, dry], wind: [0.5]}\n")
    labels = ["day+light-rain+0-5", "day+dry+0-5", "night+light-rain+0-5", "night+dry+0-5"]
    assert references_in("scenes/forest.yaml") == [f"scenes/forest.yaml@{label}" for label in labels]
    assert references_in("scenes/forest.yaml@night") == [f"scenes/forest.yaml@{label}" for label in labels[2:]]
    assert read_scene("scenes/forest.yaml@night+dry+0-5").elements[0].prompt == "a stream, dry"
    chosen = {"weather": "hail"}
    assert references_in("scenes/forest.yaml@day", chosen) == ["scenes/forest.yaml@day+hail+0-5"]
    assert read_scene("scenes/forest.yaml@day+hail+0-5", chosen).elements[0].prompt == "a stream, hail"
    with pytest.raises(UsageError, match=r"--set wether: scenes/forest.yaml has no such parameter. Did you mean"):
        references_in("scenes/forest.yaml", {"wether": "hail"})


def test_braces_are_text_where_there_are_no_parameters(project: Path) -> None:
    Path("scenes/a.yaml").write_text("name: A\nelements: {a: {prompt: '{{ 7*7 }} {% x %} {{'}}\n")
    assert read_scene("scenes/a.yaml").elements[0].prompt == "{{ 7*7 }} {% x %} {{"
    text = "name: A\nparams: {x: '{{ y }}', y: z}\nelements: {a: {prompt: '{{ x }}'}}\n"
    Path("scenes/a.yaml").write_text(text)
    assert read_scene("scenes/a.yaml").elements[0].prompt == "{{ y }}", "a value is not looked into again"


def test_what_a_strangers_recipe_may_cost_is_bounded(project: Path) -> None:
    many = "".join(f"  e{number}: {{prompt: a, volume: 0.5}}\n" for number in range(1999))
    values = "".join(f"x-{number}: [{', '.join('1' * 9000)}]\n" for number in range(5))
    Path("scenes/b.yaml").write_text(f"extends: c.yaml\n{values}")
    Path("scenes/c.yaml").write_text(f"name: C\n{values}")
    assert broken("scenes/b.yaml") == (
        "scenes/b.yaml:1:10: extends: more than 50000 values in all files together; split the scene into several"
    )
    row = ", ".join(map(str, range(200)))
    Path("scenes/d.yaml").write_text(f"name: D\nelements:\n{many}matrix: {{n: [{row}]}}\n")
    assert broken("scenes/d.yaml") == (
        "scenes/d.yaml:2002:1: 200 scenes of this file have more than 1000000 values; split the file"
    )
    axes = ", ".join(f"p{number}: [{'long ' * 8}]" for number in range(8))
    Path("scenes/e.yaml").write_text(f"name: E\nelements: {{a: {{prompt: a}}}}\nmatrix: {{{axes}}}\n")
    assert broken("scenes/e.yaml") == (
        "scenes/e.yaml:3:1: matrix: @long-long-long-long-long-long-long-long+… has more than 150 characters; "
        "remove some values"
    )


def calls(reference: str, *options: str) -> dict[str, Any]:
    """What a build of it says, as --json has it."""
    import contextlib
    import io
    import json

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["build", reference, "--json", "-q", *options]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


SHORT = """\
name: Forest
params: {hour: noon}
defaults: {duration: 0.3}
elements:
  stream: {prompt: a stream}
  wind: {prompt: 'wind, {{ hour }}'}
variants:
  day: {elements: {birds: {prompt: songbirds}}}
  night: {params: {hour: midnight}, elements: {owl: {prompt: an owl}}}
"""


def test_variants_build_share_takes_and_stand_side_by_side(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/forest.yaml").write_text(SHORT)
    assert run(["plan", "scenes/forest.yaml"]) == 0
    planned = capsys.readouterr().out
    assert "  miss    stream  sketch    new element; shared with forest@day\n" in planned
    assert planned.count("miss") - planned.count("shared with") == 5
    built = calls("scenes/forest.yaml")
    assert built["generated"] == 5, "the plan's count, and one call of the engine a take"
    made = [one["status"] for scene in built["scenes"] for one in scene["elements"]].count("generated")
    assert made == 5, "a take that two scenes share was made for the first of them"
    assert [one["mix"] for one in built["scenes"]] == [
        "build/forest@day/forest@day.wav",
        "build/forest@night/forest@night.wav",
    ]
    assert sorted(path.name for path in Path("scenes").iterdir()) == [
        "forest.yaml",
        "forest@day.lock.json",
        "forest@night.lock.json",
    ]
    page = Path("build/forest/README.md").read_text()
    assert "[day](../forest%40day/README.md)" in page
    assert "[night](../forest%40night/README.md)" in page
    assert calls("scenes/forest.yaml@night", "--frozen")["generated"] == 0


def test_a_rerun_of_variants_reads_no_scene(project: Path) -> None:
    Path("scenes/forest.yaml").write_text(SHORT)
    calls("scenes/forest.yaml")
    assert nothing_to_do(["scenes/forest.yaml"]) == [
        ("scenes/forest.yaml@day", "build/forest@day/forest@day.wav"),
        ("scenes/forest.yaml@night", "build/forest@night/forest@night.wav"),
    ]
    assert nothing_to_do(["scenes/forest.yaml@day"]) == [("scenes/forest.yaml@day", "build/forest@day/forest@day.wav")]
    Path("scenes/forest.yaml").write_text(SHORT.replace("noon", "eight"))
    assert nothing_to_do(["scenes/forest.yaml"]) is None


def test_a_changed_parent_is_seen_by_the_next_run(project: Path) -> None:
    Path("scenes/base.yaml").write_text("name: A\nelements: {a: {prompt: rain, duration: 0.2}}\n")
    Path("scenes/child.yaml").write_text("extends: base.yaml\nname: Child\n")
    calls("scenes/child.yaml")
    assert calls("scenes/child.yaml")["scenes"][0]["status"] == "up-to-date"
    Path("scenes/base.yaml").write_text("name: A\nelements: {a: {prompt: wind, duration: 0.2}}\n")
    assert calls("scenes/child.yaml")["generated"] == 1


def test_set_builds_beside_the_scene_and_writes_no_lock(project: Path) -> None:
    Path("scenes/a.yaml").write_text(
        "name: A\nparams: {w: rain}\ndefaults: {duration: 0.2}\nelements: {a: {prompt: '{{ w }}'}, b: {prompt: wind}}\n"
    )
    assert calls("scenes/a.yaml")["generated"] == 2
    tried = calls("scenes/a.yaml", "--set", "w=light hail")
    assert (tried["generated"], tried["scenes"][0]["scene"]) == (1, "scenes/a.yaml@light-hail")
    assert calls("scenes/a.yaml", "--set", "w=rain")["generated"] == 0, "the same text is the same take"
    assert sorted(path.name for path in Path("scenes").iterdir()) == ["a.lock.json", "a.yaml"]
    assert run(["scenes/a.yaml", "--set", "w"]) == 2
    assert run(["scenes/a.yaml", "--set", "x=1"]) == 2


def test_what_is_wrong_with_both_variants_is_said_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/forest.yaml").write_text(SHORT.replace("a stream", "soft piano music"))
    assert run(["lint", "scenes/forest.yaml", "--strict"]) == 1
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count("is music") == 1
    Path("scenes/forest.yaml").write_text(SHORT.replace("prompt: a stream", "promt: a stream"))
    assert run(["validate", "scenes/forest.yaml"]) == 1
    assert capsys.readouterr().err.count("Did you mean prompt?") == 1
    assert run(["scenes/forest.yaml"]) == 1
    assert capsys.readouterr().err.count("Did you mean prompt?") == 1


def test_a_comment_in_the_parent_silences_a_rule_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/base.yaml").write_text(
        "name: A\nelements:\n  a:\n    prompt: soft piano music  # scenebuild: ignore=prompt-music\n"
    )
    Path("scenes/child.yaml").write_text("extends: base.yaml\n\n\nname: Child\n")
    assert run(["lint", "scenes/child.yaml", "--strict"]) == 0


GROWN = """\
extends: parent.yaml
name: 'Forest, {{ hour }}'
params: {hour: noon, wind: 0.5, wet: true}
elements:
  stream: {prompt: 'a stream, {{ hour }}', volume: null, expect: {loudness: [-30, -10], onsets: [1, 9]}}
  birds: null
variants:
  day: {}
  night: {params: {hour: midnight}, elements: {owl: {prompt: 'an owl at {{ hour }}'}}, mix: {duration: 9}}
matrix: {wind: [0, 0.5], weather: [dry, wet]}
mix: {duration: 5, expect: {energy_above: {hz: 4000, share: 0.1}}}
"""
PARENT = "name: P\nelements:\n  stream: {prompt: a, volume: 0.5}\n  birds: {prompt: b}\n"


@settings(QUICK, max_examples=250)
@given(chance=st.randoms(use_true_random=False))
def test_damage_to_a_recipe_is_refused_and_never_more(chance: random.Random, tmp_path: Path) -> None:
    texts = {"grown.yaml": GROWN, "parent.yaml": PARENT}
    for _ in range(chance.randint(1, 4)):
        name = chance.choice(["grown.yaml", "grown.yaml", "parent.yaml"])
        text = texts[name]
        at = chance.randrange(len(text) + 1)
        words = [
            "null",
            "{}",
            "[]",
            "{{",
            "}}",
            "extends: grown.yaml\n",
            "@",
            "3",
            ", ",
            "variants: {a: {}}\n",
            *PIECES,
        ]
        texts[name] = text[:at] + chance.choice(words) + text[at + chance.choice([0, 0, 1, 6]) :]
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    problems = problems_in(str(tmp_path / "grown.yaml"))
    assert all(problem.message.isprintable() and problem.place.file.endswith(".yaml") for problem in problems)


def problems_in(path: str) -> tuple[Problem, ...]:
    """What is wrong with the scenes of a file; anything but a SceneError is a fault of ours and ends the test."""
    try:
        read_all(path)
    except SceneError as error:
        return error.problems
    return ()
