"""Solo and mute: which elements are heard when an author listens to a part of a scene."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from scenebuild.errors import UsageError
from scenebuild.scene.model import Scene


def heard_names(scene: Scene, solo: Collection[str], mute: Collection[str]) -> frozenset[str]:
    """The elements that are heard: the soloed ones, or all where none is soloed, without the muted ones.

    A bus stands for all of its elements; unknown names are ignored. An element with ``mute: true`` in the scene is
    heard where it is soloed by its own name.
    """
    chosen = _members(scene, solo) if solo else frozenset(element.name for element in scene.elements)
    muted = frozenset(element.name for element in scene.elements if element.mute) - frozenset(solo)
    return chosen - muted - _members(scene, mute)


def listening(scene: Scene, solo: Collection[str], mute: Collection[str]) -> Scene:
    """The scene reduced to the elements that are heard and the elements under which they duck.

    The true peak limit stays, the loudness target and the deliveries go. UsageError where no element is heard.
    """
    heard = heard_names(scene, solo, mute)
    if not heard:
        raise UsageError(f"{scene.path}: no element is left to be heard; solo or mute other elements")
    needed = _needed(scene, heard)
    elements = tuple(element for element in scene.elements if element.name in needed)
    return replace(scene, elements=elements, mix=replace(scene.mix, loudness_lufs=None), deliver=())


def unknown_names(scene: Scene, names: Collection[str]) -> frozenset[str]:
    """The names that are neither an element nor a bus."""
    known = {element.name for element in scene.elements} | {bus.name for bus in scene.buses}
    return frozenset(names) - known


def _members(scene: Scene, names: Collection[str]) -> frozenset[str]:
    return frozenset(one.name for one in scene.elements if one.name in names or one.channel.bus in names)


def _needed(scene: Scene, heard: frozenset[str]) -> frozenset[str]:
    """The heard elements and, in any number of steps, the elements under which they duck."""
    buses = {bus.name: bus.channel for bus in scene.buses}
    needed, before = heard, frozenset[str]()
    while needed != before:
        before = needed
        channels = [one.channel for one in scene.elements if one.name in needed]
        channels += [buses[channel.bus] for channel in channels if channel.bus]
        under = {name for channel in channels if channel.duck for name in channel.duck.under}
        needed = needed | _members(scene, under)
    return needed
