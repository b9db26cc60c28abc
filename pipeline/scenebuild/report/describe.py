"""What the mixer does with an element, in sentences."""

from __future__ import annotations

from scenebuild import number_text as words
from scenebuild.mix.model import StemFacts
from scenebuild.scene.model import Element


def treatment(element: Element, stem: StemFacts, take_s: float) -> tuple[str, ...]:
    """One sentence for each thing that is done to an element beside volume, pan and fades; none for most.

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
