"""Thousands of random prompts, lengths, seeds and temperatures: levels are safe and no texture falls silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from scenebuild.engines.sketch.catalogue import BY_NAME, KINDS
from scenebuild.engines.sketch.lexicon import ADJECTIVES
from scenebuild.engines.sketch.prompt import read
from scenebuild.engines.sketch.render import GRID, render
from sketch_measures import RATE, loudest_gap_s
from sketch_prompts import PROMPTS, UNKNOWN

SAFE = 10 ** (-1 / 20)  # -1 dBFS
STEP = 1e-3  # -60 dBFS
QUIET_DB = -75.0


@dataclass(frozen=True)
class Wish:
    """What somebody may ask for."""

    prompt: str
    seed: int
    temperature: float
    frames: int


def wishes(first: int, last: int, longest_s: float) -> Iterator[Wish]:
    """Wishes number ``first`` to ``last``: prompts of the tests, and words of the catalogue thrown together."""
    acts = [word for words in ADJECTIVES for word in words.split(", ")]
    names = [word for kind in KINDS for words in (kind.words, *kind.own.values()) for word in words.split(", ") if word]
    joints = ["", ",", "and", "with", "over", "on", "in a", "without", "far from", "then"]
    whole = [*PROMPTS, *UNKNOWN]
    for number in range(first, last):
        rng = np.random.default_rng([20, number])
        parts = []
        for _ in range(int(rng.integers(1, 5))):
            words = [acts[rng.integers(len(acts))] for _ in range(int(rng.integers(0, 3)))]
            parts += [*words, names[rng.integers(len(names))], joints[rng.integers(len(joints))]]
        prompt = whole[rng.integers(len(whole))] if rng.random() < 0.3 else " ".join(parts)
        length_s = 0.1 * (longest_s / 0.1) ** rng.random()
        yield Wish(prompt, int(rng.integers(2**32)), float(0.01 * 500 ** rng.random()), int(length_s * RATE))


def faults(wish: Wish) -> list[str]:
    """What is wrong with the sound of a wish, in words; nothing, if it is safe."""
    sound = render(wish.prompt, wish.seed, wish.frames, wish.temperature)
    if not np.isfinite(sound).all():
        return ["not finite"]
    layers = read(wish.prompt).layers
    softest_db = min(0.0, *(layer.traits.level_db for layer in layers), 0.0)
    goes_on = any(BY_NAME[layer.kind].texture for layer in layers)
    checks = {
        "shape": sound.shape == (wish.frames, 2),
        "over full scale": float(np.abs(sound).max()) < SAFE,
        "silent": float(np.abs(sound).max()) > 1e-4,
        "step at the start": float(np.abs(sound[0]).max()) < STEP,
        "step at the end": float(np.abs(sound[-1]).max()) < STEP,
        "DC": wish.frames < RATE or float(np.abs(sound.mean(axis=0, dtype=np.float64)).max()) < 2 * STEP,
        "off the grid": bool(np.array_equal(np.rint(sound / GRID) * GRID, sound)),
        "a second of silence": not goes_on or loudest_gap_s(sound, QUIET_DB + softest_db) < 1.0,
    }
    return [name for name, holds in checks.items() if not holds]


def failing(first: int, last: int, longest_s: float) -> dict[Wish, list[str]]:
    found = {wish: faults(wish) for wish in wishes(first, last, longest_s)}
    return {wish: wrong for wish, wrong in found.items() if wrong}


def test_300_random_prompts_are_safe() -> None:
    assert failing(0, 300, 3.0) == {}


@pytest.mark.hard
@pytest.mark.parametrize("hundred", range(50))
def test_5000_random_prompts_are_safe(hundred: int) -> None:
    assert failing(100 * hundred, 100 * hundred + 100, 12.0) == {}


def test_the_checks_see_what_is_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(sound: np.ndarray) -> list[str]:
        monkeypatch.setattr("test_sketch_random.render", lambda *_: sound)
        return faults(Wish("rain", 1, 1.0, 2 * RATE))

    line = (0.1 * np.sin(np.arange(2 * RATE) * 0.1))[:, None] * np.hanning(2 * RATE)[:, None] * np.ones((1, 2))
    sound = (np.rint(line / GRID) * GRID).astype(np.float32)
    assert spoilt(sound) == []
    assert spoilt(np.full_like(sound, np.nan)) == ["not finite"]
    assert spoilt(10 * sound) == ["over full scale"]
    assert spoilt(0 * sound) == ["silent", "a second of silence"]
    assert spoilt(sound[1:]) == ["shape"]
    assert spoilt(sound + np.float32(2**-8)) == ["step at the start", "step at the end", "DC"]
    assert spoilt(np.concatenate((sound[:RATE], np.zeros((RATE, 2), np.float32)))) == ["a second of silence"]
    assert spoilt(sound + np.float32(2**-21)) == ["off the grid"]
