"""An edit of a scene file changes one line and no other byte, in any YAML style."""

from __future__ import annotations

import difflib
import random
from typing import Any

import pytest

from scenebuild.errors import SceneError
from scenebuild.scene.yaml.document import parse_document
from scenebuild.scene.yaml.edit import edited, scalar
from scenebuild.scene.yaml.scalars import plain

TAKE = ("elements", "rain", "take")
LINES = "a.yaml:3:5: take: takes more than one line here; change it by hand"


def edit(text: str, value: Any = 3, field: tuple[str, ...] = TAKE) -> str:
    return edited("a.yaml", text.encode(), field, value).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("elements:\n  rain:\n    take: 1\n", "elements:\n  rain:\n    take: 3\n"),
        ("elements:\n  rain:\n    take:   12   # good\n", "elements:\n  rain:\n    take:   3   # good\n"),
        ("elements:\n  rain:\n    take:\n", "elements:\n  rain:\n    take: 3\n"),
        ("elements: {rain: {take: 1, prompt: x}}\n", "elements: {rain: {take: 3, prompt: x}}\n"),
        ("elements: {rain: {prompt: x}}\n", "elements: {rain: {prompt: x, take: 3}}\n"),
        ("elements: {rain: {prompt: x,}}\n", "elements: {rain: {prompt: x, take: 3,}}\n"),
        ("elements: {rain: {prompt: x # why\n }}\n", "elements: {rain: {prompt: x, take: 3 # why\n }}\n"),
        ("elements: {rain: {}}", "elements: {rain: {take: 3}}"),
        ("elements:\n  rain:\n    prompt: x  # why\n\n  # wind\n  wind: {prompt: y}\n",
         "elements:\n  rain:\n    prompt: x  # why\n    take: 3\n\n  # wind\n  wind: {prompt: y}\n"),
        ("elements:\n  rain:\n    prompt: >-\n      steady\n      rain\n\n# the end\n",
         "elements:\n  rain:\n    take: 3\n    prompt: >-\n      steady\n      rain\n\n# the end\n"),
        ("elements:\n  rain:\n    pan: 1\n    prompt: |\n      rain\n# the end\n",
         "elements:\n  rain:\n    pan: 1\n    take: 3\n    prompt: |\n      rain\n# the end\n"),
        ("elements:\n  rain:\n    prompt: steady\n      rain\n",
         "elements:\n  rain:\n    prompt: steady\n      rain\n    take: 3\n"),
        ("elements:\r\n  rain:\r\n    prompt: x\r\n", "elements:\r\n  rain:\r\n    prompt: x\r\n    take: 3\r\n"),
        ("\ufeffelements:\n  rain:\n    prompt: x", "\ufeffelements:\n  rain:\n    prompt: x\n    take: 3"),
        ("elements:\n  rain:\n    prompt: 'it''s: rain'\n",
         "elements:\n  rain:\n    prompt: 'it''s: rain'\n    take: 3\n"),
        ("elements:\n    rain: {prompt: \"雨 \\\"x\\\"\"}\n",
         "elements:\n    rain: {prompt: \"雨 \\\"x\\\"\", take: 3}\n"),
        ("elements:\n  'rain':\n    'take': '2'\n", "elements:\n  'rain':\n    'take': 3\n"),
    ],
)  # fmt: skip
def test_an_edit_changes_one_line(before: str, after: str) -> None:
    assert edit(before) == after


def test_an_element_is_added_behind_the_others() -> None:
    block = "elements:\n  rain:\n    prompt: rain\n\n# the mix\nmix: {duration: 3}\n"
    value = {"prompt": "wind: soft", "volume": 0.5}
    assert edit(block, value, ("elements", "wind")) == (
        'elements:\n  rain:\n    prompt: rain\n  wind:\n    prompt: "wind: soft"\n    volume: 0.5\n'
        "\n# the mix\nmix: {duration: 3}\n"
    )
    assert edit("elements: {a: {prompt: x}}\n", value, ("elements", "wind")) == (
        'elements: {a: {prompt: x}, wind: {prompt: "wind: soft", volume: 0.5}}\n'
    )


@pytest.mark.parametrize(
    ("text", "field", "answer"),
    [
        ("elements:\n  rain:\n    take: |\n      3\n", TAKE, LINES),
        ("elements:\n  rain:\n    take: [1, 2]\n", TAKE, LINES),
        ("elements: {wind: {prompt: x}}\n", TAKE, "a.yaml:1:1: take: cannot be added: the file has no fields of rain"),
        ("elements: [rain]\n", TAKE, "a.yaml:1:1: take: cannot be added: the file has no fields of rain"),
    ],
)  # fmt: skip
def test_an_edit_of_more_than_one_line_is_refused(text: str, field: tuple[str, ...], answer: str) -> None:
    with pytest.raises(SceneError) as caught:
        edit(text, 3, field)
    assert str(caught.value) == answer


