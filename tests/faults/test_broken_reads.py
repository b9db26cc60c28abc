"""A read error of the disk is reported as such: neither as damaged sound nor as a bug."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forks import STRACE, WITHOUT_STRACE
from scenebuild.audio import wav
from scenebuild.audio.wav import AudioFileError, open_sound, probe, read_blocks, write_wav
from scenebuild.files import open_regular

SCENE = "name: {name}\nelements:\n  rain: {{prompt: rain, duration: 1}}\n  wind: {{prompt: wind, duration: 1}}\n"


def test_an_error_of_the_disk_is_told_from_a_file_that_is_no_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"no sound")
    for read in (probe, lambda path: list(read_blocks(path)), lambda path: open_sound(path).__enter__()):
        with pytest.raises(AudioFileError, match="Format not recognised"):
            read(path)

    class Broken:
        def __init__(self, path: str) -> None:
            self._file = open_regular(path)

        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def read(self, size: int) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(wav, "open_regular", Broken)
    for read in (probe, lambda path: list(read_blocks(path)), lambda path: open_sound(path).__enter__()):
        with pytest.raises(OSError, match="Input/output error") as told:
            read(path)
        assert told.value.filename == str(path)


def test_a_wav_that_ends_early_is_not_taken_for_a_shorter_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile

    path = tmp_path / "x.wav"
    write_wav(path, np.full((1000, 1), 0.1, np.float32), 8000)
    really_read = soundfile.SoundFile.read
    ended: list[bool] = []

    def short(self: soundfile.SoundFile, frames: int = -1, **options: object) -> object:
        if ended:
            return np.zeros((0, 1), np.float32)
        ended.append(True)
        return really_read(self, 500, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", short)
    with pytest.raises(AudioFileError, match="x.wav ends after 500 of 1000 frames"):
        list(read_blocks(path))


@pytest.mark.hard
@pytest.mark.skipif(STRACE is None, reason=WITHOUT_STRACE)
@pytest.mark.parametrize("when", ["1+", "4+"])
@pytest.mark.parametrize("call", ["read,pread64", "openat,newfstatat,lstat"])
@pytest.mark.parametrize("name", ["elements/rain.wav", "x.wav", "manifest.json", "README.md", "index.html"])
def test_a_build_folder_that_can_not_be_read_is_told_in_words(project: Path, name: str, call: str, when: str) -> None:
    path = Path("scenes/x.yaml")
    path.write_text(SCENE.format(name="one"))
    command = [sys.executable, "-m", "scenebuild", str(path), "--engine", "sketch"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(SCENE.format(name="two"))
    options = ["-f", "-qq", "-o", os.devnull, "-P", str(project / "build" / "x" / name), "-e", f"trace={call}"]
    inject = ["-e", f"inject={call}:error=EIO:when={when}"]
    done = subprocess.run([str(STRACE), *options, *inject, *command], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert "bug of scenebuild" not in done.stderr
    if done.returncode:
        assert "Input/output error" in done.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
