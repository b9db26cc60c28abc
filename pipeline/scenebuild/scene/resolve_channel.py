"""The fields of the mixing desk, from raw data in which nothing is wrong to typed values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenebuild.scene.channel import (
    Automation,
    Bus,
    Channel,
    Compression,
    Convolution,
    Curve,
    DeliveryRequest,
    Duck,
    EffectSpec,
    Filter,
    FilterKind,
    Keyframe,
    LoopSettings,
    MixLoop,
    Playback,
    Repeat,
    Reverb,
    Unit,
)
from scenebuild.scene.recording import locate
from scenebuild.scene.yaml.document import Document


def starts_of(own: dict[str, Any]) -> tuple[float, ...]:
    """When an element starts, the earliest first."""
    written = own.get("start", 0.0)
    return tuple(sorted(map(float, written))) if isinstance(written, list) else (float(written),)


def playing_of(own: dict[str, Any]) -> Playback:
    """How an element plays its take."""
    trim = own.get("trim", {})
    return Playback(
        more_starts_s=starts_of(own)[1:],
        repeat=_repeat(own["repeat"]) if "repeat" in own else None,
        trim_from_s=float(trim.get("from", 0.0)),
        trim_to_s=_real(trim.get("to")),
        reverse=own.get("reverse", False),
        speed=float(own.get("speed", 1.0)),
        looping=_looping(own["loop"]) if isinstance(own.get("loop"), dict) else LoopSettings(),
        long=own.get("long", "extend"),
        piece_s=_real(own.get("piece")),
    )


def _repeat(fields: dict[str, Any]) -> Repeat:
    return Repeat(
        every_s=float(fields["every"]),
        jitter_s=float(fields.get("jitter", 0.0)),
        gap_s=_real(fields.get("gap")),
        count=None if "count" not in fields else int(fields["count"]),
    )


def _looping(fields: dict[str, Any]) -> LoopSettings:
    return LoopSettings(
        seam=fields.get("seam", "plain"),
        crossfade_s=_real(fields.get("crossfade")),
        worst_seam=_real(fields.get("worst_seam")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def channel_of(own: dict[str, Any], defaults: dict[str, Any], scene_path: str) -> Channel:
    """The strip of an element or a bus; ``defaults`` only says how loud it is."""
    return Channel(
        high_pass=_movement(own.get("high_pass"), "hz"),
        low_pass=_movement(own.get("low_pass"), "hz"),
        effects=tuple(_effect(fields, scene_path) for fields in own.get("effects", ())),
        distance=_distance(own.get("distance")),
        pan=_moving(_movement(own.get("pan"), "pan")),
        fader=_moving(_fader(own, defaults)),
        duck=_duck(own["duck"]) if "duck" in own else None,
        bus=own.get("bus"),
    )


def gain_of(own: dict[str, Any], defaults: dict[str, Any]) -> float:
    """Linear gain where it does not move; what is said here, in either unit, goes before the defaults in either."""
    fader = _fader(own, defaults)
    if fader is None or not fader.is_still:
        return 1.0
    value = fader.points[0].value
    return float(10.0 ** (value / 20.0)) if fader.unit == "db" else value


def pan_of(own: dict[str, Any]) -> float:
    """Where it sits while it does not move, or at first."""
    movement = _movement(own.get("pan", 0.0), "pan")
    return movement.points[0].value if movement else 0.0


def buses_of(document: Document) -> tuple[Bus, ...]:
    """The buses of a scene, in the order of the file."""
    return tuple(
        Bus(name, gain_of(own, {}), channel_of(own, {}, document.origin(("buses", name, "effects"))))
        for name, own in document.data.get("buses", {}).items()
    )


def mix_loop_of(mix: dict[str, Any]) -> MixLoop | None:
    """Whether, and how well, a mix goes round."""
    written = mix.get("loop", False)
    if isinstance(written, dict):
        return MixLoop(float(written.get("worst_seam", MixLoop().worst_seam)))
    return MixLoop() if written else None


def wanted_of(fields: dict[str, Any]) -> DeliveryRequest:
    """One file to be delivered."""
    return DeliveryRequest(
        preset=fields["preset"],
        name=fields.get("name", fields["preset"]),
        format=fields.get("format"),
        loudness_lufs=_real(fields.get("loudness")),
        true_peak_dbtp=_real(fields.get("true_peak")),
        sample_rate=_whole(fields.get("sample_rate")),
        channels=_whole(fields.get("channels")),
        bits=_whole(fields.get("bits")),
        limiter=fields.get("limiter", False),
    )


def _fader(own: dict[str, Any], defaults: dict[str, Any]) -> Automation | None:
    for fields in (own, defaults):
        if "volume" in fields:
            return _movement(fields["volume"], "gain")
        if "gain_db" in fields:
            return _movement(fields["gain_db"], "db")
    return None


def _movement(written: Any, unit: Unit) -> Automation | None:
    if written is None:
        return None
    if not isinstance(written, list):
        return Automation(unit, (Keyframe(0.0, float(written)),))
    return Automation(unit, tuple(_point(fields, unit) for fields in written))


def _point(fields: dict[str, Any], unit: Unit) -> Keyframe:
    curve: Curve = fields.get("curve", "linear")
    # Equal factors of a gain are equal steps in dB.
    return Keyframe(float(fields["at"]), float(fields["value"]), "linear" if (curve, unit) == ("exp", "db") else curve)


def _moving(movement: Automation | None) -> Automation | None:
    return None if movement is None or movement.is_still else movement


def _distance(metres: float | None) -> float | None:
    return None if metres is None or metres == 1.0 else float(metres)


def _effect(fields: dict[str, Any], scene_path: str) -> EffectSpec:
    ((name, value),) = fields.items()
    return _EFFECTS[name](name, value, scene_path)


def _pass(name: str, hz: float, _: str) -> EffectSpec:
    return Filter("high_pass" if name == "high_pass" else "low_pass", float(hz))


def _shelf(name: str, fields: dict[str, Any], _: str) -> EffectSpec:
    kind: FilterKind = "low_shelf" if name == "low_shelf" else "high_shelf"
    return Filter(kind, float(fields["hz"]), float(fields["gain_db"]))


def _peak(_: str, fields: dict[str, Any], __: str) -> EffectSpec:
    return Filter("peak", float(fields["hz"]), float(fields["gain_db"]), float(fields.get("q", 1.0)))


def _reverb(_: str, fields: dict[str, Any], __: str) -> EffectSpec:
    return Reverb(
        decay_s=float(fields.get("decay", 1.5)),
        size_m=float(fields.get("size", 10.0)),
        damping=float(fields.get("damping", 0.5)),
        predelay_s=float(fields.get("predelay", 0.0)),
        wet=float(fields.get("wet", 0.25)),
    )


def _convolution(_: str, fields: dict[str, Any], scene_path: str) -> EffectSpec:
    return Convolution(locate(fields["file"], scene_path), float(fields.get("wet", 1.0)))


def _compressor(_: str, fields: dict[str, Any], __: str) -> EffectSpec:
    return Compression(
        threshold_db=float(fields.get("threshold", -20.0)),
        ratio=float(fields.get("ratio", 3.0)),
        attack_s=float(fields.get("attack", 0.01)),
        release_s=float(fields.get("release", 0.15)),
        knee_db=float(fields.get("knee", 6.0)),
        makeup_db=float(fields.get("makeup", 0.0)),
    )


_EFFECTS: dict[str, Callable[[str, Any, str], EffectSpec]] = {
    "high_pass": _pass,
    "low_pass": _pass,
    "low_shelf": _shelf,
    "high_shelf": _shelf,
    "peak": _peak,
    "reverb": _reverb,
    "convolve": _convolution,
    "compress": _compressor,
}


def _duck(fields: dict[str, Any]) -> Duck:
    under = fields["under"]
    return Duck(
        under=tuple(under) if isinstance(under, list) else (under,),
        by_db=float(fields.get("by", 9.0)),
        attack_s=float(fields.get("attack", 0.15)),
        release_s=float(fields.get("release", 0.6)),
        hold_s=float(fields.get("hold", 0.3)),
        threshold_db=float(fields.get("threshold", -40.0)),
    )
