"""A review as plain data, for programs."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from scenebuild.errors import Place, Problem
from scenebuild.review.compare.spectral_balance import BANDS, balance, in_words
from scenebuild.review.model import ElementChange, FieldEdit, NullTest, Pair, Review, SceneReview, SoundFacts

JSON_VERSION = 1


def as_json(review: Review) -> str:
    """One JSON object; ``scenes`` is empty if nothing changed. The level of silence is null."""
    return json.dumps(review_object(review), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def review_object(review: Review) -> dict[str, Any]:
    """The object that ``as_json`` prints."""
    return {
        "version": JSON_VERSION,
        "base": review.before,
        "head": review.after,
        "looked_at": review.looked_at,
        "scenes": [_scene(one) for one in review.scenes],
    }


def _scene(scene: SceneReview) -> dict[str, Any]:
    return {
        "scene": scene.path,
        "status": scene.status,
        "renamed_from": scene.old_path or None,
        "basis": scene.basis,
        "edits": list(map(_edit, scene.edits)),
        "elements": list(map(_element, scene.changed_elements)),
        "mix": _pair(scene.mix),
        "master_gain_db": {"base": scene.gain[0], "head": scene.gain[1]},
        "null_test": None if scene.null is None else _null(scene.null),
        "why": list(scene.why),
        "notes": list(scene.notes),
        "problems": {"base": list(map(_problem, scene.problems[0])), "head": list(map(_problem, scene.problems[1]))},
    }


def _edit(edit: FieldEdit) -> dict[str, Any]:
    return {
        "field": edit.name,
        "kind": edit.kind,
        "base": edit.before,
        "head": edit.after,
        "base_place": _place(edit.place_before),
        "head_place": _place(edit.place_after),
    }


def _element(one: ElementChange) -> dict[str, Any]:
    return {
        "name": one.name,
        "status": one.status,
        "reason": one.reason,
        "renamed_from": one.old_name or None,
        "place": _place(one.place),
        "measured": one.measured,
        "takes": {
            "base": [_fields(take) for take in one.takes_before],
            "head": [_fields(take) for take in one.takes_after],
        },
        "sound": _pair(one.sound),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    change = {
        name: _number(pair.change(field))
        for name, field in (
            ("loudness_lu", "loudness_lufs"),
            ("true_peak_db", "true_peak_dbtp"),
            ("peak_db", "peak_dbfs"),
            ("length_s", "length_s"),
        )
    }
    return {"base": _sound(pair.before), "head": _sound(pair.after), "change": change | _spectrum(pair)}


def _spectrum(pair: Pair) -> dict[str, Any]:
    first, second = (one.bands_db if one else None for one in (pair.before, pair.after))
    if first is None or second is None:
        return {"balance_db": None, "words": ""}
    return {
        "balance_db": dict(zip(BANDS, map(_number, balance(first, second)), strict=True)),
        "words": in_words(first, second),
    }


def _sound(sound: SoundFacts | None) -> dict[str, Any] | None:
    if sound is None:
        return None
    values = {one.name: getattr(sound, one.name) for one in fields(sound) if one.name not in ("bands_db", "over_time")}
    bands = dict(zip(BANDS, map(_number, sound.bands_db), strict=True)) if sound.bands_db else None
    return {**{name: _number(value) for name, value in values.items()}, "bands_db": bands}


def _null(null: NullTest) -> dict[str, Any]:
    return {**{name: _number(value) for name, value in _fields(null).items()}, "identical": null.identical}


def _fields(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _problem(problem: Problem) -> dict[str, Any]:
    return {"rule": problem.rule, "message": problem.message, **_place(problem.place)}


def _number(value: Any) -> Any:
    """Rounded to four decimals, so that it is the same on every machine; silence is null."""
    if isinstance(value, float):
        return round(value, 4) + 0.0 if math.isfinite(value) else None
    return value
