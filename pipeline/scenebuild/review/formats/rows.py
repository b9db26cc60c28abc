"""A review in words that are ready to be shown: the formats round and decide nothing."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from scenebuild.number_text import MINUS, SILENT, number
from scenebuild.number_text import duration as seconds
from scenebuild.review.compare.spectral_balance import in_words
from scenebuild.review.formats.loudness_over_time import LoudnessLine, loudness_lines
from scenebuild.review.model import ElementChange, FieldEdit, NullTest, Pair, Review, SceneReview
from scenebuild.scene.quoting import number as plain_number
from scenebuild.scene.quoting import printable

ARROW = " → "
LONGEST_VALUE = 100  # characters of a value; of a longer one, the part with the edit is shown
CONTEXT = 20  # characters before the first difference
SAME_LEVEL_DB = 0.05  # shown with one decimal
STATUS_WORDS = {
    "generated": "generated again",
    "mixed": "mixed again",
    "added": "added",
    "removed": "removed",
    "renamed": "renamed",
    "unchanged": "unchanged",
    "changed": "changed",
    "unreadable": "cannot be read",
}


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit."""

    field: str
    before: str  # "" where there is none
    after: str
    place: str  # "scenes/harbour.yaml:12", in head where it stands there
    kind: str


@dataclass(frozen=True, slots=True)
class ElementChangeRow:
    """The change of one element."""

    name: str
    status: str  # "generated again"
    reason: str
    loudness: str  # "−26.1 → −32.1 LUFS (−6.0 LU)"
    peak: str
    length: str
    balance: str  # "brighter"


@dataclass(frozen=True, slots=True)
class SceneRow:
    """The changes of a scene."""

    path: str
    status: str
    summary: str  # "1 generated again, 1 mixed again"
    edits: tuple[EditRow, ...]
    elements: tuple[ElementChangeRow, ...]
    loudness: str
    peak: str
    length: str
    balance: str
    gain: str  # of the master, where it changed
    null: str
    basis: str  # where the numbers are from; "" if they are from sound
    why: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]
    loudness_lines: tuple[LoudnessLine, ...] = ()
    change: str = ""  # of the mix's loudness alone: "−1.2 LU"


def scene_row(scene: SceneReview) -> SceneRow:
    """A scene in words."""
    renamed = f"renamed from {scene.old_path}" if scene.old_path else ""
    return SceneRow(
        path=scene.path,
        status=renamed or STATUS_WORDS[scene.status],
        summary=summary(scene),
        edits=tuple(map(edit_row, scene.edits)),
        elements=tuple(map(element_row, scene.changed_elements)),
        loudness=level_words(scene.mix, "loudness_lufs", "LUFS", "LU"),
        peak=level_words(scene.mix, "true_peak_dbtp", "dBTP", "dB"),
        length=length_words(scene.mix),
        balance=balance_words(scene.mix),
        gain=_gain_words(scene),
        null=null_words(scene.null),
        basis="" if scene.basis == "sound" or scene.status == "unreadable" else "numbers from the lockfiles",
        why=scene.why,
        notes=scene.notes,
        problems=tuple(str(problem) for side in scene.problems for problem in side),
        loudness_lines=loudness_lines(scene.mix),
        change=change_words(scene.mix, "loudness_lufs", "LU"),
    )


def summary(scene: SceneReview) -> str:
    """The changes of its elements, counted: ``1 generated again, 2 mixed again``."""
    counts = {status: len(scene.having(status)) for status in ("generated", "mixed", "added", "removed", "renamed")}
    said = [f"{count} {STATUS_WORDS[status]}" for status, count in counts.items() if count]
    edits = len(scene.edits)
    return ", ".join(said) or (f"{edits} {'edit' if edits == 1 else 'edits'}" if edits else "")


def total(review: Review) -> str:
    """The whole in one line: ``2 of 12 scenes differ: 1 sound generated again, 1 mixed again``."""
    scenes = len(review.scenes)
    counts = [
        (len(list(review.elements(status))), STATUS_WORDS[status])
        for status in ("generated", "mixed", "added", "removed", "renamed")
    ]
    said = ", ".join(f"{count} {words}" for count, words in counts if count)
    many = f"{scenes} of {review.looked_at} scenes" if review.looked_at > 1 else f"{scenes} scene"
    return f"{many} {'differs' if scenes == 1 else 'differ'}{': ' if said else ''}{said}"


def edit_row(edit: FieldEdit) -> EditRow:
    """An edit in words; of long values, the part around the difference."""
    before, after = excerpts(
        "" if edit.kind == "added" else value_text(edit.before),
        "" if edit.kind == "removed" else value_text(edit.after),
    )
    place = edit.place_before if edit.kind == "removed" else edit.place_after
    return EditRow(printable(edit.name), before, after, f"{place.file}:{place.line}", edit.kind)


