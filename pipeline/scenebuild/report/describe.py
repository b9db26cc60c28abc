"""What an element is made from and what the mixer does with it, in sentences."""

from __future__ import annotations

import os

from scenebuild import number_text as words
from scenebuild.engines import Action
from scenebuild.mix.model import StemFacts
from scenebuild.scene.model import Element


def made_from(element: Element, action: Action, root: str) -> tuple[str, ...]:
    """One sentence for each sound that acts on its take; ``root``: of the project, from which paths are shown."""
    sounds = element.sound_prompts
    paths = {field: os.path.relpath(path, root) for field, path in sounds.recordings.items()}
    found = (
        f"Goes on from: {paths['continues']}" if action.continues else "",
        f"Follows the melody of: {paths['melody']}" if action.melody else "",
        f"Made again: {sounds.redo.describe()} of the take" if action.redo and sounds.redo else "",
    )
    return tuple(filter(None, found))


def treatment(element: Element, stem: StemFacts, take_s: float) -> tuple[str, ...]:
    """One sentence for each kind of processing of an element other than volume, pan and fades.

    ``take_s``: the length of one of its takes.
    """
    channel, played = element.channel, element.playback.describe()
    found = (
        f"Muted: its volume is {element.volume.describe_level()}" if element.mute else "",
        _made_of(stem, take_s),
        f"Played: {played}" if played else "",
        f"Repeated: {element.playback.repeat.describe()}" if element.playback.repeat else "",
        f"Pan: {element.pan.describe()}" if element.pan.value is None else "",
        *channel.describe(),
        f"Bus: {channel.bus}" if channel.bus else "",
    )
    return tuple(filter(None, found))


def _made_of(stem: StemFacts, take_s: float) -> str:
    if stem.takes > 1:
        return f"Made of {stem.takes} takes of {words.duration(take_s)}, each leading into the next"
    return f"Made of a loop of {words.duration(take_s)}" if stem.whole_s > take_s else ""
