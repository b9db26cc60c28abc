"""What a review looks like in a comment, on a page, in a log: it fits, and an author's text stays text."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from revisions import EDITED, SCENE, build, commit, diff, fast_engines, needs_git, start_repository, write
from scenebuild.cli import run
from scenebuild.errors import Place
from scenebuild.review.formats.loudness_over_time import BLOCKS, loudness_lines
from scenebuild.review.formats.markdown import LARGEST, MARKER, AttachedFiles, as_markdown
from scenebuild.review.formats.rows import excerpts, scene_row, total
from scenebuild.review.model import ElementChange, FieldEdit, NullTest, Pair, Review, SceneReview, SoundFacts
from test_hostile import PAYLOADS, PLAIN, Tags

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LARGEST_COMMENT = 65_536


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    fast_engines(monkeypatch)


def scene_of(number: int = 0, edits: int = 3, elements: int = 4, prompt: str = "rain on a roof") -> SceneReview:
    """A review of one scene in which everything changed, by hand."""
    sound = SoundFacts(
        24.0, -20.0, -3.0, -3.1, 48000, 2, (-20.0, -21.0, -22.0, -30.0, -40.0), tuple([-20.0, -24.0] * 120)
    )
    other = replace(sound, loudness_lufs=-21.5, true_peak_dbtp=-4.0, bands_db=(-20.0, -21.0, -22.0, -26.0, -34.0))
    place = Place(f"scenes/scene{number}.yaml", 9, 3)
    return SceneReview(
        path=f"scenes/scene{number}.yaml",
        status="changed",
        edits=tuple(
            FieldEdit(("elements", f"element{k}", "prompt"), "changed", prompt, f"{prompt} {k}", place, place)
            for k in range(edits)
        ),
        elements=tuple(
            ElementChange(f"element{k}", "generated", place, "prompt changed", sound=Pair(sound, other))
            for k in range(elements)
        ),
        mix=Pair(sound, other),
        null=NullTest(False, -30.0, -10.0, -20.0),
        basis="sound",
    )


def review_of(*scenes: SceneReview) -> Review:
    return Review("main (1234567)", "HEAD (89abcde)", scenes, len(scenes) + 3)


# A comment


@pytest.mark.parametrize(
    ("scenes", "edits", "elements", "prompt"),
    [(1, 3, 4, "rain"), (50, 2, 3, "rain"), (50, 20, 20, "rain " * 20), (50, 60, 200, "rain " * 300), (500, 3, 3, "x")],
)
def test_a_comment_holds_every_review(scenes: int, edits: int, elements: int, prompt: str) -> None:
    found = review_of(*(scene_of(number, edits, elements, prompt) for number in range(scenes)))
    comment = as_markdown(found)
    assert comment.startswith(f"{MARKER}\n")
    assert len(comment.encode()) <= LARGEST < LARGEST_COMMENT
    assert total(found) in comment
    shown = Tags(GFM.render(comment)).found
    assert sum(tag == "details" for tag, _ in shown) == comment.count("<details")
    if scenes <= 50:
        assert all(f"`scenes/scene{number}.yaml`" in comment for number in range(scenes)) or scenes == 1
    if len(comment.encode()) < LARGEST * 0.7:
        assert "left out" not in comment


def test_words_apart_from_their_files_lead_to_none_and_keep_what_an_author_wrote() -> None:
    found = review_of(scene_of(prompt="[rain](roof)"))
    (scene,) = found.scenes
    attached = AttachedFiles("index.html", {scene.path: "one.png"}, {scene.path: "one.mp4"})
    beside, apart = as_markdown(found, attached), as_markdown(found, attached, is_apart=True)
    for link in ("](index.html)", "](one.png)", "](one.mp4)"):
        assert link in beside
        assert link not in apart
    assert MARKER not in apart
    assert "[rain](roof)" in apart
    assert len(apart.splitlines()) == len(beside.splitlines()), "only links are left out"


def test_a_comment_loses_first_what_matters_least() -> None:
    scenes = [scene_of(number, 8, 8) for number in range(50)]
    found = review_of(*scenes)
    everything = as_markdown(found, largest=10**7)
    sizes = [len(everything.encode()), 110_000, 65_000, 30_000, 9_000, 3_000, 600]
    comments = [as_markdown(found, largest=size) for size in sizes]
    assert [len(one.encode()) <= size for one, size in zip(comments, sizes, strict=True)] == [True] * len(sizes)
    assert "```text" in comments[0]
    assert "left out" not in comments[0]
    assert "Pictures and long lists are left out" in comments[1]
    assert "```text" not in comments[1]
    assert comments[1].count("<details") == 50
    assert 0 < comments[2].count("<details") < 50
    assert "the details of" in comments[2]
    assert all(f"`scenes/scene{number}.yaml`" in comments[4] for number in range(50)), "the table is whole"
    assert "scenes altogether are left out" in comments[5]
    assert comments[6].startswith(MARKER)


@examples(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(0, 8), st.integers(300, 70_000))
def test_no_bound_is_ever_exceeded(scenes: int, edits: int, largest: int) -> None:
    found = review_of(*(scene_of(number, edits, 2) for number in range(scenes)))
    assert len(as_markdown(found, largest=largest).encode()) <= largest


@needs_git
def test_fifty_changed_scenes_fit(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_repository()
    short = ("duration: 1.2", "duration: 0.3"), ("start: 1.5", "start: 0.2"), ("duration: 4", "duration: 0.6")
    before, after = (reduce(lambda text, pair: text.replace(*pair), short, text) for text in (SCENE, EDITED))
    for number in range(50):
        write(before, f"scenes/scene{number:02}.yaml")
    build()
    commit("one")
    for number in range(50):
        write(after, f"scenes/scene{number:02}.yaml")
    comment = diff(capsys, "HEAD", "--format", "md")
    assert len(comment.encode()) < LARGEST_COMMENT
    assert comment.count("<details") == 50
    assert "50 of 50 scenes differ: 50 generated again, 50 mixed again" in comment


# Words and text pictures


def test_of_a_long_value_the_edited_part_is_shown() -> None:
    text = "a long description of rain " * 20
    before, after = excerpts(f"'{text}on tin'", f"'{text}on wood'")
    assert before.startswith("…")
    assert before.endswith("on tin'")
    assert after.endswith("on wood'")
    assert len(before) < 120


@given(st.text(max_size=300), st.text(max_size=300))
def test_excerpts_differ_where_the_values_do(before: str, after: str) -> None:
    first, second = excerpts(before, after)
    assert (first == second) == (before == after)
    assert max(len(first), len(second)) <= 102


def test_the_loudness_over_time_is_on_one_scale() -> None:
    loud, quiet = SoundFacts(4.8, -10.0, over_time=(-10.0,) * 48), SoundFacts(2.4, -22.0, over_time=(-22.0,) * 24)
    before, after, scale = loudness_lines(Pair(loud, quiet))
    assert before.picture == BLOCKS[-1] * 48
    assert after.picture == BLOCKS[0] * 24 + " " * 24, "silent behind its end"
    assert scale.picture == "▁ −22 LUFS, █ −10 LUFS"
    before, after, scale = loudness_lines(Pair(loud, replace(loud, over_time=(-11.0,) * 24 + (-60.0,) * 24)))
    assert after.picture == BLOCKS[-1] * 24 + " " * 24
    assert scale.picture == "▁ −38 LUFS, █ −10 LUFS"
    assert loudness_lines(Pair(None, SoundFacts(1.0, -20.0))) == ()
    assert loudness_lines(Pair(None, SoundFacts(1.0, -math.inf, over_time=(-math.inf,) * 6))) == ()


def test_the_words_of_a_scene() -> None:
    row = scene_row(scene_of())
    assert row.summary == "4 generated again"
    assert row.loudness == "−20.0 → −21.5 LUFS (−1.5 LU)"
    assert row.balance == "brighter"
    assert row.null == "residual −30.0 dBFS, 10.0 dB below the louder mix"
    assert row.edits[0].place == "scenes/scene0.yaml:9"


# Text of an author


def hostile_scene(texts: list[str], volume: float) -> dict[str, Any]:
    elements = {
        f"e{number}": {"prompt": text, "duration": 0.1, "volume": volume, "engine": "sketch"}
        for number, text in enumerate(texts)
    }
    return {"name": texts[0], "description": "\n\n".join(texts), "elements": elements}


@needs_git
def test_texts_are_texts_in_every_format(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against benign scenes of the same shape: no element of markup more, no rule more, no control character."""
    start_repository()
    Path("scenebuild.toml").write_text("")
    seen: dict[tuple[str, str], Any] = {}
    for name, texts in (("plain", PLAIN), ("hostile", PAYLOADS)):
        for path in Path("scenes").glob("*"):
            path.unlink()
        write(hostile_scene(texts, 0.5), "scenes/one.yaml")
        build()
        commit(name)
        write(hostile_scene([f"{text} again" for text in texts], 0.25), "scenes/one.yaml")
        comment = diff(capsys, "HEAD", "--format", "md")
        page = diff(capsys, "HEAD", "--format", "html", "-o", "out")
        sarif = json.loads(diff(capsys, "HEAD", "--format", "sarif"))
        github = diff(capsys, "HEAD", "--format", "github")
        text = diff(capsys, "HEAD")
        seen[name, "md"] = sorted(set(Tags(GFM.render(comment)).found))
        seen[name, "html"] = sorted(set(Tags(page).found))
        seen[name, "svg"] = sorted(set(Tags(Path("out/one.svg").read_text(encoding="utf-8")).found))
        seen[name, "sarif"] = [(one["ruleId"], one["level"]) for one in sarif["runs"][0]["results"]]
        seen[name, "rules"] = sarif["runs"][0]["tool"]["driver"]["rules"]
        seen[name, "github"] = [line.partition(" ")[0] for line in github.splitlines()]
        for output in (comment, page, text, github):
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", output)
        assert "##[" not in text + github + comment
        assert not re.search(r"^::(?!notice)", github + text + comment, re.MULTILINE)
        for folder in ("out", "build"):
            shutil.rmtree(folder)
    for kind in ("md", "html", "svg", "sarif", "rules", "github"):
        assert seen["hostile", kind] == seen["plain", kind], kind
    assert set(seen["plain", "sarif"]) == {("element-generated-again", "note")}


