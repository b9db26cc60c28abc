"""The catalogue: its kinds can be told apart, explored on any engine, started from and added to."""

from __future__ import annotations

import itertools
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from scenebuild.cli import run
from scenebuild.engines.sketch.render import render
from scenebuild.plan.models import findings_about
from scenebuild.report.pages.catalogue_page import made_in
from scenebuild.scene.catalogue import categories
from scenebuild.scene.read import read_scene

RATE = 48000
ASKED = {
    "natural": ["rain", "wind", "water", "fire"],
    "urban": ["traffic", "cafe", "construction", "park"],
    "domestic": ["kitchen", "bathroom", "living_room", "yard"],
    "animals": ["birds", "dogs", "cats", "insects"],
    "mechanical": ["engines", "tools", "machinery", "appliances"],
    "abstract": ["interface", "science_fiction", "magic", "horror"],
}
FILES = categories("/nowhere")
PROMPTS = {element.name: element.prompt or "" for path in FILES.values() for element in read_scene(path).elements}


def test_the_catalogue_holds_every_kind_and_says_what_a_model_understands() -> None:
    found = {name: [element.name for element in read_scene(path).elements] for name, path in FILES.items()}
    assert found == dict(sorted(ASKED.items()))
    assert len(set(PROMPTS.values())) == 24
    for path in FILES.values():
        assert findings_about(path) == []


def mel_bank(size: int, bands: int) -> NDArray[np.float64]:
    """Triangular filters, evenly spaced in mel (2595 log10(1 + f / 700)) from 50 Hz to 16 kHz."""
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    lowest, highest = (2595 * np.log10(1 + limit / 700) for limit in (50, 16000))
    edges = 700 * (10 ** (np.linspace(lowest, highest, bands + 2) / 2595) - 1)
    triangles = [
        np.clip(np.minimum((hertz - low) / (top - low), (high - hertz) / (high - top)), 0, None)
        for low, top, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return np.stack(triangles)


BANK = mel_bank(2048, 40)


@cache
def log_mel(prompt: str, seed: int) -> NDArray[np.float64]:
    """The mean mel spectrum of 8 s of a prompt's sketch in dB, at one level."""
    line = render(prompt, seed, 8 * RATE, 1.0).mean(axis=1)
    line = line / np.sqrt(np.mean(line**2))
    frames = np.lib.stride_tricks.sliding_window_view(line, 2048)[::1024] * np.hanning(2048)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ BANK.T
    return np.asarray(10 * np.log10(power.mean(axis=0) + 1e-3))


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def test_kinds_are_further_apart_than_takes_of_one_kind() -> None:
    within = {name: distance(log_mel(prompt, 1), log_mel(prompt, 2)) for name, prompt in PROMPTS.items()}
    for one, other in itertools.combinations(PROMPTS, 2):
        apart = distance(log_mel(PROMPTS[one], 1), log_mel(PROMPTS[other], 1))
        assert apart > max(within[one], within[other]), (one, other, apart, within[one], within[other])


@pytest.fixture
def short(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose own catalogue is ours with takes of 0.2 s, and one category more."""
    folder = project / "scenes" / "catalogue"
    folder.mkdir()
    for name, path in FILES.items():
        text = Path(path).read_text()
        (folder / f"{name}.yaml").write_text(text + "defaults: {duration: 0.2}\n")
    (folder / "mine.yaml").write_text(
        "name: Mine, <b>all</b> mine\nelements:\n  kettle: {prompt: a kettle boiling, duration: 0.2, volume: 0.5}\n"
    )
    return project


def test_explore_makes_every_kind_and_three_kinds_of_pages(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "--engine", "sketch"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "listen: build/catalogue/index.html\n"
    assert captured.err.startswith("making 25 takes\n")
    page = Path("build/catalogue/index.html").read_text()
    assert page.count("<audio") == 25
    assert "Mine, &lt;b&gt;all&lt;/b&gt; mine" in page
    over_all = Path("build/catalogue/README.md").read_text()
    for category in (*ASKED, "mine"):
        text = Path(f"build/catalogue/{category}/README.md").read_text()
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert Path("build/catalogue", category, target).exists(), target
        assert f"({category}/README.md)" in over_all
    for target in re.findall(r"\]\(([^)]+)\)", over_all):
        assert Path("build/catalogue", target).exists(), target
    assert "real time)" in Path("build/catalogue/natural/README.md").read_text()
    assert run(["explore", "-q", "--engine", "sketch"]) == 0
    assert capsys.readouterr().err == "", "what was made before is taken from the store"


def test_explore_takes_categories_and_kinds(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explore", "mine", "rain", "--json", "--engine", "sketch"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["page"] == "build/catalogue/index.html"
    assert captured.err.startswith("making 2 takes\n")
    assert run(["explore", "natrual"]) == 2
    assert capsys.readouterr().err.startswith(
        "the catalogue has no category and no kind 'natrual'. Did you mean natural?"
    )


def test_a_folder_of_scenes_holds_no_catalogue(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/a.yaml").write_text("name: A\nelements: {a: {prompt: rain}}\n")
    assert run(["validate", "scenes"]) == 0
    assert capsys.readouterr().out == "1 scene is valid\n"
    assert run(["validate", "scenes/catalogue"]) == 0
    assert capsys.readouterr().out == "7 scenes are valid\n"


def test_init_starts_from_kinds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "scenes/wet.yaml", "--from", "catalogue/rain, catalogue/cafe"]) == 0
    assert Path("scenes/wet.yaml").read_text() == (
        "# yaml-language-server: $schema=../schema/scene.schema.json\nversion: 1\nname: Wet\n"
        "description: What can be heard, in a sentence or two.\nelements:\n"
        "  rain:\n    prompt: steady rain on leaves\n    loop: true\n"
        '  cafe:\n    prompt: "a small café, chatter and clinking cups"\n    loop: true\n'
        "mix:\n  duration: 24\n"
    )
    assert [element.name for element in read_scene("scenes/wet.yaml").elements] == ["rain", "cafe"]
    assert run(["init", "scenes/more.yaml", "--from", "catalogue/animals"]) == 0
    assert list(yaml.safe_load(Path("scenes/more.yaml").read_text())["elements"]) == ASKED["animals"]
    capsys.readouterr()
    assert run(["init", "scenes/no.yaml", "--from", "catalogue/ran"]) == 2
    assert capsys.readouterr().err.startswith("the catalogue has no category and no kind 'ran'. Did you mean rain?")
    assert run(["init", "scenes/no.yaml", "--from", " ,"]) == 2
    assert not Path("scenes/no.yaml").exists()


def test_times_are_in_words() -> None:
    assert [made_in(*pair) for pair in ((0.5, 8.0), (16.0, 8.0), (None, 8.0), (0.0, 8.0))] == [
        "0.50 s (16 × real time)",
        "16.0 s (0.5 × real time)",
        "not known",
        "< 0.01 s",
    ]
