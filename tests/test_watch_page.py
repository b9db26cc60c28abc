"""The page of ``scenebuild watch`` in a browser: its faders write into the scene file."""

from __future__ import annotations

import difflib
import json
import math
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenebuild.audio.wav import read_wav
from scenebuild.scene.read import read_scene
from test_watch import MIX, PATH, Watching

SCENE = """\
# The yard, as heard from the kitchen.
name: Yard
seed: 3
elements:
  rain:
    prompt: steady rain
    duration: 0.5
    volume: 0.7   # quiet
    loop: true
  bell: {prompt: a bell, duration: 1, start: 0.5}
  hum:
    prompt: a steady hum
    duration: 0.5
    volume: [{at: 0, value: 0.1}, {at: 2, value: 0.4}]
mix: {duration: 2}
"""


@pytest.fixture(scope="session")
def takes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store for all tests here: the takes of their scene are made once."""
    return str(tmp_path_factory.mktemp("takes"))


class Desk:
    """The page, open in a browser, and the scene file behind it."""

    def __init__(self, page: Any, watching: Watching, path: Path) -> None:
        self.page, self.watching, self.path = page, watching, path
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self) -> None:
        self.page.goto(self.watching.address)
        self.until("document.querySelector('.watch.built') && document.querySelectorAll('.strip').length")
        self.page.evaluate("""() => {
            window.shownAt = [];
            document.addEventListener('watch:shown', (event) => window.shownAt.push(event.detail.page));
        }""")

    def until(self, condition: str, seconds: float = 10) -> Any:
        end = time.monotonic() + seconds
        while not (found := self.page.evaluate(condition)):
            assert time.monotonic() < end, f"{condition}\n{self.page.evaluate('document.body.innerText')[:500]}"
            time.sleep(0.02)
        return found

    def shown(self) -> int:
        return int(self.page.evaluate("window.shownAt.length"))

    def after(self, action: Any) -> None:
        """Do something and wait until a newer page has taken this one's place."""
        before = self.shown()
        action()
        self.until(f"window.shownAt.length > {before}")

    def row(self, element: str) -> Any:
        return self.page.locator(f'.strip[data-element="{element}"]')

    def set_range(self, element: str, selector: str, value: float) -> None:
        """Move a slider to a value and let it go, as a hand does: input while it moves, change at the end."""
        self.row(element).locator(selector).evaluate(
            """(input, value) => {
                input.value = value;
                input.dispatchEvent(new Event('input', {bubbles: true}));
                input.dispatchEvent(new Event('change', {bubbles: true}));
            }""",
            value,
        )

    def heard(self) -> np.ndarray:
        """What the page plays now, rendered offline: (frames, channels)."""
        samples = self.page.evaluate("""async () => {
            const buffer = await window.scenebuild.render();
            return [...Array(buffer.numberOfChannels).keys()].map((one) => [...buffer.getChannelData(one)]);
        }""")
        return np.array(samples, np.float32).T

    def said(self) -> str:
        return str(self.page.locator(".watch .last").inner_text())

    def changes(self, before: str = SCENE) -> list[str]:
        found = difflib.ndiff(before.splitlines(), self.path.read_text().splitlines())
        return [line for line in found if line[0] in "+-"]


@pytest.fixture
def desk(project: Path, browser: Any, takes: str) -> Iterator[Desk]:
    path = project / PATH
    path.write_text(SCENE)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script("""
        window.sources = [];
        window.EventSource = class extends EventSource { constructor(url) { super(url); window.sources.push(this); } };
    """)
    with Watching("--store", takes) as watching:
        watching.until("built")
        found = Desk(page, watching, path)
        found.open()
        yield found
        page.close()


def residual_db(heard: np.ndarray, wanted: np.ndarray) -> float:
    assert heard.shape == wanted.shape
    left = float(np.sqrt(np.mean((heard - wanted) ** 2)))
    return 20 * math.log10(max(left, 1e-9) / float(np.sqrt(np.mean(wanted**2))))


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


def test_the_sound_plays_on_while_the_mix_is_made_again(desk: Desk) -> None:
    desk.page.locator(".play").click()
    desk.until("window.scenebuild.scenes[0].isPlaying && window.scenebuild.scenes[0].now > 0.2")
    before = desk.page.evaluate("window.scenebuild.scenes[0].now")
    desk.page.locator(".loop").click()
    desk.after(lambda: desk.set_range("rain", ".fader input", -20))
    assert desk.page.evaluate("window.scenebuild.scenes[0].isPlaying")
    desk.until(f"window.scenebuild.scenes[0].now !== {before}")
    assert desk.errors == []


def test_a_page_of_a_mistake_says_where_and_plays_the_last_good_mix(desk: Desk) -> None:
    before = desk.heard()
    desk.path.write_text(SCENE.replace("volume: 0.7 ", "volume: <b>loud</b> "))
    desk.until("document.querySelector('.watch.failed')")
    told = desk.page.locator(".watch .complaints").inner_text()
    assert told.startswith(f"{PATH}:8:13: volume: '<b>loud</b>' is")
    assert desk.page.locator(".watch b").count() == 0
    desk.set_range("rain", ".fader input", -20)
    desk.until("document.querySelector('.watch .last.refused')")
    assert desk.said() == "nothing was written: the scene has a mistake"
    assert residual_db(desk.heard(), before) < -100
    desk.path.write_text(SCENE)
    desk.until("document.querySelector('.watch.built') && !document.querySelector('.watch .complaints').textContent")


