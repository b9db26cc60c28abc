"""The mixer page without a browser: the sounds in it, its text and its policy."""

from __future__ import annotations

import doctest
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mixer_pages import a_side, quay, residual_db
from scenebuild.audio.wav import quantize
from scenebuild.cli import run
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.pages import mixer_page
from scenebuild.report.pages.build_page import build_page
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

# In Python: sounds

__all__ = ["quay"]


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


def test_the_page_of_a_build_is_made_from_its_report(tmp_path: Path) -> None:
    report = replace(FULL, duration_s=3.0, preview=True)
    mix = mix_of(report, wav(tmp_path / "mix.wav", noise(3.0)))
    page = build_page(report, mix_pictures(report, mix), [])
    assert [note.kind for note in page.notes] == ["warning", "note", "warning"]
    assert page.scenes[0].sides[0].why
    assert mixer_html(page) == mixer_html(page)
