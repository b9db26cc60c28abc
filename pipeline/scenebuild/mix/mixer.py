"""A scene and its takes become one sound file.

Two passes over the whole length, block by block, so that memory does not grow with it: the first adds the stems up
and measures, the second applies the master gain and writes. What is written is a sum of whole numbers: each stem is
rounded to 24 bits by itself, so that the stems' files add up to the mix's file exactly.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.frames import seconds_of
from scenebuild.audio.level import Samples, db_to_gain
from scenebuild.audio.loudness import Loudness, LoudnessMeter
from scenebuild.audio.true_peak import TruePeakMeter
from scenebuild.audio.wav import FULL_SCALE, WavWriter, dequantize
from scenebuild.errors import ScenebuildError
from scenebuild.mix.levels import master_gain_db
from scenebuild.mix.model import Mix, Source, StemFacts
from scenebuild.mix.shelf import HELD_BYTES, Shelf
from scenebuild.mix.stem import Stem, Survey, place_stem, survey
from scenebuild.mix.timeline import Span, Timeline, lay_out
from scenebuild.scene.model import Scene

BLOCK_FRAMES = 32768  # stays in the cache; smaller ones cost more calls, larger ones more memory traffic

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every pass needs to know."""

    stems: tuple[Stem, ...]
    sample_rate: int
    channels: int
    frames: int
    block_frames: int

    def blocks(self, progress: Progress, share: tuple[float, float]) -> Iterator[tuple[int, int]]:
        """The blocks ``[start, stop)`` of the mix, with word of the progress after each."""
        for start in range(0, self.frames, self.block_frames):
            stop = min(start + self.block_frames, self.frames)
            yield start, stop
            progress(share[0] + (share[1] - share[0]) * stop / self.frames)


@dataclass(frozen=True, slots=True)
class _Levels:
    loudness: Loudness
    true_peak_dbtp: float


class _Rounder:
    """Turns float samples into 24-bit integers after a gain, in buffers that are used again."""

    def __init__(self, gain_db: float, block_frames: int, channels: int) -> None:
        self._scale = np.float32(db_to_gain(gain_db) * FULL_SCALE)
        self._floats = np.empty((block_frames, channels), np.float32)
        self._integers = np.empty((block_frames, channels), np.int32)

    def __call__(self, samples: Samples) -> NDArray[np.int32]:
        floats, integers = self._floats[: len(samples)], self._integers[: len(samples)]
        np.multiply(samples, self._scale, out=floats)
        np.rint(floats, out=floats)
        np.copyto(integers, floats, casting="unsafe")
        return integers


