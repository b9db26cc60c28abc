"""The lockfile beside a scene: the digest of each element's take. It is committed to git and read in pull requests.

JSON, sorted, one fact a line. The entry of an element stays the same, to the byte, as long as its take stays.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeGuard

from scenebuild.engines import Action, action_facts
from scenebuild.errors import LockError, Place, Problem
from scenebuild.files import publish_in_place_of, read_bounded
from scenebuild.scene.compose.reference import stem_of
from scenebuild.scene.quoting import label as label_of_field
from scenebuild.scene.quoting import printable

LOCK_VERSION = 1
LARGEST_LOCK = 64 << 20
MOST_FACTS = 2_000_000  # more than the largest lock has, at one fact a line
LONGEST_NUMBER = 20  # digits; no seed and no number of frames has more
# A mix measured on another machine may differ in the last printed digit; that is not a change.
SAME_LEVEL_DB = 0.02
LEVELS = ("loudness_lufs", "true_peak_dbtp", "seam_db", "seams_db")  # measured; all other facts are exact

# The name of an element, which becomes the name of a file; a further take has its number after a dot.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(\.[1-9][0-9]{0,3})?\Z")
_CONFLICT = re.compile(r"^(?:<<<<<<< |=======|>>>>>>> )", re.MULTILINE)
_HEX = re.compile(r"[0-9a-f]{64}\Z")

_INCOMPLETE = "the lockfile is incomplete"
_RESTORE = "restore it from git, or delete it and build again"


class UnreadableLockError(LockError):
    """A lockfile cannot be understood."""

    what = ""  # without its place and the advice


def _unreadable(path: str, what: str, advice: str, line: int = 1, column: int = 1) -> UnreadableLockError:
    error = UnreadableLockError(Problem("lock", f"{what}; {advice}", Place(printable(path), line, column)))
    error.what = what
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEntry(Action):
    """What a lock says of one take: the action that asked for it, its bytes, and what was measured.

    A fact that is not in the lock is None, or "" for the version of the engine; the level of silence is -inf.
    """

    engine_version: str = ""
    frames: int | None = None
    key: str
    digest: str
    length_s: float | None = None
    loudness_lufs: float | None = None
    peak_dbfs: float | None = None
    sample_rate: int | None = None  # Hz
    channels: int | None = None
    licence: str | None = None
    made_by: Mapping[str, str] | None = None
    redo_base: str | None = None  # SHA-256 of the take of which a stretch was made again
    others: Mapping[str, Any] = field(default_factory=dict)  # facts that only another scenebuild knows

    def plain(self) -> dict[str, Any]:
        """The facts as they stand in the lockfile."""
        return _plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockMix:
    """What a lock says of the mix. A fact that is not in the lock is None; the level of silence is -inf."""

    length_s: float | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    licence: str | None = None
    seam_db: float | None = None
    seams_db: Mapping[str, float | None] | None = None  # by the element that loops
    delivered: Mapping[str, Mapping[str, Any]] | None = None  # levels and verdict, by the name of the file
    others: Mapping[str, Any] = field(default_factory=dict)  # facts that only another scenebuild knows

    def plain(self) -> dict[str, Any]:
        """The facts as they stand in the lockfile."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lockfile says: the entries by element name, and the facts of the mix."""

    elements: Mapping[str, LockEntry] = field(default_factory=dict)
    mix: LockMix = field(default_factory=LockMix)
    digest: str | None = field(default=None, compare=False)  # SHA-256 of the file that it was read from

    def entry(self, element: str, number: int = 0) -> LockEntry | None:
        """The entry of one of the takes that an element is made of; None where the lock has none."""
        return self.elements.get(take_name(element, number))


def take_name(element: str, number: int) -> str:
    """The name of a take of an element, in the lock and of its file: ``rain``, ``rain.2``, ``rain.3``. ``number``
    counts from 0."""
    return f"{element}.{number + 1}" if number else element


def lock_path(scene_path: str) -> str:
    """``scenes/rain.yaml`` -> ``scenes/rain.lock.json``; of a variant ``scenes/rain@night.lock.json``."""
    return os.path.join(os.path.dirname(scene_path), f"{stem_of(scene_path)}.lock.json")


