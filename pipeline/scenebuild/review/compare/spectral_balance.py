"""The spectral balance of a sound in five bands of two octaves each, and its change in words."""

from __future__ import annotations

from collections.abc import Sequence

from scenebuild.decibels import db_to_power, power_to_db

EDGES_HZ = (37.5, 150.0, 600.0, 2_400.0, 9_600.0, 38_400.0)
BANDS = ("bass", "low mids", "mids", "highs", "air")
RANGES = ("below 150 Hz", "150 to 600 Hz", "600 Hz to 2.4 kHz", "2.4 to 9.6 kHz", "above 9.6 kHz")
AUDIBLE_DB = -45.0  # relative to the whole power; a quieter band does not count
SMALLEST_DB = 1.0  # the smallest audible change of a band's share
LARGE_DB = 6.0
_NOTHING_DB = -200.0


def balance(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """The change of each band's share of the power, in dB; the change of level is removed.

    Bands that are audible on neither side are 0. Swapping the sides changes every sign.

    >>> [round(one, 1) for one in balance([-20, -20, -20, -20, -20], [-14, -14, -14, -14, -14])]
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    first, second = _shares(before), _shares(after)
    return tuple(
        other - one if max(one, other) > AUDIBLE_DB and first and second else 0.0
        for one, other in zip(first or before, second or after, strict=True)
    )


def _shares(levels: Sequence[float]) -> list[float] | None:
    """Each band in dB relative to the sum; None for silence."""
    powers = [db_to_power(level) for level in levels]
    total = sum(powers)
    if total <= 0:
        return None
    return [max(power_to_db(power / total), _NOTHING_DB) for power in powers]


def in_words(before: Sequence[float], after: Sequence[float]) -> str:
    """``brighter, less bass``; "" if no change of the balance is audible.

    >>> in_words([-20, -20, -20, -30, -40], [-20, -20, -20, -26, -35])
    'brighter'
    >>> in_words([-10, -20, -20, -30, -40], [-40, -20, -20, -30, -40])
    'much brighter, much less bass'
    """
    first, second = _shares(before), _shares(after)
    if first is None or second is None:
        return ""
    tops = _tilt(first, second, (3, 4))
    bass = _tilt(first, second, (0,))
    middle = _tilt(first, second, (1, 2))
    said = [_word(tops, "brighter", "darker"), _word(bass, "more bass", "less bass")]
    if not any(said):
        said.append(_word(middle, "more mids", "less mids"))
    return ", ".join(filter(None, said))


def _tilt(first: Sequence[float], second: Sequence[float], bands: Sequence[int]) -> float:
    """The change of the share of several bands together, in dB; 0 if they are not audible."""
    one, other = (power_to_db(sum(db_to_power(side[band]) for band in bands)) for side in (first, second))
    return other - one if max(one, other) > AUDIBLE_DB else 0.0


def _word(change: float, more: str, less: str) -> str:
    size = abs(change)
    if size < SMALLEST_DB:
        return ""
    degree = "slightly " if size < 2 * SMALLEST_DB else "much " if size >= LARGE_DB else ""
    return degree + (more if change > 0 else less)
