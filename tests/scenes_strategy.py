"""Generated scenes: valid ones that use every field, ones with a mistake, and ones whose fields were drawn one by one.

All are drawn from a ``random.Random``, Hypothesis's own or any other, so that a test shrinks what it finds and a count
over thousands costs little. A project is the data of its files; the scene to look at is ``scene.yaml``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from hypothesis import strategies as st

from scenebuild.scene.check.violations import whole_schema

SCENE = "scene.yaml"
PARENT = "_parent.yaml"
RECORDINGS = {"sounds/mono.wav": 1, "sounds/stereo.wav": 2}  # channels; each lasts RECORDED_S
RECORDED_S = 0.25
RATES = (8000, 16000, 22050, 44100, 48000)
CURVES = ("linear", "exp", "s", "hold")
# Letters of several scripts, and all that YAML, Markdown, shells and terminals take for something else.
SIGNS = "abcyno059 .,:;-_+~=#'\"{}[]()<>|%&*!?@`^$/\\éß雨の🌧א\u0301\u00a0\u3000\u200d\u202e"
WORDS = ("steady rain", "an owl, far away", "no", "1:30", "雨の音", "a: b", "- x", 'it\'s "loud"', "# not a comment")


class Dumper(yaml.SafeDumper):
    """Puts quotes around every text with a digit: PyYAML leaves them away where YAML 1.1 reads text and 1.2 a number,
    as in 09."""


Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="'" if any(map(str.isdigit, text)) else None
    ),
)
Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]


def dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False)


@dataclass
class Project:
    """The data of a scene's files by name."""

    files: dict[str, dict[str, Any]]
    mistake: str = ""  # what is wrong, for the message of a test that fails

    @property
    def scene(self) -> dict[str, Any]:
        return self.files[SCENE]

    def write(self, folder: Path) -> str:
        """Into a project in ``folder``; the path of the scene."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scenebuild.toml").touch()
        (folder / "sounds").mkdir(exist_ok=True)
        for name, channels in RECORDINGS.items():
            if not (folder / name).exists():
                wave = 0.1 * np.sin(np.arange(int(RECORDED_S * 16000)) * np.arange(1, channels + 1)[:, None] / 9).T
                soundfile.write(folder / name, wave, 16000)
        for name, data in self.files.items():
            (folder / name).write_text(dumped(data), encoding="utf-8")
        return str(folder / SCENE)


# Good scenes


@dataclass
class Author:
    """Somebody who writes a good scene with a bit of everything. Times are fractions of a second: tests build it."""

    chance: random.Random
    mix_s: float | None = None
    goes_round: bool = False
    buses: list[str] = field(default_factory=list)

    def maybe(self, share: float = 0.3) -> bool:
        return self.chance.random() < share

    def some(self, low: float, high: float) -> float:
        value = self.chance.uniform(low, high)
        short = round(value, self.chance.choice((1, 2, 4)))
        return short if low <= short <= high else value

    def scene(self) -> dict[str, Any]:
        self.mix_s = self.some(0.5, 1.5) if self.maybe(0.6) else None
        self.goes_round = self.mix_s is not None and self.maybe()
        self.buses = ["inside", "outside"][: self.chance.randint(0, 2)]
        elements = {f"e{number}": self.element(number) for number in range(self.chance.randint(1, 4))}
        elements["last"] = {"prompt": "the last word", "duration": 0.3}  # so that somebody says how long it is
        scene: dict[str, Any] = {"name": self.chance.choice(WORDS), "elements": elements}
        scene["defaults"] = {"engine": "audiogen", "duration": 0.4} | ({"fade_in": 0.02} if self.maybe() else {})
        scene["mix"] = self.mix()
        scene["buses"] = {name: self.bus() for name in self.buses}
        if self.maybe(0.4):
            scene["deliver"] = self.deliver()
        for name, value in (
            ("version", 1),
            ("description", "two\nlines"),
            ("seed", 7),
            ("policy", {}),
            ("x-mine", [1]),
        ):
            if self.maybe():
                scene[name] = value
        return scene

    def element(self, number: int) -> dict[str, Any]:
        recorded = self.maybe(0.2)
        length = RECORDED_S if recorded else self.some(0.2, 0.6)
        own: dict[str, Any] = {"file": self.chance.choice(list(RECORDINGS))} if recorded else self.made(length)
        if self.maybe(0.2):
            own["trim"] = {"from": 0.05, "to": round(length - 0.05, 4)}
            length -= 0.1
        if self.maybe(0.2):
            own["speed"] = self.chance.choice((0.5, 1, 2.0))
            length /= own["speed"]
        own |= self.time(length) | self.level() | self.strip()
        fields: dict[str, Any] = {
            "fade_in": round(length / 8, 4),
            "fade_out": round(length / 8, 4),
            "reverse": self.maybe(0.5),
            "mute": self.maybe(0.3),
            "normalize": self.chance.choice(("loudness", "peak", "none")),
            "pan": self.moving(-1, 1, curves=("linear", "s", "hold")),
            "expect": self.expect(),
        }
        own |= {name: value for name, value in fields.items() if self.maybe(0.25)}
        if self.buses and self.maybe(0.4):
            own["bus"] = self.chance.choice(self.buses)
        if number and self.maybe(0.2):
            own["duck"] = {"under": f"e{self.chance.randrange(number)}", "by": self.some(1, 20), "hold": 0}
        return own

    def made(self, length: float) -> dict[str, Any]:
        own: dict[str, Any] = {"prompt": self.chance.choice(WORDS), "duration": length}
        if self.maybe(0.1):
            own |= {"long": self.chance.choice(("takes", "loop")), "piece": 1}
        for name, value in (("seed", 3), ("take", 2), ("temperature", 0.8), ("top_k", 50)):
            if self.maybe(0.2):
                own[name] = value
        return own

    def time(self, length: float) -> dict[str, Any]:
        """One way of saying when it sounds."""
        latest = self.mix_s * 0.9 if self.mix_s is not None else 1.0
        kind = self.chance.choice(("always", "start", "starts", "repeat", "loop", "loop fields"))
        times: dict[str, dict[str, Any]] = {
            "always": {},
            "start": {"start": self.some(0, latest)},
            "starts": {"start": [0, round(latest / 2, 4)]},
            "repeat": {"repeat": {"every": round(length + 0.2, 4), "jitter": 0.1, "gap": 0.1, "count": 2}},
            "loop": {"loop": True},
            "loop fields": {"loop": {"seam": self.chance.choice(("plain", "best")), "crossfade": 0.05}},
        }
        if self.mix_s is not None and kind == "repeat" and self.maybe():
            del times["repeat"]["repeat"]["count"]
        return times[kind]

    def level(self) -> dict[str, Any]:
        kind = self.chance.choice(("", "volume", "gain_db"))
        low, high = (0.1, 2) if kind == "volume" else (-20, 3)
        return {kind: self.moving(low, high)} if kind else {}

    def moving(self, low: float, high: float, curves: tuple[str, ...] = CURVES) -> Any:
        """A number, or keyframes in order within the mix that come round where the mix does."""
        if self.maybe(0.6):
            return self.some(low, high)
        end = self.mix_s if self.mix_s is not None else 1.0
        points: list[dict[str, Any]] = [
            {"at": round(end * part / 3, 4), "value": self.some(low, high)} for part in range(3)
        ]
        for point in points:
            if self.maybe(0.5):
                point["curve"] = self.chance.choice(curves)
        points[-1]["value"] = points[0]["value"]
        return points

    def strip(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        if self.maybe(0.2):
            own["high_pass"] = self.moving(20, 500)
        if self.maybe(0.2):
            own["low_pass"] = self.moving(500, 20000)
        if self.maybe(0.15):
            own["distance"] = self.some(0.25, 100)
        if self.maybe(0.25):
            own["effects"] = self.chance.sample(EFFECTS, self.chance.randint(1, 2))
        return own

    def bus(self) -> dict[str, Any]:
        own = self.level() | self.strip()
        if self.maybe():
            own["duck"] = {"under": "last", "threshold": -30}
        return own

    def mix(self) -> dict[str, Any]:
        own: dict[str, Any] = {"sample_rate": self.chance.choice(RATES), "channels": self.chance.choice((1, 2))}
        if self.mix_s is not None:
            own["duration"] = self.mix_s
        if self.goes_round:
            own["loop"] = {"worst_seam": 60}
        for name, value in (("true_peak", -3), ("loudness", -30), ("seed", 1)):
            if self.maybe():
                own[name] = value
        if self.maybe(0.2):
            own["expect"] = self.expect()
        return own

    def expect(self) -> dict[str, Any]:
        known = {
            "loudness": [-90, 0], "duration": [0, 100], "no_silence_over": 10, "no_clipping": True, "onsets": [0, 999],
            "energy_above": {"hz": 100, "share": 0}, "loop_seam": 60, "similar_to_lock": 60,
        }  # fmt: skip
        return {name: known[name] for name in self.chance.sample(list(known), 2)}

    def deliver(self) -> list[dict[str, Any]]:
        presets = ["podcast", "broadcast", "music", "game", "game-mobile", "master"]
        presets += ["game-loop"] if self.goes_round else []
        wanted: list[dict[str, Any]] = []
        for preset in self.chance.sample(presets, self.chance.randint(1, 2)):
            one: dict[str, Any] = {"preset": preset}
            if self.maybe(0.5):
                one["name"] = f"{preset}-{len(wanted)}"
            if self.maybe(0.5):
                one["format"] = self.chance.choice(("wav", "flac", "ogg"))
                if one["format"] != "ogg" and self.maybe(0.5):
                    one["bits"] = self.chance.choice((16, 24))
            for name, value in (("limiter", True), ("channels", 1), ("loudness", -24), ("true_peak", -2)):
                if self.maybe(0.2):
                    one[name] = value
            wanted.append(one)
        return wanted


EFFECTS: list[dict[str, Any]] = [
    {"high_pass": 120},
    {"low_pass": 800.5},
    {"low_shelf": {"hz": 200, "gain_db": 3}},
    {"high_shelf": {"hz": 3000, "gain_db": -4}},
    {"peak": {"hz": 1000, "gain_db": 6, "q": 2}},
    {"reverb": {"decay": 0.2, "size": 3, "predelay": 0.01}},
    {"convolve": {"file": "sounds/stereo.wav", "wet": 0.3}},
    {"compress": {"threshold": -30, "makeup": 2}},
]
LEFT_OUT = ("pan", "reverse", "mute", "high_pass", "low_pass", "distance", "normalize", "expect", "effects")


def good_scene(chance: random.Random) -> Project:
    """A good scene of any kind: in one file, laid over another, with parameters, with variants and a matrix."""
    scene = Author(chance).scene()
    if chance.random() < 0.4:
        scene["params"] = {"weather": chance.choice(("drizzle", 3, True)), "hour": "dusk"}
        scene["name"] += " at {{ hour }}"
        scene["elements"]["last"]["prompt"] = "{{weather}} and {{ hour }}"
        if chance.random() < 0.5:
            scene["matrix"] = {"hour": ["dawn", "dusk"]}
    if chance.random() < 0.3:
        scene["variants"] = {"plain": {}, "other": _patch(scene, chance)}
    if chance.random() < 0.3:
        patch = {"seed": 8} if "variants" in scene else _patch(scene, chance)  # what one removes the other cannot
        return Project({PARENT: scene, SCENE: {"extends": PARENT, **patch}})
    return Project({SCENE: scene})


def _patch(scene: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Something that changes, something that goes, and something that is added in part."""
    patch: dict[str, Any] = {"description": "another", "elements": {}, "mix": {"true_peak": -2}}
    for name, own in scene["elements"].items():
        gone: dict[str, Any] = {field: None for field in LEFT_OUT if field in own and chance.random() < 0.5}
        if isinstance(own.get("duck"), dict) and chance.random() < 0.5:
            gone["duck"] = {"by": 3}  # the rest of it is inherited
        if gone or chance.random() < 0.2:
            patch["elements"][name] = {"volume": 0.5, **gone}
    if "description" in scene and chance.random() < 0.5:
        patch["description"] = None
    if chance.random() < 0.5:
        patch["elements"]["more"] = {"prompt": "one more", "duration": 0.2}
    return patch


