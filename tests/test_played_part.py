"""How long an element sounds and which part of its takes: one answer for planning, the rules and the mixer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenebuild.scene.played_part import overlap_of, pieces_of, played_part, take_frames
from scenebuild.scene.timing import Long, Playback
from signals import RATE, noise
from test_mix import Studio, element

RATES = st.sampled_from([16000, 32000, 44100, 48000])
HALF_A_FRAME_S = 1.00009375  # 48,004.5 frames at 48 kHz


@pytest.mark.parametrize("long", ["loop", "takes"])
def test_half_a_frame_blends_no_take_into_its_own_beginning(tmp_path: Path, long: Long) -> None:
    """A plan asks for 48,004 frames; a mixer that wants 48,005 of them puts the take behind itself."""
    studio = Studio(tmp_path)
    studio.take("a", noise(HALF_A_FRAME_S)[: take_frames(HALF_A_FRAME_S, RATE)])
    plain = studio.sound(element("a", duration_s=HALF_A_FRAME_S))
    filled = studio.sound(element("a", duration_s=HALF_A_FRAME_S, playback=Playback(long=long)))
    assert np.array_equal(filled, plain)


def test_a_take_of_half_a_frame_has_an_even_number_of_frames() -> None:
    assert [take_frames(frames / RATE, RATE) for frames in (0.1, 1.5, 2.5, 48003.5, 48004.5)] == [1, 2, 2, 48004, 48004]


@given(st.floats(0.001, 600), RATES, st.sampled_from(["extend", "takes", "loop"]))
def test_a_take_that_was_made_as_planned_is_played_whole_and_once(duration_s: float, rate: int, long: Long) -> None:
    frames = take_frames(duration_s, rate)
    played = played_part(Playback(long=long), duration_s, frames, rate)
    assert (played.first, played.last, played.frames) == (0, frames, frames)
    assert (played.rounds, played.overlap) == (1, 0)


@given(st.floats(1.0, 600), RATES, st.floats(1.0, 20.0), st.sampled_from(["takes", "loop"]))
def test_several_takes_are_as_long_as_the_duration(duration_s: float, rate: int, longest_s: float, long: Long) -> None:
    playback = Playback(long=long)
    pieces, piece_s = pieces_of(duration_s, playback, longest_s)
    frames = take_frames(piece_s, rate)
    played = played_part(playback, duration_s, frames, rate)
    assert played.frames == take_frames(duration_s, rate)
    overlap = played.overlap
    assert pieces * played.rounds * (frames - overlap) + overlap >= played.frames - pieces
    assert abs(overlap / rate - (overlap_of(piece_s) if overlap else 0)) <= 1 / rate


@given(st.floats(0.1, 60), RATES, st.floats(0, 70), st.floats(0, 70) | st.none(), st.floats(0.25, 4))
def test_a_trim_leaves_as_much_in_frames_as_in_seconds(
    duration_s: float, rate: int, from_s: float, to_s: float | None, speed: float
) -> None:
    playback = Playback(trim_from_s=from_s, trim_to_s=to_s, speed=speed)
    played = played_part(playback, duration_s, take_frames(duration_s, rate), rate)
    assert max(played.pass_s, 0.0) == pytest.approx(playback.pass_s(duration_s), abs=2 / rate / speed)
