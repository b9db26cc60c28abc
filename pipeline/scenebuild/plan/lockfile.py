"""The lockfile beside a scene: which bytes each element is, committed to git and read in pull requests.

JSON, sorted, one fact a line. An entry stays as it is, to the byte, as long as its element's take does.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenebuild.errors import LockError
from scenebuild.scene.reference import stem_of

LOCK_VERSION = 1
LARGEST_LOCK = 64 << 20
LONGEST_NUMBER = 20  # digits; no seed and no count of frames has more, and a float holds all of them
# A mix measured on another machine may differ in the last printed digit; that is no news for a reader.
SAME_LEVEL_DB = 0.02

# As in a scene, for it becomes the name of a file; a further take of an element has its number behind it.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(\.[1-9][0-9]{0,3})?\Z")
_HEX = re.compile(r"[0-9a-f]{64}\Z")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lockfile says: the entries by element name, and the facts of the mix."""

    elements: Mapping[str, Entry] = field(default_factory=dict)
    mix: Mapping[str, Any] = field(default_factory=dict)


def lock_path(scene_path: str) -> str:
    """``scenes/rain.yaml`` -> ``scenes/rain.lock.json``; of a variant ``scenes/rain@night.lock.json``."""
    return os.path.join(os.path.dirname(scene_path), f"{stem_of(scene_path)}.lock.json")


def read_lock(path: str) -> Lock | None:
    """The lockfile at ``path``, None where there is none. LockError where it can not be understood."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LARGEST_LOCK)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"{path}:1:1: the lockfile can not be read: {error}") from error
    return parse_lock(text, path)


def parse_lock(text: str, path: str) -> Lock:
    """The lock in a text; ``path`` is only for the message of the LockError."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            raise LockError(
                f"{path}:{number}:1: the lockfile holds a merge conflict; take either side with "
                f"'git checkout --ours {path}' (or --theirs) and build again"
            )
    try:
        plain = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        place = f"{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "1:1"
        raise LockError(f"{path}:{place}: the lockfile is not JSON; restore it from git") from error
    return _lock(plain, path)


def write_lock_text(lock: Lock) -> str:
    """The one text of a lock: sorted, one fact a line, ending in a newline."""
    plain = {
        "version": LOCK_VERSION,
        "elements": {name: dict(entry) for name, entry in lock.elements.items()},
        "mix": dict(lock.mix),
    }
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def level(value: float) -> float | None:
    """A level as a lock writes it: two decimals, None for silence (which JSON has no number for)."""
    return round(value, 2) + 0.0 if math.isfinite(value) else None


def merged_mix(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a mix, with each old number kept where the new one says the same."""
    return {name: old[name] if name in old and _same(old[name], value) else value for name, value in new.items()}


def mix_drift(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The facts in which a mix is not what the lock says, in words."""
    return [
        f"{name} is {value}, the lock says {old.get(name)}"
        for name, value in new.items()
        if not _same(old.get(name), value)
    ]


def _same(old: object, new: object) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in new)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return abs(old - new) <= SAME_LEVEL_DB
    return old == new


def _lock(plain: object, path: str) -> Lock:
    if not isinstance(plain, dict) or plain.get("version") != LOCK_VERSION:
        got = plain.get("version") if isinstance(plain, dict) else None
        raise LockError(
            f"{path}:1:1: the lockfile has version {got!r}, this scenebuild reads {LOCK_VERSION}; "
            "use the scenebuild that wrote it, or delete it and build again"
        )
    elements, mix = plain.get("elements"), plain.get("mix")
    if not isinstance(mix, dict) or not isinstance(elements, dict) or not all(map(_is_entry, elements.items())):
        raise LockError(f"{path}:1:1: the lockfile is incomplete; restore it from git, or delete it and build again")
    return Lock(elements, mix)


def _is_entry(item: tuple[str, object]) -> bool:
    """A lock may come from a stranger: what goes into paths, sounds and reports is looked at."""
    name, entry = item
    return (
        _NAME.match(name) is not None
        and isinstance(entry, dict)
        and isinstance(entry.get("engine"), str)
        and all(_HEX.match(str(entry.get(name))) for name in ("key", "digest"))
        and str(entry.get("licence", "")).isprintable()
    )


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number that long is none of ours")
    return int(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
