"""What the header of a recording says, read without decoding anything and without numpy.

A header may be wrong: a copy broke off, a recorder died, a program wrote into a pipe and never knew the length. What
can be told of that from the sizes alone is told here, in words; the sound itself is never looked at.
"""

from __future__ import annotations

import shlex
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from scenebuild.frames import LONGEST_S, frames_of

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz
MOST_FRAMES = 1_728_000_000  # ten hours at 48 kHz
MOST_CHANNELS = 8
SLACK_S = 0.1  # writers that count their header or a last frame too much are no damage
MOST_PARTS = 4096  # chunks, boxes or blocks that are looked at before the sound
LARGEST_COMMENTS = 1 << 16
NO_INDEX = "its index (moov) is missing"
NO_SOUND = "no part of it holds sound"
NO_FORMAT = "no part of it says what its sound is"
NO_HEADER = "its header breaks off"
MASK_COMMENT = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="

# The bits of dwChannelMask in their order, by the names that ffmpeg and PyAV have for them.
SPEAKERS = (
    "FL",
    "FR",
    "FC",
    "LFE",
    "BL",
    "BR",
    "FLC",
    "FRC",
    "BC",
    "SL",
    "SR",
    "TC",
    "TFL",
    "TFC",
    "TFR",
    "TBL",
    "TBC",
    "TBR",
)
# FLAC (RFC 9639, 9.1.3), and Vorbis and Opus (Vorbis I, 4.3.9; RFC 7845, 5.1.1.2), by the number of channels
FLAC_SPEAKERS = {
    3: "FL FR FC", 4: "FL FR BL BR", 5: "FL FR FC BL BR", 6: "FL FR FC LFE BL BR", 7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}  # fmt: skip
VORBIS_SPEAKERS = {
    3: "FL FC FR", 4: "FL FR BL BR", 5: "FL FC FR BL BR", 6: "FL FC FR BL BR LFE", 7: "FL FC FR SL SR BC LFE",
    8: "FL FC FR SL SR BL BR LFE",
}  # fmt: skip
# Tags of Apple's channel layouts (CoreAudioBaseTypes) that say where each channel plays; 1 << 16 is a mask.
APPLE_SPEAKERS = {
    113 << 16 | 3: "FL FR FC", 116 << 16 | 4: "FL FR FC BC", 117 << 16 | 5: "FL FR FC BL BR",
    121 << 16 | 6: "FL FR FC LFE BL BR", 108 << 16 | 4: "FL FR BL BR", 128 << 16 | 8: "FL FR FC LFE BL BR SL SR",
}  # fmt: skip
APPLE_MASK = 1 << 16

_RATES = ((11025, 12000, 8000), (), (22050, 24000, 16000), (44100, 48000, 32000))  # MPEG 2.5, -, 2, 1
# Sizes that stand for "not known": SoX, arecord, ffmpeg and others write one of these into pipes.
_STREAMED = (range(0x7FFFF000, 0x80001000), range(0xFFFF0000, 1 << 32))


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its sound; ``None`` where it does not, or where only decoding would tell."""

    kind: str  # "WAV", "FLAC", "Ogg", "MP3", "AIFF", "CAF", "MPEG-4", "AAC", "Matroska"
    sample_rate: int | None = None  # Hz
    channels: int | None = None
    speakers: tuple[str, ...] | None = None  # where each channel plays; known of more than two channels only
    stated_s: float | None = None
    there_s: float | None = None  # how much of it the file is long enough for
    damage: str = ""  # in words that follow "is damaged: "
    oddity: str = ""  # what is worth a warning, in words that follow the file's name
    patches: tuple[tuple[int, bytes], ...] = ()  # bytes by which a copy becomes one that libsndfile reads whole


class _View:
    """Bytes of an open file, by their place. What lies behind its end is missing from the answer."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)

    def at(self, place: int, length: int) -> bytes:
        if not 0 <= place <= self.size:
            return b""
        self.file.seek(place)
        return self.file.read(length)

    def find(self, what: bytes, place: int, stop: int) -> int:
        """The first place of a few bytes in ``[place, stop)``, -1 where there is none."""
        step = 1 << 16
        for start in range(place, min(stop, self.size), step):
            found = self.at(start, step + len(what) - 1).find(what)
            if found >= 0:
                return start + found
        return -1