GOOD = st.randoms(use_true_random=False).map(good_scene)

# Nearly good scenes: each mistake makes any good scene a bad one.

Mistake = Callable[[dict[str, Any], random.Random], None]


def _set(*way: str, value: Any) -> Mistake:
    def wrong(scene: dict[str, Any], chance: random.Random) -> None:
        place = scene
        for key in way[:-1]:
            place = place.setdefault(key, {})
        place[way[-1]] = value

    return wrong


def _added(**fields: Any) -> Mistake:
    """One more element."""
    return _set("elements", "wrong", value=fields)


MISTAKES: dict[str, Mistake] = {
    "an unknown field": _set("elements", "last", "promt", value="rain"),
    "an unknown field at the top": _set("element", value={}),
    "an unknown engine": _added(prompt="rain", engine="sketchy"),
    "a text for a number": _added(prompt="rain", volume="loud"),
    "a number for a text": _set("name", value=3),
    "a list for a set": _set("mix", value=[]),
    "nothing for a set": _set("elements", "last", "trim", value=3),
    "too loud": _added(prompt="rain", gain_db=60),
    "not finite": _added(prompt="rain", volume=float("nan")),
    "too short": _added(prompt="rain", duration=0),
    "a name that is none": _set("elements", "No Name", value={"prompt": "rain"}),
    "a device": _set("elements", "con", value={"prompt": "rain"}),
    "neither prompt nor file": _added(volume=1),
    "prompt and file": _added(prompt="rain", file="sounds/mono.wav"),
    "two volumes": _added(prompt="rain", volume=1, gain_db=-3),
    "a prompt of spaces": _added(prompt="  "),
    "a seed of a recording": _added(file="sounds/mono.wav", seed=3),
    "a file that is not there": _added(file="sounds/none.wav"),
    "a path out of the project": _added(file="../mono.wav"),
    "a loop that repeats": _added(prompt="rain", loop=True, repeat={"every": 9}),
    "a loop with two starts": _added(prompt="rain", loop={}, start=[0, 1]),
    "a trim of nothing": _added(prompt="rain", trim={"from": 2, "to": 1}),
    "more jitter than room": _added(prompt="rain", repeat={"every": 9, "jitter": 10}),
    "a gap without room": _added(prompt="rain", duration=5, repeat={"every": 5, "gap": 1}),
    "a repeat without every": _added(prompt="rain", repeat={"jitter": 1}),
    "a fade that is too long": _added(prompt="rain", duration=1, fade_in=2),
    "keyframes out of order": _added(prompt="rain", pan=[{"at": 0.2, "value": 0}, {"at": 0.1, "value": 0}]),
    "a pan by factors": _added(prompt="rain", pan=[{"at": 0, "value": 0, "curve": "exp"}]),
    "an unknown bus": _added(prompt="rain", bus="nowhere"),
    "a duck under itself": _added(prompt="rain", duck={"under": "wrong"}),
    "a duck under nobody": _added(prompt="rain", duck={"under": "nobody"}),
    "a piece of one take": _added(prompt="rain", long="extend", piece=4),
    "a model of another engine": _added(prompt="rain", engine="audiogen", model="facebook/musicgen-small"),
    "an expectation backwards": _added(prompt="rain", expect={"loudness": [-10, -20]}),
    "two effects in one": _added(prompt="rain", effects=[{"high_pass": 100, "low_pass": 200}]),
    "a preset that is none": _set("deliver", value=[{"preset": "vinyl"}]),
    "two files of one name": _set("deliver", value=[{"preset": "music"}, {"preset": "music"}]),
    "bits of an mp3": _set("deliver", value=[{"preset": "podcast", "bits": 16}]),
    "an mp3 of 96 kHz": _set("deliver", value=[{"preset": "music", "format": "mp3", "sample_rate": 96000}]),
    "a parameter that is none": _added(prompt="{{ nobody }}"),
    "a value twice in the matrix": _set("matrix", value={"hour": [1, 1.0]}),
    "another version": _set("version", value=2),
    "a control character": _set("description", value="\x1b[31m"),
    "null in a new element": _added(prompt="rain", volume=None),
}


