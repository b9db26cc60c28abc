"""The page of ``scenebuild watch`` in a browser: its faders write into the scene file."""

from __future__ import annotations

import pytest

from scenebuild.audio.wav import read_wav
from scenebuild.scene.read import read_scene
from test_watch import MIX, PATH
from watch_desk import SCENE, Desk, desk, residual_db, takes

__all__ = ["desk", "takes"]


def test_a_fader_changes_one_line_and_the_sound_follows(desk: Desk) -> None:
    loud = desk.heard()
    assert residual_db(loud, read_wav(MIX)[0]) < -60
    desk.after(lambda: desk.set_range("rain", ".fader input", -20))
    assert desk.changes() == ["-     volume: 0.7   # quiet", "+     volume: 0.1   # quiet"]
    assert residual_db(desk.heard(), read_wav(MIX)[0]) < -60, "the page plays what the mixer made"
    assert residual_db(desk.heard(), loud) > -20
    assert desk.said() == f"{PATH}:8: rain: volume 0.1"
    assert desk.errors == []
    assert all(url.startswith((desk.watching.address, "data:")) for url in desk.requests)


def test_pan_mute_and_start_are_written_too(desk: Desk) -> None:
    desk.after(lambda: desk.set_range("rain", ".pan input", -0.5))
    desk.after(lambda: desk.row("bell").locator(".mute").click())
    desk.after(lambda: desk.set_range("bell", ".starts input", 1.25))
    assert desk.changes() == [
        "+     pan: -0.5",
        "-   bell: {prompt: a bell, duration: 1, start: 0.5}",
        "+   bell: {prompt: a bell, duration: 1, start: 1.25, mute: true}",
    ]
    assert residual_db(desk.heard(), read_wav(MIX)[0]) < -60
    desk.after(lambda: desk.row("bell").locator(".mute").click())
    assert "mute: false" in desk.path.read_text()
    assert desk.row("bell").locator(".mute").get_attribute("aria-pressed") == "false"
    assert residual_db(desk.heard(), read_wav(MIX)[0]) < -60
    assert desk.errors == []


def test_a_bar_that_is_dragged_is_a_start(desk: Desk) -> None:
    bar = desk.row("bell").locator(".lane .bar").first.bounding_box()
    lane = desk.row("bell").locator(".lane").bounding_box()
    x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2

    def drag() -> None:
        desk.page.mouse.move(x, y)
        desk.page.mouse.down()
        desk.page.mouse.move(x + lane["width"] / 4, y, steps=4)  # a quarter of two seconds
        desk.page.mouse.up()

    desk.after(drag)
    assert read_scene(PATH).elements[1].start_s == pytest.approx(1.0, abs=0.051)
    assert len(desk.changes()) == 2
    assert residual_db(desk.heard(), read_wav(MIX)[0]) < -60


def test_what_moves_is_not_for_the_page_to_write(desk: Desk) -> None:
    assert desk.row("hum").locator(".fader input").is_disabled()
    assert desk.row("rain").locator(".fader input").is_enabled()


def test_an_edit_in_an_editor_survives_and_comes_to_the_page(desk: Desk) -> None:
    theirs = SCENE.replace("volume: 0.7 ", "volume: 0.25 ").replace("as heard", "now as heard")
    desk.path.write_text(theirs)
    desk.set_range("rain", ".fader input", -20)  # the page still shows 0.7
    desk.until("document.querySelector('.watch .last.refused')")
    assert desk.said() == "volume: the file now has 0.25, so nothing was written"
    assert desk.path.read_text() == theirs
    desk.until("window.shownAt.length > 0")
    assert desk.row("rain").get_attribute("data-volume") == "0.25"
    assert desk.row("rain").locator(".fader output").inner_text() == "−12.0 dB"
    desk.after(lambda: desk.set_range("rain", ".fader input", -20))
    assert desk.path.read_text() == theirs.replace("volume: 0.25 ", "volume: 0.1 ")


def test_undo_leads_back_to_the_file_as_it_was(desk: Desk) -> None:
    desk.after(lambda: desk.set_range("rain", ".fader input", -20))
    desk.after(lambda: desk.set_range("bell", ".starts input", 1))
    desk.page.keyboard.press("Control+z")
    desk.until("document.querySelector('.strip[data-element=bell]').dataset.start === '0.5'")
    desk.page.locator(".watch .undo").click()
    desk.until("document.querySelector('.watch .undo').disabled")
    desk.until("document.querySelector('.strip[data-element=rain]').dataset.volume === '0.7'")
    assert desk.path.read_text() == SCENE
