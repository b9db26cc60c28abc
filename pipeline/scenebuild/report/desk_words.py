"""What the desk does with an element, in sentences."""

from __future__ import annotations

from scenebuild.report import words
from scenebuild.scene.desk import Playing, Repeat
from scenebuild.scene.model import Element


def treatment(element: Element) -> tuple[str, ...]:
    """One sentence for each thing that is done to an element beside volume, pan and fades; none for most."""
    return tuple(sentence for sentence in (_played(element.playing), _repeated(element.playing.repeat)) if sentence)


def _played(playing: Playing) -> str:
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
