"""A take: one recording of a prompt, checked, measured, with its bytes at hand."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scenebuild.decibels import gain_to_db
from scenebuild.engines import Action, EngineFacts
from scenebuild.store import Record
from scenebuild.store.record import HEX


@dataclass(frozen=True, slots=True)
class Take:
    """What is known of one take. ``path`` holds exactly the bytes of ``digest``."""

    key: str
    digest: str
    path: str
    sample_rate: int  # Hz
    channels: int
    frames: int
    loudness_lufs: float  # -inf for silence
    peak_dbfs: float
    licence: str
    fidelity: str
    made_by: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float | None = None  # that making it took, on the machine that did
    base: str | None = None  # SHA-256 of the take of which a stretch was made again

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.sample_rate


def facts_for_store(take: Take) -> dict[str, Any]:
    """The plain JSON that a record keeps of a take; silence has no number in JSON."""
    return {
        "sample_rate": take.sample_rate,
        "channels": take.channels,
        "frames": take.frames,
        "loudness_lufs": take.loudness_lufs if math.isfinite(take.loudness_lufs) else None,
        "peak_dbfs": take.peak_dbfs if math.isfinite(take.peak_dbfs) else None,
        "licence": take.licence,
        "fidelity": take.fidelity,
        "made_by": dict(take.made_by),
        "warnings": list(take.warnings),
        "seconds": take.seconds,
    }


def take_from_store(key: str, digest: str, path: str, facts: Mapping[str, Any]) -> Take:
    """The take that a record describes. ValueError where its facts are not those of a take."""
    return Take(
        key=key,
        digest=digest,
        path=path,
        sample_rate=_whole(facts, "sample_rate"),
        channels=_whole(facts, "channels"),
        frames=_whole(facts, "frames"),
        loudness_lufs=_level(facts, "loudness_lufs"),
        peak_dbfs=_level(facts, "peak_dbfs"),
        **_history(facts),
    )


def take_at_hand(key: str, path: str, record: Record, wanted: EngineFacts) -> tuple[Take, bool]:
    """The take of a record whose verified bytes lie at ``path``, and whether the record says all of it rightly.

    The file decides what it holds: where the record cannot be trusted or says something else, the sound is measured.
    ValueError where the record does not tell whose the take is.
    """
    if record.sealed:
        with contextlib.suppress(ValueError):
            take = take_from_store(key, record.digest, path, record.facts)
            if sound_of(take) == _sound_in(path):
                return take, True
    measured = measure_take(key, path, record.digest, wanted)
    return replace(measured, path=path, **_history(record.facts)), False


def sound_of(take: Take) -> tuple[int, int, int]:
    """Frames, Hz, channels."""
    return take.frames, take.sample_rate, take.channels


def not_asked_for(take: Take, action: Action, wanted: EngineFacts) -> str:
    """Why a take cannot be the one of an action, in words; "" where it can."""
    asked = (action.frames or take.frames, wanted.sample_rate or take.sample_rate, wanted.channels or take.channels)
    got = sound_of(take)
    return "" if got == asked else f"{got} (frames, Hz, channels), wanted {asked}"


def measure_take(
    key: str,
    path: str,
    digest: str,
    facts: EngineFacts,
    *,
    made_by: Mapping[str, str] | None = None,
    warnings: tuple[str, ...] = (),
    seconds: float | None = None,
) -> Take:
    """Read a take's file, block by block, and measure it.

    ``digest``: of its bytes, as whoever wrote or copied the file found it. Every later copy is checked against it.

    OSError or RuntimeError where it is not audio.
    """
    import numpy as np

    from scenebuild.audio.loudness import LoudnessMeter
    from scenebuild.audio.wav import probe, read_blocks

    header = probe(path)
    meter, frames, peak = LoudnessMeter(header.sample_rate, header.channels), 0, 0.0
    for block in read_blocks(path):
        meter.feed(block)
        frames += len(block)
        peak = max(peak, float(np.max(np.abs(block))))
    return Take(
        key=key,
        digest=digest,
        path=os.path.abspath(path),
        sample_rate=header.sample_rate,
        channels=header.channels,
        frames=frames,
        loudness_lufs=meter.loudness().integrated_lufs(),
        peak_dbfs=gain_to_db(peak),
        licence=facts.licence,
        fidelity=facts.fidelity,
        made_by=dict(made_by or {}),
        warnings=warnings,
        seconds=seconds,
    )


def _sound_in(path: str) -> tuple[int, int, int]:
    from scenebuild.audio.wav import probe

    found = probe(path)
    return found.frames, found.sample_rate, found.channels


def _history(facts: Mapping[str, Any]) -> dict[str, Any]:
    """How a take came to be, as its record tells it: no file holds that. ValueError where it is not told."""
    made_by, warnings, seconds = facts.get("made_by"), facts.get("warnings"), facts.get("seconds")
    texts = [facts.get("licence"), facts.get("fidelity")]
    if not isinstance(made_by, dict) or not isinstance(warnings, list) or not all(map(_is_text, texts)):
        raise ValueError("its record does not tell how it was made")
    return {
        "licence": facts["licence"],
        "fidelity": facts["fidelity"],
        "made_by": {str(name): str(value) for name, value in made_by.items()},
        "warnings": tuple(map(str, warnings)),
        "seconds": _number(seconds),
        "base": base if isinstance(base := facts.get("base"), str) and HEX.match(base) else None,
    }


def _whole(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    if type(value) is not int or value < 0:
        raise ValueError(f"its record has no {name}")
    return value


def _level(facts: Mapping[str, Any], name: str) -> float:
    """In decibels; None is silence, for which JSON has no number."""
    value = facts.get(name, "")
    number = _number(value)
    if value is not None and number is None:
        raise ValueError(f"its record has no {name}")
    return -math.inf if number is None else number


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9:
        return float(value)
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()
