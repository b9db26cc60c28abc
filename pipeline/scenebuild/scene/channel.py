"""What an author can say about a layer at the mixing desk, resolved. A layer that says nothing is `Channel()`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Curve = Literal["linear", "exp", "s", "hold"]
Unit = Literal["gain", "db", "pan", "hz"]
FilterKind = Literal["high_pass", "low_pass", "low_shelf", "high_shelf", "peak"]
Long = Literal["extend", "takes", "loop"]


LONGEST_OVERLAP_S = 0.5


def overlap_of(piece_s: float) -> float:
    """How long two takes of ``piece_s`` sound together where one leads into the other, in seconds."""
    return min(LONGEST_OVERLAP_S, piece_s / 4)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Now and then: when a sound comes again, by chance from the mix's seed."""

    every_s: float  # from one start to the next, on average
    jitter_s: float = 0.0  # each of these times is up to so much shorter or longer
    gap_s: float | None = None  # the least silence between two; None: they may overlap
    count: int | None = None  # None: to the end of the mix


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How a looping element closes its loop."""

    seam: Literal["plain", "best"] = "plain"
    crossfade_s: float | None = None  # None: half a second, or a quarter of a short take
    worst_seam: float | None = None  # a score above it fails the build; None: nobody asked


@dataclass(frozen=True, slots=True)
class Playback:
    """What part of its take an element plays, how, and how often."""

    more_starts_s: tuple[float, ...] = ()  # beside the first; any order
    repeat: Repeat | None = None
    trim_from_s: float = 0.0
    trim_to_s: float | None = None  # None: to the end of the take
    reverse: bool = False
    speed: float = 1.0  # 2.0 is an octave up and half as long
    looping: LoopSettings = LoopSettings()
    long: Long = "extend"  # how a duration is filled that is more than one take of the engine
    piece_s: float | None = None  # the longest single take; None: the engine's own


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A value at a time of the scene; ``curve`` is the way that leads to it from the point before."""

    at_s: float
    value: float
    curve: Curve = "linear"


@dataclass(frozen=True, slots=True)
class Automation:
    """A value that changes over time; before the first point and after the last it holds."""

    unit: Unit
    points: tuple[Keyframe, ...]  # in order, at least one

    @property
    def is_still(self) -> bool:
        """Whether it is one value all the time."""
        return all(point.value == self.points[0].value for point in self.points)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that stands still."""

    kind: FilterKind
    hz: float
    gain_db: float = 0.0  # of shelves and peaks
    q: float = 0.7071067811865476  # of peaks: how narrow


@dataclass(frozen=True, slots=True)
class Reverb:
    """A room that is worked out."""

    decay_s: float  # until the echoes are 60 dB down
    size_m: float
    damping: float
    predelay_s: float
    wet: float  # the share of the room in what is heard, 0 ... 1


@dataclass(frozen=True, slots=True)
class Convolution:
    """A room (or a loudspeaker, a telephone) that was recorded."""

    path: str  # absolute: an impulse response inside the project
    wet: float
    response: Any = field(default=None, compare=False, repr=False)  # its sound, once the mixer has read it


@dataclass(frozen=True, slots=True)
class Compression:
    """Turns down what is loud."""

    threshold_db: float
    ratio: float
    attack_s: float
    release_s: float
    knee_db: float
    makeup_db: float


EffectSpec = Filter | Reverb | Convolution | Compression


@dataclass(frozen=True, slots=True)
class Duck:
    """Make room for others: turned down while one of them sounds."""

    under: tuple[str, ...]  # elements or buses
    by_db: float
    attack_s: float
    release_s: float
    hold_s: float
    threshold_db: float


@dataclass(frozen=True, slots=True)
class Channel:
    """The strip of an element or a bus, in the order in which it acts: filters, effects, distance, fader, duck, bus."""

    high_pass: Automation | None = None
    low_pass: Automation | None = None
    effects: tuple[EffectSpec, ...] = ()
    distance: float | None = None
    pan: Automation | None = None  # only where it moves; a fixed pan is the element's
    fader: Automation | None = None  # only where it moves; a fixed gain is the element's or the bus's
    duck: Duck | None = None
    bus: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing here acts on the sound."""
        return self == Channel()


@dataclass(frozen=True, slots=True)
class Bus:
    """Several elements treated as one."""

    name: str
    gain: float
    channel: Channel


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """One file to be delivered: a preset, and what is wanted otherwise; None is as the preset says."""

    preset: str
    name: str
    format: Literal["wav", "flac", "ogg", "mp3"] | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bits: int | None = None
    limiter: bool = False


@dataclass(frozen=True, slots=True)
class MixLoop:
    """The whole mix goes round: its end leads into its beginning."""

    worst_seam: float = 3.0  # a score above it fails the build