@needs_git
def test_annotations_and_sarif_point_at_the_lines_of_head(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_repository()
    write(SCENE)
    build()
    commit("one")
    write("# one line more\n" + EDITED.replace("  bell:\n    prompt: a church bell\n    start: 0.5\n", ""))
    lines = diff(capsys, "HEAD", "--format", "github").splitlines()
    assert [line.partition("::rain: ")[0] for line in lines if "rain" in line] == [
        "::notice file=scenes/harbour.yaml,line=6,col=3,title=element-mixed-again"
    ]
    assert any(
        line.startswith("::notice file=scenes/harbour.yaml,line=1,col=1,title=element-removed::bell") for line in lines
    )
    results = json.loads(diff(capsys, "HEAD", "--format", "sarif"))["runs"][0]["results"]
    places = {one["ruleId"]: one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results}
    assert places == {"element-mixed-again": 6, "element-generated-again": 10, "element-removed": 1}


# The page

PEAKS = """(async () => {
  const scene = document.querySelector("[data-scene]").dataset.scene, found = [];
  for (const side of [0, 1]) {
    const heard = await scenebuild.render(3.9, {scene, side});
    found.push(heard.getChannelData(0).reduce((peak, one) => Math.max(peak, Math.abs(one)), 0));
  }
  return found;
})()"""


@needs_git
def test_the_page_holds_both_sides_and_asks_for_nothing(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], browser: Any
) -> None:
    start_repository()
    write(SCENE)
    build()
    commit("one")
    write(EDITED)
    write(SCENE, "scenes/new.yaml")
    diff(capsys, "HEAD", "-o", str(tmp_path / "out"))
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url) if not request.url.startswith("data:") else None)
    address = (tmp_path / "out" / "index.html").as_uri()
    page.goto(address)
    assert page.evaluate("[...document.querySelectorAll('[data-scene]')].map(one => one.dataset.sides)") == ["2", "1"]
    badges = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-scene]')[0].querySelectorAll('.strip')]"
        ".map(one => [one.dataset.element, one.querySelector('.badge')?.textContent]))"
    )
    assert badges == {"rain": "mixed again", "bell": "unchanged", "dog": "generated again"}
    peaks = page.evaluate(PEAKS)
    assert min(peaks) > 0.01
    assert peaks[0] != peaks[1]
    assert said == []
    assert asked == [address]
    page.close()


