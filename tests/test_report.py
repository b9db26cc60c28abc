"""The README of a build: what it says, that hostile text stays text in it, and what a user's own template may do."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from scenebuild.errors import UsageError
from scenebuild.mix.model import Mix, StemFacts
from scenebuild.report.model import BusRow, DeliveryRow, Report, ReportElement
from scenebuild.report.readme import render
from scenebuild.report.readme.render import render_readme
from test_report_markdown import GFM, LINKLIKE, rendered_text, structure

RAIN = ReportElement(
    name="rain",
    prompt="steady rain on a window, thunder far away",
    recording="",
    engine="sketch",
    model="",
    is_sketch=True,
    status="generated",
    duration_s=8.0,
    volume="0.70 (−3.1 dB)",
    temperature="1.0",
    seed="2889146527",
    take=1,
    loudness="−24.3 LUFS",
    licence="CC0-1.0",
    key="3f9a" * 16,
    digest="b0c4" * 16,
    take_path="elements/rain.wav",
    start_s=0.0,
    end_s=24.0,
    loop=True,
    pan=0.0,
    fade_in_s=0.0,
    fade_out_s=0.0,
)
THUNDER = replace(
    RAIN,
    name="thunder",
    prompt="one long roll of thunder, far behind the hills",
    engine="AudioGen",
    model="facebook/audiogen-medium",
    is_sketch=False,
    take=3,
    licence="CC-BY-NC-4.0",
    take_path="elements/thunder.wav",
    start_s=12.0,
    end_s=20.0,
    loop=False,
    pan=-0.3,
    fade_out_s=4.0,
)
DOOR = replace(
    RAIN,
    name="door",
    prompt="",
    recording="scenes/sounds/door.wav",
    engine="recording",
    is_sketch=False,
    duration_s=2.4,
    temperature="",
    seed="",
    licence="CC-BY-4.0",
    take_path="elements/door.wav",
    start_s=4.5,
    end_s=6.9,
    loop=False,
    pan=1.0,
    fade_in_s=0.1,
)
MINIMAL = Report(
    name="Rain",
    description="",
    scene_path="scenes/rain.yaml",
    stem="rain",
    command="scenebuild scenes/rain.yaml",
    preview=False,
    sketched=(),
    real_engine="AudioGen",
    how_to_make_real="",
    elements=(replace(RAIN, engine="AudioGen", is_sketch=False, end_s=8.0, loop=False),),
    mix_path="rain.wav",
    duration_s=8.0,
    sample_rate=48000,
    channels=1,
    loudness="−24.3 LUFS",
    loudness_target="",
    true_peak="−9.8 dBTP",
    true_peak_limit="−1.0 dBTP",
    master_gain="0.0 dB",
    licence="CC0-1.0",
    warnings=(),
    waveform_path="waveform.svg",
    spectrogram_path="spectrogram.png",
    timeline_path="timeline.svg",
    scenebuild_version="0.1.0",
)


def mix_of(report: Report, path: Path) -> Mix:
    """The mix that a report is about, with a flat outline for each element."""
    stems = tuple(
        StemFacts(row.name, row.start_s, row.end_s, 0.0, -24.0, -6.0, pass_s=row.duration_s, peaks=(0.5,) * 8)
        for row in report.elements
    )
    return Mix(str(path), report.sample_rate, report.channels, 0, -20.0, -3.0, 0.0, stems)


DELIVERIES = (
    DeliveryRow(
        "rainy_cafe.podcast.mp3",
        "podcasts",
        "MP3, 44.1 kHz, stereo",
        "−16.0 LUFS, −1.3 dBTP",
        "−16.0 LUFS ± 1.0 LU, at most −1.0 dBTP",
        True,
        "Apple Podcasts, audio requirements",
    ),
    DeliveryRow(
        "rainy_cafe.game.wav",
        "games",
        "WAV, 16 bit, 48 kHz, stereo",
        "−27.2 LUFS, −1.1 dBTP",
        "−24.0 LUFS ± 2.0 LU, at most −1.0 dBTP",
        False,
        "ASWG-R001",
    ),
)
MIXER = replace(
    MINIMAL,
    elements=(
        replace(RAIN, seam="−0.4 dB", treatment=("Low-pass: 400 Hz → 9000 Hz from 0 s to 10.0 s", "Bus: outside")),
        replace(THUNDER, times_s=((1.0, 5.0), (9.5, 13.5))),
    ),
    deliveries=DELIVERIES,
    buses=(BusRow("outside", "0.71 (−3.0 dB)", ("Effects: high-pass at 120 Hz", "Ducked: by 9 dB under voice")),),
    seam="−1.2 dB",
    seam_limit="+3.0 dB",
)
FULL = replace(
    MINIMAL,
    name="Rainy café",
    description="A small café on a wet evening.\n\nMeant to loop behind a menu for as long as somebody hesitates.",
    scene_path="scenes/rainy_cafe.yaml",
    stem="rainy_cafe",
    command="scenebuild scenes/rainy_cafe.yaml",
    sketched=("rain",),
    how_to_make_real="With AudioGen installed, `scenebuild scenes/rainy_cafe.yaml --engine audiogen` makes it real.",
    elements=(RAIN, DOOR, THUNDER),
    mix_path="rainy_cafe.wav",
    duration_s=90.0,
    channels=2,
    loudness="−20.0 LUFS",
    loudness_target="−20.0 LUFS",
    true_peak="−3.1 dBTP",
    master_gain="+2.4 dB",
    licence="CC-BY-NC-4.0",
    warnings=("rain: no recipe knows the word “drizzly”", "thunder ends 0.4 s before its fade does"),
)
PREVIEW = replace(FULL, preview=True, warnings=("one thing only",))

PAYLOAD = (
    "<script>alert(1)</script> [x](javascript:alert(1)) a|b `code` ::error::no {{7*7}} {% raw %} &lt;b&gt; "
    "http://evil.example www.evil.example me@evil.example @team #1 *em* **strong** ~~gone~~ $x$ </details> \u202egnol"
)


def hostile(report: Report) -> Report:
    """The same report with the payload in every text of an author, at its beginning, and on lines of their own."""
    text = f"# {PAYLOAD}\n- {PAYLOAD}"
    rows = tuple(
        replace(
            row,
            name=text,
            prompt=text if row.prompt else "",
            recording=f"{PAYLOAD}.wav" if row.recording else "",
            take_path=f"elements/{PAYLOAD}.wav",
            treatment=tuple(text for _ in row.treatment),
            licence=f"{row.licence} {text}",
        )
        for row in report.elements
    )
    return replace(
        report,
        name=text,
        description=f"{text}\n\n1. {PAYLOAD}",
        scene_path=f"scenes/{PAYLOAD}.yaml",
        command=f"scenebuild '{PAYLOAD}\n```\n# out'",
        sketched=tuple(text for _ in report.sketched),
        how_to_make_real=f"With AudioGen installed, `scenebuild {text}` makes it real.",
        elements=rows,
        buses=tuple(replace(bus, name=text, treatment=tuple(text for _ in bus.treatment)) for bus in report.buses),
        deliveries=tuple(replace(one, path=f"{PAYLOAD}.wav", about=text, source=text) for one in report.deliveries),
        mix_path=f"{PAYLOAD}.wav",
        licence=text,
        warnings=tuple(text for _ in report.warnings),
    )


class MarkdownFile(SingleFileSnapshotExtension):
    """One file a snapshot, to be read as it is. ``pytest --snapshot-update`` writes them anew."""

    _write_mode = WriteMode.TEXT
    file_extension = "md"


@pytest.mark.parametrize(
    "report", [FULL, MINIMAL, PREVIEW, MIXER, hostile(FULL)], ids=["full", "minimal", "preview", "mixer", "hostile"]
)
def test_the_readme_is_the_one_that_was_looked_at(report: Report, snapshot: SnapshotAssertion) -> None:
    assert render_readme(report) == snapshot(extension_class=MarkdownFile)


@pytest.mark.parametrize("report", [FULL, MINIMAL, PREVIEW, MIXER], ids=["full", "minimal", "preview", "mixer"])
def test_hostile_text_makes_no_element_that_plain_text_does_not_make(report: Report) -> None:
    report = replace(report, description="One.\n\nTwo.")
    nasty, plain = (
        # Code with a pipe is written as an element: it counts as the code span that it stands for.
        re.sub("<code>[^<]*</code>", "`code`", render_readme(one))
        for one in (hostile(report), report)
    )
    assert structure(nasty) == structure(plain)
    assert not LINKLIKE.search(rendered_text(nasty))


def test_every_link_of_a_hostile_readme_leads_beside_it() -> None:
    tokens = [part for token in GFM.parse(render_readme(hostile(FULL))) for part in token.children or ()]
    links = [
        str(token.attrGet("href") or token.attrGet("src")) for token in tokens if token.type in ("link_open", "image")
    ]
    assert len(links) == 5 + len(FULL.elements)
    assert all(re.fullmatch(r"[\w./~%-]+", link) for link in links)


def test_it_says_what_is_asked_of_it() -> None:
    text = re.sub(r"\s+", " ", rendered_text(render_readme(FULL)))
    for said in ("Rainy café", "1 min 30 s", "48 kHz, stereo", "−20.0 LUFS", "−3.1 dBTP", "+2.4 dB", "CC-BY-NC-4.0"):
        assert said in text
    assert "Sketched, not AudioGen:" in text
    assert "Preview" not in text
    assert "Preview." in rendered_text(render_readme(PREVIEW))
    assert "Sketched" not in rendered_text(render_readme(MINIMAL))
    assert "Warning" not in rendered_text(render_readme(MINIMAL))


def test_no_value_is_left_unsaid() -> None:
    """What the README leaves out on purpose is named here, so that a new field is not forgotten."""
    silent = {
        "stem",
        "preview",
        "real_engine",
        "sketched",
        "elements",
        "duration_s",
        "sample_rate",
        "channels",
        "description",
        "warnings",
    }
    readme = render_readme(replace(FULL, **{name: f"said-{name}" for name in _texts(Report) - silent}))  # type: ignore[arg-type]
    assert {name for name in _texts(Report) - silent if f"said-{name}" not in readme} == set()


def _texts(kind: type[Report]) -> set[str]:
    return {field.name for field in fields(kind) if field.type == "str"}


def _template(folder: Path, text: str, name: str = "mine.jinja2") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    "text",
    [
        "{{ report.name }}",
        "{{ report.name | upper }}",
        "{{ report.name[:900] }}",
        "{{ '' ~ report.name ~ '' }}",
        "{{ ('x' | safe) ~ report.name }}",
        "{{ [report.name, report.name] | join('-') }}",
        "{{ '%s' | format(report.name) }}",
        "{{ report.name | replace('x', 'y') }}",
        "{{ report.name.strip() }}",
        "{% set name = report.name %}{{ name }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(report.name) | safe }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(report.name) }}",
        "{% set block %}{{ report.name }}{% endset %}{{ block }}",
        "{% filter lower %}{{ report.name }}{% endfilter %}",
        "{{ report.name | forceescape }}",
        "{{ report.name | e }}",
        "{{ report.elements | map(attribute='name') | first }}",
        "{{ report.elements[0].prompt | title }}",
        "{{ report }}",
    ],
)
def test_a_template_cannot_forget_to_escape(tmp_path: Path, text: str) -> None:
    readme = render_readme(hostile(FULL), _template(tmp_path, text))
    assert {kind for kind, *_ in structure(readme)} == {"paragraph_open", "inline", "text", "paragraph_close"}
    assert not LINKLIKE.search(rendered_text(readme))


def test_a_template_may_say_that_it_means_markup(tmp_path: Path) -> None:
    assert render_readme(FULL, _template(tmp_path, "{{ '**' | safe }}{{ 'a*b' }}{{ '**' | safe }}")) == "**a&#42;b**\n"


def test_a_template_includes_from_its_own_folder_and_from_ours(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    _template(tmp_path / "parts", "part of {{ report.name }}", "a.jinja2")
    text = '{% from "details.md.jinja2" import details %}{% include "parts/a.jinja2" %}'
    text += "{{ details(report.elements[0]) | safe }}"
    readme = render_readme(FULL, _template(tmp_path, text))
    assert readme.startswith("part of Rainy café<details>\n")
    assert "<summary>rain: sketch, take 1</summary>" in readme


def test_our_own_template_given_as_a_users_says_the_same(tmp_path: Path) -> None:
    for name in ("README.md.jinja2", "details.md.jinja2"):
        shutil.copy(render.OURS / name, tmp_path / name)
    assert render_readme(FULL, tmp_path / "README.md.jinja2") == render_readme(FULL)


ABSENT = "1: there is no template {!r} beside it, nor among scenebuild's own"
REFUSED = "1: a template may not ask for this: "
UNFINISHED = (
    "2: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. "
    "The innermost block that needs to be closed is 'for'."
)
TURNS = "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n{{ report.nmae }}", "2: 'scenebuild.report.model.Report object' has no attribute 'nmae'"),
        ("\n\n{{ scene }}", "3: 'scene' is undefined"),
        ("{% if %}", "1: Expected an expression, got 'end of statement block'"),
        ("\n{% for x in report.elements %}", UNFINISHED),
        ("{{ 1 / 0 }}", "1: ZeroDivisionError: division by zero"),
        ("{{ report.name | nothing }}", "1: No filter named 'nothing'."),
        ('{% include "../secret.jinja2" %}', ABSENT.format("../secret.jinja2")),
        ('{% include "/etc/passwd" %}', ABSENT.format("/etc/passwd")),
        ('{% include "link.jinja2" %}', ABSENT.format("link.jinja2")),
        ('{% include "mine.jinja2" %}', "1: it calls or includes itself without end"),
        ('{% include "broken.jinja2" %}', None),
        ("{{ report.__class__.__mro__ }}", REFUSED + "access to attribute '__class__' of 'Report' object is unsafe."),
        ("{{ report.elements.append(1) }}", "1: 'tuple object' has no attribute 'append'"),
        ("{{ lipsum(n=10**9) }}", "1: 'lipsum' is undefined"),
        ("{% for a in range(10**12) %}{% endfor %}", REFUSED + "more than 100000 turns of range()"),
        ("{% for a in range(9**60) %}{% endfor %}", REFUSED + "more than 100000 turns of range()"),
        (TURNS, REFUSED + "more than 100000 turns of range()"),
        ("{{ 'x' * 10**9 }}", REFUSED + "a repetition of more than 100000"),
        ("{{ [1, 2] * 10**9 }}", REFUSED + "a repetition of more than 100000"),
        ("{{ 9 ** 10000 }}", REFUSED + "so large a power"),
        ("{{ 9 ** 60 ** 60 }}", REFUSED + "so large a power"),
        (
            "{% for a in range(1000) %}{{ ('x' * 90000) | safe }}{% endfor %}",
            REFUSED + "more than 16777216 characters of text",
        ),
    ],
)
def test_a_template_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str | None
) -> None:
    (tmp_path / "templates").mkdir()
    monkeypatch.chdir(tmp_path)
    _template(tmp_path, "secret", "secret.jinja2")
    (tmp_path / "templates" / "link.jinja2").symlink_to(tmp_path / "secret.jinja2")
    _template(tmp_path / "templates", "fine\n{{ nowhere }}", "broken.jinja2")
    _template(tmp_path / "templates", text)
    with pytest.raises(UsageError) as raised:
        render_readme(FULL, Path("templates/mine.jinja2"))
    expected = f"mine.jinja2:{complaint}" if complaint else "broken.jinja2:2: 'nowhere' is undefined"
    assert str(raised.value) == f"templates/{expected}"


def test_a_template_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jinja2: there is no such template file$"):
        render_readme(FULL, tmp_path / "none.jinja2")
    with pytest.raises(UsageError, match="there is no such template file$"):
        render_readme(FULL, tmp_path)
    (tmp_path / "latin.jinja2").write_bytes(b"caf\xe9")
    with pytest.raises(UsageError, match=r"latin\.jinja2:1: it is not UTF-8 text$"):
        render_readme(FULL, tmp_path / "latin.jinja2")