def read_lock(path: str) -> Lock | None:
    """The lockfile at ``path``, None if there is none. UnreadableLockError if it cannot be understood, and if it is a
    link: a build writes a lock only beside its scene."""
    try:
        content = read_bounded(path, LARGEST_LOCK, follow_links=False)
        text = content.decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or error if isinstance(error, OSError) else "is not UTF-8"
        advice = "put the file itself there" if os.path.islink(path) else "restore it from git"
        raise _unreadable(path, f"the lockfile cannot be read: {why}", advice) from error
    return replace(parse_lock(text, path), digest=hashlib.sha256(content).hexdigest())


def write_lock(path: str, lock: Lock, before: Lock | None) -> str | None:
    """Replace the lock that was read ``before``, durably: the digest of what was written. None, and nothing is written,
    if the file is another one by now (git checkout, another build)."""
    content = write_lock_text(lock).encode()
    was = before.digest if before else None
    return hashlib.sha256(content).hexdigest() if publish_in_place_of(path, content, was) else None


def parse_lock(text: str, path: str) -> Lock:
    """The lock in a text; ``path`` is only for the message of the UnreadableLockError."""
    if found := _CONFLICT.search(text):
        advice = f"take either side with 'git checkout --ours {printable(path)}' (or --theirs) and build again"
        line = text.count("\n", 0, found.start()) + 1
        raise _unreadable(path, "the lockfile holds a merge conflict", advice, line)
    if text.count(",") > MOST_FACTS:  # checked before parsing: a fact takes many times its bytes in memory
        raise _unreadable(path, f"the lockfile holds more than {MOST_FACTS} facts", "restore it from git")
    try:
        plain = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite)
        json.dumps(plain, ensure_ascii=False).encode()  # a lone surrogate can neither be shown nor written again
    except (ValueError, RecursionError) as error:
        at = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (1, 1)
        raise _unreadable(path, "the lockfile is not JSON", "restore it from git", *at) from error
    return _lock(plain, path)


def write_lock_text(lock: Lock) -> str:
    """The one text of a lock: sorted, one fact a line, ending in a newline."""
    plain = {
        "version": LOCK_VERSION,
        "elements": {name: entry.plain() for name, entry in lock.elements.items()},
        "mix": lock.mix.plain(),
    }
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def entry_for(action: Action, key: str, digest: str) -> LockEntry:
    """The entry of a take that was asked for by an action, not measured yet."""
    return _entry({**action_facts(action), "key": key, "digest": digest})


def locked_level(value: float) -> float:
    """A level as a lock holds it: two decimals; silence is -inf."""
    return round(value, 2) + 0.0 if math.isfinite(value) else -math.inf


def level(value: float) -> float | None:
    """A level as a lockfile has it: two decimals; None for silence, because JSON has no infinity."""
    return locked_level(value) if math.isfinite(value) else None


def merged_mix(old: LockMix, new: LockMix) -> LockMix:
    """The new facts of a mix; a level that is the same within ``SAME_LEVEL_DB`` keeps its old value."""
    kept, facts = old.plain(), new.plain()
    same = {name for name, value in facts.items() if name in kept and _same(name, kept[name], value)}
    return _mix({name: kept[name] if name in same else value for name, value in facts.items()})


def mix_drift(old: LockMix, new: LockMix) -> list[str]:
    """The facts of a mix that differ from the lock, in words."""
    then = old.plain()
    return [
        f"{name} is {value}, the lock says {then.get(name)}"
        for name, value in new.plain().items()
        if not _same(name, then.get(name), value)
    ]


def _same(name: str, old: object, new: object, *, level: bool = False) -> bool:
    """Levels may differ by ``SAME_LEVEL_DB``; a length, a name or a verdict must be equal."""
    level = level or name in LEVELS
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(inner, old[inner], new[inner], level=level) for inner in new)
    if level and _is_number(old) and _is_number(new):
        return abs(old - new) <= SAME_LEVEL_DB
    return old == new


