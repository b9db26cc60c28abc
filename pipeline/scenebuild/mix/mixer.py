"""A scene and its takes become one sound file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from math import inf
from pathlib import Path

from scenebuild.audio.frames import LONGEST_S, seconds_of
from scenebuild.audio.level import gain_to_db
from scenebuild.audio.riff import smpl_chunk
from scenebuild.audio.wav import WavWriter
from scenebuild.errors import Problem, ScenebuildError, SceneError
from scenebuild.files import aside as written_aside
from scenebuild.mix.automation import MixFormat
from scenebuild.mix.buffers import HELD_BYTES, BufferPool
from scenebuild.mix.channel_strip import ChannelInput, highest_gain
from scenebuild.mix.clip import Clip, tape_of
from scenebuild.mix.effects import with_responses
from scenebuild.mix.levels import master_gain_db
from scenebuild.mix.looping import ReadTarget
from scenebuild.mix.model import Mix, PlayedTake, StemFacts
from scenebuild.mix.place import levelled, place_sounding, place_stem
from scenebuild.mix.routing import Routing
from scenebuild.mix.seams import mix_seam, refuse_bad_seams
from scenebuild.mix.stem import UNHEARD, Stem, StemLevels, survey
from scenebuild.mix.stem_capture import Keep, held_frames, keep_share, keep_stem
from scenebuild.mix.stem_split import write_split
from scenebuild.mix.submix import Submix, treat
from scenebuild.mix.sum_passes import MixLevels, Progress, SumPass, measure_sum, write_silence, write_stem, write_sum
from scenebuild.mix.timeline import Placement, Span, Timeline, lay_out
from scenebuild.scene.model import Element, Scene

Aside = Callable[[str], AbstractContextManager[str]]  # see ``files.aside``

BLOCK_FRAMES = 32768  # stays in the cache; smaller ones cost more calls, larger ones more memory traffic


@dataclass(frozen=True, slots=True)
class _Placed:
    """An element in its place, as a plain stem or as a layer of the desk."""

    element: Element
    placement: Placement
    heard: Stem | ChannelInput
    gain_db: float
    warning: str
    seam_db: float | None = None


@dataclass(frozen=True, slots=True)
class _Treatment:
    """What runs through the desk, what of it is not heard, and whether each one's share of the sum is wanted."""

    names: frozenset[str]
    silenced: frozenset[str]
    split: bool


@dataclass(frozen=True, slots=True)
class _Set:
    """All that is set up for the passes over a mix."""

    desk: SumPass
    placed: tuple[_Placed, ...]
    surveys: Mapping[str, StemLevels]
    console: Routing
    treated: Submix | None


def mix_scene(
    scene: Scene,
    sources: Mapping[str, PlayedTake],
    path: Path,
    *,
    stems_folder: Path | None = None,
    silenced: frozenset[str] | None = None,
    info: Mapping[str, str] | None = None,
    keep: Keep | None = None,
    most_kept_frames: int = 0,
    progress: Progress = lambda share: None,
    block_frames: int = BLOCK_FRAMES,
    held_bytes: int = HELD_BYTES,
    aside: Aside = written_aside,
) -> Mix:
    """Render a scene into a 24-bit WAV at ``path``, and each stem into ``stems_folder``/<name>.wav if that is given.

    ``sources`` has the take of every element by the element's name, further ones as ``rain.2`` (see ``tape_of``);
    ``info`` is text for the file (see ``info_chunk``); ``progress`` is told the share that is done, 0 … 1. The same
    scene and takes give the same bytes, with or without stems and whatever the block size. A file appears under its
    name when it is complete: an error or an interruption leaves the one that was there. ``aside`` gives out the names
    under which they are written until then.

    ``silenced``: elements that others make room for, without being heard themselves; left out, those that the scene
    mutes. Their stems are silent.

    ``keep`` is given every stem that is heard, in memory, unless they need more than some ``most_kept_frames`` in all.

    Raises AudioFileError where a take can not be read, ScenebuildError where the scene has no length, OSError where a
    file can not be written.
    """
    scene, read = with_responses(scene)
    path.parent.mkdir(parents=True, exist_ok=True)
    if stems_folder is not None:
        stems_folder.mkdir(parents=True, exist_ok=True)
    tapes = {element.name: tape_of(element, sources) for element in scene.elements}
    timeline = _timeline(scene, tapes)
    if silenced is None:
        silenced = frozenset(element.name for element in scene.elements if element.mute)
    treated = _treated_names(scene, timeline)
    if held_frames(scene.elements, timeline, treated) > most_kept_frames:
        keep = None
    with BufferPool(path.parent, held_bytes) as shelf:
        ready = _set_up(
            scene, tapes, timeline, shelf, block_frames, progress, _Treatment(treated, silenced, keep is not None)
        )
        seams = {one.element.name: one.seam_db for one in ready.placed if one.seam_db is not None}
        raw = measure_sum(ready.desk, progress)
        highest_stem = max((found.peak_dbfs for found in ready.surveys.values()), default=-inf)
        gain_db, missed = master_gain_db(scene.mix, raw.loudness, raw.true_peak_dbtp, highest_stem)
        names = [element.name for element in scene.elements]
        stem_paths = [stems_folder / f"{name}.wav" for name in names] if stems_folder else []
        with ExitStack() as parts:
            *stem_parts, mix_part = [Path(parts.enter_context(aside(str(one)))) for one in (*stem_paths, path)]
            final = _write_mix(ready, gain_db, mix_part, info, progress)
            seam_db = mix_seam(mix_part) if scene.mix.loop else None
            refuse_bad_seams(scene, seams, seam_db)
            if stem_parts:
                _write_stems(ready, gain_db, dict(zip(names, stem_parts, strict=True)), info)
            if keep:
                _keep_stems(ready, gain_db, keep)
    progress(1.0)
    return Mix(
        path=str(path),
        sample_rate=timeline.sample_rate,
        channels=scene.mix.channels,
        frames=timeline.frames,
        loudness_lufs=final.loudness.integrated_lufs(),
        true_peak_dbtp=final.true_peak_dbtp,
        master_gain_db=gain_db,
        stems=tuple(_stem_facts(one, ready, gain_db) for one in ready.placed),
        seam_db=seam_db,
        warnings=(*(one.warning for one in ready.placed if one.warning), *missed),
        read=read,
    )


