"""The mixer page in a browser: what everybody can see and reach, two sides, and a page that lives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import Visit, visit
from mixer_pages import a_side, built, quay, rendered, residual_db, state
from scenebuild.audio.wav import quantize
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.pages.embedded_audio import stem_sound
from scenebuild.report.pages.mixer_page import (
    Live,
    MixerPage,
    MixerScene,
    mixer_html,
)
from signals import RATE, noise
from test_report import DOOR, FULL, RAIN, THUNDER

__all__ = ["quay"]


# In a browser: seen and told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anybodys_way(browser: Any, quay: Path, scheme: str) -> None:
    seen = visit(browser, quay / "index.html", color_scheme=scheme)
    seen.page.get_by_label("Mute bell").click()
    seen.page.get_by_label("Solo waves").click()
    seen.page.locator(".recipe summary").first.click()
    seen.page.get_by_role("button", name="Loop").click()
    assert seen.axe() == []
    seen.page.context.close()


def test_it_fits_a_phone(browser: Any, quay: Path) -> None:
    seen = visit(browser, quay / "index.html", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for summary in seen.page.locator(".recipe summary").all():
        summary.tap()
    assert seen.do("document.documentElement.scrollWidth") <= 390
    boxes = seen.do("[...document.querySelectorAll('button')].map((one) => one.getBoundingClientRect().toJSON())")
    assert [box for box in boxes if min(box["width"], box["height"]) < 36] == []
    seen.page.context.close()


def test_without_a_script_the_mix_still_plays(browser: Any, quay: Path) -> None:
    seen = visit(browser, quay / "index.html", java_script_enabled=False)
    assert seen.page.locator("audio").is_visible()
    assert seen.page.locator("audio").get_attribute("src") == "quay.wav"
    assert not seen.page.locator(".transport").is_visible()
    seen.page.context.close()


LONG = """
name: Long
elements:
  rain: {prompt: steady rain, duration: 1, loop: true}
  wind: {prompt: wind, duration: 1, loop: true}
