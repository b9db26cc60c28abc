"""Sine and powers of two from additions and multiplications alone, with the same bits on every processor.

``np.sin`` and ``np.exp`` have a code path per CPU and differ in the last bits; IEEE 754 defines
the sum and the product exactly. The polynomials err by less than 1e-8, which is −160 dB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# sin(2 pi x) for |x| <= 1/4: Taylor to the 13th power, the remainder is (pi/2)^15 / 15! = 7e-10.
_SINE = (
    3.8199525848482821, -15.094642576822984, 42.058693944897653, -76.705859753061385,
    81.605249276075055, -41.341702240399755, 6.2831853071795862,
)  # fmt: skip
# 2^(x - 1/2) around x = 1/2: Taylor of exp to the 8th power.
_LN2 = 0.6931471805599453
_SQRT2 = 1.4142135623730951


def sine(cycles: Any) -> Array:
    """``sin(2 pi cycles)``, any shape; large phases keep their precision, as the argument is in turns.

    >>> [round(float(v), 6) + 0.0 for v in sine(np.array([0.0, 0.25, 0.5, 1.125]))]
    [0.0, 1.0, 0.0, 0.707107]
    """
    x = np.array(cycles, dtype=np.float64)
    x -= np.rint(x)  # -1/2 ... 1/2
    folded = np.copysign(0.5, x)
    folded -= x  # the mirror image around a quarter turn
    np.copyto(x, folded, where=np.abs(x) > 0.25)
    square = x * x
    out = np.multiply(square, _SINE[0], out=folded)
    for coefficient in _SINE[1:-1]:
        out += coefficient
        out *= square
    out += _SINE[-1]
    out *= x
    return out


def cosine(cycles: Any) -> Array:
    """``cos(2 pi cycles)``."""
    return sine(np.asarray(cycles, dtype=np.float64) + 0.25)


def exp2(exponent: Any) -> Array:
    """``2 ** exponent``, any shape; exponents below −1000 count as −1000.

    >>> [round(float(v), 6) for v in exp2(np.array([-1.0, 0.0, 0.5, 10.0]))]
    [0.5, 1.0, 1.414214, 1024.0]
    """
    x = np.maximum(np.asarray(exponent, dtype=np.float64), -1000.0)
    whole = np.floor(x)
    y = (x - whole - 0.5) * _LN2
    out = np.ones_like(y)
    for divisor in (8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0):
        out *= y
        out /= divisor
        out += 1.0
    return np.ldexp(out * _SQRT2, whole.astype(np.int32))


def decay(lives: Any) -> Array:
    """``exp(-lives)``: the amplitude after ``lives`` time constants."""
    return exp2(np.asarray(lives, dtype=np.float64) * -1.4426950408889634)


def decibels(level_db: Any) -> Array:
    """The amplitude of a level in dB; 0 dB is 1."""
    return exp2(np.asarray(level_db, dtype=np.float64) * 0.16609640474436813)


def ratio(octaves: float) -> float:
    """``2 ** octaves``: the factor of an interval."""
    return float(exp2(octaves))
