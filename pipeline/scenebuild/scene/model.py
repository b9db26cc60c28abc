"""The dataclasses of a scene that is read and checked: each number is within its limits, each default is filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from scenebuild.errors import Place
from scenebuild.scene.automation import Automation
from scenebuild.scene.channel import Bus, Channel
from scenebuild.scene.compose.reference import scene_file
from scenebuild.scene.delivery import DeliveryRequest
from scenebuild.scene.sound_prompt import SoundPrompts
from scenebuild.scene.timing import MixLoop, Playback

Normalize = Literal["loudness", "peak", "none"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model draws its tokens; ``None`` is the engine's default."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    cfg: float | None = None


@dataclass(frozen=True, slots=True)
class Expectations:
    """Limits that a sound must keep; ``None`` and ``False`` set none. Pairs are (least, most)."""

    loudness_lufs: tuple[float, float] | None = None
    duration_s: tuple[float, float] | None = None
    no_silence_over_s: float | None = None
    no_clipping: bool = False
    energy_above: tuple[float, float] | None = None  # (Hz, least share of the power above it)
    onsets: tuple[int, int] | None = None
    loop_seam_db: float | None = None  # the largest step of the level where the end meets the beginning
    similar_to_lock_lu: float | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """One sound of a scene: what is generated or read, and what the mix does with it."""

    name: str
    place: Place  # of the element's name in the scene file
    # Fields that decide the bytes of the take
    prompt: str | None  # NFC; None for a recording
    recording: str | None  # the absolute path of a recording inside the project; None for a prompt
    engine: str | None  # as the author chose; None leaves the choice to the build
    model: str | None
    duration_s: float | None  # seconds generated; None for a recording, which has its own length
    seed: int | None  # None: derived from scene seed, name and take
    take: int
    sampling: Sampling
    # Fields that only the mix reads
    start_s: float  # the first time
    fade_in_s: float
    fade_out_s: float
    normalize: Normalize
    volume: Automation = Automation.fixed(1.0)  # linear, 1.0 = unity; in dB where the author moves `gain_db`
    pan: Automation = Automation.fixed(0.0, "pan")  # -1 left ... 1 right
    playback: Playback = Playback()
    channel: Channel = Channel()
    sound_prompts: SoundPrompts = SoundPrompts()  # with the prompt: it decides the bytes of the take as well
    expect: Expectations | None = None  # of its take
    mute: bool = False  # not heard; its take is made, and other elements still duck under it

    @property
    def take_field(self) -> tuple[str, ...]:
        """The field with the number of its take: of the stretch, where one is made again."""
        return ("redo", "take") if self.sound_prompts.redo else ("take",)

    @property
    def take_number(self) -> int:
        """The value of that field."""
        redo = self.sound_prompts.redo
        return redo.take if redo else self.take

    def with_take(self, number: int) -> Element:
        """The element with another value of that field."""
        redo = self.sound_prompts.redo
        if redo is None:
            return replace(self, take=number)
        return replace(self, sound_prompts=replace(self.sound_prompts, redo=replace(redo, take=number)))

    @property
    def recordings(self) -> dict[str, str]:
        """The absolute paths of the recordings that its take is made from, by the fields that name them."""
        return self.sound_prompts.recordings if self.recording is None else {"file": self.recording}

    @property
    def is_plain(self) -> bool:
        """Whether nothing but a constant gain, a constant pan and fades acts on its take."""
        return self.channel.is_plain and self.volume.value is not None and self.pan.value is not None


@dataclass(frozen=True, slots=True)
class MixSettings:
    """How the mix is rendered."""

    duration_s: float | None = None  # None: as long as the elements need
    sample_rate: int = 48000
    channels: int = 2
    true_peak_dbtp: float = -1.0
    loudness_lufs: float | None = None  # None: the mix is not brought to a loudness
    seed: int | None = None  # of random start times; None: the scene's seed
    loop: MixLoop | None = None
    expect: Expectations | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene. ``places`` has the place of each written field: ``("elements", "rain", "prompt")``."""

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
    commercial: bool = False  # `policy.commercial`: weights that forbid commercial use are refused
    sources: tuple[str, ...] = ()  # every file it was read from: its own first, then the files that it extends
    digests: Mapping[str, str] = field(default_factory=dict, compare=False)  # SHA-256 of each source as it was read

    @property
    def channels(self) -> tuple[tuple[str, str, Channel], ...]:
        """(``elements`` or ``buses``, name, channel) of every element and bus, in the order of the file."""
        return (
            *(("elements", one.name, one.channel) for one in self.elements),
            *(("buses", bus.name, bus.channel) for bus in self.buses),
        )

    def recordings(self) -> Iterator[tuple[Element, str, str, Place]]:
        """Every recording that a take is made from: its element, the field that names it, its path, its place."""
        for element in self.elements:
            for field_, path in element.recordings.items():
                yield element, field_, path, self.place_of("elements", element.name, field_)

    def effect_files(self) -> Iterator[tuple[str, Place]]:
        """The absolute path of every sound file that an effect needs, and the place of the field that names it."""
        for kind, name, channel in self.channels:
            for index, effect in enumerate(channel.effects):
                for called, path in effect.files.items():
                    yield path, self.place_of(kind, name, "effects", str(index), *called)

    def place_of(self, *field: str) -> Place:
        """The place of a field, or of the nearest parent that is written in the file."""
        while field and field not in self.places:
            field = field[:-1]
        return self.places.get(field, Place(scene_file(self.path)))
