"""From a valid document to dataclasses, with every default filled in."""

from __future__ import annotations

import re
from typing import Any

from scenebuild.errors import Place
from scenebuild.scene.automation import Automation, automation_of, level_of
from scenebuild.scene.channel import buses_of, channel_of
from scenebuild.scene.delivery import delivery_of
from scenebuild.scene.fields import float_or_none, int_or_none
from scenebuild.scene.model import Element, Expectations, MixSettings, Normalize, Sampling, Scene
from scenebuild.scene.names import Field
from scenebuild.scene.recording import locate
from scenebuild.scene.sound_prompt import SoundPrompts, sound_prompt_of
from scenebuild.scene.timing import DEFAULT_DURATION_S, fades_of, mix_loop_of, playback_of, starts_of
from scenebuild.scene.yaml.document import Document


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
        deliver=tuple(map(delivery_of, data.get("deliver", ()))),
        commercial=data.get("policy", {}).get("commercial", False),
        sources=document.sources,
        digests=document.digests,
    )


def one_line(text: str) -> str:
    """Text in NFC with each run of spaces and line breaks as one space, so that line breaks in YAML change nothing."""
    from unicodedata import normalize

    return " ".join(re.split(r"[ \t\r\n]+", normalize("NFC", text).strip(" \t\r\n")))


def _element(document: Document, name: str, defaults: dict[str, Any]) -> Element:
    own = document.data["elements"][name]
    prompt, path = own.get("prompt"), own.get("file")
    generated = defaults | own if prompt is not None else {}  # none of these fields acts on a recording
    duration_s = float(generated.get("duration", DEFAULT_DURATION_S)) if prompt is not None else None
    playback = playback_of(own)
    mix_loops = mix_loop_of(document.data.get("mix", {})) is not None
    fade_in_s, fade_out_s = fades_of(own, defaults, playback, duration_s, mix_loops)
    return Element(
        name=name,
        place=document.key(("elements", name)),
        prompt=None if prompt is None else one_line(prompt),
        recording=None if path is None else locate(path, document.origin(("elements", name, "file"))),
        engine=own.get("engine"),
        model=generated.get("model"),
        duration_s=duration_s,
        seed=int_or_none(own.get("seed")),
        take=int(own.get("take", 1)),
        sampling=_sampling(generated),
        start_s=starts_of(own)[0],
        volume=level_of(own, defaults),
        pan=automation_of(own["pan"], "pan") if "pan" in own else Automation.fixed(0.0, "pan"),
        fade_in_s=fade_in_s,
        fade_out_s=fade_out_s,
        normalize=_normalize(defaults | own),
        playback=playback,
        channel=channel_of(own, document.origin(("elements", name, "effects"))),
        sound_prompts=SoundPrompts() if prompt is None else sound_prompt_of(document, name),
        expect=_expectations(own.get("expect")),
        mute=own.get("mute", False),
    )


def _normalize(fields: dict[str, Any]) -> Normalize:
    chosen: Normalize = fields.get("normalize", "loudness")
    return chosen


def _sampling(fields: dict[str, Any]) -> Sampling:
    return Sampling(
        temperature=float(fields.get("temperature", 1.0)),
        top_k=int_or_none(fields.get("top_k")),
        top_p=float_or_none(fields.get("top_p")),
        cfg=float_or_none(fields.get("cfg")),
    )


def _mix(fields: dict[str, Any]) -> MixSettings:
    return MixSettings(
        duration_s=float_or_none(fields.get("duration")),
        sample_rate=int(fields.get("sample_rate", 48000)),
        channels=int(fields.get("channels", 2)),
        true_peak_dbtp=float(fields.get("true_peak", -1.0)),
        loudness_lufs=float_or_none(fields.get("loudness")),
        seed=int_or_none(fields.get("seed")),
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
        no_silence_over_s=float_or_none(fields.get("no_silence_over")),
        no_clipping=fields.get("no_clipping", False),
        energy_above=(float(energy["hz"]), float(energy["share"])) if energy else None,
        onsets=(int(fields["onsets"][0]), int(fields["onsets"][1])) if "onsets" in fields else None,
        loop_seam_db=float_or_none(fields.get("loop_seam")),
        similar_to_lock_lu=float_or_none(fields.get("similar_to_lock")),
    )


def _pair(value: list[float] | None) -> tuple[float, float] | None:
    return None if value is None else (float(value[0]), float(value[1]))


def _places(document: Document) -> dict[Field, Place]:
    """The place of each field's value, or of its name where the value is a set of fields."""
    inner = {field[:-1] for field in document.values if field}
    return {
        field: document.key(field) if field in inner else place for field, place in document.values.items() if field
    }