def bad_scene(chance: random.Random) -> Project:
    """A good scene with one mistake in it."""
    project = good_scene(chance)
    project.scene.pop("variants", None)  # one of them might put it right
    project.mistake = chance.choice(list(MISTAKES))
    MISTAKES[project.mistake](project.scene, chance)
    return project


BAD = st.randoms(use_true_random=False).map(bad_scene)

# Scenes whose fields are each within their own limits, whatever stands beside them.


def wild_scene(chance: random.Random) -> Project:
    """Each value is one that its own field allows; whether they fit together is chance."""
    draw = _Fields(chance)
    schema = whole_schema()["properties"]
    scene = draw.fields(schema, left_out=("extends", "variants", "matrix", "params", "elements", "buses"), share=0.15)
    scene["name"] = scene.get("name", "Wild")
    element = schema["elements"]["additionalProperties"]
    scene["elements"] = {name: draw.element(element) for name in chance.sample(NAMES, chance.randint(1, 3))}
    if chance.random() < 0.3:
        bus = schema["buses"]["additionalProperties"]["properties"]
        scene["buses"] = {name: draw.fields(bus, share=0.15) for name in chance.sample(NAMES, chance.randint(1, 2))}
    kind = chance.random()
    if kind < 0.1:
        return Project({PARENT: Author(chance).scene(), SCENE: {"extends": PARENT, **_with_nulls(scene, chance)}})
    if kind < 0.2:
        scene["variants"] = {"one": {}, "two": _with_nulls(wild_scene_fields(draw, schema), chance)}
    if kind > 0.95:
        _put_null(scene, chance)
    return Project({SCENE: scene})