def read_header(file: BinaryIO) -> Header | None:
    """The header of a recording, from the first bytes on; ``None`` for what is not audio. Never fails on odd bytes."""
    view = _View(file)
    start = _behind_id3(view)
    head = view.at(start, 16)
    read = next((reader for knows, reader in _READERS if knows(head)), None)
    if read is None:
        return Header("MP3") if start else None  # an ID3 tag stands before MP3 mostly
    try:
        found = read(view, start)
    except (struct.error, IndexError, OverflowError, ValueError, ZeroDivisionError):
        return Header(_kind(head), damage=NO_HEADER)
    return _with_damage(found)


def fault_of(header: Header, name: str) -> str:
    """Why a recording is refused, in words that follow its name, with the command that helps; "" for a good one."""
    rate, length_s = header.sample_rate, header.stated_s
    if header.damage in (NO_INDEX, NO_SOUND, NO_FORMAT, NO_HEADER):
        return f"can not be read as audio: {header.damage}; copy it again, or export it again"
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
    return ""


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


def _with_damage(header: Header) -> Header:
    stated, there = header.stated_s, header.there_s
    if header.damage or stated is None or there is None or stated - there <= SLACK_S:
        return header
    return replace(header, damage=f"its header says {stated:.3f} s, and {there:.3f} s are there")


def _kind(head: bytes) -> str:
    return next(
        (
            name
            for magic, name in ((b"fLaC", "FLAC"), (b"OggS", "Ogg"), (b"FORM", "AIFF"), (b"caff", "CAF"))
            if head.startswith(magic)
        ),
        "WAV",
    )


def _behind_id3(view: _View) -> int:
    """Where a file begins behind its ID3v2 tags (id3.org: four times seven bits of size)."""
    start = 0
    for _ in range(8):
        head = view.at(start, 10)
        if head[:3] != b"ID3" or len(head) < 10:
            break
        size = sum((byte & 0x7F) << 7 * (3 - index) for index, byte in enumerate(head[6:]))
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    return start if start < view.size else 0


def _of_mask(mask: int, channels: int) -> tuple[str, ...] | None:
    names = tuple(name for bit, name in enumerate(SPEAKERS) if mask >> bit & 1)
    return names if len(names) == channels and mask < 1 << len(SPEAKERS) else None


def _listed(table: dict[int, str], key: int) -> tuple[str, ...] | None:
    return tuple(table[key].split()) if key in table else None


# --- WAV, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) ---


def _chunks(view: _View, place: int, order: str = "<") -> Iterator[tuple[bytes, int, int]]:
    """(name, place of the body, stated size) of the chunks from a place on."""
    for _ in range(MOST_PARTS):
        head = view.at(place, 8)
        if len(head) < 8:
            return
        size = struct.unpack(f"{order}I", head[4:])[0]
        yield head[:4], place + 8, size
        place += 8 + size + size % 2


def _wav(view: _View, start: int) -> Header:
    head = view.at(start, 12)
    patches = [(start, b"RF64")] if head[:4] == b"BW64" else []
    riff_size, wide = struct.unpack("<I", head[4:8])[0], 0
    before: dict[bytes, tuple[int, int]] = {}
    for name, place, size in _chunks(view, start + 12):
        before.setdefault(name, (place, size))
        if name == b"data":
            break
    else:
        return Header("WAV", damage=NO_SOUND)
    if b"fmt " not in before:
        return Header("WAV", damage=NO_FORMAT)
    ds64 = before.get(b"ds64", (0, 0))[0]
    if ds64:
        riff_size, wide = struct.unpack("<QQ", view.at(ds64, 16))
    there = view.size - place
    if size == 0xFFFFFFFF and wide:
        size = wide
    elif ds64 and size == 0xFFFFFFFF:
        patches += [(ds64, struct.pack("<QQ", view.size - start - 8, there))]
        size = there
    elif _is_unfinished(size, riff_size, there, view.size - start):
        patches += [(place - 4, struct.pack("<I", min(there, 0xFFFFFFFF)))]
        size = there
    fact = view.at(before[b"fact"][0], 4) if b"fact" in before else b""
    found = _described(view.at(before[b"fmt "][0], 40), size, min(size, there), fact)
    return replace(found, patches=tuple(patches))


