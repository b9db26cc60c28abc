"""Why a recording is refused or odd, in words, with the command that helps."""

from __future__ import annotations

import shlex

from scenebuild.audio.container import aac, matroska, mpeg4
from scenebuild.audio.container.header import NO_FORMAT, NO_HEADER, NO_INDEX, NO_SOUND, Header
from scenebuild.frames import LONGEST_S, frames_of

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz
MOST_FRAMES = 1_728_000_000  # ten hours at 48 kHz
MOST_CHANNELS = 8
EMPTY = "holds no sound: its length is 0; export it again"
_OF_AV = ("MPEG-4", "AAC", "Matroska")  # PyAV says where their channels play


def fault_of(header: Header, name: str) -> str:
    """Why a recording is refused, in words that follow its name, with the command that helps; "" for a good one."""
    rate, length_s = header.sample_rate, header.stated_s
    if header.damage in (NO_INDEX, NO_SOUND, NO_FORMAT, NO_HEADER):
        return f"cannot be read as audio: {header.damage}; copy it again, or export it again"
    if header.damage:
        return f"is damaged: {header.damage}; copy it again, or keep what is there: {_repaired(header, name)}"
    if rate is not None and not LOWEST_RATE <= rate <= HIGHEST_RATE:
        return (
            f"has a sample rate of {rate} Hz; recordings from {LOWEST_RATE} to {HIGHEST_RATE} Hz can be read; "
            f"convert it: {converted(name, '-ar 48000')}"
        )
    if length_s is not None and rate and (why := too_long(frames_of(length_s, rate), rate)):
        return f"{why}; cut it: {converted(name, '-t 36000')}"
    if header.channels is not None and header.channels > MOST_CHANNELS:
        return (
            f"has {header.channels} channels; at most {MOST_CHANNELS} can be mixed down; choose two of them: "
            f"{converted(name, '-af pan=stereo|c0=c0|c1=c1')}"
        )
    if header.channels is not None and header.channels > 2 and not header.speakers and header.kind not in _OF_AV:
        return unplaced(header.channels, name)
    return EMPTY if length_s == 0 else ""


def unplaced(channels: int, name: str, where: str = "does not say") -> str:
    """That nobody knows what the channels of a recording are, in words that follow its name."""
    advice = f"mix it down first: {converted(name, '-ac 2')}"
    return f"has {channels} channels and {where} where each of them plays; {advice}"


def oddity_of(header: Header, name: str) -> str:
    """What is odd about a recording that is read all the same, in words that begin with its name; "" for nothing."""
    if not header.oddity:
        return ""
    more = f"; to hear all of it: {converted(name)}" if header.kind == "MP3" else ""
    return f"{name} {header.oddity}{more}"


def too_long(frames: int, sample_rate: int) -> str:
    """That so many frames are too many for a recording, in words that follow its name; "" where they are not."""
    if frames > LONGEST_S * sample_rate:
        return f"lasts {frames / sample_rate:.0f} s or more; a mix, and so a recording, lasts at most {LONGEST_S:.0f} s"
    if frames > MOST_FRAMES:
        return f"holds {frames} samples a channel or more, and at most {MOST_FRAMES} are read (10 h at 48 kHz)"
    return ""


def converted(name: str, options: str = "", ending: str = "flac") -> str:
    """The ffmpeg command that makes another file of a recording."""
    stem = name.rpartition(".")[0] or name
    target = f"{stem}-converted.{ending}"
    words = shlex.split(options)
    return shlex.join(["ffmpeg", "-i", _plain(name), *words, _plain(target)])


def _repaired(header: Header, name: str) -> str:
    stem, _, ending = name.rpartition(".")
    if header.kind in ("FLAC", "MPEG-4", "Matroska", "CAF") or not stem:
        return shlex.join(["ffmpeg", "-i", _plain(name), _plain(f"{stem or name}-repaired.flac")])
    return shlex.join(["ffmpeg", "-i", _plain(name), "-c", "copy", _plain(f"{stem}-repaired.{ending}")])


def _plain(name: str) -> str:
    return f"./{name}" if name.startswith("-") else name


def needs_av(head: bytes) -> str:
    """What a file that begins so is, where PyAV reads it and libsndfile does not; "" for any other."""
    names = ((mpeg4, "MPEG-4 (m4a)"), (matroska, "Matroska or WebM"), (aac, "AAC"))
    return next((name for format, name in names if format.knows(head)), "")


def lacking(head: bytes, name: str) -> str:
    """What a recording that begins so needs and this installation lacks, in words that follow its name; "" if nothing.

    Looks for PyAV without importing it.
    """
    from importlib.util import find_spec

    kind = needs_av(head)
    if not kind or find_spec("av") is not None:
        return ""
    return (
        f"is {kind}, which is read with PyAV; install it (pip install 'scenebuild[video]'), or convert it: "
        f"{converted(name)}"
    )
