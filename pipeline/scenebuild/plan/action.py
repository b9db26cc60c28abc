"""From an element to the action that decides its take, and the key of an action."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scenebuild.engines import Action, EngineFacts, action_facts
from scenebuild.frames import frames_of
from scenebuild.scene.model import Element, Scene
from scenebuild.scene.played_part import pieces_of, take_frames
from scenebuild.scene.sound_prompt import RECORDINGS

KEY_TAG = "scenebuild.action.v1"  # a new tag whenever the encoding below changes
SEED_TAG = "scenebuild.seed.v1"


def action_of(
    element: Element,
    scene: Scene,
    facts: EngineFacts,
    *,
    contents: Mapping[str, str] | None = None,
    piece: int = 0,
) -> Action:
    """The action of an element on an engine: only the fields that have an effect on that engine are set.

    A field that the author leaves out has the engine's default, so that writing the default changes no key. ``piece``:
    the number of the take, of an element that is made of several (see ``pieces_of``). ``contents`` has the digest of
    each recording that the element names (see ``contents_of``). If a part of a take is made again, the key of the take
    without that is part of the action.
    """
    known = contents or {}
    if element.recording is not None:
        return Action(engine=facts.name, engine_version=facts.version, frames=None, content=known["file"])
    base = _base_action(element, scene, facts, known, piece)
    return _made_again(base, element, facts) if has_base(element, facts) else base


def base_action_of(element: Element, scene: Scene, facts: EngineFacts, *, contents: Mapping[str, str]) -> Action:
    """The action of the take of which a stretch is made again: the element's own, less its ``redo``."""
    return _base_action(element, scene, facts, contents, 0)


def has_base(element: Element, facts: EngineFacts) -> bool:
    """Whether the take of an element is another one of which a stretch is made again."""
    return element.sound_prompts.redo is not None and "redo" in facts.parameters


def _made_again(base: Action, element: Element, facts: EngineFacts) -> Action:
    redo, rate = element.sound_prompts.redo, facts.sample_rate or 0
    assert redo is not None
    assert base.frames is not None
    return replace(
        base,
        seed=None if base.seed is None else _derived([SEED_TAG, "redo", base.seed, redo.take]),
        redo=action_key(base),
        redo_from=frames_of(redo.from_s, rate),
        redo_to=base.frames if redo.to_s is None else min(frames_of(redo.to_s, rate), base.frames),
    )


def _base_action(element: Element, scene: Scene, facts: EngineFacts, contents: Mapping[str, str], piece: int) -> Action:
    given: dict[str, str | int | float | None] = {
        "seed": seed_of(element, scene, piece),
        "temperature": element.sampling.temperature,
        "top_k": element.sampling.top_k,
        "top_p": element.sampling.top_p,
        "cfg": element.sampling.cfg,
    }
    given |= {name: contents.get(name) for name in RECORDINGS}
    acting = {**dict(facts.defaults), **{name: value for name, value in given.items() if value is not None}}
    _, piece_s = pieces_of(element.duration_s or 0.0, element.playback, facts.longest_take_s)
    return Action(
        engine=facts.name,
        engine_version=facts.version,
        frames=take_frames(piece_s, facts.sample_rate or 0),
        prompt=element.prompt,
        model=facts.default_model,
        revision=next((one.revision for one in facts.models if one.id == facts.default_model), None),
        precision=facts.precision,
        **{name: value for name, value in acting.items() if name in facts.parameters},  # type: ignore[arg-type]
    )


def seed_of(element: Element, scene: Scene, piece: int = 0) -> int:
    """The seed of an element's take, 0 ... 2^32 - 1: from scene seed, name and take alone, unless the author gave one.

    So an element that is added, removed or moved never changes the others. A take after the first changes a given seed
    too.
    """
    if element.seed is not None and element.take == 1 and not piece:
        return element.seed
    parts = (
        [SEED_TAG, scene.seed, element.name, element.take]
        if element.seed is None
        else [SEED_TAG, "given", element.seed, element.take]
    )
    return _derived([*parts, *(["piece", piece] if piece else [])])


def _derived(parts: Sequence[object]) -> int:
    return int.from_bytes(hashlib.sha256(canonical(parts)).digest()[:4], "big")


def action_key(action: Action) -> str:
    """The SHA-256 of a tagged, canonical encoding: equal for equal actions, in any process and any version.

    >>> a = Action(engine="sketch", engine_version="1", frames=3, prompt="rain", seed=1, temperature=1.0)
    >>> action_key(a) == action_key(Action("sketch", "1", 3, prompt="rain", seed=1, temperature=1))
    True
    """
    return hashlib.sha256(canonical([KEY_TAG, action_facts(action)])).hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted names, no spaces, UTF-8 and the shortest digits that give a float back (as ``repr`` does)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
