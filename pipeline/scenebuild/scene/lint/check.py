"""The lint of a scene: the findings of all rules, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from scenebuild.engines import AUTO, is_prompt_engine
from scenebuild.engines import engine as engine_named
from scenebuild.errors import Place, Problem
from scenebuild.scene.check.findings import capped
from scenebuild.scene.lint.comments import Comments, read_comments
from scenebuild.scene.lint.feeling import feeling_in
from scenebuild.scene.lint.language import other_language_in
from scenebuild.scene.lint.music import music_in, sound_in
from scenebuild.scene.lint.rulebook import LINT_RULES
from scenebuild.scene.lint.sources import MOST_SOURCES, sources_in
from scenebuild.scene.lint.specific import specific_in
from scenebuild.scene.lint.speech import speech_in
from scenebuild.scene.lint.vague import collection_in, nothing_in
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.quoting import nearest, number, printable, quoted
from scenebuild.scene.yaml.source import read_source

LOOKED_AT = 300  # characters at the beginning of a prompt
Engines = Mapping[str, str]  # model -> engine
Found = Callable[[str], str]  # the words of a prompt that break a rule; "" for none

_FOR_SOUNDS: tuple[tuple[str, Found], ...] = (
    ("prompt-music", music_in),
    ("prompt-speech", speech_in),
    ("prompt-emotion", feeling_in),
    ("prompt-specific", specific_in),
    ("prompt-collection", collection_in),
)
# Without the rules on emotions and on years and brands: moods, decades and makers' names describe music.
_FOR_MUSIC: tuple[tuple[str, Found], ...] = (
    ("prompt-not-music", sound_in),
    ("prompt-speech", speech_in),
    ("prompt-collection", collection_in),
)


def lint_scene(scene: Scene, engines: Engines) -> list[Problem]:
    """The warnings about the prompts of a scene, at most 50 and one with the number of the others.

    ``engines`` has the engine of each model that the scene names. The files of the scene are read again for comments.
    """
    comments = {printable(path): read_comments(path, read_source(path)) for path in scene.sources}
    return lint_with(scene, comments, engines)


def lint_with(scene: Scene, comments: Mapping[str, Comments], engines: Engines) -> list[Problem]:
    """The warnings about a scene, without those that comments in its files silence."""
    found = [
        problem
        for element in scene.elements
        for problem in _element(element, scene, engines)
        if not _silenced(problem, scene.place_of("elements", element.name, "prompt"), comments)
    ]
    named = [pair for one in comments.values() for pair in one.named]
    found += [_unknown(name, place) for name, place in named if name not in ("all", *LINT_RULES)]
    return [replace(problem, severity="warning") for problem in capped(found)]


def _silenced(problem: Problem, prompt: Place, comments: Mapping[str, Comments]) -> bool:
    return any(
        comments[place.file].silence(problem.rule, place) for place in (problem.place, prompt) if place.file in comments
    )


def engine_of(element: Element, scene: Scene, engines: Engines) -> str:
    """The engine that the scene names for the element, otherwise the first choice of ``auto``."""
    asked = element.engine or scene.engine or "auto"
    return engines.get(element.model or "", AUTO[0]) if asked == "auto" else asked


def broken_rules(prompt: str, engine: str) -> Iterator[tuple[str, str]]:
    """(id, message) of each rule that a prompt breaks on an engine."""
    prompt = prompt[:LOOKED_AT]
    if found := nothing_in(prompt):
        yield "prompt-empty", _sentence("prompt-empty", quoted(found))
        return
    if found := other_language_in(prompt):
        yield "prompt-language", _sentence("prompt-language", quoted(found))
        return  # the other rules are lists of English words
    trained_on = engine_named(engine).facts.trained_on
    for rule, finds in _FOR_MUSIC if trained_on == "music" else _FOR_SOUNDS:
        if found := finds(prompt):
            yield rule, _sentence(rule, quoted(found))
    sources = sources_in(prompt) if trained_on == "sounds" else []
    if len(sources) > MOST_SOURCES:
        yield "prompt-many-sources", _sentence("prompt-many-sources", _listed(sources))


def _element(element: Element, scene: Scene, engines: Engines) -> Iterator[Problem]:
    yield from _sounds(element, scene)
    engine = engine_of(element, scene, engines)
    if element.prompt is None or not is_prompt_engine(engine):
        return
    facts = engine_named(engine).facts
    if facts.trained_on is None:
        return  # the sketch engine reports words that it does not understand
    place = scene.place_of("elements", element.name, "prompt")
    for rule, sentence in broken_rules(element.prompt, engine):
        yield Problem(rule, f"prompt: {sentence}", place)
    trained_s = facts.longest_take_s
    if trained_s is not None and (element.duration_s or 0.0) > trained_s:
        length = f"duration: {number(element.duration_s or 0.0)} s is longer"
        shown = f"{length} than the {trained_s:g} s that {facts.title} was trained on;"
        yield Problem("long-take", _sentence("long-take", shown), _place_of_duration(element, scene))


def _sounds(element: Element, scene: Scene) -> Iterator[Problem]:
    sounds, whole_s = element.sound_prompts, element.duration_s or 0.0
    if sounds.redo is not None:
        again_s = (whole_s if sounds.redo.to_s is None else sounds.redo.to_s) - sounds.redo.from_s
        if again_s > whole_s / 2:
            shown = f"redo: {number(round(again_s, 3))} of {number(whole_s)} s"
            yield Problem("redo-most", _sentence("redo-most", shown), scene.place_of("elements", element.name, "redo"))
    if sounds.melody is not None and element.model is None and (element.engine or scene.engine or "auto") == "auto":
        place = scene.place_of("elements", element.name, "melody")
        yield Problem("melody-engine", _sentence("melody-engine", "melody: the melody"), place)


def _place_of_duration(element: Element, scene: Scene) -> Place:
    own = ("elements", element.name, "duration")
    return scene.places.get(own) or scene.place_of("defaults", "duration")


def _listed(sources: list[str]) -> str:
    shown = ", ".join(sources[:5])
    return f"{len(sources)} sounds ({quoted(shown)}{' …' if len(sources) > 5 else ''})"


def _sentence(rule: str, found: str) -> str:
    return f"{found} {LINT_RULES[rule].reason}; {LINT_RULES[rule].better}"


def _unknown(name: str, place: Place) -> Problem:
    rule = LINT_RULES["unknown-ignore"]
    meant = nearest(name.replace("_", "-"), list(LINT_RULES)) or f"; {rule.better}"
    return Problem(
        "unknown-ignore", f"ignore: {quoted(name)} {rule.reason}{'.' if meant[0] == ' ' else ''}{meant}", place
    )
