"""Sounds embedded in a page: encoded in memory, as small as possible without audible loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from scenebuild.audio.wav import open_sound
from scenebuild.mix.stem_capture import ONCE, CapturedStem, Integers, RepeatedSpan, audible_range
from scenebuild.report.pictures.outline import BATCH

BUDGET_BYTES = 12 * 2**20  # of all sounds of a page; as base64 they take a third more
MOST_CAPTURED_S = 240.0  # of all stems together, a loop counted once; more seldom fits the budget
MOST_PLAYED_S = 600.0  # of all stems as they play: 220 MB in a browser, in stereo at 48 kHz
_TOP = 2.0**23  # full scale of 24 bits
_FINEST = 2.0**6  # the smallest step of a stem, in 24-bit units: a quarter of a 16-bit step
_MP3_KBPS = 128


@dataclass(frozen=True, slots=True)
class EmbeddedAudio:
    """One encoded sound of a page.

    A player multiplies the decoded samples by ``gains``, one for each channel of the mix; all channels are made from a
    sound with one channel. ``passes``: the decoded frames that play several times in a row.
    """

    name: str  # the element's; "" for a whole mix
    kind: str  # "audio/flac", "audio/mpeg"
    data: bytes
    gains: tuple[float, ...]
    start: int = 0  # frame of the mix
    passes: RepeatedSpan = ONCE

    @property
    def bytes_digest(self) -> str:
        """Identifies the encoded bytes."""
        return sha256(self.data).hexdigest()[:16]

    @property
    def digest(self) -> str:
        """Identifies the sound as it is decoded and played."""
        return sha256(f"{self.gains} {self.passes} {self.bytes_digest}".encode()).hexdigest()[:16]


def stem_sounds(
    stems: Sequence[CapturedStem], sample_rate: int, budget_bytes: int = BUDGET_BYTES
) -> tuple[EmbeddedAudio, ...]:
    """All stems as sounds; none if they exceed the budget, or the memory of a browser."""
    if sum(stem.frames for stem in stems) > MOST_PLAYED_S * sample_rate:
        return ()
    found: list[EmbeddedAudio] = []
    for stem in stems:
        if not stem.samples.any():
            continue
        found.append(stem_sound(stem, sample_rate))
        budget_bytes -= len(found[-1].data)
        if budget_bytes < 0:
            return ()
    return tuple(found)


def stem_sound(stem: CapturedStem, sample_rate: int) -> EmbeddedAudio:
    """A stem as FLAC in 16 bits, scaled to its own peak.

    The rounding error is at least 98 dB below the stem's peak, and that of all stems about 80 dB below a mix. A mono
    take that was panned is kept as one channel.
    """
    shares, one = _one_channel(stem.samples)
    step = max(float(np.abs(one).max(initial=0)) / 32767, _FINEST)
    floats = one.astype(np.float32)  # which holds 24 bits exactly
    floats *= np.float32(1 / step)
    integers = np.rint(floats, out=floats).astype(np.int16)
    first, stop = audible_range(integers) if stem.passes.times == 1 else (0, len(integers))
    integers = integers[first : max(stop, first + 1)]
    gains = tuple(float(share * step * 32768 / _TOP) for share in shares)
    return EmbeddedAudio(stem.name, "audio/flac", _flac(integers, sample_rate), gains, stem.start + first, stem.passes)


def mix_sound(path: Path) -> EmbeddedAudio:
    """A whole mix as MP3 of 128 kbit/s. Encoding half a minute takes about a second."""
    out = BytesIO()
    with open_sound(path) as mix:
        options = {"bitrate_mode": "CONSTANT", "compression_level": (320 - _MP3_KBPS) / (320 - 32)}
        with soundfile.SoundFile(
            out, "w", mix.samplerate, mix.channels, "MPEG_LAYER_III", format="MP3", **options
        ) as file:
            while len(block := mix.read(BATCH, dtype="float32", always_2d=True)):
                file.write(block)
        return EmbeddedAudio("", "audio/mpeg", out.getvalue(), (1.0,) * mix.channels)


def _one_channel(samples: Integers) -> tuple[tuple[float, ...], Integers]:
    """The gain of each channel, and the samples: if both channels are one signal at two levels, only that signal."""
    if samples.shape[1] != 2:
        return (1.0,) * samples.shape[1], samples
    powers = np.einsum("fc,fc->c", samples, samples, dtype=np.float64)
    louder = int(powers[1] > powers[0])
    one, other = samples[:, louder], samples[:, 1 - louder]
    share = float(np.einsum("f,f->", one, other, dtype=np.float64)) / max(float(powers[louder]), 1.0)
    if np.abs(other - share * one).max(initial=0.0) > 1.01:  # both were rounded to whole numbers
        return (1.0, 1.0), samples
    return ((1.0, share) if louder == 0 else (share, 1.0)), one[:, None]


def _flac(integers: NDArray[np.int16], sample_rate: int) -> bytes:
    out = BytesIO()
    soundfile.write(out, integers, sample_rate, "PCM_16", format="FLAC", compression_level=5 / 8)
    return out.getvalue()
