"""Mixer pages of a built scene and of finished values, and what a browser plays of them."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import Visit, visit
from scenebuild.audio.wav import quantize, read_wav
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.model import Report
from scenebuild.report.pages.build_page import side_of
from scenebuild.report.pages.mixer_page import (
    MixerSide,
)
from scenebuild.report.write import mix_pictures
from signals import noise
from test_pictures import wav
from test_report import mix_of

QUAY = """
name: Quay
description: Waves and a bell.
elements:
  waves: {prompt: gentle waves, duration: 1.2, loop: true, volume: 0.6, pan: -0.3}
  gulls: {prompt: a seagull, duration: 1, start: 1.5, pan: 0.5, fade_out: 0.4}
  bell: {prompt: a ship's bell, duration: 1.5, start: 0.5, volume: 0.8}
  hum: {prompt: a steady hum, duration: 1, loop: true, volume: 0.4, duck: {under: bell, by: 12}}
mix: {duration: 4, loudness: -20}
"""


def built(folder: Path, text: str, name: str = "quay", *options: str) -> Path:
    """The folder of a scene that was built in a project of its own."""
    (folder / "scenebuild.toml").touch()
    (folder / f"{name}.yaml").write_text(text)
    command = [sys.executable, "-m", "scenebuild", f"{name}.yaml", "--engine", "sketch", "-q", *options]
    environment = {**os.environ, "SCENEBUILD_STORE": str(folder / "store")}
    subprocess.run(command, check=True, cwd=folder, env=environment)
    return folder / "build" / name


@pytest.fixture(scope="module")
def quay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("quay"), QUAY, "quay", "--stems")


@pytest.fixture
def page(browser: Any, quay: Path) -> Iterator[Visit]:
    """The page of the quay, from disk; nobody else is asked anything, and nothing is wrong."""
    address = quay / "index.html"
    seen = visit(browser, address)
    yield seen
    assert seen.requests == [address.as_uri()]
    assert seen.complaints == []
    seen.page.context.close()


def rendered(seen: Visit, seconds: float = 4.0, **how: Any) -> np.ndarray:
    """What the page plays with its present settings, ``(frames, channels)``."""
    text = seen.do(
        """async ([seconds, how]) => {
            const sound = await scenebuild.render(seconds, how);
            return Promise.all([...Array(sound.numberOfChannels).keys()].map((channel) => new Promise((done) => {
                const reader = new FileReader();
                reader.onload = () => done(reader.result.split(",")[1]);
                reader.readAsDataURL(new Blob([sound.getChannelData(channel)]));
            })));
        }""",
        [seconds, how],
    )
    return np.stack([np.frombuffer(base64.b64decode(one), np.float32) for one in text], axis=1)


def residual_db(found: np.ndarray, wanted: np.ndarray) -> float:
    """The power of the difference under that of what was wanted."""
    assert found.shape == wanted.shape
    return float(10 * np.log10(max(np.mean((found - wanted) ** 2), 1e-30) / np.mean(wanted**2)))


def stem(quay: Path, *names: str) -> np.ndarray:
    return np.asarray(sum(read_wav(quay / "stems" / f"{name}.wav")[0] for name in names))


def a_side(folder: Path, report: Report, label: str = "") -> MixerSide:
    """A side of three elements and 3 s."""
    report = replace(report, duration_s=3.0)
    names = ("mix", *(row.name for row in report.elements))
    sounds = {name: wav(folder / f"{name}.wav", noise(3.0, 0.1, seed=seed)) for seed, name in enumerate(names)}
    stems = [CapturedStem(row.name, 0, quantize(read_wav(sounds[row.name])[0])) for row in report.elements]
    return side_of(report, mix_pictures(report, mix_of(report, sounds["mix"])), stems, label)


def state(page: Visit, of: str) -> Any:
    return page.do(f"scenebuild.scenes[0].{of}")
