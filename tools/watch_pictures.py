"""Take the pictures of ``scenebuild watch`` for the manual, light and dark: the café, and a fader that was moved.

    python tools/watch_pictures.py

Needs playwright and a chromium (``make dev`` brings the first).
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
SIZE = {"width": 1200, "height": 800}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
READY = "document.querySelector('.watch.built') && document.querySelectorAll('.strip').length"
MOVE = """() => {
    const fader = document.querySelector('[data-element="thunder"] .fader input');
    fader.value = -10;
    for (const name of ["input", "change"]) fader.dispatchEvent(new Event(name, { bubbles: true }));
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "scenebuild.toml").touch()
        shutil.copytree(ROOT / "scenes", Path(folder) / "scenes", ignore=shutil.ignore_patterns("*.lock.json"))
        environment = {**os.environ, "SCENEBUILD_STORE": str(Path(folder) / "store")}
        command = [
            sys.executable,
            "-P",
            "-m",
            "scenebuild",
            "watch",
            "scenes/rainy_cafe.yaml",
            "--engine",
            "sketch",
            "-q",
        ]
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as watch:
            assert watch.stdout is not None
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
                page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
                page.goto(watch.stdout.readline().strip())
                take(page)
            watch.terminate()


def take(page: Page) -> None:
    """Move a fader, wait for the new mix, and take it in both schemes."""
    wait(page, READY)
    page.evaluate(MOVE)
    wait(page, "document.querySelector('.watch .last').textContent")
    time.sleep(3)
    page.evaluate("document.querySelector('[data-element=\"murmur\"]').scrollIntoView()")
    for scheme, name in (("light", "watch.png"), ("dark", "watch_dark.png")):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        time.sleep(0.3)
        picture = ROOT / "docs" / "images" / name
        image = Image.open(io.BytesIO(page.screenshot()))
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
        print(picture.relative_to(ROOT), picture.stat().st_size)


def wait(page: Page, condition: str) -> None:
    """Until it holds: the page's policy refuses playwright's own way of waiting."""
    while not page.evaluate(condition):
        time.sleep(0.1)


if __name__ == "__main__":
    main()
