"""The mixer page in a browser: what is heard, and how it plays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from browser import Visit
from mixer_pages import page, quay, rendered, residual_db, state, stem
from scenebuild.audio.wav import read_wav
from scenebuild.decibels import db_to_gain
from signals import RATE

__all__ = ["page", "quay"]


# In a browser: what is heard


def test_the_stems_of_the_page_are_the_mix(page: Visit, quay: Path) -> None:
    assert residual_db(rendered(page), read_wav(quay / "quay.wav")[0]) < -70


def test_decoding_keeps_every_frame(page: Visit) -> None:
    page.until("scenebuild.scenes[0].deck.buffers !== undefined")
    lengths = page.do(
        "scenebuild.scenes[0].deck.buffers.map((one) => [one.element, one.buffer.length, one.buffer.sampleRate])"
    )
    assert {name: (frames, rate) for name, frames, rate in lengths}["waves"] == (4 * RATE, RATE)


def test_a_mute_sounds_as_the_mixer_mixes_it(page: Visit, quay: Path) -> None:
    for name in ("bell", "waves"):
        page.page.get_by_label(f"Mute {name}").click()
        heard = rendered(page)
        others = stem(quay, *({"waves", "gulls", "bell", "hum"} - {name}))
        assert residual_db(heard, others) < -60
        project = quay.parent.parent
        environment = {**os.environ, "SCENEBUILD_STORE": str(project / "store")}
        command = [sys.executable, "-m", "scenebuild", "quay.yaml", "--engine", "sketch", "--mute", name, "-q"]
        subprocess.run(command, check=True, cwd=project, env=environment)
        alone = read_wav(quay / "listen.wav")[0]  # brought to the loudness of the scene again: one gain
        gain = float(np.vdot(alone, heard) / np.vdot(alone, alone))
        assert residual_db(heard, alone * np.float32(gain)) < -60
        page.page.get_by_label(f"Mute {name}").click()
    assert residual_db(rendered(page), read_wav(quay / "quay.wav")[0]) < -70


def test_solo_and_faders(page: Visit, quay: Path) -> None:
    page.page.get_by_label("Solo gulls").click()
    assert residual_db(rendered(page), stem(quay, "gulls")) < -60
    page.page.get_by_label("Solo bell").click()
    assert residual_db(rendered(page), stem(quay, "gulls", "bell")) < -60
    page.page.get_by_label("Mute bell").click()
    assert residual_db(rendered(page), stem(quay, "gulls")) < -60
    page.page.get_by_role("button", name="Reset").click()
    fader = page.page.locator('[data-element="waves"] .fader input')
    fader.fill("-6")
    wanted = stem(quay, "gulls", "bell", "hum") + stem(quay, "waves") * np.float32(db_to_gain(-6))
    assert residual_db(rendered(page), wanted) < -60
    assert page.page.locator('[data-element="waves"] output').inner_text() == "−6.0 dB"
    fader.dblclick()
    assert page.page.locator('[data-element="waves"] output').inner_text() == "0.0 dB"
    fader.fill("-48")
    assert residual_db(rendered(page), stem(quay, "gulls", "bell", "hum")) < -60


def test_a_place_in_the_middle_is_the_rest_of_the_mix(page: Visit, quay: Path) -> None:
    for start in (0.9, 2.0, 3.3):
        wanted = read_wav(quay / "quay.wav")[0][round(start * RATE) :]
        assert residual_db(rendered(page, len(wanted) / RATE, **{"from": start}), wanted) < -60


# In a browser: playing


def test_it_plays_and_goes_on_until_its_end(page: Visit) -> None:
    page.page.get_by_role("button", name="Play Quay").click()
    page.until("scenebuild.scenes[0].now > 0.3")
    assert page.page.get_by_role("button", name="Pause Quay").is_visible()
    assert float(page.page.locator(".wave").get_attribute("aria-valuenow") or 0) > 0
    page.until("Number(document.querySelector('.meter span').style.getPropertyValue('--level')) > 0.1")
    page.do("scenebuild.scenes[0].seek(3.8)")
    page.until("!scenebuild.scenes[0].isPlaying")
    assert state(page, "now") == 0
    assert page.page.get_by_role("button", name="Play Quay").is_visible()


def test_seeking_with_a_pointer(page: Visit) -> None:
    for track in (".wave", ".spectrogram", '[data-element="bell"] .lane'):
        lane = page.page.locator(track)
        for share in (0.25, 0.75):
            lane.click(position={"x": share * lane.evaluate("(one) => one.clientWidth"), "y": 20})
            assert state(page, "now") == pytest.approx(4 * share, abs=0.02)
    page.page.keyboard.press("Space")
    page.until("scenebuild.scenes[0].now > 3.2")
    page.do("scenebuild.scenes[0].seek(1.0)")
    assert 0.9 < page.until("scenebuild.scenes[0].isPlaying && scenebuild.scenes[0].now") < 2.0


def test_a_loop_plays_without_a_gap(page: Visit) -> None:
    page.page.keyboard.press("l")
    page.do("scenebuild.scenes[0].seek(3.5)")
    page.page.keyboard.press("Space")
    page.until("scenebuild.scenes[0].now > 3.5")
    passes = page.do("scenebuild.scenes[0].deck.passes.map((one) => [one.from, one.when, one.until])")
    assert len(passes) >= 2
    assert passes[1] == [0, pytest.approx(passes[0][2], abs=1e-9), pytest.approx(passes[0][2] + 4, abs=1e-9)]
    page.until("scenebuild.scenes[0].now < 1")
    assert state(page, "isPlaying")
    page.page.keyboard.press("l")
    assert len(state(page, "deck.passes")) == 1
    page.do("scenebuild.scenes[0].seek(3.8)")
    page.until("!scenebuild.scenes[0].isPlaying")


def test_everything_can_be_done_with_keys(page: Visit) -> None:
    keys = page.page.keyboard
    keys.press("Space")
    page.until("scenebuild.scenes[0].isPlaying")
    keys.press("Space")
    assert not state(page, "isPlaying")
    keys.press("Home")
    keys.press("ArrowRight")
    assert state(page, "now") == 1
    keys.press("Shift+ArrowRight")
    assert state(page, "now") == 4
    keys.press("ArrowLeft")
    assert state(page, "now") == 3
    keys.press("l")
    assert page.page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    keys.press("2")
    assert page.page.get_by_label("Mute gulls").get_attribute("aria-pressed") == "true"
    keys.press("Shift+3")
    assert page.page.get_by_label("Solo bell").get_attribute("aria-pressed") == "true"
    keys.press("0")
    assert page.do("document.querySelectorAll('.strip [aria-pressed=true]').length") == 0
    page.page.locator('[data-element="hum"] .fader input').focus()
    keys.press("ArrowLeft")
    assert state(page, "strips[3].db") == -0.5
    keys.press("Space")
    page.until("scenebuild.scenes[0].isPlaying")
    keys.press("Escape")
    page.page.get_by_label("Mute hum").focus()
    keys.press("Space")  # on a button it presses the button
    assert page.page.get_by_label("Mute hum").get_attribute("aria-pressed") == "true"
    assert not state(page, "isPlaying")
    page.page.get_by_label("Mute hum").click()
    keys.press("Space")  # which a pointer has let go of
    page.until("scenebuild.scenes[0].isPlaying")


def test_changes_are_told_to_whoever_listens(page: Visit) -> None:
    page.do("() => { window.told = []; document.addEventListener('mixer:change', (one) => told.push(one.detail)); }")
    page.page.get_by_label("Mute bell").click()
    page.page.locator('[data-element="hum"] .fader input').press("ArrowLeft")
    assert page.do("told") == [
        {"scene": "quay", "element": "bell", "field": "mute", "value": True},
        {"scene": "quay", "element": "hum", "field": "volume", "value": None},
    ]
