"""Stems in memory: they are the mix, and what repeats is held once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenebuild.audio.wav import quantize, read_wav
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.review.compare.audition import on_disk
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Bus, Channel, Duck
from scenebuild.scene.effects.reverb import Reverb
from scenebuild.scene.model import Scene
from signals import RATE, noise
from test_mix import Studio, element


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    studio = Studio(tmp_path)
    for number, name in enumerate(("rain", "wind", "bell")):
        studio.take(name, noise(1.0, 0.05, seed=number))
    return studio


def kept(studio: Studio, scene: Scene, most_s: float = 100.0, stems: bool = False) -> dict[str, CapturedStem]:
    found: list[CapturedStem] = []
    mix_scene(
        scene,
        studio.sources,
        studio.folder / "mix.wav",
        stems_folder=studio.folder / "stems" if stems else None,
        capture=found.append,
        most_captured_frames=round(most_s * RATE),
    )
    return {stem.name: stem for stem in found}


def laid(stem: CapturedStem, frames: int) -> np.ndarray:
    out = np.zeros((frames, 2), np.int64)
    out[stem.start : stem.start + stem.frames] = stem.whole()
    return out


def test_kept_stems_add_up_to_the_mix_exactly(studio: Studio) -> None:
    scene = studio.scene(
        element("rain", loop=True, fade_in_s=0.4, fade_out_s=1.2, pan=-0.5),
        element("wind", loop=True, start_s=0.7),
        element("bell", start_s=3.5, volume=0.5),
        duration_s=7.3,
        loudness_lufs=-22,
    )
    stems = kept(studio, scene)
    mix = quantize(read_wav(studio.folder / "mix.wav")[0])
    assert list(stems) == ["rain", "wind", "bell"]
    assert np.array_equal(sum(laid(stem, len(mix)) for stem in stems.values()), mix)


FADES = [(0.0, 0.0), (0.1, 0.0), (2.9, 0.0), (0.0, 2.1), (1.5, 1.5)]
LENGTHS_S = [0.8, 1.0, 1.9, 2.51, 6.0, 17.3]


@pytest.mark.parametrize(
    ("fades", "duration_s"), [(fades, length) for fades in FADES for length in LENGTHS_S if sum(fades) <= length]
)
def test_a_loop_is_held_once_and_comes_out_whole(studio: Studio, fades: tuple[float, float], duration_s: float) -> None:
    rain = element("rain", loop=True, fade_in_s=fades[0], fade_out_s=fades[1])
    stem = kept(studio, studio.scene(rain, duration_s=duration_s), stems=True)["rain"]
    written = quantize(read_wav(studio.folder / "stems" / "rain.wav")[0])
    assert np.array_equal(stem.whole(), written)
    assert stem.frames == round(duration_s * RATE)
    assert len(stem.samples) <= (2.25 + sum(fades)) * RATE  # a crossfade, a pass, and less than one more


def test_shares_of_the_desk_add_up_to_the_mix(studio: Studio) -> None:
    hall = Bus(
        "hall",
        Automation.fixed(0.8),
        Channel(effects=(Reverb(decay_s=0.4, size_m=12.0, damping=0.5, predelay_s=0.0, wet=0.3),)),
    )
    scene = replace(
        studio.scene(
            element("rain", loop=True, channel=Channel(duck=Duck(("bell",), 12.0, 0.02, 0.2, 0.05, -40.0))),
            element("wind", channel=Channel(bus="hall")),
            element("bell", start_s=1.0),
            duration_s=3.0,
        ),
        buses=(hall,),
    )
    stems = kept(studio, scene)
    mix = quantize(read_wav(studio.folder / "mix.wav")[0])
    assert set(stems) == {"rain", "wind", "bell"}
    assert np.abs(sum(laid(stem, len(mix)) for stem in stems.values()) - mix)[:-300].max() <= 6


def test_what_is_too_long_is_not_kept_and_the_mix_is_the_same(studio: Studio) -> None:
    scene = studio.scene(element("rain", loop=True, channel=Channel(bus=None)), element("bell"), duration_s=3.0)
    assert len(kept(studio, scene, most_s=3.0)) == 2
    with_stems = (studio.folder / "mix.wav").read_bytes()
    assert kept(studio, scene, most_s=2.99) == {}
    assert (studio.folder / "mix.wav").read_bytes() == with_stems


def test_an_element_that_is_not_heard_has_no_stem(studio: Studio) -> None:
    found: list[CapturedStem] = []
    mix_scene(
        studio.scene(element("rain"), element("bell")),
        studio.sources,
        studio.folder / "mix.wav",
        muted=frozenset({"rain"}),
        capture=found.append,
        most_captured_frames=RATE * 9,
    )
    assert [stem.name for stem in found] == ["bell"]


def test_stems_that_are_captured_for_a_comparison_wait_in_files(tmp_path: Path) -> None:
    stem = CapturedStem("rain", 3, np.arange(8, dtype=np.int32).reshape(4, 2))
    kept = on_disk(stem, tmp_path / "rain.npy")
    assert isinstance(kept.samples, np.memmap)
    assert (kept.name, kept.start) == ("rain", 3)
    assert np.array_equal(kept.samples, stem.samples)
    silent = CapturedStem("rain", 0, np.zeros((0, 2), np.int32))
    assert on_disk(silent, tmp_path / "silent.npy") is silent