mix: {duration: 301}
"""


def test_a_long_scene_plays_the_file_beside_it(browser: Any, tmp_path: Path) -> None:
    address = built(tmp_path, LONG, "long") / "index.html"
    assert address.stat().st_size < 300_000
    seen = visit(browser, address)
    assert "--stems" in seen.page.locator(".why").inner_text()
    assert seen.page.locator(".fader").count() == 0
    seen.page.keyboard.press("Space")
    seen.until("scenebuild.scenes[0].now > 0.2")
    seen.do("scenebuild.scenes[0].seek(200)")
    seen.until("scenebuild.scenes[0].now > 200.1")
    seen.page.keyboard.press("Space")
    assert not state(seen, "isPlaying")
    assert seen.axe() == []
    assert set(seen.requests) == {address.as_uri(), (address.parent / "long.wav").as_uri()}
    assert seen.complaints == []
    seen.page.context.close()


def test_a_mix_that_is_not_there_is_missed_aloud(browser: Any, tmp_path: Path) -> None:
    folder = built(tmp_path, LONG, "long")
    (folder / "long.wav").unlink()
    seen = visit(browser, folder / "index.html")
    seen.page.keyboard.press("Space")
    seen.until("document.querySelector('.failed').textContent.includes('is the mix beside this page?')")
    assert not state(seen, "isPlaying")
    assert seen.page.get_by_role("button", name="Play Long").is_visible()
    seen.page.context.close()


# In a browser: two sides


@pytest.fixture
def two(browser: Any, tmp_path: Path) -> Iterator[Visit]:
    """Before and after of two scenes: in one the rain is gone, the thunder is another."""
    before = a_side(tmp_path, FULL, "before")
    other = a_side(tmp_path, replace(FULL, elements=(DOOR, THUNDER)), "after")
    thunder = replace(stem_sound(CapturedStem(THUNDER.name, 0, quantize(noise(3.0, seed=9))), RATE))
    after = replace(other, sounds=(*(one for one in other.sounds if one.name != THUNDER.name), thunder))
    badges = {THUNDER.name: ("generated again",), RAIN.name: ("removed",)}
    scenes = [
        MixerScene(f"scene-{number}", f"Scene {number}", "", (before, after), "changed", badges, is_open=number == 0)
        for number in range(2)
    ]
    (tmp_path / "index.html").write_text(mixer_html(MixerPage("m", "Two", "", tuple(scenes))))
    seen = visit(browser, tmp_path / "index.html")
    yield seen
    assert seen.complaints == []
    assert len(seen.requests) == 1
    seen.page.context.close()


def test_the_other_side_is_heard_at_the_same_place(two: Visit) -> None:
    before, after = rendered(two, 3.0, side=0), rendered(two, 3.0, side=1)
    assert residual_db(before, after) > -10
    two.page.keyboard.press("Space")
    two.until("scenebuild.scenes[0].now > 0.2")
    gains = "scenebuild.scenes[0].deck.passes[0].sides.map((one) => Math.round(one.gain.value * 1000) / 1000)"
    assert two.do(gains) == [0, 1]
    place = state(two, "now")
    two.page.keyboard.press("x")
    two.until(f"JSON.stringify({gains}) === '[1,0]'", 1.0)
    assert place < state(two, "now") < place + 1  # and it was one pass all along
    assert len(state(two, "deck.passes")) == 1
    assert two.page.get_by_role("button", name="before").get_attribute("aria-pressed") == "true"
    assert two.page.locator('.wave .of-side[data-side="0"]').first.is_visible()
    assert not two.page.locator('.wave .of-side[data-side="1"]').first.is_visible()
    assert residual_db(rendered(two, 3.0), before) < -120
    two.page.get_by_role("button", name="after").click()
    assert residual_db(rendered(two, 3.0), after) < -120


@pytest.mark.parametrize("other", [1, -1])
def test_a_switch_makes_no_click(two: Visit, other: int) -> None:
    """The very nodes of a pass, in an offline context, with the switch in the middle of two steady sounds."""
    found = two.do(
        """async (other) => {
            const player = scenebuild.scenes[0];
            await player.play();
            const Pass = player.deck.passes[0].constructor;
            player.pause();
            const context = new OfflineAudioContext(1, 48000, 48000);
            const buffers = [1, other].map((value, side) => {
                const buffer = new AudioBuffer({ length: 48000, sampleRate: 48000 });
                buffer.getChannelData(0).fill(value);
                return { buffer, side, element: "", start: 0 };
            });
            player.setSide(0);
            const pass = new Pass(context, player, buffers, 0, 0, false);
            pass.out.connect(context.destination);
            context.suspend(0.5).then(() => { player.side = 1; pass.apply(); context.resume(); });
            return [...(await context.startRendering()).getChannelData(0)];
        }""",
        other,
    )
    samples = np.array(found)
    assert (samples[0], samples[-1]) == (1, pytest.approx(other, abs=1e-3))
    assert np.abs(np.diff(samples)).max() < 0.03  # no step
    if other == 1:
        assert samples.min() > 0.95  # and two equal sounds cross without a dip


def test_scenes_that_are_not_played_are_not_decoded(two: Visit) -> None:
    two.page.get_by_role("button", name="Play Scene 0").click()
    two.until("scenebuild.scenes[0].isPlaying")
    assert two.do("scenebuild.scenes.map((one) => one.deck.buffers !== undefined)") == [True, False]
    two.page.locator("details.scene > summary").nth(1).click()
    two.page.get_by_role("button", name="Play Scene 1").click()
    two.until("scenebuild.scenes[1].isPlaying")
    assert not state(two, "isPlaying")
    assert two.axe() == []


# In a browser: a page that lives


def drag(seen: Visit, track: str, start: float, stop: float) -> None:
    """Drag on a track, from one share of its width to another."""
    lane = seen.page.locator(track)
    lane.scroll_into_view_if_needed()
    box = lane.bounding_box()
    assert box is not None
    mouse, y = seen.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + start * box["width"], y)
    mouse.down()
    mouse.move(box["x"] + stop * box["width"], y, steps=4)
    mouse.up()


def test_another_document_moves_in_while_the_sound_plays_on(browser: Any, tmp_path: Path) -> None:
    side = a_side(tmp_path, FULL)
    strips = tuple(
        replace(strip, values=replace(strip.values, volume=0.5, pan=0.0, start_s=1.0)) for strip in side.strips
    )
    louder = (replace(strips[0], values=replace(strips[0].values, volume=1.0)), *strips[1:])
    sounds = (stem_sound(CapturedStem(RAIN.name, 0, quantize(noise(3.0, seed=9))), RATE), *side.sounds[1:])
    pages = [
        mixer_html(MixerPage("m", title, "", (MixerScene("key", title, "", (one,)),)), Live("t", "window.extra = 1;"))
        for title, one in (
            ("First", replace(side, strips=strips)),
            ("Second", replace(side, strips=louder, sounds=sounds)),
        )
    ]
    (tmp_path / "index.html").write_text(pages[0])
    seen = visit(browser, tmp_path / "index.html")
    assert seen.do("window.extra") == 1
    seen.do("() => { window.told = []; document.addEventListener('mixer:change', (one) => told.push(one.detail)); }")
    fader = seen.page.locator(f'[data-element="{RAIN.name}"] .fader input')
    assert float(fader.input_value()) == -6
    before = rendered(seen, 3.0)
    fader.fill("0")
    fader.dispatch_event("change")
    seen.page.locator(f'[data-element="{DOOR.name}"] .pan input').fill("0.5")
    seen.page.locator(f'[data-element="{DOOR.name}"] .starts input').fill("2")
    seen.page.locator(f'[data-element="{DOOR.name}"] .starts input').blur()
    told = {(one["element"], one["field"]): one["value"] for one in seen.do("told")}
    assert told == {(RAIN.name, "volume"): 1.0, (DOOR.name, "pan"): 0.5, (DOOR.name, "start"): 2}
    assert residual_db(rendered(seen, 3.0), before) > -20  # heard at once
    seen.do("told.length = 0")
    drag(seen, f'[data-element="{RAIN.name}"] .lane', 0.5, 0.6)
    ((moved,),) = [seen.do("told")]
    assert (moved["element"], moved["field"]) == (RAIN.name, "start")
    assert moved["value"] == pytest.approx(1.3, abs=0.051)
    drag(seen, f'[data-element="{RAIN.name}"] .lane', 0.5, 0.5)  # not moved, it is a click
    assert state(seen, "now") == pytest.approx(1.5, abs=0.02)
    assert len(seen.do("told")) == 1
    seen.do("scenebuild.scenes[0].seek(0)")
    seen.page.get_by_label(f"Solo {THUNDER.name}").click()
    seen.page.keyboard.press("Space")
    seen.until("scenebuild.scenes[0].now > 0.3")
    fader.focus()
    seen.do(
        """async (text) => {
            window.decodings = 0;
            const decode = OfflineAudioContext.prototype.decodeAudioData;
            OfflineAudioContext.prototype.decodeAudioData = function (...given) {
                decodings += 1;
                return decode.apply(this, given);
            };
            window.place = scenebuild.scenes[0].now;
            await scenebuild.adopt(new DOMParser().parseFromString(text, "text/html"));
        }""",
        pages[1],
    )
    assert seen.do("decodings") == 1
    assert seen.page.title() == "Second"
    assert state(seen, "isPlaying")
    assert seen.do("place") < state(seen, "now") < seen.do("place") + 1
    assert seen.page.get_by_label(f"Solo {THUNDER.name}").get_attribute("aria-pressed") == "true"
    assert float(fader.input_value()) == 0
    assert seen.do("document.activeElement.matches('.fader input')")
    assert seen.axe() == []
    assert seen.complaints == []
    seen.page.context.close()
