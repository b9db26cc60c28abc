"""Numbers in everyday notation: ``1,5``, ``8s``, ``50 %``, ``1:30``, ``-6 dB``."""

from __future__ import annotations

import re

from scenebuild.scene.yaml.slips import CURLY, ODD_BLANK

_NUMBER = re.compile(r"(?P<whole>[-+]?[0-9][0-9_' ]*)(?:[.,](?P<part>[0-9]+))?\s*(?P<unit>[a-z%]*)\.?")
_CLOCK = re.compile(r"(?:(?P<hours>[0-9]{1,2}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-9]{2}(?:\.[0-9]+)?)")
_LONGEST = 40
_TIME = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "ms": 0.001, "min": 60.0, "mins": 60.0,
    "minute": 60.0, "minutes": 60.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip
_LEVEL = dict.fromkeys(("db", "dbfs", "dbtp", "lufs", "lu", "decibels"), 1.0)
_UNITS: dict[str, dict[str, float]] = {
    "seconds": _TIME, "Hz": {"hz": 1.0, "khz": 1000.0, "k": 1000.0},
    "metres": {"m": 1.0, "metres": 1.0, "meters": 1.0, "cm": 0.01, "km": 1000.0},
    "dB": _LEVEL, "dBTP": _LEVEL, "LUFS": _LEVEL, "dBFS": _LEVEL, "decibels": _LEVEL,
}  # fmt: skip
_ANY = {"": 1.0, "%": 0.01, "percent": 0.01, "x": 1.0}


def number_in(text: str, unit: str) -> float | None:
    """The number that a text means in a field with that unit; None where it means none.

    >>> number_in("1,5", "seconds"), number_in("500ms", "seconds"), number_in("1:30", "seconds"), number_in("50 %", "")
    (1.5, 0.5, 90.0, 0.5)
    >>> number_in("48 kHz", "Hz"), number_in("48_000", "Hz"), number_in("loud", ""), number_in("8s", "Hz")
    (48000.0, 48000.0, None, None)
    """
    clean = _cleaned(text)
    if len(clean) > _LONGEST:
        return None
    if unit == "seconds" and (clock := _CLOCK.fullmatch(clean)):
        return int(clock["hours"] or 0) * 3600 + int(clock["minutes"]) * 60 + float(clock["seconds"])
    found = _NUMBER.fullmatch(clean)
    factor = {**_ANY, **_UNITS.get(unit, {})}.get(found["unit"]) if found else None
    if found is None or factor is None:
        return None
    value = float(f"{re.sub('[^-+0-9]', '', found['whole'])}.{found['part'] or 0}")
    return round(value * factor, 6)


def decibels_in(text: str) -> float | None:
    """The number of a text that ends in a unit of decibels; None for any other text."""
    clean = _cleaned(text)
    return number_in(clean, "dB") if clean.endswith(("db", "dbfs", "decibels")) else None


def _cleaned(text: str) -> str:
    """Lower case, without curly quotes, odd spaces and a semicolon at the end, with an ASCII minus."""
    plain = CURLY.sub("", ODD_BLANK.sub(" ", text[: 2 * _LONGEST])).replace("\u2212", "-").replace("\u2013", "-")
    return plain.strip().rstrip(";").strip().lower()
