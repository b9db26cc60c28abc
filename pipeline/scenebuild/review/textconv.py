"""Lockfiles and sounds as lines of text, so that ``git diff`` says what changed in them.

One fact a line, always in the same order, so that only the lines of changed facts differ between two versions.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenebuild import number_text as words
from scenebuild.files import open_regular, read_bounded
from scenebuild.plan.lockfile import LARGEST_LOCK, Lock, UnreadableLockError, level, parse_lock
from scenebuild.report.pictures.outline import Wav, envelope, opened
from scenebuild.scene.quoting import number, printable
from scenebuild.store.digest import digest_file

ELEMENT = "element "  # begins the heading of an element; git shows it above the lines that changed
COLUMNS = 48  # of the outline
QUIETEST_DB, BLOCK_DB = -54.0, 6.0  # the lower end of the outline, and the height of a block
_BLOCKS = " ▁▂▃▄▅▆▇█"
_BLOCK = 2**16  # frames measured at once
_SHORT = 12  # digits of a digest that are enough to tell two apart
_LEVELS = ("LUFS", "dBTP", "dBFS", "dB")
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_FIRST = (
    "prompt",
    "engine",
    "engine_version",
    "model",
    "seed",
    "length_s",
    "loudness_lufs",
    "peak_dbfs",
    "true_peak_dbtp",
)
_UNITS = {"_s": "s", "_lufs": "LUFS", "_dbtp": "dBTP", "_dbfs": "dBFS", "_db": "dB", "_hz": "Hz"}
_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER = 1024  # bytes, as Git LFS has it


def text_of(path: str) -> str:
    """A lockfile or a sound as text that ends in a newline; for anything else, a line with the reason.

    Never fails: an exception would end ``git diff`` for all other files too.
    """
    try:
        # git's temporary files have any name, so the first bytes decide what a file is.
        with open_regular(os.path.realpath(path)) as file:
            head = file.read(_LARGEST_POINTER)
        if head.startswith(_POINTER):
            lines = [*head.decode("utf-8", "replace").splitlines(), "Git LFS keeps the sound: git lfs pull"]
        elif head.lstrip().startswith((b"{", b"<<<<<<<")):
            lines = [*_lock(path)]
        else:
            lines = [*_sound(path)]
    except Exception as error:  # any error of a decoder
        lines = [*_unreadable(path, error)]
    return "".join(f"{printable(line)}\n" for line in lines)


def _unreadable(path: str, error: Exception) -> Iterator[str]:
    # Without the path, which git chooses anew each time, and at most 200 characters.
    reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    yield f"this cannot be shown: {reason.replace(path, 'it')[:200] or type(error).__name__}"
    if os.path.isfile(path):  # a FIFO would never end
        with contextlib.suppress(OSError):
            yield _fact("digest", digest_file(path)[:_SHORT])


def _fact(name: str, value: str) -> str:
    return f"{name:<18} {value}"


def _lock(path: str) -> Iterator[str]:
    text = read_bounded(path, LARGEST_LOCK).decode("utf-8")
    try:
        lock = parse_lock(text, path)
    except UnreadableLockError as error:
        raise ValueError(error.what) from error
    yield from _lock_lines(lock)


def _lock_lines(lock: Lock) -> Iterator[str]:
    yield "mix"
    yield from _facts(lock.mix.plain())
    for name in sorted(lock.elements):
        yield ""
        yield f"{ELEMENT}{name}"
        yield from _facts(lock.elements[name].plain())


def _facts(facts: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """A line for each fact, the most wanted first; a nested fact has the name of its parent in front."""
    for name in sorted(facts, key=_place):
        unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
        label = f"{above} {_label(name)}".strip()
        value = facts[name]
        if isinstance(value, dict) and unit:  # of each element the same
            yield from (f"  {_fact(f'{label} {key}', _worded(value[key], unit))}" for key in sorted(value))
        elif isinstance(value, dict):
            yield from _facts(value, label)
        else:
            yield f"  {_fact(label, _worded(value, unit))}"


def _place(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _label(name: str) -> str:
    if "." in name:  # a file's name
        return name
    ending = next((ending for ending in _UNITS if name.endswith(ending)), "")
    return name.removesuffix(ending).replace("_", " ")


def _worded(value: object, unit: str) -> str:
    if value is None and unit:
        return words.SILENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.2f} {unit}" if unit in _LEVELS else f"{number(value)} {unit}".rstrip()
    if isinstance(value, str):
        return value[:_SHORT] if _HEX.match(value) else value
    return json.dumps(value, sort_keys=True)


def _sound(path: str) -> Iterator[str]:
    with opened(Path(path)) as wav:
        lufs, dbtp = _levels(wav)
        yield _fact("format", f"{wav.file.format_info}, {wav.file.subtype_info}")
        yield _fact("sample rate", words.sample_rate(wav.sample_rate))
        yield _fact("channels", words.channels(wav.channels))
        yield _fact("length", f"{wav.duration_s:.3f} s")
        yield _fact("loudness", lufs)
        yield _fact("true peak", dbtp)
        yield _fact("outline", f"|{_outline(wav)}|")
    yield _fact("digest", digest_file(path)[:_SHORT])


def _levels(wav: Wav) -> tuple[str, str]:
    from scenebuild.audio.loudness import LOWEST_RATE, LoudnessMeter
    from scenebuild.audio.true_peak import TruePeakMeter

    peak = TruePeakMeter(wav.channels)
    is_measured = wav.channels <= 2 and wav.sample_rate >= LOWEST_RATE
    loudness = LoudnessMeter(wav.sample_rate, wav.channels) if is_measured else None
    for start in range(0, wav.frames, _BLOCK):
        block = np.ascontiguousarray(wav.read(start, min(_BLOCK, wav.frames - start)).T)
        peak.feed(block)
        if loudness is not None:
            loudness.feed(block)
    lufs = "not measured" if loudness is None else _worded(level(loudness.loudness().integrated_lufs()), "LUFS")
    return lufs, _worded(level(peak.true_peak_dbtp()), "dBTP")


def _outline(wav: Wav) -> str:
    """The level of a sound in 48 equal parts: the power of all channels, in blocks of 6 dB."""
    power = np.square(envelope(wav, COLUMNS).rms, dtype=np.float64).mean(axis=0)
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    steps = np.clip(np.ceil((level_db - QUIETEST_DB) / BLOCK_DB), 0, len(_BLOCKS) - 1)
    return "".join(_BLOCKS[int(step)] for step in steps)