def test_a_hand_on_a_fader_is_not_moved(desk: Desk) -> None:
    """While it is pressed a newer page waits; when it lets go, the edit goes out and then the page comes."""
    box = desk.row("rain").locator(".fader input").bounding_box()
    y = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] * 0.7, y)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=3)
    desk.path.write_text(SCENE.replace("start: 0.5", "start: 0.75"))
    desk.until("document.querySelector('.watch.built')")
    time.sleep(0.8)
    assert desk.shown() == 0
    desk.page.mouse.up()
    desk.until("window.shownAt.length > 0")
    desk.until("document.querySelector('.strip[data-element=bell]').dataset.start === '0.75'")
    assert [line[:12] for line in desk.changes()] == ["-     volume", "+     volume", "-   bell: {p", "+   bell: {p"]


def test_a_page_that_does_not_know_of_the_last_edit_is_passed_over(desk: Desk) -> None:
    """It was built just before, and would move the fader back and forth before the eye."""
    desk.after(lambda: desk.set_range("rain", ".fader input", -20))
    shown = desk.shown()
    news = "window.sources[0].dispatchEvent(new MessageEvent('message', {data: JSON.stringify(%s)}))"
    older = {"page": 99, "edits": 0, "kind": "built", "lines": []}
    desk.page.evaluate(news % json.dumps(older))
    time.sleep(0.5)
    assert desk.shown() == shown
    desk.page.evaluate(news % json.dumps({**older, "edits": 1}))
    desk.until(f"window.shownAt.length > {shown}")


def test_nothing_stands_in_the_way_of_those_who_can_not_see_it(desk: Desk) -> None:
    from axe_playwright_python.sync_playwright import Axe

    desk.path.write_text(SCENE + "oops: 1\n")
    desk.until("document.querySelector('.watch.failed')")
    for scheme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = [one for one in Axe().run(desk.page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in found] == []


class Elsewhere(BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>elsewhere</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


ATTACK = """async ([address, token]) => {
    const body = JSON.stringify({ element: "rain", field: "volume", value: 0.1, was: 0.7 });
    const read = async (path, options) => {
        try { const answer = await fetch(address + path, options); return `${answer.type} ${await answer.text()}`; }
        catch { return "refused"; }
    };
    const heard = (source) => new Promise((resolve) => {
        source.onmessage = (event) => resolve(event.data);
        source.onerror = () => resolve("refused");
    });
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: address + "edit", enctype: "text/plain", target: "there" });
    form.innerHTML = `<input name='${body.slice(0, -1)}, "x": "' value='"}'>`;
    const frame = document.createElement("iframe");
    frame.name = "there";
    document.body.append(form, frame);
    form.submit();
    return [
        await read("", {}),
        await read("", { mode: "no-cors" }),
        await read("edit", { method: "POST", mode: "no-cors", body }),
        await read("edit", { method: "POST", mode: "no-cors", body: new Blob([body], { type: "text/plain" }) }),
        await read("edit", { method: "POST", body,
            headers: { "Content-Type": "application/json", "X-Scenebuild-Token": token } }),
        await heard(new EventSource(address + "events")),
    ];
}"""


def test_a_page_of_another_origin_gets_nowhere(desk: Desk, browser: Any) -> None:
    """Not even where both secrets are known there."""
    token = desk.page.evaluate("document.querySelector('meta[name=scenebuild-token]').content")
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        for address in (desk.watching.address, desk.watching.address.replace("127.0.0.1", "localhost")):
            answers = page.evaluate(ATTACK, [address, token])
            assert answers == ["refused"] * 6, "what is sent all the same comes back to nobody"
        page.close()
        server.shutdown()
    time.sleep(0.3)
    assert desk.path.read_text() == SCENE
    assert desk.shown() == 0


def test_the_end_is_said(desk: Desk) -> None:
    desk.watching.end()
    desk.until("document.querySelector('.watch.lost')")
    desk.set_range("rain", ".fader input", -20)
    desk.until("document.querySelector('.watch .last.refused')")
    assert desk.said() == "nothing was written: the connection is lost"
    assert desk.row("rain").locator(".fader output").inner_text() == "−3.1 dB"
    assert desk.path.read_text() == SCENE


def test_the_waiting_page_becomes_the_page_by_itself(project: Path, browser: Any) -> None:
    (project / PATH).write_text(SCENE.replace("0.7 ", "70 "))
    page = browser.new_page()
    with Watching() as watching:
        page.goto(watching.address)
        found = Desk(page, watching, project / PATH)
        found.until("document.querySelector('.watch .complaints')?.textContent.includes('volume: 70')")
        (project / PATH).write_text(SCENE)
        found.until("document.querySelectorAll('.strip').length === 3")
        assert residual_db(found.heard(), read_wav(MIX)[0]) < -60
        page.close()
