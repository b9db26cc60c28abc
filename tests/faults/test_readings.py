"""Exact results of small parts of the reader: numbers, slips, places, paths, pointers, labels and fades."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import Place, SceneError, UsageError
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Channel, Duck
from scenebuild.scene.check.numerals import decibels_in, number_in
from scenebuild.scene.check.validate import validate_document
from scenebuild.scene.compose.parameters import filled, written
from scenebuild.scene.compose.reference import folded, label_of, referenced, scene_file, stem_of
from scenebuild.scene.compose.variants import composed, of_label, slug, variants_of
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.pointer import pointer_in
from scenebuild.scene.read import read_scene, references_in
from scenebuild.scene.recording import LONGEST_PATH, content_fault, locate, path_fault, recording_fault, sentence
from scenebuild.scene.resolve import resolve
from scenebuild.scene.timing import is_endless, pass_length
from scenebuild.scene.yaml import source
from scenebuild.scene.yaml.document import Document, parse_document, with_final_line_end
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at, loops
from scenebuild.scene.yaml.scalars import plain
from scenebuild.scene.yaml.slips import slip_of, slip_of_line
from scenebuild.scene.yaml.source import place_at, reason, text_of


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1,5", "seconds", 1.5), ("8s", "seconds", 8.0), ("8 sec.", "seconds", 8.0), ("500ms", "seconds", 0.5),
        ("2 min", "seconds", 120.0), ("2m", "seconds", 120.0), ("1 h", "seconds", 3600.0), ("1:30", "seconds", 90.0),
        ("1:01:30.5", "seconds", 3690.5), ("0:05", "seconds", 5.0), ("1:5", "seconds", None), ("1:30", "Hz", None),
        ("50 %", "", 0.5), ("50 percent", "", 0.5), ("3x", "", 3.0), ("48 kHz", "Hz", 48000.0), ("48k", "Hz", 48000.0),
        ("48_000", "Hz", 48000.0), ("48'000", "Hz", 48000.0), ("48 000", "Hz", 48000.0), ("2m", "metres", 2.0),
        ("50 cm", "metres", 0.5), ("-6 dB", "dB", -6.0), ("\u22126 dB", "dB", -6.0), ("\u20136 LUFS", "LUFS", -6.0),
        ("+3", "dB", 3.0), ("-1.5 dBTP;", "dBTP", -1.5), ("\u201c1,5\u201d", "", 1.5), ("1\u00a0s", "seconds", 1.0),
        ("loud", "", None), ("", "", None), ("8s", "Hz", None), ("1.2.3", "", None), ("9" * 40, "", float("9" * 40)),
        ("9" * 41, "", None), ("3 dB", "nonsense", None), ("  7  ", "", 7.0), ("0.1234567", "", 0.123457),
    ],
)  # fmt: skip
def test_a_number_is_what_a_person_means(text: str, unit: str, value: float | None) -> None:
    assert number_in(text, unit) == value


def test_decibels_are_said_as_such() -> None:
    assert [decibels_in(one) for one in ("-6 dB", "3dbfs", "2 Decibels", "-6", "6 dBTP", "loud dB")] == [
        -6.0,
        3.0,
        2.0,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("prompt:rain", (6, "a space is missing after the colon; write prompt: rain")),
        ("  - prompt:rain", (10, "a space is missing after the colon; write prompt: rain")),
        ("  prompt\uff1a rain", (8, "a full-width colon is no colon of YAML; write prompt: rain")),
        ("prompt:\u00a0rain", (6, "a non-breaking space (U+00A0) follows the colon; write prompt: rain")),
        ("prompt:\u200brain", (6, "a space of no width (U+200B) follows the colon; write prompt: rain")),
        ("prompt:\u3000rain", (6, "a full-width space (U+3000) follows the colon; write prompt: rain")),
        ("prompt:\u2003rain", (6, "a space of another kind (U+2003) follows the colon; write prompt: rain")),
        ("  \u00a0prompt: rain", (2, "a non-breaking space (U+00A0) stands here; indent with plain spaces")),
        ("prompt: rain", None), ("http://x", None), ("c:\\x", None), ("a::b", None), ("steady rain", None), ("", None),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_named_with_its_column(line: str, said: tuple[int, str] | None) -> None:
    assert slip_of_line(line) == said
    assert slip_of("steady rain") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("NULL", None), ("True", True), ("FALSE", False), ("no", "no"), ("012", 12),
        ("0o14", 12), ("0x1F", 31), ("-7", -7), ("+7", 7), ("1e3", 1000.0), ("-.5", -0.5), ("1.", 1.0), (".", "."),
        ("+.INF", math.inf), ("-.inf", -math.inf), ("1" * 300, int("1" * 300)), ("1" * 301, math.inf),
        ("-" + "1" * 300, -math.inf), ("0x", "0x"), ("1_0", "1_0"), ("-", "-"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    found = plain(text)
    assert found == value
    assert type(found) is type(value)


# Places and files


def test_a_place_counts_lines_of_every_kind() -> None:
    text = "a\nb\r\nc\rd"
    assert [(place_at("x", text, at).line, place_at("x", text, at).column) for at in (0, 2, 5, 7, 8)] == [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
        (4, 2),
    ]
    assert place_at("x\x1b", "a", 0).file == "x\\x1b"


def test_why_a_file_can_not_be_read_is_said_in_words() -> None:
    assert reason(FileNotFoundError(2, "x")) == "is not there"
    assert reason(PermissionError(13, "x")) == "may not be read; check its permissions"
    assert reason(ValueError("embedded null byte")) == "is not a path"
    assert reason(OSError("is a folder, not a file")) == "is a folder, not a file"
    assert reason(OSError(errno.EIO, "Input/output error")) == "cannot be read: Input/output error"


def refusal(path: str | Path) -> str:
    with pytest.raises(SceneError) as caught:
        read_scene(str(path))
    return str(caught.value)


def test_what_is_no_scene_file_is_named(project: Path) -> None:
    assert refusal("gone.yaml") == "gone.yaml:1:1: this is not there"
    Path("folder.yaml").mkdir()
    assert refusal("folder.yaml") == "folder.yaml:1:1: this is a folder, not a file"
    Path("sound.yaml").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    assert refusal("sound.yaml") == (
        "sound.yaml:1:1: this is a recording, not a scene; name it in a scene, as the file of an element"
    )
    Path("large.yaml").write_bytes(b"#" * (source.MOST_BYTES + 1))
    assert "is larger than 1 MiB, the most for a scene" in refusal("large.yaml")
    Path("large.yaml").write_bytes(b"name: x\nelements: {a: {prompt: x}}\n#".ljust(source.MOST_BYTES, b"#"))
    assert read_scene("large.yaml").name == "x"


def test_text_is_utf8_and_what_looks_like_utf16_is_said_to() -> None:
    assert text_of("x", "\ufeffé".encode()) == "é"
    for content, said in (
        (b"\xff\xfea\0", "x:1:1: the file is not UTF-8 text (it looks like UTF-16); save it as UTF-8 in your editor"),
        (b"\xfe\xff\0a", "x:1:1: the file is not UTF-8 text (it looks like UTF-16); save it as UTF-8 in your editor"),
        (b"ab\nc\xe9", "x:2:2: the file is not UTF-8 text; save it as UTF-8 in your editor"),
    ):
        with pytest.raises(SceneError) as caught:
            text_of("x", content)
        assert str(caught.value) == said


def test_the_last_line_gets_an_end() -> None:
    assert [with_final_line_end(one) for one in ("a", "a\n", "a\r", "a\r\n", "")] == [
        "a\n",
        "a\n",
        "a\r",
        "a\r\n",
        "\n",
    ]


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("sounds/door.wav", None), ("./a.wav", None), ("a b/c.d.wav", None),
        ("a\x1bb", "holds a control character; rename it"),
        ("http://a/b.wav", "is an address; keep the thing in the project"),
        ("C:a.wav", "begins with a drive; write a path from the folder of this scene file"),
        ("a\\b.wav", "holds a backslash; write / between folders"),
        ("/a.wav", "is an absolute path; write one from the folder of this scene file"),
        ("a/../b.wav", "leaves its folder with ..; keep the thing below the folder of this scene file"),
        ("a?.wav", 'holds one of < > : " | ? *, which not every system can store; rename it'),
        ("a/Com1.wav", "names a device on Windows; rename it"),
        ("a//b", "has an empty part; write it without // and without / at the end"),
        ("a./b", "has a part that ends with a dot or a space, which Windows drops; rename it"),
        ("a" * LONGEST_PATH, None),
        ("a" * (LONGEST_PATH + 1),
         "has 1025 characters, at most 1024 are allowed; move it to a folder that is nearer"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_path_is_said(path: str, fault: str | None) -> None:
    assert path_fault(path, "thing") == fault
    assert (path_fault(path) or "") == (fault or "").replace("thing", "recording")
    assert sentence("a.wav", "is odd") == "file: 'a.wav' is odd"


def test_a_recording_lies_in_the_project_and_is_audio(project: Path) -> None:
    scene = "scenes/x.yaml"
    Path("scenes/notes.wav").write_text("notes")
    Path("scenes/pointer.wav").write_text("version https://git-lfs.github.com/spec/v1\n")
    Path("scenes/good.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt " + bytes(30))
    (project.parent / "out.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    Path("scenes/link.wav").symlink_to(project.parent / "out.wav")
    assert locate("a/../good.wav", scene) == str(project / "scenes" / "good.wav")
    found = {name: recording_fault(f"{name}.wav", scene, project) for name in ("good", "link", "gone", "pointer")}
    assert found == {
        "good": None,
        "link": "leads out of the project through a link; copy the recording into it",
        "gone": "is not there; paths begin at the folder of this scene file",
        "pointer": "is a Git LFS pointer, not the sound itself; run git lfs pull",
    }
    assert recording_fault("notes.wav", scene, project) == (
        "is not audio that can be read; if it is a sound, convert it: "
        "ffmpeg -i scenes/notes.wav scenes/notes-converted.flac"
    )


def test_a_damaged_recording_is_told_with_a_command_for_that_file(project: Path) -> None:
    path = Path("scenes/cut.wav")
    head = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x10\x27\0\0"
    path.write_bytes(head + bytes(10))
    fault, _ = content_fault(str(path))
    assert "scenes/cut" in fault
    assert content_fault("gone.wav") == ("", "")


def test_a_pointer_of_git_lfs_names_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    digest = "0a" * 32
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 12\n"
    for content in (text, text.replace("\n", "\r\n"), text.ljust(1024)):
        path.write_bytes(content.encode())
        assert pointer_in(str(path)) == digest
    for content in (text.ljust(1025), text[1:], text.replace("0a", "0A"), "", text.replace("oid", " oid")):
        path.write_bytes(content.encode())
        assert pointer_in(str(path)) is None
    assert pointer_in(str(tmp_path / "gone")) is None
    assert pointer_in(str(tmp_path)) is None


def test_a_reference_is_a_file_and_a_label() -> None:
    for reference, file, label, stem in (
        ("a/b.yaml@night+x", "a/b.yaml", "night+x", "b@night+x"),
        ("b.yml@n", "b.yml", "n", "b@n"),
        ("b.yaml", "b.yaml", "", "b"),
        ("me@home/b.yaml", "me@home/b.yaml", "", "b"),
        ("b.yaml@x/y", "b.yaml@x/y", "", "y"),
    ):
        assert (scene_file(reference), label_of(reference), stem_of(reference)) == (file, label, stem)
    assert (referenced("a.yaml", "n"), referenced("a.yaml", "")) == ("a.yaml@n", "a.yaml")
    assert folded("Stra\u00dfe") == "strasse"


# Raw data


def document(text: str) -> Document:
    return parse_document("a.yaml", text)


def test_raw_data_is_looked_at_without_trust() -> None:
    found = document("name: x\ndefaults: {duration: 4}\nelements: {a: {prompt: x, trim: {from: 1, to: 3}}}\n")
    assert fields_at(found, ("elements", "a", "trim")) == {"from": 1, "to": 3}
    assert fields_at(found, ("elements", "b", "trim")) == {}
    assert fields_at(found, ("name", "x")) == {}
    assert (as_fields([1]), as_fields(None)) == ({}, {})
    assert [as_number(one) for one in (1, 0.5, True, "1", 1e9, -1e9, 999_999_999, None)] == [
        1.0,
        0.5,
        None,
        None,
        None,
        None,
        999_999_999.0,
        None,
    ]
    values: tuple[Any, ...] = (True, {}, False, "yes")
    assert [loops({"loop": one}) for one in values] == [True, True, False, False]
    endless: list[dict[str, Any]] = [{"loop": True}, {"repeat": {}}, {"repeat": {"count": 2}}, {}, {"repeat": 1}]
    assert [is_endless(one) for one in endless] == [True, True, False, False, False]
    lengths: list[tuple[dict[str, Any], float | None]] = [
        ({"prompt": "x"}, 4.0), ({"prompt": "x", "duration": 6}, 6.0), ({"prompt": "x", "trim": {"from": 1}}, 3.0),
        ({"prompt": "x", "trim": {"from": 1, "to": 3}}, 2.0), ({"prompt": "x", "trim": {"to": 9}}, 4.0),
        ({"prompt": "x", "speed": 2}, 2.0), ({"prompt": "x", "speed": 0}, None), ({"file": "x"}, None),
        ({"file": "x", "trim": {"to": 3}}, 3.0), ({"prompt": "x", "trim": {"from": 4}}, None),
        ({"prompt": "x", "trim": {"from": "a"}}, None), ({"file": "x", "prompt": "y"}, None), ({}, None),
        ({"prompt": "x", "duration": "long", "trim": {"to": 2}}, None),
    ]  # fmt: skip
    assert [pass_length(found, one) for one, _ in lengths] == [length for _, length in lengths]
    assert pass_length(document("name: x\n"), {"prompt": "x"}) == 8.0


# Recipes


RECIPE = """\
name: "{{ weather }} in {{place}}"
description: "{{ n }}"
params: {place: "the {wood}", n: 3.0}
matrix:
  weather: [Heavy rain, sun]
