"""The page of ``scenebuild watch`` in a browser: new builds, mistakes, other origins and the end."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scenebuild.audio.wav import read_wav
from test_watch import MIX, PATH, Watching
from watch_desk import SCENE, Desk, desk, residual_db, takes

__all__ = ["desk", "takes"]


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
