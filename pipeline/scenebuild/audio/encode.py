"""Writing FLAC, Ogg Vorbis and MP3 through libsndfile, block by block, with texts and loop points.

The same sound and the same versions of the encoders give the same bytes. FLAC and Ogg keep the exact length; so does
MP3 for readers that know the encoder's delay from its first frame, as libsndfile and ffmpeg do.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from scenebuild.audio import ogg
from scenebuild.audio.level import Samples
from scenebuild.audio.vorbis_comment import pack_comments, vendor_of
from scenebuild.audio.wav import AudioFileError

VORBIS_QUALITY = 0.6  # of 0 … 1: some 190 kbit/s in stereo at 48 kHz
MP3_KBPS = 192
WRITE_FRAMES = 4096  # at a time: libsndfile's Vorbis encoder takes a whole write onto its stack
FLAC_COMMENT, FLAC_LAST = 4, 0x80  # RFC 9639, section 8.1
FLAC_MOST = (1 << 24) - 1

_Change = Callable[[BinaryIO, BinaryIO, Mapping[str, str]], None]


def loop_comments(start: int, frames: int) -> dict[str, str]:
    """The comments by which game engines know a loop of ``frames`` from ``start``; no standard, but common use.

    >>> loop_comments(0, 96000)
    {'LOOPSTART': '0', 'LOOPLENGTH': '96000'}
    """
    return {"LOOPSTART": str(start), "LOOPLENGTH": str(frames)}


def write_flac(
    path: str | PathLike[str],
    blocks: Iterable[NDArray[np.int32]],
    sample_rate: int,
    channels: int,
    bits: Literal[16, 24],
    comments: Mapping[str, str] | None = None,
) -> None:
    """Write integers of ``bits``, in blocks of ``(frames, channels)``, as FLAC."""
    whole = (np.left_shift(block, 32 - bits) for block in blocks)  # libsndfile takes the highest bits
    _encode(path, whole, sample_rate, channels, "FLAC", f"PCM_{bits}", 5 / 8)
    _rewrite(path, _with_flac_comments, comments or {})


def write_ogg(
    path: str | PathLike[str],
    blocks: Iterable[Samples],
    sample_rate: int,
    channels: int,
    comments: Mapping[str, str] | None = None,
    quality: float = VORBIS_QUALITY,
) -> None:
    """Write float samples, in blocks of ``(frames, channels)``, as Ogg Vorbis."""
    _encode(path, blocks, sample_rate, channels, "OGG", "VORBIS", 1 - quality)
    _rewrite(path, ogg.with_comments, comments or {})


def write_mp3(
    path: str | PathLike[str],
    blocks: Iterable[Samples],
    sample_rate: int,
    channels: int,
    texts: Mapping[str, str] | None = None,
    kbps: int = MP3_KBPS,
) -> None:
    """Write float samples, in blocks of ``(frames, channels)``, as MP3 of a constant bit rate: ``kbps``, or the highest
    that there is at this sample rate.

    ``texts``: ID3 frames by their name, ``TIT2`` title, ``TCOP`` copyright … Raises ValueError where MP3 does not know
    the sample rate.
    """
    lowest, highest = _mp3_range(sample_rate)
    compression = (highest - min(kbps, highest)) / (highest - lowest)
    _encode(path, blocks, sample_rate, channels, "MP3", "MPEG_LAYER_III", compression)
    _rewrite(path, _with_id3, texts or {})


def _mp3_range(sample_rate: int) -> tuple[int, int]:
    """The bit rates that libsndfile spreads its compression levels over."""
    if sample_rate in (32000, 44100, 48000):
        return 32, 320  # MPEG-1
    if sample_rate in (16000, 22050, 24000):
        return 8, 160  # MPEG-2
    if sample_rate in (8000, 11025, 12000):
        return 8, 64  # MPEG-2.5
    raise ValueError(f"an MP3 has 8, 11.025, 12, 16, 22.05, 24, 32, 44.1 or 48 kHz, not {sample_rate} Hz")


def _encode(
    path: str | PathLike[str],
    blocks: Iterable[NDArray[np.generic]],
    sample_rate: int,
    channels: int,
    kind: str,
    subtype: str,
    compression: float,
) -> None:
    import soundfile

    mode = {"bitrate_mode": "CONSTANT"} if kind == "MP3" else {}
    try:
        with soundfile.SoundFile(
            os.fsencode(path), "w", sample_rate, channels, subtype, format=kind, compression_level=compression, **mode
        ) as file:
            for block in blocks:
                for at in range(0, len(block), WRITE_FRAMES):
                    file.write(block[at : at + WRITE_FRAMES])
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{Path(path).name} cannot be written: {error.error_string}") from None


def _rewrite(path: str | PathLike[str], change: _Change, texts: Mapping[str, str]) -> None:
    """Let a file be copied with other texts, and put the copy in its place."""
    path = Path(path)
    copy = path.with_name(f"{path.name}.part")
    try:
        with path.open("rb") as source, copy.open("wb") as target:
            change(source, target, texts)
        os.replace(copy, path)
    finally:
        copy.unlink(missing_ok=True)


def _with_flac_comments(source: BinaryIO, target: BinaryIO, comments: Mapping[str, str]) -> None:
    """Copy a FLAC file with other comments, which stand where the encoder has put its own (RFC 9639, section 8)."""
    target.write(source.read(4))  # fLaC
    last = False
    while not last:
        head = source.read(4)
        last, kind = bool(head[0] & FLAC_LAST), head[0] & ~FLAC_LAST
        body = source.read(int.from_bytes(head[1:], "big"))
        if kind == FLAC_COMMENT:
            body = pack_comments(vendor_of(body), comments)
            if len(body) > FLAC_MOST:
                raise ValueError("the texts are larger than the 16 MiB that FLAC has room for")
        target.write(head[:1] + len(body).to_bytes(3, "big") + body)
    copyfileobj(source, target, 1 << 20)


def _with_id3(source: BinaryIO, target: BinaryIO, texts: Mapping[str, str]) -> None:
    """Copy an MP3 file behind a tag of text frames (ID3 v2.4, id3.org); without any text there is no tag."""
    frames = b"".join(_id3_frame(name, text) for name, text in texts.items() if text)
    if frames:
        target.write(b"ID3\x04\x00\x00" + _synchsafe(len(frames)) + frames)
    copyfileobj(source, target, 1 << 20)


def _id3_frame(name: str, text: str) -> bytes:
    """A text frame in UTF-8. A name of more than four letters is a user's own (TXXX)."""
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in name + text):
        raise ValueError(f"the {name} text of an MP3 file cannot hold control characters")
    described = b"" if len(name) == 4 else name.encode() + b"\0"
    body = b"\x03" + described + text.encode()
    return struct.pack(">4s4sH", b"TXXX" if described else name.encode(), _synchsafe(len(body)), 0) + body


def _synchsafe(size: int) -> bytes:
    """A number with seven bits a byte, so that no reader takes it for sound.

    >>> _synchsafe(300).hex()
    '0000022c'
    """
    if size >= 1 << 28:
        raise ValueError("the texts are larger than the 256 MiB that an MP3 tag has room for")
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
