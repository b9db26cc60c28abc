"""Take the pictures of the page for the manual, light and dark, from a real build of scenes/rainy_cafe.yaml.

    python tools/page_pictures.py

Needs playwright and a chromium (``make dev`` brings the first).
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
SIZE = {"width": 1200, "height": 1400}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SHOWN = (
    "() => { scenebuild.scenes[0].seek(11.4); return document.querySelector('.stage').getBoundingClientRect().bottom; }"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenebuild.toml").touch()
        shutil.copytree(ROOT / "scenes", folder / "scenes", ignore=shutil.ignore_patterns("*.lock.json"))
        environment = {**os.environ, "SCENEBUILD_STORE": str(folder / "store")}
        command = [sys.executable, "-P", "-m", "scenebuild", "scenes/rainy_cafe.yaml", "--engine", "sketch", "-q"]
        subprocess.run(command, check=True, cwd=folder, env=environment)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for scheme, picture in (("light", "page.png"), ("dark", "page_dark.png")):
                take(
                    browser, folder / "build" / "rainy_cafe" / "index.html", scheme, ROOT / "docs" / "images" / picture
                )


def take(browser: Browser, page: Path, scheme: str, picture: Path) -> None:
    """One picture, in 256 colours: as small as it gets without being seen."""
    opened = browser.new_page(color_scheme=scheme, viewport=SIZE)  # type: ignore[arg-type]
    opened.goto(page.as_uri())
    bottom = opened.evaluate(SHOWN)
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": bottom + 24}
    image = Image.open(io.BytesIO(opened.screenshot(clip=clip)))  # type: ignore[arg-type]
    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
    print(picture.relative_to(ROOT), picture.stat().st_size)


if __name__ == "__main__":
    main()
