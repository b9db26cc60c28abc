"""Recordings: inside the project after following links, regular files, really audio."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from scenebuild.audio.container.formats import is_audio
from scenebuild.errors import SceneError
from scenebuild.files import regular_file
from scenebuild.scene.read import read_scene

WAV = b"RIFF\x24\0\0\0WAVEfmt "


def answer(path: str) -> str:
    Path("scenes/scene.yaml").write_text(f"name: Test\nelements:\n  door: {{file: {path}}}\n")
    try:
        return str(read_scene("scenes/scene.yaml").elements[0].recording)
    except SceneError as error:
        return str(error).removeprefix("scenes/scene.yaml:3:16: ")


def test_a_recording_lies_relative_to_its_scene(project: Path) -> None:
    (project / "scenes" / "sounds").mkdir()
    (project / "scenes" / "sounds" / "door.wav").write_bytes(WAV)
    assert answer("sounds/door.wav") == str(project / "scenes" / "sounds" / "door.wav")
    assert answer("./sounds/door.wav") == str(project / "scenes" / "sounds" / "door.wav")


def test_a_link_inside_the_project_is_followed(project: Path) -> None:
    (project / "door.wav").write_bytes(WAV)
    (project / "scenes" / "door.wav").symlink_to("../door.wav")
    assert answer("door.wav") == str(project / "scenes" / "door.wav"), "as written: it may lead elsewhere tomorrow"


def test_a_link_out_of_the_project_is_refused(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(WAV)
    (project / "scenes" / "file.wav").symlink_to(outside / "secret.wav")
    (project / "scenes" / "folder").symlink_to(outside)
    (project / "scenes" / "twice.wav").symlink_to("folder/secret.wav")
    fault = "leads out of the project through a link; copy the recording into it"
    assert answer("file.wav") == f"file: 'file.wav' {fault}"
    assert answer("folder/secret.wav") == f"file: 'folder/secret.wav' {fault}"
    assert answer("twice.wav") == f"file: 'twice.wav' {fault}"
    assert answer("folder/missing.wav") == f"file: 'folder/missing.wav' {fault}"  # says nothing about what is there


def test_a_recording_that_is_no_regular_file_is_refused_without_waiting(project: Path) -> None:
    os.mkfifo(project / "scenes" / "pipe.wav")
    (project / "scenes" / "loop.wav").symlink_to("loop.wav")
    (project / "scenes" / "gone.wav").symlink_to("nowhere.wav")
    assert answer("pipe.wav") == "file: 'pipe.wav' is a named pipe, not a file"
    assert answer("loop.wav") == "file: 'loop.wav' cannot be read: Too many levels of symbolic links"
    assert answer("gone.wav") == "file: 'gone.wav' is not there; paths begin at the folder of this scene file"
    assert answer("scene.yaml/x.wav") == "file: 'scene.yaml/x.wav' cannot be read: Not a directory"
    assert answer("y" * 300) == f"file: '{'y' * 99}…' cannot be read: File name too long"


def test_a_name_in_another_unicode_form_is_told(project: Path) -> None:
    (project / "scenes" / unicodedata.normalize("NFD", "Bär.wav")).write_bytes(WAV)
    told = "A file is there whose name looks the same in another Unicode form (NFC, NFD); give it a new name"
    assert answer("Bär.wav").endswith(f"is not there; paths begin at the folder of this scene file. {told}")
    assert answer("Bar.wav").endswith("paths begin at the folder of this scene file")
    (project / "scenes" / "bell.wav").write_bytes(WAV)
    assert answer("Bell.wav").endswith(". Did you mean bell.wav?")


def test_no_descriptor_stays_open(project: Path) -> None:
    (project / "scenes" / "door.wav").write_bytes(WAV)
    (project / "scenes" / "notes.wav").write_bytes(b"notes")
    before = os.listdir("/dev/fd")
    for path in ("door.wav", "notes.wav", "missing.wav", "../scenes"):
        answer(path)
    assert os.listdir("/dev/fd") == before


def test_a_file_exchanged_after_the_look_is_still_no_device(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "door.wav").write_bytes(WAV)
    before = os.listdir("/dev/fd")
    really_open = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: really_open(os.devnull, flags))
    with pytest.raises(OSError, match="is a device, not a file"):
        regular_file("door.wav")
    assert os.listdir("/dev/fd") == before


@pytest.mark.parametrize(
    "head",
    [
        WAV,
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"FORM\0\0\0\x20AIFFCOMM",
        b"FORM\0\0\0\x20AIFCFVER",
        b"fLaC\0\0\0\x22",
        b"OggS\0\x02",
        b"ID3\x04\0\0",
        b"\xff\xfb\x90\x64",  # MPEG-1 layer III
        b"\xff\xf3\x40\xc0",  # MPEG-2 layer III
        b"\xff\xe3\x18\xc4",  # MPEG-2.5 layer III
        b"caff\0\1\0\0",
        b"BW64\xff\xff\xff\xffWAVEds64",
        b"\0\0\0\x1cftypM4A ",
        b"\xff\xf1\x50\x80",  # AAC
        b"\x1aE\xdf\xa3\x9f",  # WebM
    ],
)
def test_audio_is_known_by_its_first_bytes(head: bytes) -> None:
    assert is_audio(head)


@pytest.mark.parametrize(
    "head",
    [
        b"", b"\xff", b"RIFF", b"RIFF\x24\0\0\0AVI LIST", b"RIFX\0\0\0\x24WAVE", b"FORM\0\0\0\x20ILBM", b"\xff\xfename",
        b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n", b"PK\3\4", b"\x80\4\x95", b"%PDF", b"<html>", b"#!/bin/sh",
        b"\0" * 40, b"wave", b"\x7fELF",
    ],
)  # fmt: skip
def test_other_bytes_are_not_audio(head: bytes) -> None:
    assert not is_audio(head)
