"""What the mixer does with an element, in sentences."""

from __future__ import annotations

import os

from scenebuild import words
from scenebuild.decibels import db_to_gain
from scenebuild.mix.model import StemFacts
from scenebuild.scene.channel import (
    Automation,
    Channel,
    Convolution,
    Duck,
    EffectSpec,
    Filter,
    Playback,
    Repeat,
    Reverb,
    Unit,
)
from scenebuild.scene.model import Element


def treatment(element: Element, stem: StemFacts, take_s: float) -> tuple[str, ...]:
    """One sentence for each thing that is done to an element beside volume, pan and fades; none for most.

    ``take_s``: the length of one of its takes.
    """
    made = (
        f"Muted: its volume is {fader_of(element.gain, element.channel)}" if element.mute else "",
        _made_of(stem, take_s),
        _played(element.playing),
        _repeated(element.playing.repeat),
    )
    bus = f"Bus: {element.channel.bus}" if element.channel.bus else ""
    return tuple(sentence for sentence in (*made, *strip_of(element.channel), bus) if sentence)


def strip_of(channel: Channel) -> tuple[str, ...]:
    """One sentence for each thing that a channel strip does."""
    found = (
        _moves("Pan", channel.pan),
        _moves("High-pass", channel.high_pass),
        _moves("Low-pass", channel.low_pass),
        f"Effects: {', '.join(map(_effect, channel.effects))}" if channel.effects else "",
        f"Distance: {channel.distance:g} m" if channel.distance is not None else "",
        _ducked(channel.duck),
    )
    return tuple(sentence for sentence in found if sentence)


def _made_of(stem: StemFacts, take_s: float) -> str:
    if stem.takes > 1:
        return f"Made of {stem.takes} takes of {words.duration(take_s)}, each leading into the next"
    return f"Made of a loop of {words.duration(take_s)}" if stem.whole_s > take_s else ""


def fader_of(gain: float, channel: Channel) -> str:
    """``0.70 (−3.1 dB)``, or the range over which it moves: ``0.20 (−14.0 dB) to 0.70 (−3.1 dB)``."""
    fader = channel.fader
    if fader is None:
        return words.volume(gain)
    values = [point.value if fader.unit == "gain" else db_to_gain(point.value) for point in fader.points]
    return f"{words.volume(min(values))} to {words.volume(max(values))}"


def _moves(what: str, movement: Automation | None) -> str:
    if movement is None:
        return ""
    said = [_value(point.value, movement.unit) for point in movement.points]
    if movement.is_still:
        return f"{what}: {said[0]}"
    first, last = movement.points[0].at_s, movement.points[-1].at_s
    return f"{what}: {' → '.join(said)} from {words.duration(first)} to {words.duration(last)}"


def _value(value: float, unit: Unit) -> str:
    return words.pan(value) if unit == "pan" else f"{value:g} Hz"


def _effect(effect: EffectSpec) -> str:
    if isinstance(effect, Filter):
        gain = "" if effect.kind in ("high_pass", "low_pass") else f" by {words.gain(effect.gain_db)}"
        return f"{effect.kind.replace('_', '-')} at {effect.hz:g} Hz{gain}"
    if isinstance(effect, Reverb):
        return f"reverb of {words.duration(effect.decay_s)}, {round(effect.wet * 100)} %"
    if isinstance(effect, Convolution):
        return f"convolution with {os.path.basename(effect.path)}, {round(effect.wet * 100)} %"
    threshold = f"{effect.threshold_db:g}".replace("-", words.MINUS)
    return f"compressor from {threshold} dBFS on, {effect.ratio:g} to 1"


def _ducked(duck: Duck | None) -> str:
    return "" if duck is None else f"Ducked: by {duck.by_db:g} dB under {words.listing(duck.under)}"


def _played(playing: Playback) -> str:
    parts = []
    if playing.trim_from_s or playing.trim_to_s is not None:
        until = "its end" if playing.trim_to_s is None else words.duration(playing.trim_to_s)
        parts.append(f"from {words.duration(playing.trim_from_s)} to {until} of the take")
    if playing.reverse:
        parts.append("backwards")
    if playing.speed != 1.0:
        parts.append(f"at {playing.speed:g} times its speed")
    return f"Played: {', '.join(parts)}" if parts else ""


def _repeated(repeat: Repeat | None) -> str:
    if repeat is None:
        return ""
    jitter = f", give or take {words.duration(repeat.jitter_s)}" if repeat.jitter_s else ""
    gap = f", with {words.duration(repeat.gap_s)} of silence between at least" if repeat.gap_s is not None else ""
    return f"Repeated: every {words.duration(repeat.every_s)}{jitter}{gap}"
