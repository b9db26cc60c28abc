"""Preparation of a mix before the passes over it: stems, the submix, and their levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenebuild.decibels import gain_to_db
from scenebuild.mix.automation import MixFormat
from scenebuild.mix.buffers import BufferPool
from scenebuild.mix.channel_strip import ChannelInput
from scenebuild.mix.clip import Clip
from scenebuild.mix.impulse_responses import ImpulseResponse
from scenebuild.mix.looping import ReadTarget
from scenebuild.mix.place import levelled, place_occurrences, place_stem
from scenebuild.mix.routing import Routing
from scenebuild.mix.stem import SILENT, Stem, StemLevels, measure_stem
from scenebuild.mix.submix import Submix, render_submix
from scenebuild.mix.sum_passes import Progress, SumPass
from scenebuild.mix.timeline import Placement, Timeline
from scenebuild.scene.model import Element, Scene


@dataclass(frozen=True, slots=True)
class PlacedSource:
    """An element in its place, as a plain stem or as an input of the routing."""

    element: Element
    clip: Clip
    placement: Placement
    source: Stem | ChannelInput
    gain_db: float  # before the master gain
    warning: str
    peaks: tuple[float, ...]
    seam_db: float | None


@dataclass(frozen=True, slots=True)
class RoutingOptions:
    """The elements that need the routing, the muted elements, whether to split the submix into the share of each input,
    and the impulse responses by path."""

    names: frozenset[str]
    muted: frozenset[str]
    split: bool
    responses: Mapping[str, ImpulseResponse]


@dataclass(frozen=True, slots=True)
class PreparedMix:
    """What the passes over a mix need."""

    sums: SumPass
    placed: tuple[PlacedSource, ...]
    levels: Mapping[str, StemLevels]
    routing: Routing
    submix: Submix | None

    @property
    def seams_db(self) -> dict[str, float]:
        """The score of each loop's seam that the author asked for."""
        return {one.element.name: one.seam_db for one in self.placed if one.seam_db is not None}

    @property
    def highest_stem_dbfs(self) -> float:
        """The highest sample of all stems; -inf for silence."""
        return max((found.peak_dbfs for found in self.levels.values()), default=SILENT.peak_dbfs)


def routed_names(scene: Scene, timeline: Timeline) -> frozenset[str]:
    """The elements that need the routing; all others are read directly into their stem."""
    keys = _keys(scene)
    return frozenset(
        element.name
        for element, placement in zip(scene.elements, timeline.placements, strict=True)
        if scene.mix.loop or not element.is_plain or len(placement.times) > 1 or element.name in keys
    )


def prepare_mix(
    scene: Scene,
    clips: Mapping[str, Clip],
    timeline: Timeline,
    buffers: BufferPool,
    block_frames: int,
    progress: Progress,
    options: RoutingOptions,
) -> PreparedMix:
    """Read every take onto its place, render the submix, and measure every stem once."""
    channels, rate = scene.mix.channels, timeline.sample_rate
    target = ReadTarget(buffers, rate, channels, timeline.frames if scene.mix.loop else None)
    placed: list[PlacedSource] = []
    for element, placement in zip(scene.elements, timeline.placements, strict=True):
        place = _place_input if element.name in options.names else _place_stem
        placed.append(place(element, clips[element.name], placement, target))
        progress(0.15 * len(placed) / len(scene.elements))
    form = MixFormat(rate, channels, timeline.frames, bool(target.period), options.responses)
    routing = _routing(scene, placed, form, options.muted)
    stems = [one.source for one in placed if isinstance(one.source, Stem) and one.element.name not in options.muted]
    levels = {stem.name: measure_stem(stem, rate, channels, block_frames) for stem in stems}
    submix = render_submix(routing, buffers, split=options.split) if routing.inputs else None
    if submix:
        stems = [*stems, Stem("", submix.buffer, None, 0, timeline.frames)]
        levels |= submix.levels
    unheard = [*options.muted, *filter(routing.is_only_a_key, (bus.name for bus in routing.buses))]
    sums = SumPass(tuple(stems), rate, channels, timeline.frames, block_frames)
    progress(0.2)
    return PreparedMix(sums, tuple(placed), levels | dict.fromkeys(unheard, SILENT), routing, submix)


def _routing(scene: Scene, placed: Sequence[PlacedSource], form: MixFormat, muted: frozenset[str]) -> Routing:
    """All inputs and the buses that they need, with buses that are only the key of a ducker."""
    inputs = tuple(one.source for one in placed if isinstance(one.source, ChannelInput))
    needed = _keys(scene) | {one.channel.bus for one in inputs}
    return Routing(inputs, tuple(bus for bus in scene.buses if bus.name in needed), form, muted)


def _keys(scene: Scene) -> set[str | None]:
    """The elements and buses under which others duck."""
    channels = (*(one.channel for one in scene.elements), *(bus.channel for bus in scene.buses))
    return {name for channel in channels if channel.duck for name in channel.duck.under}


def _place_stem(element: Element, clip: Clip, placement: Placement, target: ReadTarget) -> PlacedSource:
    level, warning = levelled(element, clip)
    gain = element.volume.first * level
    stem, placed = place_stem(element, clip, placement, target, element.pan.first, gain)
    warning = _late(element, placement) or warning
    return PlacedSource(element, clip, placement, stem, gain_to_db(gain), warning, placed.peaks, placed.seam_db)


def _place_input(element: Element, clip: Clip, placement: Placement, target: ReadTarget) -> PlacedSource:
    level, warning = levelled(element, clip)
    pan = element.pan.value
    placed = place_occurrences(element, clip, placement, target, pan, level)
    channels, moving_pan = (clip.channels, element.pan) if pan is None else (target.channels, None)
    source = ChannelInput(element.name, placed.playable, channels, element.volume, moving_pan, element.channel)
    gain_db = gain_to_db(level * element.volume.gains[1])
    warning = _late(element, placement) or warning
    return PlacedSource(element, clip, placement, source, gain_db, warning, placed.peaks, placed.seam_db)


def _late(element: Element, placement: Placement) -> str:
    if placement.start < placement.stop:
        return ""
    return f"{element.name}: starts at {element.start_s:g} s, after the end of the mix, and is not heard"
