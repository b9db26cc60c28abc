"""What the author wrote, resolved: the values that travel through the rest of the program.

No dicts after this point. Every number is checked and finite; every default is filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scenebuild.errors import Place
from scenebuild.scene.channel import Bus, Channel, DeliveryRequest, MixLoop, Playback
from scenebuild.scene.compose.reference import scene_file

Normalize = Literal["loudness", "peak", "none"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model draws its tokens; ``None`` leaves the value to the engine's own default."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    cfg: float | None = None


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a sound must be like; ``None`` and ``False`` expect nothing. Pairs are the least and the most."""

    loudness_lufs: tuple[float, float] | None = None
    duration_s: tuple[float, float] | None = None
    no_silence_over_s: float | None = None
    no_clipping: bool = False
    energy_above: tuple[float, float] | None = None  # Hz, the least share of the power there
    onsets: tuple[int, int] | None = None
    loop_seam_db: float | None = None  # the most that the level may change where the end meets the beginning
    similar_to_lock_lu: float | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One sound of a scene: what is generated (or read), and how it sits in the mix."""

    name: str
    place: Place  # of the element's name in the scene file
    # What decides the bytes of the take
    prompt: str | None  # NFC; None for a recording
    recording: str | None  # the absolute path of a recording inside the project; None for a prompt
    engine: str | None  # as the author chose; None leaves the choice to the build
    model: str | None
    duration_s: float | None  # seconds generated; None for a recording, which has its own length
    seed: int | None  # None: derived from scene seed, name and take
    take: int
    sampling: Sampling
    # What the mix does with it
    start_s: float  # the first time
    gain: float  # linear, 1.0 = unity; the author's `volume`, or `gain_db` converted
    pan: float  # -1 left ... 1 right
    fade_in_s: float
    fade_out_s: float
    loop: bool  # from its start to the end of the mix
    normalize: Normalize
    playing: Playback = Playback()
    channel: Channel = Channel()
    expect: Expectations | None = None  # of its take
    mute: bool = False  # not heard; its take is made all the same, and others make room for it


@dataclass(frozen=True, slots=True)
class MixSettings:
    """How the whole is rendered."""

    duration_s: float | None = None  # None: as long as the elements need
    sample_rate: int = 48000
    channels: int = 2
    true_peak_dbtp: float = -1.0
    loudness_lufs: float | None = None  # None: as it falls
    seed: int | None = None  # of the mix's own chance; None: the scene's
    loop: MixLoop | None = None
    expect: Expectations | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole scene file. ``places`` finds the line of any field for a message: ``("elements", "rain", "prompt")``."""

    path: str  # as the user typed it; of a variant scenes/forest.yaml@night
    name: str
    description: str
    seed: int
    engine: str | None  # `defaults.engine`
    elements: tuple[Element, ...]  # in the order of the file
    mix: MixSettings
    places: Mapping[tuple[str, ...], Place]
    buses: tuple[Bus, ...] = ()
    deliver: tuple[DeliveryRequest, ...] = ()
    commercial: bool = False  # `policy.commercial`: no take may be of weights that forbid commercial use
    sources: tuple[str, ...] = ()  # every file it was read from: its own first, then those that it extends
    digests: Mapping[str, str] = field(default_factory=dict, compare=False)  # SHA-256 of each of them, as it was read

    def place_of(self, *field: str) -> Place:
        """The place of a field, or of the nearest parent that is written in the file."""
        while field and field not in self.places:
            field = field[:-1]
        return self.places.get(field, Place(scene_file(self.path)))
