"""What a mix says of what it played: the outline of one pass, its takes and their length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenebuild.audio.wav import read_wav
from scenebuild.mix.model import StemFacts
from scenebuild.mix.outline import OUTLINE_COLUMNS, OutlineMeter
from scenebuild.scene.channel import Channel
from scenebuild.scene.timing import Playback
from signals import RATE
from test_mix import Studio, element


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A take of 2 s that rises from silence to -6 dBFS."""
    studio = Studio(tmp_path)
    rise = np.linspace(0, 0.5, 2 * RATE, dtype=np.float32) * np.where(np.arange(2 * RATE) % 2, 1, -1)
    studio.take("a", np.stack([rise, rise * 0.1], axis=1).astype(np.float32))
    return studio


def played(studio: Studio, **changes: Any) -> StemFacts:
    return studio.mix(element("a", **changes), duration_s=5.0).stems[0]


def test_the_outline_is_the_one_of_the_take_whatever_its_gain_and_pan(studio: Studio) -> None:
    plain = played(studio)
    assert len(plain.peaks) == OUTLINE_COLUMNS
    wanted = 0.5 * (np.arange(OUTLINE_COLUMNS) + 1) / OUTLINE_COLUMNS
    assert np.abs(np.array(plain.peaks) - wanted).max() < 1e-3
    assert played(studio, volume=0.0, pan=-1.0).peaks == plain.peaks
    assert played(studio, channel=Channel(bus=None, distance=3.0)).peaks == plain.peaks
    assert (plain.takes, plain.whole_s, plain.pass_s) == (1, 2.0, 2.0)


def test_the_outline_is_of_the_part_that_plays_in_its_direction(studio: Studio) -> None:
    part = played(studio, playback=Playback(trim_from_s=1.0, trim_to_s=1.5))
    assert (part.pass_s, part.whole_s) == (0.5, 2.0)
    assert part.peaks[0] == pytest.approx(0.25, abs=1e-3)
    assert part.peaks[-1] == pytest.approx(0.375, abs=1e-3)
    assert played(studio, playback=Playback(reverse=True)).peaks == pytest.approx(played(studio).peaks[::-1])


def test_takes_that_lead_into_each_other_are_one_outline(studio: Studio) -> None:
    studio.take("a", read_wav(studio.sources["a"][0].path)[0], number=1)
    stem = played(studio, duration_s=3.5, playback=Playback(long="takes"))
    assert stem.takes == 2
    assert stem.whole_s == stem.pass_s == 3.5
    peaks = np.array(stem.peaks)
    assert peaks[10] < 0.1 < peaks[150]
    assert peaks[190:200].min() < 0.2 < peaks[-1], "the second take rises again"


@pytest.mark.parametrize("frames", [1, 7, 319, 320, 321, 1000, 4801])
@pytest.mark.parametrize("block", [1, 3, 64, 5000])
def test_the_outline_does_not_depend_on_the_blocks(frames: int, block: int) -> None:
    samples = np.random.default_rng(frames).uniform(-1, 1, (frames, 2)).astype(np.float32)
    meter = OutlineMeter(frames)
    for start in range(0, frames, block):
        meter.feed(start, samples[start : start + block])
    columns = min(frames, OUTLINE_COLUMNS)
    edges = [k * frames // columns for k in range(columns + 1)]
    wanted = [float(np.abs(samples[a:b]).max()) for a, b in zip(edges, edges[1:], strict=False)]
    assert list(meter.peaks()) == wanted
