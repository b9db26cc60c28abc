"""Loudness and true peak of a sound, measured in one pass."""

from __future__ import annotations

from dataclasses import dataclass

from scenebuild.audio.level import Samples
from scenebuild.audio.loudness import Loudness, LoudnessMeter
from scenebuild.audio.true_peak import TruePeakMeter


@dataclass(frozen=True, slots=True)
class MeasuredLevels:
    """How loud a sound is; the true peak of silence is -inf."""

    loudness: Loudness
    true_peak_dbtp: float


class LevelMeter:
    """Measures a sound of one or two channels that comes in blocks ``(frames, channels)``."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._loudness = LoudnessMeter(sample_rate, channels)
        self._peaks = TruePeakMeter(channels)

    def feed(self, samples: Samples) -> None:
        """Take in the next samples."""
        self._loudness.feed(samples)
        self._peaks.feed(samples)

    def levels(self) -> MeasuredLevels:
        """The levels of all samples so far."""
        return MeasuredLevels(self._loudness.loudness(), self._peaks.true_peak_dbtp())
