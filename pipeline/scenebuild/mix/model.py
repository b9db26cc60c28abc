"""The inputs and the result of a mix: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class PlayedTake(Protocol):
    """A take for a mix: a verified sound file, with its measurements."""

    @property
    def path(self) -> str: ...
    @property
    def sample_rate(self) -> int:
        """In Hz."""
        ...

    @property
    def channels(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def loudness_lufs(self) -> float:
        """Integrated; the fallback for takes under 0.4 s; -inf for silence."""
        ...

    @property
    def peak_dbfs(self) -> float:
        """The highest sample; -inf for silence."""
        ...


@dataclass(frozen=True, slots=True)
class StemFacts:
    """One element as it sounds in the mix."""

    name: str
    start_s: float
    end_s: float  # its own end, or the end of the mix
    gain_db: float  # normalisation and volume together, before the master gain; -inf when muted
    loudness_lufs: float  # of the stem in the finished mix; -inf for silence
    peak_dbfs: float  # highest sample of the stem in the finished mix
    times_s: tuple[tuple[float, float], ...] = ()  # each time that it plays: start and end
    pass_s: float = 0.0  # one pass, trimmed and at its speed
    seam_db: float | None = None  # the score of its loop, if the author asked for it
    takes: int = 1  # the number of takes that it is made of
    whole_s: float = 0.0  # the length of its takes together, before a trim
    peaks: tuple[float, ...] = ()  # the outline of one pass before any gain: amplitudes in equal parts of time


@dataclass(frozen=True, slots=True)
class Mix:
    """A rendered mix."""

    path: str
    sample_rate: int  # Hz
    channels: int
    frames: int
    loudness_lufs: float  # integrated, ITU-R BS.1770-4; -inf for silence
    true_peak_dbtp: float
    master_gain_db: float  # the constant gain that brought the sum to its loudness and under its true peak
    stems: tuple[StemFacts, ...]
    seam_db: float | None = None  # the score of the seam of a mix that loops
    read: Mapping[str, str] = field(default_factory=dict)  # the digest of each impulse response, by path
    warnings: tuple[str, ...] = ()  # for people, such as "the loudness target of -14 LUFS was missed by 2.1 LU: …"
