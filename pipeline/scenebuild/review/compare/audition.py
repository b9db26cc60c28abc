"""The sound of one side of a scene: its takes from the store, its mix in a scratch folder. No output is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from scenebuild.errors import ScenebuildError
from scenebuild.frames import frames_of
from scenebuild.generate.gather import Takes, by_element, fetch, make_missing
from scenebuild.generate.make import Failure, TakeMaker
from scenebuild.generate.take import Take
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.pages.embedded_audio import MOST_CAPTURED_S
from scenebuild.review.checkout.projects import ReadScene

STEM_SECONDS = 600.0  # if all stems of a mix together are longer, they are not written and not measured


@dataclass(frozen=True, slots=True)
class RenderedSide:
    """One side of a scene as files in a scratch folder."""

    label: str  # of the side
    plan: Plan
    mix: Mix
    takes: Takes
    stems: Mapping[str, Path] = field(default_factory=dict)  # empty for a long mix
    captured: tuple[CapturedStem, ...] = ()  # for a page, if they fit
    notes: tuple[str, ...] = ()

    @property
    def mix_path(self) -> Path:
        """The file of the mix."""
        return Path(self.mix.path)


class SoundMissingError(ScenebuildError):
    """A side cannot be rendered here; each line is a reason."""


def render_side(read: ReadScene, plan: Plan, folder: Path, maker: TakeMaker, *, capture_stems: bool) -> RenderedSide:
    """Mix one side. SoundMissingError if a take is missing that only a model can make; and the errors of the mixer.

    With ``capture_stems`` its stems are captured as well, as far as a page has room for them.
    """
    lines = [f"{read.side.displayed(path)} is kept by Git LFS and is not here" for path in read.absent.pointers]
    lines += [f"{read.side.displayed(path)} is not here" for path in read.absent.missing]
    if lines:
        raise SoundMissingError(*lines)
    found = fetch(plan, str(folder), maker)
    missing = [step for step in plan.steps if step.name not in found]
    dear = [step for step in missing if step.facts.fidelity == "real" or step.replaces_real]
    if dear:
        raise SoundMissingError(*(f"{step.name}: {_absent(step)}" for step in dear))
    takes = by_element(plan, {**found, **_made(missing, maker)})
    stems_folder = folder / "stems" if _seconds(plan, takes) <= STEM_SECONDS else None
    captured: list[CapturedStem] = []

    def keep(stem: CapturedStem) -> None:
        captured.append(on_disk(stem, folder / f"captured-{stem.name}.npy"))

    mix = mix_scene(
        plan.scene,
        takes,
        folder / "mix.wav",
        stems_folder=stems_folder,
        capture=keep if capture_stems else None,
        most_captured_frames=frames_of(MOST_CAPTURED_S, plan.scene.mix.sample_rate),
    )
    stems = {stem.name: stems_folder / f"{stem.name}.wav" for stem in mix.stems} if stems_folder else {}
    notes = [
        f"{step.name}: the take made here is not the one that the lock pins"
        for step in plan.steps
        if step.digest and step.one_of(takes).digest != step.digest
    ]
    return RenderedSide(read.side.label, plan, mix, takes, stems, tuple(captured), tuple(notes))


def on_disk(stem: CapturedStem, path: Path) -> CapturedStem:
    """The stem with its samples in a file: a page reads one stem after the other, and both sides wait for it."""
    if not stem.samples.size:
        return stem
    np.save(path, stem.samples)
    return replace(stem, samples=np.load(path, mmap_mode="r"))


def _absent(step: Step) -> str:
    if step.digest is not None:
        return f"its take ({step.facts.title}) is not in the store"
    if step.replaces_real:
        return "its take was not made yet: the lock knows the one before the edit"
    return f"its take ({step.facts.title}) was not made yet"


def _made(missing: list[Step], maker: TakeMaker) -> dict[str, Take]:
    made: dict[str, Take] = {}
    for outcome in make_missing(list({step.key: step for step in missing}.values()), maker):
        if isinstance(outcome, Failure):
            raise SoundMissingError(outcome.message)
        made[outcome.key] = outcome
    return {step.name: made[step.key] for step in missing}


def _seconds(plan: Plan, takes: Takes) -> float:
    """An upper limit for the length of all stems together, in seconds: each is as long as the mix."""
    scene = plan.scene
    longest = max((element.start_s for element in scene.elements), default=0.0)
    length_s = scene.mix.duration_s or longest + sum(take.duration_s for several in takes.values() for take in several)
    return length_s * len(scene.elements)
