"""In which words one request for a take differs from another: what a plan and a review say of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from scenebuild.engines import Action, action_facts
from scenebuild.plan.lockfile import LockEntry
from scenebuild.scene.model import Element
from scenebuild.scene.quoting import printable
from scenebuild.scene.sound_prompt import RECORDINGS

_WORDS = {"frames": "duration", "content": "recording", "engine_version": "engine version"}

Facts = Mapping[str, object]  # the facts of an action that are set


def drift_of(action: Action, key: str, entry: LockEntry | None, element: Element) -> str:
    """Why a take is not what the lock says: ``prompt and seed changed``; "" where it is."""
    if entry is None:
        return "new element"
    if entry.key == key:
        return ""
    return what_changed(entry, action, element) or "key changed"


def what_changed(before: Action, after: Action, element: Element) -> str:
    """In which fields two actions differ, in words: ``prompt and seed changed``; "" where they are equal. ``element``
    is the one after the change, as its author wrote it."""
    then, now = action_facts(before), action_facts(after)
    if then["engine"] != now["engine"]:
        return f"engine changed from {then['engine']} to {now['engine']}"
    changed = list(_changed(then, now, element))
    return f"{' and '.join(changed)} changed" if changed else ""


def _changed(then: Facts, now: Facts, element: Element) -> Iterator[str]:
    redo = _redo_changed(then, now)
    of_redo = {"redo", "redo_from", "redo_to", *(["seed"] if redo else [])}
    for name in {**then, **now}:
        if name in of_redo or then.get(name) == now.get(name):
            continue
        is_another = name in RECORDINGS and name in then and name in now
        yield f"the recording {_shown(element, name)}" if is_another else _WORDS.get(name, name)
    if redo:
        yield "redo"


def _redo_changed(then: Facts, now: Facts) -> bool:
    """Whether the stretch is another one, or another take of it. Its base alone is another where the rest of the
    request is; then the seed is as it was, or follows from that of the base."""
    if ("redo" in then) != ("redo" in now) or any(then.get(one) != now.get(one) for one in ("redo_from", "redo_to")):
        return True
    return then.get("redo") == now.get("redo") is not None and then.get("seed") != now.get("seed")


def _shown(element: Element, field: str) -> str:
    """The path of a recording as a reader of the scene knows it."""
    path = element.sound_prompts.recordings.get(field)
    return printable(os.path.relpath(path, os.path.dirname(os.path.realpath(element.place.file)))) if path else field