def _is_unfinished(size: int, riff_size: int, there: int, whole: int) -> bool:
    """Whether the sizes were never filled in: zero in a file that goes on, or one that only says "not known"."""
    return (size == 0 and riff_size + 8 < whole) or (there < size and any(size in one for one in _STREAMED))


def _described(fmt: bytes, size: int, there: int, fact: bytes) -> Header:
    tag, channels, rate, _, block, _ = struct.unpack("<HHIIHH", fmt[:16])
    speakers = None
    if tag == 0xFFFE and len(fmt) >= 26:  # WAVE_FORMAT_EXTENSIBLE
        speakers = _of_mask(struct.unpack("<I", fmt[20:24])[0], channels) if channels > 2 else None
        tag = struct.unpack("<H", fmt[24:26])[0]
    found = Header("WAV", rate, channels, speakers)
    if tag in (1, 3, 6, 7) and rate * block:  # PCM, float, A-law, mu-law: a frame is a block
        return replace(found, stated_s=size / (rate * block), there_s=there / (rate * block))
    if len(fact) == 4 and rate and size:  # of what is compressed, the fact chunk says the frames
        stated_s = struct.unpack("<I", fact)[0] / rate
        return replace(found, stated_s=stated_s, there_s=stated_s * there / size)
    return found


# --- AIFF and CAF ---


def _aiff(view: _View, start: int) -> Header:
    rate = frames = channels = 0
    stated = there = None
    speakers = None
    for name, place, size in _chunks(view, start + 12, ">"):
        if name == b"COMM":
            channels, frames, _ = struct.unpack(">hIh", view.at(place, 8))
            rate = _extended(view.at(place + 8, 10))
            if view.at(place + 18, 4) == b"ima4":
                frames *= 64  # it counts packets
        elif name == b"CHAN":
            speakers = _apple(view.at(place, 8), channels)
        elif name == b"SSND" and size:
            stated, there = size, min(size, view.size - place)
    if there is None or not rate:
        missing = NO_SOUND if rate else NO_FORMAT
        return Header(
            "AIFF", rate or None, channels or None, stated_s=0.0, damage="" if rate and not frames else missing
        )
    seconds = frames / rate
    return Header("AIFF", rate, channels, speakers, seconds, seconds * there / (stated or 1))


def _extended(number: bytes) -> int:
    """A whole number in the 80 bits of IEEE 754 that AIFF has its rate in."""
    exponent: int
    mantissa: int
    exponent, mantissa = struct.unpack(">HQ", number)
    shift = (exponent & 0x7FFF) - 16383 - 63
    return mantissa >> -shift if shift <= 0 else mantissa << min(shift, 64)


def _apple(layout: bytes, channels: int) -> tuple[str, ...] | None:
    tag, mask = struct.unpack(">II", layout)
    return _of_mask(mask, channels) if tag == APPLE_MASK else _listed(APPLE_SPEAKERS, tag)


def _caf(view: _View, start: int) -> Header:
    found = Header("CAF", damage=NO_SOUND)
    per_second, place = 0.0, start + 8
    for _ in range(MOST_PARTS):
        head = view.at(place, 12)
        if len(head) < 12:
            break
        name, size = head[:4], struct.unpack(">q", head[4:])[0]
        place += 12
        if name == b"desc":
            rate, _, _, packet, frames, channels = struct.unpack(">d4sIIII", view.at(place, 28))
            found = replace(found, sample_rate=int(rate), channels=channels)
            per_second = rate * packet / frames if frames else 0.0
        elif name == b"chan" and found.channels:
            found = replace(found, speakers=_apple(view.at(place, 8), found.channels))
        elif name == b"data":
            there = view.size - place
            stated = there if size < 0 else size  # -1: to the end of the file
            found = replace(found, damage="")
            if per_second:
                found = replace(found, stated_s=stated / per_second, there_s=min(stated, there) / per_second)
        if size < 0:
            break
        place += size
    return found


# --- FLAC, Ogg and MP3 ---


