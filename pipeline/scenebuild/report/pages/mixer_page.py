"""The mixer page: mixes with their stems, pictures and faders, alone or as before and after.

One self-contained file that uses no network. Final values in (words, shapes and encoded sounds), HTML out.
``build_page.py`` makes the values of a build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from scenebuild.report.pages import html
from scenebuild.report.pages.embedded_audio import EmbeddedAudio
from scenebuild.report.pages.lanes import Bar, Wave
from scenebuild.report.pages.listening_page import clock
from scenebuild.report.pictures.axes import LANES, ticks

Pairs = tuple[tuple[str, str], ...]  # label and value, ready to be shown

# The tones of badges; all others are "quiet".
TONES = {
    "generated again": "new",
    "mixed again": "changed",
    "changed": "changed",
    "added": "good",
    "removed": "bad",
    "muted": "changed",
    "sketch": "changed",
}


@dataclass(frozen=True, slots=True)
class Values:
    """The author's numbers; None for an automation, or for several values."""

    volume: float | None = None  # linear
    pan: float | None = None  # -1 ... 1
    start_s: float | None = None
    mute: bool = False


@dataclass(frozen=True, slots=True)
class MixerStrip:
    """One element of one side."""

    name: str
    text: str  # its prompt or its file
    line: str  # a few facts on one line
    facts: Pairs
    bars: tuple[Bar, ...]
    badges: tuple[str, ...] = ()  # such as "sketch"
    values: Values = Values()


@dataclass(frozen=True, slots=True)
class Picture:
    """The spectrogram of a mix: a PNG of the levels alone, and its frequencies as shares of the height from the top."""

    png: bytes
    hertz: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class MixerSide:
    """A mix: the one of a build, or what it was before and after."""

    label: str  # "" if there is only one side
    seconds: float
    sample_rate: int  # Hz
    channels: int
    wave: Wave
    spectrogram: Picture
    facts: Pairs
    strips: tuple[MixerStrip, ...]
    sounds: tuple[EmbeddedAudio, ...]  # the stems; or the mix alone, whose name is ""; or none
    file: str = ""  # the mix as a file, relative to the page; it plays if there are no sounds
    why: str = ""  # a sentence: why there are no stems

    @property
    def has_stems(self) -> bool:
        """Whether the page has the stems."""
        return any(sound.name for sound in self.sounds)


@dataclass(frozen=True, slots=True)
class PageNote:
    """A note at the top. A line of a "note" is our text and may have one command in backticks."""

    title: str
    lines: tuple[str, ...] = ()
    kind: Literal["warning", "note"] = "note"


@dataclass(frozen=True, slots=True)
class MixerScene:
    """A scene on the page. ``key``: letters, digits, ``-`` and ``_``, unique on the page."""

    key: str
    title: str
    text: str
    sides: tuple[MixerSide, ...]  # one, or before and after
    badge: str = ""
    badges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by element
    notes: tuple[PageNote, ...] = ()
    difference: bytes | None = None  # a PNG over the whole time
    difference_text: str = ""  # a description of it, for screen readers
    links: Pairs = ()  # label and path relative to the page
    details: tuple[tuple[str, Pairs], ...] = ()  # further sections: title and content
    loops: bool = False  # the mix loops, so the page plays it in a loop
    is_open: bool = True  # if it is one of several


@dataclass(frozen=True, slots=True)
class MixerPage:
    """A whole page."""

    mark: str  # above the title: the kind of page
    title: str
    lead: str  # paragraphs with blank lines between them
    scenes: tuple[MixerScene, ...]
    notes: tuple[PageNote, ...] = ()
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """The additions of ``scenebuild watch``: a token that allows writing, and one more script of ours."""

    token: str
    script: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of one side, or of both; ``values`` has one entry if both are equal."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MixerRow:
    """One element on all sides of its scene; None for a side that does not have it."""

    name: str
    colour: int
    strips: tuple[MixerStrip | None, ...]
    badges: tuple[tuple[str, str], ...]  # text and tone
    facts: tuple[Fact, ...]

    @property
    def now(self) -> MixerStrip:
        """The strip of the last side that has the element."""
        return next(strip for strip in reversed(self.strips) if strip is not None)