def wild_scene_fields(draw: _Fields, schema: dict[str, Any]) -> dict[str, Any]:
    """What a variant might say."""
    element = schema["elements"]["additionalProperties"]
    return {"elements": {"a": draw.element(element)}, "mix": draw.fields(schema["mix"]["properties"], share=0.2)}


NAMES = ["a", "b", "rain", "1_2-3", "nul"]


def _with_nulls(scene: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.5:
        _put_null(scene, chance)
    return scene


def _put_null(data: dict[str, Any], chance: random.Random) -> None:
    key = chance.choice(list(data) or ["mix"])
    if isinstance(data.get(key), dict) and chance.random() < 0.8:
        _put_null(data[key], chance)
    else:
        data[key] = None


class _Fields:
    """Values for fields by their own schema."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def element(self, schema: dict[str, Any]) -> dict[str, Any]:
        own = self.fields(
            schema["properties"], left_out=("prompt", "file"), share=self.chance.choice((0.0, 0.05, 0.15))
        )
        kind = self.chance.random()
        if kind > 0.1:
            own["prompt" if kind < 0.7 else "file"] = "rain" if kind < 0.7 else self.path()
        if kind > 0.97:
            own["prompt"] = "rain"
        return own

    def path(self) -> str:
        return self.chance.choice(list(RECORDINGS) if self.chance.random() < 0.8 else PATHS)

    def fields(self, known: dict[str, Any], *, left_out: tuple[str, ...] = (), share: float) -> dict[str, Any]:
        return {
            name: self.value(name, one)
            for name, one in known.items()
            if name not in left_out and self.chance.random() < share
        }

    def value(self, name: str, schema: dict[str, Any]) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if name in ("file", "bus", "model", "under", "name"):
            return self.chance.choice(KNOWN[name]) if name != "file" else self.path()
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return getattr(self, f"_{self.chance.choice(kinds)}")(schema)

    def _boolean(self, schema: dict[str, Any]) -> bool:
        return self.chance.random() < 0.5

    def _string(self, schema: dict[str, Any]) -> str:
        return self.chance.choice(("a", "rain", " ", "\u00a0", "\u200b", "a\x85b", "line\nline"))

    def _integer(self, schema: dict[str, Any]) -> int | float:
        value = self.chance.randint(int(schema.get("minimum", -99)), min(int(schema.get("maximum", 99)), 10**6))
        return float(value) if self.chance.random() < 0.1 else value

    def _number(self, schema: dict[str, Any]) -> float:
        low, high = schema.get("minimum", schema.get("exclusiveMinimum", -99) + 0.01), schema.get("maximum", 99)
        value = self.chance.uniform(low, high if self.chance.random() < 0.3 else min(high, low + 20))
        return round(value, 2) if low <= round(value, 2) <= high else value

    def _array(self, schema: dict[str, Any]) -> list[Any]:
        count = self.chance.randint(max(schema.get("minItems", 1), 1), min(schema.get("maxItems", 3), 3))
        return [self.value("", schema["items"]) for _ in range(count)]

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        known = schema.get("properties", {})
        if schema.get("maxProperties") == 1:
            known = {name: one for name, one in known.items() if name == self.chance.choice(list(known))}
            return self.fields(known, share=1) or {"high_pass": 100}
        own = self.fields(known, share=0.4)
        needed = schema.get("required", ())
        own |= {name: self.value(name, known[name]) for name in needed if self.chance.random() < 0.97}
        return own or {name: self.value(name, one) for name, one in list(known.items())[:1]}


PATHS = [
    "sounds/none.wav", "../a.wav", "/a.wav", "a//b.wav", "c:/a.wav", "a\\b.wav", "con.wav", "a/nul",
    "./sounds/mono.wav", "a./b.wav", "https://a/b.wav", "a?.wav", "..", ".", "sounds/mono.wav ", "a\nb.wav",
]  # fmt: skip
KNOWN: dict[str, list[Any]] = {
    "bus": ["a", "b", "rain", "nowhere"],
    "under": ["a", "b", "rain", ["a", "b"], "nowhere"],
    "name": ["file", "File", "a b", "con", "x" * 64, "a\n"],
    "model": ["facebook/audiogen-medium", "facebook/musicgen-small", "facebook/musicgen-stereo-large"],
}
WILD = st.randoms(use_true_random=False).map(wild_scene)


# Damage


def damaged_text(text: str, chance: random.Random) -> str:
    """The text with a few pieces put in, taken out, doubled or moved: characters, tokens and lines."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        piece = chance.choice([*PIECES, text[at : at + 8]])
        lines = text.split("\n")
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        kind = chance.randrange(4)
        if kind == 0:
            lines[one], lines[other] = lines[other], lines[one]
        elif kind == 1:
            lines.insert(one, lines[other])
        elif kind == 2:
            lines[one] = chance.choice(("  ", " ", "\t")) + lines[one]
        text = "\n".join(lines) if kind < 3 else text[:at] + piece + text[at + chance.choice([0, 0, 1, 5]) :]
    return text


def damaged_bytes(content: bytes, chance: random.Random) -> bytes:
    """The bytes with a few of them changed, taken out or cut off."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        put = chance.choice((b"", bytes([chance.randrange(256)]), content[at : at + 8], b"\xff\xfe", b"\x00"))
        content = content[:at] + put + content[at + chance.choice((0, 1, 4)) :]
    return content[: chance.randrange(len(content) + 1)] if chance.random() < 0.1 else content


def damaged_tree(data: Any, chance: random.Random) -> Any:
    """The data with one of its parts replaced by another of its parts, or by a value of another kind."""
    data = json.loads(json.dumps(data))
    parts = list(_parts(data))
    holder, key = chance.choice(parts)
    other_holder, other_key = chance.choice(parts)
    new: Any = chance.choice((None, True, -1, 1e308, "", "x", [], {}, [[]], {"a": {}}))
    holder[key] = json.loads(json.dumps(other_holder[other_key])) if chance.random() < 0.6 else new
    return data


def _parts(data: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        found.append((data, key))
        found += _parts(data[key])
    return found


PIECES = [
    "", "\t", "\n", "\r", " ", ": ", "- ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!str ", "? ", "#", "|\n", ">-\n",
    "'", '"', "\\", "%", "---\n", "...\n", ".nan", "-.inf", "1e999", "null", "true", "~", "9" * 30, "\x00", "\x1b",
    "\x85", "\ufeff", "\u202e", "\u2028", "\U0001f327", "name: x\n", "elements: ", "file: a.wav\n", "version: 2\n",
    ",", "@", "`", "{{", "}}", "{{ a }}", "extends: scene.yaml\n", "variants: {a: {}}\n", "params: {a: 1}\n",
    "matrix: {a: [1]}\n",
]  # fmt: skip