def _flac(view: _View, start: int) -> Header:
    info = view.at(start + 8, 18)
    packed = struct.unpack(">Q", info[10:18])[0]
    rate, channels, total = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    speakers = _listed(FLAC_SPEAKERS, channels)
    place = start + 4
    for _ in range(128):
        head = view.at(place, 4)
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == 4:  # VORBIS_COMMENT
            speakers = _commented(view.at(place + 4, min(size, LARGEST_COMMENTS)), channels) or speakers
        if head[0] & 0x80:
            break
        place += 4 + size
    return Header("FLAC", rate, channels, speakers, stated_s=total / rate if total else None)


def _commented(comments: bytes, channels: int) -> tuple[str, ...] | None:
    """The speakers that a FLAC's comment names, where its order is not the usual one (RFC 9639, 8.6.2)."""
    at = comments.upper().find(MASK_COMMENT)
    if at < 0:
        return None
    size = struct.unpack("<I", comments[at - 4 : at])[0] - len(MASK_COMMENT)
    return _of_mask(int(comments[at + len(MASK_COMMENT) :][: min(size, 12)], 16), channels)


@dataclass(frozen=True, slots=True)
class OggPageHeader:
    """Where a page of an Ogg file lies, and what its head says."""

    place: int
    size: int
    flags: int  # 2: the first of its stream, 4: the last
    position: int  # in frames, -1 where no packet ends on it
    is_whole: bool


def ogg_pages(file: BinaryIO, start: int = 0) -> Iterator[OggPageHeader]:
    """Every page (RFC 3533), by its head alone; what lies between pages is passed over."""
    view = _View(file)
    place = view.find(b"OggS", start, view.size)
    while place >= 0:
        head = view.at(place, 27)
        lacing = view.at(place + 27, head[26]) if len(head) == 27 else b""
        if len(head) < 27 or len(lacing) < head[26]:
            yield OggPageHeader(place, len(head) + len(lacing), 0, -1, is_whole=False)
            return
        size = 27 + len(lacing) + sum(lacing)
        position = struct.unpack("<q", head[6:14])[0]
        yield OggPageHeader(place, size, head[5], position, is_whole=place + size <= view.size)
        place = view.find(b"OggS", place + size, view.size)


def ogg_links(pages: Iterator[OggPageHeader]) -> list[tuple[int, int]]:
    """``[start, stop)`` of each part of an Ogg file that is a whole Ogg file itself: of most files, one."""
    links: list[tuple[int, int]] = []
    begun = False  # the first pages of all streams of a part stand before any other
    for page in pages:
        if page.flags & 2 and not begun:
            links.append((page.place, page.place))
        begun = bool(page.flags & 2)
        if links:
            links[-1] = (links[-1][0], page.place + page.size)
    return links


def _ogg(view: _View, start: int) -> Header:
    packet = view.at(start + 27 + view.at(start + 26, 1)[0], 64)
    found = Header("Ogg")
    if packet[:7] == b"\x01vorbis":
        channels, rate = struct.unpack("<BI", packet[11:16])
        found = Header("Ogg", rate, channels, _listed(VORBIS_SPEAKERS, channels))
    elif packet[:8] == b"OpusHead":
        family = packet[18]
        found = Header("Ogg", 48000, packet[9], _listed(VORBIS_SPEAKERS, packet[9]) if family == 1 else None)
    elif packet[:5] == b"\x7fFLAC":
        packed = struct.unpack(">Q", packet[27:35])[0]
        channels = (packed >> 41 & 7) + 1
        found = Header("Ogg", packed >> 44, channels, _listed(FLAC_SPEAKERS, channels))
    elif packet[:8] == b"Speex   ":
        found = Header("Ogg", *struct.unpack("<I4xI", packet[36:48]))
    return _ogg_end(view, found)


def _ogg_end(view: _View, found: Header) -> Header:
    """What the last pages of an Ogg file say of its length, and whether they are its last."""
    last = None
    tail = max(0, view.size - 2 * 65307)  # the largest page there can be
    for page in ogg_pages(view.file, tail):
        last = page if page.is_whole or last is None else replace(last, is_whole=False)
        if page.is_whole and page.position >= 0:
            found = replace(found, there_s=page.position / found.sample_rate if found.sample_rate else None)
    there = "" if found.there_s is None else f" after {found.there_s:.3f} s"
    if last is None or not last.is_whole:
        return replace(found, damage=f"it breaks off in the middle of a page{there}")
    if not last.flags & 4:
        return replace(
            found,
            oddity=f"ends without an end-of-stream page{there}, as a copy that broke off does; what is there is used",
        )
    return replace(found, stated_s=found.there_s)


