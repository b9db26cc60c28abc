"""From what the author asked for to effects at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenebuild.audio.effect import Effect
from scenebuild.scene.desk import Channel

if TYPE_CHECKING:
    from scenebuild.mix.layer import Format


def effects_of(channel: Channel, form: Format, first: int) -> list[Effect]:
    """The effects of a channel in the order in which they act, for a pass that begins at frame ``first``."""
    return []
