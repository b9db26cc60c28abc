"""The recordings that takes are made from: which bytes they are, and what is wrong with them as far as headers say."""

from __future__ import annotations

import os
from collections.abc import Iterator

from scenebuild.errors import Place, Problem, SceneError
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.quoting import number
from scenebuild.scene.recording import content_fault, header_of, sentence
from scenebuild.settings import PlanOptions
from scenebuild.store.digest import digest_file


def contents_of(element: Element, scene: Scene, options: PlanOptions) -> dict[str, str]:
    """The SHA-256 of each recording that an element's take is made from, by the field that names it. SceneError for
    one that cannot be read."""
    return {field: _content(element, field, path, scene, options) for field, path in element.recordings.items()}


def _content(element: Element, field: str, path: str, scene: Scene, options: PlanOptions) -> str:
    if known := options.contents.get(path):
        return known
    try:
        return digest_file(path)
    except OSError as error:
        place = scene.place_of("elements", element.name, field)
        message = f"{field}: {os.path.basename(path)} cannot be read: {error.strerror}"
        raise SceneError([Problem("recording-unreadable", message, place)]) from error


def refused(element: Element, scene: Scene) -> list[Problem]:
    """Why a take cannot be made from the recordings of its element."""
    return [
        problem
        for field, path in element.recordings.items()
        for problem in _refused(element, field, path, scene.place_of("elements", element.name, field))
    ]


def _refused(element: Element, field: str, path: str, place: Place) -> Iterator[Problem]:
    name, (fault, _) = os.path.basename(path), content_fault(path)
    if fault:
        yield Problem("recording", sentence(name, fault, field), place)
        return
    header, made_s = header_of(path), element.duration_s or 0.0
    length_s = header.stated_s if header and field == "continues" else None
    if length_s is not None and length_s >= made_s:
        what = f"lasts {number(round(length_s, 3))} s, and {element.name} {number(made_s)} s"
        advice = "write a longer duration, or a shorter recording to go on from"
        yield Problem("sound-prompt", sentence(name, f"{what}: nothing is left to make; {advice}", field), place)


def narrow_band(element: Element, scene: Scene, sample_rate: int | None) -> Problem | None:
    """A warning where the recording that a take goes on from has a lower sample rate, in Hz, than the take."""
    path = element.sound_prompts.continues
    header = header_of(path) if path else None
    if not path or header is None or not (header.sample_rate or 0) < (sample_rate or 0):
        return None
    what = (
        f"has {header.sample_rate} Hz, and the take {sample_rate} Hz: it sounds duller up to the end of the recording"
    )
    message = sentence(os.path.basename(path), f"{what}; record it at {sample_rate} Hz or more", "continues")
    return Problem("recording", message, scene.place_of("elements", element.name, "continues"), "warning")


def about_recordings(scene: Scene) -> tuple[list[Problem], list[Problem]]:
    """What the headers of a scene's recordings and impulse responses say: (the errors, the warnings)."""
    wrong = [problem for element in scene.elements for problem in refused(element, scene)]
    odd = []
    for path, place in scene.effect_files():
        fault, _ = content_fault(path)
        wrong += [Problem("recording", sentence(os.path.basename(path), fault), place)] if fault else []
    named = [(field, path, place) for _, field, path, place in scene.recordings()]
    for field, path, place in (*named, *(("file", *one) for one in scene.effect_files())):
        fault, oddity = content_fault(path)
        odd += [Problem("recording", f"{field}: {oddity}", place, "warning")] if oddity and not fault else []
    return wrong, odd
