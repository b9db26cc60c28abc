"""Choosing among takes: they are made, measured and shown on a page, and picked by an edit of one line."""

from __future__ import annotations

import json
import os
import stat
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from scenebuild.cli import run
from scenebuild.commands.rewrite import write_field
from scenebuild.errors import UsageError
from scenebuild.report.pages.listening_page import ListeningPage, Outline, PageSound, Section, page_html
from scenebuild.report.pages.takes_page import remarks_on
from test_expect import RATE, hear, noise, silence, together, tone

SCENE = """\
name: Test
elements:
  # the bed
  rain: {prompt: steady rain, duration: 0.4}   # keep
  owl:
    prompt: 'an owl: far away'  # at night
    duration: 0.5
"""
PATH = "scenes/test.yaml"


@pytest.fixture
def scene(project: Path) -> Path:
    Path(PATH).write_text(SCENE)
    return project


def takes(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["takes", *arguments, "--json", "-q"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_four_takes_stand_on_one_page(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["takes", "owl"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [["take", str(number)] for number in (1, 2, 3, 4)]
    assert "in the scene" in lines[0]
    assert lines[4] == (f"listen: build/takes/test/owl/index.html   choose: scenebuild pick owl NUMBER {PATH}")
    assert captured.err.splitlines()[0] == "making 4 takes"
    page = Path("build/takes/test/owl/index.html").read_text()
    assert page.count("<audio") == 4
    assert f"scenebuild pick owl 3 {PATH}" in page
    sounds = [Path(f"build/takes/test/owl/elements/take-{number}.wav").read_bytes() for number in (1, 2, 3, 4)]
    assert len(set(sounds)) == 4
    assert not Path("scenes/test.lock.json").exists()


def test_the_candidates_are_the_takes_that_a_build_makes(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    takes(capsys, "owl", "-n", "3")
    third = Path("build/takes/test/owl/elements/take-3.wav").read_bytes()
    assert run(["pick", "owl", "3"]) == 0
    assert run([PATH, "--json", "-q"]) == 0
    captured = capsys.readouterr().out
    assert json.loads(captured[captured.index("{") :])["generated"] == 1, "the rain; the owl was made before"
    assert Path("build/test/elements/owl.wav").read_bytes() == third
    found = takes(capsys, "owl", PATH, "-n", "2", "--from", "3")
    assert [(one["take"], one["in_the_scene"]) for one in found["takes"]] == [(3, True), (4, False)]  # type: ignore[attr-defined]
    assert sorted(os.listdir("build/takes/test/owl/elements")) == ["take-3.wav", "take-4.wav"]
    assert Path("build/takes/test/owl/elements/take-3.wav").read_bytes() == third


def test_the_command_that_chooses_can_be_pasted(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spaced = Path("scenes", "forest walk.yaml")
    Path(PATH).rename(spaced)
    assert run(["takes", "owl", "-n", "1", str(spaced)]) == 0
    assert "scenebuild pick owl NUMBER 'scenes/forest walk.yaml'\n" in capsys.readouterr().out


def test_a_pick_is_one_line(scene: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(PATH).chmod(0o640)
    assert run(["pick", "rain", "2"]) == 0
    assert capsys.readouterr().out == f"{PATH}:4: rain: take: 2\n"
    assert Path(PATH).read_text() == SCENE.replace("duration: 0.4}", "duration: 0.4, take: 2}")
    assert run(["pick", "owl", "7", PATH]) == 0
    assert "    duration: 0.5\n    take: 7\n" in Path(PATH).read_text()
    capsys.readouterr()
    assert run(["pick", "owl", "7", PATH]) == 0
    assert capsys.readouterr().out == f"{PATH}:8: owl: take: 7 is there already\n"
    assert stat.S_IMODE(os.stat(PATH).st_mode) == 0o640


def test_a_pick_goes_where_the_element_stands(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/forest.yaml").write_text(
        "name: F\nelements:\n  rain: {prompt: rain}\nvariants:\n  day: {}\n  night:\n    elements:\n"
        "      rain: {pan: 0.5}\n      owl: {prompt: an owl, take: 2}\n"
    )
    Path("scenes/child.yaml").write_text("extends: forest.yaml\nelements: {wind: {prompt: wind}}\n")
    assert run(["pick", "owl", "5", "scenes/forest.yaml"]) == 0
    assert run(["pick", "rain", "4", "scenes/forest.yaml@night"]) == 0
    assert run(["pick", "rain", "3", "scenes/forest.yaml@day"]) == 0
    assert Path("scenes/forest.yaml").read_text() == (
        "name: F\nelements:\n  rain: {prompt: rain, take: 3}\nvariants:\n  day: {}\n  night:\n    elements:\n"
        "      rain: {pan: 0.5, take: 4}\n      owl: {prompt: an owl, take: 5}\n"
    )
    assert run(["pick", "wind", "2", "scenes/child.yaml"]) == 0
    assert Path("scenes/child.yaml").read_text() == "extends: forest.yaml\nelements: {wind: {prompt: wind, take: 2}}\n"
    capsys.readouterr()
    assert run(["pick", "rain", "2", "scenes/child.yaml@day"]) == 2
    assert capsys.readouterr().err == (
        "rain stands in scenes/forest.yaml:3:30, which other scenes may extend; name that file, or write "
        "elements: {rain: {take: 2}} into scenes/child.yaml\n"
    )


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["takes", "dog"], "dog: the scenes here have no such element; there are rain, door, owl"),
        (["takes", "dog", PATH], f"dog: {PATH} has no such element; there are rain, owl"),
        (["pick", "rain", "2"], f"rain is in scenes/more.yaml and in {PATH}; write the scene that you mean after it"),
        (["takes", "door"], "door is a recording; only what is made from a prompt has takes"),
        (["pick", "rain", "0", PATH], "Invalid value for 'NUMBER': 0 is not in the range 1<=x<=1000000."),
    ],
)
def test_what_can_not_be_meant_is_explained(
    scene: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], answer: str
) -> None:
    Path("scenes/door.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    Path("scenes/more.yaml").write_text("name: M\nelements: {rain: {prompt: rain}, door: {file: door.wav}}\n")
    Path("scenes/broken.yaml").write_text("name: [")
    assert run(arguments) == 2
    assert capsys.readouterr().err.splitlines()[0] == answer


def test_what_somebody_else_writes_meanwhile_stays(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenebuild.commands import rewrite as room

    def meanwhile(path: str, before: bytes, *arguments: object) -> bytes:
        Path(PATH).write_text("# mine\n")
        return before + b"# edited\n"

    monkeypatch.setattr(room, "edited", meanwhile)
    with pytest.raises(UsageError, match=r"was changed by somebody else just now; nothing was written"):
        write_field(PATH, ("elements", "rain", "take"), 2)
    assert Path(PATH).read_text() == "# mine\n"
    assert sorted(os.listdir("scenes")) == ["test.yaml"]


def test_remarks_name_what_is_broken() -> None:
    fine = together(silence(0.1), noise(1.0), silence(0.1))
    assert remarks_on(hear(fine)) == ()
    assert remarks_on(hear(silence(1))) == ("silent",)
    assert remarks_on(hear(together(fine, silence(1.5)))) == ("silent for 1.6 s from 1.1 s",)
    assert remarks_on(hear(np.clip(noise(1.0, 1.5), -1, 1)))[0].startswith("clipped ")
    assert remarks_on(hear(tone())) == ("nothing above 4 kHz",)
    assert remarks_on(hear(fine + np.float32(0.01))) == ("an offset of 0.010 (DC)",)
    late = tone(1.0 + 0.25 / 440, peak=0.5)
    assert remarks_on(hear(late)) == ("nothing above 4 kHz", "a click at an end")
    assert RATE == 48000


class Elements(HTMLParser):
    """The names of elements and attributes of a page, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def a_page(text: str, path: str) -> str:
    outline = Outline(1, "M0 0h1", "M0 0h1")
    sound = PageSound(text, text, path, 1.0, "0:01.0", outline, ((text, text),), (text,), text, text)
    return page_html(
        ListeningPage(text, text, text, (Section(text, text, (sound,)), Section(text, text, (sound,))), text)
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus=alert(1) x='",
        "</style><svg onload=x>",
        "{{ 7*7 }}{% raw %}", "javascript:alert(1)", "a\x1b[31m\u202e\x00b", "&lt;b&gt;", "]]>--><!--",
    ],
)  # fmt: skip
def test_text_of_an_author_stays_text(text: str) -> None:
    page = a_page(text, text)
    assert Elements(page).found == Elements(a_page("plain", "a.wav")).found
    assert not any(sign in page for sign in "\x00\x1b\u202e")
    assert 'src="javascript:' not in page
    if text == "{{ 7*7 }}{% raw %}":
        assert "<h1>{{ 7*7 }}{% raw %}</h1>" in page


def test_the_page_asks_nothing_of_a_network_and_runs_nothing_but_its_own() -> None:
    page = a_page("plain", "a.wav")
    policy = page.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert policy.startswith("default-src 'none'; media-src 'self' file:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in page.split("<style>")[0].replace("http-equiv", "")
    assert "://" not in page
    for hashed in ("style", "script"):
        from base64 import b64encode
        from hashlib import sha256

        inside = page.split(f"<{hashed}>")[1].split(f"</{hashed}>")[0]
        assert f"sha256-{b64encode(sha256(inside.encode()).digest()).decode()}" in policy


LONG = "name: L\nelements:\n  rain: {prompt: rain, duration: 1.5, long: takes, piece: 1, expect: {loudness: [0, 1]}}\n"


def test_an_element_of_several_takes_is_chosen_and_judged_as_a_whole(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(PATH).write_text(LONG)
    found = takes(capsys, "rain", "-n", "2")
    assert [(one["take"], one["part"], one["in_the_scene"]) for one in found["takes"]] == [  # type: ignore[attr-defined]
        (1, 1, True),
        (1, 2, True),
        (2, 1, False),
        (2, 2, False),
    ]
    assert "Take 2, part 2" in Path("build/takes/test/rain/index.html").read_text()
    assert run([PATH, "-q"]) == 0
    capsys.readouterr()
    assert run(["test", PATH]) == 1
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == ["rain", "rain.2"]
    locked = takes(capsys, "rain", "-n", "1")
    assert len(locked["takes"]) == 2  # type: ignore[arg-type]


def test_what_a_parents_effects_name_lies_beside_the_parent(project: Path) -> None:
    from scenebuild.audio.wav import write_wav
    from scenebuild.scene.read import read_scene

    Path("scenes/_shared/ir").mkdir(parents=True)
    write_wav("scenes/_shared/ir/hall.wav", noise(0.1), RATE)
    Path("scenes/_shared/base.yaml").write_text(
        "name: Base\nbuses: {hall: {gain_db: -3, effects: [{convolve: {file: ir/hall.wav}}]}}\n"
        "elements:\n  rain: {prompt: rain, duration: 0.3, bus: hall, effects: [{convolve: {file: ir/hall.wav}}]}\n"
    )
    Path("scenes/child.yaml").write_text("extends: _shared/base.yaml\nbuses: {hall: {volume: 0.3}}\n")
    scene = read_scene("scenes/child.yaml")
    assert scene.buses[0].volume.value == 0.3
    assert {path for path, _ in scene.effect_files()} == {str(project / "scenes/_shared/ir/hall.wav")}
    assert run(["scenes/child.yaml", "-q"]) == 0
