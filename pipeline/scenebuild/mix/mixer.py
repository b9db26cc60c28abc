"""Mixes a scene and its takes into one sound file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from scenebuild.audio.meter import MeasuredLevels
from scenebuild.audio.riff import smpl_chunk
from scenebuild.audio.wav import WavWriter
from scenebuild.files import Aside
from scenebuild.files import aside as written_aside
from scenebuild.frames import seconds_of
from scenebuild.mix.buffers import MEMORY_BYTES, BufferPool
from scenebuild.mix.clip import clip_of
from scenebuild.mix.impulse_responses import read_responses
from scenebuild.mix.levels import master_gain_db
from scenebuild.mix.model import Mix, PlayedTake, StemFacts
from scenebuild.mix.prepare import PlacedSource, PreparedMix, RoutingOptions, prepare_mix, routed_names
from scenebuild.mix.scene_timeline import timeline_of
from scenebuild.mix.seam_check import mix_seam, refuse_bad_seams
from scenebuild.mix.stem_capture import Capture, capture_share, capture_stem, frames_to_capture
from scenebuild.mix.stem_split import write_split
from scenebuild.mix.sum_passes import Progress, SumPass, measure_sum, write_silence, write_stem, write_sum
from scenebuild.scene.model import Scene

BLOCK_FRAMES = 32768  # stays in the cache; smaller ones cost more calls, larger ones more memory traffic


def mix_scene(
    scene: Scene,
    sources: Mapping[str, Sequence[PlayedTake]],
    path: Path,
    *,
    stems_folder: Path | None = None,
    muted: frozenset[str] | None = None,
    info: Mapping[str, str] | None = None,
    capture: Capture | None = None,
    most_captured_frames: int = 0,
    progress: Progress = lambda share: None,
    block_frames: int = BLOCK_FRAMES,
    memory_bytes: int = MEMORY_BYTES,
    aside: Aside = written_aside,
) -> Mix:
    """Render a scene into a 24-bit WAV at ``path``, and each stem into ``stems_folder``/<name>.wav if that is given.

    ``sources`` has the takes of every element by the element's name: one, or several that lead into each other;
    ``info`` is text for the file (see ``info_chunk``); ``progress`` is called with the share that is done, 0 … 1. The
    same scene and takes give the same bytes, with or without stems and for any block size. A file appears under its
    name when it is complete; after an error, the old file stays. ``aside`` gives the names of the files until then.

    ``muted``: elements that are not heard, but still duck others; by default those that the scene mutes. Their stems
    are silent.

    ``capture`` is called with every stem that is heard, in memory, unless all stems together have more than about
    ``most_captured_frames``.

    AudioFileError if a take cannot be read, ScenebuildError if the scene has no length, OSError if a file cannot be
    written.
    """
    responses = read_responses(scene)
    path.parent.mkdir(parents=True, exist_ok=True)
    if stems_folder is not None:
        stems_folder.mkdir(parents=True, exist_ok=True)
    clips = {element.name: clip_of(element, sources[element.name]) for element in scene.elements}
    timeline = timeline_of(scene, clips)
    if muted is None:
        muted = frozenset(element.name for element in scene.elements if element.mute)
    routed = routed_names(scene, timeline)
    if frames_to_capture(scene.elements, timeline, routed) > most_captured_frames:
        capture = None
    with BufferPool(path.parent, memory_bytes) as buffers:
        options = RoutingOptions(routed, muted, split=capture is not None, responses=responses)
        prepared = prepare_mix(scene, clips, timeline, buffers, block_frames, progress, options)
        raw = measure_sum(prepared.sums, progress)
        gain_db, missed = master_gain_db(scene.mix, raw.loudness, raw.true_peak_dbtp, prepared.highest_stem_dbfs)
        if capture:
            _capture_stems(prepared, gain_db, capture)
        final, seam_db = _write_files(scene, prepared, gain_db, path, stems_folder, info, progress, aside)
    progress(1.0)
    return Mix(
        path=str(path),
        sample_rate=timeline.sample_rate,
        channels=scene.mix.channels,
        frames=timeline.frames,
        loudness_lufs=final.loudness.integrated_lufs(),
        true_peak_dbtp=final.true_peak_dbtp,
        master_gain_db=gain_db,
        stems=tuple(_stem_facts(one, prepared, gain_db) for one in prepared.placed),
        seam_db=seam_db,
        warnings=(*(one.warning for one in prepared.placed if one.warning), *missed),
        read={path: one.digest for path, one in responses.items()},
    )


def _write_files(
    scene: Scene,
    prepared: PreparedMix,
    gain_db: float,
    path: Path,
    stems_folder: Path | None,
    info: Mapping[str, str] | None,
    progress: Progress,
    aside: Aside,
) -> tuple[MeasuredLevels, float | None]:
    """Write the mix and its stems, all of them or none: the levels of the mix, and the score of its seam if it loops.

    SceneError if the score of a seam exceeds its limit.
    """
    names = [element.name for element in scene.elements]
    stem_paths = [stems_folder / f"{name}.wav" for name in names] if stems_folder else []
    with ExitStack() as parts:
        *stem_parts, mix_part = [Path(parts.enter_context(aside(str(one)))) for one in (*stem_paths, path)]
        levels = _write_mix(prepared, gain_db, mix_part, info, progress)
        seam_db = mix_seam(mix_part) if scene.mix.loop else None
        refuse_bad_seams(scene, prepared.seams_db, seam_db)
        if stem_parts:
            _write_stems(prepared, gain_db, dict(zip(names, stem_parts, strict=True)), info)
    return levels, seam_db


def _write_mix(
    prepared: PreparedMix, gain_db: float, path: Path, info: Mapping[str, str] | None, progress: Progress
) -> MeasuredLevels:
    sums = prepared.sums
    loop = smpl_chunk(sums.sample_rate, 0, sums.frames) if prepared.routing.form.loops else b""
    with _wav(sums, path, info, loop) as file:
        return write_sum(sums, gain_db, file, progress)


def _write_stems(
    prepared: PreparedMix, gain_db: float, paths: Mapping[str, Path], info: Mapping[str, str] | None
) -> None:
    sums, routing = prepared.sums, prepared.routing
    for stem in sums.stems:
        if stem.name:
            with _wav(sums, paths[stem.name], info) as file:
                write_stem(sums, stem, gain_db, file)
    for name in routing.muted:
        with _wav(sums, paths[name], info) as file:
            write_silence(sums, file)
    if prepared.submix is None or not routing.audible:
        return
    with ExitStack() as files:
        writers = {name: files.enter_context(_wav(sums, paths[name], info)) for name in routing.audible}
        write_split(routing, prepared.submix, gain_db, writers)


def _capture_stems(prepared: PreparedMix, gain_db: float, capture: Capture) -> None:
    for stem in prepared.sums.stems:
        if stem.name:
            capture(capture_stem(prepared.sums, stem, gain_db))
    for name, share in prepared.submix.shares.items() if prepared.submix else ():
        capture(capture_share(prepared.sums, name, share, gain_db))


def _wav(sums: SumPass, path: Path, info: Mapping[str, str] | None, more: bytes = b"") -> WavWriter:
    return WavWriter(path, sums.sample_rate, sums.channels, info=info, more=more, expected_frames=sums.frames)


def _stem_facts(one: PlacedSource, prepared: PreparedMix, gain_db: float) -> StemFacts:
    rate, found = prepared.sums.sample_rate, prepared.levels[one.element.name]
    return StemFacts(
        name=one.element.name,
        start_s=seconds_of(one.placement.start, rate),
        end_s=seconds_of(one.placement.stop, rate),
        gain_db=one.gain_db,
        loudness_lufs=found.loudness.integrated_lufs(gain_db),
        peak_dbfs=found.peak_dbfs + gain_db,
        times_s=tuple((seconds_of(start, rate), seconds_of(stop, rate)) for start, stop in one.placement.times),
        pass_s=seconds_of(one.placement.pass_frames, rate),
        seam_db=one.seam_db,
        takes=one.clip.takes,
        whole_s=one.clip.whole_s,
        peaks=one.peaks,
    )
