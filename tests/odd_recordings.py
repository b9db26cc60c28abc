"""Recordings as people have them, made byte by byte: cut off, never finished, joined, in odd formats."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100


def tone(seconds: float = 1.0, channels: int = 1, rate: int = RATE, hz: float = 440.0) -> np.ndarray:
    """A quiet sine, another phase in each channel; float32, ``(frames, channels)``."""
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * hz * time + one) for one in range(channels)], axis=1).astype(np.float32)


def encoded(samples: np.ndarray, form: str = "WAV", subtype: str | None = None, rate: int = RATE) -> bytes:
    """A sound file's bytes."""
    out = io.BytesIO()
    soundfile.write(out, samples, rate, subtype, format=form)
    return out.getvalue()


def wav(
    data: bytes,
    rate: int = RATE,
    channels: int = 1,
    bits: int = 16,
    *,
    tag: int = 1,
    mask: int | None = None,
    stated: int | None = None,
    riff: int | None = None,
    head: bytes = b"RIFF",
) -> bytes:
    """A WAV with whatever a header may say; ``mask`` makes it a WAVE_FORMAT_EXTENSIBLE."""
    block = channels * bits // 8
    fmt = struct.pack(
        "<HHIIHH", tag if mask is None else 0xFFFE, channels, rate, rate * block & 0xFFFFFFFF, block, bits
    )
    if mask is not None:
        guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
        fmt += struct.pack("<HHI", 22, bits, mask) + guid
    size = len(data) if stated is None else stated
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", size) + data
    return head + struct.pack("<I", len(body) if riff is None else riff) + body


def wide(data: bytes, rate: int = RATE, *, head: bytes = b"RF64", sizes: tuple[int, int, int] | None = None) -> bytes:
    """An RF64 or BW64 of one channel of 16 bits; ``sizes`` are those of its ds64 chunk."""
    fmt = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    named = sizes if sizes is not None else (4 + 36 + 24 + 8 + len(data), len(data), len(data) // 2)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, *named, 0)
    return b"".join([head, b"\xff" * 4, b"WAVE", ds64, b"fmt ", struct.pack("<I", 16), fmt, b"data", b"\xff" * 4, data])


def integers(samples: np.ndarray) -> bytes:
    """Samples as 16 bits, interleaved."""
    return np.round(samples * 32767).astype("<i2").tobytes()


def streamed_flac(samples: np.ndarray, rate: int = RATE) -> bytes:
    """A FLAC as one comes out of a pipe: its header does not know how many samples follow."""
    whole = bytearray(encoded(samples, "FLAC", "PCM_16", rate))
    at = 4 + 4 + 10
    packed = struct.unpack(">Q", whole[at : at + 8])[0] & ~((1 << 36) - 1)
    whole[at : at + 8] = struct.pack(">Q", packed)
    whole[at + 8 : at + 24] = b"\0" * 16  # the checksum is not known then, either
    return bytes(whole)


def without_end_of_stream(ogg: bytes) -> bytes:
    """An Ogg whose pages are whole and whose last one is missing."""
    return ogg[: ogg.rindex(b"OggS")]


def write(path: str | Path, content: bytes) -> str:
    """Put bytes in a file, and give its path back."""
    Path(path).write_bytes(content)
    return str(path)
