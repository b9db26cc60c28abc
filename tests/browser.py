"""A page in headless Chromium, with its network requests and its console messages."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Visit:
    """A page that is open. ``requests`` are those that leave the page, ``complaints`` what its console says."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def do(self, expression: str, argument: Any = None) -> Any:
        return self.page.evaluate(expression, argument)

    def until(self, expression: str, seconds: float = 10.0) -> Any:
        """What the expression gives, once that is true. (A strict policy refuses playwright's own waiting.)"""
        end = time.monotonic() + seconds
        while not (found := self.page.evaluate(expression)):
            assert time.monotonic() < end, f"never came true: {expression}"
            self.page.wait_for_timeout(20)
        return found

    def axe(self) -> list[str]:
        """The serious and critical violations that axe-core finds."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


def visit(browser: Browser, address: str | Path, **context: Any) -> Visit:
    """Open a page, by its address or from disk, in a context of its own."""
    page = browser.new_context(**context).new_page()
    found = Visit(page)
    page.on("request", lambda one: None if one.url.startswith("data:") else found.requests.append(one.url))
    page.on("console", lambda one: found.complaints.append(f"{one.type}: {one.text}"))
    page.on("pageerror", lambda one: found.complaints.append(f"error: {one}"))
    page.goto(address.resolve().as_uri() if isinstance(address, Path) else address)
    return found
