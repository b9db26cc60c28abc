"""Deliveries: files that are written besides the mix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scenebuild.errors import Problem
from scenebuild.scene.fields import NumberField, float_or_none, int_or_none
from scenebuild.scene.names import NAME, Field
from scenebuild.scene.quoting import label, number, quoted
from scenebuild.scene.yaml.document import Document
from scenebuild.scene.yaml.raw import as_fields, as_number, fields_at, loops

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz, by ISO 11172-3 and 13818-3

NUMBERS = {
    "sample_rate": NumberField("Hz", (1000.0,)),
    "true_peak": NumberField("dBTP", (-1.0,)),
    "loudness": NumberField("LUFS", (-1.0,)),
}


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One file to be delivered: a preset, and what differs from it; None keeps the value of the preset."""

    preset: str
    name: str
    format: Literal["wav", "flac", "ogg", "mp3"] | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bits: int | None = None
    limiter: bool = False


def delivery_of(fields: Mapping[str, Any]) -> DeliveryRequest:
    """The delivery of a checked scene's fields."""
    return DeliveryRequest(
        preset=fields["preset"],
        name=fields.get("name", fields["preset"]),
        format=fields.get("format"),
        loudness_lufs=float_or_none(fields.get("loudness")),
        true_peak_dbtp=float_or_none(fields.get("true_peak")),
        sample_rate=int_or_none(fields.get("sample_rate")),
        channels=int_or_none(fields.get("channels")),
        bits=int_or_none(fields.get("bits")),
        limiter=fields.get("limiter", False),
    )


def delivery_findings(document: Document) -> Iterator[Problem]:
    """Mistakes in deliveries."""
    written = document.data.get("deliver")
    seen: set[str] = set()
    for index, fields in enumerate(map(as_fields, written if isinstance(written, list) else [])):
        field = ("deliver", str(index))
        yield from _name(document, field, fields, seen)
        yield from _format(document, field, fields)
        yield from _loop(document, field, fields)


def _name(document: Document, field: Field, fields: dict[str, Any], seen: set[str]) -> Iterator[Problem]:
    name = fields.get("name", fields.get("preset"))
    if not isinstance(name, str):
        return
    place = document.value((*field, "name" if "name" in fields else "preset"))
    if "name" in fields and not NAME.match(name):
        message = f"name: {quoted(name)} cannot name a file: names are made of a-z, 0-9, _ and -, and begin with a"
        yield Problem("name", f"{message} letter or digit", place)
    if name in seen:
        message = f"deliver: two files would be called {label(name)}; write another name: for one of them"
        yield Problem("deliver", message, place)
    seen.add(name)


def _format(document: Document, field: Field, fields: dict[str, Any]) -> Iterator[Problem]:
    """Only fields of the scene file: the fields of a preset fit together."""
    kind, rate = fields.get("format", _KINDS.get(str(fields.get("preset")))), fields.get("sample_rate")
    if kind in ("ogg", "mp3") and "bits" in fields:
        message = f"bits: has no effect on {kind}; remove it, or write format: wav or flac"
        yield Problem("no-effect", message, document.key((*field, "bits")))
    hertz = as_number(rate)
    if kind == "mp3" and hertz is not None and hertz not in MP3_RATES:
        message = f"sample_rate: mp3 has no {number(hertz)} Hz; it has {', '.join(map(str, MP3_RATES))}"
        yield Problem("deliver", message, document.value((*field, "sample_rate")))


_KINDS = {
    "podcast": "mp3",
    "game-loop": "ogg",
    "game-mobile": "ogg",
}  # formats of presets that compress


def _loop(document: Document, field: Field, fields: dict[str, Any]) -> Iterator[Problem]:
    if fields.get("preset") != "game-loop":
        return
    place = document.value((*field, "preset"))
    if not loops(fields_at(document, ("mix",))):
        yield Problem("deliver", "preset: game-loop is for a mix that loops; write mix: {loop: true}", place)
    if fields.get("format") == "mp3":
        message = "format: mp3 cannot loop without a gap; write ogg, flac or wav"
        yield Problem("deliver", message, document.value((*field, "format")))