def _mp3(view: _View, start: int) -> Header:
    head = view.at(start, 4)
    version, rate_index, mono = head[1] >> 3 & 3, head[2] >> 2 & 3, head[3] >> 6 == 3
    rate = _RATES[version][rate_index]
    found = Header("MP3", rate, 1 if mono else 2)
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    tag = view.at(start + 4 + side, 120)
    frames = size = 0
    if tag[:4] in (b"Xing", b"Info"):
        flags = struct.unpack(">I", tag[4:8])[0]
        numbers = struct.unpack(">II", tag[8:16])
        frames, size = numbers if flags & 3 == 3 else (0, 0)
    elif view.at(start + 36, 4) == b"VBRI":
        size, frames = struct.unpack(">II", view.at(start + 46, 8))
    if not frames or not size:
        return found
    stated_s = frames * (1152 if version == 3 else 576) / rate
    there = view.size - start
    if view.at(view.size - 128, 3) == b"TAG":  # ID3v1
        there -= 128
    if _another_mp3(view, start + size):
        found = replace(
            found, oddity=f"holds another MP3 behind the {stated_s:.3f} s that its header speaks of, which is not read"
        )
    return replace(found, stated_s=stated_s, there_s=stated_s * min(1.0, there / size))


def _another_mp3(view: _View, place: int) -> bool:
    head = view.at(place, 4)
    return head[:3] == b"ID3" or is_mpeg_frame(head)


def is_mpeg_frame(head: bytes) -> bool:
    """Whether bytes can begin a frame of MP3."""
    # ISO 11172-3, 2.4.1.3: eleven set bits, a version that is not reserved (01), layer III (01)
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[1] & 0x18 != 0x08


# --- what PyAV reads ---


def _mpeg4(view: _View, start: int) -> Header:
    place, has_index = start, False
    for _ in range(MOST_PARTS):
        head = view.at(place, 16)
        if len(head) < 8:
            break
        size = struct.unpack(">I", head[:4])[0]
        size = struct.unpack(">Q", head[8:16])[0] if size == 1 else size or view.size - place
        has_index = has_index or head[4:8] == b"moov"
        if size < 8 or place + size > view.size + 8:
            missing = place + size - view.size
            return Header("MPEG-4", damage=f"it breaks off, {missing} bytes before its end" if has_index else NO_INDEX)
        place += size
    return Header("MPEG-4", damage="" if has_index else NO_INDEX)


def _adts(view: _View, start: int) -> Header:
    head = view.at(start, 4)
    rates = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
    return Header("AAC", rates[head[2] >> 2 & 15])


def _matroska(view: _View, start: int) -> Header:
    return Header("Matroska")


def is_adts(head: bytes) -> bool:
    """Whether bytes can begin a frame of AAC (ISO 13818-7: twelve set bits, layer 0)."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13


def needs_av(head: bytes) -> str:
    """What a file that begins so is, where PyAV reads it and libsndfile does not; "" for any other."""
    if head[4:8] == b"ftyp":
        return "MPEG-4 (m4a)"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "Matroska or WebM"
    return "AAC" if is_adts(head) else ""


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


def is_audio(head: bytes) -> bool:
    """Whether a file that begins so (16 bytes are enough) is a container of audio that can be read."""
    return head[:3] == b"ID3" or any(knows(head) for knows, _ in _READERS)


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[_View, int], Header]], ...] = (
    (lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE", _wav),
    (lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"), _aiff),
    (lambda head: head[:4] == b"fLaC", _flac),
    (lambda head: head[:4] == b"OggS", _ogg),
    (lambda head: head[:4] == b"caff", _caf),
    (lambda head: head[4:8] == b"ftyp", _mpeg4),
    (lambda head: head[:4] == b"\x1aE\xdf\xa3", _matroska),
    (is_mpeg_frame, _mp3),
    (is_adts, _adts),
)
