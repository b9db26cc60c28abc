"""From what the author asked for to effects at rest, in the order in which they act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio import equalizer
from scenebuild.audio.biquad import Biquad
from scenebuild.audio.convolution import Convolver
from scenebuild.audio.distance import at_distance
from scenebuild.audio.dynamics import Compressor
from scenebuild.audio.effect import Blend, Chain, Effect
from scenebuild.audio.equalizer import Equalizer
from scenebuild.audio.level import Samples
from scenebuild.audio.recording import open_recording
from scenebuild.audio.resample import resample
from scenebuild.audio.reverb import RoomReverb, impulse_response
from scenebuild.audio.sweep import Sweep
from scenebuild.audio.wav import AudioFileError
from scenebuild.mix.automation import AutomationReader, MixFormat
from scenebuild.scene import channel as channel_specs
from scenebuild.scene.channel import Automation, Channel
from scenebuild.scene.model import Scene

LONGEST_IMPULSE_S = 30.0
FAR_ROOM = RoomReverb(decay_s=1.2, size_m=15.0, damping=0.6)  # the hall or street that `distance` speaks of


class LinkedCompressor:
    """A compressor that remembers its last gains, so that parts of what it heard can be given the same."""

    tail_frames = 0

    def __init__(self, compressor: Compressor) -> None:
        self._compressor = compressor
        self.gains: NDArray[np.float32] = np.ones(0, np.float32)

    def run(self, samples: Samples) -> Samples:
        self.gains = self._compressor.gains(samples)
        return np.asarray(samples * self.gains[:, None])


class CompressorFollower:
    """Gives a part of a sound the gains that a compressor has just given the whole."""

    tail_frames = 0

    def __init__(self, whole: LinkedCompressor) -> None:
        self._whole = whole

    def run(self, samples: Samples) -> Samples:
        return np.asarray(samples * self._whole.gains[:, None])


class DistanceEffect:
    """A sound at a distance: softer and duller itself, and a room around it."""

    def __init__(self, metres: float, form: MixFormat) -> None:
        law = at_distance(metres)
        cutoff = [] if law.cutoff_hz is None else equalizer.low_pass(law.cutoff_hz, form.sample_rate)
        self._direct = Chain([Equalizer(cutoff, form.channels)] if cutoff else [])
        self._gain = np.float32(law.gain)
        self._room = _room(FAR_ROOM, form) if law.reverb_gain else None
        self._room_gain = np.float32(law.reverb_gain)

    def run(self, samples: Samples) -> Samples:
        out = self._direct.run(samples)
        out *= self._gain
        if self._room is not None:
            out += self._room.run(samples) * self._room_gain
        return out

    @property
    def tail_frames(self) -> int:
        return self._room.tail_frames if self._room else self._direct.tail_frames


def effects_of(channel: Channel, form: MixFormat, first: int, whole: Sequence[LinkedCompressor] = ()) -> list[Effect]:
    """The effects of a channel for a pass that begins at frame ``first``.

    ``whole``: the compressors of a bus, for the copy of its effects that a part of it runs through.
    """
    found = [*_filters(channel, form, first), *_listed(channel.effects, form, iter(whole) if whole else None)]
    return [*found, DistanceEffect(channel.distance, form)] if channel.distance is not None else found


def _filters(channel: Channel, form: MixFormat, first: int) -> Iterator[Effect]:
    high, low = channel.high_pass, channel.low_pass
    if high is not None:
        yield _moving_filter("high_pass", high, form, first)
    if low is not None:
        yield _moving_filter("low_pass", low, form, first)


def _moving_filter(kind: channel_specs.FilterKind, corner: Automation, form: MixFormat, first: int) -> Effect:
    if corner.is_still:
        return Equalizer(_sections(channel_specs.Filter(kind, corner.points[0].value), form.sample_rate), form.channels)
    track = AutomationReader(corner, form)
    return Sweep(
        "high" if kind == "high_pass" else "low",
        lambda start, stop: track.over(first + start, first + stop),
        form.sample_rate,
        form.channels,
    )


def _listed(
    specs: Sequence[channel_specs.EffectSpec], form: MixFormat, whole: Iterator[LinkedCompressor] | None
) -> Iterator[Effect]:
    for kind, group in groupby(specs, type):
        if kind is channel_specs.Filter:  # several filters in a row cost little more than one
            sections = [section for one in group for section in _sections(one, form.sample_rate)]  # type: ignore[arg-type]
            yield Equalizer(sections, form.channels)
            continue
        for spec in group:
            if isinstance(spec, channel_specs.Compression) and whole is not None:
                yield CompressorFollower(next(whole))
            else:
                yield _MADE[kind](spec, form)


def _sections(spec: channel_specs.Filter, rate: int) -> Sequence[Biquad]:
    if spec.kind == "peak":
        return equalizer.peak(spec.hz, spec.gain_db, spec.q, rate)
    if spec.kind in ("low_shelf", "high_shelf"):
        shelf = equalizer.low_shelf if spec.kind == "low_shelf" else equalizer.high_shelf
        return shelf(spec.hz, spec.gain_db, rate)
    passing = equalizer.low_pass if spec.kind == "low_pass" else equalizer.high_pass
    return passing(spec.hz, rate)


def _reverb(spec: channel_specs.Reverb, form: MixFormat) -> Effect:
    """Room and sound are unrelated: shares of the power, so that the loudness stays."""
    room = RoomReverb(spec.decay_s, spec.size_m, spec.damping, spec.predelay_s)
    return Blend(_room(room, form), spec.wet**0.5, (1 - spec.wet) ** 0.5)


def _room(room: RoomReverb, form: MixFormat) -> Convolver:
    return Convolver(_room_impulse(room, form.sample_rate, form.channels), form.channels)


# One room is often asked for again: by the second pass, and by every stem of a bus.
_room_impulse = lru_cache(maxsize=8)(impulse_response)


@dataclass(frozen=True, slots=True, eq=False)
class ImpulseResponse:
    """An impulse response as it was recorded, read once for a whole mix."""

    name: str
    samples: Samples
    sample_rate: int
    digest: str  # SHA-256 of the bytes that were read


def read_response(path: str) -> ImpulseResponse:
    """The sound of an impulse response. Raises AudioFileError where it is no sound, or longer than half a minute."""
    name = Path(path).name
    with open_recording(path) as opened:
        rate, blocks = opened.blocks([])
        if (opened.header.channels or 1) > 2:
            raise AudioFileError(f"{name}: an impulse response has one or two channels and at most 30 s")
        kept: list[Samples] = []
        for block in blocks:
            kept.append(block)
            if sum(map(len, kept)) > LONGEST_IMPULSE_S * rate:
                raise AudioFileError(f"{name}: an impulse response has one or two channels and at most 30 s")
        return ImpulseResponse(name, np.concatenate(kept), rate, opened.digest)


def with_responses(scene: Scene) -> tuple[Scene, dict[str, str]]:
    """A scene whose convolutions hold their sound, and the digest of each file that was read for it, by its path.

    Every file is read once, however often it is used and in however many passes: a mix never holds two states of one.
    """
    read: dict[str, ImpulseResponse] = {}

    def filled(channel: Channel) -> Channel:
        effects = tuple(
            replace(spec, response=read.setdefault(spec.path, _response(spec.path, read)))
            if isinstance(spec, channel_specs.Convolution)
            else spec
            for spec in channel.effects
        )
        return replace(channel, effects=effects) if channel.effects else channel

    elements = tuple(replace(one, channel=filled(one.channel)) for one in scene.elements)
    buses = tuple(replace(one, channel=filled(one.channel)) for one in scene.buses)
    if not read:
        return scene, {}
    return replace(scene, elements=elements, buses=buses), {path: one.digest for path, one in read.items()}


def _response(path: str, read: Mapping[str, ImpulseResponse]) -> ImpulseResponse:
    return read[path] if path in read else read_response(path)


def _convolution(spec: channel_specs.Convolution, form: MixFormat) -> Effect:
    return Blend(
        Convolver(impulse(spec.response or read_response(spec.path), form), form.channels), spec.wet, 1 - spec.wet
    )


def impulse(response: ImpulseResponse, form: MixFormat) -> Samples:
    """An impulse response at the mix's rate and channels, brought to unit energy: noise comes out as loud as it was.

    Raises AudioFileError where it is silent.
    """
    samples = resample(response.samples, response.sample_rate, form.sample_rate)
    if form.channels == 1 and samples.shape[1] == 2:
        samples = samples.mean(axis=1, keepdims=True)
    energy = float(np.square(samples, dtype=np.float64).sum(axis=0).max(initial=0.0))
    if not energy:
        raise AudioFileError(f"{response.name}: the impulse response is silent")
    return np.asarray(samples / np.float32(energy**0.5))


def _compressor(spec: channel_specs.Compression, form: MixFormat) -> Effect:
    return LinkedCompressor(
        Compressor(
            form.sample_rate,
            threshold_db=spec.threshold_db,
            ratio=spec.ratio,
            attack_s=spec.attack_s,
            release_s=spec.release_s,
            knee_db=spec.knee_db,
            makeup_db=spec.makeup_db,
        )
    )


_MADE: dict[type, Callable[..., Effect]] = {
    channel_specs.Reverb: _reverb,
    channel_specs.Convolution: _convolution,
    channel_specs.Compression: _compressor,
}
