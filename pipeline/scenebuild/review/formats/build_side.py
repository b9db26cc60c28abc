"""A build as one side of the page: its mix and its stems."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenebuild import number_text as words
from scenebuild.audio.wav import open_sound
from scenebuild.mix.stem_capture import CapturedStem
from scenebuild.report.pages.embedded_audio import MOST_CAPTURED_S, stem_sounds
from scenebuild.report.pages.lanes import bars_of, wave_of
from scenebuild.report.pages.mixer_page import MixerSide, MixerStrip, Pairs, Picture
from scenebuild.report.pictures.outline import envelope, opened
from scenebuild.report.pictures.spectrogram import hertz_of, plot_png, spectrum_of
from scenebuild.report.pictures.timeline import Lane
from scenebuild.report.pictures.waveform import COLUMNS
from scenebuild.review.compare.build_folder import Build
from scenebuild.review.compare.meters import measure_sound

LANE_COLUMNS = 320


def side_of_build(build: Build, budget_bytes: int) -> MixerSide:
    """A build as a side of the page; with strips if the build has stems, and with their sounds if these fit the budget.

    OSError or AudioFileError if its files cannot be read.
    """
    with opened(build.mix_path) as mix:
        outline, spectrum = envelope(mix, COLUMNS), spectrum_of(mix)
        seconds, sample_rate, channels = mix.duration_s, mix.sample_rate, mix.channels
    stems = {name: build.stem(name) for name in build.elements if build.stem(name).is_file()}
    fits = seconds * len(stems) <= MOST_CAPTURED_S
    return MixerSide(
        label=build.label,
        seconds=seconds,
        sample_rate=sample_rate,
        channels=channels,
        wave=wave_of(outline),
        spectrogram=Picture(plot_png(spectrum), tuple(hertz_of(spectrum))),
        facts=_facts(build.mix_path),
        strips=tuple(_strip(name, str(build.elements[name].get("engine", "")), path) for name, path in stems.items()),
        sounds=stem_sounds([_kept(name, path) for name, path in stems.items()], sample_rate, budget_bytes)
        if fits
        else (),
    )


def _facts(mix: Path) -> Pairs:
    found = measure_sound(mix)
    form = (words.sample_rate(found.sample_rate or 0), words.channels(found.channels or 0))
    return (
        ("Length", words.duration(found.length_s)),
        ("Loudness", words.loudness(found.loudness_lufs)),
        ("True peak", "" if found.true_peak_dbtp is None else words.true_peak(found.true_peak_dbtp)),
        ("Format", ", ".join(form)),
    )


def _strip(name: str, engine: str, stem: Path) -> MixerStrip:
    """The strip of an element. A build does not say when an element plays, so its bar is the whole stem."""
    with opened(stem) as wav:
        peaks = envelope(wav, LANE_COLUMNS).peak.max(axis=0, initial=np.float32(0))
        seconds = wav.duration_s
    lane = Lane(name, "", ((0.0, seconds),), seconds, False, 0.0, 0.0, 0.0, np.asarray(peaks))
    return MixerStrip(name, "", engine, (), bars_of(lane, seconds, 1))


def _kept(name: str, stem: Path) -> CapturedStem:
    with open_sound(stem) as file:
        samples = file.read(dtype="int32", always_2d=True)
    return CapturedStem(name, 0, samples >> 8)
