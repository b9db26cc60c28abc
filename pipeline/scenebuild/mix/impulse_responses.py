"""The impulse responses of a mix: recordings of rooms, read once each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenebuild.audio.level import Samples
from scenebuild.audio.recording import open_recording
from scenebuild.audio.resample import resample
from scenebuild.audio.wav import AudioFileError
from scenebuild.scene.model import Scene

LONGEST_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class ImpulseResponse:
    """An impulse response as it was recorded."""

    name: str
    samples: Samples
    sample_rate: int  # Hz
    digest: str  # SHA-256 of the bytes that were read

    def at(self, sample_rate: int, channels: int) -> Samples:
        """Its samples at the rate and channels of a mix, with unit energy, so that noise keeps its loudness.

        AudioFileError if it is silent.
        """
        samples = resample(self.samples, self.sample_rate, sample_rate)
        if channels == 1 and samples.shape[1] == 2:
            samples = samples.mean(axis=1, keepdims=True)
        energy = float(np.square(samples, dtype=np.float64).sum(axis=0).max(initial=0.0))
        if not energy:
            raise AudioFileError(f"{self.name}: the impulse response is silent")
        return np.asarray(samples / np.float32(energy**0.5))


def read_responses(scene: Scene) -> dict[str, ImpulseResponse]:
    """All impulse responses of a scene, by path. Each file is read once, so that a mix never uses two versions of
    it."""
    return {path: read_response(path) for path in dict.fromkeys(path for path, _ in scene.effect_files())}


def read_response(path: str) -> ImpulseResponse:
    """An impulse response. AudioFileError if it is not a sound, has more than two channels, or is longer than 30 s."""
    name = Path(path).name
    with open_recording(path) as opened:
        rate, blocks = opened.blocks([])
        if (opened.header.channels or 1) > 2:
            raise AudioFileError(f"{name}: an impulse response has one or two channels and at most 30 s")
        kept: list[Samples] = []
        for block in blocks:
            kept.append(block)
            if sum(map(len, kept)) > LONGEST_S * rate:
                raise AudioFileError(f"{name}: an impulse response has one or two channels and at most 30 s")
        return ImpulseResponse(name, np.concatenate(kept), rate, opened.digest)
