"""Exact results of small parts of the reader: numbers, slips, places, paths, pointers, references and raw data."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import SceneError
from scenebuild.scene.check.numerals import decibels_in, number_in
from scenebuild.scene.compose.reference import folded, label_of, referenced, scene_file, stem_of
from scenebuild.scene.pointer import pointer_in
from scenebuild.scene.read import read_scene
from scenebuild.scene.recording import LONGEST_PATH, content_fault, locate, path_fault, recording_fault, sentence
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
