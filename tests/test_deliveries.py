"""What a scene delivers beside its mix: files that a meter passes, and what the lock and the README say of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from scenebuild.audio.wav import read_wav
from scenebuild.deliver.presets import PRESETS
from scenebuild.deliver.scene_files import settled
from scenebuild.scene.delivery import _KINDS, DeliveryRequest
from scenebuild.scene.schema import scene_schema
from signals import ffmpeg_ebur128, needs_ffmpeg

SCENE = """
name: Quay
seed: 2
elements:
  waves: {prompt: gentle waves, duration: 4, loop: true}
  bell: {prompt: a ship's bell, duration: 2, start: [1, 4.5], volume: 0.5}
mix: {duration: 6, loop: true}
deliver:
"""


def built(*lines: str) -> dict[str, object]:
    Path("scenes/quay.yaml").write_text(SCENE + "".join(f"  - {line}\n" for line in lines))
    command = [sys.executable, "-m", "scenebuild", "scenes/quay.yaml", "--engine", "sketch", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (scene,) = json.loads(done.stdout)["scenes"]
    return scene  # type: ignore[no-any-return]


def test_the_schema_knows_every_preset_and_the_rules_every_format() -> None:
    fields = scene_schema()["properties"]["deliver"]["items"]["properties"]
    assert fields["preset"]["enum"] == [preset.preset for preset in PRESETS]
    compressed = {preset.preset: preset.format for preset in PRESETS if preset.format in ("ogg", "mp3")}
    assert compressed == _KINDS


def test_what_an_author_wants_otherwise_goes_before_the_preset() -> None:
    kind = settled(DeliveryRequest("podcast", "phone", format="flac", channels=1, bits=16, limiter=True))
    assert (kind.format, kind.channels, kind.bits, kind.limiter) == ("flac", 1, 16, True)
    assert (kind.loudness_lufs, kind.sample_rate) == (-16.0, 44100)


@needs_ffmpeg
def test_every_presets_file_passes_when_ffmpeg_measures_it(project: Path) -> None:
    scene = built(*(f"{{preset: {preset.preset}, limiter: true}}" for preset in PRESETS))
    assert scene["warnings"] == []
    for preset in PRESETS:
        path = Path(f"build/quay/quay.{preset.preset}.{preset.format}")
        loudness, true_peak = ffmpeg_ebur128(path)
        if preset.loudness_lufs is not None:
            assert loudness == pytest.approx(preset.loudness_lufs, abs=0.5), preset.preset
        assert true_peak <= preset.true_peak_dbtp, preset.preset
        found = soundfile.info(str(path))
        assert (found.samplerate, found.channels) == (preset.sample_rate, preset.channels)
        if preset.format != "mp3":
            assert found.frames == 6 * preset.sample_rate


def test_lock_readme_and_result_tell_of_the_files(project: Path) -> None:
    scene = built("{preset: broadcast}", "{preset: game-loop}", "{preset: master, name: mono, channels: 1, bits: 16}")
    names = ["quay.broadcast.wav", "quay.game-loop.ogg", "quay.mono.wav"]
    assert scene["delivered"] == names
    lock = json.loads(Path("scenes/quay.lock.json").read_text())["mix"]["delivered"]
    assert list(lock) == names
    assert all(facts["passes"] for facts in lock.values())
    assert lock["quay.broadcast.wav"]["loudness_lufs"] == pytest.approx(-23, abs=0.05)
    readme = Path("build/quay/README.md").read_text()
    assert (
        "| **[quay.broadcast.wav](quay.broadcast.wav)** | radio and television in Europe | WAV, 24 bit, 48 kHz, stereo"
        in readme
    )
    assert readme.count("✓ passes") == 3
    again = built("{preset: broadcast}", "{preset: game-loop}", "{preset: master, name: mono, channels: 1, bits: 16}")
    assert again["status"] == "up-to-date"
    assert again["delivered"] == names
    assert built("{preset: master}")["delivered"] == ["quay.master.wav"]
    assert not Path("build/quay/quay.broadcast.wav").exists()


def test_marks_licence_and_loop_are_in_the_file(project: Path) -> None:
    built("{preset: master}")
    content = Path("build/quay/quay.master.wav").read_bytes()
    assert content.count(b"labl") == 3
    assert content.count(b"bell\0") == 2
    assert b"CC0-1.0" in content
    assert b"smpl" in content
    assert read_wav("build/quay/quay.master.wav")[0].shape == read_wav("build/quay/quay.wav")[0].shape


def test_a_file_that_can_not_be_as_loud_as_asked_says_so_and_fails_no_build(project: Path) -> None:
    scene = built("{preset: music, loudness: -6}")
    assert len(scene["warnings"]) == 1  # type: ignore[arg-type]
    assert "'limiter: true' makes room" in scene["warnings"][0]  # type: ignore[index]
    assert "✗ fails" in Path("build/quay/README.md").read_text()