def _timeline(scene: Scene, tapes: Mapping[str, Clip]) -> Timeline:
    seed = scene.seed if scene.mix.seed is None else scene.mix.seed
    spans = [_span(element, tapes[element.name], seed) for element in scene.elements]
    settings = scene.mix
    timeline = lay_out(spans, settings.sample_rate, settings.duration_s, goes_round=settings.loop is not None)
    if not timeline.frames:
        raise ScenebuildError(f"{scene.path}: there is nothing to mix: no element and no duration")
    _refuse_long(scene, spans, timeline)
    return timeline


def _refuse_long(scene: Scene, spans: Sequence[Span], timeline: Timeline) -> None:
    """How long a recording is, reading the scene does not say: what follows from it has the limits of a mix as well."""
    for element, span in zip(scene.elements, spans, strict=True):
        if span.length_s > LONGEST_S:
            message = (
                f"{element.name}: would sound for {span.length_s:.0f} s, and a mix lasts at most {LONGEST_S:.0f} s; "
                "trim it, or play it faster"
            )
            raise SceneError([Problem("mix-length", message, element.place)])
    length_s = seconds_of(timeline.frames, timeline.sample_rate)
    if length_s > LONGEST_S:
        last = scene.elements[max(range(len(spans)), key=lambda index: timeline.placements[index].stop)]
        message = (
            f"{last.name}: would end at {length_s:.0f} s, and a mix lasts at most {LONGEST_S:.0f} s; "
            "start it earlier, trim it, or write mix: {duration: 36000}"
        )
        raise SceneError([Problem("mix-length", message, last.place)])


def _span(element: Element, tape: Clip, seed: int) -> Span:
    playing = element.playing
    return Span(element.start_s, tape.length_s, element.loop, playing.more_starts_s, playing.repeat, element.name, seed)


def _set_up(
    scene: Scene,
    tapes: Mapping[str, Clip],
    timeline: Timeline,
    shelf: BufferPool,
    block_frames: int,
    progress: Progress,
    treatment: _Treatment,
) -> _Set:
    """Read every take onto its place, run the desk, and listen to every stem once."""
    channels, rate = scene.mix.channels, timeline.sample_rate
    goes_round = timeline.frames if scene.mix.loop else None
    room = ReadTarget(shelf, rate, channels, goes_round)
    placed: list[_Placed] = []
    for element, placement in zip(scene.elements, timeline.placements, strict=True):
        put = _put_layer if element.name in treatment.names else _put_stem
        placed.append(put(element, tapes[element.name], placement, room))
        progress(0.15 * len(placed) / len(scene.elements))
    stems = [one.heard for one in placed if isinstance(one.heard, Stem) and one.heard.name not in treatment.silenced]
    layers = tuple(one.heard for one in placed if isinstance(one.heard, ChannelInput))
    form = MixFormat(rate, channels, timeline.frames, goes_round is not None)
    keys = _keys(scene)  # a bus that others make room for has its place, also where nothing is on it
    buses = tuple(bus for bus in scene.buses if bus.name in keys or _has_members(bus.name, layers))
    console = Routing(layers, buses, form, treatment.silenced)
    treated = treat(console, shelf, split=treatment.split) if layers else None
    if treated:
        stems = [*stems, Stem("", treated.body, None, 0, timeline.frames)]
    desk = SumPass(tuple(stems), rate, channels, timeline.frames, block_frames)
    surveys = {stem.name: survey(stem, rate, channels, block_frames) for stem in stems if stem.name}
    surveys |= treated.surveys if treated else {}
    surveys |= dict.fromkeys(
        [*treatment.silenced, *filter(console.is_only_a_key, (bus.name for bus in console.buses))], UNHEARD
    )
    progress(0.2)
    return _Set(desk, tuple(placed), surveys, console, treated)


