"""Kinds are told apart by their spectrum and by how it moves: nearest centroid over ten seeds of each."""

from __future__ import annotations

import numpy as np

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.render import render

RATE, SEEDS, FRAMES = 48000, range(10), 61440
WINDOW, HOP, BANDS = 2048, 960, 24
Line = np.ndarray


# The first line of each of the bands, evenly spaced in mel from 40 Hz to 16 kHz.
_LOW, _HIGH = (2595 * np.log10(1 + hertz / 700) for hertz in (40.0, 16000.0))
_MEL = np.linspace(_LOW, _HIGH, BANDS + 1)
_EDGES = np.rint(700 * (10 ** (_MEL / 2595) - 1) / RATE * WINDOW).astype(int)


def statistics(samples: Line) -> Line:
    """Mean and spread of the log-mel bands, and the power of their modulation at 1–25 Hz (McDermott and Simoncelli
    2011: such statistics are what listeners know textures by). The level of the whole is left out."""
    line = samples.mean(axis=1)
    frames = np.lib.stride_tricks.sliding_window_view(line, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.add.reduceat(np.abs(np.fft.rfft(frames, axis=1)) ** 2, _EDGES, axis=1)[:, :-1]
    log = 10 * np.log10(power + 1e-9 * power.max() + 1e-12)
    mean = log.mean(axis=0)
    groups = log.reshape(len(log), 6, 4).mean(axis=2)
    moving = np.abs(np.fft.rfft((groups - groups.mean(axis=0)) * np.hanning(len(log))[:, None], axis=0)) ** 2
    rates = np.fft.rfftfreq(len(log), HOP / RATE)
    limits = (0.6, 1.6, 3.0, 6.0, 12.0, 25.1)
    parts = [moving[(rates >= a) & (rates < b)].mean(axis=0) for a, b in zip(limits, limits[1:], strict=False)]
    return np.concatenate((mean - mean.mean(), log.std(axis=0), 5 * np.log10(np.array(parts).ravel() + 1.0)))


def confusions() -> tuple[float, dict[tuple[str, str], int]]:
    """The share of takes that are nearest to the centroid of their kind, made without them, and what went wrong."""
    kinds = [kind for kind in KINDS if kind.words]
    takes = [[statistics(render(kind.words.split(",")[0], seed, FRAMES)) for seed in SEEDS] for kind in kinds]
    seen = np.array(takes) @ _even(np.array(takes))
    centres, n = seen.mean(axis=1), len(SEEDS)
    wrong: dict[tuple[str, str], int] = {}
    for k, kind in enumerate(kinds):
        for take in seen[k]:
            others = centres.copy()
            others[k] = (centres[k] * n - take) / (n - 1)
            found = int(np.argmin(np.square(others - take).sum(axis=1)))
            if found != k:
                pair = (kind.name, kinds[found].name)
                wrong[pair] = wrong.get(pair, 0) + 1
    return 1.0 - sum(wrong.values()) / (len(kinds) * n), wrong


def _even(seen: Line) -> Line:
    """Makes the scatter within kinds the same in every direction (Mahalanobis), its covariance shrunk by a tenth."""
    kinds, seeds, size = seen.shape
    apart = (seen - seen.mean(axis=1, keepdims=True)).reshape(-1, size)
    scatter = apart.T @ apart / (kinds * (seeds - 1))
    scatter = 0.9 * scatter + 0.1 * np.diag(np.diag(scatter)) + 1e-6 * np.eye(size)
    return np.linalg.cholesky(np.linalg.inv(scatter))


def test_at_least_95_of_100_takes_are_nearest_to_their_kind() -> None:
    share, wrong = confusions()
    assert share >= 0.95, wrong
