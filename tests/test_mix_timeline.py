"""Where elements lie and how long a mix is: plain numbers."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from scenebuild.mix.timeline import Span, lay_out

spans = st.lists(
    st.builds(Span, start_s=st.floats(0, 100), length_s=st.floats(0.01, 100), loop=st.booleans()),
    min_size=1,
    max_size=6,
)


def test_the_length_is_the_latest_end_of_what_does_not_loop() -> None:
    rain, door, bell = Span(0, 8, True), Span(4.5, 2, False), Span(1, 3, False)
    assert lay_out([rain, door, bell], 48000).frames / 48000 == 6.5
    assert lay_out([door, rain], 48000).frames / 48000 == 6.5
    assert lay_out([rain, Span(2, 20, True)], 48000).frames / 48000 == 22
    assert lay_out([rain, door], 48000, 24).frames / 48000 == 24
    assert lay_out([], 48000).frames / 48000 == 0


def test_elements_are_placed_to_the_nearest_frame() -> None:
    timeline = lay_out([Span(0.1, 1.0, False), Span(4.5 / 44100, 1.0, False)], 44100)
    assert [placement.start for placement in timeline.placements] == [4410, 5]
    assert timeline.frames == 4410 + 44100


def test_a_loop_sounds_to_the_end_and_a_single_pass_to_its_own() -> None:
    rain, door, late, after = lay_out(
        [Span(1, 8, True), Span(2, 3, False), Span(9, 3, False), Span(11, 1, False)], 1000, duration_s=10
    ).placements
    assert (rain.start, rain.stop, rain.pass_frames, rain.cut) == (1000, 10000, 8000, False)
    assert (door.start, door.stop, door.cut) == (2000, 5000, False)
    assert (late.start, late.stop, late.pass_frames, late.cut) == (9000, 10000, 3000, True)
    assert after.start == after.stop == 10000


@given(spans, st.sampled_from([8000, 44100, 48000]))
def test_nothing_that_plays_once_is_cut_by_a_mix_without_a_duration(elements: list[Span], rate: int) -> None:
    timeline = lay_out(elements, rate)
    for placement, element in zip(timeline.placements, elements, strict=True):
        assert 0 <= placement.start <= placement.stop <= timeline.frames
        if not element.loop:
            assert placement.stop - placement.start == placement.pass_frames
            assert not placement.cut


def test_planning_needs_no_numpy() -> None:
    code = "import sys, scenebuild.mix.timeline, scenebuild.frames; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