def _has_members(bus: str, layers: Sequence[ChannelInput]) -> bool:
    return any(layer.channel.bus == bus for layer in layers)


def _treated_names(scene: Scene, timeline: Timeline) -> frozenset[str]:
    """The elements that need the desk. All others take the short way: their bytes are copied into their place."""
    keys = _keys(scene)
    return frozenset(
        element.name
        for element, placement in zip(scene.elements, timeline.placements, strict=True)
        if scene.mix.loop or not element.channel.is_plain or len(placement.times) > 1 or element.name in keys
    )


def _keys(scene: Scene) -> set[str]:
    """The elements and buses that others make room for."""
    channels = (*(one.channel for one in scene.elements), *(bus.channel for bus in scene.buses))
    return {name for channel in channels if channel.duck for name in channel.duck.under}


def _put_stem(element: Element, tape: Clip, placement: Placement, room: ReadTarget) -> _Placed:
    level, warning = levelled(element, tape)
    gain = element.gain * level
    stem, seam_db = place_stem(element, tape, placement, room, element.pan, gain)
    return _Placed(element, placement, stem, gain_to_db(gain), _late(element, placement) or warning, seam_db)


def _put_layer(element: Element, tape: Clip, placement: Placement, room: ReadTarget) -> _Placed:
    level, warning = levelled(element, tape)
    channel = element.channel
    pan = element.pan if channel.pan is None else None
    put = place_sounding(element, tape, placement, room, pan, level)
    layer = ChannelInput(
        element.name, put.heard, tape.channels if pan is None else room.channels, element.gain, channel
    )
    gain = level * highest_gain(channel.fader, element.gain)
    return _Placed(element, placement, layer, gain_to_db(gain), _late(element, placement) or warning, put.seam_db)


def _late(element: Element, placement: Placement) -> str:
    if placement.start < placement.stop:
        return ""
    return f"{element.name}: starts at {element.start_s:g} s, when the mix is over, and is not heard"


def _write_mix(
    ready: _Set, gain_db: float, path: Path, info: Mapping[str, str] | None, progress: Progress
) -> MixLevels:
    desk = ready.desk
    loop = smpl_chunk(desk.sample_rate, 0, desk.frames) if ready.console.form.goes_round else b""
    with _wav(desk, path, info, loop) as file:
        return write_sum(desk, gain_db, file, progress)


def _write_stems(ready: _Set, gain_db: float, paths: Mapping[str, Path], info: Mapping[str, str] | None) -> None:
    for stem in ready.desk.stems:
        if stem.name:
            with _wav(ready.desk, paths[stem.name], info) as file:
                write_stem(ready.desk, stem, gain_db, file)
    for name in ready.console.silenced:
        with _wav(ready.desk, paths[name], info) as file:
            write_silence(ready.desk, file)
    heard = [layer.name for layer in ready.console.layers if layer.name not in ready.console.silenced]
    if ready.treated is None or not heard:
        return
    with ExitStack() as files:
        writers = {name: files.enter_context(_wav(ready.desk, paths[name], info)) for name in heard}
        write_split(ready.console, ready.treated, gain_db, writers)


def _keep_stems(ready: _Set, gain_db: float, keep: Keep) -> None:
    for stem in ready.desk.stems:
        if stem.name:
            keep(keep_stem(ready.desk, stem, gain_db))
    for name, share in ready.treated.shares.items() if ready.treated else ():
        keep(keep_share(ready.desk, name, share, gain_db))


def _wav(desk: SumPass, path: Path, info: Mapping[str, str] | None, more: bytes = b"") -> WavWriter:
    return WavWriter(path, desk.sample_rate, desk.channels, info=info, more=more, expected_frames=desk.frames)


def _stem_facts(one: _Placed, ready: _Set, gain_db: float) -> StemFacts:
    rate, found = ready.desk.sample_rate, ready.surveys[one.element.name]
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
    )