def mixer_html(page: MixerPage, live: Live | None = None) -> str:
    """The page as one self-contained file of HTML; the same page gives the same bytes."""
    return html.page(
        "mixer.html.jinja2",
        ("family.css", "mixer.css"),
        "mixer.js",
        page=page,
        paragraphs=_paragraphs(page.lead),
        rows=rows_of,
        facts=facts_of,
        axis=axis_of,
        clock=clock,
        tones=TONES,
        said=said,
        data_uri=html.data_uri,
        encoded=_each_once(),
        live=live,
        live_script=Markup(live.script) if live else "",
        live_hash=html.policy_hash(live.script) if live else "",
    )


def _each_once() -> Callable[[EmbeddedAudio], str]:
    """A function that gives a sound as base64; "" if the page has it already, because both sides may share a stem."""
    seen: set[str] = set()

    def encoded(sound: EmbeddedAudio) -> str:
        if sound.bytes_digest in seen:
            return ""
        seen.add(sound.bytes_digest)
        return html.encoded(sound.data)

    return encoded


def rows_of(scene: MixerScene) -> tuple[MixerRow, ...]:
    """The elements of all sides, joined by name, in the order of the last side; elements of earlier sides follow."""
    names = list(dict.fromkeys(strip.name for side in reversed(scene.sides) for strip in side.strips))
    by_name = [{strip.name: strip for strip in side.strips} for side in scene.sides]
    return tuple(
        _row(name, index, tuple(strips.get(name) for strips in by_name), scene.badges.get(name, ()))
        for index, name in enumerate(names)
    )


def facts_of(sides: tuple[Pairs, ...]) -> tuple[Fact, ...]:
    """The facts of all sides, joined by label; a fact that differs has one value for each side, "–" for none."""
    labels = list(dict.fromkeys(label for facts in reversed(sides) for label, _ in facts))
    by_label = [dict(facts) for facts in sides]
    return tuple(_fact(label, [facts.get(label, "–") for facts in by_label]) for label in labels)


def axis_of(scene: MixerScene) -> tuple[float, tuple[tuple[str, str], ...]]:
    """The length of the scene's time axis in seconds, and its ticks: place in percent, and label."""
    seconds = max(side.seconds for side in scene.sides)
    return seconds, tuple((f"{100 * at / seconds:.3f}%", label) for at, label in ticks(seconds) if seconds)


def said(sentence: str) -> tuple[str, str, str]:
    """The parts of a sentence that may have one command in backticks: before it, the command, after it.

    >>> said("Type `make a`b` now."), said("Type nothing.")
    (('Type ', 'make a`b', ' now.'), ('Type nothing.', '', ''))
    """
    before, _, rest = sentence.partition("`")
    command, closing, after = rest.rpartition("`")
    return (before, command, after) if closing else (sentence, "", "")


def _row(name: str, index: int, strips: tuple[MixerStrip | None, ...], badges: tuple[str, ...]) -> MixerRow:
    there = [strip for strip in strips if strip is not None]
    texts = dict.fromkeys((*badges, *(badge for strip in reversed(there) for badge in strip.badges)))
    facts = facts_of(tuple(strip.facts for strip in there))
    if len({strip.text for strip in there}) > 1:  # one text is shown above already
        facts = (_fact("Prompt", [strip.text for strip in there]), *facts)
    return MixerRow(name, index % len(LANES), strips, tuple((text, TONES.get(text, "quiet")) for text in texts), facts)


def _fact(label: str, values: list[str]) -> Fact:
    return Fact(label, tuple(values[:1] if len(set(values)) == 1 else values))


def _paragraphs(text: str) -> Iterator[str]:
    return (part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip())
