"""A take: one recording of a prompt, checked, measured, with its bytes at hand."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenebuild.engines import Facts


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
    """The take that a record describes. KeyError or TypeError where its facts are not those of a take."""
    return Take(
        key=key,
        digest=digest,
        path=path,
        sample_rate=int(facts["sample_rate"]),
        channels=int(facts["channels"]),
        frames=int(facts["frames"]),
        loudness_lufs=_or_silence(facts["loudness_lufs"]),
        peak_dbfs=_or_silence(facts["peak_dbfs"]),
        licence=str(facts["licence"]),
        fidelity=str(facts["fidelity"]),
        made_by={str(name): str(value) for name, value in facts["made_by"].items()},
        warnings=tuple(map(str, facts["warnings"])),
        seconds=None if facts.get("seconds") is None else float(facts["seconds"]),
    )


def measure_take(
    key: str,
    path: str,
    facts: Facts,
    *,
    made_by: Mapping[str, str] | None = None,
    warnings: tuple[str, ...] = (),
    seconds: float | None = None,
) -> Take:
    """Read a take's file, block by block, and measure it. OSError or RuntimeError where it is not audio."""
    import numpy as np

    from scenebuild.audio.loudness import LoudnessMeter
    from scenebuild.audio.wav import probe, read_blocks
    from scenebuild.store.digest import digest_file

    header = probe(path)
    meter, frames, peak = LoudnessMeter(header.sample_rate, header.channels), 0, 0.0
    for block in read_blocks(path):
        meter.feed(block)
        frames += len(block)
        peak = max(peak, float(np.max(np.abs(block))))
    return Take(
        key=key,
        digest=digest_file(path),
        path=os.path.abspath(path),
        sample_rate=header.sample_rate,
        channels=header.channels,
        frames=frames,
        loudness_lufs=meter.loudness().integrated_lufs(),
        peak_dbfs=20 * math.log10(peak) if peak > 0 else -math.inf,
        licence=facts.licence,
        fidelity=facts.fidelity,
        made_by=dict(made_by or {}),
        warnings=warnings,
        seconds=seconds,
    )


def _or_silence(value: float | None) -> float:
    return -math.inf if value is None else float(value)