variants:
  day: {}
  night: {params: {place: town}}
elements:
  a: {prompt: "{{weather}}, {{ place }}"}
"""


def test_variants_times_matrix_are_scenes_with_labels(project: Path) -> None:
    Path("scenes/x.yaml").write_text(RECIPE)
    references = references_in("scenes/x.yaml")
    assert references == [
        f"scenes/x.yaml@{label}" for label in ("day+heavy-rain", "day+sun", "night+heavy-rain", "night+sun")
    ]
    scenes = [read_scene(one) for one in references]
    assert [one.name for one in scenes] == [
        "Heavy rain in the {wood}",
        "sun in the {wood}",
        "Heavy rain in town",
        "sun in town",
    ]
    assert {one.description for one in scenes} == {"3"}
    assert [one.elements[0].prompt for one in scenes][0] == "Heavy rain, the {wood}"


def test_a_label_means_its_scenes_and_an_unknown_one_is_answered() -> None:
    found = document(RECIPE)
    whole = variants_of(found, {})
    assert [one.label for one in of_label(found, whole, "night")] == ["night+heavy-rain", "night+sun"]
    assert [one.label for one in of_label(found, whole, "day+sun")] == ["day+sun"]

    def said(label: str, text: str = RECIPE) -> str:
        other = document(text)
        with pytest.raises(SceneError) as caught:
            of_label(other, variants_of(other, {}), label)
        return str(caught.value)

    there = "there are day+heavy-rain, day+sun, night+heavy-rain, night+sun"
    assert said("evening") == f"a.yaml:6:1: there is no variant 'evening'; {there}"
    assert said("day+sum") == "a.yaml:6:1: there is no variant 'day+sum'. Did you mean day+sun?"
    assert said("x", "name: y\n") == ("a.yaml:1:1: there is no variant 'x': the file holds one scene; leave out the @")


def test_a_chosen_parameter_takes_the_place_of_its_row_or_is_unknown() -> None:
    found = document(RECIPE)
    assert [one.label for one in variants_of(found, {"weather": "snow"})] == ["day+snow", "night+snow"]
    with pytest.raises(UsageError) as caught:
        variants_of(found, {"wether": "snow"})
    assert str(caught.value) == "--set wether: a.yaml has no such parameter. Did you mean weather?"
    with pytest.raises(UsageError) as caught:
        variants_of(found, {"zzz": "snow"})
    assert str(caught.value) == "--set zzz: a.yaml has no such parameter; there are n, place, weather"
    with pytest.raises(UsageError) as caught:
        variants_of(document("name: x\n"), {"zzz": "snow"})
    assert str(caught.value) == "--set zzz: a.yaml has no such parameter; it has none"


def test_a_composed_scene_holds_nothing_of_its_recipe() -> None:
    found = document(RECIPE)
    scene = composed(found, variants_of(found, {})[3])
    assert scene.data == {"name": "sun in town", "description": "3", "elements": {"a": {"prompt": "sun, town"}}}
    assert scene.problems == ()
    assert found.data["elements"] == {"a": {"prompt": "{{weather}}, {{ place }}"}}
    assert scene.value(()) == Place("a.yaml", 1, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [("Heavy rain, caf\u00e9", "heavy-rain-cafe"), (0.5, "0-5"), (True, "true"), ("\u96e8", "axis2"), ("--", "axis2"),
     ("x" * 50, "x" * 40), ("x" * 39 + " y", "x" * 39), ("-a-", "a")],
)  # fmt: skip
def test_a_value_becomes_a_part_of_a_label(value: str | float | bool, text: str) -> None:
    assert slug(value, "axis", 2) == text


def test_parameters_are_filled_in_or_named() -> None:
    assert [written(one) for one in (True, False, 3.0, 2.5, "x")] == ["true", "false", "3", "2.5", "x"]

    def said(text: str, values: dict[str, Any], *, strict: bool = True) -> list[str]:
        found = filled(document(f"name: '{text}'\n"), values, strict=strict)
        return [str(problem) for problem in found.problems] or [found.data["name"]]

    assert said("{{ a }}-{{a}}", {"a": 1}) == ["1-1"]
    assert said("{{ b }}", {}, strict=False) == [
        "a.yaml:1:7: name: {{ b }} is a parameter, and the scene has none; write params: {b: …}"
    ]
    assert said("{{ weathr }}", {"weather": 1}) == [
        "a.yaml:1:7: name: there is no parameter weathr. Did you mean weather?"
    ]
    assert said("{{ zzz }}", {"b": 1, "a": 2}) == ["a.yaml:1:7: name: there is no parameter zzz; there are a, b"]
    assert said("{{ 1 + 1 }}", {"a": 1}) == [
        "a.yaml:1:7: name: '{{ 1 + 1 }}' is not a parameter; write a plain name in the braces, such as {{ a }}"
    ]
    assert said("{{ 1 + 1 }}", {}, strict=False) == ["{{ 1 + 1 }}"]
    assert said("{{ a }}", {"a": "x" * 3993}) == ["x" * 3993]
    assert said("{{ a }}", {"a": "x" * 3994}) == [
        "a.yaml:1:7: name: is longer than 4000 characters with its parameters filled in; shorten it"
    ]


# Fades and defaults


@pytest.mark.parametrize(
    ("fields", "fades"),
    [
        ("prompt: x", (0.01, 0.01)), ("prompt: x, fade_in: 2", (2.0, 0.01)), ("prompt: x, fade_out: 2", (0.01, 2.0)),
        ("prompt: x, duration: 0.5, fade_in: 0.495", (0.495, 0.005)),
        ("prompt: x, duration: 0.5, fade_in: 0.5", (0.5, 0.0)),
        ("prompt: x, duration: 4, trim: {from: 3.99}", (0.005, 0.005)),
        ("prompt: x, duration: 4, trim: {from: 3.96, to: 3.98}, speed: 2", (0.005, 0.005)),
    ],
)  # fmt: skip
def test_fades_that_nobody_asked_for_make_way(project: Path, fields: str, fades: tuple[float, float]) -> None:
    Path("x.yaml").write_text(f"name: x\nelements: {{a: {{{fields}}}}}\n")
    one = read_scene("x.yaml").elements[0]
    assert (one.fade_in_s, one.fade_out_s) == pytest.approx(fades)


def test_what_is_expected_is_read_as_numbers(project: Path) -> None:
    Path("x.yaml").write_text(
        "name: a\nseed: 3.0\npolicy: {commercial: true}\nmix: {duration: 3, seed: 4, expect: {loudness: [-20, -10],"
        " duration: [1, 2], no_silence_over: 1, no_clipping: true, energy_above: {hz: 100, share: 0.5}, onsets: [1, 3],"
        " loop_seam: 3, similar_to_lock: 2}}\nelements: {a: {prompt: x, mute: true}}\n"
    )
    scene = read_scene("x.yaml")
    assert (scene.seed, scene.commercial, scene.mix.duration_s, scene.mix.seed) == (3, True, 3.0, 4)
    assert scene.elements[0].mute is True
    expect = scene.mix.expect
    assert expect is not None
    assert (expect.loudness_lufs, expect.duration_s, expect.no_silence_over_s) == ((-20.0, -10.0), (1.0, 2.0), 1.0)
    assert (expect.no_clipping, expect.energy_above, expect.onsets) == (True, (100.0, 0.5), (1, 3))
    assert (expect.loop_seam_db, expect.similar_to_lock_lu) == (3.0, 2.0)
    assert os.path.basename(scene.path) == "x.yaml"


# The channel


def test_each_field_of_a_channel_is_read_and_has_its_own_default() -> None:
    from scenebuild.scene.channel import Duck, channel_of
    from scenebuild.scene.delivery import DeliveryRequest, delivery_of
    from scenebuild.scene.effects import effect_of
    from scenebuild.scene.effects.compressor import Compression
    from scenebuild.scene.effects.filter import Filter
    from scenebuild.scene.effects.reverb import Reverb

    full = {"decay": 1, "size": 2, "damping": 0.3, "predelay": 0.4, "wet": 0.5}
    assert effect_of({"reverb": full}, "") == Reverb(1.0, 2.0, 0.3, 0.4, 0.5)
    assert effect_of({"reverb": {}}, "") == Reverb(1.5, 10.0, 0.5, 0.0, 0.25)
    compress = {"threshold": -1, "ratio": 2, "attack": 3, "release": 4, "knee": 5, "makeup": 6}
    assert effect_of({"compress": compress}, "") == Compression(-1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert effect_of({"compress": {}}, "") == Compression(-20.0, 3.0, 0.01, 0.15, 6.0, 0.0)
    ducked = {"under": ["a", "b"], "by": 1, "attack": 2, "release": 3, "hold": 4, "threshold": -5}
    assert channel_of({"duck": ducked}, "").duck == Duck(
        under=("a", "b"), by_db=1.0, attack_s=2.0, release_s=3.0, hold_s=4.0, threshold_db=-5.0
    )
    assert channel_of({"duck": {"under": "a"}}, "").duck == Duck(
        under=("a",), by_db=9.0, attack_s=0.15, release_s=0.6, hold_s=0.3, threshold_db=-40.0
    )
    bell = {"hz": 1, "gain_db": 2}
    assert effect_of({"peak": bell}, "") == Filter("peak", 1.0, 2.0, 1.0)
    assert effect_of({"peak": {**bell, "q": 3}}, "") == Filter("peak", 1.0, 2.0, 3.0)
    assert effect_of({"low_shelf": bell}, "") == Filter("low_shelf", 1.0, 2.0)
    assert effect_of({"high_shelf": bell}, "") == Filter("high_shelf", 1.0, 2.0)
    assert effect_of({"low_pass": 5}, "") == Filter("low_pass", 5.0)
    assert effect_of({"high_pass": 5}, "") == Filter("high_pass", 5.0)
    wanted = {
        "preset": "podcast", "name": "n", "format": "mp3", "loudness": -1, "true_peak": -2, "sample_rate": 3.0,
        "channels": 1.0, "bits": 16.0, "limiter": True,
    }  # fmt: skip
    assert delivery_of(wanted) == DeliveryRequest(
        preset="podcast",
        name="n",
        format="mp3",
        loudness_lufs=-1.0,
        true_peak_dbtp=-2.0,
        sample_rate=3,
        channels=1,
        bits=16,
        limiter=True,
    )
    assert delivery_of({"preset": "podcast"}) == DeliveryRequest(
        preset="podcast",
        name="podcast",
        format=None,
        loudness_lufs=None,
        true_peak_dbtp=None,
        sample_rate=None,
        channels=None,
        bits=None,
        limiter=False,
    )


def test_how_a_take_is_played_is_read_field_by_field() -> None:
    from scenebuild.scene.automation import Automation, level_of
    from scenebuild.scene.timing import LoopSettings, MixLoop, Playback, Repeat, mix_loop_of, playback_of, starts_of

    own = {
        "start": [3, 1, 2], "trim": {"from": 1, "to": 2}, "reverse": True, "speed": 2, "long": "loop", "piece": 5,
        "loop": {"seam": "best", "crossfade": 1, "worst_seam": 2},
    }  # fmt: skip
    assert playback_of(own) == Playback(
        more_starts_s=(2.0, 3.0),
        repeat=None,
        trim_from_s=1.0,
        trim_to_s=2.0,
        reverse=True,
        speed=2.0,
        loop=LoopSettings(seam="best", crossfade_s=1.0, worst_seam=2.0),
        long="loop",
        piece_s=5.0,
    )
    assert playback_of({}) == Playback(
        more_starts_s=(),
        repeat=None,
        trim_from_s=0.0,
        trim_to_s=None,
        reverse=False,
        speed=1.0,
        loop=None,
        long="extend",
        piece_s=None,
    )
    assert playback_of({"repeat": {"every": 1}}).repeat == Repeat(every_s=1.0, jitter_s=0.0, gap_s=None, count=None)
    repeat = playback_of({"repeat": {"every": 1, "jitter": 2, "gap": 3, "count": 4.0}}).repeat
    assert repeat == Repeat(every_s=1.0, jitter_s=2.0, gap_s=3.0, count=4)
    assert starts_of({"start": 2}) == (2.0,)
    assert starts_of({}) == (0.0,)
    assert mix_loop_of({"loop": {"worst_seam": 2}}) == MixLoop(2.0)
    assert mix_loop_of({"loop": True}) == MixLoop()
    assert mix_loop_of({}) is None
    assert level_of({"gain_db": -20}, {"volume": 1}).value == pytest.approx(0.1)
    assert level_of({}, {"volume": 0.5}) == Automation.fixed(0.5)
    assert level_of({}, {}) == Automation.fixed(1.0)


# Channels


EFFECTS = [{"low_pass": 800}, {"reverb": {"decay": 2, "size": 20, "damping": 0.1, "predelay": 0.02, "wet": 0.3}}]
DUCK = {"under": ["b"], "by": 6, "attack": 0.1, "release": 1, "hold": 0.2, "threshold": -30}


@pytest.mark.parametrize("owner", ["elements", "buses"])
@pytest.mark.parametrize(
    ("written", "read", "told"),
    [
        ({"high_pass": 120}, {"high_pass": Automation.fixed(120.0, "hz")}, "High-pass: 120 Hz"),
        ({"low_pass": 800}, {"low_pass": Automation.fixed(800.0, "hz")}, "Low-pass: 800 Hz"),
        ({"distance": 30}, {"distance": 30.0}, "Distance: 30 m"),
        (
            {"effects": EFFECTS},
            {"effects": (Filter("low_pass", 800.0), Reverb(2.0, 20.0, 0.1, 0.02, 0.3))},
            "Effects: low-pass at 800 Hz, reverb of 2.0 s, 30 %",
        ),
        ({"duck": DUCK}, {"duck": Duck(("b",), 6.0, 0.1, 1.0, 0.2, -30.0)}, "Ducked: by 6 dB under b"),
    ],
)
def test_each_field_of_a_channel_is_read_and_told(
    owner: str, written: dict[str, Any], read: dict[str, Any], told: str
) -> None:
    elements = {"a": {"prompt": "x", "bus": "all"}, "b": {"prompt": "y"}}
    data: dict[str, Any] = {"name": "x", "elements": elements, "buses": {"all": {}}}
    data[owner]["a" if owner == "elements" else "all"].update(written)
    scene = resolve(document(json.dumps(data)))
    channels = {"elements": scene.elements[0].channel, "buses": scene.buses[0].channel}
    assert channels.pop(owner) == Channel(**read, bus="all" if owner == "elements" else None)
    assert channels.popitem()[1].describe() == ()
    changed = scene.elements[0].channel if owner == "elements" else scene.buses[0].channel
    assert changed.describe() == (told,)


def test_an_element_without_a_channel_has_a_plain_one() -> None:
    (element,) = resolve(document("name: x\nelements: {a: {prompt: x, distance: 1}}")).elements
    assert element.channel == Channel()
    assert element.channel.is_plain


@pytest.mark.parametrize(
    ("fades", "told"),
    [
        ((1.0, 1.0), None),
        ((2.0, 0.0), None),
        ((2.0, 0.5), "fade_in: fade_in and fade_out take 2.5 s, and a lasts 2 s; shorten it"),
        ((0.5, 2.5), "fade_out: 2.5 s is longer than a, which lasts 2 s; shorten it"),
    ],
)
def test_fades_are_as_long_as_their_element_at_most(fades: tuple[float, float], told: str | None) -> None:
    fields = {"prompt": "x", "duration": 2, "fade_in": fades[0], "fade_out": fades[1]}
    found = validate_document(document(json.dumps({"name": "x", "elements": {"a": fields}})))
    assert [problem.message for problem in found] == ([] if told is None else [told])


def test_a_start_beyond_the_longest_mix_is_told_where_the_element_alone_leads_there() -> None:
    def told(start_s: float) -> list[str]:
        fields = {"prompt": "x", "duration": 20, "start": start_s}
        found = validate_document(document(json.dumps({"name": "x", "elements": {"a": fields}})))
        return [problem.message for problem in found]

    assert told(35980) == []
    assert told(35981) == [
        "start: a would end at 36001 s, and a mix lasts at most 36000 s; start it earlier, or write "
        "mix: {duration: 36000}"
    ]


def test_a_recording_in_the_place_of_a_scene_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    with pytest.raises(SceneError) as refused:
        read_scene(str(path))
    assert [problem.rule for problem in refused.value.problems] == ["unreadable"]
