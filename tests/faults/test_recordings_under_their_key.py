"""What the store keeps under the key of a recording was decoded from the bytes that stand in the key."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scenebuild.generate.make
from engines_for_tests import CountingChildren
from scenebuild.audio.wav import write_wav
from scenebuild.cli import run
from scenebuild.engines import Request
from scenebuild.generate.children import Answer
from scenebuild.generate.messages import Made, Noted
from scenebuild.store import LocalStore

SCENE = "name: X\nelements:\n  voice: {file: v.wav, normalize: none}\n"
CHANGED = "changed while it was built: it is not the file that was planned; build again"


def tone(path: Path, pitch: float) -> bytes:
    time = np.arange(8000) / 8000
    write_wav(path, (0.3 * np.sin(2 * np.pi * pitch * time))[:, None].astype(np.float32), 8000)
    return path.read_bytes()


class Swapping(CountingChildren):
    """Children that begin when the recording is another one already."""

    swap: bytes | None = None
    lies = False  # as a decoder that does not look would

    def run(
        self, requests: Sequence[Request], count: int, places: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[tuple[int, Answer] | Noted]:
        for request in requests:
            if Swapping.swap is not None:
                Path(str(request.path)).write_bytes(Swapping.swap)
        for said in super().run(requests, count, places):
            if Swapping.lies and not isinstance(said, Noted) and isinstance(said[1], Made):
                yield said[0], replace(said[1], content=None)
            else:
                yield said


@pytest.fixture
def recordings(project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, bytes]:
    monkeypatch.setattr(scenebuild.generate.make, "Children", Swapping)
    monkeypatch.setattr(Swapping, "swap", None)
    monkeypatch.setattr(Swapping, "lies", False)
    Path("scenes/x.yaml").write_text(SCENE)
    other = tone(Path("scenes/v.wav"), 1000)
    return tone(Path("scenes/v.wav"), 440), other


def kept() -> LocalStore:
    return LocalStore(os.environ["SCENEBUILD_STORE"])


def test_a_recording_that_changes_before_it_is_decoded_fails_and_is_not_kept(
    recordings: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = recordings
    monkeypatch.setattr(Swapping, "swap", other)
    assert run(["scenes/x.yaml"]) == 1
    assert CHANGED in capsys.readouterr().err
    assert list(kept().all_keys()) == []
    assert not Path("scenes/x.lock.json").exists()
    monkeypatch.setattr(Swapping, "swap", None)
    Path("scenes/v.wav").write_bytes(one)
    assert run(["scenes/x.yaml"]) == 0
    (key,) = kept().all_keys()
    facts = kept().read(key).facts
    assert facts["decoded"] == facts["action"]["content"]


def test_the_parent_keeps_nothing_from_a_decoder_that_does_not_say_what_it_decoded(
    recordings: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Swapping, "lies", True)
    assert run(["scenes/x.yaml"]) == 1
    assert CHANGED in capsys.readouterr().err
    assert list(kept().all_keys()) == []


def poisoned(folder: Path, other: bytes) -> tuple[str, str]:
    """As an earlier version left a store and a lock: another recording's take under the key, in a record that does not
    say what was decoded. The key, and the digest of the wrong take."""
    (key,) = kept().all_keys()
    record = kept().read(key)
    lock_path = Path("scenes/x.lock.json")
    (folder / "other").mkdir()
    (folder / "other" / "v.wav").write_bytes(other)
    Path("scenes/y.yaml").write_text(SCENE.replace("v.wav", "w.wav"))
    Path("scenes/w.wav").write_bytes(other)
    assert run(["scenes/y.yaml"]) == 0
    wrong = json.loads(Path("scenes/y.lock.json").read_text())["elements"]["voice"]["digest"]
    facts = {name: value for name, value in record.facts.items() if name != "decoded"}
    kept().describe(replace(record, digest=wrong, facts=facts))
    lock_path.write_text(lock_path.read_text().replace(record.digest, wrong))
    return key, wrong


def test_what_an_earlier_version_kept_of_a_recording_is_decoded_again_under_the_same_key(
    recordings: tuple[bytes, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = recordings
    assert run(["scenes/x.yaml"]) == 0
    good = Path("build/x/elements/voice.wav").read_bytes()
    key, wrong = poisoned(tmp_path, other)
    shutil.rmtree("build")
    assert run(["scenes/x.yaml", "--frozen"]) == 3
    assert f"the lock pins {wrong[:12]}…" in capsys.readouterr().err
    assert run(["scenes/x.yaml"]) == 0
    assert Path("build/x/elements/voice.wav").read_bytes() == good
    assert kept().read(key).digest != wrong
    assert run(["scenes/x.yaml", "--frozen"]) == 0
    assert Path("build/x/elements/voice.wav").read_bytes() == good


def test_a_lock_of_an_earlier_version_goes_on_where_its_recording_is_what_it_was(
    recordings: tuple[bytes, bytes],
) -> None:
    assert run(["scenes/x.yaml"]) == 0
    lock = Path("scenes/x.lock.json").read_bytes()
    (key,) = kept().all_keys()
    record = kept().read(key)
    kept().describe(replace(record, facts={name: v for name, v in record.facts.items() if name != "decoded"}))
    shutil.rmtree("build")
    assert run(["scenes/x.yaml", "--frozen"]) == 0
    assert run(["scenes/x.yaml"]) == 0
    assert Path("scenes/x.lock.json").read_bytes() == lock
    assert kept().read(key).facts["decoded"] == record.facts["action"]["content"]
