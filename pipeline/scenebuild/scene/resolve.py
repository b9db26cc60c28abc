"""From a document that was found good to typed values, every default filled in."""

from __future__ import annotations

import math
import re
from typing import Any

from scenebuild.errors import Place
from scenebuild.scene.channel import Playback
from scenebuild.scene.model import Element, Expectations, MixSettings, Normalize, Sampling, Scene
from scenebuild.scene.names import Field
from scenebuild.scene.recording import locate
from scenebuild.scene.resolve_channel import (
    buses_of,
    channel_of,
    gain_of,
    mix_loop_of,
    pan_of,
    playing_of,
    starts_of,
    wanted_of,
)
from scenebuild.scene.yaml.document import Document

DEFAULT_DURATION_S = 8.0
DEFAULT_FADE_S = 0.01  # hides the step at the ends of generated sound; a recording was cut by a person


def resolve(document: Document) -> Scene:
    """The scene of a document in which ``validate_document`` finds nothing."""
    data = document.data
    defaults = data.get("defaults", {})
    return Scene(
        path=document.path,
        name=one_line(data["name"]),
        description=data.get("description", "").strip(),
        seed=int(data.get("seed", 0)),
        engine=defaults.get("engine"),
        elements=tuple(_element(document, name, defaults) for name in data["elements"]),
        mix=_mix(data.get("mix", {})),
        places=_places(document),
        buses=buses_of(document),
        deliver=tuple(map(wanted_of, data.get("deliver", ()))),
        commercial=data.get("policy", {}).get("commercial", False),
        sources=document.sources,
        digests=document.digests,
    )


def one_line(text: str) -> str:
    """Text in NFC with each run of spaces and line breaks as one space: how it is folded in the file says nothing."""
    from unicodedata import normalize

    return " ".join(re.split(r"[ \t\r\n]+", normalize("NFC", text).strip(" \t\r\n")))


def _element(document: Document, name: str, defaults: dict[str, Any]) -> Element:
    own = document.data["elements"][name]
    prompt, path = own.get("prompt"), own.get("file")
    generated = defaults | own if prompt is not None else {}  # none of it acts on a recording
    duration_s = float(generated.get("duration", DEFAULT_DURATION_S)) if prompt is not None else None
    loop, playing = bool(own.get("loop", False)), playing_of(own)
    sounds_s = math.inf if loop else None if duration_s is None else _once(duration_s, playing)
    asked = defaults | own
    if loop and not starts_of(own)[0] and mix_loop_of(document.data.get("mix", {})):
        asked = {"fade_in": 0.0, "fade_out": 0.0} | asked  # what goes round with the mix has no ends to fade
    fade_in_s, fade_out_s = _fades(asked, _faded_length(own, sounds_s))
    return Element(
        name=name,
        place=document.key(("elements", name)),
        prompt=None if prompt is None else one_line(prompt),
        recording=None if path is None else locate(path, document.origin(("elements", name, "file"))),
        engine=own.get("engine"),
        model=generated.get("model"),
        duration_s=duration_s,
        seed=_whole(own.get("seed")),
        take=int(own.get("take", 1)),
        sampling=_sampling(generated),
        start_s=starts_of(own)[0],
        gain=gain_of(own, defaults),
        pan=pan_of(own),
        fade_in_s=fade_in_s,
        fade_out_s=fade_out_s,
        loop=loop,
        normalize=_normalize(defaults | own),
        playing=playing,
        channel=channel_of(own, defaults, document.origin(("elements", name, "effects"))),
        expect=_expectations(own.get("expect")),
        mute=own.get("mute", False),
    )


def _faded_length(own: dict[str, Any], sounds_s: float | None) -> float | None:
    """What a person has cut gets no fades of ours; what a trim cuts out of it does."""
    if "prompt" in own:
        return sounds_s
    return math.inf if "trim" in own else None


def _once(duration_s: float, playing: Playback) -> float:
    """How long one time sounds in the mix."""
    ends_s = duration_s if playing.trim_to_s is None else min(playing.trim_to_s, duration_s)
    return max(ends_s - playing.trim_from_s, 0.0) / playing.speed


def _normalize(fields: dict[str, Any]) -> Normalize:
    chosen: Normalize = fields.get("normalize", "loudness")
    return chosen


def _sampling(fields: dict[str, Any]) -> Sampling:
    return Sampling(
        temperature=float(fields.get("temperature", 1.0)),
        top_k=_whole(fields.get("top_k")),
        top_p=_real(fields.get("top_p")),
        cfg=_real(fields.get("cfg")),
    )


def _fades(fields: dict[str, Any], sounds_s: float | None) -> tuple[float, float]:
    """Fade in and out in seconds; ``sounds_s`` is ``None`` for a recording.

    Those that nobody asked for make way for the others, and for a very short take.
    """
    asked_in, asked_out = _real(fields.get("fade_in")), _real(fields.get("fade_out"))
    if sounds_s is None:
        return asked_in or 0.0, asked_out or 0.0
    room_s = max(0.0, sounds_s - (asked_in or 0.0) - (asked_out or 0.0))
    unasked = min(DEFAULT_FADE_S, room_s / 2 if asked_in is None and asked_out is None else room_s)
    return unasked if asked_in is None else asked_in, unasked if asked_out is None else asked_out


def _mix(fields: dict[str, Any]) -> MixSettings:
    return MixSettings(
        duration_s=_real(fields.get("duration")),
        sample_rate=int(fields.get("sample_rate", 48000)),
        channels=int(fields.get("channels", 2)),
        true_peak_dbtp=float(fields.get("true_peak", -1.0)),
        loudness_lufs=_real(fields.get("loudness")),
        seed=_whole(fields.get("seed")),
        loop=mix_loop_of(fields),
        expect=_expectations(fields.get("expect")),
    )


def _expectations(fields: dict[str, Any] | None) -> Expectations | None:
    if not fields:
        return None
    energy = fields.get("energy_above")
    return Expectations(
        loudness_lufs=_pair(fields.get("loudness")),
        duration_s=_pair(fields.get("duration")),
        no_silence_over_s=_real(fields.get("no_silence_over")),
        no_clipping=fields.get("no_clipping", False),
        energy_above=(float(energy["hz"]), float(energy["share"])) if energy else None,
        onsets=(int(fields["onsets"][0]), int(fields["onsets"][1])) if "onsets" in fields else None,
        loop_seam_db=_real(fields.get("loop_seam")),
        similar_to_lock_lu=_real(fields.get("similar_to_lock")),
    )


def _pair(value: list[float] | None) -> tuple[float, float] | None:
    return None if value is None else (float(value[0]), float(value[1]))


def _places(document: Document) -> dict[Field, Place]:
    """For a message about a field: the place of its value, or of its name where the value is a set of fields."""
    inner = {field[:-1] for field in document.values if field}
    return {
        field: document.key(field) if field in inner else place for field, place in document.values.items() if field
    }


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
