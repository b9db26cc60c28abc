"""The fields of the mixing desk, from raw data in which nothing is wrong to typed values."""

from __future__ import annotations

from typing import Any

from scenebuild.scene.desk import Looping, Playing, Repeat


def starts_of(own: dict[str, Any]) -> tuple[float, ...]:
    """When an element starts, the earliest first."""
    written = own.get("start", 0.0)
    return tuple(sorted(map(float, written))) if isinstance(written, list) else (float(written),)


def playing_of(own: dict[str, Any]) -> Playing:
    """How an element plays its take."""
    trim = own.get("trim", {})
    return Playing(
        more_starts_s=starts_of(own)[1:],
        repeat=_repeat(own["repeat"]) if "repeat" in own else None,
        trim_from_s=float(trim.get("from", 0.0)),
        trim_to_s=_real(trim.get("to")),
        reverse=own.get("reverse", False),
        speed=float(own.get("speed", 1.0)),
        looping=_looping(own["loop"]) if isinstance(own.get("loop"), dict) else Looping(),
    )


def _repeat(fields: dict[str, Any]) -> Repeat:
    return Repeat(
        every_s=float(fields["every"]),
        jitter_s=float(fields.get("jitter", 0.0)),
        gap_s=_real(fields.get("gap")),
        count=None if "count" not in fields else int(fields["count"]),
    )


def _looping(fields: dict[str, Any]) -> Looping:
    return Looping(
        seam=fields.get("seam", "plain"),
        crossfade_s=_real(fields.get("crossfade")),
        worst_seam=_real(fields.get("worst_seam")),
    )


def _real(value: Any) -> float | None:
    return None if value is None else float(value)
