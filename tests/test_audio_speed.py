"""Parts of a take, backwards and at other speeds: against the whole read at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.speed import at_speed, frames_at_speed, read_part
from scenebuild.audio.wav import AudioFileError, read_wav, write_wav
from signals import RATE, level_db, noise, stereo, tone


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("take") / "take.wav"
    write_wav(path, noise(0.1, seed=3), RATE)
    return path


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5000), st.integers(0, 6000) | st.none(), st.booleans(), st.integers(1, 3000))
def test_any_part_in_either_direction(take: Path, start: int, stop: int | None, reverse: bool, size: int) -> None:
    whole, _ = read_wav(take)
    blocks = list(read_part(take, start, stop, reverse=reverse, block_frames=size))
    found = np.concatenate([whole[:0], *blocks])
    wanted = whole[start:stop]
    assert np.array_equal(found, wanted[::-1] if reverse else wanted)
    assert all(0 < len(block) <= size and block.flags.c_contiguous for block in blocks)


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_compressed_files_are_read_from_any_place(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, noise(1.0), RATE, format=kind)
    whole, _ = read_wav(path)
    found = np.concatenate(list(read_part(path, 12345, 40001, reverse=True, block_frames=7000)))
    assert np.array_equal(found, whole[12345:40001][::-1])


def test_what_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("not a sound")
    with pytest.raises(AudioFileError, match=r"^notes.wav cannot be read as sound: "):
        list(read_part(tmp_path / "notes.wav"))
    with pytest.raises(FileNotFoundError):
        list(read_part(tmp_path / "missing.wav"))
    bad = noise(0.1)
    bad[100] = np.nan
    soundfile.write(tmp_path / "bad.wav", bad, RATE, subtype="FLOAT")
    with pytest.raises(AudioFileError, match="bad.wav holds samples that are not finite numbers"):
        list(read_part(tmp_path / "bad.wav"))


def played(samples: np.ndarray, speed: float, to_rate: int = RATE) -> np.ndarray:
    blocks = np.split(samples, range(5000, len(samples), 5000))
    return np.concatenate(list(at_speed(blocks, len(samples), RATE, to_rate, samples.shape[1], speed)))


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.7937, 1.0, 1.2599, 2.0, 4.0])
@pytest.mark.parametrize("to_rate", [44100, 48000])
def test_speed_changes_length_and_pitch_together(speed: float, to_rate: int) -> None:
    samples = stereo(tone(500, 2, -6))
    out = played(samples, speed, to_rate)
    assert len(out) == frames_at_speed(len(samples), RATE, to_rate, speed) == np.floor(2 / speed * to_rate + 0.5)
    inner = out[len(out) // 10 : -len(out) // 10]
    wanted = 0.5012 * np.sin(2 * np.pi * 500 * speed * np.arange(len(out)) / to_rate)[len(out) // 10 : -len(out) // 10]
    assert level_db(inner - wanted[:, None]) < level_db(wanted) - 50


def test_what_goes_over_the_top_is_filtered_out() -> None:
    assert level_db(played(stereo(tone(15000, 1)), 2.0)[1000:-1000]) < -120


def test_speed_one_is_the_take_itself() -> None:
    samples = noise(0.5)
    assert np.array_equal(played(samples, 1.0), samples)
    with pytest.raises(ValueError, match="a speed is more than 0, not 0"):
        list(at_speed([samples], len(samples), RATE, RATE, 2, 0))
