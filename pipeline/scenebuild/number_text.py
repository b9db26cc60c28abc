"""Numbers as text for people: with a true minus sign, a unit, and only as many digits as are audible.

Every function takes a plain number and gives plain text, which is not escaped for any format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scenebuild.decibels import gain_to_db

MINUS = "\u2212"
SILENT = "silent"
MUTED = "muted"


def number(value: float, digits: int, signed: bool = False) -> str:
    """``value`` with a fixed number of digits.

    >>> number(-3.14, 1), number(2.0, 1, signed=True), number(-0.01, 1, signed=True)
    ('−3.1', '+2.0', '0.0')
    """
    rounded = round(value, digits) + 0.0  # adding zero turns -0.0 into 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}".replace("-", MINUS)


def _level(value: float, unit: str, signed: bool = False) -> str:
    if math.isinf(value) and value < 0:
        return SILENT
    return f"{number(value, 1, signed)} {unit}"


def loudness(lufs: float) -> str:
    """``−20.0 LUFS``; ``silent`` for −inf."""
    return _level(lufs, "LUFS")


def true_peak(dbtp: float) -> str:
    """``−3.1 dBTP``; ``silent`` for −inf."""
    return _level(dbtp, "dBTP")


def peak(dbfs: float) -> str:
    """``−3.1 dBFS``; ``silent`` for −inf."""
    return _level(dbfs, "dBFS")


def share(part: float) -> str:
    """A part of a whole.

    >>> share(0.5), share(0.0123), share(0.00002), share(0)
    ('50 %', '1.2 %', '< 0.1 %', '0 %')
    """
    if part == 0:
        return "0 %"
    if part < 0.001:
        return "< 0.1 %"
    return f"{100 * part:.1f} %" if part < 0.1 else f"{round(100 * part)} %"


def gain(db: float) -> str:
    """A change of level with its sign, ``+2.4 dB``; ``silent`` for −inf."""
    return _level(db, "dB", signed=True)


def volume(linear: float) -> str:
    """The author's volume and what it means in decibels.

    >>> volume(0.7), volume(1), volume(0)
    ('0.70 (−3.1 dB)', '1.00 (0.0 dB)', '0.00 (silent)')
    """
    return f"{number(linear, 2)} ({gain(gain_to_db(linear))})"


def duration(seconds: float) -> str:
    """A duration; in whole seconds from one minute on.

    >>> duration(0), duration(0.1), duration(24), duration(59.97), duration(90), duration(3600)
    ('0 s', '0.10 s', '24.0 s', '1 min 0 s', '1 min 30 s', '1 h 0 min 0 s')
    """
    if seconds == 0:
        return "0 s"
    if seconds < 0.995:
        return f"{number(seconds, 2)} s"
    if seconds < 59.95:
        return f"{number(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min {rest} s" if hours else f"{minutes} min {rest} s"


def sample_rate(hertz: int) -> str:
    """``48 kHz``, ``44.1 kHz``, ``22.05 kHz``."""
    return f"{hertz / 1000:g} kHz"


def data_size(count: int) -> str:
    """A number of bytes, in powers of ten as disks are sold.

    >>> data_size(999), data_size(2_000), data_size(3_678_455_287)
    ('999 B', '2.0 kB', '3.7 GB')
    """
    if count < 1000:
        return f"{count} B"
    size = count / 1000
    for unit in ("kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def channels(count: int) -> str:
    """``mono``, ``stereo``, ``6 channels``."""
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")


def temperature(value: float | None) -> str:
    """``1.0``, ``0.75``; empty for None.

    >>> temperature(1), temperature(0.75), temperature(None)
    ('1.0', '0.75', '')
    """
    if value is None:
        return ""
    return number(value, 1) if round(value, 1) == value else f"{value:g}"


def pan(position: float) -> str:
    """The position of an element between the loudspeakers, −1 (left) … 1 (right).

    >>> pan(0), pan(-0.3), pan(1)
    ('centre', '30 % left', 'right')
    """
    share = round(abs(position) * 100)
    if share == 0:
        return "centre"
    side = "left" if position < 0 else "right"
    return side if share == 100 else f"{share} % {side}"


def unbroken(value: str) -> str:
    """``value`` with no-break spaces between a number and its unit, so that a line breaks before ``(`` only."""
    return value.replace(" ", "\u00a0").replace("\u00a0(", " (")


def listing(names: Sequence[str], most: int = 8) -> str:
    """Names as a list in a sentence.

    >>> listing(["rain"]), listing(["rain", "door", "clock"]), listing(["a", "b", "c", "d"], most=2)
    ('rain', 'rain, door and clock', 'a, b and 2 more')
    """
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
