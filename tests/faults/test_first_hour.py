"""Mistakes of the first hour, each with the exact answer: where, what was written, what is allowed, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenebuild.cli import run
from scenebuild.errors import SceneError
from scenebuild.scene.quoting import LONGEST_QUOTE
from scenebuild.scene.read import read_scene

HEAD = "name: Test\nelements:\n"


def field(line: str) -> str:
    return f"{HEAD}  rain:\n    prompt: rain\n    {line}\n"


def name(text: str) -> str:
    return f"name: {text}\nelements:\n  rain: {{prompt: rain}}\n"


# A scene -> its answers, a line each, without the name of the file.
SCENES: dict[str, tuple[str, str]] = {
    "a comma in a prompt in braces": (
        f"{HEAD}  rain: {{prompt: wind in the trees, gentle}}\n",
        "3:37: prompt: a comma ends it before 'gentle'; put the whole text in quotes, "
        "prompt: 'wind in the trees, gentle'",
    ),
    "many commas, an apostrophe": (
        f"{HEAD}  rain: {{prompt: it's raining, soft, far away, volume: 1}}\n",
        "3:32: prompt: a comma ends it before 'soft'; put the whole text in quotes, "
        "prompt: \"it's raining, soft, far away\"",
    ),
    "quotes as they are printed, and a comma": (
        f"{HEAD}  rain: {{prompt: “rain, soft”}}\n",
        "3:25: prompt: a comma ends it before 'soft”'; put the whole text in straight quotes, prompt: 'rain, soft'",
    ),
    "a decimal comma in braces": (
        f"{HEAD}  rain: {{prompt: rain, duration: 1,5}}\n",
        "3:36: duration: 1,5 has a comma; a number has a point, write 1.5",
    ),
    "a decimal comma": (field("duration: 1,5"), "5:15: duration: '1,5' has a comma; write 1.5 (seconds)"),
    "several starts without brackets": (
        field("start: 1, 5, 9"), "5:12: start: '1, 5, 9' has a comma; write a list in brackets: [1, 5, 9]",
    ),
    "a unit": (field("duration: 8s"), "5:15: duration: '8s' is not a number; write 8 (seconds)"),
    "minutes and seconds": (field("start: 1:30"), "5:12: start: '1:30' is not a number; write 90 (seconds)"),
    "per cent": (field("volume: 50%"), "5:13: volume: '50%' is not a number; write 0.5 (1.0 is unity)"),
    "decibels as volume": (
        field("volume: -6"), "5:13: volume: -6 is less than 0 (1.0 is unity); for decibels write gain_db: -6",
    ),
    "decibels as volume, with the unit": (
        field("volume: -6 dB"), "5:13: volume: '-6 dB' is not a number; write gain_db: -6 instead",
    ),
    "kilohertz": (field("high_pass: 1 kHz"), "5:16: high_pass: '1 kHz' is not a number; write 1000 (Hz)"),
    "underscores": (field("seed: 1_000"), "5:11: seed: '1_000' is not a whole number; write 1000"),
    "a number in quotes": (
        field("volume: '0.5'"), "5:13: volume: '0.5' is text, not a number; write it without quotes: 0.5",
    ),
    "a number in quotes as they are printed": (
        field("volume: “0.5”"), "5:13: volume: '“0.5”' is not a number; write 0.5 (1.0 is unity)",
    ),
    "a space that is none in a number": (
        field("volume: 1\u00a0"),
        "5:13: volume: '1\\xa0' is not a number; a non-breaking space (U+00A0) stands in it; remove it",
    ),
    "yes": (field("mute: yes"), "5:11: mute: 'yes' is text, not true or false; write true"),
    "off": (field("loop: off"), "5:11: loop: 'off' is text, not true or false; write false"),
    "a commit as a name": (name("61e9540"), "1:7: name: 61e9540 is not text; put it in quotes: '61e9540'"),
    "an exponent as a name": (name("12e03"), "1:7: name: 12e03 is not text; put it in quotes: '12e03'"),
    "1e5": (name("1e5"), "1:7: name: 1e5 is not text; put it in quotes: '1e5'"),
    "a hexadecimal number as a name": (name("0x1F"), "1:7: name: 0x1F is not text; put it in quotes: '0x1F'"),
    "True as a name": (name("True"), "1:7: name: True is not text; put it in quotes: 'True'"),
    "null as a name": (name("null"), "1:7: name: null is null in YAML; put it in quotes: 'null'"),
    "no number at all": (field("volume: loud"), "5:13: volume: 'loud' is not a number; write one such as 0.7 "
        "(1.0 is unity)"),
    "infinity": (field("duration: .inf"), "5:15: duration: .inf is not a finite number; write one in digits"),
    "nothing": (field("volume:"), "5:12: volume: nothing is written here; write one such as 0.7 (1.0 is unity), or "
        "remove the line"),
    "end": (field("end: 8"), "5:5: end: is not a field of an element; write duration: 8 to generate 8 seconds, or "
        "trim: {to: 8} to stop after 8 seconds"),
    "length": (field("length: 8"), "5:5: length: is not a field of an element; write duration: 8 (seconds)"),
    "loops": (field("loops: true"), "5:5: loops: is not a field of an element; write loop: true"),
    "fade": (field("fade: 2"), "5:5: fade: is not a field of an element; write fade_in: 1 and fade_out: 1 (seconds)"),
    "gain": (field("gain: 0.5"), "5:5: gain: is not a field of an element; write volume: 0.7, or gain_db: -3"),
    "trim as a number": (
        field("trim: 3"), "5:11: trim: 3 is not a set of fields; write one such as {from: 0.5, to: 3}",
    ),
    "trim with other names": (
        field("trim: {start: 1, end: 3}"),
        "5:12: start: is not a field of trim; write from: 0.5 (seconds)\n"
        "5:22: end: is not a field of trim; write to: 3 (seconds)",
    ),
    "an effect as a field": (
        field("reverb: {decay: 2}"),
        "5:5: reverb: is an effect, not a field of an element; write effects: [{reverb: …}]",
    ),
    "solo": (
        field("solo: true"), "5:5: solo: is not a field of an element; listen to it alone with scenebuild build --solo",
    ),
    "a slip of the pen": (field("volme: 1"), "5:5: volme: is not a field of an element. Did you mean volume?"),
    "a field twice": (
        field("prompt: wind"), "5:5: prompt occurs twice: here and in line 4; remove one of the two",
    ),
    "the length of the mix at the top": (
        f"duration: 60\n{HEAD}  rain: {{prompt: rain}}\n",
        "1:1: duration: is not a field of a scene; write mix: {duration: 60} (seconds)",
    ),
    "an element at the margin": (
        f"{HEAD}rain:\n  prompt: rain\n",
        "2:10: elements: nothing is written here; write one such as {rain: {prompt: steady rain on a window, volume: "
        "0.7}}\n3:1: rain: is not a field of a scene; if it is an element, indent it below elements",
    ),
    "a field that is not indented": (
        f"{HEAD}  rain:\n  prompt: rain\n",
        "3:8: rain: nothing is written here; write one such as {prompt: 'steady rain on a window, thunder far away', "
        "duration: 8, volume: 0.7, loop: true}\n4:11: prompt: is a field of an element, but is in the place of an "
        "element's name; indent it below that name",
    ),
    "an element's text without a field": (
        f"{HEAD}  rain: heavy rain\n",
        "3:9: rain: 'heavy rain' is not a set of fields; write it as a field of its own, prompt: 'heavy rain'",
    ),
    "a name with a capital and a space": (
        f"{HEAD}  Heavy Rain: {{prompt: rain}}\n",
        "3:3: 'Heavy Rain' cannot name an element: names are made of a-z, 0-9, _ and -, begin with a letter or digit, "
        "and have at most 64 characters. Did you mean heavy_rain?",
    ),
    "no space behind a colon": (
        f"{HEAD}  rain:\n    prompt:rain\n    volume: 1\n",
        "4:11: a space is missing after the colon; write prompt: rain",
    ),
    "no space behind the last colon": (
        field("volume:1"), "5:11: a space is missing after the colon; write volume: 1",
    ),
    "no space behind the only colon": (
        f"{HEAD}  rain:\n    prompt:rain\n",
        "4:5: rain: 'prompt:rain' is not a set of fields; a space is missing after the colon; write prompt: rain",
    ),
    "no space behind a colon in braces": (
        f"{HEAD}  rain: {{prompt:rain}}\n",
        "3:10: 'prompt:rain': a space is missing after the colon; write prompt: rain",
    ),
    "a colon of another script": (
        f"{HEAD}  rain:\n    prompt：rain\n    volume: 1\n",
        "4:11: a full-width colon is no colon of YAML; write prompt: rain",
    ),
    "spaces of another kind": (
        f"{HEAD}  rain:\n    prompt: rain\n    volume:\u00a01\n",
        "5:11: a non-breaking space (U+00A0) follows the colon; write volume: 1",
    ),
    "indentation with spaces of another kind": (
        f"{HEAD}  rain: {{prompt: rain}}\n\u00a0\u00a0wind: {{prompt: wind}}\n",
        "4:1: '\\xa0\\xa0wind': a non-breaking space (U+00A0) stands here; indent with plain spaces",
    ),
    "a tab": (f"{HEAD}\train:\n\t\tprompt: rain\n", "3:1: a tab cannot indent YAML; use spaces"),
    "a line too far to the right": (
        f"{HEAD}  rain:\n    prompt: rain\n      volume: 1\n",
        "5:7: this line is indented more than the field above it; bring fields of one element to the same column",
    ),
    "a line too far to the left": (
        f"{HEAD}  rain:\n    prompt: rain\n   volume: 1\n",
        "5:4: the indentation does not fit the lines above; bring fields of one element to the same column",
    ),
    "a colon in a text": (
        f"{HEAD}  rain:\n    prompt: rain: heavy\n",
        "4:17: a text that holds ': ' must be in quotes; write prompt: 'rain: heavy'",
    ),
    "a colon in a text in braces": (
        f"{HEAD}  rain: {{prompt: rain: heavy}}\n",
        "3:22: a text that holds a colon and a space must be in quotes",
    ),
    "an apostrophe in single quotes": (
        f"{HEAD}  rain:\n    prompt: 'it's raining'\n",
        "4:16: a ' within the text ends it; write it twice there, or use double quotes",
    ),
    "a quote that is not closed": (
        f'{HEAD}  rain:\n    prompt: "rain\n    volume: 1\n',
        "4:13: a quote is opened here and never closed; close it, or double it if it belongs to the text",
    ),
    "a brace that is not closed": (
        f"{HEAD}  rain: {{prompt: rain\n  wind: {{prompt: wind}}\n",
        "3:9: a { is opened here and not closed; check commas and }",
    ),
    "a brace too many": (
        f"{HEAD}  rain: {{prompt: rain}}}}\n", "3:23: this } closes no bracket; remove it, or open a bracket before it",
    ),
    "no comma between fields": (
        f"{HEAD}  rain: {{prompt: rain volume: 1}}\n",
        "3:29: a comma is missing before volume; put one between fields",
    ),
    "no colon": (
        f"{HEAD}  rain\n    prompt: rain\n",
        "3:3: a colon is missing in this line; write a field as name: value",
    ),
    "an equals sign": (
        f"{HEAD}  rain:\n    volume = 1\n    prompt: rain\n",
        "4:5: a colon is missing in this line; write a field as name: value",
    ),
    "a comment of another language": (f"// rain\n{HEAD}  rain: {{prompt: rain}}\n", "1:1: a comment begins with #"),
    "an @": (f"{HEAD}  rain:\n    prompt: @home\n", "4:13: a text cannot begin with @; put it in quotes"),
    "stars": (f"{HEAD}  rain:\n    prompt: *rain*\n", "4:13: a text cannot begin with & or *; put it in quotes"),
    "braces that are text": (
        f"{HEAD}  rain:\n    prompt: {{hard}} rain\n",
        "4:20: only a comment (#) may follow a }; put a text that begins with { in quotes",
    ),
    "a recording that is not there": (
        f"{HEAD}  rain: {{file: sounds/rian.wav}}\n",
        "3:16: file: 'sounds/rian.wav' is not there; paths begin at the folder of this scene file. "
        "Did you mean sounds/rain.wav?",
    ),
    "another ending": (
        f"{HEAD}  rain: {{file: sounds/rain.mp3}}\n",
        "3:16: file: 'sounds/rain.mp3' is not there; paths begin at the folder of this scene file. "
        "Did you mean sounds/rain.wav?",
    ),
    "a scene to extend that is not there": (
        "extends: rainy_caffe.yaml\nname: x\n",
        "1:10: extends: 'rainy_caffe.yaml' is not there; paths begin at the folder of this scene file. "
        "Did you mean rainy_cafe.yaml?",
    ),
}  # fmt: skip

MISSING = "this is not there; give scene files or folders of them."
# A command line -> its exit code and the first line of its answer.
COMMANDS: dict[str, tuple[int, str]] = {
    "rainy_cafe": (1, f"rainy_cafe:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "rainy_cafe.yaml": (1, f"rainy_cafe.yaml:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "scenes/rainy_cafe": (1, f"scenes/rainy_cafe:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "scenes/rainy_caffe.yaml": (1, f"scenes/rainy_caffe.yaml:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "validate scene/rainy_cafe.yaml": (1, f"scene/rainy_cafe.yaml:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "scenes/rainy_cafe.ymal": (1, f"scenes/rainy_cafe.ymal:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "scenes/rainy_cafe.wav": (1, f"scenes/rainy_cafe.wav:1:1: {MISSING} Did you mean scenes/rainy_cafe.yaml?"),
    "validate sceens": (1, f"sceens:1:1: {MISSING} Did you mean scenes?"),
    "plan frobnicate": (1, "frobnicate:1:1: this is not there; give scene files or folders of them"),
    "scenes/sounds/rain.wav": (
        1, "scenes/sounds/rain.wav:1:1: this is a recording, not a scene; name it in a scene, as the file of an "
        "element",
    ),
    "biuld scenes": (2, "there is no scene and no command 'biuld'; did you mean 'build'?"),
    "run scenes": (2, "there is no scene and no command 'run'; did you mean 'build'?"),
    "play scenes/rainy_cafe.yaml": (2, "there is no scene and no command 'play'; did you mean 'build'?"),
    "new": (2, "there is no scene and no command 'new'; did you mean 'init'?"),
    "clean": (2, "there is no scene and no command 'clean'; did you mean 'cache gc'?"),
    "help": (2, "there is no scene and no command 'help'; did you mean '--help'?"),
    "cache verfy": (2, "No such command 'verfy'. Did you mean 'verify'?"),
    "build scenes/rainy_cafe.yaml --engin sketch": (
        2, "No such option '--engin'. (Did you mean one of: '--engine', '--keep-going'?)",
    ),
    "build scenes/rainy_cafe.yaml --engine skech": (
        2, "--engine skech: there is no such engine; there are: sketch, audiogen, musicgen, auto. Did you mean sketch?",
    ),
    "build scenes/rainy_cafe.yaml --solo rian": (
        2, "--solo rian: scenes/rainy_cafe.yaml@night has no such element and no such bus. Did you mean rain?",
    ),
    "plan scenes/rainy_cafe.yaml --force-element dog": (
        2, "--force-element dog: no scene has such an element; there are rain, wind",
    ),
    "plan scenes/rainy_cafe.yaml --set wheather=wet": (
        2, "--set wheather: scenes/rainy_cafe.yaml has no such parameter. Did you mean weather?",
    ),
    "plan scenes/rainy_cafe.yaml@nihgt": (
        1, "scenes/rainy_cafe.yaml:6:1: there is no variant 'nihgt'. Did you mean night?",
    ),
    "takes scenes/rainy_cafe.yaml rain": (
        2, "the element comes first, then its scene; write: scenebuild takes rain scenes/rainy_cafe.yaml",
    ),
    "pick 2 rain": (2, "'rain' is not the number of a take; write: scenebuild pick ELEMENT NUMBER [SCENE]"),
    "pick rian 2": (2, "rian: the scenes here have no such element. Did you mean rain?"),
    "takes dog scenes/rainy_cafe.yaml": (2, "dog: scenes/rainy_cafe.yaml has no such element; there are rain, wind"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("scenebuild.toml").touch()
    Path("scenes/sounds").mkdir(parents=True)
    Path("scenes/sounds/rain.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    Path("scenes/rainy_cafe.yaml").write_text(
        "name: Rainy café\nelements:\n  rain: {prompt: rain}\n  wind: {prompt: '{{ weather }} wind'}\n"
        "params: {weather: dry}\nvariants: {night: {}, day: {}}\n"
    )
    return tmp_path


@pytest.mark.parametrize("mistake", SCENES)
def test_a_mistake_in_a_scene_gets_its_answer(mistake: str, project: Path) -> None:
    text, answer = SCENES[mistake]
    Path("scenes/x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SceneError) as caught:
        read_scene("scenes/x.yaml")
    assert str(caught.value) == "\n".join(f"scenes/x.yaml:{line}" for line in answer.split("\n"))
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("mistake", COMMANDS)
def test_a_mistake_on_the_command_line_gets_its_answer(
    mistake: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = COMMANDS[mistake]
    assert (run(mistake.split()), capsys.readouterr().err.split("\n")[0]) == (code, answer)


def test_names_that_look_like_numbers_are_names(project: Path) -> None:
    Path("scenes/x.yaml").write_text(
        "name: a\nelements: {61e9540: {prompt: a}, 12e999: {prompt: b}, 0x1f: {prompt: c}}\n"
    )
    assert [one.name for one in read_scene("scenes/x.yaml").elements] == ["61e9540", "12e999", "0x1f"]


def test_no_answer_quotes_more_than_a_line_of_the_author(project: Path) -> None:
    long = "x, " * 2000
    for text in (f"{{prompt: {long}gentle}}", f"{{prompt: '{'x' * 3000}'y}}", f"{{{'p' * 900}:{'x' * 900}}}"):
        Path("scenes/x.yaml").write_text(f"{HEAD}  rain: {text}\n")
        with pytest.raises(SceneError) as caught:
            read_scene("scenes/x.yaml")
        assert max(map(len, str(caught.value).splitlines())) < 3 * LONGEST_QUOTE + 300
