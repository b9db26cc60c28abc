"""Decibels of amplitudes and of powers. Plain numbers: planning, pages and the mixer use this without numpy."""

from __future__ import annotations

from math import inf, log10


def db_to_gain(db: float) -> float:
    """A level in decibels as a linear gain; ``-inf`` gives 0.

    >>> round(db_to_gain(-6.0), 4)
    0.5012
    """
    return float(10.0 ** (db / 20.0))


def gain_to_db(gain: float) -> float:
    """A linear gain (or an amplitude) in decibels; 0 gives ``-inf``. Raises ValueError below 0.

    >>> gain_to_db(10.0)
    20.0
    """
    if gain < 0:
        raise ValueError(f"a gain is 0 or more, not {gain}")
    return 20.0 * log10(gain) if gain > 0 else -inf


def db_to_power(db: float) -> float:
    """A level in decibels as a power (the square of a gain); ``-inf`` gives 0.

    >>> db_to_power(-20.0)
    0.01
    """
    return float(10.0 ** (db / 10.0))


def power_to_db(power: float) -> float:
    """A power in decibels; 0 and less, as rounding may leave it, gives ``-inf``.

    >>> power_to_db(100.0)
    20.0
    """
    return 10.0 * log10(power) if power > 0 else -inf
