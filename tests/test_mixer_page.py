"""The mixer page of one build and of two sides: its content, and how it behaves in a browser."""

from __future__ import annotations

import base64
import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from browser import Visit, visit
from scenebuild.audio.wav import quantize, read_wav
from scenebuild.cli import run
from scenebuild.decibels import db_to_gain
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.model import Report
from scenebuild.report.pages import mixer_page
from scenebuild.report.pages.build_page import build_page, side_of
from scenebuild.report.pages.embedded_audio import mix_sound, stem_sound, stem_sounds
from scenebuild.report.pages.mixer_page import (
    Live,
    MixerPage,
    MixerScene,
    MixerSide,
    PageNote,
    facts_of,
    mixer_html,
    rows_of,
)
from scenebuild.report.write import mix_pictures
from signals import RATE, noise, stereo, tone
from test_hostile import PAYLOADS, write_scene
from test_pictures import wav
from test_report import DOOR, FULL, RAIN, THUNDER, mix_of

QUAY = """
name: Quay
description: Waves and a bell.
elements:
  waves: {prompt: gentle waves, duration: 1.2, loop: true, volume: 0.6, pan: -0.3}
  gulls: {prompt: a seagull, duration: 1, start: 1.5, pan: 0.5, fade_out: 0.4}
  bell: {prompt: a ship's bell, duration: 1.5, start: 0.5, volume: 0.8}
  hum: {prompt: a steady hum, duration: 1, loop: true, volume: 0.4, duck: {under: bell, by: 12}}
mix: {duration: 4, loudness: -20}
"""


def built(folder: Path, text: str, name: str = "quay", *options: str) -> Path:
    """The folder of a scene that was built in a project of its own."""
    (folder / "scenebuild.toml").touch()
    (folder / f"{name}.yaml").write_text(text)
    command = [sys.executable, "-m", "scenebuild", f"{name}.yaml", "--engine", "sketch", "-q", *options]
    environment = {**os.environ, "SCENEBUILD_STORE": str(folder / "store")}
    subprocess.run(command, check=True, cwd=folder, env=environment)
    return folder / "build" / name


@pytest.fixture(scope="module")
def quay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("quay"), QUAY, "quay", "--stems")


@pytest.fixture
def page(browser: Any, quay: Path) -> Iterator[Visit]:
    """The page of the quay, from disk; nobody else is asked anything, and nothing is wrong."""
    address = quay / "index.html"
    seen = visit(browser, address)
    yield seen
    assert seen.requests == [address.as_uri()]
    assert seen.complaints == []
    seen.page.context.close()


def rendered(seen: Visit, seconds: float = 4.0, **how: Any) -> np.ndarray:
    """What the page plays with its present settings, ``(frames, channels)``."""
    text = seen.do(
        """async ([seconds, how]) => {
            const sound = await scenebuild.render(seconds, how);
            return Promise.all([...Array(sound.numberOfChannels).keys()].map((channel) => new Promise((done) => {
                const reader = new FileReader();
                reader.onload = () => done(reader.result.split(",")[1]);
                reader.readAsDataURL(new Blob([sound.getChannelData(channel)]));
            })));
        }""",
        [seconds, how],
    )
    return np.stack([np.frombuffer(base64.b64decode(one), np.float32) for one in text], axis=1)


def residual_db(found: np.ndarray, wanted: np.ndarray) -> float:
    """The power of the difference under that of what was wanted."""
    assert found.shape == wanted.shape
    return float(10 * np.log10(max(np.mean((found - wanted) ** 2), 1e-30) / np.mean(wanted**2)))


def stem(quay: Path, *names: str) -> np.ndarray:
    return np.asarray(sum(read_wav(quay / "stems" / f"{name}.wav")[0] for name in names))


# In Python: sounds


def kept(samples: np.ndarray, start: int = 0) -> CapturedStem:
    return CapturedStem("a", start, quantize(samples))


