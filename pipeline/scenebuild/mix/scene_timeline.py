"""The timeline of a scene, and the limits that depend on the lengths of its recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scenebuild.errors import Problem, ScenebuildError, SceneError
from scenebuild.frames import LONGEST_S, seconds_of
from scenebuild.mix.clip import Clip
from scenebuild.mix.timeline import Span, Timeline, lay_out
from scenebuild.scene.model import Element, Scene


def timeline_of(scene: Scene, clips: Mapping[str, Clip]) -> Timeline:
    """Every element in its place. ScenebuildError if the mix has no length, SceneError if it is too long."""
    seed = scene.seed if scene.mix.seed is None else scene.mix.seed
    spans = [_span(element, clips[element.name], seed) for element in scene.elements]
    settings = scene.mix
    timeline = lay_out(spans, settings.sample_rate, settings.duration_s, loops=settings.loop is not None)
    if not timeline.frames:
        raise ScenebuildError(f"{scene.path}: there is nothing to mix: no element and no duration")
    _refuse_long(scene, spans, timeline)
    return timeline


def _span(element: Element, clip: Clip, seed: int) -> Span:
    playback = element.playback
    loops = playback.loop is not None
    return Span(element.start_s, clip.length_s, loops, playback.more_starts_s, playback.repeat, element.name, seed)


def _refuse_long(scene: Scene, spans: Sequence[Span], timeline: Timeline) -> None:
    """SceneError for a mix that is too long: the lengths of recordings are not known when the scene is read."""
    for element, span in zip(scene.elements, spans, strict=True):
        if span.length_s > LONGEST_S:
            message = (
                f"{element.name}: would sound for {span.length_s:.0f} s, and a mix lasts at most {LONGEST_S:.0f} s; "
                "trim it, or play it faster"
            )
            raise SceneError([Problem("mix-length", message, element.place)])
    length_s = seconds_of(timeline.frames, timeline.sample_rate)
    if length_s > LONGEST_S:
        last = scene.elements[max(range(len(spans)), key=lambda index: timeline.placements[index].stop)]
        message = (
            f"{last.name}: would end at {length_s:.0f} s, and a mix lasts at most {LONGEST_S:.0f} s; "
            "start it earlier, trim it, or write mix: {duration: 36000}"
        )
        raise SceneError([Problem("mix-length", message, last.place)])
