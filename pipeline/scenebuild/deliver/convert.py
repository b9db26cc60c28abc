"""The mix at the sample rate and with the channels of a delivery, in blocks; it can be read several times.

In a mix that loops, the last frame comes before the first. So the resampler and the limiter are fed a lead-in from its
end and a lead-out from its beginning, and the rate is changed by exactly the ratio of the two lengths, so that the
period stays a whole number of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import numpy as np

from scenebuild.audio.level import Samples
from scenebuild.audio.limiter import limit
from scenebuild.audio.meter import LevelMeter, MeasuredLevels
from scenebuild.audio.resample import fitted, resample_blocks
from scenebuild.audio.riff import Mark
from scenebuild.audio.speed import read_part
from scenebuild.audio.wav import AudioFacts, AudioFileError, probe
from scenebuild.frames import frames_of

LEAD_S = 1.0  # ten releases of the limiter: earlier samples no longer matter


@dataclass(frozen=True, slots=True)
class Converted:
    """A mix and its conversion; ``frames`` are those of the result."""

    path: Path
    facts: AudioFacts
    sample_rate: int
    channels: int
    frames: int
    loop: bool

    def blocks(self, gain: float = 1.0, ceiling_dbtp: float | None = None) -> Iterator[Samples]:
        """The converted mix after a gain and, with a ceiling, the limiter: blocks ``(frames, channels)``, each a new
        array."""
        lead = min(frames_of(LEAD_S, self.facts.sample_rate), self.facts.frames) if self.loop else 0
        read = (_with_channels(block, self.channels) for block in self._read(lead))
        from_rate: float = self.facts.sample_rate
        to_rate: float = self.sample_rate
        if self.loop and from_rate != to_rate:
            from_rate, to_rate = self.facts.frames, self.frames
        out: Iterable[Samples] = resample_blocks(read, from_rate, to_rate, self.channels)
        if gain != 1.0:
            out = (block * np.float32(gain) for block in out)
        if ceiling_dbtp is not None:
            out = limit(out, ceiling_dbtp, self.sample_rate, self.channels)
        return fitted(_without(out, ceil(lead * to_rate / from_rate)), self.frames, self.channels)

    def _read(self, lead: int) -> Iterator[Samples]:
        if lead:
            yield from read_part(self.path, self.facts.frames - lead)
        yield from read_part(self.path)
        if lead:
            yield from read_part(self.path, 0, lead)

    def measure(self, gain: float = 1.0, ceiling_dbtp: float | None = None) -> MeasuredLevels:
        """The levels of the converted mix; see ``blocks``."""
        meter = LevelMeter(self.sample_rate, self.channels)
        for block in self.blocks(gain, ceiling_dbtp):
            meter.feed(block)
        return meter.levels()

    def marks(self, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        """The marks of the mix, in frames of the result."""
        ratio = self.sample_rate / self.facts.sample_rate
        return tuple(replace(mark, frame=round(mark.frame * ratio)) for mark in marks)


def convert(path: Path, sample_rate: int, channels: int, loop: bool) -> Converted:
    """A mix at another rate and with other channels. AudioFileError if it cannot be read."""
    facts = probe(path)
    if facts.channels not in (1, 2) or not facts.frames:
        what = f"has {facts.channels} channels; mono and stereo can be delivered" if facts.frames else "is empty"
        raise AudioFileError(f"{path.name} {what}")
    frames = max(1, frames_of(facts.frames / facts.sample_rate, sample_rate))
    return Converted(path, facts, sample_rate, channels, frames, loop)


def _with_channels(samples: Samples, channels: int) -> Samples:
    """Stereo to mono is the average of both sides; mono to stereo is the same signal on both."""
    if samples.shape[1] == channels:
        return samples
    if channels == 2:
        return np.repeat(samples, 2, axis=1)
    return np.asarray((samples[:, :1] + samples[:, 1:]) * np.float32(0.5))


def _without(blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
    """A stream without its first ``frames``."""
    for block in blocks:
        skipped = min(frames, len(block))
        frames -= skipped
        if skipped < len(block):
            yield block[skipped:]
