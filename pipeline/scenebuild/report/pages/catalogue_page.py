"""The sounds of the catalogue: a README for each category, one for all, and a page to listen to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenebuild import __version__
from scenebuild import number_text as words
from scenebuild.expect.check import traits_of
from scenebuild.files import publish_text
from scenebuild.generate.gather import Takes
from scenebuild.generate.take import Take
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.pages.listening_page import ListeningPage, PageSound, Section, clock, outline_of, page_html
from scenebuild.report.pages.takes_page import facts_of, remarks_on
from scenebuild.report.readme.render import rendered

PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class CatalogueExample:
    """The example of one kind of sound, in words that are ready to be shown."""

    name: str
    prompt: str
    engine: str
    duration_s: float
    loudness: str
    time: str  # "0.31 s, 26 times as fast as it plays"
    seconds: float | None
    path: str  # relative to the folder of its category
    remarks: tuple[str, ...]
    sound: PageSound  # with its path relative to the page


@dataclass(frozen=True, slots=True)
class Category:
    """A category and its kinds."""

    name: str  # of the file
    title: str
    description: str
    kinds: tuple[CatalogueExample, ...]

    @property
    def seconds(self) -> float:
        """The time in which its examples were made, as far as it is known."""
        return sum(kind.seconds or 0.0 for kind in self.kinds)


def write_explored(plans: Mapping[str, Plan], takes: Mapping[str, Takes], folder: str) -> str:
    """Write the READMEs and the page below ``folder``, which holds the takes: the path of the page."""
    categories = [_category(name, plan, takes[name], folder) for name, plan in plans.items()]
    for one in categories:
        text = rendered("category.md.jinja2", category=one, version=__version__)
        publish_text(os.path.join(folder, one.name, "README.md"), text)
    text = rendered("catalogue.md.jinja2", categories=categories, version=__version__)
    publish_text(os.path.join(folder, "README.md"), text)
    page = os.path.join(folder, PAGE)
    publish_text(page, page_html(_page(categories)))
    return page


def made_in(seconds: float | None, duration_s: float) -> str:
    """The time in which a take was made, compared with its length.

    >>> made_in(0.25, 8.0), made_in(40.0, 8.0), made_in(None, 8.0), made_in(0.0, 8.0)
    ('0.25 s (32 × real time)', '40.0 s (0.2 × real time)', 'not known', '< 0.01 s')
    """
    if seconds is None:
        return "not known"
    if seconds < 0.01:
        return "< 0.01 s"
    return f"{words.duration(seconds)} ({duration_s / seconds:.2g} × real time)"


def _category(name: str, plan: Plan, takes: Takes, folder: str) -> Category:
    kinds = tuple(_kind(name, step, step.one_of(takes), folder) for step in plan.steps)
    return Category(name, plan.scene.name, plan.scene.description, kinds)


def _kind(category: str, step: Step, take: Take, folder: str) -> CatalogueExample:
    element, traits = step.element, traits_of(take.path)
    time, remarks = made_in(take.seconds, take.duration_s), remarks_on(traits)
    sound = PageSound(
        title=step.name.replace("_", " "),
        text=element.prompt or "",
        path=os.path.relpath(take.path, folder),
        seconds=take.duration_s,
        length=clock(take.duration_s),
        outline=outline_of(Path(take.path)),
        facts=(*facts_of(traits), ("Engine", step.facts.title), ("Made in", time.partition(" (")[0])),
        remarks=remarks,
        command=f"catalogue/{element.name}",
    )
    return CatalogueExample(
        name=step.name,
        prompt=element.prompt or "",
        engine=step.facts.title,
        duration_s=take.duration_s,
        loudness=words.loudness(take.loudness_lufs),
        time=time,
        seconds=take.seconds,
        path=os.path.relpath(take.path, os.path.join(folder, category)),
        remarks=remarks,
        sound=sound,
    )


def _page(categories: list[Category]) -> ListeningPage:
    count = sum(len(one.kinds) for one in categories)
    lead = f"{count} kinds of sound to start from: scenebuild init --from catalogue/rain,catalogue/cafe writes a scene."
    sections = tuple(Section(one.title, one.description, tuple(kind.sound for kind in one.kinds)) for one in categories)
    return ListeningPage("scenebuild · explorer", "What it can sound like", lead, sections, f"scenebuild {__version__}")
