"""Delivery presets: the requirements of podcasts, broadcasters, games and others. Plain values, without numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

Format = Literal["wav", "flac", "ogg", "mp3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The requirements of one delivered file: a preset, or a preset with the author's changes."""

    preset: str
    about: str  # the use
    source: str  # of the figures
    loudness_lufs: float | None  # integrated, over the whole file; None: as loud as it was mixed
    tolerance_lu: float  # the loudness may differ by this much
    true_peak_dbtp: float  # at most
    sample_rate: int = 48000  # Hz
    channels: Literal[1, 2] = 2
    format: Format
    bits: Literal[16, 24] = 24  # of WAV and FLAC only
    broadcast: bool = False  # a Broadcast Wave file (EBU Tech 3285)
    loop: bool = False  # the mix must loop
    limiter: bool = False  # a limiter may lower peaks to reach the loudness; without it, the file may stay too quiet


PRESETS = (
    Delivery(
        preset="podcast",
        about="podcasts",
        source="Apple Podcasts, audio requirements: -16 dB LKFS ± 1 dB, true peak at most -1 dB",
        loudness_lufs=-16.0,
        tolerance_lu=1.0,
        true_peak_dbtp=-1.0,
        sample_rate=44100,
        format="mp3",
    ),
    Delivery(
        preset="broadcast",
        about="radio and television in Europe",
        source="EBU R 128: -23.0 LUFS (here ± 0.2 LU), at most -1 dBTP; Broadcast Wave after EBU Tech 3285",
        loudness_lufs=-23.0,
        tolerance_lu=0.2,
        true_peak_dbtp=-1.0,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="broadcast-us",
        about="television in the United States",
        source="ATSC A/85: -24 LKFS ± 2 dB, at most -2 dBTP",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-2.0,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="streaming",
        about="speech on the Internet: radio plays, guides, stories",
        source="AES TD1008: -18 LUFS ± 2 LU, at most -1 dBTP",
        loudness_lufs=-18.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        format="flac",
    ),
    Delivery(
        preset="music",
        about="music on streaming services and video platforms",
        source="Spotify for Artists, loudness normalisation: -14 LUFS (here ± 1 LU), at most -1 dBTP",
        loudness_lufs=-14.0,
        tolerance_lu=1.0,
        true_peak_dbtp=-1.0,
        sample_rate=44100,
        format="flac",
        bits=16,
    ),
    Delivery(
        preset="film",
        about="films and series for streaming, with little dialogue",
        source="Netflix Sound Mix Specifications 1.4: with little dialogue, -24 LKFS ± 2 LU over the whole programme, "
        "at most -2 dBTP (with more, -27 LKFS over the dialogue, which is not measured here)",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-2.0,
        format="wav",
        broadcast=True,
    ),
    Delivery(
        preset="game",
        about="games on consoles and computers",
        source="ASWG-R001: -24 LUFS ± 2 LU, at most -1 dBTP",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        format="wav",
        bits=16,
    ),
    Delivery(
        preset="game-loop",
        about="games that loop the mix",
        source="ASWG-R001, as game; loop points in the comments LOOPSTART and LOOPLENGTH, or in a smpl chunk in WAV",
        loudness_lufs=-24.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        format="ogg",
        loop=True,
    ),
    Delivery(
        preset="game-mobile",
        about="games on phones and handhelds",
        source="ASWG-R001 for portable devices: -18 LUFS ± 2 LU, at most -1 dBTP",
        loudness_lufs=-18.0,
        tolerance_lu=2.0,
        true_peak_dbtp=-1.0,
        format="ogg",
    ),
    Delivery(
        preset="master",
        about="further work on the mix",
        source="no standard: as loud as it was mixed, below full scale",
        loudness_lufs=None,
        tolerance_lu=0.0,
        true_peak_dbtp=0.0,
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
