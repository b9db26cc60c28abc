"""Makes the effects of a channel, at rest, from the author's settings, in the order of the signal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, singledispatch
from itertools import groupby
from typing import Literal

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
from scenebuild.audio.reverb import RoomReverb, impulse_response
from scenebuild.audio.sweep import Sweep
from scenebuild.mix.automation import AutomationReader, MixFormat
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Channel
from scenebuild.scene.effects.compressor import Compression
from scenebuild.scene.effects.convolution import Convolution
from scenebuild.scene.effects.effect import EffectSpec
from scenebuild.scene.effects.filter import Filter
from scenebuild.scene.effects.reverb import Reverb

FAR_ROOM = RoomReverb(decay_s=1.2, size_m=15.0, damping=0.6)  # the room of ``distance``: a hall or a street


class LinkedCompressor:
    """A compressor that keeps its last gains, so that they can be applied to parts of its input."""

    tail_frames = 0

    def __init__(self, compressor: Compressor) -> None:
        self._compressor = compressor
        self.gains: NDArray[np.float32] = np.ones(0, np.float32)

    def run(self, samples: Samples) -> Samples:
        self.gains = self._compressor.gains(samples)
        return np.asarray(samples * self.gains[:, None])


class CompressorFollower:
    """Applies the last gains of a compressor to a part of its input."""

    tail_frames = 0

    def __init__(self, whole: LinkedCompressor) -> None:
        self._whole = whole

    def run(self, samples: Samples) -> Samples:
        return np.asarray(samples * self._whole.gains[:, None])


class DistanceEffect:
    """Distance: a lower level, a low-pass filter and a room."""

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

    ``whole``: the compressors of a bus, for the copy of its effects for one input.
    """
    found = [*_moving_filters(channel, form, first), *_listed(channel.effects, form, iter(whole) if whole else None)]
    return [*found, DistanceEffect(channel.distance, form)] if channel.distance is not None else found


def _moving_filters(channel: Channel, form: MixFormat, first: int) -> Iterator[Effect]:
    if channel.high_pass is not None:
        yield _moving_filter("high_pass", channel.high_pass, form, first)
    if channel.low_pass is not None:
        yield _moving_filter("low_pass", channel.low_pass, form, first)


def _moving_filter(kind: Literal["high_pass", "low_pass"], corner: Automation, form: MixFormat, first: int) -> Effect:
    if corner.value is not None:
        return effect_of(Filter(kind, corner.value), form)
    reader = AutomationReader(corner, form)
    return Sweep(
        "high" if kind == "high_pass" else "low",
        lambda start, stop: reader.over(first + start, first + stop),
        form.sample_rate,
        form.channels,
    )


def _listed(specs: Sequence[EffectSpec], form: MixFormat, whole: Iterator[LinkedCompressor] | None) -> Iterator[Effect]:
    for are_filters, group in groupby(specs, lambda spec: isinstance(spec, Filter)):
        if are_filters:  # several filters in a row cost little more than one, if they run together
            filters = [spec for spec in group if isinstance(spec, Filter)]
            sections = [section for one in filters for section in _sections(one, form.sample_rate)]
            yield Equalizer(sections, form.channels)
            continue
        for spec in group:
            if isinstance(spec, Compression) and whole is not None:
                yield CompressorFollower(next(whole))
            else:
                yield effect_of(spec, form)


@singledispatch
def effect_of(spec: EffectSpec, form: MixFormat) -> Effect:
    """The effect at rest for the author's settings: one function for each type."""
    raise TypeError(f"no effect is made of {type(spec).__name__}")


@effect_of.register
def _filter(spec: Filter, form: MixFormat) -> Effect:
    return Equalizer(_sections(spec, form.sample_rate), form.channels)


def _sections(spec: Filter, rate: int) -> Sequence[Biquad]:
    if spec.kind == "peak":
        return equalizer.peak(spec.hz, spec.gain_db, spec.q, rate)
    if spec.kind in ("low_shelf", "high_shelf"):
        shelf = equalizer.low_shelf if spec.kind == "low_shelf" else equalizer.high_shelf
        return shelf(spec.hz, spec.gain_db, rate)
    passing = equalizer.low_pass if spec.kind == "low_pass" else equalizer.high_pass
    return passing(spec.hz, rate)


@effect_of.register
def _reverb(spec: Reverb, form: MixFormat) -> Effect:
    """Dry and wet are uncorrelated, so their powers are mixed, and the loudness stays."""
    room = RoomReverb(spec.decay_s, spec.size_m, spec.damping, spec.predelay_s)
    return Blend(_room(room, form), spec.wet**0.5, (1 - spec.wet) ** 0.5)


@effect_of.register
def _convolution(spec: Convolution, form: MixFormat) -> Effect:
    samples = form.responses[spec.path].at(form.sample_rate, form.channels)
    return Blend(Convolver(samples, form.channels), spec.wet, 1 - spec.wet)


@effect_of.register
def _compressor(spec: Compression, form: MixFormat) -> Effect:
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


def _room(room: RoomReverb, form: MixFormat) -> Convolver:
    return Convolver(_room_impulse(room, form.sample_rate, form.channels), form.channels)


# The same room is used again by the second pass and by every stem of a bus.
_room_impulse = lru_cache(maxsize=8)(impulse_response)
