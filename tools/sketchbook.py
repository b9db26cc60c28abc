"""Every recipe of the sketch engine on one page, with spectrograms and players: ``sketchbook.py [FOLDER]``.

For listening and for review. With ``--pictures FOLDER`` it draws the six pictures of docs/sketch.md instead, with
``--tables PAGE`` it renews the tables on that page.
"""

from __future__ import annotations

import re
import sys
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.kind import SoundKind
from scenebuild.engines.sketch.render import render
from scenebuild.engines.sketch.table import adjectives, kinds
from scenebuild.report.pictures.outline import opened
from scenebuild.report.pictures.spectrogram import spectrogram_png

RATE, SECONDS, SEEDS = 48000, 8, (1, 2)
PICTURES = {
    "roof": "heavy rain on a tin roof",
    "birds": "birds",
    "siren": "police siren",
    "chopping": "chopping vegetables",
    "sprinkler": "a sprinkler",
    "bell": "church bell",
}

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sketchbook</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }}
section {{ margin: 2.5rem 0 }}
div {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem }}
figure {{ margin: 0 }}
img, audio {{ width: 100% }}
</style>
<h1>Sketchbook</h1>
<p>{count} recipes, {seconds} s each, with two seeds. The bare word of a recipe, nothing else asked.</p>
{sections}
"""
SECTION = '<section id="{name}"><h2>{name}</h2><p>{words}</p><div>{figures}</div></section>'
FIGURE = (
    '<figure><img src="{file}.png" loading="lazy" alt="spectrogram of {prompt}, seed {seed}">'
    '<audio controls preload="none" src="{file}.flac"></audio><figcaption>seed {seed}</figcaption></figure>'
)


def main(*arguments: str) -> int:
    """Write the page, or the pictures, and say where."""
    if arguments[:1] == ("--pictures",):
        return draw(Path(*arguments[1:]))
    if arguments[:1] == ("--tables",):
        return tell(Path(*arguments[1:]))
    folder = Path(*arguments) if arguments else Path("build/sketchbook")
    folder.mkdir(parents=True, exist_ok=True)
    sections = [section(kind, folder) for kind in KINDS]
    page = PAGE.format(count=len(KINDS), seconds=SECONDS, sections="\n".join(sections))
    (folder / "index.html").write_text(page, encoding="utf-8")
    print(f"open {folder / 'index.html'}")
    return 0


def section(kind: SoundKind, folder: Path) -> str:
    """One recipe: its sounds and pictures in ``folder``, and its part of the page."""
    prompt = kind.words.split(",")[0] or "unheard of"
    figures = []
    for seed in SEEDS:
        file = f"{kind.name}_{seed}"
        (folder / f"{file}.png").write_bytes(picture(prompt, seed, folder / f"{file}.flac"))
        figures.append(FIGURE.format(file=file, prompt=escape(prompt), seed=seed))
    print(f"{kind.name}", flush=True)
    return SECTION.format(name=kind.name, words=escape(kind.words or "whatever is not known"), figures="".join(figures))


def picture(prompt: str, seed: int, path: Path) -> bytes:
    """The prompt as a FLAC file of 16 bits at ``path``, and its spectrogram as PNG."""
    soundfile.write(path, render(prompt, seed, SECONDS * RATE), RATE, "PCM_16")
    with opened(path) as sound:
        return spectrogram_png(sound)


def draw(folder: Path) -> int:
    """The pictures for the manual."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, prompt in PICTURES.items():
        sound = folder / f"sketch_{name}.flac"
        (folder / f"sketch_{name}.png").write_bytes(smaller(picture(prompt, 1, sound)))
        sound.unlink()
    print(f"{len(PICTURES)} pictures in {folder}")
    return 0


def tell(page: Path) -> int:
    """The tables of kinds and adjectives, in place of those that a page has."""
    text = page.read_text(encoding="utf-8")
    for table in (kinds(), adjectives()):
        head = table.partition(" |")[0]  # "| kind", "| words"
        old = re.search(rf"^{re.escape(head)} \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
        assert old, f"{page} has no table that begins with {head}"
        text = text.replace(old.group(), table + "\n")
    page.write_text(text, encoding="utf-8")
    print(f"tables renewed in {page}")
    return 0


def smaller(png: bytes) -> bytes:
    """The picture in every third of its levels, which a page does not miss: half the bytes."""
    image = Image.open(BytesIO(png))
    pixels = np.asarray(image)
    fewer = Image.fromarray(np.where(pixels < 17, pixels, 17 + (pixels - 17) // 3 * 3).astype(np.uint8), "P")
    fewer.putpalette(image.getpalette() or [])
    out = BytesIO()
    fewer.save(out, "PNG", optimize=True, transparency=image.info["transparency"])
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