def test_text_is_bare_only_where_it_stays_text() -> None:
    for text in (
        "rain",
        "soft rain",
        "no",
        "null",
        "true",
        "3",
        "1e3",
        "a: b",
        "a #b",
        "- a",
        "x,y",
        "{a}",
        "雨",
        "a ",
        "'",
    ):
        assert parse_document("a.yaml", f"a: {scalar(text)}\nb: [{scalar(text)}]\n").data == {"a": text, "b": [text]}
    assert [plain(scalar(value)) for value in (3, 0.25, True, None)] == [3, 0.25, True, None]


COMMENTS = ["", "  # a comment", " # take: 9", "\t# tab"]
PROMPTS = [
    "steady rain", '"rain: \\"heavy\\", take: 1"', "'it''s raining # hard'", '"雨の音 {take: 2}"', "rain, far away",
    ">-\n{in}steady\n{in}rain", "|\n{in}take: 4\n{in}# no comment", "rain\n{in}and wind", '"a\n{in}b"',
]  # fmt: skip
EXTRAS = ["volume: 0.5", "pan: -0.3", "'loop': true", '"start": 1', "fade_in: 0.10", "duration: 3.0", "seed: 0x10"]


def random_scene(chance: random.Random) -> tuple[str, str]:
    """A scene as somebody might write it, and the name of one of its elements."""
    names = chance.sample(["rain", "wind", "birds", "far_dog", "808"], chance.randint(1, 4))
    newline = chance.choice(["\n", "\n", "\n", "\r\n"])
    indent = chance.choice(["  ", "    ", " "])
    lines = [f"# {chance.choice(['a scene', 'elements: {}'])}", f"name: {chance.choice(['Rain', repr('A: b')])}"]
    if chance.random() < 0.3:
        flow = [f"{name}: {flow_element(chance)}" for name in names]
        gap = chance.choice([", ", ",\n  ", ", # next\n  "])
        lines += ["elements: {" + gap.join(flow) + chance.choice(["", ",", " "]) + "}"]
    else:
        lines += [f"elements:{chance.choice(COMMENTS[:2])}"]
        for name in names:
            lines += block_element(name, indent, chance)
    lines += chance.choice([[], ["mix:", "  duration: 30  # half a minute"], ["", "# the end"]])
    text = "\n".join(lines) + chance.choice(["\n", "\n", ""])
    return text.replace("\n", newline), chance.choice(names)


def flow_element(chance: random.Random) -> str:
    parts = [f"prompt: {chance.choice(PROMPTS[1:4])}", *chance.sample(EXTRAS, chance.randint(0, 3))]
    parts += ["take: 7"] * (chance.random() < 0.5)
    chance.shuffle(parts)
    return "{" + ", ".join(parts) + "}"


def block_element(name: str, indent: str, chance: random.Random) -> list[str]:
    if chance.random() < 0.3:
        return [f"{indent}{name}: {flow_element(chance)}{chance.choice(COMMENTS[:2])}"]
    inner = indent * 2
    fields = [
        f"prompt: {chance.choice(PROMPTS).replace('{in}', inner + '  ')}",
        *chance.sample(EXTRAS, chance.randint(0, 3)),
    ]
    fields += [f"take: {chance.randint(1, 20)}"] * (chance.random() < 0.5)
    chance.shuffle(fields)
    lines = [f"{indent}{name}:"]
    for one in fields:
        lines += [f"{inner}# {chance.choice(['note', 'take: 3'])}"] * (chance.random() < 0.2)
        lines += [""] * (chance.random() < 0.1)
        lines += [f"{inner}{one}" + ("" if "\n" in one else chance.choice(COMMENTS[:3]))]
    return lines + [""] * (chance.random() < 0.2)


@pytest.mark.parametrize("seed", range(200))
def test_a_pick_changes_one_line_of_any_scene(seed: int) -> None:
    text, name = random_scene(random.Random(seed))
    field = ("elements", name, "take")
    had = "take" in parse_document("a.yaml", text).data["elements"][name]
    after = edited("a.yaml", text.encode(), field, 31).decode()
    removed, added = changed(text, after)
    in_place = had or removed  # a line of a flow style element, or the last line of a file that ended without an end
    assert (len(removed), len(added)) == ((1, 1) if in_place else (0, 1)), (removed, added)
    assert "31" in "".join(added)
    meant = parse_document("a.yaml", text).data
    meant["elements"][name]["take"] = 31
    assert parse_document("a.yaml", after).data == meant
    assert edited("a.yaml", after.encode(), field, 31) == after.encode(), "again is no change"


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [one[2:] for one in lines if one.startswith("- ")], [one[2:] for one in lines if one.startswith("+ ")]
