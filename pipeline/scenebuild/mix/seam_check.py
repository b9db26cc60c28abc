"""The scores of the seams of a finished mix, and the limits that stop a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from scenebuild.audio.seam import REACH_S, seam_score
from scenebuild.audio.speed import read_part
from scenebuild.audio.wav import probe
from scenebuild.errors import Problem, SceneError
from scenebuild.scene.model import Scene


def mix_seam(path: Path) -> float:
    """The score of the seam between the end and the beginning of a mix that loops."""
    facts = probe(path)
    reach = min(int(REACH_S * facts.sample_rate), facts.frames)
    before = np.concatenate(list(read_part(path, facts.frames - reach, facts.frames)))
    after = np.concatenate(list(read_part(path, 0, reach)))
    return seam_score(before, after, facts.sample_rate).score_db


def refuse_bad_seams(scene: Scene, seams: Mapping[str, float], mix_seam_db: float | None) -> None:
    """SceneError that names every seam whose score exceeds its limit."""
    problems = [*_bad_elements(scene, seams), *_bad_mix(scene, mix_seam_db)]
    if problems:
        raise SceneError(problems)


def _bad_elements(scene: Scene, seams: Mapping[str, float]) -> Iterator[Problem]:
    for element in scene.elements:
        loop, found = element.playback.loop, seams.get(element.name)
        worst = loop.worst_seam if loop else None
        if worst is not None and found is not None and found > worst:
            message = f"loop: the seam of {element.name} scores {found:.1f} dB, and at most {worst:g} is allowed; try"
            message += " seam: best, a longer crossfade, or another take"
            yield Problem("seam", message, scene.place_of("elements", element.name, "loop", "worst_seam"))


def _bad_mix(scene: Scene, found: float | None) -> Iterator[Problem]:
    worst = scene.mix.loop.worst_seam if scene.mix.loop else None
    if worst is not None and found is not None and found > worst:
        message = f"loop: the seam of the mix scores {found:.1f} dB, and at most {worst:g} is allowed; let the same"
        message += " elements play at its beginning and at its end"
        yield Problem("seam", message, scene.place_of("mix", "loop", "worst_seam"))
