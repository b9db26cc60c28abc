"""Delivery presets: what podcasts, broadcasters, games and others require. Plain values, without numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

Format = Literal["wav", "flac", "ogg", "mp3"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The requirements of one delivered file: a preset, or a preset with the author's changes."""

    preset: str
    about: str  # who it is for
    source: str  # where the figures come from
    loudness_lufs: float | None  # integrated, over the whole; None: as loud as it was mixed
    tolerance_lu: float  # how far the loudness may be off
    true_peak_dbtp: float  # at most
    sample_rate: int  # Hz
    channels: Literal[1, 2]
    format: Format
    bits: Literal[16, 24] = 24  # of WAV and FLAC; the others have none
    broadcast: bool = False  # a WAV with the chunk of broadcasters (EBU Tech 3285)
    loop: bool = False  # has to be a mix that loops
    limiter: bool = False  # may turn peaks down to reach its loudness; otherwise it stays quieter than it should be


PRESETS = (
    Delivery(
        preset="podcast",
        about="podcasts",
        source="Apple Podcasts, audio requirements: -16 dB LKFS, give or take 1 dB, and a true peak of -1 dB at most",
        loudness_lufs=-16.0,
        tolerance_lu=1.0,
        true_peak_dbtp=-1.0,
        sample_rate=44100,
        channels=2,
        format="mp3",
    ),
    Delivery(
        preset="broadcast",
        about="radio and television in Europe",
        source="EBU R 128: -23.0 LUFS and -1 dBTP at most, held here within 0.2 LU; Broadcast Wave after EBU Tech 3285",
        loudness_lufs=-23.0,
        tolerance_lu=0.2,
        true_peak_dbtp=-1.0,
        sample_rate=48000,
        channels=2,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="broadcast-us",
        about="television in the United States",
        source="ATSC A/85: -24 LKFS, give or take 2 dB, and -2 dBTP at most",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-2.0,
        sample_rate=48000,
        channels=2,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="streaming",
        about="audio on the Internet in which people speak: radio plays, guides, stories",
        source="AES TD1008: -18 LUFS, give or take 2 LU, and -1 dBTP at most",
        loudness_lufs=-18.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        sample_rate=48000,
        channels=2,
        format="flac",
    ),
    Delivery(
        preset="music",
        about="soundscapes among the music of streaming services, and video platforms",
        source="Spotify for Artists, loudness normalisation: -14 LUFS and -1 dBTP at most, held here within 1 LU",
        loudness_lufs=-14.0,
        tolerance_lu=1.0,
        true_peak_dbtp=-1.0,
        sample_rate=44100,
        channels=2,
        format="flac",
        bits=16,
    ),
    Delivery(
        preset="film",
        about="film and series for streaming, where hardly anyone speaks",
        source="Netflix Sound Mix Specifications 1.4: -24 LKFS, give or take 2 LU, over the whole where there is "
        "little dialogue (-27 over the dialogue elsewhere, which is not measured here), and -2 dBTP at most",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-2.0,
        sample_rate=48000,
        channels=2,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="game",
        about="games on consoles and computers",
        source="ASWG-R001: -24 LUFS, give or take 2 LU, and -1 dBTP at most",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        sample_rate=48000,
        channels=2,
        format="wav",
        bits=16,
    ),
    Delivery(
        preset="game-loop",
        about="games that play the mix round and round",
        source="ASWG-R001, as game; the loop in the comments LOOPSTART and LOOPLENGTH, or a smpl chunk in WAV",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        sample_rate=48000,
        channels=2,
        format="ogg",
        loop=True,
    ),
    Delivery(
        preset="game-mobile",
        about="games on telephones and handhelds",
        source="ASWG-R001 for portable devices: -18 LUFS, give or take 2 LU, and -1 dBTP at most",
        loudness_lufs=-18.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        sample_rate=48000,
        channels=2,
        format="ogg",
    ),
    Delivery(
        preset="master",
        about="the mix as it is, to go on working with",
        source="no one's: as loud as it was mixed, under full scale",
        loudness_lufs=None,
        tolerance_lu=0.0,
        true_peak_dbtp=0.0,
        sample_rate=48000,
        channels=2,
        format="wav",
    ),
)
BY_NAME = {delivery.preset: delivery for delivery in PRESETS}


def delivery(preset: str, **changes: Any) -> Delivery:
    """A preset by its name, with the author's changes; None changes nothing.

    Raises KeyError for a preset that does not exist, TypeError for a field that does not.

    >>> podcast = delivery("podcast", format="flac", limiter=True, sample_rate=None)
    >>> podcast.loudness_lufs, podcast.format, podcast.sample_rate
    (-16.0, 'flac', 44100)
    """
    return replace(BY_NAME[preset], **{name: value for name, value in changes.items() if value is not None})
