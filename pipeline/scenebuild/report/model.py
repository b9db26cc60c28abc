"""The values of a report. They are final: a template does not round or format them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportElement:
    """One element, in words and numbers that are ready to be shown."""

    name: str
    prompt: str  # the author's text; "" for a recording
    recording: str  # path of a recording relative to the project; "" for a prompt
    engine: str  # for people: "AudioGen", "sketch", "recording"
    model: str  # "facebook/audiogen-medium" or ""
    is_sketch: bool
    status: str  # generated | cached | locked | recording
    duration_s: float  # of its takes put together
    volume: str  # "0.70 (−3.1 dB)", "muted"
    temperature: str  # "1.0", or "" if it has no effect
    seed: str  # the seed that was used, or ""
    take: int
    loudness: str  # of the take: "−24.3 LUFS"
    licence: str
    key: str  # action key, 64 hex digits
    digest: str  # SHA-256 of the take, 64 hex digits
    take_path: str  # relative to the report: "elements/rain.wav"
    # its place in the mix
    start_s: float
    end_s: float
    loop: bool
    pan: float
    fade_in_s: float
    fade_out_s: float
    times_s: tuple[tuple[float, float], ...] = ()  # each time that it plays, if that is more than once
    seam: str = ""  # the score of its loop, if the author asked for it: "0.4 dB"
    treatment: tuple[str, ...] = ()  # what it is made from and what the mixer does with it, one sentence each
    mute: bool = False  # not heard
    # the author's own numbers; None for an automation, or for several values
    gain: float | None = None  # linear
    still_pan: float | None = None
    only_start_s: float | None = None


@dataclass(frozen=True, slots=True)
class BusRow:
    """One bus, in words."""

    name: str
    volume: str
    treatment: tuple[str, ...]  # one sentence each


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivered file, and whether it meets its requirements."""

    path: str  # relative to the report: "rainy_cafe.podcast.mp3"
    about: str  # the use: "podcasts"
    format: str  # "MP3, 44.1 kHz, stereo"
    found: str  # "−16.0 LUFS, −1.3 dBTP"
    wanted: str  # "−16.0 LUFS ± 1.0 LU, at most −1.0 dBTP"
    passes: bool
    source: str  # of the figures


@dataclass(frozen=True, slots=True)
class Report:
    """All values for a template."""

    name: str
    description: str
    scene_path: str  # relative to the project: "scenes/rainy_cafe.yaml"
    stem: str  # "rainy_cafe"
    command: str  # to build it again: "scenebuild scenes/rainy_cafe.yaml"
    preview: bool  # a sketch stands in for a real take of the lock, which was left as it is
    sketched: tuple[str, ...]  # the names of the elements that were sketched
    real_engine: str  # the title of the engine that would make them, "AudioGen"
    how_to_make_real: str  # a sentence with the command to type; "" if nothing was sketched
    elements: tuple[ReportElement, ...]
    # the mix
    mix_path: str  # relative to the report: "rainy_cafe.wav"
    duration_s: float
    sample_rate: int
    channels: int
    loudness: str  # "−20.0 LUFS"
    loudness_target: str  # "−20.0 LUFS", or "" for none
    true_peak: str  # "−3.1 dBTP"
    true_peak_limit: str  # "−1.0 dBTP"
    master_gain: str  # "+2.4 dB"
    licence: str  # the strictest of its takes
    warnings: tuple[str, ...]
    # pictures, relative to the report
    waveform_path: str
    spectrogram_path: str
    timeline_path: str
    scenebuild_version: str
    deliveries: tuple[DeliveryRow, ...] = ()
    buses: tuple[BusRow, ...] = ()
    seam: str = ""  # the score of the seam of a mix that loops: "−1.2 dB"
    seam_limit: str = ""