def decoded(sound: Any) -> np.ndarray:
    """What a player makes of a sound that is played once, ``(frames, 2)``."""
    samples, rate = soundfile.read(BytesIO(sound.data), dtype="float32", always_2d=True)
    assert rate == RATE
    return np.asarray(samples * np.array(sound.gains))


def test_a_stem_of_a_page_is_98_db_above_its_rounding_and_that_is_never_heard() -> None:
    loud = stereo(tone(440, 0.5, -1.0, phase=90.0)) * np.array([1.0, 0.3], np.float32)
    assert residual_db(decoded(stem_sound(kept(loud), RATE)), loud) < -95
    quiet = noise(0.5, 0.0005)
    off = decoded(stem_sound(kept(quiet), RATE)) - quiet
    assert 10 * np.log10(np.mean(off**2)) < -112  # dBFS


def test_a_take_with_one_channel_that_was_panned_is_kept_as_one() -> None:
    line = noise(0.5, 0.1, channels=1)
    for left, right in ((1.0, 1.0), (0.3, 0.9), (0.9, 0.01), (1.0, 0.0)):
        samples = line * np.array([left, right], np.float32)
        sound = stem_sound(kept(samples), RATE)
        assert soundfile.info(BytesIO(sound.data)).channels == 1
        assert residual_db(decoded(sound), samples) < -80
    assert soundfile.info(BytesIO(stem_sound(kept(noise(0.5)), RATE).data)).channels == 2


def test_silence_around_a_stem_is_not_sent() -> None:
    samples = np.zeros((RATE, 2), np.float32)
    samples[1000:2000] = noise(1.0)[:1000]
    sound = stem_sound(kept(samples, start=500), RATE)
    assert (sound.start, soundfile.info(BytesIO(sound.data)).frames) == (1500, 1000)
    assert stem_sounds([kept(samples * 0)], RATE) == ()


def test_stems_beyond_the_budget_stay_away_as_a_whole() -> None:
    stems = [kept(noise(0.5, seed=seed)) for seed in range(3)]
    size = sum(len(sound.data) for sound in stem_sounds(stems, RATE))
    assert len(stem_sounds(stems, RATE, budget_bytes=size)) == 3
    assert stem_sounds(stems, RATE, budget_bytes=size - 1) == ()


def test_another_sound_has_another_digest() -> None:
    one, other = (stem_sound(kept(noise(0.1, seed=seed)), RATE) for seed in range(2))
    digests = {one.digest, other.digest, replace(one, gains=(1.0, 0.5)).digest}
    assert len(digests) == 3
    assert replace(one, start=5).digest == one.digest  # moved, it is decoded once


def test_a_whole_mix_is_encoded_at_128_kbit_a_second(tmp_path: Path) -> None:
    sound = mix_sound(wav(tmp_path / "mix.wav", noise(3.0)))
    assert (sound.name, sound.kind) == ("", "audio/mpeg")
    assert len(sound.data) / 3.0 == pytest.approx(16_000, rel=0.05)


# In Python: the page


@pytest.fixture
def side(tmp_path: Path) -> MixerSide:
    return a_side(tmp_path, FULL)


def a_side(folder: Path, report: Report, label: str = "") -> MixerSide:
    """A side of three elements and 3 s."""
    report = replace(report, duration_s=3.0)
    names = ("mix", *(row.name for row in report.elements))
    sounds = {name: wav(folder / f"{name}.wav", noise(3.0, 0.1, seed=seed)) for seed, name in enumerate(names)}
    stems = [CapturedStem(row.name, 0, quantize(read_wav(sounds[row.name])[0])) for row in report.elements]
    return side_of(report, mix_pictures(report, mix_of(report, sounds["mix"])), stems, label)


