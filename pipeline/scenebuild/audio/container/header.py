"""What the header of a recording says."""

from __future__ import annotations

from dataclasses import dataclass

NO_INDEX = "its index (moov) is missing"
NO_SOUND = "no part of it holds sound"
NO_FORMAT = "no part of it says what its sound is"
NO_HEADER = "its header breaks off"
MOST_PARTS = 4096  # chunks, boxes or blocks that are looked at before the sound


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
