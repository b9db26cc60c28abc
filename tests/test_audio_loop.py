"""Loops: exact length, no dip at the seam, any stretch of it alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenebuild.audio.loop import crossfade_frames, fill, lengthened, loop_body, loop_slices, render_loop
from signals import level_db, noise


def naive_loop(take: np.ndarray, crossfade: int, frames: int) -> np.ndarray:
    """Lay pass after pass over each other, each faded in over the end of the one before."""
    period = len(take) - crossfade
    out = np.zeros((frames + 2 * len(take), take.shape[1]))
    angle = (np.arange(crossfade) + 0.5) / max(crossfade, 1) * np.pi / 2
    for number, start in enumerate(range(0, frames + period, period)):
        one = take.astype(np.float64)
        if number:
            one[:crossfade] *= np.sin(angle)[:, None]
        one[len(one) - crossfade :] *= np.cos(angle)[:, None]
        out[start : start + len(one)] += one
    return out[:frames]


@given(
    length=st.integers(1, 200), share=st.floats(0, 0.5), frames=st.integers(0, 900), cuts=st.lists(st.integers(0, 900))
)
def test_a_loop_is_its_passes_laid_over_each_other_however_it_is_cut(
    length: int, share: float, frames: int, cuts: list[int]
) -> None:
    take = np.random.default_rng(length).standard_normal((length, 2)).astype(np.float32)
    crossfade = int(length * share)
    body = loop_body(take, crossfade)
    whole = render_loop(body, crossfade, 0, frames)
    assert len(body) == length
    assert len(whole) == frames
    np.testing.assert_allclose(whole, naive_loop(take, crossfade, frames), atol=1e-6)
    edges = sorted({0, frames, *(cut for cut in cuts if cut < frames)})
    pieces = [render_loop(body, crossfade, a, b) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate([whole[:0], *pieces]), whole)


@given(length=st.integers(1, 50), share=st.floats(0, 0.5), frames=st.integers(0, 300))
def test_a_lengthened_body_plays_the_same(length: int, share: float, frames: int) -> None:
    take = np.random.default_rng(length).standard_normal((length, 1)).astype(np.float32)
    crossfade = int(length * share)
    body = loop_body(take, crossfade)
    longer = lengthened(body, crossfade, frames)
    assert len(longer) >= frames
    assert np.array_equal(render_loop(longer, crossfade, 0, 1000), render_loop(body, crossfade, 0, 1000))


def test_the_level_holds_across_the_seams() -> None:
    """Averaged over 200 takes, so that the noise's own swing does not hide a dip."""
    crossfade, length = 1200, 4800
    seams = []
    for seed in range(200):
        body = loop_body(noise(0.1, seed=seed), crossfade)
        seams.append(render_loop(body, crossfade, length - crossfade, length))
    for tenth in np.array_split(np.array(seams), 10, axis=1):
        assert level_db(tenth) == pytest.approx(-20, abs=0.1)


def test_the_default_crossfade() -> None:
    assert crossfade_frames(8 * 48000, 48000) == 24000
    assert crossfade_frames(48000, 48000) == 12000
    assert crossfade_frames(3, 48000) == 0


@settings(max_examples=30)
@given(length=st.integers(1, 3000), frames=st.integers(0, 9000))
def test_fill_gives_exactly_what_was_asked_for(length: int, frames: int) -> None:
    assert len(fill(np.ones((length, 1), np.float32), frames, 8000)) == frames


def test_a_crossfade_must_fit_twice() -> None:
    with pytest.raises(ValueError, match="a crossfade of 6 frames does not fit twice into a take of 10"):
        loop_body(np.zeros((10, 1), np.float32), 6)


def test_far_into_a_loop_only_the_slices_asked_for_are_named() -> None:
    far = 100 + 900 * 10**9
    assert list(loop_slices(1000, 100, far + 7, far + 12)) == [(107, 112)]