class Elements(HTMLParser):
    """The names of elements and attributes of a page, in order, and the policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def hostile_page(text: str, side: MixerSide, path: str) -> str:
    """A page that has a text wherever somebody may write one."""
    strips = tuple(replace(strip, text=text, line=text, facts=((text, text),), badges=(text,)) for strip in side.strips)
    one = replace(side, facts=((text, text),), strips=strips, file=path, why="", label=text)
    notes = (PageNote(text, (text,), "warning"), PageNote(text, (text, text), "warning"))
    scene = MixerScene(
        "key",
        text,
        text,
        (one, one),
        text,
        {strips[0].name: (text,)},
        notes,
        b"png",
        text,
        ((text, path),),
        ((text, ((text, text),)),),
    )
    return mixer_html(
        MixerPage(text, text, text.replace("\n\n", ""), (scene, replace(scene, key="other")), notes, text)
    )


@pytest.mark.parametrize(
    "text", [*PAYLOADS, "</script><script>alert(1)</script>", "</style><svg onload=x>", "a\x1b\x00"]
)
def test_text_of_an_author_stays_text(text: str, side: MixerSide) -> None:
    page = hostile_page(text, side, text)
    assert Elements(page).found == Elements(hostile_page("plain", side, "a.wav")).found
    assert not re.search("[\x00\x1b\u202e\u2066]", page)
    assert not re.search(r'(href|src)="(javascript|https?|//)', page)


def test_a_hostile_scene_has_the_page_of_a_benign_one(project: Path) -> None:
    found = {}
    for name, texts in (
        ("plain", [f"rain on roof {number}" for number in range(len(PAYLOADS))]),
        ("hostile", PAYLOADS),
    ):
        write_scene(texts, f"scenes/{name}.yaml")
        assert run([f"scenes/{name}.yaml", "-q"]) == 0
        page = Path("build", name, "index.html").read_text(encoding="utf-8")
        found[name] = set(Elements(page).found)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert found["hostile"] == found["plain"]


def policy_of(page: str) -> str:
    return page.split('Content-Security-Policy" content="')[1].split('"')[0]


def test_the_page_asks_nothing_of_a_network_and_runs_nothing_but_its_own(quay: Path) -> None:
    page = (quay / "index.html").read_text()
    assert policy_of(page).startswith("default-src 'none'; img-src data:; media-src 'self' file:; style-src 'sha256-")
    assert "connect" not in policy_of(page)
    assert "unsafe" not in policy_of(page)
    assert "://" not in page
    assert " style=" not in page.split("<body")[1]


def test_a_page_that_lives_may_talk_to_its_own_server_and_no_other(side: MixerSide) -> None:
    page = MixerPage("m", "t", "", (MixerScene("key", "t", "", (side,)),))
    text = mixer_html(page, Live("to-ken", "const extra = 1 < 2;"))
    assert "connect-src 'self'" in policy_of(text)
    assert policy_of(text).count("sha256-") == 3
    assert '<meta name="scenebuild-token" content="to-ken">' in text
    assert "<script>const extra = 1 < 2;</script>" in text
    assert "data-live" in text.split("<head>")[0]
    assert "token" not in mixer_html(page).split("<style>")[0]


def test_controls_that_write_are_there_even_where_nothing_sounds(side: MixerSide) -> None:
    silent = MixerPage("m", "t", "", (MixerScene("key", "t", "", (replace(side, sounds=()),)),))
    assert 'class="fader"' not in mixer_html(silent)
    assert mixer_html(silent, Live("t", "")).count('class="fader"') == 3


def test_the_page_of_silence_says_so(project: Path) -> None:
    Path("scenes/x.yaml").write_text("name: X\nelements: {rain: {prompt: rain, duration: 0.2, volume: 0}}\n")
    assert run(["scenes/x.yaml", "-q"]) == 0
    page = Path("build/x/index.html").read_text()
    assert "Nothing sounds in this mix." in page
    assert 'class="sound"' not in page


def test_a_mix_that_loops_is_looped_from_the_start(project: Path) -> None:
    text = "name: X\nelements: {rain: {prompt: rain, duration: 2, loop: true}}\nmix: {duration: 2, loop: true}\n"
    Path("scenes/x.yaml").write_text(text)
    assert run(["scenes/x.yaml", "-q"]) == 0
    assert 'data-loop="true"' in Path("build/x/index.html").read_text()


def test_the_page_says_what_the_readme_says(project: Path) -> None:
    text = "name: X\nelements: {rain: {prompt: heavy rain on a roof, duration: 0.3, seed: 77, fade_out: 0.1}}\n"
    Path("scenes/x.yaml").write_text(text + "deliver: [{preset: broadcast}]\n")
    assert run(["scenes/x.yaml", "-q"]) == 0
    page = Path("build/x/index.html").read_text()
    lock = json.loads(Path("scenes/x.lock.json").read_text())["elements"]["rain"]
    words = ["heavy rain on a roof", "<dd>77</dd>", "LUFS", "dBTP", "CC0-1.0", lock["digest"][:12], lock["key"][:12]]
    words += ["Sketched, not AudioGen", "<code>scenebuild scenes/x.yaml --engine audiogen</code>", "out over 0.10 s"]
    words += ['href="README.md"', 'href="x.wav"', 'href="x.broadcast.wav', "scenebuild scenes/x.yaml"]
    assert [word for word in words if word not in page] == []
    assert "[the page](index.html)" in Path("build/x/README.md").read_text()


def test_the_result_names_the_page(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/x.yaml").write_text("name: X\nelements: {rain: {prompt: rain, duration: 0.2}}\n")
    for status in ("built", "up-to-date"):
        assert run(["scenes/x.yaml", "--json"]) == 0
        (scene,) = json.loads(capsys.readouterr().out)["scenes"]
        assert (scene["status"], scene["page"]) == (status, "build/x/index.html")


def test_elements_of_two_sides_are_joined_by_name(tmp_path: Path) -> None:
    before = a_side(tmp_path, FULL, "before")
    after = a_side(
        tmp_path, replace(FULL, elements=(replace(THUNDER, seed="8"), replace(RAIN, name="hail"), RAIN)), "after"
    )
    scene = MixerScene("key", "t", "", (before, after), badges={"hail": ("added",), "door": ("removed", "odd")})
    rows = rows_of(scene)
    assert [row.name for row in rows] == [THUNDER.name, "hail", RAIN.name, DOOR.name]
    assert [[strip is not None for strip in row.strips] for row in rows] == [
        [True, True],
        [False, True],
        [True, True],
        [True, False],
    ]
    assert rows[1].badges == (("added", "good"),)
    assert rows[3].badges == (("removed", "bad"), ("odd", "quiet"))
    seed = next(fact for fact in rows[0].facts if fact.label == "Seed")
    assert len(seed.values) == 2
    assert all(len(fact.values) == 1 for fact in rows[1].facts)


def test_the_examples_are_true() -> None:
    assert doctest.testmod(mixer_page) == (0, 1)


def test_facts_that_agree_are_said_once() -> None:
    found = facts_of(((("a", "1"), ("b", "2"), ("gone", "3")), (("a", "1"), ("b", "9"), ("new", "4"))))
    assert [(fact.label, fact.values) for fact in found] == [
        ("a", ("1",)),
        ("b", ("2", "9")),
        ("new", ("–", "4")),
        ("gone", ("3", "–")),
    ]


# In a browser: what is heard


def test_the_stems_of_the_page_are_the_mix(page: Visit, quay: Path) -> None:
    assert residual_db(rendered(page), read_wav(quay / "quay.wav")[0]) < -70


def test_decoding_keeps_every_frame(page: Visit) -> None:
    page.until("scenebuild.scenes[0].deck.buffers !== undefined")
    lengths = page.do(
        "scenebuild.scenes[0].deck.buffers.map((one) => [one.element, one.buffer.length, one.buffer.sampleRate])"
    )
    assert {name: (frames, rate) for name, frames, rate in lengths}["waves"] == (4 * RATE, RATE)


def test_a_mute_sounds_as_the_mixer_mixes_it(page: Visit, quay: Path) -> None:
    for name in ("bell", "waves"):
        page.page.get_by_label(f"Mute {name}").click()
        heard = rendered(page)
        others = stem(quay, *({"waves", "gulls", "bell", "hum"} - {name}))
        assert residual_db(heard, others) < -60
        project = quay.parent.parent
        environment = {**os.environ, "SCENEBUILD_STORE": str(project / "store")}
        command = [sys.executable, "-m", "scenebuild", "quay.yaml", "--engine", "sketch", "--mute", name, "-q"]
        subprocess.run(command, check=True, cwd=project, env=environment)
        alone = read_wav(quay / "listen.wav")[0]  # brought to the loudness of the scene again: one gain
        gain = float(np.vdot(alone, heard) / np.vdot(alone, alone))
        assert residual_db(heard, alone * np.float32(gain)) < -60
        page.page.get_by_label(f"Mute {name}").click()
    assert residual_db(rendered(page), read_wav(quay / "quay.wav")[0]) < -70


def test_solo_and_faders(page: Visit, quay: Path) -> None:
    page.page.get_by_label("Solo gulls").click()
    assert residual_db(rendered(page), stem(quay, "gulls")) < -60
    page.page.get_by_label("Solo bell").click()
    assert residual_db(rendered(page), stem(quay, "gulls", "bell")) < -60
    page.page.get_by_label("Mute bell").click()
    assert residual_db(rendered(page), stem(quay, "gulls")) < -60
    page.page.get_by_role("button", name="Reset").click()
    fader = page.page.locator('[data-element="waves"] .fader input')
    fader.fill("-6")
    wanted = stem(quay, "gulls", "bell", "hum") + stem(quay, "waves") * np.float32(db_to_gain(-6))
    assert residual_db(rendered(page), wanted) < -60
    assert page.page.locator('[data-element="waves"] output').inner_text() == "−6.0 dB"
    fader.dblclick()
    assert page.page.locator('[data-element="waves"] output').inner_text() == "0.0 dB"
    fader.fill("-48")
    assert residual_db(rendered(page), stem(quay, "gulls", "bell", "hum")) < -60


def test_a_place_in_the_middle_is_the_rest_of_the_mix(page: Visit, quay: Path) -> None:
    for start in (0.9, 2.0, 3.3):
        wanted = read_wav(quay / "quay.wav")[0][round(start * RATE) :]
        assert residual_db(rendered(page, len(wanted) / RATE, **{"from": start}), wanted) < -60


# In a browser: playing


def state(page: Visit, of: str) -> Any:
    return page.do(f"scenebuild.scenes[0].{of}")


def test_it_plays_and_goes_on_until_its_end(page: Visit) -> None:
    page.page.get_by_role("button", name="Play Quay").click()
    page.until("scenebuild.scenes[0].now > 0.3")
    assert page.page.get_by_role("button", name="Pause Quay").is_visible()
    assert float(page.page.locator(".wave").get_attribute("aria-valuenow") or 0) > 0
    page.until("Number(document.querySelector('.meter span').style.getPropertyValue('--level')) > 0.1")
    page.do("scenebuild.scenes[0].seek(3.8)")
    page.until("!scenebuild.scenes[0].isPlaying")
    assert state(page, "now") == 0
    assert page.page.get_by_role("button", name="Play Quay").is_visible()


def test_seeking_with_a_pointer(page: Visit) -> None:
    for track in (".wave", ".spectrogram", '[data-element="bell"] .lane'):
        lane = page.page.locator(track)
        for share in (0.25, 0.75):
            lane.click(position={"x": share * lane.evaluate("(one) => one.clientWidth"), "y": 20})
            assert state(page, "now") == pytest.approx(4 * share, abs=0.02)
    page.page.keyboard.press("Space")
    page.until("scenebuild.scenes[0].now > 3.2")
    page.do("scenebuild.scenes[0].seek(1.0)")
    assert 0.9 < page.until("scenebuild.scenes[0].isPlaying && scenebuild.scenes[0].now") < 2.0


def test_a_loop_plays_without_a_gap(page: Visit) -> None:
    page.page.keyboard.press("l")
    page.do("scenebuild.scenes[0].seek(3.5)")
    page.page.keyboard.press("Space")
    page.until("scenebuild.scenes[0].now > 3.5")
    passes = page.do("scenebuild.scenes[0].deck.passes.map((one) => [one.from, one.when, one.until])")
    assert len(passes) >= 2
    assert passes[1] == [0, pytest.approx(passes[0][2], abs=1e-9), pytest.approx(passes[0][2] + 4, abs=1e-9)]
    page.until("scenebuild.scenes[0].now < 1")
    assert state(page, "isPlaying")
    page.page.keyboard.press("l")
    assert len(state(page, "deck.passes")) == 1
    page.do("scenebuild.scenes[0].seek(3.8)")
    page.until("!scenebuild.scenes[0].isPlaying")


def test_everything_can_be_done_with_keys(page: Visit) -> None:
    keys = page.page.keyboard
    keys.press("Space")
    page.until("scenebuild.scenes[0].isPlaying")
    keys.press("Space")
    assert not state(page, "isPlaying")
    keys.press("Home")
    keys.press("ArrowRight")
    assert state(page, "now") == 1
    keys.press("Shift+ArrowRight")
    assert state(page, "now") == 4
    keys.press("ArrowLeft")
    assert state(page, "now") == 3
    keys.press("l")
    assert page.page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    keys.press("2")
    assert page.page.get_by_label("Mute gulls").get_attribute("aria-pressed") == "true"
    keys.press("Shift+3")
    assert page.page.get_by_label("Solo bell").get_attribute("aria-pressed") == "true"
    keys.press("0")
    assert page.do("document.querySelectorAll('.strip [aria-pressed=true]').length") == 0
    page.page.locator('[data-element="hum"] .fader input').focus()
    keys.press("ArrowLeft")
    assert state(page, "strips[3].db") == -0.5
    keys.press("Space")
    page.until("scenebuild.scenes[0].isPlaying")
    keys.press("Escape")
    page.page.get_by_label("Mute hum").focus()
    keys.press("Space")  # on a button it presses the button
    assert page.page.get_by_label("Mute hum").get_attribute("aria-pressed") == "true"
    assert not state(page, "isPlaying")
    page.page.get_by_label("Mute hum").click()
    keys.press("Space")  # which a pointer has let go of
    page.until("scenebuild.scenes[0].isPlaying")


def test_changes_are_told_to_whoever_listens(page: Visit) -> None:
    page.do("() => { window.told = []; document.addEventListener('mixer:change', (one) => told.push(one.detail)); }")
    page.page.get_by_label("Mute bell").click()
    page.page.locator('[data-element="hum"] .fader input').press("ArrowLeft")
    assert page.do("told") == [
        {"scene": "quay", "element": "bell", "field": "mute", "value": True},
        {"scene": "quay", "element": "hum", "field": "volume", "value": None},
    ]


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


def test_the_page_of_a_build_is_made_from_its_report(tmp_path: Path) -> None:
    report = replace(FULL, duration_s=3.0, preview=True)
    mix = mix_of(report, wav(tmp_path / "mix.wav", noise(3.0)))
    page = build_page(report, mix_pictures(report, mix), [])
    assert [note.kind for note in page.notes] == ["warning", "note", "warning"]
    assert page.scenes[0].sides[0].why
    assert mixer_html(page) == mixer_html(page)
