"""The files that a scene delivers beside its mix."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scenebuild.audio.riff import Mark
from scenebuild.deliver.deliver import Delivered, deliver
from scenebuild.deliver.presets import Delivery, delivery
from scenebuild.deliver.write import FileMetadata
from scenebuild.files import Aside
from scenebuild.files import aside as written_aside
from scenebuild.frames import frames_of
from scenebuild.mix.model import Mix
from scenebuild.scene.delivery import DeliveryRequest
from scenebuild.scene.model import Scene


def delivered(scene: Scene, mix: Mix, licence: str, aside: Aside = written_aside) -> tuple[Delivered, ...]:
    """Write every file of the scene's ``deliver``, beside the mix, as ``<scene>.<name>.<format>``."""
    facts = FileMetadata(title=scene.name, licence=licence, marks=tuple(marks(mix)), loop=scene.mix.loop is not None)
    found = []
    for wanted in scene.deliver:
        kind = settled(wanted)
        path = Path(mix.path).with_name(delivery_name(Path(mix.path).stem, wanted))
        found.append(deliver(Path(mix.path), kind, path, facts, aside=aside))
    return tuple(found)


def delivery_name(stem: str, wanted: DeliveryRequest) -> str:
    """The name of a delivered file."""
    return f"{stem}.{wanted.name}.{settled(wanted).format}"


def settled(wanted: DeliveryRequest) -> Delivery:
    """The preset with the author's changes."""
    return delivery(
        wanted.preset,
        format=wanted.format,
        loudness_lufs=wanted.loudness_lufs,
        true_peak_dbtp=wanted.true_peak_dbtp,
        sample_rate=wanted.sample_rate,
        channels=wanted.channels,
        bits=wanted.bits,
        limiter=wanted.limiter or None,
    )


def marks(mix: Mix) -> Iterable[Mark]:
    """A mark at every start of every element."""
    for stem in mix.stems:
        for start_s, _ in stem.times_s:
            yield Mark(frames_of(start_s, mix.sample_rate), stem.name)
