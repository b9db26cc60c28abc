"""From valid documents to typed values: defaults are filled in, and equal scenes give equal values."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from scenebuild.errors import Place
from scenebuild.scene.automation import Automation
from scenebuild.scene.model import Element, MixSettings, Sampling, Scene
from scenebuild.scene.read import read_scene
from scenebuild.scene.timing import LoopSettings, Playback

VALID = Path(__file__).parent / "data" / "scenes" / "valid"


def scene_of(tmp_path: Path, elements: str, rest: str = "") -> Scene:
    path = tmp_path / "scene.yaml"
    path.write_text(f"name: Test\nelements: {{{elements}}}\n{rest}", encoding="utf-8")
    return read_scene(str(path))


def element_of(tmp_path: Path, fields: str, rest: str = "") -> Element:
    return scene_of(tmp_path, f"a: {{prompt: x, {fields}}}", rest).elements[0]


def test_a_minimal_scene_has_every_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VALID)
    scene = read_scene("minimal.yaml")
    assert scene == Scene(
        path="minimal.yaml",
        name="Rain",
        description="",
        seed=0,
        engine=None,
        mix=MixSettings(),
        places=scene.places,
        sources=("minimal.yaml",),
        elements=(
            Element(
                name="rain",
                place=Place("minimal.yaml", 2, 12),
                prompt="steady rain",
                recording=None,
                engine=None,
                model=None,
                duration_s=8.0,
                seed=None,
                take=1,
                sampling=Sampling(),
                start_s=0.0,
                fade_in_s=0.01,
                fade_out_s=0.01,
                normalize="loudness",
            ),
        ),
    )


def test_a_scene_with_every_field_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VALID)
    scene = read_scene("full.yaml")
    assert (scene.name, scene.description) == ("Rainy café", "A small café\non a wet evening.")
    assert (scene.seed, scene.engine) == (7, "sketch")
    assert scene.mix == MixSettings(24.0, 44100, 1, -2.0, -16.0)
    rain, drum, door = scene.elements
    assert rain == Element(
        name="rain",
        place=Place("full.yaml", 12, 3),
        prompt="steady rain on a window, thunder far away",
        recording=None,
        engine=None,
        model=None,
        duration_s=4.0,
        seed=None,
        take=1,
        sampling=Sampling(0.9, 200),
        start_s=0.0,
        fade_in_s=2.0,
        fade_out_s=0.01,
        playback=Playback(loop=LoopSettings()),
        normalize="peak",
        volume=Automation.fixed(0.7),
        pan=Automation.fixed(0.0, "pan"),
    )
    assert drum == Element(
        name="808",
        place=Place("full.yaml", 19, 3),
        prompt="no",
        recording=None,
        engine="musicgen",
        model="facebook/musicgen-small",
        duration_s=2.5,
        seed=31,
        take=3,
        sampling=Sampling(1.0, 100, 0.9, 3.0),
        start_s=1.0,
        fade_in_s=0.5,
        fade_out_s=1.0,
        normalize="none",
        volume=Automation.fixed(10 ** (-6 / 20)),
        pan=Automation.fixed(-0.5, "pan"),
    )
    assert door == Element(
        name="door",
        place=Place("full.yaml", 34, 3),
        prompt=None,
        recording=str(VALID / "sounds" / "tick.wav"),
        engine=None,
        model=None,
        duration_s=None,
        seed=None,
        take=1,
        sampling=Sampling(),
        start_s=4.5,
        fade_in_s=0.5,
        fade_out_s=0.0,
        normalize="peak",
        volume=Automation.fixed(10 ** (6 / 20)),
        pan=Automation.fixed(0.0, "pan"),
    )


def test_the_place_of_any_field_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VALID)
    scene = read_scene("full.yaml")
    assert scene.place_of("elements", "rain", "volume") == Place("full.yaml", 16, 13)
    assert scene.place_of("elements", "rain", "seed") == Place("full.yaml", 12, 3)
    assert scene.place_of("elements", "rain") == scene.elements[0].place
    assert scene.place_of("mix", "loudness") == Place("full.yaml", 38, 79)
    assert scene.place_of("nowhere") == Place("full.yaml", 1, 1)


def test_unicode_form_and_line_breaks_of_a_prompt_change_nothing(tmp_path: Path) -> None:
    typed = ["café, pluie fine", "  café,\tpluie\n  fine \n", unicodedata.normalize("NFD", "café, pluie fine")]
    prompts = set()
    for text in typed:
        path = tmp_path / "scene.yaml"
        folded = text.replace("\t", "\\t").replace("\n", "\\n")
        path.write_text(f'name: Test\nelements: {{a: {{prompt: "{folded}"}}}}', encoding="utf-8")
        prompts.add(read_scene(str(path)).elements[0].prompt)
    assert prompts == {"café, pluie fine"}


def test_non_ascii_spaces_of_a_prompt_stay(tmp_path: Path) -> None:
    assert scene_of(tmp_path, 'a: {prompt: "雨\u3000の\u00a0音"}').elements[0].prompt == "雨\u3000の\u00a0音"


@pytest.mark.parametrize(
    ("own", "defaults", "gain"),
    [
        ("", "", 1.0),
        ("volume: 0", "", 0.0),
        ("volume: 16", "", 16.0),
        ("gain_db: 0", "", 1.0),
        ("gain_db: -96", "", 10**-4.8),
        ("", "volume: 0.5", 0.5),
        ("", "gain_db: 20", 10.0),
        ("gain_db: 20", "volume: 0.5", 10.0),
        ("volume: 0.5", "gain_db: 20", 0.5),
    ],
)
def test_the_elements_level_replaces_the_defaults_level_in_either_unit(
    own: str, defaults: str, gain: float, tmp_path: Path
) -> None:
    assert element_of(tmp_path, own, f"defaults: {{{defaults}}}").volume.value == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize(
    ("fields", "fades"),
    [
        ("", (0.01, 0.01)),
        ("duration: 0.01", (0.005, 0.005)),
        ("fade_in: 8", (8.0, 0.0)),
        ("fade_in: 0", (0.0, 0.01)),
        ("fade_out: 7.995", (0.005, 7.995)),
        ("fade_in: 4, fade_out: 4", (4.0, 4.0)),
        ("loop: true, fade_in: 20", (20.0, 0.01)),
    ],
)
def test_default_fades_are_shortened_to_fit(fields: str, fades: tuple[float, float], tmp_path: Path) -> None:
    element = element_of(tmp_path, fields, "mix: {duration: 60}")
    assert (element.fade_in_s, element.fade_out_s) == pytest.approx(fades, abs=1e-12)


def test_auto_written_on_an_element_is_a_choice(tmp_path: Path) -> None:
    assert element_of(tmp_path, "engine: auto", "defaults: {engine: audiogen}").engine == "auto"
    assert element_of(tmp_path, "", "defaults: {engine: audiogen}").engine is None


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    element = element_of(tmp_path, "seed: 7.0, take: 2.0, top_k: 1e2", "mix: {channels: 1.0, sample_rate: 48e3}")
    assert [element.seed, element.take, element.sampling.top_k] == [7, 2, 100]
    assert all(type(value) is int for value in (element.seed, element.take, element.sampling.top_k))