def mix_scene(
    scene: Scene,
    sources: Mapping[str, Source],
    path: Path,
    *,
    stems_folder: Path | None = None,
    info: Mapping[str, str] | None = None,
    progress: Progress = lambda share: None,
    block_frames: int = BLOCK_FRAMES,
    held_bytes: int = HELD_BYTES,
) -> Mix:
    """Render a scene into a 24-bit WAV at ``path``, and each stem into ``stems_folder``/<name>.wav if that is given.

    ``sources`` has the take of every element by the element's name; ``info`` is text for the file (see
    ``info_chunk``); ``progress`` is told the share that is done, 0 … 1. The same scene and takes give the same bytes,
    with or without stems and whatever the block size. A file appears under its name when it is complete: an error or
    an interruption leaves the one that was there.

    Raises AudioFileError where a take can not be read, ScenebuildError where the scene has no length, OSError where a
    file can not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if stems_folder is not None:
        stems_folder.mkdir(parents=True, exist_ok=True)
    settings = scene.mix
    timeline = _timeline(scene, sources)
    with Shelf(path.parent, held_bytes) as shelf:
        desk, gains, warnings = _set_up(scene, sources, timeline, shelf, block_frames, progress)
        surveys = [survey(stem, desk.sample_rate, desk.channels, block_frames) for stem in desk.stems]
        progress(0.2)
        raw = _measure_sum(desk, progress)
        highest_stem = max((found.peak_dbfs for found in surveys), default=-inf)
        gain_db, missed = master_gain_db(settings, raw.loudness, raw.true_peak_dbtp, highest_stem)

        stem_paths = [stems_folder / f"{stem.name}.wav" for stem in desk.stems] if stems_folder else []
        with _written_aside(*stem_paths, path) as (*stem_parts, mix_part):
            final = _write_mix(desk, gain_db, mix_part, info, progress)
            for stem, part in zip(desk.stems, stem_parts, strict=False):  # no parts unless stems are wanted
                _write_stem(desk, stem, gain_db, part, info)
    progress(1.0)
    return Mix(
        path=str(path),
        sample_rate=desk.sample_rate,
        channels=desk.channels,
        frames=desk.frames,
        loudness_lufs=final.loudness.integrated_lufs(),
        true_peak_dbtp=final.true_peak_dbtp,
        master_gain_db=gain_db,
        stems=_stem_facts(desk, gains, surveys, gain_db),
        warnings=(*warnings, *missed),
    )


def _timeline(scene: Scene, sources: Mapping[str, Source]) -> Timeline:
    takes = [(element, sources[element.name]) for element in scene.elements]
    spans = [Span(element.start_s, take.frames / take.sample_rate, element.loop) for element, take in takes]
    timeline = lay_out(spans, scene.mix.sample_rate, scene.mix.duration_s)
    if not timeline.frames:
        raise ScenebuildError(f"{scene.path}: there is nothing to mix: no element and no duration")
    return timeline


def _set_up(
    scene: Scene,
    sources: Mapping[str, Source],
    timeline: Timeline,
    shelf: Shelf,
    block_frames: int,
    progress: Progress,
) -> tuple[_Desk, list[float], list[str]]:
    """Read every take onto its place: (the desk, the gain of each stem in dB, warnings)."""
    stems, gains, warnings = [], [], []
    for element, placement in zip(scene.elements, timeline.placements, strict=True):
        source = sources[element.name]
        stem, gain_db, warning = place_stem(element, source, placement, timeline.sample_rate, scene.mix.channels, shelf)
        stems.append(stem)
        gains.append(gain_db)
        if warning:
            warnings.append(warning)
        progress(0.15 * len(stems) / len(scene.elements))
    desk = _Desk(tuple(stems), timeline.sample_rate, scene.mix.channels, timeline.frames, block_frames)
    return desk, gains, warnings


def _measure_sum(desk: _Desk, progress: Progress) -> _Levels:
    """The first pass: the levels of the sum before any master gain."""
    loudness, peaks = LoudnessMeter(desk.sample_rate, desk.channels), TruePeakMeter(desk.channels)
    buffer = np.empty((desk.block_frames, desk.channels), np.float32)
    for start, stop in desk.blocks(progress, (0.2, 0.55)):
        total = buffer[: stop - start]
        total[:] = 0
        for stem in desk.stems:
            for at, piece in stem.render(start, stop):
                total[at - start : at - start + len(piece)] += piece
        loudness.feed(total)
        peaks.feed(total)
    return _Levels(loudness.loudness(), peaks.true_peak_dbtp())


def _write_mix(desk: _Desk, gain_db: float, path: Path, info: Mapping[str, str] | None, progress: Progress) -> _Levels:
    """The second pass: write the mix, and measure what is written."""
    loudness, peaks = LoudnessMeter(desk.sample_rate, desk.channels), TruePeakMeter(desk.channels)
    with _wav(desk, path, info) as file:
        for block in _integer_blocks(desk, desk.stems, gain_db, progress, (0.55, 1.0)):
            file.write_integers(block)
            samples = dequantize(block)
            loudness.feed(samples)
            peaks.feed(samples)
    return _Levels(loudness.loudness(), peaks.true_peak_dbtp())


def _write_stem(desk: _Desk, stem: Stem, gain_db: float, path: Path, info: Mapping[str, str] | None) -> None:
    with _wav(desk, path, info) as file:
        for block in _integer_blocks(desk, [stem], gain_db, lambda share: None, (0.0, 1.0)):
            file.write_integers(block)


def _wav(desk: _Desk, path: Path, info: Mapping[str, str] | None) -> WavWriter:
    return WavWriter(path, desk.sample_rate, desk.channels, info=info, expected_frames=desk.frames)


def _integer_blocks(
    desk: _Desk, stems: Sequence[Stem], gain_db: float, progress: Progress, share: tuple[float, float]
) -> Iterator[NDArray[np.int32]]:
    """The sum of the stems' 24-bit integers, block by block. A block is valid until the next one is asked for."""
    rounded = _Rounder(gain_db, desk.block_frames, desk.channels)
    buffer = np.empty((desk.block_frames, desk.channels), np.int32)
    for start, stop in desk.blocks(progress, share):
        total = buffer[: stop - start]
        total[:] = 0
        for stem in stems:
            for at, piece in stem.render(start, stop):
                total[at - start : at - start + len(piece)] += rounded(piece)
        yield total


def _stem_facts(
    desk: _Desk, gains: Sequence[float], surveys: Sequence[Survey], gain_db: float
) -> tuple[StemFacts, ...]:
    return tuple(
        StemFacts(
            name=stem.name,
            start_s=seconds_of(stem.start, desk.sample_rate),
            end_s=seconds_of(stem.stop, desk.sample_rate),
            gain_db=own_gain_db,
            loudness_lufs=found.loudness.integrated_lufs(gain_db),
            peak_dbfs=found.peak_dbfs + gain_db,
        )
        for stem, own_gain_db, found in zip(desk.stems, gains, surveys, strict=True)
    )


@contextmanager
def _written_aside(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Fresh paths to write to instead, in the same folders: two builds of a scene may run at once.

    Renamed to ``paths`` when all went well, removed when not.
    """
    parts = tuple(path.with_name(f".tmp-{secrets.token_hex(8)}-{path.name}") for path in paths)
    try:
        yield parts
        for part, path in zip(parts, paths, strict=True):
            os.replace(part, path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