@pytest.mark.parametrize("stems", [True, False])
def test_two_builds_are_heard_on_a_page(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], browser: Any, stems: bool
) -> None:
    flags = ["--stems"] if stems else []
    for name, text in (("one", SCENE), ("two", EDITED)):
        write(text)
        assert run(["build", "scenes", "-q", "-o", name, *flags]) == 0
    diff(capsys, "one", "two", "-o", "out")
    assert {path.name for path in Path("out").iterdir()} == {
        "index.html",
        "diff.md",
        "diff.json",
        "harbour.png",
        "harbour.svg",
    }
    page = browser.new_page()
    page.goto(Path("out/index.html").absolute().as_uri())
    assert page.evaluate("[...document.querySelectorAll('[data-scene]')].map(one => one.dataset.sides)") == ["2"]
    names = page.evaluate("[...document.querySelectorAll('.strip')].map(one => one.dataset.element)")
    assert names == (["rain", "bell", "dog"] if stems else [])
    assert ("writes them" in page.inner_text("main")) != stems
    heard = page.evaluate(PEAKS)
    for peak, name in zip(heard, ("one", "two"), strict=True):
        mix, _ = soundfile.read(f"{name}/harbour/harbour.wav", always_2d=True)
        assert peak == pytest.approx(float(np.abs(mix[: round(3.9 * 48000), 0]).max()), rel=0.01 if stems else 0.2)
    page.close()


@needs_git
def test_a_clip_of_each_scene_is_written_where_it_is_asked_for(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av")
    start_repository()
    write(SCENE)
    build()
    commit("one")
    write(EDITED)
    diff(capsys, "HEAD", "-o", "out", "--video")
    assert Path("out/harbour.mp4").read_bytes()[4:8] == b"ftyp"
    assert "](harbour.mp4)" in Path("out/diff.md").read_text(encoding="utf-8")
    assert 'href="harbour.mp4"' in Path("out/index.html").read_text(encoding="utf-8")


@needs_git
def test_who_can_make_no_clips_learns_it_before_anything_is_mixed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_repository()
    write(SCENE)
    commit("one")
    monkeypatch.setitem(sys.modules, "av", None)
    assert run(["diff", "HEAD", "-o", "out", "--video"]) == 2
    assert "clips need PyAV" in capsys.readouterr().err
    assert not Path("out").exists()


def test_a_format_that_there_is_not_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "--format", "yaml"]) == 2
    assert "sarif" in capsys.readouterr().err
