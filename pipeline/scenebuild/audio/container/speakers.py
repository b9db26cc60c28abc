"""Where each channel of a recording plays, by the names that ffmpeg and PyAV have for loudspeakers."""

from __future__ import annotations

import struct

# The bits of dwChannelMask in their order.
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


def speakers_of_mask(mask: int, channels: int) -> tuple[str, ...] | None:
    """The loudspeakers of a channel mask; None where they are not as many as the channels."""
    names = tuple(name for bit, name in enumerate(SPEAKERS) if mask >> bit & 1)
    return names if len(names) == channels and mask < 1 << len(SPEAKERS) else None


def listed_speakers(table: dict[int, str], key: int) -> tuple[str, ...] | None:
    """The loudspeakers that a table has for a key."""
    return tuple(table[key].split()) if key in table else None


def apple_speakers(layout: bytes, channels: int) -> tuple[str, ...] | None:
    """The loudspeakers of Apple's channel layout, which begins with a tag and a mask."""
    tag, mask = struct.unpack(">II", layout)
    return speakers_of_mask(mask, channels) if tag == APPLE_MASK else listed_speakers(APPLE_SPEAKERS, tag)
