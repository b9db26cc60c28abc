"""The page of ``scenebuild watch`` in a browser, and the scene file behind it."""

from __future__ import annotations

import difflib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from test_watch import PATH, Watching

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
