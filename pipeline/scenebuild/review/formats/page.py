"""A review as a page: each scene before and after in the mixer, to listen to both, with the changes in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scenebuild import __version__
from scenebuild.report.pages.build_page import side_of
from scenebuild.report.pages.embedded_audio import BUDGET_BYTES, mix_sound
from scenebuild.report.pages.mixer_page import MixerPage, MixerScene, MixerSide, PageNote, Pairs, mixer_html
from scenebuild.report.summarize import report_of
from scenebuild.report.write import mix_pictures
from scenebuild.review.compare.build_folder import Build
from scenebuild.review.compare.changes import ChangedScene, SceneSound
from scenebuild.review.formats.build_side import side_of_build
from scenebuild.review.formats.pictures import difference_png
from scenebuild.review.formats.rows import STATUS_WORDS, SceneRow, scene_row, total
from scenebuild.review.model import Review, SceneReview

PAGE_BYTES = 32 << 20  # of all sounds of a page; as base64 they take a third more
MP3_BYTES_A_SECOND = 16_000
ONLY_MIX = "The stems do not fit into this page, so only the mix plays here."
NO_STEMS = "Only the mix plays here: the builds have no stems (`--stems` writes them), or they are too long for a page."
NO_SOUND = "The sound does not fit into this page; `scenebuild diff -- PATH` makes one of this scene alone."


class ReviewPage:
    """Collects the scenes of a page while their sound exists. The last scenes get the space that is left."""

    def __init__(self) -> None:
        self._scenes: list[MixerScene] = []
        self._left = PAGE_BYTES

    def add(self, changed: ChangedScene) -> None:
        """Put a scene on the page; ``html`` adds scenes without sound in words."""
        sides = tuple(self._side(one) for one in (changed.before, changed.after) if one is not None)
        if not sides:
            return
        difference = None
        if changed.before and changed.after and sides[0].sample_rate == sides[1].sample_rate:
            difference = difference_png(changed.before.mix_path, changed.after.mix_path)
        self._scenes.append(_mixer_scene(changed.review, sides, difference, len(self._scenes)))

    def _side(self, sound: SceneSound) -> MixerSide:
        """One side: with its stems if they fit, else with its mix, else with pictures alone."""
        budget_bytes = min(BUDGET_BYTES // 2, self._left // 4)
        if isinstance(sound, Build):
            return self._fitted(side_of_build(sound, budget_bytes), sound.mix_path, NO_STEMS)
        statuses = {step.name: "" for step in sound.plan.steps}
        report = report_of(sound.plan, sound.takes, statuses, sound.mix, (), (), str(sound.mix_path.parent))
        pictures = mix_pictures(report, sound.mix)
        return self._fitted(
            side_of(report, pictures, sound.captured, sound.label, budget_bytes), sound.mix_path, ONLY_MIX
        )

    def _fitted(self, side: MixerSide, mix: Path, only_mix: str) -> MixerSide:
        """The side with its mix in the page if its stems do not fit: there are no files beside this page."""
        found = replace(side, file="", why="")
        if not found.sounds:
            fits = found.seconds * MP3_BYTES_A_SECOND < self._left // 4
            sounds = (mix_sound(mix),) if fits else ()
            found = replace(found, sounds=sounds, why=only_mix if fits else NO_SOUND)
        self._left -= sum(len(sound.data) for sound in found.sounds)
        return found

    def html(self, review: Review, links: Mapping[str, Pairs] | None = None) -> str:
        """The page of all scenes, as HTML. ``links``: files beside it, by the path of their scene."""
        scenes = [replace(one, links=(links or {}).get(one.title, ())) for one in self._scenes]
        silent = [one for one in review.scenes if one.path not in {each.title for each in scenes}]
        notes = [PageNote(_title(row), tuple(_lines(row)), "warning") for row in map(scene_row, silent)]
        if not review:
            notes = [PageNote("Nothing changed", (f"{review.looked_at} scenes were compared.",))]
        return mixer_html(
            MixerPage(
                mark="scenebuild · before and after",
                title=total(review) if review else "No scene differs",
                lead=f"{review.before} → {review.after}",
                scenes=tuple(scenes),
                notes=tuple(notes),
                foot=f"Made by scenebuild {__version__}. This page asks nothing of any network.",
            )
        )


def _mixer_scene(
    scene: SceneReview, sides: tuple[MixerSide, ...], difference: tuple[bytes, int] | None, number: int
) -> MixerScene:
    row = scene_row(scene)
    reach = f", the strongest colours {difference[1]} dB" if difference else ""
    return MixerScene(
        key=f"{number}-{re.sub(r'[^A-Za-z0-9_-]+', '-', scene.path)[:80]}",
        title=scene.path,
        text="",
        sides=sides,
        badge=STATUS_WORDS[scene.status],
        badges={one.name: (STATUS_WORDS[one.status],) for one in scene.elements},
        notes=_notes(row),
        difference=difference[0] if difference else None,
        difference_text=f"Difference of the spectrograms: blue is quieter, orange is louder{reach}",
        details=_details(row),
        is_open=number == 0,
    )


def _notes(row: SceneRow) -> tuple[PageNote, ...]:
    notes = []
    if row.edits:
        notes.append(PageNote("Edited", tuple(_edit_lines(row)), "warning"))
    if row.why:
        notes.append(PageNote("Numbers from the lockfiles", row.why, "warning"))
    if row.notes:
        notes.append(PageNote("Notes", row.notes, "warning"))
    return tuple(notes)


def _edit_lines(row: SceneRow) -> list[str]:
    return [
        f"{edit.field}: {'' if edit.kind == 'changed' else f'{edit.kind} '}"
        f"{' → '.join(filter(None, (edit.before, edit.after)))} ({edit.place})"
        for edit in row.edits
    ]


def _details(row: SceneRow) -> tuple[tuple[str, Pairs], ...]:
    elements = tuple(
        (one.name, "; ".join(filter(None, (one.status, one.reason, one.loudness, one.peak, one.balance))))
        for one in row.elements
    )
    mix = (
        ("Loudness", row.loudness),
        ("True peak", row.peak),
        ("Length", row.length),
        ("Sounds", row.balance),
        ("Master gain", row.gain),
        ("Null test", row.null),
    )
    sections = (("What changed", elements), ("The mix", tuple((label, value) for label, value in mix if value)))
    return tuple((title, pairs) for title, pairs in sections if pairs)


def _title(row: SceneRow) -> str:
    return f"{row.path}: {', '.join(filter(None, (row.status, row.summary)))}"


def _lines(row: SceneRow) -> list[str]:
    """A scene without sound, in words alone."""
    mix = ", ".join(filter(None, (row.loudness, row.peak, row.length)))
    elements = [": ".join(filter(None, (one.name, one.status, one.reason))) for one in row.elements]
    return [*row.problems, *_edit_lines(row), *elements, *([f"mix: {mix}"] if mix else []), *row.why, *row.notes]
