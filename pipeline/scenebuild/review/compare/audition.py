"""A scene of one side as sound, aside from all outputs: its takes from the store, its mix in a scratch folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scenebuild.engines import Request
from scenebuild.errors import ScenebuildError
from scenebuild.generate.gather import fetch
from scenebuild.generate.make import Failure, TakeMaker, TakeOrder, make_takes
from scenebuild.generate.take import Take
from scenebuild.mix.mixer import mix_scene
from scenebuild.mix.model import Mix, PlayedTake
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.plan.steps import Plan, Step
from scenebuild.report.pages.embedded_audio import MOST_KEPT_S
from scenebuild.report.pages.mixer_page import MixerSide
from scenebuild.review.checkout.projects import ReadScene
from scenebuild.review.compare.shown import Shown

CHEAP = ("sketch", "file")  # engines that make a take again in a moment, and exactly as it was
STEM_SECONDS = 600.0  # of all stems of a mix together that are written to be measured


@dataclass(frozen=True, slots=True)
class SideFiles:
    """One side of a scene as files."""

    plan: Plan
    mix: Mix
    takes: Mapping[str, Take]
    stems: Mapping[str, Path] = field(default_factory=dict)  # none of a long mix
    notes: tuple[str, ...] = ()
    desk: MixerSide | None = None  # as the page shows it, if there is to be one

    @property
    def shown(self) -> Shown:
        """What is kept of it."""
        return Shown(Path(self.mix.path), self.desk)


Show = Callable[[ReadScene, Plan, Mix, Mapping[str, Take], Sequence[CapturedStem]], MixerSide]


class SoundMissingError(ScenebuildError):
    """A side can not be heard here; the message says why, one sentence a line."""


def hear(read: ReadScene, plan: Plan, folder: Path, shop: TakeMaker, show: Show | None = None) -> SideFiles:
    """Mix one side. NotAtHandError where a take is missing that only a model could make, and what the mixer raises.

    ``show`` makes the side of a page of it, while its stems are in memory.
    """
    lines = [f"{read.side.shown(path)} is kept by Git LFS and is not here" for path in read.absent.pointers]
    lines += [f"{read.side.shown(path)} is not here" for path in read.absent.missing]
    if lines:
        raise SoundMissingError("\n".join(lines))
    takes = fetch(plan, str(folder), shop)
    missing = [step for step in plan.steps if step.name not in takes]
    dear = [step for step in missing if step.facts.name not in CHEAP or step.replaces_real]
    if dear:
        raise SoundMissingError("\n".join(f"{step.name}: {_absent(step)}" for step in dear))
    takes |= _made(missing, shop)
    stems_folder = folder / "stems" if _seconds(plan, takes) <= STEM_SECONDS else None
    kept: list[CapturedStem] = []
    mix = mix_scene(
        plan.scene,
        {name: _source(take) for name, take in takes.items()},
        folder / "mix.wav",
        stems_folder=stems_folder,
        keep=kept.append if show else None,
        most_kept_frames=round(MOST_KEPT_S * plan.scene.mix.sample_rate),
    )
    stems = {stem.name: stems_folder / f"{stem.name}.wav" for stem in mix.stems} if stems_folder else {}
    notes = [
        f"{step.name}: the take made here is not the one that the lock pins"
        for step in plan.steps
        if step.digest and takes[step.name].digest != step.digest
    ]
    desk = show(read, plan, mix, takes, kept) if show else None
    return SideFiles(plan, mix, takes, stems, tuple(notes), desk)


def _absent(step: Step) -> str:
    if step.digest is not None:
        return f"its take ({step.facts.title}) is not in the store"
    if step.replaces_real:
        return "its take was not made yet: the lock knows the one before the edit"
    return f"its take ({step.facts.title}) was not made yet"


def _made(missing: list[Step], shop: TakeMaker) -> dict[str, Take]:
    orders = {
        step.key: TakeOrder(step.key, step.facts, Request(step.action, step.element.recording)) for step in missing
    }
    made: dict[str, Take] = {}
    for outcome in make_takes(list(orders.values()), shop):
        if isinstance(outcome, Failure):
            raise SoundMissingError(outcome.message)
        made[outcome.key] = outcome
    return {step.name: made[step.key] for step in missing}


def _seconds(plan: Plan, takes: Mapping[str, Take]) -> float:
    """How long all stems are together, at most: each is as long as the mix."""
    scene = plan.scene
    longest = max((element.start_s for element in scene.elements), default=0.0)
    length_s = scene.mix.duration_s or longest + sum(take.duration_s for take in takes.values())
    return length_s * len(scene.elements)


def _source(take: Take) -> PlayedTake:
    return PlayedTake(take.path, take.sample_rate, take.channels, take.frames, take.loudness_lufs, take.peak_dbfs)