def value_text(value: Any) -> str:
    """A value as it would be written: ``0.7``, ``'rain'``, ``{prompt: rain, start: 3}``; always on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain_number(value)
    if isinstance(value, str):
        return repr(value).replace("##[", "#\\x23[")  # GitHub's runner obeys it anywhere in a line of a log
    return printable(json.dumps(value, ensure_ascii=False)[: 20 * LONGEST_VALUE])


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Both texts, cut so that the first difference is visible.

    >>> excerpts("x" * 200 + "a", "x" * 200 + "b")
    ('…xxxxxxxxxxxxxxxxxxxxa', '…xxxxxxxxxxxxxxxxxxxxb')
    """
    start = 0
    if max(len(before), len(after)) > LONGEST_VALUE and before and after:
        same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
        start = max((min(len(before), len(after)) if same is None else same) - CONTEXT, 0)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    cut = text[start : start + LONGEST_VALUE]
    return f"{'…' if start else ''}{cut}{'…' if start + LONGEST_VALUE < len(text) else ''}"


def element_row(one: ElementChange) -> ElementChangeRow:
    """An element in words."""
    peaks = "true_peak_dbtp" if _knows(one.sound, "true_peak_dbtp") else "peak_dbfs"
    status = f"renamed from {one.old_name}" if one.old_name else STATUS_WORDS[one.status]
    return ElementChangeRow(
        name=one.name,
        status=status,
        reason=one.reason,
        loudness=level_words(one.sound, "loudness_lufs", "LUFS", "LU"),
        peak=level_words(one.sound, peaks, "dBTP" if peaks == "true_peak_dbtp" else "dBFS", "dB"),
        length=length_words(one.sound),
        balance=balance_words(one.sound),
    )


def _knows(pair: Pair, name: str) -> bool:
    return all(getattr(one, name) is not None for one in (pair.before, pair.after) if one)


def level_words(pair: Pair, name: str, unit: str, difference: str) -> str:
    """``−20.1 → −21.3 LUFS (−1.2 LU)``; one number if both are the same, or if there is one side."""
    first, second = (getattr(one, name) if one else None for one in (pair.before, pair.after))
    known = [_level(one) for one in (first, second) if one is not None]
    if not known:
        return ""
    change = pair.change(name)
    if change is None or abs(change) < SAME_LEVEL_DB:
        return _with_unit(known[-1], unit)
    said = "" if math.isinf(change) else f" ({number(change, 1, signed=True)} {difference})"
    return f"{known[0]}{ARROW}{_with_unit(known[1], unit)}{said}"


def change_words(pair: Pair, name: str, unit: str) -> str:
    """``−1.2 LU``; "" if the change is not known or too small to show."""
    change = pair.change(name)
    if change is None or math.isinf(change) or abs(change) < SAME_LEVEL_DB:
        return ""
    return f"{number(change, 1, signed=True)} {unit}"


def _level(value: float) -> str:
    return SILENT if math.isinf(value) else number(value, 1)


def _with_unit(level: str, unit: str) -> str:
    return level if level == SILENT else f"{level} {unit}"


def length_words(pair: Pair) -> str:
    """``24.0 s``, or ``24.0 s → 30.0 s``."""
    known = [seconds(one.length_s) for one in (pair.before, pair.after) if one]
    return ARROW.join(dict.fromkeys(known))


def balance_words(pair: Pair) -> str:
    """``brighter``; "" if no change is audible, or nothing is known."""
    if not (pair.before and pair.after and pair.before.bands_db and pair.after.bands_db):
        return ""
    return in_words(pair.before.bands_db, pair.after.bands_db)


def _gain_words(scene: SceneReview) -> str:
    first, second = scene.gain
    if first is None or second is None or abs(second - first) < SAME_LEVEL_DB:
        return ""
    change = number(second - first, 1, signed=True)
    return f"{number(first, 1, signed=True)}{ARROW}{number(second, 1, signed=True)} dB ({change} dB for every element)"


def null_words(null: NullTest | None) -> str:
    """``−34.2 dBFS, 13.9 dB below the mix``; ``identical, to the bit``."""
    if null is None:
        return ""
    if null.not_possible:
        return f"not possible: {null.not_possible}"
    if null.identical:
        return f"identical, to the bit ({MINUS}∞ dBFS)"
    padded = f"; the shorter one was filled with {seconds(null.padded_s)} of silence" if null.padded_s else ""
    if math.isinf(null.residual_dbfs):
        return f"the same samples, but for silence at the end{padded}"
    side = "below" if null.relative_db <= 0 else "above"
    distance = number(abs(null.relative_db), 1)
    return f"residual {number(null.residual_dbfs, 1)} dBFS, {distance} dB {side} the louder mix{padded}"
