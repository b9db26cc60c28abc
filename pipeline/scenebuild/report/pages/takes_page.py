"""The page that compares takes of one element, with measurements."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scenebuild import __version__
from scenebuild import number_text as words
from scenebuild.audio.traits import Traits, edge_step, share_above, silences
from scenebuild.expect.check import traits_of
from scenebuild.files import publish_text
from scenebuild.generate.take import Take
from scenebuild.plan.steps import Step
from scenebuild.report.pages.listening_page import ListeningPage, PageSound, Section, clock, outline_of, page_html
from scenebuild.scene.model import Element, Scene

LONGEST_SILENCE_S = 1.0
HIGHS_HZ, LEAST_HIGHS = 4000, 1e-4  # -40 dB
MOST_DC = 0.005
CLICK = 4.0  # times the usual step
LEAST_CLICK = 0.01


@dataclass(frozen=True, slots=True)
class MeasuredTake:
    """One take with its measurements in words."""

    take: int
    part: int  # of an element that is made of several takes; 0 for the first
    path: str
    chosen: bool
    seconds: float
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]


def candidate_of(step: Step, take: Take, chosen: bool) -> MeasuredTake:
    """Measure one take. AudioFileError if it cannot be read."""
    traits = traits_of(take.path)
    facts = facts_of(traits)
    if step.action.seed is not None:
        facts = (*facts, ("Seed", str(step.action.seed)))
    number = step.element.take_number
    return MeasuredTake(number, step.piece, take.path, chosen, traits.duration_s, facts, remarks_on(traits))


def facts_of(traits: Traits) -> tuple[tuple[str, str], ...]:
    """The measurements that a page shows: label and value."""
    return (
        ("Loudness", words.loudness(traits.loudness_lufs)),
        ("Peak", words.peak(traits.peak_dbfs)),
        ("Above 4 kHz", words.share(share_above(traits, HIGHS_HZ))),
    )


def remarks_on(traits: Traits) -> tuple[str, ...]:
    """Warnings: silence, clipping, no highs, a DC offset, a click at an end."""
    start, length = max(silences(traits), key=lambda one: one[1], default=(0.0, 0.0))
    if length >= traits.duration_s:
        return ("silent",)
    found = {
        f"silent for {length:.1f} s from {start:.1f} s": length > LONGEST_SILENCE_S,
        f"clipped {len(traits.clipped_s)} times": bool(traits.clipped_s),
        "nothing above 4 kHz": share_above(traits, HIGHS_HZ) < LEAST_HIGHS,
        f"an offset of {traits.dc:.3f} (DC)": traits.dc > MOST_DC,
        "a click at an end": edge_step(traits) > max(CLICK * traits.usual_step, LEAST_CLICK),
    }
    return tuple(remark for remark, true in found.items() if true)


def candidates_page(scene: Scene, element: Element, candidates: Sequence[MeasuredTake], folder: str) -> str:
    """Write the page into the folder of the takes; its path."""
    sounds = tuple(_sound(scene, element, one, folder) for one in candidates)
    page = ListeningPage(
        mark="scenebuild · takes",
        title=f"Takes of {element.name}",
        lead=f"“{element.prompt}”, in {scene.path}. The command under a take writes it into the scene file.",
        sections=(Section(f"{len(sounds)} to choose from", "", sounds),),
        foot=f"scenebuild {__version__}",
    )
    path = os.path.join(folder, "index.html")
    publish_text(path, page_html(page))
    return path


def _sound(scene: Scene, element: Element, one: MeasuredTake, folder: str) -> PageSound:
    return PageSound(
        title=f"Take {one.take}" + (f", part {one.part + 1}" if one.part else ""),
        text="",
        path=os.path.relpath(one.path, folder),
        seconds=one.seconds,
        length=clock(one.seconds),
        outline=outline_of(Path(one.path)),
        facts=one.facts,
        remarks=one.remarks,
        badge="in the scene" if one.chosen else "",
        command=shlex.join(["scenebuild", "pick", element.name, str(one.take), scene.path]),
    )
