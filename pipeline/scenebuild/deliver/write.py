"""One file in its format, with its metadata, and the levels that a meter finds in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio.dither import Dither
from scenebuild.audio.encode import loop_comments, write_flac, write_mp3, write_ogg
from scenebuild.audio.level import Samples
from scenebuild.audio.meter import LevelMeter, MeasuredLevels
from scenebuild.audio.riff import Broadcast, Mark, bext_chunk, cue_chunks, smpl_chunk
from scenebuild.audio.wav import WavWriter, quantize, read_blocks
from scenebuild.deliver.presets import Delivery

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class FileMetadata:
    """The metadata of a delivered file. Texts have no control characters; empty ones are left out."""

    title: str = ""
    licence: str = ""
    comment: str = ""
    software: str = "scenebuild"
    marks: tuple[Mark, ...] = ()  # in frames of the mix: where each element starts
    loop: bool = False  # the whole mix loops


def write(path: Path, blocks: Iterable[Samples], wanted: Delivery, facts: FileMetadata, frames: int) -> MeasuredLevels:
    """Write ``frames`` frames of sound, in blocks at the rate and with the channels of the delivery: the levels of the
    file.

    A file with lossy compression is decoded to be measured; the samples of any other are measured as they are written.
    """
    meter = LevelMeter(wanted.sample_rate, wanted.channels)
    if wanted.format in ("wav", "flac"):
        integers = _measured(_integers(blocks, wanted.bits), wanted.bits, meter)
        if wanted.format == "wav":
            _write_wav(path, integers, wanted, facts, frames, meter)
        else:
            write_flac(path, integers, wanted.sample_rate, wanted.channels, wanted.bits, _comments(facts, frames))
        return meter.levels()
    if wanted.format == "ogg":
        write_ogg(path, blocks, wanted.sample_rate, wanted.channels, _comments(facts, frames))
    else:
        texts = {"TIT2": facts.title, "TCOP": facts.licence, "TSSE": facts.software, "COMMENT": facts.comment}
        write_mp3(path, blocks, wanted.sample_rate, wanted.channels, texts)
    for block in read_blocks(path):
        meter.feed(block)
    return meter.levels()


def _integers(blocks: Iterable[Samples], bits: int) -> Iterator[Integers]:
    if bits == 16:
        dither = Dither()
        yield from (dither.run(block) for block in blocks)
    else:
        yield from (quantize(block) for block in blocks)


def _measured(blocks: Iterable[Integers], bits: int, meter: LevelMeter) -> Iterator[Integers]:
    for block in blocks:
        meter.feed(block.astype(np.float32) * np.float32(2.0 ** (1 - bits)))
        yield block


def _write_wav(
    path: Path, blocks: Iterator[Integers], wanted: Delivery, facts: FileMetadata, frames: int, meter: LevelMeter
) -> None:
    more = cue_chunks(facts.marks) + (smpl_chunk(wanted.sample_rate, 0, frames) if facts.loop else b"")
    info = {"INAM": facts.title, "ICOP": facts.licence, "ICMT": facts.comment, "ISFT": facts.software}
    front = bext_chunk(Broadcast()) if wanted.broadcast else b""
    with WavWriter(
        path,
        wanted.sample_rate,
        wanted.channels,
        bits=wanted.bits,
        info=info,
        front=front,
        more=more,
        expected_frames=frames,
    ) as file:
        for block in blocks:
            file.write_integers(block)
        if wanted.broadcast:
            file.replace_front(bext_chunk(_broadcast(facts, meter.levels())))


def _broadcast(facts: FileMetadata, levels: MeasuredLevels) -> Broadcast:
    loudness = levels.loudness
    momentary, short_term = loudness.momentary_lufs(), loudness.short_term_lufs()
    return Broadcast(
        description=facts.title,
        originator=facts.software,
        loudness_lufs=loudness.integrated_lufs(),
        range_lu=loudness.range_lu(),
        true_peak_dbtp=levels.true_peak_dbtp,
        momentary_lufs=float(momentary.max()) if len(momentary) else None,
        short_term_lufs=float(short_term.max()) if len(short_term) else None,
    )


def _comments(facts: FileMetadata, frames: int) -> dict[str, str]:
    texts = {"TITLE": facts.title, "LICENSE": facts.licence, "DESCRIPTION": facts.comment, "ENCODED-BY": facts.software}
    return texts | (loop_comments(0, frames) if facts.loop else {})