def _lock(plain: object, path: str) -> Lock:
    if not isinstance(plain, dict) or plain.get("version") != LOCK_VERSION:
        got = plain.get("version") if isinstance(plain, dict) else None
        what = f"the lockfile has version {got!r}, this scenebuild reads {LOCK_VERSION}"
        raise _unreadable(path, what, "use the scenebuild that wrote it, or delete it and build again")
    elements, mix = plain.get("elements"), plain.get("mix")
    if not isinstance(mix, dict) or not isinstance(elements, dict):
        raise _unreadable(path, _INCOMPLETE, _RESTORE)
    for where in _faults(elements, mix):
        raise _unreadable(path, _INCOMPLETE, f"{_RESTORE} (not as it was written: {where})")
    return Lock({name: _entry(entry) for name, entry in elements.items()}, _mix(mix))


def _entry(facts: Mapping[str, Any]) -> LockEntry:
    known, others = _parted(facts, LockEntry)
    return LockEntry(**known, others=others)


def _mix(facts: Mapping[str, Any]) -> LockMix:
    known, others = _parted(facts, LockMix)
    return LockMix(**known, others=others)


def _parted(facts: Mapping[str, Any], kind: type[LockEntry | LockMix]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts that have a field, and those that have none. Only a level can be null: it is silence."""
    names = {one.name for one in fields(kind)} - {"others"}
    known = {name: -math.inf if value is None else value for name, value in facts.items() if name in names}
    return known, {name: value for name, value in facts.items() if name not in names}


def _plain(value: LockEntry | LockMix) -> dict[str, Any]:
    facts = {one.name: getattr(value, one.name) for one in fields(value) if one.name != "others"}
    known = {name: None if fact == -math.inf else fact for name, fact in facts.items() if fact not in (None, "")}
    return {**value.others, **known}


def _faults(elements: Mapping[str, object], mix: Mapping[str, object]) -> Iterator[str]:
    """The facts that no build writes. A lock may come from another person, and its facts become paths and reports."""
    for name, entry in elements.items():
        if not _NAME.match(name) or not isinstance(entry, dict):
            yield f"elements.{label_of_field(name)}"
            return
        needed = dict.fromkeys(("engine", "key", "digest"))
        yield from (f"elements.{name}.{one}" for one in _wrong({**needed, **entry}, _OF_AN_ELEMENT))
    yield from (f"mix.{one}" for one in _wrong(mix, _OF_A_MIX))


def _wrong(facts: Mapping[str, object], kinds: Mapping[str, Callable[[object], bool]]) -> Iterator[str]:
    return (name for name, holds in kinds.items() if name in facts and not holds(facts[name]))


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and _HEX.match(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_level(value: object) -> bool:
    return value is None or _is_number(value)


def _each(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(_is_line(name) and holds(one) for name, one in value.items())


def _is_delivery(value: object) -> bool:
    kinds = {"loudness_lufs": _is_level, "true_peak_dbtp": _is_level, "passes": lambda one: isinstance(one, bool)}
    return isinstance(value, dict) and not any(_wrong(value, kinds))


_OF_AN_ELEMENT: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("key", "digest", "content", "continues", "melody", "redo", "redo_base"), _is_hex),
    **dict.fromkeys(("engine", "engine_version", "model", "revision", "precision", "licence"), _is_line),
    **dict.fromkeys(("frames", "seed", "top_k", "redo_from", "redo_to", "sample_rate", "channels"), _is_count),
    **dict.fromkeys(("temperature", "top_p", "cfg", "length_s"), _is_number),
    **dict.fromkeys(("loudness_lufs", "peak_dbfs"), _is_level),
    "prompt": lambda value: isinstance(value, str),
    "made_by": _each(_is_line),
}  # fmt: skip
_OF_A_MIX: Mapping[str, Callable[[object], bool]] = {
    "length_s": _is_number,
    "loudness_lufs": _is_level,
    "true_peak_dbtp": _is_level,
    "licence": _is_line,
    "seam_db": _is_level,
    "seams_db": _each(_is_level),
    "delivered": _each(_is_delivery),
}


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("no build writes a number that long")
    return int(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise ValueError("no build writes a number that large")
    return value
